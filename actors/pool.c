/* SPDX-License-Identifier: MIT */
/* pool.c -- see pool.h.  Under AddressSanitizer each piece is allocated alone, so that it sees every misuse. */
#include "pool.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOL_RECYCLES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_RECYCLES 0
#endif
#endif
#ifndef POOL_RECYCLES
#define POOL_RECYCLES 1
#endif

enum { BATCH = 128, SLAB_BYTES = 16 * 1024 };

struct PoolPiece {
  PoolPiece *next, *next_batch;
};

struct PoolSlab {
  PoolSlab *next;
  size_t size;
};

void pool_depot_init(PoolDepot *depot, Accounts *accounts, AccountKind kind, size_t piece_size) {
  *depot = (PoolDepot){.accounts = accounts, .kind = kind, .piece_size = (piece_size + 15) & ~(size_t)15};
  pthread_mutex_init(&depot->lock, NULL);
}

void pool_depot_destroy(PoolDepot *depot) {
  for (PoolSlab *slab = depot->slabs, *next; slab; slab = next) {
    next = slab->next;
    account_free(depot->accounts, depot->kind, slab, slab->size);
  }
  pthread_mutex_destroy(&depot->lock);
}

void pool_init(Pool *pool, PoolDepot *depot) { *pool = (Pool){.depot = depot}; }

/* Cuts a new slab into pieces. */
static bool pool_fill_from_slab(Pool *pool) {
  PoolDepot *depot = pool->depot;
  PoolSlab *slab = account_alloc_dirty(depot->accounts, depot->kind, SLAB_BYTES);
  if (!slab) return false;
  slab->size = SLAB_BYTES;
  pthread_mutex_lock(&depot->lock);
  slab->next = depot->slabs;
  depot->slabs = slab;
  pthread_mutex_unlock(&depot->lock);
  size_t first = (sizeof *slab + 15) & ~(size_t)15, pieces = (SLAB_BYTES - first) / depot->piece_size;
  for (size_t i = pieces; i-- > 0;) {
    PoolPiece *piece = (PoolPiece *)((char *)slab + first + i * depot->piece_size);
    piece->next = pool->free;
    pool->free = piece;
  }
  pool->count += (uint32_t)pieces;
  return true;
}

static bool pool_refill(Pool *pool) {
  PoolDepot *depot = pool->depot;
  pthread_mutex_lock(&depot->lock);
  PoolPiece *batch = depot->batches;
  if (batch) depot->batches = batch->next_batch;
  pthread_mutex_unlock(&depot->lock);
  if (!batch) return pool_fill_from_slab(pool);
  pool->free = batch;
  pool->count = BATCH;
  return true;
}

void *pool_take(Pool *pool) {
  if (!POOL_RECYCLES) return account_alloc_dirty(pool->depot->accounts, pool->depot->kind, pool->depot->piece_size);
  if (!pool->free && !pool_refill(pool)) return NULL;
  PoolPiece *piece = pool->free;
  pool->free = piece->next;
  __builtin_prefetch(pool->free, 1);
  pool->count--;
  return piece;
}

/* Leaves BATCH pieces, hands BATCH to the depot. */
static void pool_hand_batch(Pool *pool) {
  PoolPiece *first = pool->free, *last = first;
  for (unsigned i = 1; i < BATCH; i++) last = last->next;
  pool->free = last->next;
  last->next = NULL;
  pool->count -= BATCH;
  pthread_mutex_lock(&pool->depot->lock);
  first->next_batch = pool->depot->batches;
  pool->depot->batches = first;
  pthread_mutex_unlock(&pool->depot->lock);
}

void pool_give(Pool *pool, void *memory) {
  PoolPiece *piece = memory;
  if (!POOL_RECYCLES) {
    account_free(pool->depot->accounts, pool->depot->kind, memory, pool->depot->piece_size);
    return;
  }
  piece->next = pool->free;
  pool->free = piece;
  if (++pool->count >= 2 * BATCH) pool_hand_batch(pool);
}
