/* SPDX-License-Identifier: MIT */
/* source_reader_scan.c -- how the reader moves over the tokens of a file: brackets, lookahead, recovery. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "source_reader_internal.h"

void reader_advance(Reader *r) {
  r->previous = r->token.end;
  r->token = scanner_next(&r->scanner);
  if (r->token.kind == TOKEN_IDENTIFIER) r->token.text = (Text){r->token.start, (size_t)(r->token.end - r->token.start)};
  if (r->token.kind == TOKEN_STRING && !r->long_string && memchr(r->token.start, '\n', (size_t)(r->token.end - r->token.start))) r->long_string = r->token.at.line;
}

void reader_skip(Reader *r, unsigned tokens) {
  while (tokens--) reader_advance(r);
}

bool reader_at_end(const Reader *r) { return r->token.kind == TOKEN_END; }

bool reader_at_operator(const Reader *r, char first) {
  return r->token.kind == TOKEN_BINARY && r->token.text.start[0] == first;
}

void reader_accept_operator(Reader *r) {
  if (r->token.text.length > 1) scanner_split(&r->scanner, &r->token);
  r->token.end = r->token.text.start + 1;
  reader_advance(r);
}

void reader_error(Reader *r, SourcePosition at, const char *format, ...) {
  CompileError error;
  va_list args;
  r->failed = true;
  if (!r->events->error) return;
  memset(&error, 0, sizeof error);
  error.at = at;
  va_start(args, format);
  vsnprintf(error.message, sizeof error.message, format, args);
  va_end(args);
  r->events->error(r->events, &error);
}

void reader_expected(Reader *r, const char *what) {
  char found[80];
  if (r->token.kind == TOKEN_ERROR) {
    reader_error(r, r->token.at, "%s", r->token.problem);
    return;
  }
  token_describe(&r->token, found, sizeof found);
  reader_error(r, r->token.at, "expected %s, found %s", what, found);
}

Text reader_text_from(const Reader *r, const char *start) {
  Text text = {start, r->previous > start ? (size_t)(r->previous - start) : 0};
  return text;
}

/* ---- brackets ---- */

typedef struct BracketStack {
  char *closers;
  size_t count, room;
} BracketStack;

static char closer_of(TokenKind kind) {
  return kind == TOKEN_OPEN_PAREN ? ')' : kind == TOKEN_OPEN_BRACKET ? ']' : kind == TOKEN_OPEN_BRACE ? '}' : 0;
}

static char closer(TokenKind kind) {
  return kind == TOKEN_CLOSE_PAREN ? ')' : kind == TOKEN_CLOSE_BRACKET ? ']' : kind == TOKEN_CLOSE_BRACE ? '}' : 0;
}

static void push(Reader *r, BracketStack *stack, char c) {
  if (stack->count == stack->room) {
    char *larger = arena_alloc(r->arena, stack->room = stack->room ? stack->room * 2 : 64);
    if (stack->count) memcpy(larger, stack->closers, stack->count);
    stack->closers = larger;
  }
  stack->closers[stack->count++] = c;
}

/* A `]` closes what is open inside it too; another bracket that does not match is ignored: the compiler complains about
 * both. */
static void pop(BracketStack *stack, char c) {
  size_t i = stack->count;
  while (i && stack->closers[i - 1] != c) {
    if (stack->closers[i - 1] == ']' && c != ']') return;
    i--;
  }
  if (i) stack->count = i - 1;
}

/* The quote that is missing may be one above: that of the first string that goes on over lines. */
static void report_unterminated(Reader *r) {
  r->unterminated = true;
  if (*r->token.start == '\'' && r->long_string)
    reader_error(r, r->token.at, "%s; or one is missing in line %u, where a string begins that goes on over lines", r->token.problem, r->long_string);
  else
    reader_error(r, r->token.at, "%s", r->token.problem);
}

static bool unclosed(Reader *r, const Token *open) {
  char found[80];
  token_describe(&r->token, found, sizeof found);
  if (r->token.unterminated)
    report_unterminated(r);
  else
    reader_error(r, open->at, "this '%.*s' is never closed; found %s in line %u", (int)open->text.length,
                 open->text.start, found, r->token.at.line);
  reader_recover(r, open);
  return false;
}

bool reader_skip_group(Reader *r) {
  Token open = r->token;
  BracketStack stack = {0};
  do {
    char opened = closer_of(r->token.kind), closed = closer(r->token.kind);
    if (reader_at_end(r) || r->token.kind == TOKEN_BANG || r->token.unterminated) return unclosed(r, &open);
    if (opened) push(r, &stack, opened);
    if (closed) pop(&stack, closed);
    r->group_close = r->token.start;
    reader_advance(r);
  } while (stack.count);
  return true;
}

/* Skips a token that is no closing bracket, or the whole group that it opens. */
static bool skip_token(Reader *r) {
  if (closer_of(r->token.kind)) return reader_skip_group(r);
  reader_advance(r);
  return true;
}

static bool ends_code(Reader *r) {
  if (reader_at_end(r) || r->token.kind == TOKEN_BANG || r->token.kind == TOKEN_PERIOD) return true;
  if (r->token.unterminated) {
    report_unterminated(r);
    reader_advance(r);
    return true;
  }
  return closer(r->token.kind) != 0;
}

bool reader_skip_code(Reader *r) {
  while (!ends_code(r))
    if (!skip_token(r)) return false;
  return true;
}

static bool begins_line(const Reader *r) {
  for (const char *c = r->previous; c < r->token.start; c++)
    if (*c == '\n' || *c == '\r') return true;
  return false;
}

/* A token that can only be an operand, where one has just been? */
static bool cannot_go_on(const Reader *r) {
  switch (r->token.kind) {
  case TOKEN_NUMBER: return r->token.start[0] != '-';
  case TOKEN_STRING:
  case TOKEN_SYMBOL:
  case TOKEN_CHARACTER:
  case TOKEN_HASH:
  case TOKEN_OPEN_PAREN:
  case TOKEN_OPEN_BRACE: return true;
  default: return false;
  }
}

/* Behind it an operand is due. */
static bool wants_operand(const Token *token) {
  return token->kind == TOKEN_KEYWORD || token->kind == TOKEN_BINARY || token->kind == TOKEN_ASSIGN || token->kind == TOKEN_CARET ||
         token->kind == TOKEN_SEMICOLON || token->kind == TOKEN_HASH;
}

bool reader_skip_statement(Reader *r) {
  bool complete = false;
  while (!ends_code(r)) {
    if (complete && cannot_go_on(r) && begins_line(r)) return true;
    complete = !wants_operand(&r->token);
    if (!skip_token(r)) return false;
  }
  return true;
}

/* ---- lookahead ---- */

bool scanner_looks_at_pattern(Scanner ahead, Token token) {
  bool keywords = token.kind == TOKEN_KEYWORD;
  if (token.kind == TOKEN_IDENTIFIER) return scanner_next(&ahead).kind == TOKEN_OPEN_BRACKET;
  if (token.kind != TOKEN_BINARY && !keywords) return false;
  do {
    if (scanner_next(&ahead).kind != TOKEN_IDENTIFIER) return false;
    token = scanner_next(&ahead);
  } while (keywords && token.kind == TOKEN_KEYWORD);
  return token.kind == TOKEN_OPEN_BRACKET;
}

static bool is_name(const Token *token, const char *name) {
  return token->kind == TOKEN_IDENTIFIER && text_is(token->text, name);
}

bool reader_is_class_side(const Token *token) { return is_name(token, "class") || is_name(token, "classSide") || is_name(token, "classTrait"); }

static bool is_keyword(const Token *token, const char *keyword) {
  return token->kind == TOKEN_KEYWORD && text_is(token->text, keyword);
}

/* Nothing but literals and keywords up to a bang? */
static bool looks_at_chunk_header(Scanner ahead) {
  Token token;
  do token = scanner_next(&ahead);
  while (token.kind == TOKEN_KEYWORD || token.kind == TOKEN_STRING || token.kind == TOKEN_NUMBER || token.kind == TOKEN_IDENTIFIER);
  return token.kind == TOKEN_BANG;
}

/* `'x'!`, `'x' stamp: 'y'!`, `'x' ifTrue: (a not)!` behind methodsFor: */
static bool looks_at_methods_for(Scanner ahead) {
  enum { FAR_ENOUGH = 64 };
  Token token = scanner_next(&ahead);
  if (token.kind != TOKEN_STRING && token.kind != TOKEN_SYMBOL && token.kind != TOKEN_IDENTIFIER) return false;
  for (int i = 0; i < FAR_ENOUGH; i++) {
    token = scanner_next(&ahead);
    if (token.kind == TOKEN_BANG) return true;
    if (token.kind == TOKEN_END || token.kind == TOKEN_PERIOD || token.kind == TOKEN_OPEN_BRACKET) return false;
  }
  return false;
}

/* `Name current: X [`, `Name subclass: X [`; `subclass: #X [`, mixed with what messages look like, is understood too */
static Definition classify_keyword(const Token *name, const Token *keyword, Scanner ahead) {
  Token argument;
  if (is_keyword(keyword, "methodsFor:")) return looks_at_methods_for(ahead) ? DEFINITION_METHODS_FOR : DEFINITION_NONE;
  if (is_keyword(keyword, "commentStamp:")) return looks_at_chunk_header(ahead) ? DEFINITION_COMMENT : DEFINITION_NONE;
  argument = scanner_next(&ahead);
  if ((argument.kind != TOKEN_IDENTIFIER && argument.kind != TOKEN_SYMBOL) || scanner_next(&ahead).kind != TOKEN_OPEN_BRACKET) return DEFINITION_NONE;
  if (is_keyword(keyword, "subclass:")) return DEFINITION_CLASS;
  return argument.kind == TOKEN_IDENTIFIER && is_keyword(keyword, "current:") && text_is(name->text, "Namespace") ? DEFINITION_NAMESPACE : DEFINITION_NONE;
}

static bool is_tonel_type(const Token *token) {
  return text_is(token->text, "Class") || text_is(token->text, "Extension") || text_is(token->text, "Package") || text_is(token->text, "Trait");
}

Definition reader_classify(const Reader *r) {
  Scanner ahead = r->scanner;
  Token next;
  if (r->token.kind != TOKEN_IDENTIFIER) return DEFINITION_NONE;
  next = scanner_next(&ahead);
  if (next.kind == TOKEN_OPEN_BRACKET) return text_is(r->token.text, "Eval") ? DEFINITION_EVAL : DEFINITION_EXTEND;
  if (next.kind == TOKEN_OPEN_BRACE && is_tonel_type(&r->token)) return DEFINITION_TONEL;
  if (reader_is_class_side(&next)) next = scanner_next(&ahead);
  if (next.kind == TOKEN_OPEN_BRACKET) return DEFINITION_EXTEND;
  if (is_name(&next, "methodsFor") || is_name(&next, "methods"))
    return scanner_next(&ahead).kind == TOKEN_BANG ? DEFINITION_METHODS_FOR : DEFINITION_NONE;
  if (is_name(&next, "reorganize")) return scanner_next(&ahead).kind == TOKEN_BANG ? DEFINITION_REORGANIZE : DEFINITION_NONE;
  if (is_name(&next, "extend"))
    return scanner_next(&ahead).kind == TOKEN_OPEN_BRACKET ? DEFINITION_EXTEND : DEFINITION_NONE;
  if (next.kind == TOKEN_KEYWORD) return classify_keyword(&r->token, &next, ahead);
  if (!token_is_binary(&next, ">>")) return DEFINITION_NONE;
  next = scanner_next(&ahead);
  return scanner_looks_at_pattern(ahead, next) ? DEFINITION_METHOD : DEFINITION_NONE;
}

/* ---- recovery ---- */

/* A file with a bracket missing goes on at the next line that begins with a definition (at column 1).  Each time
 * much of the file is read again, so there is a limit. */
void reader_recover(Reader *r, const Token *open) {
  enum { MAX_RECOVERIES = 50 };
  Text rest = {open->end, (size_t)(r->source->text + r->source->length - open->end)};
  scanner_init(&r->scanner, r->arena, r->source, rest);
  r->lost = true;
  if (++r->recoveries > MAX_RECOVERIES) {
    if (r->recoveries == MAX_RECOVERIES + 1)
      reader_error(r, open->at, "too many brackets are not closed; the rest is skipped");
    rest.start += rest.length;
    rest.length = 0;
    scanner_init(&r->scanner, r->arena, r->source, rest);
  }
  do reader_advance(r);
  while (!reader_at_end(r) && r->token.kind != TOKEN_BANG &&
         !(r->token.at.column == 1 && reader_classify(r) != DEFINITION_NONE));
}
