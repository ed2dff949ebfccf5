/* SPDX-License-Identifier: MIT */
/* timer_wheel_test.c -- the wheel against a plain list, and its corners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "timer_wheel.h"

enum { TICK = TIMER_TICK_NS };

static uint64_t seed = 88172645463325252u;
static uint64_t chance(uint64_t n) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed % n;
}

static void a_timer_fires_at_its_tick_and_not_before(void **state) {
  (void)state;
  TimerWheel wheel;
  TimerNode node;
  timer_wheel_init(&wheel, 1000 * (uint64_t)TICK);
  timer_wheel_start(&wheel, &node, 1007 * (uint64_t)TICK - 1);
  assert_null(timer_wheel_take_due(&wheel, 1007 * (uint64_t)TICK - 1, NULL));
  assert_ptr_equal(timer_wheel_take_due(&wheel, 1007 * (uint64_t)TICK, NULL), &node);
  assert_null(timer_wheel_take_due(&wheel, 2000 * (uint64_t)TICK, NULL));
  assert_int_equal(wheel.count, 0);
}

static void a_deadline_in_the_past_fires_at_the_next_tick(void **state) {
  (void)state;
  TimerWheel wheel;
  TimerNode node;
  timer_wheel_init(&wheel, 5000 * (uint64_t)TICK);
  timer_wheel_start(&wheel, &node, 3);
  assert_ptr_equal(timer_wheel_take_due(&wheel, 5001 * (uint64_t)TICK, NULL), &node);
}

static void a_stopped_timer_does_not_fire(void **state) {
  (void)state;
  TimerWheel wheel;
  TimerNode nodes[3];
  timer_wheel_init(&wheel, 0);
  for (int i = 0; i < 3; i++) timer_wheel_start(&wheel, &nodes[i], 100 * (uint64_t)TICK);
  timer_wheel_stop(&wheel, &nodes[1]);
  assert_non_null(timer_wheel_take_due(&wheel, 200 * (uint64_t)TICK, NULL));
  assert_non_null(timer_wheel_take_due(&wheel, 200 * (uint64_t)TICK, NULL));
  assert_null(timer_wheel_take_due(&wheel, 200 * (uint64_t)TICK, NULL));
}

static void timers_of_one_tick_fire_in_the_order_started(void **state) {
  (void)state;
  enum { COUNT = 40 };
  TimerWheel wheel;
  TimerNode nodes[COUNT], *fired;
  for (int round = 0; round < 500; round++) {
    uint64_t now = chance(1u << 20), tick = now + 2 + chance((uint64_t)1 << (1 + chance(20)));
    bool stopped[COUNT] = {false};
    timer_wheel_init(&wheel, now * TICK);
    for (int i = 0; i < COUNT; i++) {
      timer_wheel_start(&wheel, &nodes[i], tick * TICK);
      if (chance(4) == 0) timer_wheel_stop(&wheel, &nodes[i]), stopped[i] = true;
      int other = (int)chance((uint64_t)i + 1);
      if (chance(4) == 0 && !stopped[other]) timer_wheel_stop(&wheel, &nodes[other]), stopped[other] = true;
      if (chance(3) == 0 && now + 1 < tick) assert_null(timer_wheel_take_due(&wheel, (now = now + 1 + chance(tick - now - 1)) * TICK, NULL));
    }
    for (int i = 0; i < COUNT; i++) {
      if (stopped[i]) continue;
      TimerNode *next;
      fired = timer_wheel_take_due(&wheel, (tick + 10) * TICK, &next);
      assert_ptr_equal(fired, &nodes[i]);
      for (i++; i < COUNT && stopped[i]; i++) continue;
      assert_ptr_equal(next, i < COUNT ? &nodes[i] : NULL);
      i--;
    }
    assert_null(timer_wheel_take_due(&wheel, (tick + 10) * TICK, NULL));
  }
}

static void next_never_lies_after_a_deadline(void **state) {
  (void)state;
  TimerWheel wheel;
  TimerNode node;
  uint64_t next;
  for (int round = 0; round < 2000; round++) {
    uint64_t start = chance(1u << 30) * (uint64_t)TICK, delay = 1 + chance((uint64_t)1 << (1 + chance(40)));
    timer_wheel_init(&wheel, start);
    timer_wheel_start(&wheel, &node, start + delay);
    unsigned steps = 0;
    TimerNode *due = NULL;
    while (!due) {
      assert_true(timer_wheel_next(&wheel, &next));
      assert_true(next <= start + delay + TICK);
      assert_true(++steps < 20);
      due = timer_wheel_take_due(&wheel, next, NULL);
    }
    assert_true(next >= start + delay);
  }
}

/* Many timers, random steps, random stops: the same set fires as in a list that is searched. */
static void it_agrees_with_a_list(void **state) {
  (void)state;
  enum { COUNT = 3000 };
  static TimerNode nodes[COUNT];
  static uint64_t deadlines[COUNT]; /* 0: not running */
  TimerWheel wheel;
  uint64_t now = 12345678, fired = 0;
  timer_wheel_init(&wheel, now);
  for (int step = 0; step < 60000; step++) {
    unsigned i = (unsigned)chance(COUNT);
    if (deadlines[i] && chance(3) == 0) timer_wheel_stop(&wheel, &nodes[i]), deadlines[i] = 0;
    else if (!deadlines[i]) timer_wheel_start(&wheel, &nodes[i], deadlines[i] = now + 1 + chance((uint64_t)1 << (10 + chance(26))));
    if (chance(4)) continue;
    now += chance((uint64_t)1 << (8 + chance(20)));
    for (TimerNode *due; (due = timer_wheel_take_due(&wheel, now, NULL)); fired++) {
      uint64_t deadline = deadlines[due - nodes];
      assert_true(deadline && deadline <= now);
      deadlines[due - nodes] = 0;
    }
    for (unsigned k = 0; k < COUNT; k++) assert_true(!deadlines[k] || deadlines[k] + TICK > now);
  }
  assert_true(fired > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_timer_fires_at_its_tick_and_not_before),
      cmocka_unit_test(a_deadline_in_the_past_fires_at_the_next_tick),
      cmocka_unit_test(a_stopped_timer_does_not_fire),
      cmocka_unit_test(timers_of_one_tick_fire_in_the_order_started),
      cmocka_unit_test(next_never_lies_after_a_deadline),
      cmocka_unit_test(it_agrees_with_a_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
