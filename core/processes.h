/* SPDX-License-Identifier: MIT */
/* processes.h -- green processes: several stacks of frames that take turns on the one stack of a machine.
 *
 *   m->roots[ROOT_PROCESSES]: an Array, nil until a program asks for processes (a machine that never does pays nothing)
 *   +--------+------+---------------+-------------+--------------------------------+
 *   | active | main | sleepers F, L | waiters F,L | ready: first, last x 9 priorities |
 *   +--------+------+---------------+-------------+--------------------------------+
 *
 * The active process's frames stand on the machine's stack.  Those of all others stand in an Object with slots each (Process.frames), so the
 * collector, the freezer and snapshots need to know nothing about them.  Every process's frames begin at offset 0: offsets of frames stay true.
 *
 * A process is in at most one list: of the ready ones of its priority, of a semaphore, of those that sleep, or of those whose primitive
 * waits (OOP_YIELD) and will be tried again.  Switches happen inside the primitives below and between slices, so these are atomic.
 * A continuation's frames stand in a Process too, in one that never runs: each time it is resumed they are copied onto the stack.
 * The *main* process is the statement, block or turn that the owner of the machine started: machine_run ends with RUN_DONE when it returns. */
#ifndef ATOLL_PROCESSES_H
#define ATOLL_PROCESSES_H

#include "machine.h"

enum { PRIORITY_LOWEST = 1, PRIORITY_TURN = 4, PRIORITY_HIGHEST = 9 };

static inline bool processes_exist(const Machine *m) { return m->roots[ROOT_PROCESSES] != OOP_NIL; }

/* Makes the table and the main process, which is active, unless they exist.  False: no memory. */
bool processes_begin_may_gc(Machine *m);

typedef enum ProcessSwitch {
  PROCESS_SWITCHED,      /* the first ready one of the highest priority is active: go on with m->fp and m->pc */
  PROCESS_NONE_READY,    /* nothing is active, m->fp is NULL */
  PROCESS_NO_MEMORY      /* nothing has changed */
} ProcessSwitch;

/* A new process, ready to run: RECEIVER SELECTOR without arguments. 0: no memory. */
Oop processes_fork_may_gc(Machine *m, Oop receiver, Oop selector);

/* A primitive is about to answer OOP_YIELD and wants to be tried again at DEADLINE (nanoseconds or nil) at the latest. */
void processes_note_deadline(Machine *m, Oop deadline);

/* After RUN_WAITING: the active process's primitive waits; its frames are put aside, until processes_wake.  False: no memory, it stays active. */
bool processes_park_may_gc(Machine *m);

/* Makes ready the sleepers and waiters whose deadline is not after NOW, or ALL waiters.  Answers the highest priority of them, 0 for none. */
unsigned processes_wake(Machine *m, uint64_t now, bool all_waiters);

/* When the first of them wants to be woken; UINT64_MAX: none. */
uint64_t processes_deadline(const Machine *m);

/* Priority of the active process (above all others while it must not be interrupted) and of the best ready one; 0: there is none. */
unsigned processes_active_priority(const Machine *m);
unsigned processes_ready_priority(const Machine *m);

/* Makes the active process, if any, ready, last of its priority, and the best one active. */
ProcessSwitch processes_switch_may_gc(Machine *m);
/* The same, and nothing is active afterwards: room for the main process to begin a turn. */
bool processes_step_aside_may_gc(Machine *m);

/* The main process begins a turn on the empty stack; it has ended its turn, and nothing is active. */
void processes_turn_begins(Machine *m);
void processes_turn_ends(Machine *m);

/* RUN_DONE came from a process other than the main one, which is over therefore: goes on with the next one.  False: it was the main one. */
bool processes_end_forked_may_gc(Machine *m, RunStatus *status);

/* Does anything sleep or wait in a primitive?  (Such a state cannot be resumed elsewhere.) */
bool processes_wait(const Machine *m);

#endif
