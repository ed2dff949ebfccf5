/* SPDX-License-Identifier: MIT */
/* timer_wheel.h -- the timers of one scheduler: a wheel of wheels.
 *
 * Level 0 has 256 slots of one tick (125 microseconds), level 1 256 slots of 256 ticks, and so on; a timer stands in the level of the highest digit
 * (base 256) in which its deadline differs from now, and moves down when that digit comes round: once for most, for a timer of 8 seconds is in level 1.  Start, stop and fire are O(1), the next
 * deadline is found by bit scanning.  (Varghese and Lauck, scheme 6.)  One thread; the messages of fired timers go to any. */
#ifndef ATOLL_TIMER_WHEEL_H
#define ATOLL_TIMER_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

enum { TIMER_TICK_NS = 125000, WHEEL_LEVELS = 5, WHEEL_SLOTS = 256, WHEEL_WORDS = WHEEL_SLOTS / 64 };

typedef struct TimerNode TimerNode;
struct TimerNode {
  TimerNode *next, **back; /* back: what points here; NULL: not in a wheel */
  TimerNode *ahead;        /* some places further on in its slot, to be fetched early; may be gone: nobody follows it */
  uint64_t deadline;       /* ticks */
  uint8_t level, slot;
};

typedef struct TimerWheel {
  uint64_t now; /* ticks up to which everything has fired */
  uint64_t count;
  uint64_t occupied[WHEEL_LEVELS][WHEEL_WORDS]; /* a bit for each slot; what is in those that are empty means nothing */
  TimerNode *slots[WHEEL_LEVELS][WHEEL_SLOTS];
  TimerNode *last[WHEEL_LEVELS][WHEEL_SLOTS]; /* so that timers of one tick fire in the order in which they were started */
} TimerWheel;

void timer_wheel_init(TimerWheel *wheel, uint64_t now_ns);

/* Fires at the first tick that is not before DEADLINE_NS. */
void timer_wheel_start(TimerWheel *wheel, TimerNode *node, uint64_t deadline_ns);
void timer_wheel_stop(TimerWheel *wheel, TimerNode *node); /* which stands in it */

/* Takes out one timer that is due at NOW_NS, in order of ticks; NULL: none is.  *NEXT, if NEXT is not NULL: the one behind it in its slot, or NULL. */
TimerNode *timer_wheel_take_due(TimerWheel *wheel, uint64_t now_ns, TimerNode **next);

/* When to look again: nanoseconds, never after the next deadline (but it may be before, when a slot has to move down).  False: no timer. */
bool timer_wheel_next(const TimerWheel *wheel, uint64_t *deadline_ns);

#endif
