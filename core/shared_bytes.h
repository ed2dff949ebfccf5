/* SPDX-License-Identifier: MIT */
/* shared_bytes.h -- the body of a large object of bytes: counted, so that objects of several machines and messages under way may refer to it.
 *
 * Nobody writes to bytes that are referred to more than once: who wants to makes a copy of its own first (machine_writable_may_gc).  While the
 * count is 1 its only holder may write, for nobody else can raise the count.  Any thread. */
#ifndef ATOLL_SHARED_BYTES_H
#define ATOLL_SHARED_BYTES_H

#include "account.h"
#include "object.h"

typedef struct SharedBytes SharedBytes;
struct SharedBytes {
  _Atomic uint32_t references;
  uint32_t unused;
  Accounts *accounts;
  size_t size; /* bytes that count; the body is filled up to whole slots */
  uint64_t body[];
};

/* Not cleared, but for what is behind the last byte; one reference, the caller's.  NULL: no memory. */
SharedBytes *shared_bytes_new(Accounts *accounts, size_t size);
static inline SharedBytes *shared_bytes_retain(SharedBytes *bytes) {
  atomic_fetch_add_explicit(&bytes->references, 1, memory_order_relaxed);
  return bytes;
}
void shared_bytes_release(SharedBytes *bytes);

static inline SharedBytes *shared_bytes_of(const Object *o) { return (SharedBytes *)((char *)(uintptr_t)o->slots[0] - offsetof(SharedBytes, body)); }

/* Must a copy be made before this object is written to? */
static inline bool object_shares_bytes(const Object *o) {
  return object_body_is_elsewhere(o) && atomic_load_explicit(&shared_bytes_of(o)->references, memory_order_acquire) != 1;
}

#endif
