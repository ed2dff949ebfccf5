/* SPDX-License-Identifier: MIT */
/* source_reader_class.c -- the inside of `Super subclass: Name [ ... ]` and `Name extend [ ... ]`: variables, pragmas,
 * methods, the class side. */
#include <string.h>

#include "source_reader_internal.h"

typedef struct ClassBody {
  Text name;
  bool class_side;
} ClassBody;

/* ---- variables ---- */

bool reader_names(Reader *r, Text **names, unsigned *count) {
  unsigned room = 8;
  *names = arena_alloc(r->arena, room * sizeof **names);
  *count = 0;
  reader_accept_operator(r);
  for (; r->token.kind == TOKEN_IDENTIFIER; reader_advance(r)) {
    if (*count == room) {
      Text *larger = arena_alloc(r->arena, (room *= 2) * sizeof **names);
      memcpy(larger, *names, *count * sizeof **names);
      *names = larger;
    }
    (*names)[(*count)++] = r->token.text;
  }
  if (!reader_at_operator(r, '|')) {
    reader_expected(r, "a variable name or '|'");
    return false;
  }
  reader_accept_operator(r);
  return true;
}

static bool read_instance_variables(Reader *r, const ClassBody *body) {
  SourcePosition at = r->token.at;
  Text *names;
  unsigned count;
  if (!reader_names(r, &names, &count) || !count || !r->events->instance_variables) return true;
  return r->events->instance_variables(r->events, body->class_side, names, count, at);
}

/* `Name := expression.` or `Name.` */
static bool read_class_variable(Reader *r) {
  Token name = r->token;
  Text value = {NULL, 0};
  reader_advance(r);
  if (r->token.kind == TOKEN_ASSIGN) {
    const char *start;
    reader_advance(r);
    start = r->token.start;
    if (!reader_skip_code(r)) return true;
    value = reader_text_from(r, start);
    if (!value.length) {
      reader_expected(r, "an expression");
      return true;
    }
  }
  if (r->token.kind == TOKEN_PERIOD)
    reader_advance(r);
  else if (r->token.kind != TOKEN_CLOSE_BRACKET)
    reader_expected(r, "'.'");
  return !r->events->class_variable || r->events->class_variable(r->events, name.text, value, name.at);
}

/* ---- pragmas ---- */

static bool ends_pragma_argument(const Reader *r) {
  TokenKind kind = r->token.kind;
  return kind == TOKEN_END || kind == TOKEN_BANG || kind == TOKEN_KEYWORD || kind == TOKEN_PERIOD ||
         kind == TOKEN_CLOSE_BRACKET || r->token.unterminated || reader_at_operator(r, '>');
}

static bool skip_pragma_argument(Reader *r) {
  while (!ends_pragma_argument(r)) {
    TokenKind kind = r->token.kind;
    bool opens = kind == TOKEN_OPEN_PAREN || kind == TOKEN_OPEN_BRACKET || kind == TOKEN_OPEN_BRACE;
    if (!opens)
      reader_advance(r);
    else if (!reader_skip_group(r))
      return false;
  }
  return true;
}

/* `<keyword: expression>`; one event for each keyword. */
static bool read_class_pragma(Reader *r, const ClassBody *body) {
  reader_accept_operator(r);
  while (r->token.kind == TOKEN_KEYWORD) {
    Token keyword = r->token;
    const char *start;
    reader_advance(r);
    start = r->token.start;
    if (!skip_pragma_argument(r)) return true;
    if (r->events->class_pragma &&
        !r->events->class_pragma(r->events, body->class_side, keyword.text, reader_text_from(r, start), keyword.at))
      return false;
  }
  if (reader_at_operator(r, '>'))
    reader_accept_operator(r);
  else
    reader_expected(r, "'>'");
  return true;
}

/* A bare string in a class body is its comment. */
static bool read_bare_comment(Reader *r, const ClassBody *body) {
  static const Text keyword = {"comment:", 8}; /* lives longer than any source */
  Token string = r->token;
  reader_advance(r);
  if (!r->events->class_pragma) return true;
  return r->events->class_pragma(r->events, body->class_side, keyword, string.text, string.at);
}

/* ---- methods ---- */

/* The token begins a message pattern that is known to end in '['. */
bool reader_method(Reader *r, Text class_name, bool class_side) {
  SourcePosition at = r->token.at;
  const char *start = r->token.start;
  Text pattern, body, category = r->category;
  r->category = (Text){NULL, 0};
  while (r->token.kind != TOKEN_OPEN_BRACKET) reader_advance(r);
  pattern = reader_text_from(r, start);
  body.start = r->token.end;
  if (!reader_skip_group(r)) return true;
  body.length = (size_t)(r->group_close - body.start);
  return !r->events->method || r->events->method(r->events, class_name, class_side, pattern, body, category, at);
}

bool reader_qualified_method(Reader *r, bool in_class_side) {
  Text name = r->token.text;
  SourcePosition at = r->token.at;
  bool class_side;
  reader_advance(r);
  class_side = r->token.kind == TOKEN_IDENTIFIER;
  reader_skip(r, class_side ? 2 : 1);
  if (in_class_side && !class_side) {
    reader_error(r, at, "class method expected inside class block");
    while (r->token.kind != TOKEN_OPEN_BRACKET) reader_advance(r);
    reader_skip_group(r);
    return true;
  }
  return reader_method(r, name, class_side);
}

/* ---- the body ---- */

typedef enum Element {
  ELEMENT_UNKNOWN,
  ELEMENT_METHOD,
  ELEMENT_QUALIFIED_METHOD,
  ELEMENT_VARIABLES,
  ELEMENT_CLASS_VARIABLE,
  ELEMENT_PRAGMA,
  ELEMENT_CLASS_SIDE,
  ELEMENT_COMMENT
} Element;

static Element classify_name(const Reader *r) {
  Scanner ahead = r->scanner;
  Token next = scanner_next(&ahead);
  bool class_side;
  if (next.kind == TOKEN_OPEN_BRACKET) return ELEMENT_METHOD;
  if (next.kind == TOKEN_ASSIGN || next.kind == TOKEN_PERIOD || next.kind == TOKEN_CLOSE_BRACKET)
    return ELEMENT_CLASS_VARIABLE;
  class_side = next.kind == TOKEN_IDENTIFIER && text_is(next.text, "class");
  if (class_side) next = scanner_next(&ahead);
  if (class_side && next.kind == TOKEN_OPEN_BRACKET) return ELEMENT_CLASS_SIDE;
  if (!token_is_binary(&next, ">>")) return ELEMENT_UNKNOWN;
  next = scanner_next(&ahead);
  return scanner_looks_at_pattern(ahead, next) ? ELEMENT_QUALIFIED_METHOD : ELEMENT_UNKNOWN;
}

static Element classify_element(const Reader *r) {
  Scanner ahead = r->scanner;
  switch (r->token.kind) {
  case TOKEN_IDENTIFIER: return classify_name(r);
  case TOKEN_STRING: return ELEMENT_COMMENT;
  case TOKEN_KEYWORD: return scanner_looks_at_pattern(ahead, r->token) ? ELEMENT_METHOD : ELEMENT_UNKNOWN;
  case TOKEN_BINARY:
    if (scanner_looks_at_pattern(ahead, r->token)) return ELEMENT_METHOD;
    if (r->token.text.start[0] == '|') return ELEMENT_VARIABLES;
    return token_is_binary(&r->token, "<") && scanner_next(&ahead).kind == TOKEN_KEYWORD ? ELEMENT_PRAGMA
                                                                                         : ELEMENT_UNKNOWN;
  default: return ELEMENT_UNKNOWN;
  }
}

/* One message, then to the end of the element: behind its brackets or its period. */
static void skip_unknown_element(Reader *r) {
  const char *start = r->token.start;
  reader_expected(r, "a method, a variable declaration, a pragma or ']' in a class body");
  while (!reader_at_end(r) && r->token.kind != TOKEN_CLOSE_BRACKET && r->token.kind != TOKEN_BANG) {
    TokenKind kind = r->token.kind;
    if (kind == TOKEN_OPEN_BRACKET) {
      reader_skip_group(r);
      return;
    }
    reader_advance(r);
    if (kind == TOKEN_PERIOD) return;
  }
  if (r->token.start == start) reader_advance(r);
}

static bool read_class_side(Reader *r, const ClassBody *body) {
  Token open;
  reader_skip(r, 2);
  open = r->token;
  reader_advance(r);
  if (body->class_side) reader_error(r, open.at, "this is the class side already");
  return reader_class_body(r, body->name, true, &open);
}

static bool read_element(Reader *r, const ClassBody *body) {
  switch (classify_element(r)) {
  case ELEMENT_METHOD: return reader_method(r, body->name, body->class_side);
  case ELEMENT_QUALIFIED_METHOD: return reader_qualified_method(r, body->class_side);
  case ELEMENT_VARIABLES: return read_instance_variables(r, body);
  case ELEMENT_CLASS_VARIABLE: return read_class_variable(r);
  case ELEMENT_PRAGMA: return read_class_pragma(r, body);
  case ELEMENT_COMMENT: return read_bare_comment(r, body);
  case ELEMENT_CLASS_SIDE: return read_class_side(r, body);
  default: skip_unknown_element(r); return true;
  }
}

/* A definition that begins a line cannot be part of a class: the class lacks its ']'. */
static bool at_next_definition(const Reader *r) {
  Definition definition;
  if (r->token.at.column != 1 || r->token.kind != TOKEN_IDENTIFIER) return false;
  definition = reader_classify(r);
  return definition == DEFINITION_EVAL || (definition != DEFINITION_NONE && classify_element(r) == ELEMENT_UNKNOWN);
}

static void report_unclosed(Reader *r, const Token *open) {
  char found[80];
  token_describe(&r->token, found, sizeof found);
  reader_error(r, open->at, "this '[' is never closed; found %s in line %u", found, r->token.at.line);
  r->lost = true;
}

/* Up to the ']' that closes OPEN, which is skipped. */
bool reader_class_body(Reader *r, Text name, bool class_side, const Token *open) {
  ClassBody body = {name, class_side};
  bool go_on = true;
  if (++r->depth > COMPILER_MAX_DEPTH) {
    reader_error(r, open->at, "nested too deep (more than %d levels)", COMPILER_MAX_DEPTH);
    reader_recover(r, open);
  }
  while (go_on && !r->lost && r->token.kind != TOKEN_CLOSE_BRACKET) {
    if (reader_at_end(r) || r->token.kind == TOKEN_BANG || at_next_definition(r))
      report_unclosed(r, open);
    else
      go_on = read_element(r, &body);
  }
  if (go_on && !r->lost) reader_advance(r);
  r->depth--;
  return go_on;
}
