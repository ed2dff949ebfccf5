/* SPDX-License-Identifier: MIT */
/* near_names.c -- see near_names.h.  All names at that distance are tried, the likelier mistakes first: a few hundred, once for an error. */
#include "near_names.h"

#include <string.h>

enum { SHORTEST = 3, LONGEST = 40 };

typedef struct Search {
  const char *name;
  size_t length;
  bool (*is_known)(void *context, const char *name, size_t length);
  void *context;
  char *buffer;
} Search;

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* The name with what stands from AT, SKIP bytes, replaced by COUNT bytes of TEXT. */
static bool try_edit(Search *s, size_t at, size_t skip, const char *text, size_t count) {
  size_t length = s->length - skip + count;
  memcpy(s->buffer, s->name, at);
  memcpy(s->buffer + at, text, count);
  memcpy(s->buffer + at + count, s->name + at + skip, s->length - at - skip);
  s->buffer[length] = 0;
  return is_letter(s->buffer[0]) && s->is_known(s->context, s->buffer, length);
}

static bool try_exchanged(Search *s) {
  for (size_t i = 0; i + 1 < s->length; i++) {
    char pair[2] = {s->name[i + 1], s->name[i]};
    if (pair[0] != pair[1] && try_edit(s, i, 2, pair, 2)) return true;
  }
  return false;
}

static bool try_cases(Search *s) {
  for (size_t i = 0; i < s->length; i++) {
    char other = (char)(s->name[i] ^ 32);
    if (is_letter(other) && try_edit(s, i, 1, &other, 1)) return true;
  }
  return false;
}

static bool try_without_one(Search *s) {
  for (size_t i = s->length; i-- > 0;)
    if (try_edit(s, i, 1, "", 0)) return true;
  return false;
}

static bool try_letters(Search *s, size_t skip) {
  for (size_t i = 0; i + skip <= s->length; i++)
    for (const char *c = letters; *c; c++)
      if (try_edit(s, i, skip, c, 1)) return true;
  return false;
}

bool near_name(const char *name, size_t length, bool (*is_known)(void *context, const char *name, size_t length), void *context, char *buffer, size_t size) {
  Search s = {name, length, is_known, context, buffer};
  if (length < SHORTEST || length > LONGEST || size < length + 2) return false;
  return try_cases(&s) || try_exchanged(&s) || try_without_one(&s) || try_letters(&s, 0) || try_letters(&s, 1);
}
