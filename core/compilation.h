/* SPDX-License-Identifier: MIT */
/* compilation.h -- what parser, resolver and generator of one compilation share, and how they hand over.
 *
 * An error anywhere leaves by one longjmp to compile_method or compile_statements; all memory is in the arena. */
#ifndef ATOLL_COMPILATION_H
#define ATOLL_COMPILATION_H

#include <setjmp.h>

#include "ast.h"

/* A frame has 256 registers; the rest is for the operands of a slow special send. */
enum {
  MAX_REGISTERS = 250,
  MAX_VISIBLE_VARIABLES = 1000,
  MAX_WORDS = 32767,
  MAX_LITERALS = 65535,
  MAX_CONSTANTS = 10000, /* each is a handle while the method is built */
  MAX_TREE_HEIGHT = 1000
};

typedef struct Compilation {
  Arena *arena;
  const Source *source;
  CompilerScope *scope;
  CompileError *error;
  unsigned depth; /* of nesting, across ##( ) too */
  unsigned constants; /* ##( ) and scaled decimals so far */
  jmp_buf failed;
} Compilation;

_Noreturn void compilation_fail(Compilation *compilation, SourcePosition at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Resolver: finds out what names mean, which sends are inlined, what blocks capture.  Answers the method's function. */
Function *resolve_method(Compilation *compilation, Method *method);

/* Resolver, then generator. */
CodeTemplate *generate_method(Compilation *compilation, Method *method);

#endif
