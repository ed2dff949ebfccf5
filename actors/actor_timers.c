/* SPDX-License-Identifier: MIT */
/* actor_timers.c -- timers of an actor that resolve promises: what `after:do:`, `every:do:` and `future:` stand on.
 *
 * A waiting primitive has one timer at a time (actor->timer); of these there may be any number.  The actor lists them, so that each can be stopped in
 * constant time by whoever has its promise, and all of them when the actor ends. */
#include "runtime_internal.h"

static bool is_free(const Timer *entry) { return (uintptr_t)entry & 1; }
static Timer *free_entry(uint32_t next) { return (Timer *)((uintptr_t)next << 1 | 1); }

static bool grow(Actor *a) {
  ActorExtra *extra = a->extra;
  uint32_t capacity = extra->timer_capacity ? extra->timer_capacity * 2 : 4;
  Timer **grown = account_realloc(a->scheduler->runtime->accounts, ACCOUNT_ACTOR, extra->timers, extra->timer_capacity * sizeof *grown,
                                  capacity * sizeof *grown);
  if (!grown) return false;
  for (uint32_t i = extra->timer_capacity; i < capacity; i++) grown[i] = free_entry(i + 1 < capacity ? i + 2 : 0);
  extra->timer_free = extra->timer_capacity + 1;
  extra->timers = grown;
  extra->timer_capacity = capacity;
  return true;
}

static void leave(Actor *a, const Timer *timer) {
  ActorExtra *extra = a->extra;
  extra->timers[timer->place] = free_entry(extra->timer_free);
  extra->timer_free = timer->place + 1;
}

Oop actor_timer_start_may_gc(Actor *a, uint64_t deadline_ns) {
  ActorExtra *extra = actor_extra(a);
  if (!extra || (!extra->timer_free && !grow(a))) return 0;
  Oop promise = promise_new_may_gc(a);
  if (!promise) return 0;
  Timer *timer = scheduler_start_timer(a->scheduler, actor_id(a), NULL, deadline_ns);
  uint32_t place = extra->timer_free - 1;
  extra->timer_free = (uint32_t)((uintptr_t)extra->timers[place] >> 1);
  extra->timers[place] = timer;
  timer->place = place;
  timer->number = (uint64_t)oop_to_small(oop_to_object(promise)->slots[PROMISE_NUMBER]);
  oop_to_object(promise)->slots[PROMISE_VALUE] = oop_from_small(-1 - (int64_t)place);
  return promise;
}

bool actor_timer_cancel(Actor *a, Object *promise) {
  int64_t place = -1 - oop_to_small(promise->slots[PROMISE_VALUE]);
  ActorExtra *extra = a->extra;
  if (!extra || place < 0 || place >= extra->timer_capacity || is_free(extra->timers[place])) return false;
  Timer *timer = extra->timers[place];
  if (oop_from_small((int64_t)timer->number) != promise->slots[PROMISE_NUMBER] || !scheduler_cancel_timer(a->scheduler, timer)) return false;
  extra->timers[place] = free_entry(extra->timer_free);
  extra->timer_free = (uint32_t)place + 1;
  return true;
}

void actor_timer_fired_may_gc(Scheduler *s, Actor *a, Timer *timer) {
  Machine *m = &a->machine;
  Oop promise = promise_find(m, timer->number);
  leave(a, timer);
  scheduler_free_timer(s, timer);
  a->flags |= ACTOR_WAKE;
  if (!promise) return;
  unsigned handle = machine_push_handle(m, promise);
  machine_push_handle(m, OOP_NIL);
  promise_settle_may_gc(s, a, handle, PROMISE_RESOLVED);
  machine_pop_handles(m, handle);
}

void actor_timers_cancel_all(Scheduler *s, Actor *a) {
  ActorExtra *extra = a->extra;
  if (a->timer) scheduler_cancel_timer(s, a->timer);
  a->timer = NULL;
  for (uint32_t i = 0; extra && i < extra->timer_capacity; i++)
    if (!is_free(extra->timers[i])) scheduler_cancel_timer(s, extra->timers[i]);
  if (!extra) return;
  account_free(s->runtime->accounts, ACCOUNT_ACTOR, extra->timers, extra->timer_capacity * sizeof *extra->timers);
  extra->timers = NULL;
  extra->timer_capacity = extra->timer_free = 0;
}
