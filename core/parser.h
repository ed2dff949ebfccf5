/* SPDX-License-Identifier: MIT */
/* parser.h -- from tokens to the tree of one method or of statements.  Errors leave through compilation_fail. */
#ifndef ATOLL_PARSER_H
#define ATOLL_PARSER_H

#include "compilation.h"

/* PATTERN and BODY as compile_method takes them. */
Method *parse_method(Compilation *compilation, Text pattern, Text body);
Method *parse_statements_text(Compilation *compilation, Text text);

#endif
