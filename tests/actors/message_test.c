/* SPDX-License-Identifier: MIT */
/* message_test.c -- envelopes, their pools and the sink that grows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "message.h"

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
      cmocka_unit_test_setup_teardown(pieces_given_to_another_pool_come_back_through_the_depot, set_up, tear_down),
      cmocka_unit_test_setup_teardown(no_memory_is_an_answer, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
