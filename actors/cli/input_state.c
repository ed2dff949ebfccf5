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

static void take_token(InputScan *scan, const Token *token) {
  char closer = closer_of(token->kind);
  bool closes = token->kind == TOKEN_CLOSE_PAREN || token->kind == TOKEN_CLOSE_BRACKET || token->kind == TOKEN_CLOSE_BRACE;
  scan->any = true;
  if (closer && scan->depth < INPUT_MOST_DEPTH) scan->closers[scan->depth++] = closer;
  if (closes && (!scan->depth || scan->closers[--scan->depth] != *token->start)) scan->wrong = true;
}

/* Unfinished when QUOTE, or else a bracket, is open. */
static InputState state_of(const InputScan *scan, char quote) {
  char awaited = quote ? quote : scan->depth ? scan->closers[scan->depth - 1] : 0;
  if (scan->wrong || !awaited) return (InputState){INPUT_WHOLE, 0, false};
  return (InputState){INPUT_UNFINISHED, awaited, memchr(scan->closers, ']', scan->depth) != NULL};
}

/* What the tokens alone tell. */
static InputState scan_input(InputScan *scan, const char *text, size_t length) {
  Source rest = {"", text + scan->at, length - scan->at, 1};
  Arena *arena = arena_new();
  Scanner scanner;
  scanner_init(&scanner, arena, &rest, (Text){rest.text, rest.length});
  Token token = scanner_next(&scanner);
  for (; token.kind != TOKEN_END && !token.unterminated && token.end < text + length && !scan->wrong; token = scanner_next(&scanner)) {
    take_token(scan, &token);
    scan->at = (size_t)(token.end - text);
  }
  arena_delete(arena);
  if (token.kind == TOKEN_END || scan->wrong) return scan->any ? state_of(scan, 0) : (InputState){INPUT_EMPTY, 0, false};
  scan->any = true;
  if (token.unterminated) return state_of(scan, *token.start);
  InputScan with_last = *scan; /* a token at the very end may go on */
  take_token(&with_last, &token);
  return state_of(&with_last, 0);
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

InputState input_state(InputScan *scan, const char *text, size_t length) {
  InputState state = scan_input(scan, text, length);
  if (state.kind != INPUT_WHOLE) return state;
  Source source = {"", text, length, 1};
  while (length && (unsigned char)text[length - 1] <= ' ') length--;
  if (is_open_chunk(text, length)) return (InputState){INPUT_UNFINISHED, '!', false};
  Check check = {.events = {.statement = on_statement, .error = on_error}, .scope = {.lookup = any_name}, .source = &source, .end = length};
  source_read(&source, &check.events);
  return (InputState){check.goes_on ? INPUT_UNFINISHED : INPUT_WHOLE, check.goes_on ? '.' : 0, false};
}
