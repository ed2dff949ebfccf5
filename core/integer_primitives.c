/* SPDX-License-Identifier: MIT */
/* integer_primitives.c -- arithmetic of SmallIntegers and large integers in any mix, and of integers with floats.
 *
 * The interpreter does small + small itself; what comes here overflowed, or is large.  Each primitive tries 64-bit arithmetic first, then
 * views both operands as limbs.  Results of a few limbs are computed on the C stack, longer ones in a fresh heap object (a Buffer),
 * and are then copied into an object of exactly their size. */
#include "integer_primitives.h"

#include <math.h>
#include <string.h>

#include "comparison_primitives.h"
#include "primitive.h"

enum { LOCAL_LIMBS = 48 };

/* Working memory for one primitive: LOCAL, or a heap object held by a handle (it moves with every allocation). */
typedef struct Buffer {
  mp_limb_t *limbs; /* valid until the next _may_gc call; then buffer_limbs */
  bool on_heap;
  unsigned handle;
  mp_limb_t local[LOCAL_LIMBS];
} Buffer;

static mp_limb_t *object_limbs(Oop x) { return (mp_limb_t *)oop_to_object(x)->slots; }

/* Views made before this are invalid after it. */
static bool buffer_reserve_may_gc(Machine *m, Buffer *b, size_t limbs) {
  b->on_heap = limbs > LOCAL_LIMBS;
  b->limbs = b->local;
  if (!b->on_heap) return true;
  Oop object = machine_new_may_gc(m, CLASS_LARGE_POSITIVE, FORMAT_WORDS, limbs);
  if (!object) return false;
  b->handle = machine_push_handle(m, object);
  b->limbs = object_limbs(object);
  return true;
}

static void buffer_release(Machine *m, Buffer *b) {
  if (b->on_heap) machine_pop_handles(m, b->handle);
}

/* The integer whose magnitude is COUNT limbs from OFFSET in the buffer; releases the buffer. */
static Oop buffer_integer_may_gc(Machine *m, Buffer *b, size_t offset, size_t count, bool negative) {
  int64_t value;
  Oop answer;
  if (large_try_int64(b->limbs + offset, count, negative, &value) && small_integer_fits(value)) {
    answer = oop_from_small(value);
  } else if (count > LARGE_MAX_LIMBS) {
    answer = primitive_fail(m, FAILURE_TOO_LARGE);
  } else {
    answer = machine_new_may_gc(m, negative ? CLASS_LARGE_NEGATIVE : CLASS_LARGE_POSITIVE, FORMAT_WORDS, count);
    if (answer) {
      const mp_limb_t *from = b->on_heap ? object_limbs(machine_handle(m, b->handle)) : b->limbs;
      memcpy(object_limbs(answer), from + offset, count * sizeof(mp_limb_t));
    } else {
      answer = OOP_FAIL;
    }
  }
  buffer_release(m, b);
  return answer;
}

bool integer_try_view(const Machine *m, Oop x, LargeView *view) {
  if (oop_is_small(x)) {
    large_view_int64(view, oop_to_small(x));
    return true;
  }
  if (!oop_is_pointer(x)) return false;
  const Object *object = machine_object(m, x);
  uint32_t index = object_class_index(object);
  if (index != CLASS_LARGE_POSITIVE && index != CLASS_LARGE_NEGATIVE) return false;
  view->limbs = (const mp_limb_t *)object->slots;
  view->count = large_normalise(view->limbs, object_slots(object));
  view->negative = index == CLASS_LARGE_NEGATIVE && view->count > 0;
  return true;
}

bool number_try_double(const Machine *m, Oop x, double *out) {
  LargeView view;
  if (oop_is_small(x)) {
    *out = (double)oop_to_small(x);
    return true;
  }
  if (oop_try_double(m, x, out)) return true;
  if (!integer_try_view(m, x, &view)) return false;
  *out = large_to_double(&view);
  return true;
}

Oop integer_from_limbs_may_gc(Machine *m, const mp_limb_t *limbs, size_t count, bool negative) {
  int64_t value;
  count = large_normalise(limbs, count);
  if (large_try_int64(limbs, count, negative, &value) && small_integer_fits(value)) return oop_from_small(value);
  Oop answer = machine_new_may_gc(m, negative ? CLASS_LARGE_NEGATIVE : CLASS_LARGE_POSITIVE, FORMAT_WORDS, count);
  if (answer) memcpy(object_limbs(answer), limbs, count * sizeof(mp_limb_t));
  return answer;
}

/* Fails unless receiver and argument are integers. */
static bool try_operands(Machine *m, LargeView *a, LargeView *b) {
  if (!integer_try_view(m, m->args[0], a)) {
    m->failure = FAILURE_BAD_RECEIVER;
    return false;
  }
  if (!integer_try_view(m, m->args[1], b)) {
    m->failure = FAILURE_BAD_ARGUMENT;
    return false;
  }
  return true;
}

static Oop small_answer(Machine *m, int64_t value) {
  if (small_integer_fits(value)) return oop_from_small(value);
  Oop answer = machine_new_integer_may_gc(m, value);
  return answer ? answer : OOP_FAIL;
}

static Oop float_answer(Machine *m, double value) {
  Oop answer = machine_new_float_may_gc(m, value);
  return answer ? answer : OOP_FAIL;
}

static void swap_sizes(size_t *a, size_t *b) {
  size_t swap = *a;
  *a = *b;
  *b = swap;
}

/* ---- + - * -------------------------------------------------------------------------------------------- */

typedef size_t LargeOperation(mp_limb_t *result, const LargeView *a, const LargeView *b, bool *negative);

static Oop large_operation(Machine *m, LargeOperation *operation, bool product) {
  LargeView a, b;
  Buffer buffer;
  bool negative;
  if (!try_operands(m, &a, &b)) return OOP_FAIL;
  size_t longer = a.count, shorter = b.count;
  if (longer < shorter) swap_sizes(&longer, &shorter);
  size_t limbs = product ? longer + shorter : longer + 1;
  if (limbs > LARGE_MAX_LIMBS + 1) return primitive_fail(m, FAILURE_TOO_LARGE);
  primitive_charge(m, product ? large_multiply_work(longer, shorter) : limbs * 8);
  if (!buffer_reserve_may_gc(m, &buffer, limbs)) return OOP_FAIL;
  try_operands(m, &a, &b);
  size_t count = operation(buffer.limbs, &a, &b, &negative);
  return buffer_integer_may_gc(m, &buffer, 0, count, negative);
}

/* integer OP float: true when the argument is a float and the receiver an integer. */
static bool try_float_argument(const Machine *m, double *a, double *b) {
  return oop_try_double(m, m->args[1], b) && number_try_double(m, m->args[0], a);
}

static Oop integer_add(Machine *m) {
  double x, y;
  if (oop_both_small(m->args[0], m->args[1])) return small_answer(m, oop_to_small(m->args[0]) + oop_to_small(m->args[1]));
  if (try_float_argument(m, &x, &y)) return float_answer(m, x + y);
  return large_operation(m, large_add, false);
}

static Oop integer_subtract(Machine *m) {
  double x, y;
  if (oop_both_small(m->args[0], m->args[1])) return small_answer(m, oop_to_small(m->args[0]) - oop_to_small(m->args[1]));
  if (try_float_argument(m, &x, &y)) return float_answer(m, x - y);
  return large_operation(m, large_subtract, false);
}

static Oop integer_multiply(Machine *m) {
  double x, y;
  int64_t product;
  if (oop_both_small(m->args[0], m->args[1]) &&
      !__builtin_mul_overflow(oop_to_small(m->args[0]), oop_to_small(m->args[1]), &product))
    return small_answer(m, product);
  if (try_float_argument(m, &x, &y)) return float_answer(m, x * y);
  return large_operation(m, large_multiply, true);
}

/* ---- quotients ---------------------------------------------------------------------------------------- */

enum { QUOTIENT, REMAINDER, EXACT };

static Oop large_quotient(Machine *m, bool floor, int wanted) {
  LargeView a, b;
  Buffer buffer;
  size_t quotient_count, remainder_count;
  bool quotient_negative, remainder_negative;
  if (!try_operands(m, &a, &b)) return OOP_FAIL;
  if (b.count == 0) return primitive_fail(m, FAILURE_DIVIDE_BY_ZERO);
  size_t offset = a.count + 2, limbs = offset + (a.count > b.count ? a.count : b.count) + 1;
  primitive_charge(m, large_multiply_work(a.count > b.count ? a.count - b.count + 1 : 1, b.count));
  if (!buffer_reserve_may_gc(m, &buffer, limbs)) return OOP_FAIL;
  try_operands(m, &a, &b);
  large_divide(buffer.limbs, &quotient_count, &quotient_negative, buffer.limbs + offset, &remainder_count,
               &remainder_negative, &a, &b, floor);
  if (wanted == EXACT && remainder_count > 0) {
    buffer_release(m, &buffer);
    return primitive_fail(m, FAILURE_BAD_VALUE);
  }
  if (wanted == REMAINDER) return buffer_integer_may_gc(m, &buffer, offset, remainder_count, remainder_negative);
  return buffer_integer_may_gc(m, &buffer, 0, quotient_count, quotient_negative);
}

/* Both small and the divisor not zero (SmallIntegers are 63 bits wide, so minVal / -1 fits an int64). */
static bool try_small_divide(const Machine *m, int64_t *a, int64_t *b) {
  if (!oop_both_small(m->args[0], m->args[1])) return false;
  *a = oop_to_small(m->args[0]);
  *b = oop_to_small(m->args[1]);
  return *b != 0;
}

static Oop integer_divide(Machine *m) {
  int64_t a, b;
  double x, y;
  if (try_small_divide(m, &a, &b)) return a % b == 0 ? small_answer(m, a / b) : primitive_fail(m, FAILURE_BAD_VALUE);
  if (try_float_argument(m, &x, &y)) {
    if (y == 0) return primitive_fail(m, FAILURE_DIVIDE_BY_ZERO);
    return float_answer(m, x / y);
  }
  return large_quotient(m, false, EXACT);
}

static Oop integer_floor_divide(Machine *m) {
  int64_t a, b;
  if (try_small_divide(m, &a, &b)) return small_answer(m, a / b - (a % b != 0 && (a < 0) != (b < 0)));
  return large_quotient(m, true, QUOTIENT);
}

static Oop integer_modulo(Machine *m) {
  int64_t a, b;
  if (try_small_divide(m, &a, &b)) {
    int64_t rest = a % b;
    return small_answer(m, rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
  }
  return large_quotient(m, true, REMAINDER);
}

static Oop integer_quotient(Machine *m) {
  int64_t a, b;
  if (try_small_divide(m, &a, &b)) return small_answer(m, a / b);
  return large_quotient(m, false, QUOTIENT);
}

static Oop integer_remainder(Machine *m) {
  int64_t a, b;
  if (try_small_divide(m, &a, &b)) return small_answer(m, a % b);
  return large_quotient(m, false, REMAINDER);
}

static Oop integer_gcd(Machine *m) {
  LargeView a, b;
  Buffer buffer;
  if (!try_operands(m, &a, &b)) return OOP_FAIL;
  primitive_charge(m, large_multiply_work(a.count, b.count) * 2);
  size_t shorter = a.count < b.count ? a.count : b.count;
  if (!buffer_reserve_may_gc(m, &buffer, a.count + b.count + shorter + 2)) return OOP_FAIL;
  try_operands(m, &a, &b);
  size_t count;
  if (a.count == 0 || b.count == 0) {
    const LargeView *other = a.count == 0 ? &b : &a;
    count = other->count;
    memcpy(buffer.limbs, other->limbs, count * sizeof(mp_limb_t));
  } else {
    count = large_gcd(buffer.limbs, buffer.limbs + shorter + 1, &a, &b);
  }
  return buffer_integer_may_gc(m, &buffer, 0, count, false);
}

static Oop integer_square_root(Machine *m) {
  LargeView a;
  Buffer buffer;
  if (!integer_try_view(m, m->args[0], &a) || a.negative) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  primitive_charge(m, large_multiply_work(a.count, a.count) * 2);
  if (!buffer_reserve_may_gc(m, &buffer, a.count / 2 + 1)) return OOP_FAIL;
  integer_try_view(m, m->args[0], &a);
  size_t count = large_square_root(buffer.limbs, &a);
  return buffer_integer_may_gc(m, &buffer, 0, count, false);
}

/* ---- comparison --------------------------------------------------------------------------------------- */

/* Compares an integer with an integer or a float.  *UNORDERED: the float is NaN.  False: the argument is something else. */
static bool try_compare(Machine *m, int *order, bool *unordered) {
  LargeView a, b;
  double y;
  *unordered = false;
  if (oop_both_small(m->args[0], m->args[1])) {
    int64_t left = oop_to_small(m->args[0]), right = oop_to_small(m->args[1]);
    *order = (left > right) - (left < right);
    return true;
  }
  if (!integer_try_view(m, m->args[0], &a)) return false;
  if (oop_try_double(m, m->args[1], &y)) {
    *unordered = isnan(y);
    *order = *unordered ? 0 : large_compare_double(&a, y);
    return true;
  }
  if (!integer_try_view(m, m->args[1], &b)) return false;
  *order = large_compare(&a, &b);
  return true;
}

COMPARISON_PRIMITIVES(integer)

/* ---- bits --------------------------------------------------------------------------------------------- */

static Oop integer_bitwise(Machine *m, LargeBitOperation op) {
  LargeView a, b;
  Buffer buffer;
  bool negative;
  if (oop_both_small(m->args[0], m->args[1])) {
    int64_t x = oop_to_small(m->args[0]), y = oop_to_small(m->args[1]);
    return oop_from_small(op == LARGE_AND ? x & y : op == LARGE_OR ? x | y : x ^ y);
  }
  if (!try_operands(m, &a, &b)) return OOP_FAIL;
  size_t limbs = (a.count > b.count ? a.count : b.count) + 2;
  primitive_charge(m, limbs * 8);
  if (!buffer_reserve_may_gc(m, &buffer, limbs)) return OOP_FAIL;
  try_operands(m, &a, &b);
  size_t count = large_bitwise(buffer.limbs, &a, &b, op, &negative);
  return buffer_integer_may_gc(m, &buffer, 0, count, negative);
}
static Oop integer_bit_and(Machine *m) { return integer_bitwise(m, LARGE_AND); }
static Oop integer_bit_or(Machine *m) { return integer_bitwise(m, LARGE_OR); }
static Oop integer_bit_xor(Machine *m) { return integer_bitwise(m, LARGE_XOR); }

static Oop integer_bit_shift(Machine *m) {
  LargeView a;
  Buffer buffer;
  bool negative;
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t bits = oop_to_small(m->args[1]);
  if (!integer_try_view(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (a.count == 0) return m->args[0];
  if (bits > LARGE_MAX_BITS) return primitive_fail(m, FAILURE_TOO_LARGE);
  size_t limbs = a.count + 1 + (bits > 0 ? (size_t)bits / 64 + 1 : 0);
  if (limbs > LARGE_MAX_LIMBS + 2) return primitive_fail(m, FAILURE_TOO_LARGE);
  primitive_charge(m, limbs * 8);
  if (!buffer_reserve_may_gc(m, &buffer, limbs)) return OOP_FAIL;
  integer_try_view(m, m->args[0], &a);
  negative = a.negative;
  size_t count = bits >= 0 ? large_shift_left(buffer.limbs, &a, (size_t)bits)
                           : large_shift_right(buffer.limbs, &a, (size_t)-bits, &negative);
  return buffer_integer_may_gc(m, &buffer, 0, count, negative);
}

static Oop integer_bit_at(Machine *m) {
  LargeView a;
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t index = oop_to_small(m->args[1]);
  if (index < 1) return primitive_fail(m, FAILURE_BAD_INDEX);
  if (!integer_try_view(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_small(large_bit_at(&a, (size_t)index - 1));
}

/* Bits needed for the magnitude: floorLog: 2 is one less. */
static Oop integer_bit_length(Machine *m) {
  LargeView a;
  if (!integer_try_view(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_small((int64_t)large_bit_length(a.limbs, a.count));
}

static Oop integer_low_bit(Machine *m) {
  LargeView a;
  if (!integer_try_view(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_small(a.count == 0 ? 0 : (int64_t)large_lowest_bit(&a) + 1);
}

/* Ones in the magnitude. */
static Oop integer_bit_count(Machine *m) {
  LargeView a;
  if (!integer_try_view(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_small(a.count == 0 ? 0 : (int64_t)mpn_popcount(a.limbs, (mp_size_t)a.count));
}

/* ---- conversion --------------------------------------------------------------------------------------- */

static Oop integer_as_float(Machine *m) {
  double value;
  if (!number_try_double(m, m->args[0], &value)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return float_answer(m, value);
}

static Oop integer_hash(Machine *m) {
  LargeView a;
  if (!integer_try_view(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  uint64_t hash = a.negative ? 0x9e3779b97f4a7c15u : 0;
  for (size_t i = 0; i < a.count; i++) hash = (hash ^ a.limbs[i]) * 0xff51afd7ed558ccdu, hash ^= hash >> 32;
  return oop_from_small((int64_t)(hash >> 4));
}

static Oop small_to_text(Machine *m, int64_t value, unsigned radix) {
  char text[72];
  size_t at = sizeof text;
  uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
  do text[--at] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest % radix];
  while (rest /= radix);
  if (value < 0) text[--at] = '-';
  Oop answer = machine_new_string_may_gc(m, text + at, sizeof text - at);
  return answer ? answer : OOP_FAIL;
}

static Oop integer_to_text(Machine *m) {
  LargeView a;
  Buffer buffer;
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t radix = oop_to_small(m->args[1]);
  if (radix < 2 || radix > 36) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (oop_is_small(m->args[0])) return small_to_text(m, oop_to_small(m->args[0]), (unsigned)radix);
  if (!integer_try_view(m, m->args[0], &a)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (a.count > LARGE_TEXT_MAX_BITS / 64) return primitive_fail(m, FAILURE_TOO_LARGE);
  size_t scratch = a.count + 1, text_limbs = large_text_size(&a, (unsigned)radix) / 8 + 1;
  primitive_charge(m, large_multiply_work(a.count, a.count));
  if (!buffer_reserve_may_gc(m, &buffer, scratch + text_limbs)) return OOP_FAIL;
  integer_try_view(m, m->args[0], &a);
  size_t length = large_to_text((char *)(buffer.limbs + scratch), buffer.limbs, &a, (unsigned)radix);
  Oop answer = machine_new_bytes_may_gc(m, CLASS_STRING, length);
  if (answer) {
    const mp_limb_t *from = buffer.on_heap ? object_limbs(machine_handle(m, buffer.handle)) : buffer.limbs;
    memcpy(object_bytes(oop_to_object(answer)), from + scratch, length);
  }
  buffer_release(m, &buffer);
  return answer ? answer : OOP_FAIL;
}

/* Reads the digits at TEXT, or those of the byte object in m->args[0] when TEXT is NULL (it may move). */
static Oop read_digits_may_gc(Machine *m, const char *text, size_t length, unsigned radix, bool negative) {
  Buffer buffer;
  size_t count, limbs = large_from_text_limbs(length, radix);
  if (limbs > LARGE_TEXT_MAX_BITS / 64) return primitive_fail(m, FAILURE_TOO_LARGE);
  primitive_charge(m, large_multiply_work(limbs, limbs));
  if (!buffer_reserve_may_gc(m, &buffer, limbs + length / 8 + 1)) return OOP_FAIL;
  if (!text) oop_try_bytes(m, m->args[0], &text, &length);
  if (!large_from_text(buffer.limbs, &count, (unsigned char *)(buffer.limbs + limbs), text, length, radix)) {
    buffer_release(m, &buffer);
    return primitive_fail(m, FAILURE_BAD_VALUE);
  }
  return buffer_integer_may_gc(m, &buffer, 0, count, negative);
}

Oop integer_from_digits_may_gc(Machine *m, const char *text, size_t length, unsigned radix, bool negative) {
  Oop answer = read_digits_may_gc(m, text, length, radix, negative);
  return answer == OOP_FAIL ? 0 : answer;
}

static Oop string_to_integer(Machine *m) {
  const char *text;
  size_t length;
  if (!oop_try_bytes(m, m->args[0], &text, &length)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t radix = oop_to_small(m->args[1]);
  if (radix < 2 || radix > 36 || length == 0) return primitive_fail(m, FAILURE_BAD_VALUE);
  return read_digits_may_gc(m, NULL, length, (unsigned)radix, false);
}

const Primitive integer_primitives[] = {
    {"integer_add", integer_add, 1, "integer + integer or float", 0},
    {"integer_subtract", integer_subtract, 1, "integer - integer or float", 0},
    {"integer_multiply", integer_multiply, 1, "integer * integer or float; fails when longer than 2^24 bits", 0},
    {"integer_divide", integer_divide, 1, "integer / integer when exact, or / float; fails otherwise", 0},
    {"integer_floor_divide", integer_floor_divide, 1, "// : quotient rounded towards minus infinity", 0},
    {"integer_modulo", integer_modulo, 1, "\\\\ : remainder with the sign of the divisor", 0},
    {"integer_quotient", integer_quotient, 1, "quo: : quotient rounded towards zero", 0},
    {"integer_remainder", integer_remainder, 1, "rem: : remainder with the sign of the receiver", 0},
    {"integer_gcd", integer_gcd, 1, "greatest common divisor, not negative", 0},
    {"integer_square_root", integer_square_root, 0, "floor of the square root of an integer not negative", 0},
    {"integer_less", integer_less, 1, "integer < integer or float, exactly", 0},
    {"integer_greater", integer_greater, 1, "integer > integer or float, exactly", 0},
    {"integer_less_equal", integer_less_equal, 1, "integer <= integer or float, exactly", 0},
    {"integer_greater_equal", integer_greater_equal, 1, "integer >= integer or float, exactly", 0},
    {"integer_equal", integer_equal, 1, "integer = integer or float, exactly", 0},
    {"integer_not_equal", integer_not_equal, 1, "integer ~= integer or float, exactly", 0},
    {"integer_bit_and", integer_bit_and, 1, "bitAnd: in two's complement", 0},
    {"integer_bit_or", integer_bit_or, 1, "bitOr: in two's complement", 0},
    {"integer_bit_xor", integer_bit_xor, 1, "bitXor: in two's complement", 0},
    {"integer_bit_shift", integer_bit_shift, 1, "bitShift: left, or right (towards minus infinity) when negative", 0},
    {"integer_bit_at", integer_bit_at, 1, "bit at an index from 1, two's complement", 0},
    {"integer_bit_length", integer_bit_length, 0, "bits of the magnitude, 0 for zero", 0},
    {"integer_low_bit", integer_low_bit, 0, "index from 1 of the lowest bit set, 0 for zero", 0},
    {"integer_bit_count", integer_bit_count, 0, "number of ones in the magnitude", 0},
    {"integer_as_float", integer_as_float, 0, "nearest FloatD", 0},
    {"integer_hash", integer_hash, 0, "hash of a large integer from its limbs", 0},
    {"integer_to_text", integer_to_text, 1, "String of the digits in a radix 2..36; fails above 2^20 bits", 0},
    {"string_to_integer", string_to_integer, 1, "integer whose digits in a radix the receiver holds; fails above 2^20 bits", 0},
    {NULL, NULL, 0, NULL, 0}};
