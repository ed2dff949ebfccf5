/* SPDX-License-Identifier: MIT */
/* builder.h -- from the compiler's templates to objects of a machine, and small helpers for tools that build. */
#ifndef ATOLL_BUILDER_H
#define ATOLL_BUILDER_H

#include "compiler.h"
#include "machine.h"

/* Makes the CompiledMethod of TEMPLATE for class KLASS.  Bindings are found by the names in the template through FIND_BINDING (which may
 * make them; 0: no memory).  DEBUG: keep source, lines and names.  0: no memory, or a literal that cannot be built (m->failure). */
typedef struct MethodContext {
  const Source *source;
  Oop (*find_binding_may_gc)(void *context, Machine *m, const char *path, size_t length);
  /* Runs the method of a ##( ) literal and answers its value; 0: failed. */
  Oop (*evaluate_may_gc)(void *context, Machine *m, Oop method);
  void *context;
} MethodContext;
Oop method_build_may_gc(Machine *m, Oop klass, const CodeTemplate *code, const MethodContext *context);

/* Pushes a bottom frame that runs CODE (no arguments) with RECEIVER. */
bool machine_start_code_may_gc(Machine *m, Oop receiver, Oop code);

#ifdef ATOLL_DEBUG_CHECKS
void shadow_random_may_gc(Machine *m); /* shadow_storm */
void shadow_all_may_gc(Machine *m);
#endif

#endif
