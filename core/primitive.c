/* SPDX-License-Identifier: MIT */
/* primitive.c -- the table of primitives by number and name. */
#include "primitive.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

void primitive_table_add(PrimitiveTable *table, const Primitive *entries) {
  for (; entries->name; entries++) {
    assert(table->count < sizeof table->entries / sizeof table->entries[0]);
    assert(primitive_table_find(table, entries->name, strlen(entries->name)) < 0);
    table->entries[table->count++] = entries;
    table->names_hash = XXH3_64bits_withSeed(entries->name, strlen(entries->name), table->names_hash);
  }
}

int primitive_table_find(const PrimitiveTable *table, const char *name, size_t length) {
  for (unsigned i = 0; i < table->count; i++)
    if (strlen(table->entries[i]->name) == length && memcmp(table->entries[i]->name, name, length) == 0) return (int)i;
  return -1;
}
