/* SPDX-License-Identifier: MIT */
/* parser_method.c -- message patterns, pragmas, and the entry points of the parser.
 *
 * A method's text may be `pattern statements`, or `pattern [ statements ]` as in bracket files. */
#include <string.h>

#include "code.h"
#include "parser_internal.h"

/* ---- pragmas ---- */

static unsigned flag_of_pragma(Text name) {
  static const struct {
    const char *name;
    unsigned flag;
  } flags[] = {{"exceptionHandler", CODE_HANDLER},
               {"unwindBlock", CODE_UNWIND},
               {"hidden", CODE_HIDDEN},
               {"exceptionBarrier", CODE_BARRIER}};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (text_is(name, flags[i].name)) return flags[i].flag;
  return 0;
}

Literal *parser_constant(Parser *p, Block *body, SourcePosition at) {
  Literal *literal = arena_alloc(p->compilation->arena, sizeof(Literal));
  Method method = {.statements = true, .constant = true, .body = body, .at = at};
  method.selector = (Text){"executeStatements", 17};
  method.source = parser_text_from(p, at);
  literal->kind = LITERAL_CONSTANT;
  literal->at = at;
  literal->code = generate_method(p->compilation, &method);
  return literal;
}

/* The name of a primitive may be anything that names: <primitive: foo>, <primitive: #foo>. */
static Literal *primitive_argument(Parser *p) {
  Literal *literal = arena_alloc(p->compilation->arena, sizeof(Literal));
  bool quoted = p->token.kind == TOKEN_SYMBOL || p->token.kind == TOKEN_STRING;
  if (p->token.kind == TOKEN_NUMBER) return parser_literal(p, false); /* of another system: here the body runs */
  if (!quoted && p->token.kind != TOKEN_IDENTIFIER) parser_expected(p, "the name of a primitive");
  literal->kind = LITERAL_SYMBOL;
  literal->at = p->token.at;
  literal->text = quoted ? p->token.literal.text : p->token.text;
  p->method->primitive = literal->text;
  parser_advance(p);
  return literal;
}

/* A literal as it is; any other expression is evaluated once, like ##( ). */
static Literal *pragma_argument(Parser *p, Text keyword) {
  SourcePosition at = p->token.at;
  Node *node;
  Block *body;
  if (text_is(keyword, "primitive:")) return primitive_argument(p);
  node = parser_binary_expression(p);
  if (node->kind == NODE_LITERAL) return node->literal;
  body = parser_new_block(p, at);
  body->statements = node;
  return parser_constant(p, body, at);
}

static void record_pragma(Parser *p, const PragmaTemplate *pragma) {
  Method *m = p->method;
  if ((m->pragma_count & (m->pragma_count - 1)) == 0) { /* room for a power of two is used up */
    PragmaTemplate *larger =
        arena_alloc(p->compilation->arena, (m->pragma_count ? m->pragma_count * 2 : 1) * sizeof *larger);
    if (m->pragma_count) memcpy(larger, m->pragmas, m->pragma_count * sizeof *larger);
    m->pragmas = larger;
  }
  m->pragmas[m->pragma_count++] = *pragma;
}

static void keyword_pragma(Parser *p, PragmaTemplate *pragma) {
  enum { MAX_PRAGMA_KEYWORDS = 16 };
  Literal arguments[MAX_PRAGMA_KEYWORDS];
  char *selector = NULL;
  while (p->token.kind == TOKEN_KEYWORD) {
    Text keyword = p->token.text;
    char *longer = arena_alloc(p->compilation->arena, pragma->selector.length + keyword.length + 1);
    if (pragma->count == MAX_PRAGMA_KEYWORDS)
      compilation_fail(p->compilation, p->token.at, "too many keywords in a pragma");
    if (selector) memcpy(longer, selector, pragma->selector.length);
    memcpy(longer + pragma->selector.length, keyword.start, keyword.length);
    pragma->selector.start = selector = longer;
    pragma->selector.length += keyword.length;
    parser_advance(p);
    arguments[pragma->count++] = *pragma_argument(p, keyword);
  }
  pragma->arguments = arena_alloc(p->compilation->arena, pragma->count * sizeof(Literal));
  memcpy(pragma->arguments, arguments, pragma->count * sizeof(Literal));
}

/* `<` is the token. */
void parser_pragma(Parser *p) {
  Token open = p->token;
  PragmaTemplate pragma = {0};
  parser_accept_bar(p, '<');
  p->in_pragma = true;
  if (p->token.kind == TOKEN_IDENTIFIER) {
    pragma.selector = p->token.text;
    p->method->flags |= flag_of_pragma(pragma.selector);
    parser_advance(p);
  } else if (p->token.kind == TOKEN_KEYWORD) {
    keyword_pragma(p, &pragma);
  } else {
    parser_expected(p, "the name of a pragma after '<'");
  }
  p->in_pragma = false;
  if (text_is(pragma.selector, "category:") && pragma.arguments[0].kind == LITERAL_STRING)
    p->method->category = pragma.arguments[0].text;
  open.text.length = 1;
  if (!parser_accept_bar(p, '>')) parser_close(p, TOKEN_ERROR, "'>'", &open);
  record_pragma(p, &pragma);
}

/* ---- patterns ---- */

static void keyword_pattern(Parser *p, Method *method) {
  char *selector = NULL;
  while (p->token.kind == TOKEN_KEYWORD) {
    Text keyword = p->token.text;
    char *longer = arena_alloc(p->compilation->arena, method->selector.length + keyword.length + 1);
    if (selector) memcpy(longer, selector, method->selector.length);
    memcpy(longer + method->selector.length, keyword.start, keyword.length);
    method->selector.start = selector = longer;
    method->selector.length += keyword.length;
    parser_advance(p);
    parser_declare(p, method->body, true);
  }
}

static void message_pattern(Parser *p, Method *method) {
  method->at = p->token.at;
  method->selector = p->token.text;
  switch (p->token.kind) {
  case TOKEN_IDENTIFIER: parser_advance(p); break;
  case TOKEN_BINARY:
    parser_advance(p);
    parser_declare(p, method->body, true);
    break;
  case TOKEN_KEYWORD:
    method->selector.length = 0;
    keyword_pattern(p, method);
    break;
  default: parser_expected(p, "a message pattern (the method's selector and arguments)");
  }
}

/* ---- entry points ---- */

/* The method's text with the ']' behind it, if it has one. */
static Text whole_source(const Parser *p, const Method *method, Text body) {
  const Source *source = p->compilation->source;
  const char *end = body.start + body.length, *limit = source->text + source->length;
  Text whole = {source->text + method->at.offset, 0};
  while (end > whole.start && strchr(" \t\r\n\f", end[-1]) && end[-1]) end--;
  if (body.start + body.length < limit && body.start[body.length] == ']') end = body.start + body.length + 1;
  whole.length = end > whole.start ? (size_t)(end - whole.start) : 0;
  return whole;
}

/* Is the token a '[' whose ']' is the last token of the text? */
static bool body_is_bracketed(const Parser *p) {
  Scanner ahead = p->scanner;
  Token token;
  unsigned depth = 1;
  if (p->token.kind != TOKEN_OPEN_BRACKET) return false;
  while (depth) {
    token = scanner_next(&ahead);
    if (token.kind == TOKEN_END || token.unterminated) return false;
    depth += token.kind == TOKEN_OPEN_BRACKET;
    depth -= token.kind == TOKEN_CLOSE_BRACKET;
  }
  return scanner_next(&ahead).kind == TOKEN_END;
}

static void method_body(Parser *p, Method *method) {
  p->method = method;
  parser_statements(p, method->body);
}

Method *parse_method(Compilation *compilation, Text pattern, Text body) {
  Parser parser;
  Method *method = arena_alloc(compilation->arena, sizeof(Method));
  parser_init(&parser, compilation, pattern.length ? pattern : body);
  method->body = parser_new_block(&parser, parser.token.at);
  message_pattern(&parser, method);
  if (pattern.length) {
    if (parser.token.kind != TOKEN_END) parser_expected(&parser, "the end of the message pattern");
    parser_init(&parser, compilation, body);
    method_body(&parser, method);
  } else if (body_is_bracketed(&parser)) {
    parser_advance(&parser);
    method_body(&parser, method);
    if (!parser_accept(&parser, TOKEN_CLOSE_BRACKET)) parser_expected(&parser, "']'");
  } else {
    method_body(&parser, method);
  }
  if (parser.token.kind != TOKEN_END) parser_expected(&parser, "the end of the method");
  method->source = whole_source(&parser, method, body);
  return method;
}

Method *parse_statements_text(Compilation *compilation, Text text) {
  Parser parser;
  Method *method = arena_alloc(compilation->arena, sizeof(Method));
  parser_init(&parser, compilation, text);
  method->statements = true;
  method->selector = (Text){"executeStatements", 17};
  method->at = parser.token.at;
  parser.top = method->body = parser_new_block(&parser, parser.token.at);
  parser_statements(&parser, method->body);
  if (parser.token.kind != TOKEN_END) parser_expected(&parser, "the end of the statements");
  method->source = text;
  return method;
}
