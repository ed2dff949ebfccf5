/* SPDX-License-Identifier: MIT */
/* decoder_test.c -- bytes from outside: whatever they are, they cost no more than their length and leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "byte_sink.h"
#include "decoder_internal.h"
#include "decoding.h"
#include "encoder.h"
#include "memory_internal.h"
#include "shared_bytes.h"
#include "wire.h"

enum { HEAP_PER_BYTE = 128, ROUNDS = 200000 };

static Decoding d;

static int set_up(void **state) { return (void)state, decoding_init(&d) ? 0 : -1; }

static int tear_down(void **state) {
  (void)state;
  decoding_destroy(&d);
  if (account_total(&d.accounts)) fprintf(stderr, "%lld bytes are left\n", (long long)account_total(&d.accounts));
  return account_total(&d.accounts) ? -1 : 0;
}

static uint64_t chance_state = 42;
static uint32_t chance(uint32_t n) {
  chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(chance_state >> 33) % n;
}

/* Heads that announce 0xffffffff bytes, elements or pairs. */
static void five_bytes_that_announce_four_billion_allocate_nothing(void **state) {
  static const uint8_t heads[] = {0xc6, 0xc9, 0xdb, 0xdd, 0xdf};
  static const uint8_t counts[] = {0xff, 0x7f, 0x10, 0x01};
  (void)state;
  for (size_t i = 0; i < sizeof heads; i++)
    for (size_t j = 0; j < sizeof counts; j++) {
      uint8_t bytes[] = {heads[i], counts[j], 0xff, 0xff, 0xff, 1, 1, 1};
      int64_t before = account_total(&d.accounts);
      char *alloc = d.machine.alloc;
      for (size_t size = 1; size <= sizeof bytes; size++) assert_int_not_equal(decoding_decode(&d, bytes, size), CODEC_OK);
      assert_int_equal(account_total(&d.accounts), before);
      assert_ptr_equal(d.machine.alloc, alloc);
    }
}

/* Arrays that are each said to hold all that is left: open counts must not add up to more than there is. */
static void nested_announcements_do_not_add_up(void **state) {
  uint8_t *bytes = malloc(50000);
  int64_t before = account_total(&d.accounts);
  (void)state;
  for (size_t i = 0; i < 50000; i += 5) memcpy(bytes + i, "\xdd\x00\x00\xc3\x00", 5);
  for (unsigned i = 0; i < 1000; i++) assert_int_not_equal(decoding_decode(&d, bytes, 50000), CODEC_OK);
  assert_int_equal(account_total(&d.accounts), before);
  free(bytes);
}

static void a_million_levels_need_no_c_stack(void **state) {
  uint8_t *bytes = malloc(1000001);
  (void)state;
  memset(bytes, 0x91, 1000000);
  bytes[1000000] = 0xc0;
  assert_int_equal(decoding_decode(&d, bytes, 1000001), CODEC_OK);
  for (size_t i = 0; i < 1000000; i += 2) memcpy(bytes + i, "\x92\x01", 2);
  assert_int_equal(decoding_decode(&d, bytes, 1000001), CODEC_OK);
  assert_int_not_equal(decoding_decode(&d, bytes, 1000000), CODEC_OK);
  free(bytes);
}

/* One of everything that bytes from outside may hold. */
static const uint8_t specimen[] =
    "\x9e\xc0\xc2\xcd\x12\x34\xcb\x3f\xf8\0\0\0\0\0\0\xa5hello\xc4\x03\1\2\3\xc7\x03\x01"
    "foo\xd6\x02\0\0\0A\xc7\x0a\x03\1\1\0\0\0\0\0\0\0\0\x82\xa1k\x01\xa1v\x92\x01\x02\xd6\x06\0\0\0\0"
    "\x93\xc7\x0b\x0c"
    "Association\x01\x02\xc7\x07\x09\0String\xd3\x80\0\0\0\0\0\0\0";

static void every_cut_of_a_good_message_is_refused(void **state) {
  size_t whole = sizeof specimen - 1;
  (void)state;
  CodecStatus status = decoding_decode(&d, specimen, whole);
  if (status != CODEC_OK) fail_msg("%s", d.decoder.error);
  for (size_t size = 1; size < whole; size++) {
    uint8_t *exact = malloc(size); /* so that ASan sees a byte too far */
    memcpy(exact, specimen, size);
    assert_int_not_equal(decoding_decode(&d, exact, size), CODEC_OK);
    free(exact);
  }
}

/* What only a message of this process may say. */
static void what_names_places_in_this_process_is_refused(void **state) {
  static const uint8_t types[] = {WIRE_ACTOR, WIRE_PROMISE, WIRE_SOURCE_REFERENCE, WIRE_CLASS, WIRE_INSTANCE, WIRE_BLOCK, WIRE_VARIABLE, WIRE_CODE, WIRE_SHARED_BYTES};
  (void)state;
  for (size_t t = 0; t < sizeof types; t++)
    for (uint32_t size = 0; size <= 24; size++) {
      uint8_t bytes[32] = {0x91}, *at = wire_put_extension(bytes + 1, (WireExtension)types[t], size);
      assert_int_not_equal(decoding_decode(&d, bytes, (size_t)(at + size - bytes)), CODEC_OK);
      assert_int_not_equal(decoding_decode(&d, bytes + 1, (size_t)(at + size - bytes) - 1), CODEC_OK);
    }
}

/* Shared bytes are found by the number that the message gives them, and each mention of them is an object of its own. */
static void shared_bytes_are_referred_to(void **state) {
  SharedBytes *shared[] = {shared_bytes_new(&d.accounts, 40001)};
  uint8_t bytes[] = {0x92, 0xc7, 5, WIRE_SHARED_BYTES, 0, 0, 0, 0, 0, 0xc7, 5, WIRE_SHARED_BYTES, 1, 0, 0, 0, 0};
  Oop value;
  unsigned count;
  (void)state;
  memset(shared[0]->body, 3, 40001);
  d.decoder.shared = shared;
  d.decoder.shared_count = 1;
  for (unsigned round = 0; round < 100; round++) assert_int_equal(decoder_values_may_gc(&d.decoder, &d.machine, bytes, sizeof bytes, &value, 1, &count), CODEC_OK);
  Object *array = oop_to_object(value), *first = oop_to_object(array->slots[0]), *second = oop_to_object(array->slots[1]);
  assert_int_equal(object_class_index(first), CLASS_BYTE_ARRAY);
  assert_int_equal(object_class_index(second), CLASS_STRING);
  assert_int_equal(object_byte_size(second), 40001);
  assert_ptr_equal(object_bytes(first), object_bytes(second));
  assert_true(object_shares_bytes(first));
  bytes[sizeof bytes - 1] = 1; /* there is no second one */
  assert_int_equal(decoder_values_may_gc(&d.decoder, &d.machine, bytes, sizeof bytes, &value, 1, &count), CODEC_MALFORMED);
  d.decoder.shared_count = 0;
  machine_collect_all_may_gc(&d.machine);
  assert_int_equal(atomic_load(&shared[0]->references), 1);
  shared_bytes_release(shared[0]);
}

/* nil, false, 4660, -70000, 1.5, 'hello', '', bytes, {1. {'hello' again. $A}}, an Association, {40 letters} */
static const uint8_t ordinary[] =
    "\x9b\xc0\xc2\xcd\x12\x34\xd2\xff\xfe\xee\x90\xcb\x3f\xf8\0\0\0\0\0\0\xa5hello\xa0\xc4\x03\1\2\3\x92\x01\x92\xd6\x06\0\0\0\x01\xd6\x02\0\0\0A"
    "\x93\xc7\x0b\x0c"
    "Association\x01\xa7" "seven c\x91\xd9\x28" "abcdefghijklmnopqrstuvwxyzabcdefghijklmn";

static void encode(Oop value, ByteBuffer *buffer) {
  Encoder encoder;
  encoder_init(&encoder, &d.accounts);
  byte_buffer_clear(buffer);
  encoder_begin(&encoder, &d.machine, &buffer->sink);
  assert_int_equal(encoder_put(&encoder, value, 0), CODEC_OK);
  encoder_end(&encoder);
  encoder_destroy(&encoder);
}

static void assert_same_bytes(const ByteBuffer *a, const ByteBuffer *b) {
  assert_int_equal(byte_sink_size(&a->sink), byte_sink_size(&b->sink));
  assert_memory_equal(a->sink.start, b->sink.start, byte_sink_size(&a->sink));
}

/* Messages of this process come in one walk while there is room, else in two.  Cut off anywhere they are refused by both, and nothing is made. */
static void one_walk_builds_what_two_build(void **state) {
  ByteBuffer first, again;
  Oop value;
  unsigned count;
  (void)state;
  byte_buffer_init(&first, &d.accounts);
  byte_buffer_init(&again, &d.accounts);
  assert_int_equal(decoder_values_may_gc(&d.decoder, &d.machine, ordinary, sizeof ordinary - 1, &value, 1, &count), CODEC_OK);
  encode(value, &first);
  size_t size = byte_sink_size(&first.sink);
  d.decoder.source = d.kernel;
  assert_true(machine_reserve_may_gc(&d.machine, 32 * 1024));
  assert_true(decoder_try_quick(&d.decoder, first.sink.start, size, &value, 1, &count));
  encode(value, &again);
  assert_same_bytes(&first, &again);
  char *alloc = d.machine.alloc;
  for (size_t cut = 1; cut < size; cut++) {
    uint8_t *exact = malloc(cut);
    memcpy(exact, first.sink.start, cut);
    assert_false(decoder_try_quick(&d.decoder, exact, cut, &value, 1, &count));
    assert_int_not_equal(decoder_values_may_gc(&d.decoder, &d.machine, exact, cut, &value, 1, &count), CODEC_OK);
    free(exact);
  }
  assert_ptr_equal(d.machine.alloc, alloc);
  while ((size_t)(d.machine.alloc_end - d.machine.alloc) >= 96) machine_new_unchecked(&d.machine, CLASS_ARRAY, FORMAT_POINTERS, 10);
  assert_false(decoder_try_quick(&d.decoder, first.sink.start, size, &value, 1, &count));
  assert_int_equal(decoder_values_may_gc(&d.decoder, &d.machine, first.sink.start, size, &value, 1, &count), CODEC_OK);
  encode(value, &again);
  assert_same_bytes(&first, &again);
  d.decoder.source = NULL;
  byte_buffer_destroy(&first);
  byte_buffer_destroy(&again);
}

static void try_bytes(const uint8_t *bytes, size_t size, unsigned *good) {
  uint8_t *exact = malloc(size ? size : 1);
  memcpy(exact, bytes, size);
  CodecStatus status = decoding_decode(&d, exact, size);
  *good += status == CODEC_OK;
  if (d.decoder.heap_bytes + d.decoder.large_bytes > size * HEAP_PER_BYTE + 1024)
    fail_msg("%zu bytes ask for %zu bytes of heap", size, d.decoder.heap_bytes + d.decoder.large_bytes);
  free(exact);
}

static void damaged_messages_do_no_harm(void **state) {
  uint8_t bytes[sizeof specimen];
  unsigned good = 0;
  (void)state;
  for (unsigned i = 0; i < ROUNDS; i++) {
    memcpy(bytes, specimen, sizeof specimen);
    for (unsigned n = 1 + chance(4); n; n--) bytes[chance(sizeof specimen - 1)] = (uint8_t)chance(256);
    try_bytes(bytes, chance(4) ? sizeof specimen - 1 : chance(sizeof specimen), &good);
  }
  assert_in_range(good, 1, ROUNDS - 1);
}

static void noise_does_no_harm(void **state) {
  uint8_t bytes[64];
  unsigned good = 0;
  (void)state;
  for (unsigned i = 0; i < ROUNDS; i++) {
    size_t size = chance(sizeof bytes);
    for (size_t n = 0; n < size; n++) bytes[n] = (uint8_t)(chance(3) ? 0x80 + chance(128) : chance(16));
    try_bytes(bytes, size, &good);
  }
  assert_in_range(good, 1, ROUNDS - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(five_bytes_that_announce_four_billion_allocate_nothing),
      cmocka_unit_test(nested_announcements_do_not_add_up),
      cmocka_unit_test(a_million_levels_need_no_c_stack),
      cmocka_unit_test(every_cut_of_a_good_message_is_refused),
      cmocka_unit_test(what_names_places_in_this_process_is_refused),
      cmocka_unit_test(shared_bytes_are_referred_to),
      cmocka_unit_test(one_walk_builds_what_two_build),
      cmocka_unit_test(damaged_messages_do_no_harm),
      cmocka_unit_test(noise_does_no_harm),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
