/* SPDX-License-Identifier: MIT */
/* promises.c -- promises that this actor waits for, and those that others wait for.
 *
 * A promise that something outside can settle has a number and a place in the table of its actor (ROOT_ACTOR):
 *
 *   number = serial << PROMISE_PLACE_BITS | place         table[place] -> Promise (state value reactions number owner)
 *
 * owner is nil while only this actor knows the promise; its own id once it was sent to others: then it stays in the table after it was
 * settled, for as long as somebody may still ask (exports.c).  Elsewhere the promise is a mirror (owner: our id, number: our number) that subscribes
 * when its actor waits for it. */
#include "mirrors.h"
#include "runtime_internal.h"

/* ---- the table ------------------------------------------------------------------------------------------------------------------ */

Oop actor_state_may_gc(Actor *a) {
  Machine *m = &a->machine;
  if (m->roots[ROOT_ACTOR] != OOP_NIL) return m->roots[ROOT_ACTOR];
  Oop state = machine_new_array_may_gc(m, STATE_FIRST);
  if (!state) return 0;
  oop_to_object(state)->slots[STATE_FREE] = oop_from_small(0);
  return m->roots[ROOT_ACTOR] = state;
}

/* A larger array with all new places in the free list. */
static bool grow_table_may_gc(Actor *a) {
  Machine *m = &a->machine;
  size_t old_size = object_slots(oop_to_object(m->roots[ROOT_ACTOR])), size = old_size < STATE_FIRST + 4 ? STATE_FIRST + 4 : old_size * 2;
  if (size > PROMISE_PLACE_MASK) return false;
  Oop grown = machine_new_array_may_gc(m, size);
  if (!grown) return false;
  Object *to = oop_to_object(grown), *from = oop_to_object(m->roots[ROOT_ACTOR]);
  for (size_t i = 0; i < old_size; i++) machine_store(m, to, i, from->slots[i]);
  for (size_t i = old_size; i < size; i++) to->slots[i] = oop_from_small(i + 1 < size ? (int64_t)i + 1 : 0);
  to->slots[STATE_FREE] = oop_from_small((int64_t)old_size);
  m->roots[ROOT_ACTOR] = grown;
  return true;
}

static bool ensure_place_may_gc(Actor *a) {
  Oop state = actor_state_may_gc(a);
  if (!state) return false;
  return oop_to_object(state)->slots[STATE_FREE] != oop_from_small(0) || grow_table_may_gc(a);
}

/* There is a free place. */
static uint64_t enter_unchecked(Actor *a, Object *promise) {
  Machine *m = &a->machine;
  Object *state = oop_to_object(m->roots[ROOT_ACTOR]);
  uint64_t place = (uint64_t)oop_to_small(state->slots[STATE_FREE]);
  state->slots[STATE_FREE] = state->slots[place];
  machine_store(m, state, place, oop_from_object(promise));
  uint64_t number = (uint64_t)++a->promise_serial << PROMISE_PLACE_BITS | place;
  promise->slots[PROMISE_NUMBER] = oop_from_small((int64_t)number);
  return number;
}

Oop promise_find(Machine *m, uint64_t number) {
  Oop state = m->roots[ROOT_ACTOR], x;
  uint64_t place = promise_place(number);
  if (state == OOP_NIL || place < STATE_FIRST || place >= object_slots(oop_to_object(state))) return 0;
  x = oop_to_object(state)->slots[place];
  if (!oop_is_pointer(x) || oop_to_object(x)->slots[PROMISE_NUMBER] != oop_from_small((int64_t)number)) return 0;
  return x;
}

uint64_t promise_try_register(Actor *a, Object *promise) {
  Machine *m = &a->machine;
  Oop number = promise->slots[PROMISE_NUMBER], state = m->roots[ROOT_ACTOR];
  if (oop_is_small(number) && promise_find(m, (uint64_t)oop_to_small(number)) == oop_from_object(promise)) return (uint64_t)oop_to_small(number);
  return state != OOP_NIL && oop_to_object(state)->slots[STATE_FREE] != oop_from_small(0) ? enter_unchecked(a, promise) : 0;
}

uint64_t promise_register_may_gc(Actor *a, unsigned handle) {
  return ensure_place_may_gc(a) ? promise_try_register(a, oop_to_object(machine_handle(&a->machine, handle))) : 0;
}

Oop promise_new_may_gc(Actor *a) {
  Machine *m = &a->machine;
  if (!ensure_place_may_gc(a)) return 0;
  Oop promise = machine_new_may_gc(m, CLASS_PROMISE, FORMAT_FIXED, PROMISE_SLOTS);
  if (!promise) return 0;
  oop_to_object(promise)->slots[PROMISE_STATE] = oop_from_small(PROMISE_PENDING);
  enter_unchecked(a, oop_to_object(promise));
  return promise;
}

bool promises_have_reactions(const Machine *m) {
  Oop state = m->roots[ROOT_ACTOR];
  if (state == OOP_NIL) return false;
  for (size_t place = STATE_FIRST; place < object_slots(oop_to_object(state)); place++) {
    Oop x = oop_to_object(state)->slots[place];
    if (oop_is_pointer(x) && x != OOP_NIL && oop_to_object(x)->slots[PROMISE_REACTIONS] != OOP_NIL) return true;
  }
  return false;
}

void promise_forget(Actor *a, Object *promise) {
  Machine *m = &a->machine;
  if (!oop_is_small(promise->slots[PROMISE_NUMBER])) return;
  uint64_t number = (uint64_t)oop_to_small(promise->slots[PROMISE_NUMBER]);
  if (promise_find(m, number) != oop_from_object(promise)) return;
  Object *state = oop_to_object(m->roots[ROOT_ACTOR]);
  export_end(a, promise_place(number));
  state->slots[promise_place(number)] = state->slots[STATE_FREE];
  state->slots[STATE_FREE] = oop_from_small((int64_t)promise_place(number));
}

void promise_retire(Actor *a, Object *promise) {
  Oop number = promise->slots[PROMISE_NUMBER];
  if (oop_is_small(number) && !export_is_known(a, promise_place((uint64_t)oop_to_small(number)))) promise_forget(a, promise);
}

/* ---- answers ---------------------------------------------------------------------------------------------------------------------- */

static void send_reply(Scheduler *s, Message *message, uint64_t to, uint64_t number, PromiseState state) {
  message->kind = MESSAGE_REPLY;
  message->number = number;
  message->detail = (uint8_t)state;
  actor_deliver(s, to, message);
}

void promise_reply_text(Scheduler *s, Actor *a, uint64_t to, uint64_t number, PromiseState state, const char *text) {
  size_t size = strlen(text);
  Message *message = message_new(&s->messages, MESSAGE_REPLY, size + 8);
  message->from = actor_id(a);
  message->bytes[0] = 0xda; /* str 16 */
  message->bytes[1] = (uint8_t)(size >> 8);
  message->bytes[2] = (uint8_t)size;
  memcpy(message->bytes + 3, text, size);
  message->size = (uint32_t)size + 3;
  send_reply(s, message, to, number, state);
}

void promise_reply(Scheduler *s, Actor *a, uint64_t to, uint64_t number, PromiseState state, Oop value) {
  unsigned handle = machine_push_handle(&a->machine, value);
  Message *message = actor_encode_may_gc(s, a, MESSAGE_REPLY, &handle, 1);
  machine_pop_handles(&a->machine, handle);
  if (message) send_reply(s, message, to, number, state);
  else promise_reply_text(s, a, to, number, PROMISE_REJECTED, a->extra && a->extra->error ? a->extra->error : "the answer cannot be sent");
}

void promise_reply_broken(Scheduler *s, uint64_t from, uint64_t to, uint64_t number, const Message *reason) {
  Message *message = reason ? message_copy(&s->messages, reason) : message_new(&s->messages, MESSAGE_REPLY, 0);
  if (!message) return;
  message->from = from;
  send_reply(s, message, to, number, PROMISE_BROKEN);
}

void promise_reply_end(Scheduler *s, uint64_t from, uint64_t to, uint64_t number, const Message *reason) {
  Message *message = reason ? message_copy(&s->messages, reason) : message_new(&s->messages, MESSAGE_REPLY, 0);
  if (!message) return;
  message->from = from;
  send_reply(s, message, to, number, PROMISE_RESOLVED);
}

void promise_reply_nil(Scheduler *s, Actor *a, uint64_t to, uint64_t number) { promise_reply_end(s, actor_id(a), to, number, NULL); }

void promises_break(Scheduler *s, Actor *a, const Message *reason) {
  uint64_t id = actor_id(a);
  if (a->reply_promise) promise_reply_broken(s, id, a->reply_to, a->reply_promise, reason);
  a->reply_promise = 0;
  for (uint32_t i = 0; a->extra && i < a->extra->subscription_capacity; i++) {
    const Subscription *waits = &a->extra->subscriptions[i];
    if (!waits->actor) continue;
    if (waits->promise == SUBSCRIBE_END) promise_reply_end(s, id, waits->actor, waits->number, reason);
    else promise_reply_broken(s, id, waits->actor, waits->number, reason);
  }
}

void promise_ask_owner(Scheduler *s, const Actor *a, const Object *mirror, uint64_t to, uint64_t to_number) {
  Message *message = message_new(&s->messages, MESSAGE_SUBSCRIBE, 0);
  SharedBytes *count = mirrors_find(&a->machine, mirror);
  if (count) message_try_hold(message, count); /* it is known at least until this has come: the smallest message has room */
  message->from = to;
  message->number = (uint64_t)oop_to_small(mirror->slots[PROMISE_NUMBER]);
  message->number2 = to_number;
  actor_deliver(s, (uint64_t)oop_to_small(mirror->slots[PROMISE_OWNER]), message);
}

/* Promise NUMBER of actor TO will be settled as the pending promise X, of A or of another actor, is. */
static void hand_on_may_gc(Scheduler *s, Actor *a, Oop x, uint64_t to, uint64_t to_number) {
  Machine *m = &a->machine;
  Object *promise = oop_to_object(x);
  Oop owner = promise->slots[PROMISE_OWNER];
  if (oop_is_small(owner) && (uint64_t)oop_to_small(owner) != actor_id(a)) return promise_ask_owner(s, a, promise, to, to_number);
  unsigned handle = machine_push_handle(m, x);
  uint64_t number = oop_is_small(promise->slots[PROMISE_NUMBER]) ? (uint64_t)oop_to_small(promise->slots[PROMISE_NUMBER])
                                                                  : promise_register_may_gc(a, handle);
  machine_pop_handles(m, handle);
  if (!number || !promise_subscribe(a, number, to, to_number)) promise_reply_text(s, a, to, to_number, PROMISE_REJECTED, "no memory");
}

void promise_answer_may_gc(Scheduler *s, Actor *a, uint64_t to, uint64_t number, PromiseState state, Oop value) {
  value = oop_resolve(&a->machine, value);
  if (state != PROMISE_RESOLVED || !oop_has_class(value, CLASS_PROMISE)) return promise_reply(s, a, to, number, state, value);
  const Object *promise = oop_to_object(value);
  state = (PromiseState)oop_to_small(promise->slots[PROMISE_STATE]);
  if (state == PROMISE_PENDING) hand_on_may_gc(s, a, value, to, number);
  else promise_reply(s, a, to, number, state, promise->slots[PROMISE_VALUE]);
}

void promise_answer_turn_may_gc(Scheduler *s, Actor *a) {
  promise_answer_may_gc(s, a, a->reply_to, a->reply_promise, PROMISE_RESOLVED, a->machine.roots[ROOT_RESULT]);
}

/* ---- settling ---------------------------------------------------------------------------------------------------------------------- */

/* Sends the value of the promise in HANDLE to everyone who subscribed to it. */
static void notify_subscribers_may_gc(Scheduler *s, Actor *a, unsigned handle, PromiseState state) {
  Machine *m = &a->machine;
  Oop number = oop_to_object(machine_handle(m, handle))->slots[PROMISE_NUMBER];
  Subscription waits;
  while (oop_is_small(number) && subscriptions_take(a, (uint64_t)oop_to_small(number), &waits))
    promise_reply(s, a, waits.actor, waits.number, state, oop_to_object(machine_handle(m, handle))->slots[PROMISE_VALUE]);
}

/* Its blocks run as a turn of their own, in the order in which promises were settled and messages came. */
static void queue_reactions(Scheduler *s, Actor *a, uint64_t number) {
  Message *message = message_new(&s->messages, MESSAGE_REACTIONS, 0);
  message->number = number;
  a->reactions++;
  a->flags |= ACTOR_WAKE;
  inbox_append(a, message);
}

bool promise_schedule_may_gc(Scheduler *s, Actor *a, unsigned handle) {
  Machine *m = &a->machine;
  Oop number = oop_to_object(machine_handle(m, handle))->slots[PROMISE_NUMBER];
  if (!oop_is_small(number) || promise_find(m, (uint64_t)oop_to_small(number)) != machine_handle(m, handle))
    if (!promise_register_may_gc(a, handle)) return false;
  queue_reactions(s, a, (uint64_t)oop_to_small(oop_to_object(machine_handle(m, handle))->slots[PROMISE_NUMBER]));
  return true;
}

void promise_settle_may_gc(Scheduler *s, Actor *a, unsigned handle, PromiseState state) {
  Machine *m = &a->machine;
  Object *promise = oop_to_object(machine_handle(m, handle));
  if (promise->slots[PROMISE_STATE] != oop_from_small(PROMISE_PENDING)) return;
  machine_store(m, promise, PROMISE_VALUE, machine_handle(m, handle + 1));
  promise->slots[PROMISE_STATE] = oop_from_small(state);
  notify_subscribers_may_gc(s, a, handle, state);
  promise = oop_to_object(machine_handle(m, handle));
  if (promise->slots[PROMISE_REACTIONS] != OOP_NIL) promise_schedule_may_gc(s, a, handle);
  else promise_retire(a, promise);
}

bool promise_is_awaited_elsewhere(const Actor *a, const Object *promise) {
  Oop number = promise->slots[PROMISE_NUMBER];
  if (!oop_is_small(number)) return false;
  return subscriptions_include(a, (uint64_t)oop_to_small(number)) || export_is_known(a, promise_place((uint64_t)oop_to_small(number)));
}

/* An error that went wrong in a block far away: if nobody looks at it here it is to be reported. */
static bool is_remote_error(Machine *m, PromiseState state, Oop value) {
  return state == PROMISE_REJECTED && oop_is_pointer(value) && machine_class_of(m, value) == machine_global_value(m, "RemoteError");
}

/* The common case of an answer: nobody but this actor knows the promise, and nothing is to be run. */
static bool try_settle_quickly(Actor *a, Object *promise, PromiseState state, Oop value) {
  Machine *m = &a->machine;
  if (promise->slots[PROMISE_REACTIONS] != OOP_NIL || promise->slots[PROMISE_OWNER] != OOP_NIL) return false;
  if (a->extra && a->extra->subscription_count) return false;
  machine_store(m, promise, PROMISE_VALUE, value);
  promise->slots[PROMISE_STATE] = oop_from_small(state);
  promise_forget(a, promise);
  return true;
}

static Oop decoded_value_may_gc(Scheduler *s, Actor *a, const Message *message, PromiseState *state) {
  Oop values[2] = {OOP_NIL}, value;
  unsigned count;
  s->decoder.hashed_count = 0;
  if (message->size == 0) return OOP_NIL;
  if (actor_decode_may_gc(s, a, message, values, 2, &count)) return values[0];
  const char *text = a->extra && a->extra->error ? a->extra->error : "the answer could not be read";
  s->decoder.hashed_count = 0;
  *state = PROMISE_REJECTED;
  value = machine_new_string_may_gc(&a->machine, text, strlen(text));
  return value ? value : OOP_NIL;
}

bool promise_is_bound(const Object *promise) { return oop_has_class(promise->slots[PROMISE_VALUE], CLASS_PROMISE); }

/* The promise in HANDLE was resolved with the one in HANDLE + 1: it will be settled as that one is, and by nothing else. */
static void adopt_may_gc(Scheduler *s, Actor *a, unsigned handle) {
  static const char circle[] = "the promise was resolved with itself";
  Machine *m = &a->machine;
  Object *promise = oop_to_object(machine_handle(m, handle)), *other = oop_to_object(machine_handle(m, handle + 1));
  uint64_t number = (uint64_t)oop_to_small(promise->slots[PROMISE_NUMBER]);
  PromiseState state = (PromiseState)oop_to_small(other->slots[PROMISE_STATE]);
  if (promise == other) {
    Oop text = machine_new_string_may_gc(m, circle, sizeof circle - 1);
    machine_set_handle(m, handle + 1, text ? text : OOP_NIL);
    return promise_settle_may_gc(s, a, handle, PROMISE_REJECTED);
  }
  if (state != PROMISE_PENDING) {
    machine_set_handle(m, handle + 1, other->slots[PROMISE_VALUE]);
    return promise_settle_may_gc(s, a, handle, state);
  }
  hand_on_may_gc(s, a, machine_handle(m, handle + 1), actor_id(a), number);
  machine_store(m, oop_to_object(machine_handle(m, handle)), PROMISE_VALUE, machine_handle(m, handle + 1));
}

/* May MESSAGE settle the promise?  One that is bound to another is settled by that alone, whose value comes as a REPLY. */
static bool may_settle(const Object *promise, const Message *message) {
  return promise->slots[PROMISE_STATE] == oop_from_small(PROMISE_PENDING) && !(message->kind == MESSAGE_SETTLE && promise_is_bound(promise));
}

void promise_receive_may_gc(Scheduler *s, Actor *a, Message *message) {
  Machine *m = &a->machine;
  PromiseState state = (PromiseState)message->detail;
  Oop x = promise_find(m, message->number);
  if (x && may_settle(oop_to_object(x), message)) {
    Oop value = decoded_value_may_gc(s, a, message, &state);
    Object *promise = oop_to_object(promise_find(m, message->number));
    if (state == PROMISE_RESOLVED && oop_has_class(value, CLASS_PROMISE)) {
      unsigned handle = machine_push_handle(m, oop_from_object(promise));
      machine_push_handle(m, value);
      adopt_may_gc(s, a, handle);
      promise = oop_to_object(machine_handle(m, handle));
      machine_pop_handles(m, handle);
    } else if (is_remote_error(m, state, value) || !try_settle_quickly(a, promise, state, value)) {
      bool awaited = promise->slots[PROMISE_REACTIONS] != OOP_NIL || promise_is_awaited_elsewhere(a, promise);
      unsigned handle = machine_push_handle(m, oop_from_object(promise));
      machine_push_handle(m, value);
      actor_note_hashed(s, a);
      promise_settle_may_gc(s, a, handle, state);
      if (!awaited && is_remote_error(m, state, machine_handle(m, handle + 1))) promise_schedule_may_gc(s, a, handle);
      promise = oop_to_object(machine_handle(m, handle));
      machine_pop_handles(m, handle);
    } else {
      actor_note_hashed(s, a);
    }
    if (state == PROMISE_BROKEN) promise->slots[PROMISE_OWNER] = oop_from_small((int64_t)message->from); /* who has ended */
    a->flags |= ACTOR_WAKE;
  }
  message_free(&s->messages, message);
}

/* Whoever asked waits for it. */
static void subscribe_certainly(Actor *a, uint64_t promise, const Message *message) {
  for (unsigned n = 0; !promise_subscribe(a, promise, message->from, message->number2); n++) account_wait_for_memory(n, "who waits for a promise");
}

void promise_receive_subscription(Scheduler *s, Actor *a, Message *message) {
  Oop x = promise_find(&a->machine, message->number);
  Object *promise = x ? oop_to_object(x) : NULL;
  if (message->number == SUBSCRIBE_END) subscribe_certainly(a, SUBSCRIBE_END, message);
  else if (!promise) promise_reply_text(s, a, message->from, message->number2, PROMISE_REJECTED, "the actor that made this promise does not know it any more");
  else if (promise->slots[PROMISE_STATE] != oop_from_small(PROMISE_PENDING))
    promise_reply(s, a, message->from, message->number2, (PromiseState)oop_to_small(promise->slots[PROMISE_STATE]), promise->slots[PROMISE_VALUE]);
  else subscribe_certainly(a, message->number, message);
  message_free(&s->messages, message);
}
