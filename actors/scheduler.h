/* SPDX-License-Identifier: MIT */
/* scheduler.h -- one thread that runs actors: its queues, loop, timers and scratch memory.
 *
 *            other threads                    this thread only
 *   inbound (atomic stack) ---> fresh: woken by a message or timer      spent: used their whole slice
 *   cancelled timers       ---> wheel         born: not run yet         loop (libuv)
 *
 * Fresh actors go before newborn ones and these before spent ones (but the others get a fixed share).  The children of the last actor go before those of others, in the
 * order in which they were made: a tree of actors is walked in depth, and few of them are alive at a time.  A woken actor runs where it was woken; when a scheduler has more
 * than it should keep and another is idle, it hands over half (share_work): waking a thread costs 30 microseconds, so it happens only from
 * idle to busy.  An idle scheduler sleeps in its loop; nobody spins. */
#ifndef ATOLL_SCHEDULER_H
#define ATOLL_SCHEDULER_H

#include "actor.h"
#include "decoder.h"
#include "encoder.h"
#include "loop.h"
#include "timer_wheel.h"

typedef struct ActorQueue {
  Actor *first, *last;
  uint32_t count;
} ActorQueue;

enum { PACK_RING = 256 };

typedef struct HandlePlace {
  Handle *handle;
  uint32_t next_free; /* place + 1; 0: last */
} HandlePlace;

/* An actor that was idle then. */
typedef struct PackEntry {
  uint64_t id, since, reductions; /* that it had used */
  const void *block;              /* its stack began there; to be fetched early, never read */
} PackEntry;

struct Scheduler {
  /* any thread (atomic) */
  _Atomic(Actor *) inbound;
  _Atomic(Timer *) cancelled;
  _Atomic uint32_t asleep;
  _Atomic uint32_t surplus; /* fresh actors that are more than it keeps while another is idle; who got some and soon had nothing to do raises it */
  _Atomic(Scheduler *) giver; /* who handed something over to it since it slept; set while it is claimed */
  char pad[28];

  /* this thread only */
  Runtime *runtime;
  uint32_t number;
  _Atomic bool started; /* its thread.  Whoever has claimed the idle bit */
  pthread_t thread;
  ThreadContext *context;
  ActorQueue fresh, spent, high, low;
  ActorQueue born, children; /* new actors: of those that have run, of the one that runs */
  uint32_t born_taken, born_waited; /* newborn ones since none was left; fresh ones since the last newborn */
  uint32_t high_taken, low_waited; /* since another kind had its turn */
  Actor *running;
  int32_t slice;       /* reductions of the next actor */
  bool seeded;         /* every choice follows from the runtime's host (seeded.h) */
  int32_t fresh_share; /* reductions that fresh actors may still use before a spent one gets its turn */
  bool slice_used_up;  /* by the actor that ran last */
  int32_t until_poll; /* actors to run before looking at clock and loop; a whole slice counts as many */
  uint64_t now;        /* nanoseconds, as of the last look */
  uint64_t shared_at;  /* when it last handed something over */
  uint64_t woken_at, woken_slices; /* time, and `slices`, when it last woke */
  TimerWheel wheel;
  Loop loop;
  MessagePool messages;
  Pool timers;
  Encoder encoder;
  Decoder decoder;
  Actor *free_actors;
  uint32_t free_actor_count;
  _Atomic uint64_t spawned, ended; /* written by this thread only (scheduler_count_up), read by any */
  uint64_t slices;
  _Alignas(8) char trace_run[184]; /* trace.c */
  Oop *root_handles; /* lent to the machine that runs (machine_push_handle): idle actors have none of their own */
  uint16_t root_handle_capacity;
  HandlePlace *handles;
  uint32_t handle_capacity, handle_free;
  uint64_t handle_serial;
  PackEntry pack_ring[PACK_RING];
  uint32_t pack_first, pack_count;
  PackEntry *patient; /* ring; capacity is a power of two */
  uint32_t patient_first, patient_count, patient_capacity;
};

bool scheduler_init(Scheduler *s, Runtime *runtime, uint32_t number);
void scheduler_destroy(Scheduler *s);

/* Runs actors until the runtime stops. */
void scheduler_run(Scheduler *s);

/* The actor that is to run next by the usual rules, or NULL.  The caller owns it. */
Actor *scheduler_take(Scheduler *s);
/* Fires the timers that are due, and looks after idle actors. */
void scheduler_poll(Scheduler *s);

static inline void scheduler_count_up(_Atomic uint64_t *count) {
  atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* How many wait to run. */
static inline uint32_t scheduler_fresh(const Scheduler *s) { return s->fresh.count + s->born.count; }
static inline uint32_t scheduler_waiting(const Scheduler *s) { return scheduler_fresh(s) + s->spent.count + s->high.count + s->low.count; }

/* A has become runnable; the caller owned it and no longer does. */
void scheduler_enqueue(Scheduler *s, Actor *a);
/* The same of a child of the actor that S runs. */
void scheduler_enqueue_child(Scheduler *s, Actor *a);
/* The actor that S has just run wants to go on: behind the others, behind all fresh ones if it has used up its SLICE computing. */
void scheduler_requeue(Scheduler *s, Actor *a, bool slice_used_up);
/* Any thread that owns A: it goes on at S. */
void scheduler_give_back(Scheduler *s, Actor *a);
/* A has become idle: have its heap packed when it stays so for some milliseconds; the first time also as soon as many such actors are waiting. */
void scheduler_note_idle(Scheduler *s, Actor *a);
/* When the next of them has been idle for long enough; UINT64_MAX: there is none. */
uint64_t scheduler_next_to_pack(const Scheduler *s);
/* Wakes the thread of S if it sleeps.  Any thread. */
void scheduler_wake(Scheduler *s);

/* Now, from the clock. */
uint64_t scheduler_now(Scheduler *s);

/* ---- timers ---- */
/* Wakes actor TARGET at DEADLINE_NS, or delivers DELIVERY (owned) to it then.  Never NULL: it waits for memory. */
Timer *scheduler_start_timer(Scheduler *s, uint64_t target, Message *delivery, uint64_t deadline_ns);
/* The actor that waits no longer needs it.  Answers false when it has fired already: its message is on the way. */
bool scheduler_cancel_timer(Scheduler *s, Timer *timer);
void scheduler_free_timer(Scheduler *s, Timer *timer);

#endif
