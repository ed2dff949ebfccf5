/* SPDX-License-Identifier: MIT */
/* compiler.c -- the entry points: parse, resolve, generate, with one place that errors come back to. */
#include <string.h>

#include "compilation.h"
#include "parser.h"

static void begin(Compilation *c, Arena *arena, const Source *source, CompilerScope *scope, CompileError *error) {
  c->arena = arena;
  c->source = source;
  c->scope = scope;
  c->error = error;
  c->depth = c->constants = 0;
  memset(error, 0, sizeof *error);
}

CodeTemplate *compile_method(Arena *arena, const Source *source, Text pattern, Text body, CompilerScope *scope,
                             CompileError *error) {
  Compilation c;
  begin(&c, arena, source, scope, error);
  if (setjmp(c.failed)) return NULL;
  return generate_method(&c, parse_method(&c, pattern, body));
}

CodeTemplate *compile_statements(Arena *arena, const Source *source, Text text, CompilerScope *scope,
                                 CompileError *error) {
  Compilation c;
  begin(&c, arena, source, scope, error);
  if (setjmp(c.failed)) return NULL;
  return generate_method(&c, parse_statements_text(&c, text));
}
