/* SPDX-License-Identifier: MIT */
/* shared_bytes.c -- see shared_bytes.h. */
#include "shared_bytes.h"

static size_t allocated(size_t size) { return sizeof(SharedBytes) + bytes_to_slots(size) * 8; }

SharedBytes *shared_bytes_new(Accounts *accounts, size_t size) {
  SharedBytes *bytes = account_alloc_dirty(accounts, ACCOUNT_LARGE, allocated(size));
  if (!bytes) return NULL;
  atomic_init(&bytes->references, 1);
  bytes->accounts = accounts;
  bytes->size = size;
  if (size) bytes->body[bytes_to_slots(size) - 1] = 0;
  return bytes;
}

void shared_bytes_release(SharedBytes *bytes) {
  if (atomic_fetch_sub_explicit(&bytes->references, 1, memory_order_acq_rel) == 1)
    account_free(bytes->accounts, ACCOUNT_LARGE, bytes, allocated(bytes->size));
}
