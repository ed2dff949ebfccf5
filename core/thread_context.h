/* SPDX-License-Identifier: MIT */
/* thread_context.h -- what one scheduler thread owns and lends to the machine that it runs: recycled blocks and send
 * caches.  Only its thread touches it.  A block taken from one context may be given back to another. */
#ifndef ATOLL_THREAD_CONTEXT_H
#define ATOLL_THREAD_CONTEXT_H

#include "machine.h"
#include "regex.h"

ThreadContext *thread_context_new(Accounts *accounts);
void thread_context_delete(ThreadContext *context);
Accounts *thread_context_accounts(ThreadContext *context);

/* Where this thread keeps its compiled regular expressions. */
RegexCache **thread_context_regexes(ThreadContext *context);

/* A block of at least *SIZE bytes, 16-byte aligned, not zeroed; *SIZE becomes its real size.  NULL: no memory. */
void *thread_context_take_block(ThreadContext *context, uint32_t *size);
/* The real size that a small block of SIZE bytes would have. */
uint32_t thread_context_block_size(uint32_t size);
void thread_context_give_block(ThreadContext *context, void *block, uint32_t size);
/* Bytes of blocks taken minus given back here; summed over all contexts it is what machines hold. */
int64_t thread_context_block_bytes(const ThreadContext *context);

/* The cache of this thread for machines that stand on IMAGE as it is.  NULL: no memory. */
SendCache *thread_context_cache(ThreadContext *context, const SourceImage *image);
/* Forgets the cache of an S that is going away. */
void thread_context_drop_cache(ThreadContext *context, uint64_t image_id);

#endif
