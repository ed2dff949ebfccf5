/* SPDX-License-Identifier: MIT */
/* promise_primitives.c -- waiting for promises, settling them, asking their owners. */
#include "primitives.h"
#include "runtime_internal.h"
#include "waiting.h"

#define PROMISE_OR_FAIL(m)                                                                                     \
  Actor *a = actor_of_machine(m);                                                                              \
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);                                                       \
  if (!oop_has_class(m->args[0], CLASS_PROMISE)) return primitive_fail(m, FAILURE_BAD_RECEIVER)

static bool is_pending(const Machine *m) { return oop_to_object(m->args[0])->slots[PROMISE_STATE] == oop_from_small(PROMISE_PENDING); }

static bool is_mirror(const Actor *a, Oop promise) {
  Oop owner = oop_to_object(promise)->slots[PROMISE_OWNER];
  return oop_is_small(owner) && (uint64_t)oop_to_small(owner) != actor_id(a);
}

/* Something else comes first: rehash what has arrived, or, in a plain actor, run the blocks of settled promises. */
static bool has_other_work(const Actor *a) { return a->flags & (ACTOR_CANCELLED | ACTOR_IN_CIRCLE) || actor_has_unhashed(a) || (actor_is(a, ACTOR_PLAIN) && a->reactions); }

/* Waits until DEADLINE.  Answers the value.  Fails: BAD_VALUE when rejected or broken, NOT_FOUND when the deadline has passed, BAD_RECEIVER
 * for a mirror, WRONG_STATE when something else is to be done first. */
static Oop wait_for_promise(Machine *m, Oop deadline) {
  PROMISE_OR_FAIL(m);
  if (is_pending(m)) wait_read_mail_may_gc(a);
  if (has_other_work(a)) return wait_over(a), primitive_fail(m, FAILURE_WRONG_STATE);
  Object *promise = oop_to_object(m->args[0]);
  if (!is_pending(m)) {
    wait_over(a);
    if (promise->slots[PROMISE_STATE] == oop_from_small(PROMISE_RESOLVED)) return promise->slots[PROMISE_VALUE];
    return primitive_fail(m, FAILURE_BAD_VALUE);
  }
  if (is_mirror(a, m->args[0])) return wait_over(a), primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (wait_timed_out(a, deadline)) return wait_over(a), primitive_fail(m, FAILURE_NOT_FOUND);
  return wait_until(a, deadline);
}

static Oop promise_wait(Machine *m) { return wait_for_promise(m, OOP_NIL); }
static Oop promise_wait_until(Machine *m) { return wait_for_promise(m, m->args[1]); }

/* Promise >> settle: state with: value.  Answers whether it was pending.  Fails: BAD_RECEIVER for a mirror, BAD_ARGUMENT for a promise as the value. */
static Oop promise_settle(Machine *m) {
  PROMISE_OR_FAIL(m);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!is_pending(m)) return OOP_FALSE;
  if (is_mirror(a, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (promise_is_bound(oop_to_object(m->args[0]))) return OOP_FALSE;
  PromiseState state = (PromiseState)(oop_to_small(m->args[1]) & 3);
  if (state == PROMISE_RESOLVED && oop_has_class(oop_resolve(m, m->args[2]), CLASS_PROMISE)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  unsigned handle = machine_push_handle(m, m->args[0]);
  machine_push_handle(m, m->args[2]);
  promise_settle_may_gc(a->scheduler, a, handle, state);
  machine_pop_handles(m, handle);
  return OOP_TRUE;
}

/* Promise >> settleAtOwner: state with: value, for mirrors.  The promise goes along, so that its owner still knows it when the message comes. */
static Oop promise_settle_remote(Machine *m) {
  PROMISE_OR_FAIL(m);
  Object *promise = oop_to_object(m->args[0]);
  if (!oop_is_small(m->args[1]) || !oop_is_small(promise->slots[PROMISE_OWNER]) || !oop_is_small(promise->slots[PROMISE_NUMBER]))
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t owner = (uint64_t)oop_to_small(promise->slots[PROMISE_OWNER]), number = (uint64_t)oop_to_small(promise->slots[PROMISE_NUMBER]);
  unsigned handles[2] = {machine_push_handle(m, m->args[2]), machine_push_handle(m, m->args[0])};
  Message *message = actor_encode_may_gc(a->scheduler, a, MESSAGE_SETTLE, handles, 2);
  machine_pop_handles(m, handles[0]);
  if (!message) return primitive_fail(m, FAILURE_UNSUPPORTED);
  message->number = number;
  message->detail = (uint8_t)(oop_to_small(m->args[1]) & 3);
  actor_deliver(a->scheduler, owner, message);
  return OOP_TRUE;
}

/* Promise >> subscribe, for mirrors: a promise of this actor that is settled as the owner's is. */
static Oop promise_subscribe_primitive(Machine *m) {
  PROMISE_OR_FAIL(m);
  if (!oop_is_small(oop_to_object(m->args[0])->slots[PROMISE_OWNER])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  Oop own = promise_new_may_gc(a);
  if (!own) return primitive_fail(m, FAILURE_NO_MEMORY);
  oop_to_object(own)->slots[PROMISE_VALUE] = oop_to_object(m->args[0])->slots[PROMISE_OWNER]; /* while it is pending: who settles it */
  promise_ask_owner(a->scheduler, a, oop_to_object(m->args[0]), actor_id(a), (uint64_t)oop_to_small(oop_to_object(own)->slots[PROMISE_NUMBER]));
  return own;
}

/* Its blocks have been run. */
static Oop promise_forget_primitive(Machine *m) {
  PROMISE_OR_FAIL(m);
  if (!is_pending(m)) promise_retire(a, oop_to_object(m->args[0]));
  return m->args[0];
}

/* It is settled and has got new blocks: they run later, as a turn of their own. */
static Oop promise_schedule(Machine *m) {
  PROMISE_OR_FAIL(m);
  unsigned handle = machine_push_handle(m, m->args[0]);
  bool ok = promise_schedule_may_gc(a->scheduler, a, handle);
  machine_pop_handles(m, handle);
  return ok ? m->args[0] : primitive_fail(m, FAILURE_NO_MEMORY);
}

/* Tells the actor that is to answer, or stops the timer.  Answers whether there was somebody to tell. */
static Oop promise_cancel(Machine *m) {
  PROMISE_OR_FAIL(m);
  Object *promise = oop_to_object(m->args[0]);
  if (!is_pending(m) || is_mirror(a, m->args[0]) || !oop_is_small(promise->slots[PROMISE_VALUE])) return OOP_FALSE;
  int64_t target = oop_to_small(promise->slots[PROMISE_VALUE]);
  if (target < 0) return oop_from_bool(actor_timer_cancel(a, promise));
  actor_signal(a->scheduler, a, (uint64_t)target, MESSAGE_CANCEL, (uint64_t)oop_to_small(promise->slots[PROMISE_NUMBER]), 0);
  return OOP_TRUE;
}

/* A promise that is resolved with nil at DEADLINE, in nanoseconds. */
static Oop promise_at(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < 0) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop promise = actor_timer_start_may_gc(a, (uint64_t)oop_to_small(m->args[1]));
  return promise ? promise : primitive_fail(m, FAILURE_NO_MEMORY);
}

static Oop promise_is_mirror(Machine *m) {
  PROMISE_OR_FAIL(m);
  return oop_from_bool(is_pending(m) && is_mirror(a, m->args[0]));
}

static Oop promise_is_awaited(Machine *m) {
  PROMISE_OR_FAIL(m);
  return oop_from_bool(promise_is_awaited_elsewhere(a, oop_to_object(m->args[0])));
}

const Primitive promise_primitives[] = {
    {"promise_wait", promise_wait, 0, "wait until it is settled; answers its value", 0},
    {"promise_wait_until", promise_wait_until, 1, "deadline in ns or nil: the same, no longer than that", 0},
    {"promise_settle", promise_settle, 2, "state, value: settle a promise of this actor; answers whether it was pending", 0},
    {"promise_settle_remote", promise_settle_remote, 2, "state, value: ask the owner of a mirror to settle it", 0},
    {"promise_subscribe", promise_subscribe_primitive, 0, "a promise of this actor that follows the mirror's original", 0},
    {"promise_schedule", promise_schedule, 0, "have the blocks of a settled promise run in a turn of their own", 0},
    {"promise_forget", promise_forget_primitive, 0, "its blocks have run", 0},
    {"promise_cancel", promise_cancel, 0, "tell who is to settle the pending promise that nobody waits; answers whether that was still useful", 0},
    {"promise_at", promise_at, 1, "deadline in ns: a promise that is resolved with nil then", 0},
    {"promise_is_awaited", promise_is_awaited, 0, "do other actors wait for it, or may they ask for it?", 0},
    {"promise_is_mirror", promise_is_mirror, 0, "is it a pending promise of another actor?", 0},
    {NULL, NULL, 0, NULL, 0}};
