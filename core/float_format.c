/* SPDX-License-Identifier: MIT */
/* float_format.c -- where the point goes when a float is printed: GNU Smalltalk's rules. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "float_text.h"

enum { DOUBLE_PRECISION = 53, SINGLE_PRECISION = 24 };

static size_t put(char *text, const char *what) {
  size_t length = strlen(what);
  memcpy(text, what, length);
  return length;
}

/* d.ddd, the exponent behind it */
static size_t print_exponential(char *text, const char *digits, size_t count, int point, char letter) {
  size_t at = 0;
  text[at++] = digits[0];
  text[at++] = '.';
  if (count == 1) text[at++] = '0';
  memcpy(text + at, digits + 1, count - 1);
  at += count - 1;
  return at + (size_t)snprintf(text + at, 8, "%c%d", letter, point - 1);
}

static size_t print_plain(char *text, const char *digits, size_t count, int point) {
  size_t at = 0, used = 0;
  if (point <= 0) {
    at += put(text, "0.");
    for (int i = point; i < 0; i++) text[at++] = '0';
  } else {
    for (; point > 0; point--) text[at++] = used < count ? digits[used++] : '0';
    text[at++] = '.';
    if (used == count) text[at++] = '0';
  }
  memcpy(text + at, digits + used, count - used);
  return at + count - used;
}

static size_t print(char *text, double value, bool single) {
  char digits[FLOAT_MAX_DIGITS];
  int point, exponent;
  if (isnan(value)) return put(text, "NaN");
  if (isinf(value)) return put(text, value < 0 ? "-Inf" : "Inf");
  if (value == 0) return put(text, signbit(value) ? "-0.0" : "0.0");
  size_t at = value < 0 ? put(text, "-") : 0;
  size_t count = single ? float_shortest_single_digits((float)value, digits, &point) : float_shortest_digits(value, digits, &point);
  frexp(value, &exponent);
  exponent--;
  int precision = single ? SINGLE_PRECISION : DOUBLE_PRECISION;
  if (exponent > precision || exponent < -precision) return at + print_exponential(text + at, digits, count, point, single ? 'e' : 'd');
  return at + print_plain(text + at, digits, count, point);
}

size_t float_print(char *text, double value) { return print(text, value, false); }
size_t float_print_single(char *text, float value) { return print(text, value, true); }
