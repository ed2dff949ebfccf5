/* SPDX-License-Identifier: MIT */
/* loop_test.c -- waiting, waking and timeouts of a loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

static Accounts accounts;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void waiting_ends_when_the_time_is_over(void **state) {
  (void)state;
  Loop loop;
  assert_int_equal(loop_init(&loop, &accounts), 0);
  uint64_t start = now();
  loop_wait(&loop, 20 * 1000000);
  assert_true(now() - start >= 19 * 1000000);
  loop_destroy(&loop);
}

static void a_wake_that_comes_first_is_not_lost(void **state) {
  (void)state;
  Loop loop;
  assert_int_equal(loop_init(&loop, &accounts), 0);
  loop_wake(&loop);
  loop_wait(&loop, UINT64_MAX);
  loop_destroy(&loop);
}

static void *wake_later(void *loop) {
  usleep(10000);
  loop_wake(loop);
  return NULL;
}

static void another_thread_ends_the_waiting(void **state) {
  (void)state;
  Loop loop;
  pthread_t thread;
  assert_int_equal(loop_init(&loop, &accounts), 0);
  pthread_create(&thread, NULL, wake_later, &loop);
  loop_wait(&loop, UINT64_MAX);
  pthread_join(thread, NULL);
  loop_destroy(&loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(waiting_ends_when_the_time_is_over),
      cmocka_unit_test(a_wake_that_comes_first_is_not_lost),
      cmocka_unit_test(another_thread_ends_the_waiting),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
