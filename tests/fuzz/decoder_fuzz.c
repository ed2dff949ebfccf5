/* SPDX-License-Identifier: MIT */
/* decoder_fuzz.c -- libFuzzer target: any bytes as a message from outside, into a machine on the kernel image. */
#include <stdlib.h>

#include "decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Decoding decoding;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!decoding.kernel && !decoding_init(&decoding)) abort();
  decoding_decode(&decoding, data, size);
  if (decoding.decoder.heap_bytes + decoding.decoder.large_bytes > size * 192 + 1024) abort(); /* an empty map is a byte, and a Dictionary with a table */
  machine_collect_all_may_gc(&decoding.machine);
  return 0;
}
