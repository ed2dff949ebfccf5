/* SPDX-License-Identifier: MIT */
/* timer_primitives.c -- clocks, chance, and sleeping. */
#include <stdio.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "primitives.h"
#include "runtime_internal.h"
#include "waiting.h"

enum { CLOCK_READ_NS = 1000 }; /* what looking at a virtual clock takes, so that who waits by looking gets there */

static Host *host_of(Actor *a) {
  Host *host = a->scheduler->runtime->host;
  if (host->seeded) host_advance(host, CLOCK_READ_NS);
  return host;
}

static Oop timer_now(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  host_of(a);
  return oop_from_small((int64_t)scheduler_now(a->scheduler));
}

/* A machine that builds an image has no actor, and the system's clocks. */
static Oop clock_answer(Machine *m, uint64_t (*clock)(Host *host)) {
  Actor *a = actor_of_machine(m);
  Host own, *host = &own;
  if (a) host = host_of(a);
  else host_init_system(host, 1);
  Oop answer = machine_new_integer_may_gc(m, (int64_t)clock(host));
  return answer ? answer : OOP_FAIL;
}
static Oop clock_monotonic(Machine *m) { return clock_answer(m, host_now); }
static Oop clock_wall(Machine *m) { return clock_answer(m, host_wall); }

static Oop random_seed(Machine *m) {
  Actor *a = actor_of_machine(m);
  uint64_t seed;
  if (a) seed = host_random(a->scheduler->runtime->host);
  else if (getrandom(&seed, sizeof seed, 0) != sizeof seed) return primitive_fail(m, FAILURE_SYSTEM);
  return oop_from_small((int64_t)(seed >> 2));
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
    a->flags &= (uint32_t)~ACTOR_YIELDED;
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
    {"clock_monotonic", clock_monotonic, 0, "nanoseconds of a clock that never jumps", 0},
    {"clock_wall", clock_wall, 0, "nanoseconds since 1970-01-01 UTC", 0},
    {"random_seed", random_seed, 0, "random bits of the system, or those that follow from the seed of this run", 0},
    {"timer_now", timer_now, 0, "nanoseconds of a clock that never goes back", 0},
    {"timer_sleep", timer_sleep, 1, "deadline in ns: wait until then", 0},
    {"actor_yield", actor_yield, 0, "let others run first", 0},
    {"host_random", actor_random, 0, "62 random bits", 0},
    {NULL, NULL, 0, NULL, 0}};
