/* SPDX-License-Identifier: MIT */
/* thread_context.c -- block pools and send caches of one scheduler thread.
 *
 * Blocks come in classes a factor of about 1.5 apart, cut from chunks; a chunk is never returned before the context
 * goes, because recycled memory is what makes spawning fast (first touch of a page costs 2 microseconds).  Larger blocks
 * come from the allocator, but a few that were given back last are kept for the next to ask.  Under AddressSanitizer every block does, so that it sees each use after free. */
#include "thread_context.h"

#include "send_cache.h"
#include "source_image.h"

#if defined(__SANITIZE_ADDRESS__) || defined(ATOLL_TSAN)
#define POOLED_MAX 0u
#define KEPT_MAX 0u
#else
#define POOLED_MAX 32768u
#define KEPT_MAX (1024u * 1024) /* bytes of a large block that is kept */
#endif
enum { BLOCK_SMALLEST = 128, CLASS_COUNT = 64, CHUNK_SIZE = 256 * 1024, CACHES = 16, KEPT = 3 };

typedef struct FreeBlock {
  struct FreeBlock *next;
} FreeBlock;

typedef struct Chunk {
  struct Chunk *next;
  uint64_t pad;
} Chunk;

struct ThreadContext {
  Accounts *accounts;
  FreeBlock *free[CLASS_COUNT];
  Chunk *chunks;
  char *bump, *bump_end;
  int64_t block_bytes;
  struct {
    void *block;
    uint32_t size;
  } kept[KEPT]; /* large blocks; the first is the latest */
  struct {
    uint64_t image_id;
    SendCache *cache;
  } caches[CACHES];
  unsigned next_cache;
  RegexCache *regexes;
};

ThreadContext *thread_context_new(Accounts *accounts) {
  ThreadContext *context = account_alloc(accounts, ACCOUNT_SCHEDULER, sizeof *context);
  if (context) context->accounts = accounts;
  return context;
}

void thread_context_delete(ThreadContext *context) {
  if (!context) return;
  for (Chunk *chunk = context->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    account_free(context->accounts, ACCOUNT_SCHEDULER, chunk, CHUNK_SIZE);
  }
  for (unsigned i = 0; i < KEPT; i++) account_free(context->accounts, ACCOUNT_SCHEDULER, context->kept[i].block, context->kept[i].size);
  for (unsigned i = 0; i < CACHES; i++) send_cache_delete(context->accounts, context->caches[i].cache);
  regex_cache_delete(context->regexes);
  account_free(context->accounts, ACCOUNT_SCHEDULER, context, sizeof *context);
}

RegexCache **thread_context_regexes(ThreadContext *context) { return &context->regexes; }
Accounts *thread_context_accounts(ThreadContext *context) { return context->accounts; }
int64_t thread_context_block_bytes(const ThreadContext *context) { return context->block_bytes; }

/* Four classes per power of two: 128, 160, 192, 224, 256, 320 ... */
static unsigned size_class(uint32_t size, uint32_t *rounded) {
  if (size <= BLOCK_SMALLEST) return *rounded = BLOCK_SMALLEST, 0;
  unsigned power = 31 - (unsigned)__builtin_clz(size - 1); /* 2^power < size <= 2^(power+1) */
  uint32_t step = 1u << (power - 2), steps = (size - (1u << power) + step - 1) / step;
  *rounded = (1u << power) + steps * step;
  return (power - 7) * 4 + steps;
}

static uint32_t class_size(unsigned class) {
  unsigned power = 7 + class / 4;
  return class % 4 ? (1u << power) + (1u << (power - 2)) * (class % 4) : 1u << power;
}

uint32_t thread_context_block_size(uint32_t size) {
  if (size <= POOLED_MAX) size_class(size, &size);
  return size;
}

/* What is cut next is a block of twice the size at least that nobody needs: when blocks of one size have had their time (many actors computed, and now wait), others get the memory. */
static bool try_split(ThreadContext *context, unsigned class) {
  for (unsigned larger = CLASS_COUNT; larger-- > class + 4;) {
    FreeBlock *block = context->free[larger];
    if (!block) continue;
    context->free[larger] = block->next;
    context->bump = (char *)block;
    context->bump_end = context->bump + class_size(larger);
    return true;
  }
  return false;
}

static void *cut_block(ThreadContext *context, unsigned class, uint32_t size) {
  if ((size_t)(context->bump_end - context->bump) < size && !try_split(context, class)) {
    Chunk *chunk = account_alloc_dirty(context->accounts, ACCOUNT_SCHEDULER, CHUNK_SIZE);
    if (!chunk) return NULL;
    chunk->next = context->chunks;
    context->chunks = chunk;
    context->bump = (char *)(chunk + 1);
    context->bump_end = (char *)chunk + CHUNK_SIZE;
  }
  void *block = context->bump;
  context->bump += size;
  return block;
}

/* A kept block that is not much larger than SIZE. */
static void *take_kept(ThreadContext *context, uint32_t *size) {
  for (unsigned i = 0; i < KEPT; i++) {
    void *block = context->kept[i].block;
    uint32_t have = context->kept[i].size;
    if (!block || have < *size || have / 2 > *size) continue;
    for (; i + 1 < KEPT; i++) context->kept[i] = context->kept[i + 1];
    context->kept[KEPT - 1].block = NULL;
    account_move(context->accounts, ACCOUNT_SCHEDULER, ACCOUNT_HEAP, have);
    *size = have;
    return block;
  }
  return NULL;
}

static void keep(ThreadContext *context, void *block, uint32_t size) {
  account_free(context->accounts, ACCOUNT_SCHEDULER, context->kept[KEPT - 1].block, context->kept[KEPT - 1].size);
  for (unsigned i = KEPT - 1; i > 0; i--) context->kept[i] = context->kept[i - 1];
  context->kept[0].block = block;
  context->kept[0].size = size;
  account_move(context->accounts, ACCOUNT_HEAP, ACCOUNT_SCHEDULER, size);
}

void *thread_context_take_block(ThreadContext *context, uint32_t *size) {
  void *block;
  if (!*size) *size = 1; /* a packed machine without objects and frames */
  if (*size <= POOLED_MAX) {
    unsigned class = size_class(*size, size);
    block = context->free[class];
    if (block) {
      context->free[class] = context->free[class]->next;
      __builtin_prefetch(context->free[class], 1); /* which the next one asks for */
    } else {
      block = cut_block(context, class, *size);
    }
  } else {
    if (*size <= KEPT_MAX) size_class(*size, size);
    *size = (*size + 15) & ~15u;
    block = take_kept(context, size);
    if (!block) block = account_alloc_dirty(context->accounts, ACCOUNT_HEAP, *size);
  }
  if (block) context->block_bytes += *size;
  return block;
}

void thread_context_give_block(ThreadContext *context, void *block, uint32_t size) {
  uint32_t rounded;
  if (!block) return;
  context->block_bytes -= size;
  if (size > POOLED_MAX) {
    if (size <= KEPT_MAX) keep(context, block, size);
    else account_free(context->accounts, ACCOUNT_HEAP, block, size);
    return;
  }
  FreeBlock *freed = block;
  unsigned class = size_class(size, &rounded);
  freed->next = context->free[class];
  context->free[class] = freed;
}

SendCache *thread_context_cache(ThreadContext *context, const SourceImage *image) {
  for (unsigned i = 0; i < CACHES; i++)
    if (context->caches[i].cache && context->caches[i].image_id == image->id) return context->caches[i].cache;
  unsigned slot = context->next_cache++ % CACHES;
  SendCache *cache = context->caches[slot].cache;
  if (cache)
    send_cache_clear(cache);
  else
    cache = send_cache_new(context->accounts, SEND_CACHE_THREAD);
  context->caches[slot].cache = cache;
  context->caches[slot].image_id = image->id;
  return cache;
}

void thread_context_drop_cache(ThreadContext *context, uint64_t image_id) {
  for (unsigned i = 0; i < CACHES; i++)
    if (context->caches[i].cache && context->caches[i].image_id == image_id) {
      send_cache_clear(context->caches[i].cache);
      context->caches[i].image_id = 0;
    }
}

SendCache *send_cache_new(Accounts *accounts, uint32_t capacity) {
  SendCache *cache = account_alloc(accounts, ACCOUNT_CACHE, sizeof *cache + capacity * sizeof(SendCacheEntry));
  if (cache) cache->mask = capacity - 1;
  return cache;
}

void send_cache_delete(Accounts *accounts, SendCache *cache) {
  if (cache) account_free(accounts, ACCOUNT_CACHE, cache, sizeof *cache + (cache->mask + 1) * sizeof(SendCacheEntry));
}

void send_cache_clear(SendCache *cache) { memset(cache->entries, 0, (cache->mask + 1) * sizeof(SendCacheEntry)); }
