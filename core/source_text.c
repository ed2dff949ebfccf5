/* SPDX-License-Identifier: MIT */
/* source_text.c -- the bytes of a file made uniform: no byte order mark, lines that end in LF, chunks that end in a byte of their own.
 *
 * In files that Squeak and Pharo write out every bang of the text is doubled, in strings and comments too, and a single one ends a chunk. GNU
 * Smalltalk doubles none.  So in the former a chunk's end becomes CHUNK_END here, and doubled bangs become single ones. */
#define _GNU_SOURCE
#include <string.h>

#include "compiler.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

/* `'From Squeak5.3 of 3 March 2020'!` in front of everything else? */
static bool begins_as_file_out(const char *p, const char *end) {
  while (p < end && is_blank(*p)) p++;
  if (end - p < 8 || (*p != '\'' && *p != '"') || memcmp(p + 1, "From ", 5)) return false;
  const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
  if (!close) return false;
  for (close++; close < end && is_blank(*close);) close++;
  return close < end && *close == '!';
}

/* A line `!... methodsFor: 'x' stamp: 'y'` or `!... commentStamp: 'y'`? */
static bool has_stamps(const char *text, const char *end) {
  for (const char *p = text; (p = memmem(p, (size_t)(end - p), "tamp: '", 7)); p += 7) {
    const char *line = p;
    while (line > text && line[-1] != '\n') line--;
    if (*line != '!') continue;
    if (end - p > 8 && p[7] == '\'' && p[8] != '!' && !is_blank(p[8])) continue; /* quotes are doubled: it stands in a string */
    if (p - line > 8 && memcmp(p - 8, "commentS", 8) == 0) return true;
    if (memmem(line, (size_t)(p - line), " methodsFor: ", 13)) return true;
  }
  return false;
}

static char *mark_chunks(char *text, size_t *length) {
  char *out = text;
  for (const char *p = text, *end = text + *length; p < end; p++) {
    if (*p == '!' && p + 1 < end && p[1] == '!') *out++ = *p++;
    else *out++ = *p == '!' ? CHUNK_END : *p;
  }
  *length = (size_t)(out - text);
  *out = 0;
  return text;
}

char *source_text_prepare(Arena *arena, const char *text, size_t *length, bool *chunks) {
  if (*length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3, *length -= 3;
  char *copy = arena_strndup(arena, text, *length), *out = copy;
  const char *end = copy + *length;
  for (const char *p = copy; p < end; p++) {
    if (*p != '\r') *out++ = *p;
    else if (p + 1 == end || p[1] != '\n') *out++ = '\n';
  }
  *out = 0;
  *length = (size_t)(out - copy);
  *chunks = begins_as_file_out(copy, out) || has_stamps(copy, out);
  return *chunks ? mark_chunks(copy, length) : copy;
}
