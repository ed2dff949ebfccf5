/* SPDX-License-Identifier: MIT */
/* float_text_test.c -- printing the shortest text, reading the nearest double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "float_text.h"

static void assert_prints(double value, const char *expected) {
  char text[FLOAT_TEXT_SIZE + 1];
  size_t length = float_print(text, value);
  assert_true(length <= FLOAT_TEXT_SIZE);
  text[length] = 0;
  assert_string_equal(text, expected);
}

static void prints_as_gnu_smalltalk_does(void **state) {
  (void)state;
  assert_prints(0.0, "0.0");
  assert_prints(-0.0, "-0.0");
  assert_prints(1, "1.0");
  assert_prints(0.1, "0.1");
  assert_prints(-2.5, "-2.5");
  assert_prints(100, "100.0");
  assert_prints(1234567.125, "1234567.125");
  assert_prints(1e16, "10000000000000000.0");
  assert_prints(1e100, "1.0d100");
  assert_prints(1.5e300, "1.5d300");
  assert_prints(1e-10, "0.0000000001");
  assert_prints(1e-20, "1.0d-20");
  assert_prints(0.30000000000000004, "0.30000000000000004");
  assert_prints(5e-324, "5.0d-324");
  assert_prints(1.7976931348623157e308, "1.7976931348623157d308");
  assert_prints(INFINITY, "Inf");
  assert_prints(-INFINITY, "-Inf");
  assert_prints(NAN, "NaN");
}

static void digits_are_the_fewest(void **state) {
  (void)state;
  char digits[FLOAT_MAX_DIGITS];
  int point;
  assert_int_equal(float_shortest_digits(-123.0, digits, &point), 3);
  assert_memory_equal(digits, "123", 3);
  assert_int_equal(point, 3);
  assert_int_equal(float_shortest_digits(0.001, digits, &point), 1);
  assert_int_equal(point, -2);
  assert_int_equal(float_shortest_single_digits(0.1f, digits, &point), 1);
}

static double random_double(void) {
  uint64_t bits = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();
  double value;
  memcpy(&value, &bits, sizeof value);
  return isfinite(value) && value != 0 ? fabs(value) : 1.0;
}

static void digits_read_back_exactly(void **state) {
  (void)state;
  for (int i = 0; i < 100000; i++) {
    char digits[FLOAT_MAX_DIGITS], text[64];
    int point;
    double value = random_double(), back;
    size_t count = float_shortest_digits(value, digits, &point);
    assert_true(count >= 1 && count <= FLOAT_MAX_DIGITS);
    int length = snprintf(text, sizeof text, "0.%.*se%d", (int)count, digits, point);
    assert_true(float_try_read(text, (size_t)length, &back));
    assert_true(back == value);
    assert_true(strtod(text, NULL) == value);
  }
}

static void reads_the_nearest(void **state) {
  (void)state;
  double value;
  assert_true(float_try_read("9007199254740993", 16, &value)); /* 2^53 + 1: a tie, to even */
  assert_true(value == 9007199254740992.0);
  assert_true(float_try_read("-1.5e3", 6, &value));
  assert_true(value == -1500);
  assert_true(float_try_read("1e400", 5, &value));
  assert_true(value == INFINITY);
  assert_true(float_try_read("-1e400", 6, &value));
  assert_true(value == -INFINITY);
  assert_true(float_try_read("1e-400", 6, &value));
  assert_true(value == 0);
}

static void refuses_what_is_no_number(void **state) {
  (void)state;
  double value;
  assert_false(float_try_read("", 0, &value));
  assert_false(float_try_read("abc", 3, &value));
  assert_false(float_try_read("1.5x", 4, &value));
  assert_false(float_try_read("1e", 2, &value));
}

int main(void) {
  srand(7);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(prints_as_gnu_smalltalk_does), cmocka_unit_test(digits_are_the_fewest),
      cmocka_unit_test(digits_read_back_exactly),     cmocka_unit_test(reads_the_nearest),
      cmocka_unit_test(refuses_what_is_no_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
