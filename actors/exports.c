/* SPDX-License-Identifier: MIT */
/* exports.c -- promises of an actor that others may know: how it learns that nobody does any more.
 *
 *     owner                                     message under way           another actor
 *     table[place] -> promise                   number, owner               mirror: number, owner
 *     exports[place] -> count <---------------- shared ----------------     m->mirrors -> count
 *
 * The count is a SharedBytes without bytes: one reference is the owner's, one belongs to each message that mentions the promise and to each mirror
 * (core/mirrors.h).  Only who has a reference can hand on another, so when the owner finds its own to be the only one, nobody outside can ask for the promise or
 * settle it, nor has sent a message that does.  Nobody tells the owner: it looks when the promise is settled, and at all that it has exported whenever there
 * are twice as many as were in use the last time. */
#include "mirrors.h"
#include "runtime_internal.h"

enum { EXPORTS_LEAST = 64 };

typedef struct Export {
  SharedBytes *count; /* NULL: the promise in that place, if there is one, is not exported */
  bool subscribed;    /* while looking: somebody waits for it */
} Export;

static bool has_export(const Actor *a, uint64_t place) { return a->extra && place < a->extra->export_capacity && a->extra->exports[place].count; }

bool export_is_known(const Actor *a, uint64_t place) {
  return has_export(a, place) && atomic_load_explicit(&a->extra->exports[place].count->references, memory_order_acquire) != 1;
}

void export_end(Actor *a, uint64_t place) {
  if (!has_export(a, place)) return;
  shared_bytes_release(a->extra->exports[place].count);
  a->extra->exports[place].count = NULL;
  a->extra->export_count--;
}

void exports_destroy(Actor *a) {
  ActorExtra *extra = a->extra;
  for (uint32_t place = 0; place < extra->export_capacity; place++) export_end(a, place);
  account_free(a->scheduler->runtime->accounts, ACCOUNT_ACTOR, extra->exports, extra->export_capacity * sizeof *extra->exports);
  extra->exports = NULL;
  extra->export_capacity = 0;
}

static void mark_subscribed(ActorExtra *extra) {
  for (uint32_t place = 0; place < extra->export_capacity; place++) extra->exports[place].subscribed = false;
  for (uint32_t i = 0; i < extra->subscription_capacity; i++) {
    uint64_t number = extra->subscriptions[i].promise, place = promise_place(number);
    if (extra->subscriptions[i].actor && number != SUBSCRIBE_END && place < extra->export_capacity) extra->exports[place].subscribed = true;
  }
}

/* Nobody outside knows it.  Settled, its place is free as soon as its blocks have run.  Pending, only this actor can settle it: unless it is to be found for
 * another reason (an answer, a timer, another promise, or somebody who waits) it need not be found at all, and gets a new number should it be sent again. */
static bool is_over(const Object *promise, bool subscribed) {
  if (promise->slots[PROMISE_STATE] != oop_from_small(PROMISE_PENDING)) return promise->slots[PROMISE_REACTIONS] == OOP_NIL;
  return promise->slots[PROMISE_VALUE] == OOP_NIL && !subscribed;
}

static void end_if_over(Actor *a, uint64_t place) {
  Machine *m = &a->machine;
  Object *promise = oop_to_object(oop_to_object(m->roots[ROOT_ACTOR])->slots[place]);
  if (!is_over(promise, a->extra->exports[place].subscribed)) return;
  promise_forget(a, promise);
  if (promise->slots[PROMISE_STATE] == oop_from_small(PROMISE_PENDING)) promise->slots[PROMISE_NUMBER] = promise->slots[PROMISE_OWNER] = OOP_NIL;
}

static void look_at_all(Actor *a) {
  ActorExtra *extra = a->extra;
  mark_subscribed(extra);
  for (uint32_t place = 0; place < extra->export_capacity; place++)
    if (extra->exports[place].count && !export_is_known(a, place)) end_if_over(a, place);
  extra->export_limit = extra->export_count * 2 + extra->export_capacity / 4 + extra->subscription_capacity / 4 + EXPORTS_LEAST;
}

static bool make_room(Actor *a) {
  ActorExtra *extra = actor_extra(a);
  size_t places = object_slots(oop_to_object(a->machine.roots[ROOT_ACTOR])), size = sizeof *extra->exports;
  if (places <= extra->export_capacity) return true;
  Export *grown = account_realloc(a->scheduler->runtime->accounts, ACCOUNT_ACTOR, extra->exports, extra->export_capacity * size, places * size);
  if (!grown) return false;
  memset(grown + extra->export_capacity, 0, (places - extra->export_capacity) * size);
  extra->exports = grown;
  extra->export_capacity = (uint32_t)places;
  return true;
}

/* The promise has a place, and is not exported yet. */
static SharedBytes *export(Actor *a, Object *promise, uint64_t place) {
  if (!make_room(a)) return NULL;
  ActorExtra *extra = a->extra;
  if (extra->export_count >= extra->export_limit) look_at_all(a);
  SharedBytes *count = shared_bytes_new(a->scheduler->runtime->accounts, 0);
  if (!count) return NULL;
  extra->exports[place].count = count;
  extra->export_count++;
  promise->slots[PROMISE_OWNER] = oop_from_small((int64_t)actor_id(a));
  return count;
}

SharedBytes *export_count(Machine *m, Object *promise) {
  Actor *a = actor_of_machine(m);
  Oop owner = promise->slots[PROMISE_OWNER];
  if (oop_is_small(owner) && (uint64_t)oop_to_small(owner) != actor_id(a)) return mirrors_find(m, promise);
  uint64_t number = promise_try_register(a, promise);
  if (!number) return NULL;
  return has_export(a, promise_place(number)) ? a->extra->exports[promise_place(number)].count : export(a, promise, promise_place(number));
}
