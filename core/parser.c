/* SPDX-License-Identifier: MIT */
/* parser.c -- expressions, statements and blocks, by recursive descent.
 *
 * Two limits bound the C stack of the compiler: nesting (COMPILER_MAX_DEPTH) bounds this file, the height of the tree,
 * which a long chain of messages raises too, bounds resolver and generator. */
#include <stdio.h>
#include <string.h>

#include "parser_internal.h"

/* ---- tokens ---- */

void parser_advance(Parser *p) {
  p->previous = p->token.end;
  p->token = scanner_next(&p->scanner);
  if (p->token.kind == TOKEN_ERROR) compilation_fail(p->compilation, p->token.at, "%s", p->token.problem);
}

void parser_init(Parser *p, Compilation *compilation, Text range) {
  memset(p, 0, sizeof *p);
  p->compilation = compilation;
  scanner_init(&p->scanner, compilation->arena, compilation->source, range);
  p->token.end = range.start;
  parser_advance(p);
}

bool parser_accept(Parser *p, TokenKind kind) {
  if (p->token.kind != kind) return false;
  parser_advance(p);
  return true;
}

_Noreturn void parser_expected(Parser *p, const char *what) {
  char found[80];
  token_describe(&p->token, found, sizeof found);
  compilation_fail(p->compilation, p->token.at, "expected %s, found %s", what, found);
}

void parser_close(Parser *p, TokenKind kind, const char *text, const Token *open) {
  char found[80];
  if (parser_accept(p, kind)) return;
  token_describe(&p->token, found, sizeof found);
  compilation_fail(p->compilation, p->token.at, "expected %s to close the '%.*s' of line %u, column %u, found %s", text,
                   (int)open->text.length, open->text.start, open->at.line, open->at.column, found);
}

bool parser_at_bar(Parser *p, char bar) { return p->token.kind == TOKEN_BINARY && p->token.text.start[0] == bar; }

bool parser_accept_bar(Parser *p, char bar) {
  if (!parser_at_bar(p, bar)) return false;
  if (p->token.text.length > 1) {
    scanner_split(&p->scanner, &p->token);
    p->token.end = p->token.text.start + 1;
  }
  parser_advance(p);
  return true;
}

void parser_enter(Parser *p) {
  if (++p->compilation->depth > COMPILER_MAX_DEPTH)
    compilation_fail(p->compilation, p->token.at, "nested too deep (more than %d levels)", COMPILER_MAX_DEPTH);
}

void parser_leave(Parser *p) { p->compilation->depth--; }

Text parser_text_from(const Parser *p, SourcePosition start) {
  Text text = {p->compilation->source->text + start.offset, 0};
  text.length = (size_t)(p->previous - text.start);
  return text;
}

/* ---- nodes ---- */

Node *parser_node(Parser *p, NodeKind kind, SourcePosition at) {
  Node *node = arena_alloc(p->compilation->arena, sizeof(Node));
  node->kind = kind;
  node->at = at;
  node->height = 1;
  return node;
}

/* Counts CHILD into the height of NODE; the caller links it. */
void parser_add_child(Parser *p, Node *node, Node *child) {
  if (child->height >= node->height) node->height = child->height + 1;
  node->assigns |= child->assigns;
  if (node->height > MAX_TREE_HEIGHT)
    compilation_fail(p->compilation, node->at, "this expression is too long; split it into statements");
}

static void set_receiver(Parser *p, Node *node, Node *receiver) {
  node->receiver = receiver;
  parser_add_child(p, node, receiver);
}

static Node **add_argument(Parser *p, Node *node, Node **tail, Node *argument) {
  *tail = argument;
  node->count++;
  parser_add_child(p, node, argument);
  return &argument->next;
}

/* ---- blocks ---- */

Block *parser_new_block(Parser *p, SourcePosition at) {
  Block *block = arena_alloc(p->compilation->arena, sizeof(Block));
  block->at = at;
  block->last_variable = &block->variables;
  return block;
}

static void check_declaration(Parser *p, const Block *block) {
  static const char *const reserved[] = {"self", "super", "nil", "true", "false", "thisContext"};
  Text name = p->token.text;
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (text_is(name, reserved[i]))
      compilation_fail(p->compilation, p->token.at, "'%s' is reserved and cannot name a variable", reserved[i]);
  if (memchr(name.start, '.', name.length)) parser_expected(p, "a simple variable name");
  if (block->variable_count >= MAX_REGISTERS)
    compilation_fail(p->compilation, p->token.at, "too many variables (more than %d)", MAX_REGISTERS);
  for (const Variable *v = block->variables; v; v = v->next)
    if (text_equal(v->name, name))
      compilation_fail(p->compilation, p->token.at, "'%.*s' is declared twice (first in line %u)",
                       name.length > 100 ? 100 : (int)name.length, name.start, v->at.line);
}

/* Declares the name at the token and skips it. */
void parser_declare(Parser *p, Block *block, bool argument) {
  Variable *variable;
  bool underscore = argument && p->token.kind == TOKEN_ASSIGN && p->token.text.length == 1; /* [:_ | ...] */
  if (p->token.kind != TOKEN_IDENTIFIER && !underscore) parser_expected(p, argument ? "an argument name" : "a variable name or '|'");
  check_declaration(p, block);
  if (argument && block->argument_count >= COMPILER_MAX_ARGUMENTS)
    compilation_fail(p->compilation, p->token.at, "too many arguments (more than %d)", COMPILER_MAX_ARGUMENTS);
  variable = arena_alloc(p->compilation->arena, sizeof(Variable));
  variable->name = p->token.text;
  variable->at = p->token.at;
  variable->argument = argument;
  variable->block = block;
  *block->last_variable = variable;
  block->last_variable = &variable->next;
  block->variable_count++;
  block->argument_count += argument;
  parser_advance(p);
}

static void temporaries(Parser *p, Block *block) {
  while (!parser_accept_bar(p, '|')) parser_declare(p, block, false);
}

static bool ends_statements(const Parser *p) {
  switch (p->token.kind) {
  case TOKEN_END:
  case TOKEN_CLOSE_BRACKET:
  case TOKEN_CLOSE_PAREN:
  case TOKEN_CLOSE_BRACE:
  case TOKEN_BANG: return true;
  default: return false;
  }
}

static Node *statement(Parser *p) {
  Token start = p->token;
  Node *node;
  if (!parser_accept(p, TOKEN_CARET)) return parser_expression(p);
  node = parser_node(p, NODE_RETURN, start.at);
  set_receiver(p, node, parser_expression(p));
  return node;
}

/* What should stand behind a statement, and what may have been meant by what does. */
static const char *behind_statement(const Parser *p) {
  switch (p->token.kind) {
  case TOKEN_COLON: return "'.' or the end of the statements (assignment is written :=)";
  case TOKEN_OPEN_PAREN: return "'.' or the end of the statements (arguments stand behind keywords: 3 max: 4)";
  case TOKEN_OPEN_BRACE: return "'.' or the end of the statements (blocks stand in [ ])";
  default: return "'.' or the end of the statements";
  }
}

/* Statements up to a closing bracket or the end; `| a |` and pragmas may stand between them. */
void parser_statements(Parser *p, Block *block) {
  Node **tail = &block->statements;
  for (;;) {
    if (parser_at_bar(p, '|')) {
      parser_accept_bar(p, '|');
      temporaries(p, block);
    } else if (p->method && parser_at_bar(p, '<')) {
      parser_pragma(p);
    } else if (p->token.kind == TOKEN_PERIOD) {
      parser_advance(p);
    } else if (ends_statements(p)) {
      return;
    } else {
      *tail = statement(p);
      tail = &(*tail)->next;
      if (block == p->top && p->token.kind == TOKEN_STRING) continue; /* as GNU Smalltalk does */
      if (!ends_statements(p) && p->token.kind != TOKEN_PERIOD) parser_expected(p, behind_statement(p));
    }
  }
}

static void block_parameters(Parser *p, Block *block) {
  while (parser_accept(p, TOKEN_COLON)) parser_declare(p, block, true);
  if (p->token.kind == TOKEN_CLOSE_BRACKET || !block->argument_count) return;
  if (!parser_accept_bar(p, '|')) parser_expected(p, "'|' or ']' after the arguments of a block");
}

static Node *block_expression(Parser *p) {
  Token open = p->token;
  Node *node = parser_node(p, NODE_BLOCK, open.at);
  Block *block = node->block = parser_new_block(p, open.at);
  Method *method = p->method;
  bool in_pragma = p->in_pragma;
  p->method = NULL;
  p->in_pragma = false;
  parser_advance(p);
  block_parameters(p, block);
  parser_statements(p, block);
  p->in_pragma = in_pragma;
  p->method = method;
  parser_close(p, TOKEN_CLOSE_BRACKET, "']'", &open);
  block->source = parser_text_from(p, open.at);
  for (Node *s = block->statements; s; s = s->next) parser_add_child(p, node, s);
  return node;
}

/* ---- primaries ---- */

static Node *name_expression(Parser *p) {
  static const struct {
    const char *name;
    NodeKind kind;
    LiteralKind literal;
  } reserved[] = {{"self", NODE_SELF, LITERAL_NIL},
                  {"super", NODE_SUPER, LITERAL_NIL},
                  {"thisContext", NODE_THIS_CONTEXT, LITERAL_NIL},
                  {"nil", NODE_LITERAL, LITERAL_NIL},
                  {"true", NODE_LITERAL, LITERAL_TRUE},
                  {"false", NODE_LITERAL, LITERAL_FALSE}};
  Node *node = parser_node(p, NODE_VARIABLE, p->token.at);
  node->text = p->token.text;
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
    if (!text_is(node->text, reserved[i].name)) continue;
    node->kind = reserved[i].kind;
    if (node->kind != NODE_LITERAL) continue;
    node->literal = arena_alloc(p->compilation->arena, sizeof(Literal));
    node->literal->kind = reserved[i].literal;
    node->literal->at = node->at;
  }
  parser_advance(p);
  return node;
}

static Node *parenthesized(Parser *p) {
  Token open = p->token;
  bool in_pragma = p->in_pragma;
  Node *node;
  p->in_pragma = false;
  parser_advance(p);
  node = parser_expression(p);
  p->in_pragma = in_pragma;
  parser_close(p, TOKEN_CLOSE_PAREN, "')'", &open);
  return node;
}

static Node *brace_expression(Parser *p) {
  Token open = p->token;
  Node *node = parser_node(p, NODE_BRACE, open.at), **tail = &node->arguments;
  bool in_pragma = p->in_pragma;
  p->in_pragma = false;
  parser_advance(p);
  while (p->token.kind != TOKEN_CLOSE_BRACE) {
    tail = add_argument(p, node, tail, parser_expression(p));
    if (!parser_accept(p, TOKEN_PERIOD)) break;
  }
  p->in_pragma = in_pragma;
  parser_close(p, TOKEN_CLOSE_BRACE, "'}'", &open);
  return node;
}

static Node *literal_expression(Parser *p) {
  Node *node = parser_node(p, NODE_LITERAL, p->token.at);
  node->literal = parser_literal(p, false);
  return node;
}

/* A newcomer's text in double quotes is a comment, and then something is missing.  The code may end in front of that comment. */
static bool stands_at_comment(const Parser *p) {
  const Source *source = p->compilation->source;
  const char *at = p->previous, *end = source->text + source->length;
  while (at && at < end && (unsigned char)*at <= ' ') at++;
  return at && at < end && *at == '"';
}

static Node *primary(Parser *p) {
  switch (p->token.kind) {
  case TOKEN_IDENTIFIER: return name_expression(p);
  case TOKEN_OPEN_PAREN: return parenthesized(p);
  case TOKEN_OPEN_BRACKET: return block_expression(p);
  case TOKEN_OPEN_BRACE: return brace_expression(p);
  default:
    if (parser_at_literal(p)) return literal_expression(p);
    if (p->token.kind == TOKEN_ASSIGN && text_is(p->token.text, "_")) return name_expression(p); /* the terminal's last answer */
    parser_expected(p, stands_at_comment(p) ? "an expression (double quotes are around comments; text stands in single quotes)" : "an expression");
  }
}

/* ---- messages ---- */

static Node *send_to(Parser *p, Node *receiver) {
  Node *node = parser_node(p, NODE_SEND, p->token.at);
  set_receiver(p, node, receiver);
  node->text = p->token.text;
  return node;
}

static Node *unary_message(Parser *p, Node *receiver) {
  Node *node = send_to(p, receiver);
  parser_advance(p);
  return node;
}

static bool at_unary(const Parser *p) {
  return p->token.kind == TOKEN_IDENTIFIER && !memchr(p->token.text.start, '.', p->token.text.length);
}

static Node *unary_expression(Parser *p) {
  Node *node = primary(p);
  while (at_unary(p)) node = unary_message(p, node);
  return node;
}

static bool at_binary(const Parser *p) {
  return p->token.kind == TOKEN_BINARY && !(p->in_pragma && p->token.text.start[0] == '>');
}

static Node *binary_message(Parser *p, Node *receiver) {
  Node *node = send_to(p, receiver);
  parser_advance(p);
  add_argument(p, node, &node->arguments, unary_expression(p));
  return node;
}

static Node *binary_rest(Parser *p, Node *node) {
  while (at_binary(p)) node = binary_message(p, node);
  return node;
}

Node *parser_binary_expression(Parser *p) { return binary_rest(p, unary_expression(p)); }

/* The selector of several keywords, joined. */
static Text join(Parser *p, Text a, Text b) {
  char *copy = arena_alloc(p->compilation->arena, a.length + b.length + 1);
  Text joined = {copy, a.length + b.length};
  memcpy(copy, a.start, a.length);
  memcpy(copy + a.length, b.start, b.length);
  return joined;
}

static Node *keyword_message(Parser *p, Node *receiver) {
  Node *node = send_to(p, receiver), **tail = &node->arguments;
  while (p->token.kind == TOKEN_KEYWORD) {
    if (node->count >= COMPILER_MAX_ARGUMENTS)
      compilation_fail(p->compilation, p->token.at, "too many arguments (more than %d)", COMPILER_MAX_ARGUMENTS);
    if (node->count) node->text = join(p, node->text, p->token.text);
    parser_advance(p);
    tail = add_argument(p, node, tail, parser_binary_expression(p));
  }
  return node;
}

static Node *cascaded_message(Parser *p) {
  Node *receiver = parser_node(p, NODE_CASCADED, p->token.at);
  if (at_unary(p)) return unary_message(p, receiver);
  if (at_binary(p)) return binary_message(p, receiver);
  if (p->token.kind == TOKEN_KEYWORD) return keyword_message(p, receiver);
  parser_expected(p, "a message after ';'");
}

static Node *cascade(Parser *p, Node *first) {
  Node *node = parser_node(p, NODE_CASCADE, first->at), **tail = &node->arguments;
  if (first->kind != NODE_SEND) parser_expected(p, "a message before ';'");
  set_receiver(p, node, first->receiver);
  first->receiver = parser_node(p, NODE_CASCADED, first->at);
  tail = add_argument(p, node, tail, first);
  while (parser_accept(p, TOKEN_SEMICOLON)) tail = add_argument(p, node, tail, cascaded_message(p));
  return node;
}

static Node *message_expression(Parser *p, Node *receiver) {
  Node *node = receiver;
  while (at_unary(p)) node = unary_message(p, node);
  node = binary_rest(p, node);
  if (p->token.kind == TOKEN_KEYWORD) node = keyword_message(p, node);
  if (p->token.kind == TOKEN_SEMICOLON) {
    if (node == receiver) parser_expected(p, "a message before ';'");
    node = cascade(p, node);
  }
  return node;
}

static Node *assignment(Parser *p, Node *target) {
  Node *node = parser_node(p, NODE_ASSIGN, target->at);
  if (target->kind != NODE_VARIABLE)
    compilation_fail(p->compilation, target->at, "'%.*s' cannot be assigned",
                     (int)(target->text.length > 100 ? 100 : target->text.length), target->text.start);
  parser_advance(p);
  node->assigns = true;
  set_receiver(p, node, target);
  add_argument(p, node, &node->arguments, parser_expression(p));
  return node;
}

Node *parser_expression(Parser *p) {
  bool name = p->token.kind == TOKEN_IDENTIFIER;
  Node *node;
  parser_enter(p);
  node = primary(p);
  node = name && p->token.kind == TOKEN_ASSIGN ? assignment(p, node) : message_expression(p, node);
  parser_leave(p);
  return node;
}
