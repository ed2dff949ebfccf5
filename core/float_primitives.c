/* SPDX-License-Identifier: MIT */
/* float_primitives.c -- FloatD: arithmetic with floats and integers, truncation, functions, bits, text. */
#include <math.h>
#include <string.h>

#include "comparison_primitives.h"
#include "float_text.h"
#include "integer_primitives.h"
#include "primitive.h"

static Oop float_answer(Machine *m, double value) {
  Oop answer = machine_new_float_may_gc(m, value);
  return answer ? answer : OOP_FAIL;
}

/* Receiver a float, argument a float or an integer. */
static bool try_operands(Machine *m, double *a, double *b) {
  if (!oop_try_double(m, m->args[0], a)) {
    m->failure = FAILURE_BAD_RECEIVER;
    return false;
  }
  if (!number_try_double(m, m->args[1], b)) {
    m->failure = FAILURE_BAD_ARGUMENT;
    return false;
  }
  return true;
}

#define ARITHMETIC(name, expression)                  \
  static Oop name(Machine *m) {                       \
    double a, b;                                      \
    if (!try_operands(m, &a, &b)) return OOP_FAIL;    \
    return float_answer(m, expression);               \
  }
ARITHMETIC(float_add, a + b)
ARITHMETIC(float_subtract, a - b)
ARITHMETIC(float_multiply, a *b)

/* Not for what has no real power: a negative number (to a float), or zero to a negative one. */
static Oop float_raised_to(Machine *m) {
  double a, b;
  if (!try_operands(m, &a, &b)) return OOP_FAIL;
  if (a < 0 || (a == 0 && b < 0)) return primitive_fail(m, FAILURE_BAD_VALUE);
  return float_answer(m, pow(a, b));
}
ARITHMETIC(float_arc_tan2, atan2(a, b))

static Oop float_divide(Machine *m) {
  double a, b;
  if (!try_operands(m, &a, &b)) return OOP_FAIL;
  if (b == 0) return primitive_fail(m, FAILURE_DIVIDE_BY_ZERO);
  return float_answer(m, a / b);
}

/* Integers are compared exactly, not after rounding to a double. */
static bool try_compare(Machine *m, int *order, bool *unordered) {
  double a, b;
  LargeView integer;
  if (!oop_try_double(m, m->args[0], &a)) return false;
  *unordered = isnan(a);
  if (oop_try_double(m, m->args[1], &b)) {
    *unordered = isnan(a) || isnan(b);
    *order = (a > b) - (a < b);
    return true;
  }
  if (!integer_try_view(m, m->args[1], &integer)) return false;
  *order = *unordered ? 0 : -large_compare_double(&integer, a);
  return true;
}

COMPARISON_PRIMITIVES(float)

/* ---- integers inside floats ---------------------------------------------------------------------------- */

static Oop integer_of(Machine *m, double whole) {
  mp_limb_t limbs[LARGE_DOUBLE_LIMBS];
  bool negative;
  if (!isfinite(whole)) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (fabs(whole) < 4e18) {
    Oop answer = machine_new_integer_may_gc(m, (int64_t)whole);
    return answer ? answer : OOP_FAIL;
  }
  size_t count = large_from_double(limbs, whole, &negative);
  Oop answer = integer_from_limbs_may_gc(m, limbs, count, negative);
  return answer ? answer : OOP_FAIL;
}

#define ROUNDING(name, expression)                                                             \
  static Oop name(Machine *m) {                                                                \
    double a;                                                                                  \
    if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);    \
    return integer_of(m, expression);                                                          \
  }
ROUNDING(float_truncated, trunc(a))
ROUNDING(float_floor, floor(a))
ROUNDING(float_ceiling, ceil(a))
ROUNDING(float_rounded, round(a))

/* ---- functions ------------------------------------------------------------------------------------------ */

#define FUNCTION(name, expression)                                                             \
  static Oop name(Machine *m) {                                                                \
    double a;                                                                                  \
    if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);    \
    return float_answer(m, expression);                                                        \
  }
FUNCTION(float_fraction_part, a - trunc(a))
FUNCTION(float_square_root, sqrt(a))
FUNCTION(float_sin, sin(a))
FUNCTION(float_cos, cos(a))
FUNCTION(float_tan, tan(a))
FUNCTION(float_arc_sin, asin(a))
FUNCTION(float_arc_cos, acos(a))
FUNCTION(float_arc_tan, atan(a))
FUNCTION(float_exp, exp(a))
FUNCTION(float_ln, log(a))
FUNCTION(float_log10, log10(a))
FUNCTION(float_log2, log2(a))
FUNCTION(float_as_single, (double)(float)a)
FUNCTION(float_successor, nextafter(a, INFINITY))
FUNCTION(float_predecessor, nextafter(a, -INFINITY))

static Oop float_times_two_power(Machine *m) {
  double a;
  if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t n = oop_to_small(m->args[1]);
  return float_answer(m, ldexp(a, n > 5000 ? 5000 : n < -5000 ? -5000 : (int)n));
}

/* The power of two at or below the magnitude. */
static Oop float_exponent(Machine *m) {
  double a;
  if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!isfinite(a)) return primitive_fail(m, FAILURE_BAD_VALUE);
  return oop_from_small(a == 0 ? 0 : ilogb(a));
}

/* ---- bits, hash, text ------------------------------------------------------------------------------------ */

static Oop float_bits(Machine *m) {
  double a;
  uint64_t bits;
  if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  memcpy(&bits, &a, sizeof bits);
  Oop answer = machine_new_unsigned_may_gc(m, bits);
  return answer ? answer : OOP_FAIL;
}

static Oop float_from_bits(Machine *m) {
  LargeView view;
  double value;
  if (!integer_try_view(m, m->args[1], &view)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (view.negative || view.count > 1) return primitive_fail(m, FAILURE_BAD_VALUE);
  uint64_t bits = view.count ? view.limbs[0] : 0;
  memcpy(&value, &bits, sizeof value);
  return float_answer(m, value);
}

/* Only for floats that equal no integer; those that do take the integer's hash, in Smalltalk. */
static Oop float_hash(Machine *m) {
  double a;
  uint64_t bits;
  if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (fabs(a) < 4e18 && trunc(a) == a) {
    if (small_integer_fits((int64_t)a)) return oop_from_small((int64_t)a);
    return primitive_fail(m, FAILURE_TOO_LARGE);
  }
  if (isfinite(a) && trunc(a) == a) return primitive_fail(m, FAILURE_TOO_LARGE);
  memcpy(&bits, &a, sizeof bits);
  bits *= 0x9e3779b97f4a7c15u;
  return oop_from_small((int64_t)(bits >> 4));
}

static Oop float_single_to_text(Machine *m) {
  double a;
  char text[FLOAT_TEXT_SIZE];
  if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  Oop answer = machine_new_string_may_gc(m, text, float_print_single(text, (float)a));
  return answer ? answer : OOP_FAIL;
}

static Oop float_to_text(Machine *m) {
  double a;
  char text[FLOAT_TEXT_SIZE];
  if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  Oop answer = machine_new_string_may_gc(m, text, float_print(text, a));
  return answer ? answer : OOP_FAIL;
}

/* Answers digits, then "e", then the decimal point's place: 0.DIGITS * 10^place. */
static Oop float_digits(Machine *m) {
  double a;
  int point;
  char text[FLOAT_TEXT_SIZE];
  if (!oop_try_double(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!isfinite(a) || a == 0) return primitive_fail(m, FAILURE_BAD_VALUE);
  size_t count = float_shortest_digits(a, text, &point);
  text[count++] = 'e';
  bool negative = point < 0;
  unsigned rest = (unsigned)(negative ? -point : point);
  if (negative) text[count++] = '-';
  if (rest >= 100) text[count++] = (char)('0' + rest / 100);
  if (rest >= 10) text[count++] = (char)('0' + rest / 10 % 10);
  text[count++] = (char)('0' + rest % 10);
  Oop answer = machine_new_string_may_gc(m, text, count);
  return answer ? answer : OOP_FAIL;
}

static Oop string_to_float(Machine *m) {
  const char *text;
  size_t length;
  double value;
  if (!oop_try_bytes(m, m->args[0], &text, &length)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!float_try_read(text, length, &value)) return primitive_fail(m, FAILURE_BAD_VALUE);
  return float_answer(m, value);
}

const Primitive float_primitives[] = {
    {"float_add", float_add, 1, "float + float or integer", 0},
    {"float_subtract", float_subtract, 1, "float - float or integer", 0},
    {"float_multiply", float_multiply, 1, "float * float or integer", 0},
    {"float_divide", float_divide, 1, "float / float or integer; fails when it is zero", 0},
    {"float_less", float_less, 1, "float < float or integer, exactly", 0},
    {"float_greater", float_greater, 1, "float > float or integer, exactly", 0},
    {"float_less_equal", float_less_equal, 1, "float <= float or integer, exactly", 0},
    {"float_greater_equal", float_greater_equal, 1, "float >= float or integer, exactly", 0},
    {"float_equal", float_equal, 1, "float = float or integer, exactly", 0},
    {"float_not_equal", float_not_equal, 1, "float ~= float or integer, exactly", 0},
    {"float_truncated", float_truncated, 0, "integer towards zero; fails for infinities and NaN", 0},
    {"float_floor", float_floor, 0, "greatest integer not above; fails likewise", 0},
    {"float_ceiling", float_ceiling, 0, "least integer not below; fails likewise", 0},
    {"float_rounded", float_rounded, 0, "nearest integer, halves away from zero; fails likewise", 0},
    {"float_fraction_part", float_fraction_part, 0, "what truncation drops", 0},
    {"float_square_root", float_square_root, 0, "square root, NaN for negative receivers", 0},
    {"float_sin", float_sin, 0, "sine of radians", 0},
    {"float_cos", float_cos, 0, "cosine of radians", 0},
    {"float_tan", float_tan, 0, "tangent of radians", 0},
    {"float_arc_sin", float_arc_sin, 0, "arc sine in radians", 0},
    {"float_arc_cos", float_arc_cos, 0, "arc cosine in radians", 0},
    {"float_arc_tan", float_arc_tan, 0, "arc tangent in radians", 0},
    {"float_arc_tan2", float_arc_tan2, 1, "angle of (x: argument, y: receiver)", 0},
    {"float_exp", float_exp, 0, "e to the receiver", 0},
    {"float_ln", float_ln, 0, "natural logarithm", 0},
    {"float_log10", float_log10, 0, "decimal logarithm", 0},
    {"float_log2", float_log2, 0, "binary logarithm", 0},
    {"float_raised_to", float_raised_to, 1, "receiver to the power of a float or integer", 0},
    {"float_as_single", float_as_single, 0, "rounded to single precision", 0},
    {"float_successor", float_successor, 0, "the next float above", 0},
    {"float_predecessor", float_predecessor, 0, "the next float below", 0},
    {"float_times_two_power", float_times_two_power, 1, "receiver * 2^argument", 0},
    {"float_exponent", float_exponent, 0, "floor of the binary logarithm of the magnitude, 0 for zero", 0},
    {"float_bits", float_bits, 0, "IEEE bits as an unsigned integer", 0},
    {"float_from_bits", float_from_bits, 1, "the float with these IEEE bits", 0},
    {"float_hash", float_hash, 0, "hash; fails for large whole floats, which hash as their integer", 0},
    {"float_single_to_text", float_single_to_text, 0, "shortest text that reads back as the same float of single precision", 0},
    {"float_to_text", float_to_text, 0, "shortest text that reads back as the same float", 0},
    {"float_digits", float_digits, 0, "shortest digits and the place of the point, as 'DIGITSePLACE'", 0},
    {"string_to_float", string_to_float, 0, "nearest float of decimal text like -1.5e3", 0},
    {NULL, NULL, 0, NULL, 0}};
