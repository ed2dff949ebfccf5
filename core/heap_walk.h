/* SPDX-License-Identifier: MIT */
/* heap_walk.h -- visiting everything in a W: for become:, for changing the shape of a class, for moving a machine to another S,
 * for finding instances. */
#ifndef ATOLL_HEAP_WALK_H
#define ATOLL_HEAP_WALK_H

#include "machine.h"

/* Replaces every reference held by the stack, roots, handles, shadow copies and objects of this W by what MAP answers for it. MAP
 * sees tagged values and references to S as well, and must not allocate in this W. */
typedef Oop (*OopMap)(void *context, Oop x);
void heap_map_references(Machine *m, OopMap map, void *context);

/* Calls VISIT for each object of this W, dead ones not yet collected included.  VISIT must not allocate. */
void heap_each_object(Machine *m, void (*visit)(void *context, Object *object), void *context);
/* The same for the objects of S that this machine has no copy of. */
void heap_each_source_object(Machine *m, void (*visit)(void *context, Object *object), void *context);

#endif
