/* SPDX-License-Identifier: MIT */
/* decoding.h -- a machine on the kernel image and a decoder for bytes from outside. */
#ifndef ATOLL_DECODING_H
#define ATOLL_DECODING_H

#include "decoder.h"
#include "kernel_support.h"
#include "thread_context.h"

typedef struct Decoding {
  Accounts accounts;
  PrimitiveTable primitives;
  const SourceImage *kernel;
  ThreadContext *thread;
  Machine machine;
  Decoder decoder;
} Decoding;

static inline bool decoding_init(Decoding *d) {
  d->kernel = kernel_image(&d->primitives);
  if (!d->kernel) return false;
  d->thread = thread_context_new(&d->accounts);
  decoder_init(&d->decoder, &d->accounts);
  d->decoder.references_allowed = false;
  if (!d->thread || !machine_init(&d->machine, d->thread, d->kernel, NULL)) return false;
  d->machine.heap_limit = 64 << 20;
  return true;
}

static inline void decoding_destroy(Decoding *d) {
  machine_destroy(&d->machine);
  decoder_destroy(&d->decoder);
  thread_context_delete(d->thread);
  source_image_release(d->kernel);
}

static inline CodecStatus decoding_decode(Decoding *d, const uint8_t *bytes, size_t size) {
  Oop values[16];
  unsigned count;
  return decoder_values_may_gc(&d->decoder, &d->machine, bytes, size, values, 16, &count);
}

#endif
