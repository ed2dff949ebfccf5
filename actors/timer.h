/* SPDX-License-Identifier: MIT */
/* timer.h -- a timer that wakes an actor, or delivers a message later.
 *
 * A Timer stands in the wheel of the scheduler that started it.  Its actor may since have moved to another thread, so stopping is a
 * race that one compare-and-swap on `state` decides:
 *
 *   ARMED --wheel--> FIRED:      the timer is now a message in the actor's mailbox; who takes it frees it
 *   ARMED --actor--> CANCELLED:  the wheel's thread frees it (at once when it is the same, else from its list of cancelled timers) */
#ifndef ATOLL_TIMER_H
#define ATOLL_TIMER_H

#include <stdatomic.h>

#include "message.h"
#include "timer_wheel.h"

typedef struct Scheduler Scheduler;
typedef enum TimerState { TIMER_ARMED, TIMER_FIRED, TIMER_CANCELLED } TimerState;

typedef struct Timer Timer;
struct Timer {
  Message message;   /* MESSAGE_TIMER, when it wakes its actor.  First, so that the message is the timer */
  TimerNode node;    /* home's thread only */
  uint64_t target;   /* actor id */
  uint64_t number;   /* of the promise that it resolves; 0: it ends a wait */
  uint32_t place;    /* in the actor's list of such timers */
  Message *delivery; /* to deliver instead of waking; the timer then belongs to the wheel alone */
  Scheduler *home;   /* immutable */
  Timer *next_cancelled;
  _Atomic uint8_t state;
};

#endif
