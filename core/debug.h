/* SPDX-License-Identifier: MIT */
/* debug.h -- debug switches, and what is printed when the runtime finds a bug in itself.
 *
 * ATOLL_DEBUG=gc_stress,verify_heap sets switches in builds with ATOLL_DEBUG_CHECKS; they are constant false in release builds. */
#ifndef ATOLL_DEBUG_H
#define ATOLL_DEBUG_H

#include "machine.h"

#define DEBUG_SWITCHES(X)                                                             \
  X(GC_STRESS, "gc_stress", "collect, and so move, at every allocation")              \
  X(VERIFY_HEAP, "verify_heap", "check every object after each collection")           \
  X(PREEMPT_STRESS, "preempt_stress", "a slice is one reduction")                     \
  X(SHADOW_STORM, "shadow_storm", "copy a random object of S into W every few reductions") \
  X(SHADOW_ALL, "shadow_all", "copy all shadowable objects into W at the start")     \
  X(THREAD_STRESS, "thread_stress", "actors change threads whenever they may, and are packed as soon as they rest")

typedef enum DebugSwitch {
#define X(name, text, doc) DEBUG_##name,
  DEBUG_SWITCHES(X)
#undef X
      DEBUG_SWITCH_COUNT
} DebugSwitch;

#ifdef ATOLL_DEBUG_CHECKS
extern uint32_t debug_switches; /* written once by debug_init, before any machine exists */
extern uint32_t debug_seed;     /* ATOLL_SEED: drives shadow_storm */
static inline bool debug_on(DebugSwitch s) { return debug_switches >> s & 1; }
#else
static inline bool debug_on(DebugSwitch s) { return (void)s, false; }
#endif

/* Reads ATOLL_DEBUG and ATOLL_SEED.  Answers NULL or the name of a switch that does not exist. */
const char *debug_init(void);

/* ATOLL_FAIL_AT=n: the n-th allocation from now on fails (in builds with ATOLL_DEBUG_CHECKS). */
void debug_set_failing_allocation(Accounts *accounts);

/* Stops the process after printing the running machine's Smalltalk stack. */
_Noreturn void fatal(const Machine *m, const char *message);

/* For a debugger, and for fatal: write to standard error. */
void print_oop(const Machine *m, Oop x);
void print_stack(const Machine *m);

/* Checks every object, frame and root of the machine; calls fatal at the first that is wrong. */
void verify_heap(const Machine *m);

#endif
