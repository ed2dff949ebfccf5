/* SPDX-License-Identifier: MIT */
/* float_text.cc -- the one C++ file: std::to_chars and std::from_chars are exact, fast and need no locale. */
#include "float_text.h"

#include <charconv>
#include <cstdlib>
#include <limits>

template <typename Real> static size_t shortest(Real value, char digits[FLOAT_MAX_DIGITS], int *point) {
  char text[64];
  char *end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  size_t count = 0;
  char *at = text;
  for (; at < end && *at != 'e'; at++)
    if (*at >= '0' && *at <= '9') digits[count++] = *at;
  int exponent = 0;
  bool negative = at + 1 < end && at[1] == '-';
  for (at += 2; at < end; at++) exponent = exponent * 10 + (*at - '0');
  *point = (negative ? -exponent : exponent) + 1;
  return count;
}

extern "C" size_t float_shortest_digits(double value, char digits[FLOAT_MAX_DIGITS], int *point) {
  return shortest(value < 0 ? -value : value, digits, point);
}

extern "C" size_t float_shortest_single_digits(float value, char digits[FLOAT_MAX_DIGITS], int *point) {
  return shortest(value < 0 ? -value : value, digits, point);
}

/* from_chars leaves the value alone when it is out of range: tell too large from too small by the sign of the exponent, which is
 * decisive for any text that overflows. */
static double out_of_range(const char *text, const char *end) {
  bool negative = *text == '-';
  double value = std::numeric_limits<double>::infinity();
  for (const char *at = text; at < end; at++)
    if ((*at == 'e' || *at == 'E') && at + 1 < end && at[1] == '-') value = 0;
  if (value != 0 && (text[negative] == '0' || text[negative] == '.')) value = 0;
  return negative ? -value : value;
}

extern "C" bool float_try_read(const char *text, size_t length, double *out) {
  const char *end = text + length;
  auto [at, error] = std::from_chars(text, end, *out);
  if (at != end || length == 0) return false;
  if (error == std::errc::result_out_of_range) *out = out_of_range(text, end);
  return error != std::errc::invalid_argument;
}
