/* SPDX-License-Identifier: MIT */
/* statement_kind.c -- see statement_kind.h. */
#include "statement_kind.h"

#include <string.h>

#include "scanner.h"

/* The text alone as a source: its lines are counted from its own beginning. */
static Source alone(const Source *source, Text text) { return (Source){source->name, text.start, text.length, 1, source->chunks}; }

static bool ends_with(Text text, const char *tail) {
  size_t length = strlen(tail);
  return text.length >= length && memcmp(text.start + text.length - length, tail, length) == 0;
}

/* `subclass:`, `variableByteSubclass:`, and `Trait named:` ... */
static bool is_subclass_keyword(const Token *token) {
  return token->kind == TOKEN_KEYWORD && (text_is(token->text, "subclass:") || ends_with(token->text, "Subclass:"));
}

static bool is_literal(const Token *token) {
  return token->kind == TOKEN_STRING || token->kind == TOKEN_SYMBOL || token->kind == TOKEN_NUMBER || token->kind == TOKEN_OPEN_BRACE ||
         token->kind == TOKEN_CLOSE_BRACE || token->kind == TOKEN_HASH || token->kind == TOKEN_OPEN_PAREN || token->kind == TOKEN_CLOSE_PAREN ||
         (token->kind == TOKEN_IDENTIFIER && text_is(token->text, "nil"));
}

/* What stands behind `uses:` besides literals: `T1 + (T2 - {#a} @ {#b -> #c})`, `T1 classTrait`. */
static bool is_composition(const Token *token) {
  return token->kind == TOKEN_IDENTIFIER || token->kind == TOKEN_BINARY || token->kind == TOKEN_PERIOD;
}

/* Keywords with literals for arguments, up to the end of the text. */
static bool only_literals(Scanner *s, Token token) {
  bool traits = false;
  for (; token.kind == TOKEN_KEYWORD || is_literal(&token) || (traits && is_composition(&token)); token = scanner_next(s))
    if (token.kind == TOKEN_KEYWORD) traits = text_is(token.text, "uses:");
  return token.kind == TOKEN_END;
}

static Text name_of(const Token *token) {
  return token->kind == TOKEN_SYMBOL || token->kind == TOKEN_STRING ? token->literal.text : (Text){NULL, 0};
}

static bool defines_class(Scanner s, Text *superclass, Text *name) {
  Token token = scanner_next(&s);
  if (token.kind != TOKEN_IDENTIFIER) return false;
  *superclass = (Text){token.start, (size_t)(token.end - token.start)};
  token = scanner_next(&s);
  if (!is_subclass_keyword(&token) && !(token.kind == TOKEN_KEYWORD && text_is(token.text, "named:") && text_is(*superclass, "Trait"))) return false;
  token = scanner_next(&s);
  *name = name_of(&token);
  return name->length && only_literals(&s, scanner_next(&s));
}

/* `Smalltalk at: #Foo put: 0` */
static bool defines_global(Scanner s) {
  Token token = scanner_next(&s);
  if (token.kind != TOKEN_IDENTIFIER || !text_is(token.text, "Smalltalk")) return false;
  token = scanner_next(&s);
  if (token.kind != TOKEN_KEYWORD || !text_is(token.text, "at:")) return false;
  if (scanner_next(&s).kind != TOKEN_SYMBOL) return false;
  token = scanner_next(&s);
  return token.kind == TOKEN_KEYWORD && text_is(token.text, "put:") && only_literals(&s, scanner_next(&s));
}

/* `Foo class instanceVariableNames: 'a'`, `Foo comment: 'x'`, `Foo initialize` */
static bool changes_class(Scanner s, bool chunks) {
  Token token = scanner_next(&s);
  if (token.kind != TOKEN_IDENTIFIER || token.text.start[0] < 'A' || token.text.start[0] > 'Z') return false;
  token = scanner_next(&s);
  if (chunks && token.kind == TOKEN_IDENTIFIER && text_is(token.text, "initialize")) return scanner_next(&s).kind == TOKEN_END;
  if (token.kind == TOKEN_IDENTIFIER && (text_is(token.text, "class") || text_is(token.text, "classTrait"))) token = scanner_next(&s);
  if (token.kind != TOKEN_KEYWORD || (!text_is(token.text, "instanceVariableNames:") && !text_is(token.text, "comment:") && !text_is(token.text, "uses:"))) return false;
  return only_literals(&s, scanner_next(&s));
}

bool statement_is_definition(const Source *source, Text text) {
  Text superclass, name;
  Scanner s;
  if (!text.length || text.start[0] < 'A' || text.start[0] > 'z') return false;
  Arena *arena = arena_new();
  if (!arena) return false;
  Source own = alone(source, text);
  scanner_init(&s, arena, &own, text);
  bool is = defines_class(s, &superclass, &name) || changes_class(s, source->chunks);
  arena_delete(arena);
  return is;
}

bool statement_initializes_class(const Source *source, Text text) {
  Scanner s;
  if (text.length < 12 || text.start[0] < 'A' || text.start[0] > 'Z') return false;
  Arena *arena = arena_new();
  if (!arena) return false;
  Source own = alone(source, text);
  scanner_init(&s, arena, &own, text);
  Token name = scanner_next(&s), selector = scanner_next(&s);
  bool is = name.kind == TOKEN_IDENTIFIER && selector.kind == TOKEN_IDENTIFIER && text_is(selector.text, "initialize") && scanner_next(&s).kind == TOKEN_END;
  arena_delete(arena);
  return is;
}

bool statement_runs_no_code(const Source *source, Text text) {
  Scanner s;
  if (!text.length || (text.start[0] != 'S' && text.start[0] != '\'')) return false;
  Arena *arena = arena_new();
  if (!arena) return false;
  Source own = alone(source, text);
  scanner_init(&s, arena, &own, text);
  bool none = text.start[0] == 'S' ? defines_global(s) : only_literals(&s, scanner_next(&s));
  arena_delete(arena);
  return none;
}

bool statement_defines_class(const Source *source, Text text, Text *superclass, Text *name) {
  Scanner s;
  Arena *arena = arena_new();
  if (!arena) return false;
  Source own = alone(source, text);
  scanner_init(&s, arena, &own, text);
  bool defines = defines_class(s, superclass, name);
  arena_delete(arena);
  return defines;
}

Text pattern_selector(const Source *source, Text text) {
  Scanner s;
  Arena *arena = arena_new();
  if (!arena) return (Text){"", 0};
  Source own = alone(source, text);
  scanner_init(&s, arena, &own, text);
  Token token = scanner_next(&s);
  arena_delete(arena);
  bool is_selector = token.kind == TOKEN_IDENTIFIER || token.kind == TOKEN_KEYWORD || token.kind == TOKEN_BINARY;
  return is_selector ? (Text){token.start, (size_t)(token.end - token.start)} : (Text){"?", 1};
}
