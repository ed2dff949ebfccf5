/* SPDX-License-Identifier: MIT */
/* message_test.c -- envelopes, their pools and the sink that grows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "message.h"
#include "wire.h"

static Accounts accounts;
static MessageDepot depot;
static MessagePool pool;

static int set_up(void **state) {
  (void)state;
  message_depot_init(&depot, &accounts);
  message_pool_init(&pool, &depot, &accounts);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  message_depot_destroy(&depot);
  return account_total(&accounts) == 0 ? 0 : -1;
}

static void a_new_message_is_empty_and_has_room(void **state) {
  (void)state;
  for (size_t capacity = 0; capacity < 5000; capacity += 37) {
    Message *m = message_new(&pool, MESSAGE_PLAIN, capacity);
    assert_true(m->capacity >= capacity);
    assert_int_equal(m->size, 0);
    assert_null(m->source);
    memset(m->bytes, 0xee, m->capacity);
    message_free(&pool, m);
  }
}

static void a_sink_grows_through_all_sizes_and_keeps_the_bytes(void **state) {
  (void)state;
  MessageSink sink;
  assert_true(message_sink_begin(&sink, &pool, MESSAGE_PLAIN));
  for (unsigned i = 0; i < 100000; i++) {
    assert_true(byte_sink_reserve(&sink.sink, 1));
    *sink.sink.at++ = (uint8_t)(i * 7);
  }
  Message *m = message_sink_take(&sink, NULL);
  assert_int_equal(m->size, 100000);
  assert_int_equal(m->kind, MESSAGE_PLAIN);
  for (unsigned i = 0; i < 100000; i++) assert_int_equal(m->bytes[i], (uint8_t)(i * 7));
  message_free(&pool, m);
}

static void a_copy_has_the_same_bytes(void **state) {
  (void)state;
  Message *m = message_new(&pool, MESSAGE_EXIT, 300);
  m->size = 300;
  memset(m->bytes, 3, 300);
  m->from = 77;
  Message *copy = message_copy(&pool, m);
  assert_int_equal(copy->from, 77);
  assert_int_equal(copy->size, 300);
  assert_memory_equal(copy->bytes, m->bytes, 300);
  message_free(&pool, m);
  message_free(&pool, copy);
}

/* A message of an array of a string, COUNT shared bytes of SIZE and a string. */
static Message *message_with_shared_bytes(unsigned count, size_t size) {
  MessageSink sink;
  SharedBytes *bytes = shared_bytes_new(&accounts, size);
  assert_true(message_sink_begin(&sink, &pool, MESSAGE_PLAIN));
  memset(bytes->body, 0x5a, size);
  assert_true(byte_sink_reserve(&sink.sink, 16 + count * 8));
  sink.sink.at = wire_put_array(sink.sink.at, count + 2);
  byte_sink_put_unchecked(&sink.sink, "\xa3" "one", 4);
  for (unsigned i = 0; i < count; i++) {
    assert_int_equal(sink.sink.share(&sink.sink, bytes), i);
    sink.sink.at = wire_put_extension(sink.sink.at, WIRE_SHARED_BYTES, 5);
    *sink.sink.at++ = i & 1;
    sink.sink.at = wire_put_be32(sink.sink.at, i);
  }
  byte_sink_put_unchecked(&sink.sink, "\xa3" "two", 4);
  shared_bytes_release(bytes);
  return message_sink_take(&sink, NULL);
}

static void shared_bytes_live_as_long_as_a_message_needs_them(void **state) {
  (void)state;
  for (unsigned count = 0; count <= 1000; count += 1 + count / 8) {
    Message *m = message_with_shared_bytes(count, 50001), *copy = message_copy(&pool, m);
    assert_int_equal(m->shared_count, count);
    message_free(&pool, m);
    assert_int_equal(copy->shared_count, count);
    SharedBytes **shared = message_shared(copy);
    for (unsigned i = 0; i < count; i++) {
      assert_int_equal(atomic_load(&shared[i]->references), count);
      assert_int_equal(((uint8_t *)shared[i]->body)[50000], 0x5a);
    }
    message_free(&pool, copy);
    assert_int_equal(atomic_load(&accounts.bytes[ACCOUNT_LARGE]), 0);
  }
}

static void a_message_can_be_written_out(void **state) {
  (void)state;
  for (size_t size = 0; size < 80000; size = size * 2 + 7) {
    Message *m = message_with_shared_bytes(2, size), *out = message_written_out(&pool, m);
    uint8_t expected[16], *end = wire_put_array(expected, 4);
    const uint8_t *at = out->bytes + (end - expected) + 4, *limit = out->bytes + out->size;
    WireItem item;
    assert_int_equal(out->shared_count, 0);
    assert_true(wire_try_read(&at, limit, &item) && item.kind == WIRE_KIND_BINARY && item.size == size);
    for (size_t i = 0; i < size; i++) assert_int_equal(item.bytes[i], 0x5a);
    assert_true(wire_try_read(&at, limit, &item) && item.kind == WIRE_KIND_STRING && item.size == size);
    assert_true(wire_try_read(&at, limit, &item) && item.size == 3 && memcmp(item.bytes, "two", 3) == 0);
    assert_ptr_equal(at, limit);
    message_free(&pool, m);
    message_free(&pool, out);
  }
}

static void an_abandoned_sink_lets_go_of_shared_bytes(void **state) {
  (void)state;
  MessageSink sink;
  SharedBytes *bytes = shared_bytes_new(&accounts, 9);
  assert_true(message_sink_begin(&sink, &pool, MESSAGE_PLAIN));
  assert_int_equal(sink.sink.share(&sink.sink, bytes), 0);
  assert_int_equal(sink.sink.share(&sink.sink, bytes), 1);
  message_sink_abandon(&sink);
  assert_int_equal(atomic_load(&bytes->references), 1);
  shared_bytes_release(bytes);
}

static void pieces_given_to_another_pool_come_back_through_the_depot(void **state) {
  (void)state;
  MessagePool other;
  message_pool_init(&other, &depot, &accounts);
  int64_t most = 0;
  for (unsigned round = 0; round < 200; round++) {
    Message *list = NULL;
    for (unsigned i = 0; i < 300; i++) {
      Message *m = message_new(&pool, MESSAGE_PLAIN, 10);
      m->next = list;
      list = m;
    }
    for (Message *next; list; list = next) next = list->next, message_free(&other, list);
    int64_t bytes = atomic_load(&accounts.bytes[ACCOUNT_MAILBOX]);
    if (round == 5) most = bytes;
    if (round > 5) assert_true(bytes <= most);
  }
}

static void no_memory_is_an_answer(void **state) {
  (void)state;
  MessageSink sink;
  assert_true(message_sink_begin(&sink, &pool, MESSAGE_PLAIN));
  sink.sink.at = sink.sink.end;
  atomic_store(&accounts.fail_at, 1);
  assert_false(byte_sink_reserve(&sink.sink, 100000));
  message_sink_abandon(&sink);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_new_message_is_empty_and_has_room, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_sink_grows_through_all_sizes_and_keeps_the_bytes, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_copy_has_the_same_bytes, set_up, tear_down),
      cmocka_unit_test_setup_teardown(shared_bytes_live_as_long_as_a_message_needs_them, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_message_can_be_written_out, set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_abandoned_sink_lets_go_of_shared_bytes, set_up, tear_down),
      cmocka_unit_test_setup_teardown(pieces_given_to_another_pool_come_back_through_the_depot, set_up, tear_down),
      cmocka_unit_test_setup_teardown(no_memory_is_an_answer, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
