/* SPDX-License-Identifier: MIT */
/* packing_zstd.c -- packing.h with libzstd, or without.  The first byte says how the others are packed. */
#include "packing.h"

#include <string.h>

enum { PACKED_NOT = 0, PACKED_ZSTD = 1 };

#ifdef ATOLL_ZSTD
#include <zstd.h>
enum { LEVEL = 12 }; /* the sources of the kernel: 0.1 s and 18 %; beyond it nothing is gained */
#endif

size_t packing_bound(size_t size) {
#ifdef ATOLL_ZSTD
  return 1 + ZSTD_compressBound(size);
#else
  return 1 + size;
#endif
}

size_t packing_pack(void *to, const void *from, size_t size) {
  char *bytes = to;
#ifdef ATOLL_ZSTD
  size_t packed = ZSTD_compress(bytes + 1, ZSTD_compressBound(size), from, size, LEVEL);
  if (!ZSTD_isError(packed)) return bytes[0] = PACKED_ZSTD, 1 + packed;
#endif
  bytes[0] = PACKED_NOT;
  if (size) memcpy(bytes + 1, from, size);
  return 1 + size;
}

bool packing_unpack(void *to, size_t size, const void *from, size_t packed) {
  const char *bytes = from;
  if (packed == 0) return false;
  if (bytes[0] == PACKED_NOT) return packed - 1 == size && (size == 0 || memcpy(to, bytes + 1, size));
#ifdef ATOLL_ZSTD
  if (bytes[0] == PACKED_ZSTD) return ZSTD_decompress(to, size, bytes + 1, packed - 1) == size;
#endif
  return false;
}
