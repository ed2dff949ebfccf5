/* SPDX-License-Identifier: MIT */
/* account.c -- the allocator that everything goes through.  Read account.h first. */
#include "account.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE = 1000 };
enum { KEPT_FREE = 16 * 1024 * 1024, MAPPED_FROM = 4 * 1024 * 1024 };

void account_prepare_process(void) {
#ifdef __GLIBC__
  mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
  mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
#endif
}

static bool may_allocate(Accounts *accounts) {
  if (atomic_load_explicit(&accounts->fail_at, memory_order_relaxed) <= 0) return true;
  return atomic_fetch_sub(&accounts->fail_at, 1) != 1;
}

static void book(Accounts *accounts, AccountKind kind, int64_t bytes, int64_t count) {
  atomic_fetch_add_explicit(&accounts->bytes[kind], bytes, memory_order_relaxed);
  if (count) atomic_fetch_add_explicit(&accounts->count[kind], count, memory_order_relaxed);
}

void *account_alloc_dirty(Accounts *accounts, AccountKind kind, size_t size) {
  void *memory = may_allocate(accounts) ? malloc(size) : NULL;
  if (memory) book(accounts, kind, (int64_t)size, 1);
  return memory;
}

void *account_alloc(Accounts *accounts, AccountKind kind, size_t size) {
  void *memory = may_allocate(accounts) ? calloc(1, size) : NULL;
  if (memory) book(accounts, kind, (int64_t)size, 1);
  return memory;
}

void *account_realloc(Accounts *accounts, AccountKind kind, void *memory, size_t old_size, size_t new_size) {
  void *moved = may_allocate(accounts) ? realloc(memory, new_size) : NULL;
  if (moved) book(accounts, kind, (int64_t)new_size - (int64_t)old_size, memory == NULL);
  return moved;
}

void account_free(Accounts *accounts, AccountKind kind, void *memory, size_t size) {
  if (!memory) return;
  free(memory);
  book(accounts, kind, -(int64_t)size, -1);
}

void account_move(Accounts *accounts, AccountKind from, AccountKind to, size_t size) {
  book(accounts, from, -(int64_t)size, -1);
  book(accounts, to, (int64_t)size, 1);
}

void account_wait_for_memory(unsigned attempt, const char *what) {
  struct timespec a_millisecond = {0, 1000000};
  if (attempt == PATIENCE) {
    fprintf(stderr, "atoll: out of memory: %s has waited for a second; the process ends. Give it more, or its actors less (--heap, maxHeap:, maxMailbox:policy:)\n", what);
    _Exit(1);
  }
  nanosleep(&a_millisecond, NULL);
}

int64_t account_total(const Accounts *accounts) {
  int64_t total = 0;
  for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++) total += atomic_load(&accounts->bytes[kind]);
  return total;
}

const char *account_kind_name(AccountKind kind) {
  static const char *const names[] = {
#define X(name, doc) doc,
      ACCOUNT_KINDS(X)
#undef X
  };
  return names[kind];
}
