/* SPDX-License-Identifier: MIT */
/* scanner.c -- tokens of Smalltalk text: names, operators, strings, characters, symbols, punctuation.
 *
 * Numbers are in scanner_number.c.  Two rules are GNU Smalltalk's: a name that begins with a capital and is followed at
 * once by a period and a letter goes on as a path (`Smalltalk.Foo`), and a minus in front of a digit ends the operator
 * before it (`3--4`, `a>-1`). */
#include "scanner.h"

#include <stdio.h>
#include <string.h>

bool text_equal(Text a, Text b) { return a.length == b.length && (!a.length || !memcmp(a.start, b.start, a.length)); }

/* Newlines before END, eight bytes at a time. */
static unsigned count_newlines(const char *p, const char *end) {
  const uint64_t low = 0x7f7f7f7f7f7f7f7f, newlines = 0x0a0a0a0a0a0a0a0a;
  unsigned count = 0;
  for (; end - p >= 8; p += 8) {
    uint64_t x;
    memcpy(&x, p, 8);
    x ^= newlines;
    count += (unsigned)((~(((x & low) + low) | x | low) >> 7) * 0x0101010101010101 >> 56);
  }
  for (; p < end; p++) count += *p == '\n';
  return count;
}

/* The line that AT is in, counting from a place before it where that is known. */
static void find_line(Scanner *s, const Source *source, const char *at) {
  SourceMark known = {source->text, source->text, source->first_line ? source->first_line : 1};
  if (source->mark && source->mark->at && source->mark->at <= at) known = *source->mark;
  const char *line_start = at;
  while (line_start > known.at && line_start[-1] != '\n') line_start--;
  s->line = known.line + count_newlines(known.at, line_start);
  s->line_start = line_start > known.at || s->line > known.line ? line_start : known.line_start;
  if (source->mark) *source->mark = (SourceMark){at, s->line_start, s->line};
}

void scanner_init(Scanner *s, Arena *arena, const Source *source, Text range) {
  s->arena = arena;
  s->source = source;
  s->cursor = range.start;
  s->end = range.start + range.length;
  find_line(s, source, range.start);
}

SourcePosition scanner_position(const Scanner *s, const char *at) {
  SourcePosition position = {s->line, (unsigned)(at - s->line_start) + 1, (size_t)(at - s->source->text)};
  return position;
}

void scanner_split(Scanner *s, const Token *token) { s->cursor = token->text.start + 1; }

/* Keeps line numbers right for bytes from FROM to the cursor. */
static void count_lines(Scanner *s, const char *from) {
  const char *newline;
  while (from < s->cursor && (newline = memchr(from, '\n', (size_t)(s->cursor - from)))) {
    s->line++;
    s->line_start = from = newline + 1;
  }
}

static void fail(Token *token, const char *problem) {
  token->kind = TOKEN_ERROR;
  token->problem = problem;
}

/* Where text that lacks a closing quote ends: with the chunk. */
static const char *end_of_chunk(const Scanner *s, const char *from) {
  const char *end = s->source->chunks ? memchr(from, CHUNK_END, (size_t)(s->end - from)) : NULL;
  return end ? end : s->end;
}

/* White space and comments; false when a comment has no end, the cursor then being at its quote. */
static bool skip_blanks(Scanner *s) {
  for (; s->cursor < s->end; s->cursor++) {
    char c = *s->cursor;
    if (c == '\n') {
      s->line++;
      s->line_start = s->cursor + 1;
    } else if (c == '"') {
      const char *from = s->cursor, *close = memchr(from + 1, '"', (size_t)(end_of_chunk(s, from) - from - 1));
      if (!close) return false;
      s->cursor = close;
      count_lines(s, from);
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v' && c != '\0' && c != 26) {
      return true;
    }
  }
  return true;
}

static bool is_operator_char(int c) { return c > 0 && strchr("+-*/\\<>=~@%|&?,", c) != NULL; }

static size_t operator_length(const Scanner *s) {
  size_t n = 1;
  while (is_operator_char(scanner_peek(s, n)) && !(scanner_peek(s, n) == '-' && is_digit_char(scanner_peek(s, n + 1))))
    n++;
  return n;
}

static void finish(Scanner *s, Token *token, TokenKind kind, size_t length) {
  token->kind = kind;
  token->text.start = s->cursor;
  token->text.length = length;
  s->cursor += length;
}

/* Reads a string whose opening quote is at the cursor, doubled quotes halved. */
static bool scan_quoted(Scanner *s, Token *token, Text *contents) {
  const char *from = s->cursor, *p = from + 1, *close;
  const char *end = end_of_chunk(s, from);
  size_t doubled = 0;
  for (;; p = close + 2, doubled++) {
    close = p < end ? memchr(p, '\'', (size_t)(end - p)) : NULL;
    if (!close) {
      fail(token, "this string has no closing quote");
      token->unterminated = true;
      s->cursor = end;
      count_lines(s, from);
      return false;
    }
    if (close + 1 >= end || close[1] != '\'') break;
  }
  contents->start = from + 1;
  contents->length = (size_t)(close - from - 1) - doubled;
  if (doubled) {
    char *out = arena_alloc(s->arena, contents->length + 1);
    contents->start = out;
    for (p = from + 1; p < close; p++) {
      *out++ = *p;
      if (*p == '\'') p++;
    }
  }
  s->cursor = close + 1;
  count_lines(s, from);
  return true;
}

static void scan_string(Scanner *s, Token *token) {
  token->text.start = s->cursor;
  if (!scan_quoted(s, token, &token->literal.text)) return;
  token->kind = TOKEN_STRING;
  token->literal.kind = LITERAL_STRING;
  token->text.length = (size_t)(s->cursor - token->text.start);
}

static size_t name_length(const char *from, const char *end) {
  const char *p = from;
  while (p < end && is_name_char((unsigned char)*p)) p++;
  return (size_t)(p - from);
}

/* Length of `.Name` or `::Name` at P when it continues a path, else 0. */
static size_t path_step(const char *p, const char *end, size_t *separator) {
  size_t left = (size_t)(end - p), n;
  *separator = left > 1 && p[0] == '.' ? 1 : left > 2 && p[0] == ':' && p[1] == ':' ? 2 : 0;
  if (!*separator || !is_letter_char((unsigned char)p[*separator])) return 0;
  n = *separator + name_length(p + *separator, end);
  if (n < left && p[n] == ':' && !(n + 1 < left && (p[n + 1] == '=' || p[n + 1] == ':'))) return 0; /* a keyword */
  return n;
}

/* `A::B` is the older way to write `A.B`. */
static Text normalize_path(Scanner *s, Text path) {
  char *copy = arena_alloc(s->arena, path.length + 1), *out = copy;
  Text result;
  for (size_t i = 0; i < path.length; i++) {
    if (path.start[i] == ':')
      *out++ = '.', i++;
    else
      *out++ = path.start[i];
  }
  result.start = copy;
  result.length = (size_t)(out - copy);
  return result;
}

static void scan_name(Scanner *s, Token *token) {
  size_t n = name_length(s->cursor, s->end), step, separator;
  bool capital = *s->cursor >= 'A' && *s->cursor <= 'Z', colons = false;
  int next = scanner_peek(s, n), after = scanner_peek(s, n + 1);
  if (n == 1 && *s->cursor == '_') {
    finish(s, token, TOKEN_ASSIGN, 1);
    return;
  }
  if (next == ':' && after != '=' && after != ':') {
    finish(s, token, TOKEN_KEYWORD, n + 1);
    return;
  }
  while ((capital || scanner_peek(s, n) == ':') && (step = path_step(s->cursor + n, s->end, &separator))) {
    colons |= separator == 2;
    n += step;
  }
  finish(s, token, TOKEN_IDENTIFIER, n);
  if (colons) token->text = normalize_path(s, token->text);
}

/* One code point at P in UTF-8; a byte that begins none stands for itself.  Answers its length. */
static size_t decode_utf8(const char *p, const char *end, uint32_t *out) {
  static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char lead = (unsigned char)*p;
  size_t n = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 1;
  uint32_t c = n == 1 ? lead : lead & (0x7fu >> n);
  if (n > (size_t)(end - p)) n = 1, c = lead;
  for (size_t i = 1; i < n; i++) {
    if (((unsigned char)p[i] & 0xc0) != 0x80) {
      *out = lead;
      return 1;
    }
    c = c << 6 | ((unsigned char)p[i] & 0x3f);
  }
  if (n > 1 && (c < smallest[n] || c > 0x10ffff)) n = 1, c = lead;
  *out = c;
  return n;
}

/* `$<16r41>`: the character with that code point.  False when it is just `$<`. */
static bool scan_code_point(Scanner *s, Token *token) {
  Scanner ahead = *s;
  Token number = {0};
  if (scanner_peek(s, 1) != '<' || !is_digit_char(scanner_peek(s, 2))) return false;
  ahead.cursor += 2;
  if (!scanner_number(&ahead, &number) || scanner_peek(&ahead, 0) != '>') return false;
  *s = ahead;
  s->cursor++;
  if (number.literal.kind != LITERAL_INTEGER || number.literal.integer < 0 || number.literal.integer > 0x10ffff) {
    fail(token, "this is not the code point of a character (0 to 16r10FFFF)");
    return true;
  }
  token->literal.integer = number.literal.integer;
  return true;
}

static void scan_character(Scanner *s, Token *token) {
  uint32_t c;
  const char *from = s->cursor;
  token->text.start = from;
  token->kind = TOKEN_CHARACTER;
  token->literal.kind = LITERAL_CHARACTER;
  if (scanner_peek(s, 1) < 0) {
    s->cursor++;
    fail(token, "expected a character after '$', found end of text");
    return;
  }
  if (!scan_code_point(s, token)) {
    s->cursor += 1 + decode_utf8(s->cursor + 1, s->end, &c);
    token->literal.integer = (int64_t)c;
  }
  token->text.length = (size_t)(s->cursor - from);
  count_lines(s, from);
}

static void scan_hash(Scanner *s, Token *token) {
  int c = scanner_peek(s, 1);
  size_t n = 0;
  token->text.start = s->cursor;
  token->literal.kind = LITERAL_SYMBOL;
  token->kind = TOKEN_SYMBOL;
  if (c == '\'') {
    s->cursor++;
    if (!scan_quoted(s, token, &token->literal.text)) return;
  } else if (is_letter_char(c) || is_operator_char(c)) {
    s->cursor++;
    if (is_operator_char(c))
      n = operator_length(s);
    else
      while (is_name_char(scanner_peek(s, n)) || (scanner_peek(s, n) == ':' && scanner_peek(s, n + 1) != '=')) n++;
    token->literal.text.start = s->cursor;
    token->literal.text.length = n;
    s->cursor += n;
  } else {
    token->kind = TOKEN_HASH;
    s->cursor++;
  }
  token->text.length = (size_t)(s->cursor - token->text.start);
}

static bool scan_punctuation(Scanner *s, Token *token) {
  static const char marks[] = "^:.;!()[]{}";
  static const TokenKind kinds[] = {TOKEN_CARET,         TOKEN_COLON,      TOKEN_PERIOD,      TOKEN_SEMICOLON,
                                    TOKEN_BANG,          TOKEN_OPEN_PAREN, TOKEN_CLOSE_PAREN, TOKEN_OPEN_BRACKET,
                                    TOKEN_CLOSE_BRACKET, TOKEN_OPEN_BRACE, TOKEN_CLOSE_BRACE};
  const char *mark = strchr(marks, *s->cursor);
  if (!mark) return false;
  if (*mark == ':' && scanner_peek(s, 1) == '=')
    finish(s, token, TOKEN_ASSIGN, 2);
  else
    finish(s, token, kinds[mark - marks], 1);
  return true;
}

static void scan_token(Scanner *s, Token *token) {
  int c = scanner_peek(s, 0);
  if (c < 0)
    finish(s, token, TOKEN_END, 0);
  else if (is_letter_char(c))
    scan_name(s, token);
  else if (is_digit_char(c)) {
    token->text.start = s->cursor;
    if (scanner_number(s, token))
      token->kind = TOKEN_NUMBER;
    else
      token->kind = TOKEN_ERROR;
    token->text.length = (size_t)(s->cursor - token->text.start);
  } else if (is_operator_char(c))
    finish(s, token, TOKEN_BINARY, operator_length(s));
  else if (c == '\'')
    scan_string(s, token);
  else if (c == '$')
    scan_character(s, token);
  else if (c == '#')
    scan_hash(s, token);
  else if (c == CHUNK_END && s->source->chunks)
    finish(s, token, TOKEN_BANG, 1);
  else if ((c == '!' && s->source->chunks) || !scan_punctuation(s, token)) {
    finish(s, token, TOKEN_ERROR, 1);
    token->problem = "this character has no meaning in Smalltalk text";
  }
}

Token scanner_next(Scanner *s) {
  Token token;
  memset(&token, 0, sizeof token);
  if (!skip_blanks(s)) {
    token.at = scanner_position(s, s->cursor);
    token.text.start = s->cursor;
    fail(&token, "this comment has no closing quote");
    token.unterminated = true;
    s->cursor = end_of_chunk(s, s->cursor);
    count_lines(s, token.text.start);
  } else {
    token.at = scanner_position(s, s->cursor);
    scan_token(s, &token);
  }
  token.start = s->source->text + token.at.offset;
  token.literal.at = token.at;
  token.end = s->cursor;
  return token;
}

bool token_is_binary(const Token *token, const char *operator_text) {
  return token->kind == TOKEN_BINARY && text_is(token->text, operator_text);
}

void token_describe(const Token *token, char *buffer, size_t size) {
  static const char *const kinds[] = {
      [TOKEN_IDENTIFIER] = "name ", [TOKEN_KEYWORD] = "keyword ",     [TOKEN_BINARY] = "operator ",
      [TOKEN_NUMBER] = "number ",   [TOKEN_CHARACTER] = "character ", [TOKEN_SYMBOL] = "symbol "};
  const char *kind = token->kind < sizeof kinds / sizeof *kinds && kinds[token->kind] ? kinds[token->kind] : "";
  int shown = token->text.length > 40 ? 40 : (int)token->text.length;
  if (token->kind == TOKEN_END)
    snprintf(buffer, size, "end of text");
  else if (token->kind == TOKEN_STRING)
    snprintf(buffer, size, "a string");
  else
    snprintf(buffer, size, "%s'%.*s'", kind, shown, token->text.start);
}
