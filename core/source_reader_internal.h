/* SPDX-License-Identifier: MIT */
/* source_reader_internal.h -- shared by the files of the reader.
 *
 * Functions that tell an event answer false when reading must stop.  `token` is the one to look at; nothing here parses
 * expressions, a piece of code is found by its brackets alone. */
#ifndef ATOLL_SOURCE_READER_INTERNAL_H
#define ATOLL_SOURCE_READER_INTERNAL_H

#include "scanner.h"

typedef struct Reader {
  Arena *arena;
  const Source *source;
  SourceEvents *events;
  Scanner scanner;
  Token token;
  const char *previous;    /* end of the token before */
  const char *group_close; /* start of the bracket that closed the last group */
  bool failed;             /* there was a syntax error */
  bool lost;               /* a bracket has no end: back to the top level */
  bool unterminated;       /* a string or comment has no end: that was said */
  unsigned long_string;    /* line of the first string that goes on over lines; 0: there is none */
  unsigned depth, recoveries;
  Text category;           /* from `{ #category : #x }`, for the method behind it */
} Reader;

/* What begins at the token, at top level. */
typedef enum Definition {
  DEFINITION_NONE, /* a statement */
  DEFINITION_EVAL,
  DEFINITION_NAMESPACE,
  DEFINITION_CLASS,
  DEFINITION_EXTEND,
  DEFINITION_METHOD,
  DEFINITION_METHODS_FOR,
  DEFINITION_COMMENT,    /* `Foo commentStamp: 'x' prior: 0!`, a chunk of text */
  DEFINITION_REORGANIZE, /* `Foo reorganize!`, a chunk with categories */
  DEFINITION_TONEL       /* `Class {`, `Extension {`, `Package {`, `Trait {` */
} Definition;

/* source_reader_scan.c */
void reader_advance(Reader *r);
void reader_skip(Reader *r, unsigned tokens);
bool reader_at_end(const Reader *r);
bool reader_at_operator(const Reader *r, char first);
void reader_accept_operator(Reader *r); /* its first byte alone */
void reader_error(Reader *r, SourcePosition at, const char *format, ...) __attribute__((format(printf, 3, 4)));
void reader_expected(Reader *r, const char *what);
bool reader_skip_group(Reader *r); /* token: an opening bracket; false: it has no end, reader is lost */
bool reader_skip_code(Reader *r);  /* to a period, bang or closing bracket outside all brackets */
/* As reader_skip_code, and a line that cannot go on with the expression begins a new statement, as in GNU Smalltalk. */
bool reader_skip_statement(Reader *r);
Text reader_text_from(const Reader *r, const char *start);
Definition reader_classify(const Reader *r);
bool reader_is_class_side(const Token *token); /* `class`; Pharo writes `classSide` too, and Squeak, of traits, `classTrait` */
bool scanner_looks_at_pattern(Scanner ahead, Token token); /* a message pattern, then '[' */
void reader_recover(Reader *r, const Token *open);         /* to the next definition that begins a line */

/* source_reader_class.c */
bool reader_class_body(Reader *r, Text name, bool class_side, const Token *open);
bool reader_method(Reader *r, Text class_name, bool class_side);
bool reader_qualified_method(Reader *r, bool in_class_side);                     /* `Foo class >> pattern [` */
bool reader_names(Reader *r, Text **names, unsigned *count); /* `| a b |`, with error reporting */

/* source_reader_bang.c */
bool reader_method_list(Reader *r);
bool reader_comment_chunk(Reader *r);
bool reader_reorganization(Reader *r);

/* source_reader_tonel.c */
bool reader_at_metadata(const Reader *r); /* `{ #category : #x }` */
void reader_metadata(Reader *r);
bool reader_tonel_definition(Reader *r);

#endif
