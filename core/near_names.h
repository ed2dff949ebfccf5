/* SPDX-License-Identifier: MIT */
/* near_names.h -- which known name may a misspelt one be? */
#ifndef ATOLL_NEAR_NAMES_H
#define ATOLL_NEAR_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Looks for a known name that differs from NAME (LENGTH bytes) in one letter: exchanged with its neighbour, missing, too much, another one, or of the other
 * case.  IS_KNOWN answers whether a name is one.  True: it stands in BUFFER, with a 0 behind it.  Names shorter than 3 or longer than 40 bytes have none. */
bool near_name(const char *name, size_t length, bool (*is_known)(void *context, const char *name, size_t length), void *context, char *buffer, size_t size);

#endif
