/* SPDX-License-Identifier: MIT */
/* parser_literal.c -- literals: numbers with their sign, arrays, byte arrays, bindings, compile-time constants.
 *
 * Inside #( ) names, keywords and operators stand for symbols, and the inner parentheses and brackets need no #. */
#include <string.h>

#include "oop.h"
#include "parser_internal.h"

bool parser_at_literal(const Parser *p) {
  Scanner ahead;
  switch (p->token.kind) {
  case TOKEN_NUMBER:
  case TOKEN_STRING:
  case TOKEN_CHARACTER:
  case TOKEN_SYMBOL:
  case TOKEN_HASH: return true;
  case TOKEN_BINARY:
    if (!token_is_binary(&p->token, "-")) return false;
    ahead = p->scanner;
    return scanner_next(&ahead).kind == TOKEN_NUMBER;
  default: return false;
  }
}

static Literal *new_literal(Parser *p, LiteralKind kind) {
  Literal *literal = arena_alloc(p->compilation->arena, sizeof(Literal));
  literal->kind = kind;
  literal->at = p->token.at;
  return literal;
}

static Literal *token_literal(Parser *p) {
  Literal *literal = new_literal(p, p->token.literal.kind);
  *literal = p->token.literal;
  parser_advance(p);
  return literal;
}

/* SmallInteger minVal is written with the digits of a large integer. */
static void shrink_integer(Literal *literal) {
  int64_t value = 0;
  for (size_t i = 0; i < literal->text.length; i++) {
    int c = (unsigned char)literal->text.start[i], digit = is_digit_char(c) ? c - '0' : c - 'A' + 10;
    if (__builtin_mul_overflow(value, (int64_t)literal->radix, &value) ||
        __builtin_sub_overflow(value, (int64_t)digit, &value))
      return;
  }
  if (value < SMALL_INTEGER_MIN) return;
  literal->kind = LITERAL_INTEGER;
  literal->integer = value;
}

static Literal *negative_number(Parser *p) {
  Literal *literal;
  SourcePosition at = p->token.at;
  parser_advance(p);
  literal = token_literal(p);
  literal->at = at;
  if (literal->negative) compilation_fail(p->compilation, at, "parse error, expected positive numeric literal");
  literal->negative = true;
  if (literal->kind == LITERAL_INTEGER) literal->integer = -literal->integer;
  if (literal->kind == LITERAL_FLOAT) literal->number = -literal->number;
  if (literal->kind == LITERAL_LARGE_INTEGER) shrink_integer(literal);
  return literal;
}

static Literal *name_in_array(Parser *p) {
  LiteralKind kind = text_is(p->token.text, "nil")     ? LITERAL_NIL
                     : text_is(p->token.text, "true")  ? LITERAL_TRUE
                     : text_is(p->token.text, "false") ? LITERAL_FALSE
                                                       : LITERAL_SYMBOL;
  Literal *literal = new_literal(p, kind);
  literal->text = p->token.text;
  parser_advance(p);
  return literal;
}

/* `at:put:` is one symbol: keywords that touch. */
static Literal *keywords_in_array(Parser *p) {
  Literal *literal = new_literal(p, LITERAL_SYMBOL);
  const char *end;
  literal->text = p->token.text;
  do {
    end = p->token.end;
    literal->text.length = (size_t)(end - literal->text.start);
    parser_advance(p);
  } while (p->token.kind == TOKEN_KEYWORD && p->token.text.start == end);
  return literal;
}

static Literal *operator_in_array(Parser *p) {
  Literal *literal = new_literal(p, LITERAL_SYMBOL);
  literal->text = p->token.text;
  parser_advance(p);
  return literal;
}

static void add_element(Parser *p, Literal *array, const Literal *element, unsigned *room) {
  if (array->count == *room) {
    Literal *larger = arena_alloc(p->compilation->arena, (*room = *room ? *room * 2 : 4) * sizeof(Literal));
    if (array->count) memcpy(larger, array->elements, array->count * sizeof(Literal));
    array->elements = larger;
  }
  array->elements[array->count++] = *element;
}

static Literal *array_literal(Parser *p) {
  Token open = p->token;
  Literal *array = new_literal(p, LITERAL_ARRAY);
  unsigned room = 0;
  parser_advance(p);
  while (p->token.kind != TOKEN_CLOSE_PAREN) {
    switch (p->token.kind) {
    case TOKEN_END:
    case TOKEN_BANG:
    case TOKEN_CLOSE_BRACKET:
    case TOKEN_CLOSE_BRACE: parser_close(p, TOKEN_CLOSE_PAREN, "')'", &open); break;
    default: add_element(p, array, parser_literal(p, true), &room);
    }
  }
  parser_advance(p);
  return array;
}

static Literal *byte_array_literal(Parser *p) {
  Token open = p->token;
  Literal *array = new_literal(p, LITERAL_BYTE_ARRAY);
  size_t room = 0;
  char *bytes = NULL;
  parser_advance(p);
  for (; p->token.kind == TOKEN_NUMBER; parser_advance(p)) {
    const Literal *number = &p->token.literal;
    if (number->kind != LITERAL_INTEGER || number->integer < 0 || number->integer > 255)
      parser_expected(p, "a byte (an integer from 0 to 255)");
    if (array->text.length == room) {
      char *larger = arena_alloc(p->compilation->arena, room = room ? room * 2 : 16);
      if (array->text.length) memcpy(larger, bytes, array->text.length);
      bytes = larger;
    }
    bytes[array->text.length++] = (char)number->integer;
  }
  array->text.start = bytes ? bytes : "";
  parser_close(p, TOKEN_CLOSE_BRACKET, "a byte or ']'", &open);
  return array;
}

static Literal *binding_literal(Parser *p) {
  Token open = p->token;
  Literal *literal = new_literal(p, LITERAL_BINDING_REFERENCE);
  CompilerScope *scope = p->compilation->scope;
  NameMeaning meaning;
  parser_advance(p);
  if (p->token.kind != TOKEN_IDENTIFIER) parser_expected(p, "the name of a variable in #{ }");
  literal->text = p->token.text;
  meaning = scope->lookup(scope, literal->text);
  if (meaning.kind == NAME_BINDING) literal->binding = meaning.binding;
  parser_advance(p);
  parser_close(p, TOKEN_CLOSE_BRACE, "'}'", &open);
  return literal;
}

static Literal *constant_literal(Parser *p) {
  Token open = p->token;
  Block *body = parser_new_block(p, open.at);
  Method *method = p->method;
  bool in_pragma = p->in_pragma;
  if (p->token.kind != TOKEN_OPEN_PAREN) parser_expected(p, "'(' after ##");
  p->method = NULL;
  p->in_pragma = false;
  parser_advance(p);
  parser_statements(p, body);
  p->in_pragma = in_pragma;
  p->method = method;
  parser_close(p, TOKEN_CLOSE_PAREN, "')'", &open);
  return parser_constant(p, body, open.at);
}

static Literal *hash_literal(Parser *p) {
  parser_advance(p);
  switch (p->token.kind) {
  case TOKEN_OPEN_PAREN: return array_literal(p);
  case TOKEN_OPEN_BRACKET: return byte_array_literal(p);
  case TOKEN_OPEN_BRACE: return binding_literal(p);
  case TOKEN_HASH: parser_advance(p); return constant_literal(p);
  default: parser_expected(p, "'(', '[', '{', '#(' or a symbol after '#'");
  }
}

static Literal *element_literal(Parser *p) {
  switch (p->token.kind) {
  case TOKEN_IDENTIFIER: return name_in_array(p);
  case TOKEN_KEYWORD: return keywords_in_array(p);
  case TOKEN_BINARY: return operator_in_array(p);
  case TOKEN_OPEN_PAREN: return array_literal(p);
  case TOKEN_OPEN_BRACKET: return byte_array_literal(p);
  case TOKEN_OPEN_BRACE: return binding_literal(p);
  default: parser_expected(p, "a literal or ')'");
  }
}

Literal *parser_literal(Parser *p, bool in_array) {
  Literal *literal;
  parser_enter(p);
  switch (p->token.kind) {
  case TOKEN_NUMBER:
  case TOKEN_STRING:
  case TOKEN_CHARACTER:
  case TOKEN_SYMBOL: literal = token_literal(p); break;
  case TOKEN_HASH: literal = hash_literal(p); break;
  default:
    if (parser_at_literal(p))
      literal = negative_number(p);
    else if (in_array)
      literal = element_literal(p);
    else
      parser_expected(p, "a literal");
  }
  parser_leave(p);
  if ((literal->kind == LITERAL_SCALED || literal->kind == LITERAL_CONSTANT) && ++p->compilation->constants > MAX_CONSTANTS)
    compilation_fail(p->compilation, literal->at, "more than %d constants that are made while compiling (##( ), 1.5s2); make them in a method", MAX_CONSTANTS);
  return literal;
}
