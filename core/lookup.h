/* SPDX-License-Identifier: MIT */
/* lookup.h -- parts of lookup.c that builders of classes need. */
#ifndef ATOLL_LOOKUP_H
#define ATOLL_LOOKUP_H

#include "machine.h"

/* Gives CLASS an index in W (or, before there is an S, the next one at all). 0: no memory. */
uint32_t machine_add_class_may_gc(Machine *m, Oop klass);

/* From now on this machine looks up in a cache of its own. */
bool machine_use_own_cache(Machine *m);
/* This machine's classes or methods differ from its S, or have changed again: also empties its cache. */
bool machine_behavior_changed(Machine *m);
/* Before an entry is filled: the machine's own cache may grow. */
void machine_note_fill(Machine *m);

/* From now on code may run for objects that lack slots which it reads (HOW: OVERRIDDEN_LAYOUTS..): the interpreter looks before each access. */
void machine_distrust_layouts(Machine *m, uint32_t how);

/* The Array that X means, NULL if it is none.  A program can get at the Arrays inside of classes and dictionaries, and store into them, or have them become
 * something else: nothing may be expected of what they hold. */
static inline Object *machine_try_array(const Machine *m, Oop x) { return oop_has_class(x, CLASS_ARRAY) ? machine_object(m, x) : NULL; }

/* Is X a BindingDictionary that has its table?  (basicNew makes them without.) */
bool is_binding_dictionary(const Machine *m, Oop x);
/* The VariableBinding called NAME in a BindingDictionary, or 0. */
Oop binding_dictionary_find(const Machine *m, Oop dictionary, const char *name, size_t length);

#endif
