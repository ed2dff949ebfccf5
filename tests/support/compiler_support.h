/* SPDX-License-Identifier: MIT */
/* compiler_support.h -- a scope for tests of the compiler: `iva`..`ivz` are instance variables 0..25, names with a
 * capital are bindings (`Fixed` read-only), anything else is unknown. */
#ifndef ATOLL_COMPILER_SUPPORT_H
#define ATOLL_COMPILER_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "code_check.h"

static NameMeaning test_lookup(CompilerScope *scope, Text path) {
  NameMeaning meaning = {NAME_UNKNOWN, 0, NULL, false};
  (void)scope;
  if (path.length == 3 && !memcmp(path.start, "iv", 2)) {
    meaning.kind = NAME_INSTANCE;
    meaning.index = (unsigned)(path.start[2] - 'a');
  } else if (path.start[0] >= 'A' && path.start[0] <= 'Z') {
    meaning.kind = NAME_BINDING;
    meaning.read_only = path.length == 5 && !memcmp(path.start, "Fixed", 5);
  }
  return meaning;
}

static void test_suggest(CompilerScope *scope, Text name, char *buffer, size_t size) {
  (void)scope;
  if (name.length && name.start[0] == 'q') snprintf(buffer, size, "'quux'");
}

static CompilerScope test_scope = {test_lookup, NULL, test_suggest};

static inline Text test_text(const char *text) { return (Text){text, strlen(text)}; }

/* Compiles TEXT (pattern and body, or statements) and answers its listing, or the formatted error. */
static inline const char *test_compile(const char *text, bool method) {
  static char listing[1 << 16];
  char problem[200];
  CompileError error;
  Arena *arena = arena_new();
  Source source = {"test.st", text, strlen(text), 1};
  CodeTemplate *code = method ? compile_method(arena, &source, (Text){NULL, 0}, test_text(text), &test_scope, &error)
                              : compile_statements(arena, &source, test_text(text), &test_scope, &error);
  if (!code) {
    compile_error_format(&error, &source, listing, sizeof listing);
  } else {
    code_template_list(code, listing, sizeof listing);
    if (!code_check(code, problem, sizeof problem)) fail_msg("%s\n%s", problem, listing);
  }
  arena_delete(arena);
  return listing;
}

#define assert_method(text, expected) assert_string_equal(test_compile(text, true), expected)
#define assert_statements(text, expected) assert_string_equal(test_compile(text, false), expected)

static inline void assert_fails_with(const char *text, bool method, const char *expected) {
  const char *found = test_compile(text, method);
  if (strncmp(found, "test.st:", 8)) fail_msg("compiled, but expected: %s\n%s", expected, found);
  if (!strstr(found, expected)) fail_msg("expected: %s\nfound: %s", expected, found);
}

#endif
