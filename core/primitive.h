/* SPDX-License-Identifier: MIT */
/* primitive.h -- how C functions become Smalltalk methods.
 *
 * A method `<primitive: name>` runs the function registered under that name; when it answers OOP_FAIL the Smalltalk body of the
 * method runs (m->failure says why).  Each layer contributes a table; the order of all names is part of the image format.
 *
 * A primitive reads m->args[0] (receiver) and m->args[1..m->argc]; these are already resolved, and the collector keeps m->args right.  What it
 * reads *inside* those objects it must resolve (oop_resolve) and compare with oop_same.  To write to an object it first gets
 * machine_writable_may_gc.  It must not recurse with its input, and charges reductions (primitive_charge) for work that grows. */
#ifndef ATOLL_PRIMITIVE_H
#define ATOLL_PRIMITIVE_H

#include "machine.h"

typedef Oop (*PrimitiveFunction)(Machine *m);

/* On the doesNotUnderstand: of a class: run it for any selector that is not found, as if it were the method that was: args are those of the
 * send, m->selector is the selector.  OOP_FAIL: a Message is made and doesNotUnderstand: sent as always. */
enum { PRIMITIVE_ANY_MESSAGE = 1 };
/* It moves nothing, makes no copy of an object of S, does not change frames or look at m->pc, and answers a value or OOP_FAIL: the interpreter need not
 * save and read back its registers. */
enum { PRIMITIVE_QUICK = 2 };
/* perform: with arguments: the interpreter sends the message itself if it is a simple one. */
enum { PRIMITIVE_PERFORM = 4 };
/* basicNew and basicNew: the interpreter makes small instances itself. */
enum { PRIMITIVE_NEW = 8 };

typedef struct Primitive {
  const char *name; /* as in <primitive: name> */
  PrimitiveFunction function;
  uint8_t argc;
  const char *doc; /* one line */
  uint8_t flags;   /* PRIMITIVE_* */
} Primitive;

struct PrimitiveTable {
  unsigned count;
  const Primitive *entries[4095]; /* by number */
  uint64_t names_hash;
};

/* Adds ENTRIES (ended by a NULL name).  Before any machine runs. */
void primitive_table_add(PrimitiveTable *table, const Primitive *entries);
/* The number of the primitive that a method with ARGC arguments means, which are as many as it reads or more, by our name or the one that it has in GNU
 * Smalltalk; -1: there is none. */
int primitive_table_find(const PrimitiveTable *table, const char *name, size_t length, unsigned argc);

static inline Oop primitive_fail(Machine *m, FailureReason reason) {
  m->failure = (uint16_t)reason;
  return OOP_FAIL;
}
/* Argument ARGUMENT as an index from 1 to LIMIT; false with m->failure. */
static inline bool primitive_try_index(Machine *m, unsigned argument, size_t limit, size_t *out) {
  Oop index = m->args[argument];
  if (!oop_is_small(index)) return m->failure = FAILURE_BAD_ARGUMENT, false;
  if (oop_to_small(index) < 1 || (uint64_t)oop_to_small(index) > limit) return m->failure = FAILURE_BAD_INDEX, false;
  *out = (size_t)oop_to_small(index);
  return true;
}
static inline void primitive_charge(Machine *m, size_t work_bytes) { m->budget -= (int32_t)(work_bytes >> 8); }

/* Header, without hash, of what basicNew makes of KLASS, if those slots are few and hold references (array_primitives.c). */
bool class_try_instance_header(const Machine *m, Oop klass, uint64_t *header);

/* The tables of this layer, one per file: each defined at the end of its .c file. */
extern const Primitive object_primitives[];    /* object_primitives.c: identity, class, instance variables, copying, become */
extern const Primitive control_primitives[];   /* control_primitives.c: perform:, blocks, contexts, unwinding */
extern const Primitive process_primitives[];   /* processes.c: green processes and semaphores */
extern const Primitive behavior_primitives[];  /* behavior_primitives.c: classes, method dictionaries, compiling */
extern const Primitive source_primitives[];    /* source_primitives.c: reading source text */
extern const Primitive integer_primitives[];   /* integer_primitives.c: SmallInteger and large */
extern const Primitive float_primitives[];     /* float_primitives.c */
extern const Primitive string_primitives[];    /* string_primitives.c: bytes, symbols, hashing, searching */
extern const Primitive unicode_primitives[];   /* unicode_utf8proc.c: code points, case, normal forms */
extern const Primitive regex_primitives[];     /* regex_pcre2.c: searching for patterns */
extern const Primitive array_primitives[];     /* array_primitives.c: at:, replaceFrom:.., basicNew: */
extern const Primitive hashed_primitives[];    /* hashed_primitives.c: places in the tables of Set and Dictionary */
extern const Primitive ordered_primitives[];   /* ordered_primitives.c: ends and elements of OrderedCollection */
extern const Primitive system_primitives[];    /* system_primitives.c: time zone, output, arguments */

#endif
