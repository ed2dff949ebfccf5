/* SPDX-License-Identifier: MIT */
/* parser_internal.h -- shared by parser.c (expressions), parser_literal.c and parser_method.c. */
#ifndef ATOLL_PARSER_INTERNAL_H
#define ATOLL_PARSER_INTERNAL_H

#include "parser.h"
#include "scanner.h"

typedef struct Parser {
  Compilation *compilation;
  Scanner scanner;
  Token token;          /* the one to look at */
  const char *previous; /* end of the token before */
  bool in_pragma;       /* `>` closes instead of being an operator */
  const Block *top;     /* of statements at top level, or NULL */
  Method *method;       /* gets pragmas; NULL inside blocks and ##( ) */
} Parser;

void parser_init(Parser *parser, Compilation *compilation, Text range);
void parser_advance(Parser *parser);
bool parser_accept(Parser *parser, TokenKind kind);
_Noreturn void parser_expected(Parser *parser, const char *what);

/* Skips the closing bracket KIND of what OPEN opened. */
void parser_close(Parser *parser, TokenKind kind, const char *text, const Token *open);

/* The operator TEXT here: also as the first byte of a longer one, which is then split. */
bool parser_at_bar(Parser *parser, char bar);
bool parser_accept_bar(Parser *parser, char bar);

void parser_enter(Parser *parser);
void parser_leave(Parser *parser);

Node *parser_node(Parser *parser, NodeKind kind, SourcePosition at);
void parser_add_child(Parser *parser, Node *node, Node *child);

Block *parser_new_block(Parser *parser, SourcePosition at);
void parser_declare(Parser *parser, Block *block, bool argument);
void parser_statements(Parser *parser, Block *block);
Node *parser_expression(Parser *parser);
Node *parser_binary_expression(Parser *parser);                    /* a pragma's argument */
Text parser_text_from(const Parser *parser, SourcePosition start); /* up to the token before */

/* parser_literal.c */
bool parser_at_literal(const Parser *parser);
Literal *parser_literal(Parser *parser, bool in_array);

/* parser_method.c */
void parser_pragma(Parser *parser);
Literal *parser_constant(Parser *parser, Block *body, SourcePosition at);

#endif
