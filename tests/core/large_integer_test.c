/* SPDX-License-Identifier: MIT */
/* large_integer_test.c -- signed arithmetic on limbs, against GMP's own signed integers as an oracle, on random and on awkward numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "large_integer.h"

enum { ROUNDS = 4000, MAX_LIMBS = 40, ROOM = 2 * MAX_LIMBS + 8 };

/* Limbs with long runs of zeros and ones, where carries go far. */
static size_t random_limbs(mp_limb_t *limbs) {
  size_t count = (size_t)rand() % MAX_LIMBS;
  for (size_t i = 0; i < count; i++) {
    int kind = rand() % 4;
    limbs[i] = kind == 0 ? 0 : kind == 1 ? ~(mp_limb_t)0 : (mp_limb_t)rand() << 33 ^ (mp_limb_t)rand() << 11 ^ (mp_limb_t)rand();
  }
  return large_normalise(limbs, count);
}

static void random_view(LargeView *view, mp_limb_t *limbs) {
  view->limbs = limbs;
  view->count = random_limbs(limbs);
  view->negative = view->count > 0 && rand() % 2;
}

static void to_mpz(mpz_t out, const mp_limb_t *limbs, size_t count, bool negative) {
  mpz_import(out, count, -1, sizeof(mp_limb_t), 0, 0, limbs);
  if (negative) mpz_neg(out, out);
}

static void assert_is(const mpz_t expected, const mp_limb_t *limbs, size_t count, bool negative) {
  mpz_t actual;
  mpz_init(actual);
  assert_int_equal(count, large_normalise(limbs, count));
  if (count == 0) assert_false(negative);
  to_mpz(actual, limbs, count, negative);
  assert_int_equal(mpz_cmp(expected, actual), 0);
  mpz_clear(actual);
}

typedef struct Pair {
  mp_limb_t a_limbs[MAX_LIMBS], b_limbs[MAX_LIMBS];
  LargeView a, b;
  mpz_t x, y, expected;
} Pair;

static void pair_init(Pair *p) {
  mpz_inits(p->x, p->y, p->expected, NULL);
}
static void pair_destroy(Pair *p) { mpz_clears(p->x, p->y, p->expected, NULL); }

static void pair_next(Pair *p) {
  random_view(&p->a, p->a_limbs);
  random_view(&p->b, p->b_limbs);
  to_mpz(p->x, p->a_limbs, p->a.count, p->a.negative);
  to_mpz(p->y, p->b_limbs, p->b.count, p->b.negative);
}

static void sums_and_products_agree(void **state) {
  (void)state;
  Pair p;
  mp_limb_t r[ROOM];
  bool negative;
  pair_init(&p);
  for (int i = 0; i < ROUNDS; i++) {
    pair_next(&p);
    mpz_add(p.expected, p.x, p.y);
    size_t count = large_add(r, &p.a, &p.b, &negative);
    assert_is(p.expected, r, count, negative);
    mpz_sub(p.expected, p.x, p.y);
    count = large_subtract(r, &p.a, &p.b, &negative);
    assert_is(p.expected, r, count, negative);
    mpz_mul(p.expected, p.x, p.y);
    count = large_multiply(r, &p.a, &p.b, &negative);
    assert_is(p.expected, r, count, negative);
    int order = mpz_cmp(p.x, p.y);
    assert_int_equal(large_compare(&p.a, &p.b), (order > 0) - (order < 0));
  }
  pair_destroy(&p);
}

static void a_square_agrees(void **state) {
  (void)state;
  Pair p;
  mp_limb_t r[ROOM];
  bool negative;
  pair_init(&p);
  for (int i = 0; i < ROUNDS / 4; i++) {
    pair_next(&p);
    mpz_mul(p.expected, p.x, p.x);
    size_t count = large_multiply(r, &p.a, &p.a, &negative);
    assert_is(p.expected, r, count, negative);
  }
  pair_destroy(&p);
}

static void quotients_round_as_told(void **state) {
  (void)state;
  Pair p;
  mp_limb_t q[ROOM], r[ROOM];
  size_t q_count, r_count;
  bool q_negative, r_negative;
  mpz_t rest;
  mpz_init(rest);
  pair_init(&p);
  for (int i = 0; i < ROUNDS; i++) {
    pair_next(&p);
    if (p.b.count == 0) continue;
    mpz_fdiv_qr(p.expected, rest, p.x, p.y);
    large_divide(q, &q_count, &q_negative, r, &r_count, &r_negative, &p.a, &p.b, true);
    assert_is(p.expected, q, q_count, q_negative);
    assert_is(rest, r, r_count, r_negative);
    mpz_tdiv_qr(p.expected, rest, p.x, p.y);
    large_divide(q, &q_count, &q_negative, r, &r_count, &r_negative, &p.a, &p.b, false);
    assert_is(p.expected, q, q_count, q_negative);
    assert_is(rest, r, r_count, r_negative);
  }
  mpz_clear(rest);
  pair_destroy(&p);
}

static void bits_are_those_of_twos_complement(void **state) {
  (void)state;
  Pair p;
  mp_limb_t r[ROOM];
  bool negative;
  pair_init(&p);
  for (int i = 0; i < ROUNDS; i++) {
    pair_next(&p);
    mpz_and(p.expected, p.x, p.y);
    size_t count = large_bitwise(r, &p.a, &p.b, LARGE_AND, &negative);
    assert_is(p.expected, r, count, negative);
    mpz_ior(p.expected, p.x, p.y);
    count = large_bitwise(r, &p.a, &p.b, LARGE_OR, &negative);
    assert_is(p.expected, r, count, negative);
    mpz_xor(p.expected, p.x, p.y);
    count = large_bitwise(r, &p.a, &p.b, LARGE_XOR, &negative);
    assert_is(p.expected, r, count, negative);
    size_t bit = (size_t)rand() % (MAX_LIMBS * 64 + 70);
    assert_int_equal(large_bit_at(&p.a, bit), mpz_tstbit(p.x, bit));
    if (p.a.count > 0) {
      assert_int_equal(large_lowest_bit(&p.a), mpz_scan1(p.x, 0));
      assert_int_equal(large_bit_length(p.a.limbs, p.a.count), mpz_sizeinbase(p.x, 2));
    }
  }
  pair_destroy(&p);
}

static void shifts_agree_and_round_down(void **state) {
  (void)state;
  Pair p;
  mp_limb_t r[ROOM];
  bool negative;
  pair_init(&p);
  for (int i = 0; i < ROUNDS; i++) {
    pair_next(&p);
    size_t bits = (size_t)rand() % (MAX_LIMBS * 64 - 64);
    if (rand() % 4 == 0) bits = bits / 64 * 64;
    mpz_fdiv_q_2exp(p.expected, p.x, bits);
    size_t count = large_shift_right(r, &p.a, bits, &negative);
    assert_is(p.expected, r, count, negative);
    mpz_mul_2exp(p.expected, p.x, bits);
    count = large_shift_left(r, &p.a, bits);
    assert_is(p.expected, r, count, p.a.negative);
  }
  pair_destroy(&p);
}

static void gcd_and_root_agree(void **state) {
  (void)state;
  Pair p;
  mp_limb_t r[ROOM], scratch[ROOM];
  pair_init(&p);
  for (int i = 0; i < ROUNDS / 2; i++) {
    pair_next(&p);
    p.a.negative = false;
    mpz_abs(p.x, p.x);
    mpz_sqrt(p.expected, p.x);
    size_t count = large_square_root(r, &p.a);
    assert_is(p.expected, r, count, false);
    if (p.a.count == 0 || p.b.count == 0) continue;
    mpz_gcd(p.expected, p.x, p.y);
    count = large_gcd(r, scratch, &p.a, &p.b);
    assert_is(p.expected, r, count, false);
  }
  pair_destroy(&p);
}

/* mpz_get_d truncates, so the nearest double is found by comparing both neighbours. */
static void doubles_are_the_nearest(void **state) {
  (void)state;
  Pair p;
  mpz_t below, above;
  mpz_inits(below, above, NULL);
  pair_init(&p);
  for (int i = 0; i < ROUNDS; i++) {
    pair_next(&p);
    if (p.a.count > 15) p.a.count = large_normalise(p.a_limbs, 15);
    if (p.a.count == 0) continue;
    p.a.negative = false;
    to_mpz(p.x, p.a_limbs, p.a.count, false);
    double low = mpz_get_d(p.x), high = nextafter(low, INFINITY), got = large_to_double(&p.a);
    mpz_set_d(below, low);
    mpz_set_d(above, high);
    mpz_sub(below, p.x, below);
    mpz_sub(above, above, p.x);
    int order = mpz_cmp(below, above);
    if (mpz_sgn(below) == 0) assert_true(got == low);
    else if (order != 0) assert_true(got == (order < 0 ? low : high));
    else assert_true(got == low || got == high);
  }
  mpz_clears(below, above, NULL);
  pair_destroy(&p);
}

static void halfway_goes_to_even(void **state) {
  (void)state;
  mp_limb_t limbs[2] = {0, 1};
  LargeView view = {.limbs = limbs, .count = 2, .negative = false};
  limbs[0] = (mp_limb_t)1 << 11; /* 2^64 + half a unit of the last place */
  assert_true(large_to_double(&view) == 0x1p64);
  limbs[0] = (mp_limb_t)3 << 11;
  assert_true(large_to_double(&view) == 0x1p64 + 0x1p13);
  limbs[0] = ((mp_limb_t)1 << 11) + 1;
  assert_true(large_to_double(&view) == 0x1p64 + 0x1p12);
}

static void too_large_is_infinite(void **state) {
  (void)state;
  mp_limb_t limbs[17];
  memset(limbs, 0xff, sizeof limbs);
  LargeView view = {.limbs = limbs, .count = 17, .negative = true};
  assert_true(large_to_double(&view) == -INFINITY);
  view.count = 16; /* 2^1024 - 1 rounds up */
  assert_true(large_to_double(&view) == -INFINITY);
}

static void doubles_become_integers_exactly(void **state) {
  (void)state;
  static const double values[] = {0, -0.0, 0.9, -0.9, 1, -1, 1.5, 0x1p53, 0x1p62, -0x1p63, 0x1p64, 1e300, 1.7976931348623157e308, -123456789.75};
  mp_limb_t limbs[LARGE_DOUBLE_LIMBS];
  mpz_t expected;
  mpz_init(expected);
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    bool negative;
    size_t count = large_from_double(limbs, values[i], &negative);
    mpz_set_d(expected, values[i]);
    assert_is(expected, limbs, count, negative);
  }
  mpz_clear(expected);
}

static void comparing_with_a_double_is_exact(void **state) {
  (void)state;
  LargeView view;
  large_view_int64(&view, (1ll << 53) + 1);
  assert_int_equal(large_compare_double(&view, 0x1p53), 1);
  large_view_int64(&view, 3);
  assert_int_equal(large_compare_double(&view, 3.0), 0);
  assert_int_equal(large_compare_double(&view, 3.5), -1);
  large_view_int64(&view, -3);
  assert_int_equal(large_compare_double(&view, -3.5), 1);
  assert_int_equal(large_compare_double(&view, -INFINITY), 1);
  assert_int_equal(large_compare_double(&view, INFINITY), -1);
}

static void text_reads_back(void **state) {
  (void)state;
  Pair p;
  static char text[MAX_LIMBS * 64 + 8];
  static unsigned char digits[sizeof text];
  mp_limb_t scratch[ROOM], r[ROOM];
  pair_init(&p);
  for (int i = 0; i < ROUNDS; i++) {
    pair_next(&p);
    unsigned radix = 2 + (unsigned)rand() % 35;
    size_t length = large_to_text(text, scratch, &p.a, radix), count;
    assert_true(length <= large_text_size(&p.a, radix));
    char *expected = mpz_get_str(NULL, -(int)radix, p.x);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(text, expected, length);
    free(expected);
    bool negative = text[0] == '-';
    assert_true(large_from_text_limbs(length, radix) <= ROOM);
    assert_true(large_from_text(r, &count, digits, text + negative, length - negative, radix));
    assert_is(p.x, r, count, negative);
  }
  pair_destroy(&p);
}

static void text_with_a_foreign_character_is_refused(void **state) {
  (void)state;
  mp_limb_t r[4];
  unsigned char digits[8];
  size_t count;
  assert_false(large_from_text(r, &count, digits, "12a", 3, 10));
  assert_false(large_from_text(r, &count, digits, "2", 1, 2));
  assert_true(large_from_text(r, &count, digits, "1_0", 3, 10));
  assert_int_equal(r[0], 10);
  assert_true(large_from_text(r, &count, digits, "zZ", 2, 36));
  assert_int_equal(r[0], 35 * 36 + 35);
}

static void limits_of_int64_are_found(void **state) {
  (void)state;
  int64_t out;
  mp_limb_t limb = (mp_limb_t)1 << 63;
  assert_true(large_try_int64(&limb, 1, true, &out));
  assert_true(out == INT64_MIN);
  assert_false(large_try_int64(&limb, 1, false, &out));
  limb--;
  assert_true(large_try_int64(&limb, 1, false, &out));
  assert_true(out == INT64_MAX);
  LargeView view;
  large_view_int64(&view, INT64_MIN);
  assert_true(view.negative && view.limbs[0] == (mp_limb_t)1 << 63);
}

int main(void) {
  srand(20090114);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_and_products_agree), cmocka_unit_test(a_square_agrees), cmocka_unit_test(quotients_round_as_told),
      cmocka_unit_test(bits_are_those_of_twos_complement), cmocka_unit_test(shifts_agree_and_round_down),
      cmocka_unit_test(gcd_and_root_agree), cmocka_unit_test(doubles_are_the_nearest), cmocka_unit_test(halfway_goes_to_even),
      cmocka_unit_test(too_large_is_infinite), cmocka_unit_test(doubles_become_integers_exactly),
      cmocka_unit_test(comparing_with_a_double_is_exact), cmocka_unit_test(text_reads_back),
      cmocka_unit_test(text_with_a_foreign_character_is_refused), cmocka_unit_test(limits_of_int64_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
