/* SPDX-License-Identifier: MIT */
/* scanner_number.c -- numeric literals: integers of any size and radix, floats, scaled decimals.
 *
 *   digits [r [-] digits] [. digits] [s [scale] | (e|d|q) [[-] exponent]]
 *
 * An exponent counts powers of the radix.  An integer with `e` stays an integer unless the exponent is negative; `d`
 * and `q` always make a float.  Underscores between digits are skipped. */
#include "scanner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oop.h"

enum { MAX_DIGITS = 100000, MAX_EXPONENT = 1000000 };

typedef struct Number {
  unsigned radix;
  bool negative;
  char *digits; /* integer part, then fraction; no point */
  size_t count, fraction;
} Number;

static int digit_value(int c, unsigned radix) {
  int value = is_digit_char(c) ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
  return value >= 0 && (unsigned)value < radix ? value : -1;
}

static bool is_number_digit(const Scanner *s, size_t offset, unsigned radix) {
  return digit_value(scanner_peek(s, offset), radix) >= 0;
}

/* Length of a run of digits with single underscores inside. */
static size_t run_length(const Scanner *s, unsigned radix) {
  size_t n = 0;
  while (is_number_digit(s, n, radix) || (n && scanner_peek(s, n) == '_' && is_number_digit(s, n + 1, radix))) n++;
  return n;
}

/* Appends a run of digits to NUMBER; answers how many. */
static size_t take_digits(Scanner *s, Number *number) {
  size_t n = run_length(s, number->radix), before = number->count;
  char *digits = arena_alloc(s->arena, before + n + 1);
  memcpy(digits, number->digits, before);
  for (size_t i = 0; i < n; i++)
    if (s->cursor[i] != '_') digits[number->count++] = s->cursor[i];
  number->digits = digits;
  s->cursor += n;
  return number->count - before;
}

static long take_exponent_digits(Scanner *s) {
  long value = 0;
  while (is_digit_char(scanner_peek(s, 0))) {
    if (value < MAX_EXPONENT) value = value * 10 + (*s->cursor - '0');
    s->cursor++;
  }
  return value;
}

/* `16r` or `16r-`; false when the r begins a message (`3 rem: 2` without the space). */
static bool take_radix(Scanner *s, Number *number, Token *token) {
  long radix = number->count > 2 ? 99 : atol(number->digits);
  size_t skip = scanner_peek(s, 1) == '-' ? 2 : 1;
  if (scanner_peek(s, 0) != 'r') return true;
  if (radix < 2 || radix > 36) {
    if (is_letter_char(scanner_peek(s, 1)) && !is_number_digit(s, 1, 36)) return true;
    token->problem = "the radix of a number must be from 2 to 36";
    return false;
  }
  if (!is_number_digit(s, skip, (unsigned)radix)) {
    int c = scanner_peek(s, 1);
    if (c >= 'a' && c <= 'z') return true;
    token->problem = "expected digits of that radix after 'r' (letters in upper case)";
    return false;
  }
  s->cursor += skip;
  number->radix = (unsigned)radix;
  number->negative = skip == 2;
  number->count = 0;
  take_digits(s, number);
  return true;
}

static void take_fraction(Scanner *s, Number *number) {
  if (scanner_peek(s, 0) != '.' || !is_number_digit(s, 1, number->radix)) return;
  s->cursor++;
  number->fraction = take_digits(s, number);
}

static void make_integer(Scanner *s, const Number *number, long exponent, Literal *out) {
  size_t zeros = (size_t)exponent, first = 0;
  char *digits;
  int64_t value = 0;
  bool fits = true;
  for (size_t i = 0; i < number->count + zeros && fits; i++) {
    int digit = i < number->count ? digit_value(number->digits[i], number->radix) : 0;
    fits = !__builtin_mul_overflow(value, (int64_t)number->radix, &value) &&
           !__builtin_sub_overflow(value, (int64_t)digit, &value) && value >= SMALL_INTEGER_MIN;
    if (fits && !value && i >= number->count) break; /* 0e1000000 */
  }
  out->radix = number->radix;
  out->negative = number->negative;
  if (fits && (number->negative || value >= -SMALL_INTEGER_MAX)) {
    out->kind = LITERAL_INTEGER;
    out->integer = number->negative ? value : -value;
    return;
  }
  while (first + 1 < number->count && number->digits[first] == '0') first++;
  digits = arena_alloc(s->arena, number->count - first + zeros + 1);
  memcpy(digits, number->digits + first, number->count - first);
  memset(digits + number->count - first, '0', zeros);
  out->kind = LITERAL_LARGE_INTEGER;
  out->text.start = digits;
  out->text.length = number->count - first + zeros;
}

/* The digits without their point and a decimal exponent, so that strtod rounds once and no locale matters. */
static double decimal_value(Scanner *s, const Number *number, long exponent) {
  char *text = arena_alloc(s->arena, number->count + 32);
  memcpy(text, number->digits, number->count);
  snprintf(text + number->count, 32, "e%ld", exponent - (long)number->fraction);
  return strtod(text, NULL);
}

/* Other radices: the leading 64 bits or so of the digits, scaled; within one unit of the last place. */
static double radix_value(const Number *number, long exponent) {
  long double mantissa = 0;
  long power = exponent - (long)number->fraction;
  for (size_t i = 0; i < number->count; i++)
    mantissa = mantissa * number->radix + digit_value(number->digits[i], number->radix);
  if (mantissa == 0) return 0;
  if (power < -20000) power = -20000;
  if (power > 20000) power = 20000;
  if ((number->radix & (number->radix - 1)) == 0)
    return (double)ldexpl(mantissa, (int)power * __builtin_ctz(number->radix));
  return (double)(power < 0 ? mantissa / powl(number->radix, -power) : mantissa * powl(number->radix, power));
}

static void make_float(Scanner *s, const Number *number, long exponent, Literal *out) {
  out->kind = LITERAL_FLOAT;
  out->number = number->radix == 10 ? decimal_value(s, number, exponent) : radix_value(number, exponent);
  if (number->negative) out->number = -out->number;
  out->negative = number->negative;
}

/* `s`, `s2`: a scaled decimal, unless the s begins a name. */
static bool take_scale(Scanner *s, const Number *number, Literal *out) {
  size_t whole = number->count - number->fraction;
  char *text;
  if (scanner_peek(s, 0) != 's' || is_letter_char(scanner_peek(s, 1))) return false;
  s->cursor++;
  out->kind = LITERAL_SCALED;
  out->integer = is_digit_char(scanner_peek(s, 0)) ? take_exponent_digits(s) : (int64_t)number->fraction;
  out->radix = number->radix;
  out->negative = number->negative;
  text = arena_alloc(s->arena, number->count + 2);
  memcpy(text, number->digits, whole);
  out->text.start = text;
  out->text.length = number->count;
  if (number->fraction) {
    text[whole] = '.';
    memcpy(text + whole + 1, number->digits + whole, number->fraction);
    out->text.length++;
  }
  return true;
}

/* `e10`, `d`, `q-3`.  Answers the letter, or 0 when there is none or it begins a name. */
static int take_exponent(Scanner *s, long *exponent) {
  int letter = scanner_peek(s, 0), next = scanner_peek(s, 1);
  bool minus = next == '-' && is_digit_char(scanner_peek(s, 2));
  if ((letter != 'e' && letter != 'd' && letter != 'q') || is_letter_char(next)) return 0;
  s->cursor += minus ? 2 : 1;
  *exponent = take_exponent_digits(s);
  if (minus) *exponent = -*exponent;
  return letter;
}

bool scanner_number(Scanner *s, Token *token) {
  Number number = {10, false, NULL, 0, 0};
  long exponent = 0;
  int letter;
  number.digits = arena_alloc(s->arena, 1);
  take_digits(s, &number);
  if (!take_radix(s, &number, token)) {
    while (is_name_char(scanner_peek(s, 0))) s->cursor++;
    return false;
  }
  take_fraction(s, &number);
  if (number.count > MAX_DIGITS) {
    token->problem = "this number has too many digits";
    return false;
  }
  if (take_scale(s, &number, &token->literal)) {
    if (token->literal.integer <= MAX_DIGITS) return true;
    token->problem = "the scale of this number is too large";
    return false;
  }
  letter = take_exponent(s, &exponent);
  if (number.fraction || letter == 'd' || letter == 'q' || exponent < 0) {
    make_float(s, &number, exponent, &token->literal);
    return true;
  }
  if (exponent > MAX_DIGITS) {
    token->problem = "the exponent of this integer is too large";
    return false;
  }
  make_integer(s, &number, exponent, &token->literal);
  return true;
}
