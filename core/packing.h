/* SPDX-License-Identifier: MIT */
/* packing.h -- making texts that are seldom read small.  With libzstd if it was there when Atoll was built (packing_zstd.c is the only file that sees
 * it), else as they are; each packed text says which, so that a build without the library refuses what it cannot read. */
#ifndef ATOLL_PACKING_H
#define ATOLL_PACKING_H

#include <stdbool.h>
#include <stddef.h>

/* At most so many bytes are made of SIZE. */
size_t packing_bound(size_t size);
/* Packs SIZE bytes into TO, which has room for packing_bound(SIZE).  Answers how many it needed. */
size_t packing_pack(void *to, const void *from, size_t size);
/* The SIZE bytes that were packed.  False: damaged, of another size, or packed in a way that this build cannot read. */
bool packing_unpack(void *to, size_t size, const void *from, size_t packed);

#endif
