/* SPDX-License-Identifier: MIT */
/* pressure.c -- see pressure.h. */
#include "pressure.h"

#include "runtime_internal.h"
#include "waiting.h"

enum { ROOM_ASKED = 0, ROOM_FREE = 1, ROOM_ASKED_AGAIN = 2 };
#define FIRST_PATIENCE_NS ((uint64_t)100 * 1000000)
#define LAST_PATIENCE_NS ((uint64_t)60 * 1000000000)

void pressure_init(PressureList *list, Accounts *accounts) {
  *list = (PressureList){.accounts = accounts};
  pthread_mutex_init(&list->lock, NULL);
}

void pressure_destroy(PressureList *list) {
  account_free(list->accounts, ACCOUNT_ACTOR, list->pairs, list->capacity * sizeof *list->pairs);
  pthread_mutex_destroy(&list->lock);
}

/* ---- circles --------------------------------------------------------------------------------------------------------------------------- */

static void forget_locked(PressureList *list, uint64_t id) {
  for (uint32_t i = 0; i < list->count; i++)
    if (list->pairs[i].waits == id) list->pairs[i--] = list->pairs[--list->count];
}

static void forget(Runtime *runtime, uint64_t id) {
  PressureList *list = &runtime->pressure;
  pthread_mutex_lock(&list->lock);
  forget_locked(list, id);
  pthread_mutex_unlock(&list->lock);
}

static uint64_t next_in_chain_locked(const PressureList *list, uint64_t id) {
  for (uint32_t i = 0; i < list->count; i++)
    if (list->pairs[i].waits == id) return list->pairs[i].for_room;
  return 0;
}

static bool enter_locked(PressureList *list, uint64_t id, uint64_t to) {
  if (list->count == list->capacity) {
    uint32_t capacity = list->capacity ? list->capacity * 2 : 16;
    void *grown = account_realloc(list->accounts, ACCOUNT_ACTOR, list->pairs, list->capacity * sizeof *list->pairs, capacity * sizeof *list->pairs);
    if (!grown) return false;
    list->pairs = grown;
    list->capacity = capacity;
  }
  list->pairs[list->count].waits = id;
  list->pairs[list->count++].for_room = to;
  return true;
}

/* A is about to wait for room in the mailbox of TO.  True: TO waits for room in A's, itself or through others. */
static bool closes_circle(Actor *a, uint64_t to) {
  PressureList *list = &a->scheduler->runtime->pressure;
  uint64_t id = actor_id(a), each = to;
  pthread_mutex_lock(&list->lock);
  forget_locked(list, id);
  for (uint32_t left = list->count + 1; left && each && each != id; left--) each = next_in_chain_locked(list, each);
  if (each != id) enter_locked(list, id, to);
  pthread_mutex_unlock(&list->lock);
  return each == id;
}

/* ---- senders ---------------------------------------------------------------------------------------------------------------------------- */

static bool makes_wait(Actor *target, uint64_t id) {
  return atomic_load_explicit(&target->congested, memory_order_relaxed) && atomic_load_explicit(&target->id, memory_order_relaxed) == id;
}

static bool try_take(Actor *target) {
  int32_t credit = atomic_load_explicit(&target->credit, memory_order_relaxed);
  while (credit > 0)
    if (atomic_compare_exchange_weak_explicit(&target->credit, &credit, credit - 1, memory_order_relaxed, memory_order_relaxed)) return true;
  return false;
}

static void stop_waiting(Actor *a) {
  ActorExtra *extra = a->extra;
  if (!extra || !extra->room_in) return;
  extra->room_in = 0;
  if (atomic_load_explicit(&a->congested, memory_order_relaxed)) forget(a->scheduler->runtime, actor_id(a));
}

/* Once, and again when nothing has come for long: whoever was told that there is room may have been killed before it sent anything. */
static void ask_for_room(Actor *a, uint64_t to) {
  ActorExtra *extra = actor_extra(a);
  uint64_t now = scheduler_now(a->scheduler);
  bool again = extra->room_in == to && extra->room_asked;
  if (again && now < extra->room_asked + extra->room_patience) return;
  extra->room_patience = !again ? FIRST_PATIENCE_NS : extra->room_patience * 2 < LAST_PATIENCE_NS ? extra->room_patience * 2 : LAST_PATIENCE_NS;
  extra->room_in = to;
  extra->room_asked = now;
  actor_signal(a->scheduler, a, to, MESSAGE_ROOM, again ? ROOM_ASKED_AGAIN : ROOM_ASKED, 0);
}

PressureAnswer pressure_ask(Actor *a, uint64_t to) {
  Actor *target = actor_table_at(&a->scheduler->runtime->table, to);
  if (!target || target == a || !makes_wait(target, to)) return stop_waiting(a), PRESSURE_GO;
  if (try_take(target)) return stop_waiting(a), PRESSURE_CHARGED;
  if (atomic_load_explicit(&a->congested, memory_order_relaxed) && closes_circle(a, to)) return stop_waiting(a), PRESSURE_CIRCLE;
  ask_for_room(a, to);
  return PRESSURE_WAIT;
}

uint64_t pressure_wait(Actor *a) { return wait_until(a, oop_from_small((int64_t)(a->extra->room_asked + a->extra->room_patience))); }

void pressure_refund(Scheduler *s, uint64_t to) {
  Actor *target = actor_table_at(&s->runtime->table, to);
  if (target && makes_wait(target, to)) atomic_fetch_add_explicit(&target->credit, 1, memory_order_relaxed);
}

bool pressure_try_charge(Scheduler *s, uint64_t to, Message *message) {
  Actor *target = actor_table_at(&s->runtime->table, to);
  if (!target || message->from == to || message->detail & MESSAGE_URGENT || !makes_wait(target, to)) return true;
  if (message->kind != MESSAGE_PLAIN && message->kind != MESSAGE_REQUEST) return true;
  if (!try_take(target)) return false;
  message->detail |= MESSAGE_CHARGED;
  return true;
}

/* ---- receivers --------------------------------------------------------------------------------------------------------------------------- */

/* False: that actor is gone. */
static bool tell_room(Scheduler *s, Actor *a, uint64_t to) {
  Message *message = message_new(&s->messages, MESSAGE_ROOM, 0);
  message->from = actor_id(a);
  message->number = ROOM_FREE;
  if (actor_try_deliver(s, to, message)) return true;
  message_free(&s->messages, message);
  return false;
}

static bool remember(Actor *a, uint64_t who) {
  ActorExtra *extra = a->extra;
  if (extra->room_count == extra->room_capacity) {
    uint32_t capacity = extra->room_capacity ? extra->room_capacity * 2 : 8;
    uint64_t *grown = account_realloc(a->scheduler->runtime->accounts, ACCOUNT_ACTOR, extra->room_waiters, extra->room_capacity * sizeof *grown,
                                      capacity * sizeof *grown);
    if (!grown) return false;
    for (uint32_t i = 0; i < extra->room_first; i++) grown[extra->room_capacity + i] = grown[i]; /* the ring goes on where it was grown */
    extra->room_waiters = grown;
    extra->room_capacity = capacity;
  }
  extra->room_waiters[(extra->room_first + extra->room_count++) & (extra->room_capacity - 1)] = who;
  return true;
}

static bool is_remembered(const ActorExtra *extra, uint64_t who) {
  for (uint32_t i = 0; i < extra->room_count; i++)
    if (extra->room_waiters[(extra->room_first + i) & (extra->room_capacity - 1)] == who) return true;
  return false;
}

static uint64_t take_waiter(ActorExtra *extra) {
  uint64_t who = extra->room_waiters[extra->room_first];
  extra->room_first = (extra->room_first + 1) & (extra->room_capacity - 1);
  extra->room_count--;
  return who;
}

/* As many as there is credit for. */
static void wake_waiters(Actor *a) {
  int32_t credit = atomic_load_explicit(&a->credit, memory_order_relaxed);
  while (a->extra->room_count && credit > 0) credit -= tell_room(a->scheduler, a, take_waiter(a->extra));
}

void pressure_release(Actor *a, Message *message) {
  message->detail &= (uint8_t)~MESSAGE_CHARGED;
  if (!atomic_load_explicit(&a->congested, memory_order_relaxed)) return;
  int32_t credit = atomic_fetch_add_explicit(&a->credit, 1, memory_order_relaxed) + 1;
  if (a->extra->room_count && credit * 2 >= (int32_t)a->extra->credit_limit) wake_waiters(a);
}

void pressure_receive(Scheduler *s, Actor *a, Message *message) {
  uint64_t from = message->from;
  if (message->number == ROOM_FREE) {
    if (a->extra) a->extra->room_asked = 0;
    a->flags |= ACTOR_WAKE;
  } else if (!atomic_load_explicit(&a->congested, memory_order_relaxed) || atomic_load_explicit(&a->credit, memory_order_relaxed) > 0 ||
             (!(message->number == ROOM_ASKED_AGAIN && is_remembered(a->extra, from)) && !remember(a, from))) {
    tell_room(s, a, from);
  }
  message_free(&s->messages, message);
}

/* Messages that wait already count. */
static int32_t charge_inbox(Actor *a) {
  int32_t count = 0;
  for (Message *each = a->inbox; each; each = each->next)
    if ((each->kind == MESSAGE_PLAIN || each->kind == MESSAGE_REQUEST) && !(each->detail & (MESSAGE_URGENT | MESSAGE_NOTICE))) { /* also one that was charged before there was a time without a limit */
      each->detail |= MESSAGE_CHARGED;
      count++;
    }
  return count;
}

void pressure_set_limit(Actor *a, uint32_t limit) {
  ActorExtra *extra = actor_extra(a);
  if (limit > INT32_MAX / 2) limit = INT32_MAX / 2;
  int32_t change = (int32_t)limit - (int32_t)extra->credit_limit;
  if (!extra->credit_limit && limit) {
    atomic_store_explicit(&a->credit, 0, memory_order_relaxed);
    change -= charge_inbox(a);
  }
  extra->credit_limit = limit;
  atomic_store_explicit(&a->congested, limit != 0, memory_order_relaxed);
  atomic_fetch_add_explicit(&a->credit, change, memory_order_relaxed);
  if (!limit)
    while (extra->room_count) tell_room(a->scheduler, a, take_waiter(extra));
  else wake_waiters(a);
}

void pressure_end(Scheduler *s, Actor *a) {
  ActorExtra *extra = a->extra;
  a->scheduler = s;
  stop_waiting(a);
  atomic_store_explicit(&a->congested, 0, memory_order_relaxed);
  while (extra && extra->room_count) tell_room(s, a, take_waiter(extra));
}
