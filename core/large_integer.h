/* SPDX-License-Identifier: MIT */
/* large_integer.h -- arithmetic on signed numbers of any size, on plain limb arrays.
 *
 * Knows no heap and no machine: the caller owns all memory and says where results go.  A magnitude is an array of 64-bit limbs, least
 * significant first, without leading zero limbs (count 0 is zero).  Results are normalised the same way; each function says how many
 * limbs it may write.  Unless a function says otherwise, result and operands must not overlap. */
#ifndef ATOLL_LARGE_INTEGER_H
#define ATOLL_LARGE_INTEGER_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LARGE_MAX_BITS = 1 << 24,             /* no result may be longer */
  LARGE_MAX_LIMBS = LARGE_MAX_BITS / 64,
  LARGE_DOUBLE_LIMBS = 17,              /* of the largest double: 1024 bits, one to spare */
  LARGE_TEXT_MAX_BITS = 1 << 20         /* printed or read in one piece; longer ones in halves, in Smalltalk */
};

/* A number to read.  LIMBS may point to SINGLE, so a view is filled in place and not copied. */
typedef struct LargeView {
  const mp_limb_t *limbs;
  size_t count;
  bool negative;
  mp_limb_t single;
} LargeView;

typedef enum LargeBitOperation { LARGE_AND, LARGE_OR, LARGE_XOR } LargeBitOperation;

void large_view_int64(LargeView *view, int64_t value);

/* Limbs without the leading zero ones. */
size_t large_normalise(const mp_limb_t *limbs, size_t count);
/* Bits of the magnitude; 0 for zero. */
size_t large_bit_length(const mp_limb_t *limbs, size_t count);
/* -1, 0 or 1. */
int large_compare(const LargeView *a, const LargeView *b);
/* The same against a double that is not NaN, exactly. */
int large_compare_double(const LargeView *a, double b);
bool large_try_int64(const mp_limb_t *limbs, size_t count, bool negative, int64_t *out);

/* The following write the magnitude to RESULT and the sign to *NEGATIVE, and answer the number of limbs. */

/* RESULT: one limb more than the longer operand. */
size_t large_add(mp_limb_t *result, const LargeView *a, const LargeView *b, bool *negative);
size_t large_subtract(mp_limb_t *result, const LargeView *a, const LargeView *b, bool *negative);
/* RESULT: the sum of both counts. */
size_t large_multiply(mp_limb_t *result, const LargeView *a, const LargeView *b, bool *negative);
/* Quotient (a.count + 2 limbs, answered in *QUOTIENT_COUNT) and remainder (b.count + 1 limbs) of a / b, b not zero.  FLOOR: towards minus
 * infinity, the remainder has the sign of b; else towards zero, the remainder has the sign of a. */
void large_divide(mp_limb_t *quotient, size_t *quotient_count, bool *quotient_negative, mp_limb_t *remainder,
                  size_t *remainder_count, bool *remainder_negative, const LargeView *a, const LargeView *b, bool floor);
/* As if in two's complement of unlimited length.  RESULT: two limbs more than the longer operand. */
size_t large_bitwise(mp_limb_t *result, const LargeView *a, const LargeView *b, LargeBitOperation op, bool *negative);
/* RESULT: a.count + bits / 64 + 1 limbs. */
size_t large_shift_left(mp_limb_t *result, const LargeView *a, size_t bits);
/* Towards minus infinity.  RESULT: a.count + 1 limbs. */
size_t large_shift_right(mp_limb_t *result, const LargeView *a, size_t bits, bool *negative);
bool large_bit_at(const LargeView *a, size_t bit); /* from 0; two's complement */
/* Index from 0 of the lowest bit set; a is not zero. */
size_t large_lowest_bit(const LargeView *a);
/* Both not zero.  RESULT: the smaller count.  SCRATCH: a.count + b.count limbs. */
size_t large_gcd(mp_limb_t *result, mp_limb_t *scratch, const LargeView *a, const LargeView *b);
/* Floor of the square root of a not negative.  RESULT: (a.count + 1) / 2 limbs. */
size_t large_square_root(mp_limb_t *result, const LargeView *a);

/* Nearest double, ties to even; infinite when too large. */
double large_to_double(const LargeView *a);
/* A finite double without its fraction.  RESULT: LARGE_DOUBLE_LIMBS. */
size_t large_from_double(mp_limb_t *result, double value, bool *negative);

/* Most characters that large_to_text may write (sign included). */
size_t large_text_size(const LargeView *a, unsigned radix);
/* Digits in RADIX 2..36, upper case, with '-' in front of a negative number; answers their number.  SCRATCH: a.count + 1 limbs.  TEXT and SCRATCH
 * must not overlap. */
size_t large_to_text(char *text, mp_limb_t *scratch, const LargeView *a, unsigned radix);
/* Limbs that large_from_text may write for LENGTH digits. */
size_t large_from_text_limbs(size_t length, unsigned radix);
/* Reads LENGTH digits, letters in any case, '_' ignored.  DIGITS: room for LENGTH bytes.  Answers false at anything that is no digit in RADIX. */
bool large_from_text(mp_limb_t *result, size_t *count, unsigned char *digits, const char *text, size_t length,
                     unsigned radix);

/* What the operations cost, in bytes of work (primitive_charge). */
size_t large_multiply_work(size_t a_limbs, size_t b_limbs);

#endif
