/* SPDX-License-Identifier: MIT */
/* compiler_fuzz.c -- libFuzzer target: any bytes as a source file; every method and statement met is compiled.
 *
 * What compiles must pass code_check.  The input is also compiled as one method, which reaches deeper with fewer lucky
 * bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "code_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Fuzz {
  SourceEvents events;
  Source source;
} Fuzz;

/* A name's first byte decides what it means, so that every kind of variable is met. */
static NameMeaning lookup(CompilerScope *scope, Text path) {
  NameMeaning meaning = {NAME_UNKNOWN, 0, NULL, false};
  (void)scope;
  meaning.kind = path.start[0] >= 'u' ? NAME_UNKNOWN : path.start[0] >= 'n' ? NAME_INSTANCE : NAME_BINDING;
  meaning.index = path.start[0] & 15;
  meaning.read_only = path.start[0] == 'R';
  return meaning;
}

static bool undeclared(CompilerScope *scope, Text name, bool assigned) {
  (void)scope;
  return name.length > 2 || assigned;
}

static CompilerScope scope = {lookup, undeclared, NULL};

static void check(const CodeTemplate *code, const Source *source, const CompileError *error) {
  static char text[1 << 14];
  char problem[200];
  if (!code) {
    compile_error_format(error, source, text, sizeof text);
    return;
  }
  if (!code_check(code, problem, sizeof problem)) {
    code_template_list(code, text, sizeof text);
    fprintf(stderr, "%s\n%s", problem, text);
    abort();
  }
  code_template_list(code, text, 500);
}

static void compile(const Source *source, Text pattern, Text text, bool method) {
  CompileError error;
  Arena *arena = arena_new();
  CodeTemplate *code = method ? compile_method(arena, source, pattern, text, &scope, &error)
                              : compile_statements(arena, source, text, &scope, &error);
  check(code, source, &error);
  arena_delete(arena);
}

static bool on_method(SourceEvents *e, Text class_name, bool class_side, Text pattern, Text body, Text category,
                      SourcePosition at) {
  (void)class_name, (void)class_side, (void)category, (void)at;
  compile(&((Fuzz *)e)->source, pattern, body, true);
  return true;
}

static bool on_text(SourceEvents *e, Text text, SourcePosition at) {
  (void)at;
  compile(&((Fuzz *)e)->source, (Text){NULL, 0}, text, false);
  return true;
}

static bool on_variable(SourceEvents *e, Text name, Text value, SourcePosition at) {
  (void)name;
  return !value.length || on_text(e, value, at);
}

static void on_error(SourceEvents *e, const CompileError *error) { check(NULL, &((Fuzz *)e)->source, error); }

static bool on_pragma(SourceEvents *e, bool class_side, Text keyword, Text value, SourcePosition at) {
  (void)class_side;
  return on_variable(e, keyword, value, at);
}

static void read_source(const char *text, size_t size, bool chunks) {
  Fuzz fuzz = {.source = {"fuzz", text, size, 1, chunks}};
  fuzz.events.method = on_method;
  fuzz.events.statement = fuzz.events.eval = fuzz.events.condition_begin = on_text;
  fuzz.events.class_variable = fuzz.events.namespace_pragma = on_variable;
  fuzz.events.class_pragma = on_pragma;
  fuzz.events.error = on_error;
  source_read(&fuzz.source, &fuzz.events);
}

/* As the bytes of a file: file-outs of other systems and Tonel are told by what they begin with. */
static void read_prepared(const char *data, size_t size) {
  Arena *arena = arena_new();
  bool chunks = false;
  const char *text = source_text_prepare(arena, data, &size, &chunks);
  read_source(text, size, chunks);
  arena_delete(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Fuzz fuzz = {.source = {"fuzz", (const char *)data, size, 1, false}};
  Text all = {(const char *)data, size};
  read_source((const char *)data, size, false);
  read_prepared((const char *)data, size);
  compile(&fuzz.source, (Text){NULL, 0}, all, true);
  compile(&fuzz.source, (Text){NULL, 0}, all, false);
  return 0;
}
