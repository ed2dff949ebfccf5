/* SPDX-License-Identifier: MIT */
/* timer_primitives.c -- the clock that deadlines refer to, and sleeping. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

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
  if (actor_is(a, ACTOR_CANCELLED)) return wait_over(a), primitive_fail(m, FAILURE_WRONG_STATE);
  if (actor_is(a, ACTOR_PLAIN) && a->reactions) return wait_over(a), primitive_fail(m, FAILURE_WRONG_STATE);
  if (!wait_timed_out(a, m->args[1])) return wait_until(a, m->args[1]);
  wait_over(a);
  return OOP_TRUE;
}

/* Lets every actor that waits for this thread go first. */
static Oop actor_yield(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (actor_is(a, ACTOR_YIELDED)) {
    a->flags &= (uint16_t)~ACTOR_YIELDED;
    return m->args[0];
  }
  a->flags |= ACTOR_YIELDED | ACTOR_WAKE;
  m->budget = 0;
  return OOP_YIELD;
}

static Oop actor_random(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  return oop_from_small((int64_t)(host_random(a->scheduler->runtime->host) & (uint64_t)SMALL_INTEGER_MAX));
}

static long resident_kb(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* {CPU nanoseconds of the process. most memory ever resident, in KB. memory resident now, in KB} */
static Oop process_usage(Machine *m) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  int64_t cpu = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 + ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
  Oop answer = machine_new_array_may_gc(m, 3);
  if (!answer) return primitive_fail(m, FAILURE_NO_MEMORY);
  oop_to_object(answer)->slots[0] = oop_from_small(cpu);
  oop_to_object(answer)->slots[1] = oop_from_small(usage.ru_maxrss);
  oop_to_object(answer)->slots[2] = oop_from_small(resident_kb());
  return answer;
}

const Primitive timer_primitives[] = {
    {"process_usage", process_usage, 0, "{CPU nanoseconds. peak resident KB. resident KB} of the process", 0},
    {"timer_now", timer_now, 0, "nanoseconds of a clock that never goes back", 0},
    {"timer_sleep", timer_sleep, 1, "deadline in ns: wait until then", 0},
    {"actor_yield", actor_yield, 0, "let others run first", 0},
    {"host_random", actor_random, 0, "62 random bits", 0},
    {NULL, NULL, 0, NULL, 0}};
