/* SPDX-License-Identifier: MIT */
/* account.h -- every allocation of the runtime, by kind, so that private bytes are known and nothing is left behind.
 *
 * All memory comes through account_alloc and goes through account_free with its size.  Any thread.  A test may let the n-th allocation
 * fail (account_fail_at) for the out-of-memory walk. */
#ifndef ATOLL_ACCOUNT_H
#define ATOLL_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCOUNT_KINDS(X)                                                                     \
  X(HEAP, "actor heaps and stacks") X(LARGE, "large objects") X(SHADOW, "shadow tables")     \
  X(CACHE, "send caches") X(ACTOR, "actor records") X(MAILBOX, "queued messages")            \
  X(TIMER, "timers") X(HANDLE, "sockets and other handles") X(IMAGE, "images and layers")    \
  X(SCHEDULER, "schedulers") X(CODEC, "codec buffers") X(OTHER, "everything else")

typedef enum AccountKind {
#define X(name, doc) ACCOUNT_##name,
  ACCOUNT_KINDS(X)
#undef X
      ACCOUNT_KIND_COUNT
} AccountKind;

typedef struct Accounts {
  _Atomic int64_t bytes[ACCOUNT_KIND_COUNT];
  _Atomic int64_t count[ACCOUNT_KIND_COUNT];
  _Atomic int64_t fail_at; /* > 0: counts down; the allocation that makes it 0 fails */
} Accounts;

/* Once, at start: the system's allocator keeps some memory that was freed.  Else each large message or object would come as fresh pages (2
 * microseconds each) and go back. */
void account_prepare_process(void);

/* Zeroed memory or NULL when the system (or the test) has none. */
void *account_alloc(Accounts *accounts, AccountKind kind, size_t size);
/* Not zeroed. */
void *account_alloc_dirty(Accounts *accounts, AccountKind kind, size_t size);
void *account_realloc(Accounts *accounts, AccountKind kind, void *memory, size_t old_size, size_t new_size);
void account_free(Accounts *accounts, AccountKind kind, void *memory, size_t size);
/* Memory of SIZE bytes serves another purpose from now on. */
void account_move(Accounts *accounts, AccountKind from, AccountKind to, size_t size);
/* For what cannot be done without: called when the ATTEMPTth try to allocate it has failed (from 0), it waits a millisecond; after a thousand it ends the
 * process.  WHAT: the purpose. */
void account_wait_for_memory(unsigned attempt, const char *what);
int64_t account_total(const Accounts *accounts);
const char *account_kind_name(AccountKind kind);

#endif
