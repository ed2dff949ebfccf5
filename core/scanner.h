/* SPDX-License-Identifier: MIT */
/* scanner.h -- from bytes to tokens.
 *
 * A Scanner reads one range of a Source and never fails: what is no token becomes TOKEN_ERROR with the reason, and the
 * scanner goes on behind it.  A copy of the struct is a bookmark: looking ahead is to copy it and scan with the copy.
 */
#ifndef ATOLL_SCANNER_H
#define ATOLL_SCANNER_H

#include "compiler.h"

typedef enum TokenKind {
  TOKEN_END,
  TOKEN_ERROR,      /* problem says what is wrong */
  TOKEN_IDENTIFIER, /* text: name, or path with dots (`SystemExceptions.NotFound`) */
  TOKEN_KEYWORD,    /* text: one keyword with its colon */
  TOKEN_BINARY,     /* text: any run of operator characters; | < > - included */
  TOKEN_ASSIGN,
  TOKEN_NUMBER,
  TOKEN_STRING,
  TOKEN_CHARACTER,
  TOKEN_SYMBOL, /* literal */
  TOKEN_HASH,   /* # before ( [ { or another # */
  TOKEN_CARET,
  TOKEN_COLON,
  TOKEN_PERIOD,
  TOKEN_SEMICOLON,
  TOKEN_BANG,
  TOKEN_OPEN_PAREN,
  TOKEN_CLOSE_PAREN,
  TOKEN_OPEN_BRACKET,
  TOKEN_CLOSE_BRACKET,
  TOKEN_OPEN_BRACE,
  TOKEN_CLOSE_BRACE
} TokenKind;

typedef struct Token {
  TokenKind kind;
  SourcePosition at;
  Text text;               /* as written, names normalized */
  const char *start, *end; /* its bytes in the source */
  const char *problem;     /* TOKEN_ERROR */
  bool unterminated;       /* TOKEN_ERROR: string or comment without end; nothing follows */
  Literal literal;         /* numbers, strings, characters, symbols */
} Token;

typedef struct Scanner {
  Arena *arena; /* for strings with doubled quotes, digits of large numbers */
  const Source *source;
  const char *cursor, *end, *line_start;
  unsigned line;
} Scanner;

/* RANGE lies inside SOURCE. */
void scanner_init(Scanner *scanner, Arena *arena, const Source *source, Text range);
Token scanner_next(Scanner *scanner);

/* Goes back to the second byte of TOKEN, the last one read: `||` is read again as `|` `|`. */
void scanner_split(Scanner *scanner, const Token *token);

SourcePosition scanner_position(const Scanner *scanner, const char *at);

static inline bool text_is(Text text, const char *string) {
  size_t i;
  for (i = 0; i < text.length && string[i]; i++)
    if (text.start[i] != string[i]) return false;
  return i == text.length && !string[i];
}
bool text_equal(Text a, Text b);

bool token_is_binary(const Token *token, const char *operator_text);

/* "identifier 'foo'", "']'", "end of text": for the `found ...` of messages. */
void token_describe(const Token *token, char *buffer, size_t size);

/* scanner_number.c: reads a number at the cursor, which is at a digit; false with TOKEN->problem set. */
bool scanner_number(Scanner *scanner, Token *token);

static inline bool is_digit_char(int c) { return c >= '0' && c <= '9'; }
static inline bool is_letter_char(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static inline bool is_name_char(int c) { return is_letter_char(c) || is_digit_char(c); }

/* The byte OFFSET behind the cursor, or -1 past the end. */
static inline int scanner_peek(const Scanner *s, size_t offset) {
  return (size_t)(s->end - s->cursor) > offset ? (unsigned char)s->cursor[offset] : -1;
}

#endif
