/* SPDX-License-Identifier: MIT */
/* unicode_utf8proc.c -- code points: UTF-8 in and out, case, categories, normal forms.  The one file that knows utf8proc.
 *
 * A String holds bytes, which are UTF-8 where they are text; a UnicodeString holds code points, four bytes each.  Bytes
 * that are no UTF-8 are an error of the conversion, never guessed at. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "primitive.h"

enum { NORMALIZE_MAX = 64 * 1024 * 1024, LAST_CODE_POINT = 0x10ffff };

/* Code points in SIZE bytes at TEXT; -1: no UTF-8, *BAD is where. */
static int64_t count_code_points(const char *text, size_t size, size_t *bad) {
  int64_t count = 0;
  size_t at = 0;
  while (at < size) {
    utf8proc_int32_t code;
    utf8proc_ssize_t length = (unsigned char)text[at] < 128 ? 1 : utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &code);
    if (length <= 0) return *bad = at, -1;
    at += (size_t)length;
    count++;
  }
  return count;
}

static bool try_text(Machine *m, const char **text, size_t *size) {
  if (oop_try_bytes(m, m->args[0], text, size)) return true;
  m->failure = FAILURE_BAD_RECEIVER;
  return false;
}

/* How many code points UTF-8 bytes hold; when they are none, fails with the index of the first bad byte as code. */
static Oop utf8_size(Machine *m) {
  const char *text;
  size_t size, bad = 0;
  if (!try_text(m, &text, &size)) return OOP_FAIL;
  primitive_charge(m, size * 2);
  int64_t count = count_code_points(text, size, &bad);
  if (count >= 0) return oop_from_small(count);
  m->failure_code = (int)(bad < 0x7fffffff ? bad + 1 : 0);
  return primitive_fail(m, FAILURE_BAD_VALUE);
}

static size_t utf8_length(uint32_t code) { return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4; }
static bool is_code_point(uint32_t code) { return code <= LAST_CODE_POINT && (code & ~0x7ffu) != 0xd800; }

/* The code points of a UnicodeString: 4 bytes each. */
typedef struct CodePoints {
  uint32_t *at; /* valid until the next _may_gc call */
  size_t size;
} CodePoints;

static bool try_code_points(Machine *m, unsigned index, CodePoints *points) {
  if (oop_class_index(m->args[index]) == CLASS_UNICODE_STRING) {
    Object *object = oop_to_object(m->args[index]);
    *points = (CodePoints){(uint32_t *)(void *)object_bytes(object), object_byte_size(object) / 4};
    return true;
  }
  m->failure = index ? FAILURE_BAD_ARGUMENT : FAILURE_BAD_RECEIVER;
  return false;
}

/* Arguments INDEX and INDEX + 1 as a range of SIZE elements, FIRST counted from 0. */
static bool try_range(Machine *m, unsigned index, size_t size, size_t *first, size_t *count) {
  if (!oop_both_small(m->args[index], m->args[index + 1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT), false;
  int64_t from = oop_to_small(m->args[index]), to = oop_to_small(m->args[index + 1]);
  if (from < 1 || to > (int64_t)size || to < from - 1) return primitive_fail(m, FAILURE_BAD_INDEX), false;
  *first = (size_t)from - 1;
  *count = (size_t)(to - from + 1);
  return true;
}

static Oop unicode_size(Machine *m) {
  CodePoints points;
  return try_code_points(m, 0, &points) ? oop_from_small((int64_t)points.size) : OOP_FAIL;
}

static Oop unicode_at(Machine *m) {
  CodePoints points;
  if (!try_code_points(m, 0, &points)) return OOP_FAIL;
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t index = oop_to_small(m->args[1]);
  if (index < 1 || index > (int64_t)points.size) return primitive_fail(m, FAILURE_BAD_INDEX);
  uint32_t code = points.at[index - 1];
  return oop_from_character(code <= LAST_CODE_POINT ? code : 0xfffd);
}

static Oop unicode_at_put(Machine *m) {
  CodePoints points;
  if (!try_code_points(m, 0, &points)) return OOP_FAIL;
  if (!oop_is_small(m->args[1]) || !oop_is_character(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t index = oop_to_small(m->args[1]);
  if (index < 1 || index > (int64_t)points.size) return primitive_fail(m, FAILURE_BAD_INDEX);
  Oop receiver = machine_writable_may_gc(m, m->args[0]);
  if (!receiver) return OOP_FAIL;
  ((uint32_t *)(void *)object_bytes(oop_to_object(receiver)))[index - 1] = oop_to_character(m->args[2]);
  return m->args[2];
}

static Oop unicode_copy(Machine *m) {
  CodePoints points;
  size_t first, count;
  if (!try_code_points(m, 0, &points) || !try_range(m, 1, points.size, &first, &count)) return OOP_FAIL;
  primitive_charge(m, count * 4);
  Oop answer = machine_new_bytes_may_gc(m, CLASS_UNICODE_STRING, count * 4);
  if (!answer || !try_code_points(m, 0, &points)) return OOP_FAIL;
  memcpy(object_bytes(oop_to_object(answer)), points.at + first, count * 4);
  return answer;
}

/* receiver unicode_replace: first to: last with: another startingAt: index */
static Oop unicode_replace(Machine *m) {
  CodePoints to, from;
  size_t first, count;
  if (!try_code_points(m, 0, &to) || !try_code_points(m, 3, &from) || !try_range(m, 1, to.size, &first, &count)) return OOP_FAIL;
  if (!oop_is_small(m->args[4])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t start = oop_to_small(m->args[4]);
  if (start < 1 || (uint64_t)start - 1 > from.size || count > from.size - ((size_t)start - 1)) return primitive_fail(m, FAILURE_BAD_INDEX);
  primitive_charge(m, count * 4);
  Oop receiver = machine_writable_may_gc(m, m->args[0]);
  if (!receiver || !try_code_points(m, 3, &from)) return OOP_FAIL; /* where they are now */
  memmove((uint32_t *)(void *)object_bytes(oop_to_object(receiver)) + first, from.at + start - 1, count * 4);
  return m->args[0];
}

static Oop unicode_compare(Machine *m) {
  CodePoints a, b;
  if (!try_code_points(m, 0, &a) || !try_code_points(m, 1, &b)) return OOP_FAIL;
  size_t shorter = a.size < b.size ? a.size : b.size;
  primitive_charge(m, shorter * 4);
  for (size_t i = 0; i < shorter; i++)
    if (a.at[i] != b.at[i]) return oop_from_small(a.at[i] < b.at[i] ? -1 : 1);
  return oop_from_small((a.size > b.size) - (a.size < b.size));
}

/* UTF-8 bytes as a UnicodeString. */
static Oop utf8_decode(Machine *m) {
  const char *text;
  size_t size, bad = 0;
  if (!try_text(m, &text, &size)) return OOP_FAIL;
  int64_t count = count_code_points(text, size, &bad);
  primitive_charge(m, size * 8);
  if (count < 0) return primitive_fail(m, FAILURE_BAD_VALUE);
  Oop answer = machine_new_bytes_may_gc(m, CLASS_UNICODE_STRING, (size_t)count * 4);
  if (!answer || !try_text(m, &text, &size)) return OOP_FAIL;
  uint32_t *to = (uint32_t *)(void *)object_bytes(oop_to_object(answer));
  size_t at = 0;
  for (int64_t i = 0; i < count; i++) {
    utf8proc_int32_t code = (unsigned char)text[at];
    at += code < 128 ? 1 : (size_t)utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &code);
    to[i] = (uint32_t)code;
  }
  return answer;
}

/* The Characters from first to last as a String of UTF-8. */
static Oop utf8_encode(Machine *m) {
  CodePoints points;
  size_t first, count, size = 0;
  if (!try_code_points(m, 0, &points) || !try_range(m, 1, points.size, &first, &count)) return OOP_FAIL;
  for (size_t i = first; i < first + count; i++) {
    if (!is_code_point(points.at[i])) return primitive_fail(m, FAILURE_BAD_VALUE);
    size += utf8_length(points.at[i]);
  }
  primitive_charge(m, size * 4);
  Oop answer = machine_new_bytes_may_gc(m, CLASS_STRING, size);
  if (!answer || !try_code_points(m, 0, &points)) return OOP_FAIL;
  utf8proc_uint8_t *at = object_bytes(oop_to_object(answer));
  for (size_t i = first; i < first + count; i++) at += utf8proc_encode_char((utf8proc_int32_t)points.at[i], at);
  return answer;
}

/* UTF-8 bytes in another form.  form: 0 NFC, 1 NFD, 2 NFKC, 3 NFKD, 4 folded for comparing whatever the case. */
static Oop utf8_normalize(Machine *m) {
  static const utf8proc_option_t forms[] = {UTF8PROC_STABLE | UTF8PROC_COMPOSE, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
                                            UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
                                            UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD};
  const char *text;
  size_t size;
  if (!try_text(m, &text, &size)) return OOP_FAIL;
  if (!oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < 0 || oop_to_small(m->args[1]) >= (int64_t)(sizeof forms / sizeof forms[0]))
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (size > NORMALIZE_MAX) return primitive_fail(m, FAILURE_TOO_LARGE);
  utf8proc_uint8_t *made = NULL;
  primitive_charge(m, size * 32);
  utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &made, forms[oop_to_small(m->args[1])]);
  if (length < 0) return primitive_fail(m, length == UTF8PROC_ERROR_NOMEM ? FAILURE_NO_MEMORY : FAILURE_BAD_VALUE);
  Oop answer = machine_new_bytes_may_gc(m, CLASS_STRING, (size_t)length);
  if (answer) memcpy(object_bytes(oop_to_object(answer)), made, (size_t)length);
  free(made); /* utf8proc allocates it itself */
  return answer ? answer : OOP_FAIL;
}

/* ---- characters ------------------------------------------------------------------------------------------------------------------------- */

static Oop convert(Machine *m, utf8proc_int32_t (*to)(utf8proc_int32_t)) {
  if (!oop_is_character(m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_character((uint32_t)to((utf8proc_int32_t)oop_to_character(m->args[0])));
}
static Oop unicode_lowercase(Machine *m) { return convert(m, utf8proc_tolower); }
static Oop unicode_uppercase(Machine *m) { return convert(m, utf8proc_toupper); }

/* The general category, a number: Lu 1, Ll 2, Lt 3 ... as in the Unicode standard's table; 0 is unassigned. */
static Oop unicode_category(Machine *m) {
  if (!oop_is_character(m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_small(utf8proc_category((utf8proc_int32_t)oop_to_character(m->args[0])));
}

const Primitive unicode_primitives[] = {
    {"utf8_size", utf8_size, 0, "how many code points UTF-8 bytes hold", 0},
    {"unicode_size", unicode_size, 0, "how many code points a UnicodeString has", 0},
    {"unicode_at", unicode_at, 1, "Character at an index of a UnicodeString", 0},
    {"unicode_at_put", unicode_at_put, 2, "stores a Character into a UnicodeString", 0},
    {"unicode_copy", unicode_copy, 2, "code points from first to last", 0},
    {"unicode_replace", unicode_replace, 4, "first, last, UnicodeString, start: copies code points", 0},
    {"unicode_compare", unicode_compare, 1, "-1, 0 or 1 by code points", 0},
    {"utf8_decode", utf8_decode, 0, "UnicodeString of UTF-8 bytes", 0},
    {"utf8_encode", utf8_encode, 2, "Characters from first to last as a String of UTF-8", 0},
    {"utf8_normalize", utf8_normalize, 1, "UTF-8 in form NFC, NFD, NFKC, NFKD or folded", 0},
    {"unicode_lowercase", unicode_lowercase, 0, "the lower case of a Character", 0},
    {"unicode_uppercase", unicode_uppercase, 0, "the upper case of a Character", 0},
    {"unicode_category", unicode_category, 0, "the general category of a Character", 0},
    {NULL, NULL, 0, NULL, 0}};
