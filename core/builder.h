/* SPDX-License-Identifier: MIT */
/* builder.h -- from the compiler's templates to objects of a machine, and small helpers for tools that build. */
#ifndef ATOLL_BUILDER_H
#define ATOLL_BUILDER_H

#include "compiler.h"
#include "machine.h"

enum { NO_OLD_METHOD = 0xffffffff };

/* What the compiler cannot know. */
typedef struct MethodContext {
  const Source *source;
  /* The VariableBinding that PATH ("Foo", "SystemExceptions.NotFound") names; made if need be.  0: no memory or no such name. */
  Oop (*find_binding_may_gc)(void *context, Machine *m, const char *path, size_t length);
  void *context;
  /* Values of the ##( ) and scaled-decimal literals, already worked out: handles from this index on, in the order of literal_walk. */
  unsigned constants;
  unsigned file_name; /* handle of a String, the name of the source */
  /* Handle of the CompiledMethod that was built from the same text before and is being replaced, or NO_OLD_METHOD: literals that a program may
   * have got hold of (or modified) stay the same objects, and constants keep their values. */
  unsigned old_method;
} MethodContext;

/* Makes the CompiledMethod of TEMPLATE for class KLASS.  0: no memory, or a literal that cannot be built (m->failure). */
Oop method_build_may_gc(Machine *m, Oop klass, const CodeTemplate *code, const MethodContext *context);

/* Calls VISIT for each literal that needs a value from a running program before the method can be built (##( ), 3.14s2), in building order. */
void literal_walk(const CodeTemplate *code, void (*visit)(void *context, const Literal *literal), void *context);

/* Pushes a bottom frame that runs CODE (no arguments) with RECEIVER. */
bool machine_start_code_may_gc(Machine *m, Oop receiver, Oop code);

#ifdef ATOLL_DEBUG_CHECKS
void shadow_random_may_gc(Machine *m); /* shadow_storm */
void shadow_all_may_gc(Machine *m);
#endif

#endif
