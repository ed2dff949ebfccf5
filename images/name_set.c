/* SPDX-License-Identifier: MIT */
/* name_set.c -- see name_set.h. */
#include "name_set.h"

#include <stdlib.h>

#include "scanner.h"
#include "source_image.h"

/* Where NAME is, or could be. */
static Text *place_of(const NameSet *set, Text name) {
  size_t i = symbol_hash(name.start, name.length) & set->mask;
  while (set->names[i].start && !text_equal(set->names[i], name)) i = (i + 1) & set->mask;
  return &set->names[i];
}

static bool grow(NameSet *set) {
  size_t size = set->names ? (set->mask + 1) * 2 : 64;
  NameSet grown = {calloc(size, sizeof(Text)), set->count, size - 1};
  if (!grown.names) return false;
  for (size_t i = 0; set->names && i <= set->mask; i++)
    if (set->names[i].start) *place_of(&grown, set->names[i]) = set->names[i];
  free(set->names);
  *set = grown;
  return true;
}

bool name_set_has(const NameSet *set, Text name) { return set->names && place_of(set, name)->start; }

bool name_set_add(NameSet *set, Text name) {
  if (!name.start) return true;
  if ((!set->names || set->count * 2 >= set->mask) && !grow(set)) return false;
  Text *place = place_of(set, name);
  if (!place->start) set->count++;
  *place = name;
  return true;
}

void name_set_destroy(NameSet *set) {
  free(set->names);
  *set = (NameSet){NULL, 0, 0};
}
