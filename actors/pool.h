/* SPDX-License-Identifier: MIT */
/* pool.h -- pieces of one size, recycled: messages and timers.
 *
 * A Pool belongs to a thread.  A piece taken from one pool may be given to another; when a pool has collected too many it hands a
 * batch to the PoolDepot that all threads share, where a pool that ran dry fetches it.  Memory goes back when the depot is destroyed. */
#ifndef ATOLL_POOL_H
#define ATOLL_POOL_H

#include <pthread.h>

#include "account.h"

typedef struct PoolPiece PoolPiece;
typedef struct PoolSlab PoolSlab;

typedef struct PoolDepot {
  Accounts *accounts;
  AccountKind kind;
  size_t piece_size;
  pthread_mutex_t lock;
  PoolPiece *batches; /* lock */
  PoolSlab *slabs;    /* lock */
} PoolDepot;

typedef struct Pool {
  PoolDepot *depot;
  PoolPiece *free;
  uint32_t count;
} Pool;

void pool_depot_init(PoolDepot *depot, Accounts *accounts, AccountKind kind, size_t piece_size);
void pool_depot_destroy(PoolDepot *depot); /* every piece is gone with it */

void pool_init(Pool *pool, PoolDepot *depot);
void *pool_take(Pool *pool); /* not zeroed; NULL: no memory */
void pool_give(Pool *pool, void *piece);

#endif
