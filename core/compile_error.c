/* SPDX-License-Identifier: MIT */
/* compile_error.c -- errors of a compilation: how they leave it, and how they are shown to people. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compilation.h"

_Noreturn void compilation_fail(Compilation *compilation, SourcePosition at, const char *format, ...) {
  va_list args;
  compilation->error->at = at;
  va_start(args, format);
  vsnprintf(compilation->error->message, sizeof compilation->error->message, format, args);
  va_end(args);
  longjmp(compilation->failed, 1);
}

/* A byte of a UTF-8 character behind its first one. */
static bool is_continuation(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* The line around OFFSET, long ones cut to what fits a terminal. */
static Text line_around(const Source *source, size_t offset, size_t *caret) {
  enum { BEFORE = 70, AFTER = 40 };
  Text line;
  size_t start, end;
  if (offset > source->length) offset = source->length;
  for (start = end = offset; start > 0 && source->text[start - 1] != '\n' && offset - start < BEFORE;) start--;
  while (start < offset && is_continuation(source->text[start])) start++;
  while (end < source->length && source->text[end] != '\n' && source->text[end] != '\r' && end - offset < AFTER) end++;
  while (end > offset && end < source->length && is_continuation(source->text[end])) end--;
  line.start = source->text + start;
  line.length = end - start;
  *caret = offset - start;
  return line;
}

static void append(char *buffer, size_t size, size_t *used, char c) {
  if (*used + 1 < size) buffer[(*used)++] = c;
}

/* What could upset a terminal is not shown. */
static char shown(char c) { return c == CHUNK_END ? '!' : (unsigned char)c < ' ' && c != '\t' ? ' ' : c; }

void compile_error_format(const CompileError *error, const Source *source, char *buffer, size_t size) {
  size_t caret, used;
  Text line = line_around(source, error->at.offset, &caret);
  int n = snprintf(buffer, size, "%s:%u:%u: error: %s\n    ", source->name ? source->name : "(text)", error->at.line,
                   error->at.column, error->message);
  if (!size || n < 0) return;
  used = (size_t)n < size ? (size_t)n : size - 1;
  for (size_t i = 0; i < line.length; i++) append(buffer, size, &used, shown(line.start[i]));
  for (int i = 0; i < 5; i++) append(buffer, size, &used, i ? ' ' : '\n');
  for (size_t i = 0; i < caret && i < line.length; i++)
    if (!is_continuation(line.start[i])) append(buffer, size, &used, line.start[i] == '\t' ? '\t' : ' ');
  append(buffer, size, &used, '^');
  append(buffer, size, &used, '\n');
  buffer[used] = 0;
}
