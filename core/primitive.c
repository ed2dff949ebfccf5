/* SPDX-License-Identifier: MIT */
/* primitive.c -- the table of primitives by number and name. */
#define _GNU_SOURCE
#include "primitive.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static int find(const PrimitiveTable *table, const char *name, size_t length) {
  for (unsigned i = 0; i < table->count; i++)
    if (strlen(table->entries[i]->name) == length && memcmp(table->entries[i]->name, name, length) == 0) return (int)i;
  return -1;
}

void primitive_table_add(PrimitiveTable *table, const Primitive *entries) {
  for (; entries->name; entries++) {
    assert(table->count < sizeof table->entries / sizeof table->entries[0]);
    assert(find(table, entries->name, strlen(entries->name)) < 0);
    table->entries[table->count++] = entries;
    table->names_hash = XXH3_64bits_withSeed(entries->name, strlen(entries->name), table->names_hash);
  }
}

/* What programs for GNU Smalltalk call those of our primitives that mean the same. */
static const struct {
  const char *foreign, *name;
} aliases[] = {
    {"VMpr_Object_basicAt", "basic_at"},
    {"VMpr_Object_basicAtPut", "basic_at_put"},
    {"VMpr_Object_basicSize", "basic_size"},
    {"VMpr_Object_class", "object_class"},
    {"VMpr_Object_hash", "object_hash"},
    {"VMpr_Object_identity", "object_same"},
    {"VMpr_Object_instVarAt", "object_inst_var_at"},
    {"VMpr_Object_instVarAtPut", "object_inst_var_at_put"},
    {"VMpr_Object_shallowCopy", "object_shallow_copy"},
    {"VMpr_Object_perform", "perform"},
    {"VMpr_Object_performWithArguments", "perform_with_arguments"},
    {"VMpr_Behavior_basicNew", "basic_new"},
    {"VMpr_Behavior_basicNewColon", "basic_new_sized"},
    {"VMpr_Float_sqrt", "float_square_root"},
    {"VMpr_Float_ln", "float_ln"},
    {"VMpr_Float_exp", "float_exp"},
    {"VMpr_Float_pow", "float_raised_to"},
    {"VMpr_Float_sin", "float_sin"},
    {"VMpr_Float_cos", "float_cos"},
    {"VMpr_Float_tan", "float_tan"},
    {"VMpr_Float_arcSin", "float_arc_sin"},
    {"VMpr_Float_arcCos", "float_arc_cos"},
    {"VMpr_Float_arcTan", "float_arc_tan"},
};

static int find_foreign(const PrimitiveTable *table, const char *name, size_t length) {
  const char *dot = memrchr(name, '.', length);
  if (dot) length -= (size_t)(dot + 1 - name), name = dot + 1;
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
    if (strlen(aliases[i].foreign) == length && memcmp(aliases[i].foreign, name, length) == 0) return find(table, aliases[i].name, strlen(aliases[i].name));
  return -1;
}

int primitive_table_find(const PrimitiveTable *table, const char *name, size_t length, unsigned argc) {
  int found = find(table, name, length);
  if (found < 0) found = find_foreign(table, name, length);
  return found >= 0 && table->entries[found]->argc <= argc ? found : -1;
}
