/* SPDX-License-Identifier: MIT */
/* snapshot.h -- one machine's W as bytes: reachable objects, stack, shadow table.  S is named by its hash, never copied.
 *
 *   header | objects, one after the other | stack slots | roots | shadow entries
 *
 * A reference is 8 bytes: tagged values as they are, an object of W as its offset among the objects << 4, an object of S as its
 * source_image_offset << 4 | 8.  So the bytes do not depend on where anything stood.  What is
 * damaged, by whatever, is refused; but a snapshot is a program, with code in its frames, and who forges one with its checksums forges a program. */
#ifndef ATOLL_SNAPSHOT_H
#define ATOLL_SNAPSHOT_H

#include "machine.h"

enum { SNAPSHOT_ERROR_SIZE = 256 };

/* The state of M, which is not running (or is inside a primitive that answers ANSWER when it is resumed).  malloc'ed; NULL: see ERROR. */
char *snapshot_write(Machine *m, Oop answer, size_t *size, char *error);

/* Hash of the S that the bytes need; 0: they are no snapshot. */
uint64_t snapshot_source(const char *bytes, size_t size);

/* Makes M (uninitialised) from a snapshot.  SOURCE must have the hash it needs. False: see ERROR; M is not initialised then. */
bool snapshot_read(Machine *m, ThreadContext *thread, const SourceImage *source, const char *bytes, size_t size, char *error);

#endif
