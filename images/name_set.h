/* SPDX-License-Identifier: MIT */
/* name_set.h -- names, each once.  Zero is an empty set; the bytes of the names are the caller's. */
#ifndef ATOLL_NAME_SET_H
#define ATOLL_NAME_SET_H

#include "compiler.h"

typedef struct NameSet {
  Text *names; /* open addressing: one without a start is free */
  size_t count, mask;
} NameSet;

bool name_set_has(const NameSet *set, Text name);
/* False: no memory. */
bool name_set_add(NameSet *set, Text name);
void name_set_destroy(NameSet *set);

#endif
