/* SPDX-License-Identifier: MIT */
/* primitive_set.c -- see primitive_set.h. */
#include "primitive_set.h"

#include "primitives.h"

void primitive_set_fill(PrimitiveTable *table) {
  static const Primitive *const tables[] = {object_primitives, control_primitives, process_primitives, behavior_primitives, source_primitives, integer_primitives,
                                            float_primitives,  string_primitives,  array_primitives,    hashed_primitives, ordered_primitives, system_primitives,
                                            actor_primitives,  promise_primitives, timer_primitives,    socket_primitives,
                                            codec_primitives,  directory_primitives, limit_primitives,  regex_primitives,  unicode_primitives, terminal_primitives, file_primitives, child_primitives,
                                            group_primitives};
  for (unsigned i = 0; i < sizeof tables / sizeof tables[0]; i++) primitive_table_add(table, tables[i]);
}
