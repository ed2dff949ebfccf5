/* SPDX-License-Identifier: MIT */
/* timer_primitives.c -- the clock that deadlines refer to, and sleeping. */
#include "primitives.h"
#include "runtime_internal.h"
#include "waiting.h"

static Oop timer_now(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  return oop_from_small((int64_t)scheduler_now(a->scheduler));
}

/* Answers true when the time is over.  Fails with WRONG_STATE in a plain actor when blocks of settled promises are to run; its body runs them and sleeps on. */
static Oop timer_sleep(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (actor_is(a, ACTOR_PLAIN) && a->reactions) return wait_over(a), primitive_fail(m, FAILURE_WRONG_STATE);
  if (!wait_timed_out(a, m->args[1])) return wait_until(a, m->args[1]);
  wait_over(a);
  return OOP_TRUE;
}

static Oop actor_random(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  return oop_from_small((int64_t)(host_random(a->scheduler->runtime->host) & (uint64_t)SMALL_INTEGER_MAX));
}

const Primitive timer_primitives[] = {
    {"timer_now", timer_now, 0, "nanoseconds of a clock that never goes back", 0},
    {"timer_sleep", timer_sleep, 1, "deadline in ns: wait until then", 0},
    {"host_random", actor_random, 0, "62 random bits", 0},
    {NULL, NULL, 0, NULL, 0}};
