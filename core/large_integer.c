/* SPDX-License-Identifier: MIT */
/* large_integer.c -- signs, two's complement and text around GMP's mpn functions.
 *
 * mpn works on magnitudes and asks for operands in a certain order; this file adds the sign rules.  mpn takes scratch memory from malloc for
 * big operands, which is why every size is limited (LARGE_MAX_BITS) by the callers. */
#include "large_integer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void large_view_int64(LargeView *view, int64_t value) {
  view->negative = value < 0;
  view->single = value < 0 ? -(uint64_t)value : (uint64_t)value;
  view->limbs = &view->single;
  view->count = value != 0;
}

size_t large_normalise(const mp_limb_t *limbs, size_t count) {
  while (count > 0 && limbs[count - 1] == 0) count--;
  return count;
}

size_t large_bit_length(const mp_limb_t *limbs, size_t count) {
  return count == 0 ? 0 : count * 64 - (size_t)__builtin_clzll(limbs[count - 1]);
}

static int compare_magnitudes(const mp_limb_t *a, size_t an, const mp_limb_t *b, size_t bn) {
  if (an != bn) return an < bn ? -1 : 1;
  if (an == 0) return 0;
  int order = mpn_cmp(a, b, (mp_size_t)an);
  return (order > 0) - (order < 0);
}

int large_compare(const LargeView *a, const LargeView *b) {
  if (a->negative != b->negative) return a->negative ? -1 : 1;
  int order = compare_magnitudes(a->limbs, a->count, b->limbs, b->count);
  return a->negative ? -order : order;
}

int large_compare_double(const LargeView *a, double b) {
  if (isinf(b)) return b < 0 ? 1 : -1;
  double whole = floor(b);
  mp_limb_t limbs[LARGE_DOUBLE_LIMBS];
  LargeView view;
  view.limbs = limbs;
  view.count = large_from_double(limbs, whole, &view.negative);
  int order = large_compare(a, &view);
  return order == 0 && b > whole ? -1 : order;
}

bool large_try_int64(const mp_limb_t *limbs, size_t count, bool negative, int64_t *out) {
  if (count == 0) {
    *out = 0;
    return true;
  }
  if (count > 1 || limbs[0] > (uint64_t)INT64_MAX + negative) return false;
  *out = negative ? (int64_t)-limbs[0] : (int64_t)limbs[0];
  return true;
}

/* ---- sums ------------------------------------------------------------------------------------------ */

static size_t add_magnitudes(mp_limb_t *result, const LargeView *a, const LargeView *b) {
  if (a->count < b->count) {
    const LargeView *swap = a;
    a = b;
    b = swap;
  }
  if (b->count == 0) {
    memcpy(result, a->limbs, a->count * sizeof *result);
    return a->count;
  }
  result[a->count] = mpn_add(result, a->limbs, (mp_size_t)a->count, b->limbs, (mp_size_t)b->count);
  return large_normalise(result, a->count + 1);
}

/* |a| - |b|, where |a| >= |b|. */
static size_t subtract_magnitudes(mp_limb_t *result, const LargeView *a, const LargeView *b) {
  if (b->count == 0) {
    memcpy(result, a->limbs, a->count * sizeof *result);
    return a->count;
  }
  mpn_sub(result, a->limbs, (mp_size_t)a->count, b->limbs, (mp_size_t)b->count);
  return large_normalise(result, a->count);
}

static size_t add_signed(mp_limb_t *result, const LargeView *a, const LargeView *b, bool b_negative, bool *negative) {
  *negative = a->negative;
  if (a->negative == b_negative) return add_magnitudes(result, a, b);
  int order = compare_magnitudes(a->limbs, a->count, b->limbs, b->count);
  if (order == 0) {
    *negative = false;
    return 0;
  }
  if (order > 0) return subtract_magnitudes(result, a, b);
  *negative = b_negative;
  return subtract_magnitudes(result, b, a);
}

size_t large_add(mp_limb_t *result, const LargeView *a, const LargeView *b, bool *negative) {
  return add_signed(result, a, b, b->negative, negative);
}

size_t large_subtract(mp_limb_t *result, const LargeView *a, const LargeView *b, bool *negative) {
  size_t count = add_signed(result, a, b, b->count > 0 && !b->negative, negative);
  if (count == 0) *negative = false;
  return count;
}

/* ---- products and quotients ------------------------------------------------------------------------- */

size_t large_multiply(mp_limb_t *result, const LargeView *a, const LargeView *b, bool *negative) {
  *negative = a->negative != b->negative;
  if (a->count == 0 || b->count == 0) {
    *negative = false;
    return 0;
  }
  if (a->count < b->count) {
    const LargeView *swap = a;
    a = b;
    b = swap;
  }
  if (a->limbs == b->limbs && a->count == b->count)
    mpn_sqr(result, a->limbs, (mp_size_t)a->count);
  else
    mpn_mul(result, a->limbs, (mp_size_t)a->count, b->limbs, (mp_size_t)b->count);
  return large_normalise(result, a->count + b->count);
}

size_t large_multiply_work(size_t a, size_t b) {
  size_t shorter = a < b ? a : b, longer = a < b ? b : a;
  size_t row = shorter; /* limb products per limb of the longer operand: quadratic at first, then about n^1.3, then n log n */
  if (row > 32) row = 32 + (row - 32) / 4;
  if (row > 512) row = 512;
  return longer * row * 4;
}

/* Moves a truncated quotient and remainder to the floored ones; both have room for one more limb. */
static void adjust_to_floor(mp_limb_t *quotient, size_t *quotient_count, mp_limb_t *remainder, size_t *remainder_count,
                            const LargeView *b) {
  if (*remainder_count == 0) return;
  quotient[*quotient_count] = 0;
  mpn_add_1(quotient, quotient, (mp_size_t)*quotient_count + 1, 1);
  *quotient_count = large_normalise(quotient, *quotient_count + 1);
  mpn_sub(remainder, b->limbs, (mp_size_t)b->count, remainder, (mp_size_t)*remainder_count);
  *remainder_count = large_normalise(remainder, b->count);
}

void large_divide(mp_limb_t *quotient, size_t *quotient_count, bool *quotient_negative, mp_limb_t *remainder,
                  size_t *remainder_count, bool *remainder_negative, const LargeView *a, const LargeView *b, bool floor) {
  bool signs_differ = a->negative != b->negative;
  assert(b->count > 0);
  if (a->count < b->count) {
    *quotient_count = 0;
    memcpy(remainder, a->limbs, a->count * sizeof *remainder);
    *remainder_count = a->count;
  } else {
    mpn_tdiv_qr(quotient, remainder, 0, a->limbs, (mp_size_t)a->count, b->limbs, (mp_size_t)b->count);
    *quotient_count = large_normalise(quotient, a->count - b->count + 1);
    *remainder_count = large_normalise(remainder, b->count);
  }
  *remainder_negative = a->negative;
  if (floor) {
    if (signs_differ) adjust_to_floor(quotient, quotient_count, remainder, remainder_count, b);
    *remainder_negative = b->negative;
  }
  *quotient_negative = signs_differ && *quotient_count > 0;
  if (*remainder_count == 0) *remainder_negative = false;
}

/* ---- bits -------------------------------------------------------------------------------------------- */

/* The limbs of a number in two's complement, one after the other. */
typedef struct BitReader {
  const LargeView *number;
  mp_limb_t carry; /* of adding one to the inverted magnitude */
} BitReader;

static mp_limb_t bit_reader_next(BitReader *reader, size_t index) {
  mp_limb_t limb = index < reader->number->count ? reader->number->limbs[index] : 0;
  if (!reader->number->negative) return limb;
  limb = ~limb + reader->carry;
  reader->carry = reader->carry && limb == 0;
  return limb;
}

size_t large_bitwise(mp_limb_t *result, const LargeView *a, const LargeView *b, LargeBitOperation op, bool *negative) {
  BitReader left = {a, 1}, right = {b, 1};
  size_t count = (a->count > b->count ? a->count : b->count) + 1;
  for (size_t i = 0; i < count; i++) {
    mp_limb_t x = bit_reader_next(&left, i), y = bit_reader_next(&right, i);
    result[i] = op == LARGE_AND ? x & y : op == LARGE_OR ? x | y : x ^ y;
  }
  *negative = result[count - 1] >> 63;
  if (*negative) mpn_neg(result, result, (mp_size_t)count);
  return large_normalise(result, count);
}

size_t large_shift_left(mp_limb_t *result, const LargeView *a, size_t bits) {
  size_t whole = bits / 64, part = bits % 64;
  if (a->count == 0) return 0;
  memset(result, 0, whole * sizeof *result);
  if (part == 0) {
    memcpy(result + whole, a->limbs, a->count * sizeof *result);
    return whole + a->count;
  }
  result[whole + a->count] = mpn_lshift(result + whole, a->limbs, (mp_size_t)a->count, (unsigned)part);
  return large_normalise(result, whole + a->count + 1);
}

size_t large_shift_right(mp_limb_t *result, const LargeView *a, size_t bits, bool *negative) {
  size_t whole = bits / 64, part = bits % 64, count = 0;
  mp_limb_t lost = 0;
  *negative = a->negative;
  for (size_t i = 0; i < whole && i < a->count; i++) lost |= a->limbs[i];
  if (whole < a->count) {
    count = a->count - whole;
    if (part == 0)
      memcpy(result, a->limbs + whole, count * sizeof *result);
    else
      lost |= mpn_rshift(result, a->limbs + whole, (mp_size_t)count, (unsigned)part);
    count = large_normalise(result, count);
  }
  if (a->negative && lost) {
    result[count] = 0;
    mpn_add_1(result, result, (mp_size_t)count + 1, 1);
    count = large_normalise(result, count + 1);
  }
  if (count == 0) *negative = false;
  return count;
}

size_t large_lowest_bit(const LargeView *a) {
  size_t i = 0;
  while (a->limbs[i] == 0) i++;
  return i * 64 + (size_t)__builtin_ctzll(a->limbs[i]);
}

bool large_bit_at(const LargeView *a, size_t bit) {
  bool set = bit / 64 < a->count && (a->limbs[bit / 64] >> bit % 64 & 1);
  if (!a->negative) return set;
  /* -x inverts every bit above the lowest one set in x */
  return bit > large_lowest_bit(a) ? !set : set;
}

/* ---- number theory ------------------------------------------------------------------------------------ */

size_t large_gcd(mp_limb_t *result, mp_limb_t *scratch, const LargeView *a, const LargeView *b) {
  size_t a_twos = large_lowest_bit(a), b_twos = large_lowest_bit(b), twos = a_twos < b_twos ? a_twos : b_twos;
  LargeView x = *a, y = *b;
  bool negative;
  x.negative = y.negative = false;
  mp_limb_t *left = scratch, *right = scratch + a->count;
  size_t left_count = large_shift_right(left, &x, a_twos, &negative);
  size_t right_count = large_shift_right(right, &y, b_twos, &negative);
  if (compare_magnitudes(left, left_count, right, right_count) < 0) {
    mp_limb_t *swap = left;
    size_t swap_count = left_count;
    left = right, left_count = right_count;
    right = swap, right_count = swap_count;
  }
  size_t count = (size_t)mpn_gcd(result, left, (mp_size_t)left_count, right, (mp_size_t)right_count);
  if (twos == 0) return count;
  memcpy(scratch, result, count * sizeof *result);
  LargeView odd = {.limbs = scratch, .count = count, .negative = false};
  if (twos % 64 == 0 || large_bit_length(scratch, count) % 64 + twos % 64 <= 64) { /* no spill into another limb */
    size_t whole = twos / 64;
    memset(result, 0, whole * sizeof *result);
    if (twos % 64 == 0)
      memcpy(result + whole, scratch, count * sizeof *result);
    else
      mpn_lshift(result + whole, scratch, (mp_size_t)count, (unsigned)(twos % 64));
    return large_normalise(result, whole + count);
  }
  return large_shift_left(result, &odd, twos);
}

size_t large_square_root(mp_limb_t *result, const LargeView *a) {
  if (a->count == 0) return 0;
  mpn_sqrtrem(result, NULL, a->limbs, (mp_size_t)a->count);
  return large_normalise(result, (a->count + 1) / 2);
}

/* ---- doubles ------------------------------------------------------------------------------------------ */

double large_to_double(const LargeView *a) {
  size_t bits = large_bit_length(a->limbs, a->count);
  if (bits == 0) return 0.0;
  if (bits > 1025) return a->negative ? -INFINITY : INFINITY;
  uint64_t top = a->limbs[a->count - 1];
  unsigned shift = (unsigned)__builtin_clzll(top);
  bool sticky = false;
  if (shift > 0) {
    top <<= shift;
    if (a->count > 1) top |= a->limbs[a->count - 2] >> (64 - shift);
  }
  /* 64 significant bits; whatever lies below only matters as "not exactly half" */
  if (a->count > 1 && shift < 64) sticky = a->limbs[a->count - 2] << shift != 0;
  for (size_t i = 0; !sticky && i + 2 < a->count; i++) sticky = a->limbs[i] != 0;
  if (sticky) top |= 1;
  double value = ldexp((double)top, (int)bits - 64);
  return a->negative ? -value : value;
}

size_t large_from_double(mp_limb_t *result, double value, bool *negative) {
  int exponent;
  *negative = value < 0;
  double mantissa = frexp(fabs(trunc(value)), &exponent);
  if (mantissa == 0) {
    *negative = false;
    return 0;
  }
  uint64_t bits = (uint64_t)ldexp(mantissa, 53);
  LargeView view = {.limbs = &bits, .count = 1, .negative = false};
  bool ignored;
  if (exponent <= 53) return large_shift_right(result, &view, (size_t)(53 - exponent), &ignored);
  return large_shift_left(result, &view, (size_t)(exponent - 53));
}

/* ---- text --------------------------------------------------------------------------------------------- */

static const double bits_per_digit[37] = {
    0,      0,      1,      1.5849, 2,      2.3219, 2.5849, 2.8073, 3,      3.1699, 3.3219, 3.4594, 3.5849,
    3.7004, 3.8073, 3.9068, 4,      4.0874, 4.1699, 4.2479, 4.3219, 4.3923, 4.4594, 4.5235, 4.5849, 4.6438,
    4.7004, 4.7548, 4.8073, 4.8579, 4.9068, 4.9541, 5,      5.0443, 5.0874, 5.1292, 5.1699}; /* rounded down */

size_t large_text_size(const LargeView *a, unsigned radix) {
  return (size_t)((double)large_bit_length(a->limbs, a->count) / bits_per_digit[radix]) + 4;
}

size_t large_to_text(char *text, mp_limb_t *scratch, const LargeView *a, unsigned radix) {
  char *start = text;
  if (a->count == 0) {
    *text = '0';
    return 1;
  }
  if (a->negative) *text++ = '-';
  memcpy(scratch, a->limbs, a->count * sizeof *scratch);
  size_t length = mpn_get_str((unsigned char *)text, (int)radix, scratch, (mp_size_t)a->count), zeros = 0;
  while (zeros + 1 < length && text[zeros] == 0) zeros++;
  for (size_t i = zeros; i < length; i++) text[i - zeros] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(unsigned char)text[i]];
  return (size_t)(text - start) + length - zeros;
}

size_t large_from_text_limbs(size_t length, unsigned radix) {
  return (size_t)((double)length * (bits_per_digit[radix] + 0.0002) / 64) + 2;
}

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  return 99;
}

bool large_from_text(mp_limb_t *result, size_t *count, unsigned char *digits, const char *text, size_t length,
                     unsigned radix) {
  size_t used = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '_') continue;
    int value = digit_value(text[i]);
    if (value >= (int)radix) return false;
    if (used > 0 || value > 0) digits[used++] = (unsigned char)value;
  }
  *count = used == 0 ? 0 : large_normalise(result, (size_t)mpn_set_str(result, digits, used, (int)radix));
  return true;
}
