/* SPDX-License-Identifier: MIT */
/* input_state.c -- see input_state.h. */
#define _GNU_SOURCE
#include "input_state.h"

#include <string.h>

#include "scanner.h"

typedef struct Check {
  SourceEvents events; /* first: the reader hands back a pointer to it */
  CompilerScope scope;
  const Source *source;
  size_t end;  /* of the text without blanks behind it */
  bool goes_on;
} Check;

static char closer_of(TokenKind kind) {
  return kind == TOKEN_OPEN_PAREN ? ')' : kind == TOKEN_OPEN_BRACKET ? ']' : kind == TOKEN_OPEN_BRACE ? '}' : 0;
}

/* What is missing at the end: a quote, the innermost bracket; 0: nothing.  *EMPTY: there is no token at all.  *IN_BLOCK: a '[' is open. */
static char missing(const Source *source, bool *empty, bool *in_block) {
  enum { DEPTH = 256 };
  char open[DEPTH], result = 0;
  size_t depth = 0;
  Arena *arena = arena_new();
  Scanner scanner;
  scanner_init(&scanner, arena, source, (Text){source->text, source->length});
  Token token = scanner_next(&scanner);
  for (*empty = token.kind == TOKEN_END; token.kind != TOKEN_END; token = scanner_next(&scanner)) {
    char closer = closer_of(token.kind);
    if (token.unterminated) {
      result = *token.start;
      break;
    }
    if (closer && depth < DEPTH) open[depth++] = closer;
    else if (token.kind == TOKEN_CLOSE_PAREN || token.kind == TOKEN_CLOSE_BRACKET || token.kind == TOKEN_CLOSE_BRACE) {
      if (!depth || open[depth - 1] != *token.start) {
        depth = 0; /* wrong as it is: more lines do not help */
        break;
      }
      depth--;
    }
  }
  if (!result && depth) result = open[depth - 1];
  *in_block = memchr(open, ']', depth) != NULL;
  arena_delete(arena);
  return result;
}

static NameMeaning any_name(CompilerScope *scope, Text path) {
  (void)scope, (void)path;
  return (NameMeaning){.kind = NAME_BINDING};
}

static bool at_end(const Check *check, const CompileError *error) { return error->at.offset >= check->end; }

static bool on_statement(SourceEvents *events, Text text, SourcePosition at) {
  Check *check = (Check *)events;
  CompileError error = {.message = ""};
  Arena *arena = arena_new();
  (void)at;
  if (!compile_statements(arena, check->source, text, &check->scope, &error) && at_end(check, &error)) check->goes_on = true;
  arena_delete(arena);
  return true;
}

static void on_error(SourceEvents *events, const CompileError *error) {
  Check *check = (Check *)events;
  if (at_end(check, error)) check->goes_on = true;
}

/* `!Foo methodsFor: 'x'!` and methods, up to `! !`. */
static bool is_open_chunk(const char *text, size_t length) {
  const char *last = text + length;
  if (!length || text[0] != '!' || !memmem(text, length, "methodsFor:", 11)) return false;
  if (*--last != '!') return true;
  while (last > text + 1 && (unsigned char)last[-1] <= ' ') last--;
  return last == text + length - 1 || last[-1] != '!';
}

InputState input_state(const char *text, size_t length) {
  Source source = {"", text, length, 1};
  bool empty, in_block;
  char awaited = missing(&source, &empty, &in_block);
  if (empty) return (InputState){INPUT_EMPTY, 0, false};
  if (awaited) return (InputState){INPUT_UNFINISHED, awaited, in_block};
  while (length && (unsigned char)text[length - 1] <= ' ') length--;
  if (is_open_chunk(text, length)) return (InputState){INPUT_UNFINISHED, '!', false};
  Check check = {.events = {.statement = on_statement, .error = on_error}, .scope = {.lookup = any_name}, .source = &source, .end = length};
  source_read(&source, &check.events);
  return (InputState){check.goes_on ? INPUT_UNFINISHED : INPUT_WHOLE, check.goes_on ? '.' : 0, false};
}
