/* SPDX-License-Identifier: MIT */
/* wire_test.c -- items of MessagePack, written and read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "wire.h"

static WireItem read_back(const uint8_t *bytes, const uint8_t *end) {
  WireItem item;
  const uint8_t *at = bytes;
  assert_true(wire_try_read(&at, end, &item));
  assert_ptr_equal(at, end);
  return item;
}

static void integers_come_back_in_the_shortest_form(void **state) {
  (void)state;
  uint8_t bytes[WIRE_SCALAR_MAX];
  static const struct {
    int64_t n;
    size_t size;
  } cases[] = {{0, 1},       {127, 1},       {128, 2},       {255, 2},         {256, 3},         {65535, 3},     {65536, 5},      {4294967295, 5},
               {4294967296, 9}, {INT64_MAX, 9}, {-1, 1},       {-32, 1},         {-33, 2},         {-128, 2},      {-129, 3},       {-32768, 3},
               {-32769, 5},     {INT32_MIN, 5}, {(int64_t)INT32_MIN - 1, 9}, {INT64_MIN, 9}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint8_t *end = wire_put_integer(bytes, cases[i].n);
    assert_int_equal(end - bytes, cases[i].size);
    WireItem item = read_back(bytes, end);
    assert_int_equal(item.kind, cases[i].n < 0 ? WIRE_KIND_NEGATIVE : WIRE_KIND_UNSIGNED);
    assert_true((int64_t)item.word == cases[i].n);
  }
}

static void heads_of_every_length_come_back(void **state) {
  (void)state;
  static const uint32_t sizes[] = {0, 1, 2, 4, 8, 15, 16, 17, 31, 32, 255, 256, 65535, 65536};
  uint8_t *bytes = calloc(1, 70000);
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    uint8_t *end = wire_put_string(bytes, sizes[i]) + sizes[i];
    assert_int_equal(read_back(bytes, end).size, sizes[i]);
    end = wire_put_binary(bytes, sizes[i]) + sizes[i];
    assert_int_equal(read_back(bytes, end).kind, WIRE_KIND_BINARY);
    end = wire_put_extension(bytes, WIRE_SYMBOL, sizes[i]) + sizes[i];
    WireItem item = read_back(bytes, end);
    assert_int_equal(item.type, WIRE_SYMBOL);
    assert_int_equal(item.size, sizes[i]);
    assert_int_equal(read_back(bytes, wire_put_array(bytes, sizes[i])).size, sizes[i]);
    assert_int_equal(read_back(bytes, wire_put_map(bytes, sizes[i])).kind, WIRE_KIND_MAP);
  }
  free(bytes);
}

static void doubles_come_back_bit_by_bit(void **state) {
  (void)state;
  static const double numbers[] = {0.0, -0.0, 1.5, 1e300, -1e-300, 5e-324};
  uint8_t bytes[WIRE_SCALAR_MAX];
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    WireItem item = read_back(bytes, wire_put_double(bytes, numbers[i]));
    assert_memory_equal(&item.number, &numbers[i], 8);
  }
}

static void a_single_float_is_read_too(void **state) {
  (void)state;
  static const uint8_t bytes[] = {0xca, 0x3f, 0xc0, 0, 0};
  assert_true(read_back(bytes, bytes + 5).number == 1.5);
}

static void what_ends_too_early_is_refused_at_every_length(void **state) {
  (void)state;
  uint8_t bytes[400];
  memset(bytes, 1, sizeof bytes);
  static const uint8_t starts[] = {0xc4, 0xc5, 0xc7, 0xc8, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd8, 0xd9, 0xda, 0xdc, 0xdd, 0xde, 0xdf, 0xbf};
  for (size_t i = 0; i < sizeof starts; i++) {
    bytes[0] = starts[i];
    const uint8_t *at = bytes;
    WireItem item;
    if (!wire_try_read(&at, bytes + sizeof bytes, &item)) fail();
    size_t whole = (size_t)(at - bytes);
    for (size_t size = 0; size < whole; size++) {
      at = bytes;
      assert_false(wire_try_read(&at, bytes + size, &item));
    }
  }
}

static void the_unused_code_is_refused(void **state) {
  (void)state;
  const uint8_t bytes[] = {0xc1}, *at = bytes;
  WireItem item;
  assert_false(wire_try_read(&at, bytes + 1, &item));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_come_back_in_the_shortest_form), cmocka_unit_test(heads_of_every_length_come_back),
      cmocka_unit_test(doubles_come_back_bit_by_bit),            cmocka_unit_test(a_single_float_is_read_too),
      cmocka_unit_test(what_ends_too_early_is_refused_at_every_length), cmocka_unit_test(the_unused_code_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
