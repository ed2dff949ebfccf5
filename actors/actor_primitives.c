/* SPDX-License-Identifier: MIT */
/* actor_primitives.c -- spawning, sending to proxies, receiving, links, ending. */
#include <stdio.h>
#include <stdlib.h>

#include "image.h"
#include "snapshots.h"
#include <unistd.h>

#include "primitives.h"
#include "runtime_internal.h"
#include "waiting.h"

static const char MAILBOX_FULL[] = "the mailbox is full, and its actor waits for room in the mailbox of this one";

/* ---- messages to proxies ------------------------------------------------------------------------------------------------------- */

typedef enum ProxyMode { PROXY_SYNC, PROXY_ASYNC, PROXY_BLOCKING, PROXY_URGENT } ProxyMode;

/* Does that actor make senders wait, or has A waited? */
static bool feels_pressure(const Actor *a, uint64_t id) {
  const Actor *target = actor_table_at(&a->scheduler->runtime->table, id);
  return (target && atomic_load_explicit(&target->congested, memory_order_relaxed)) || (a->extra && a->extra->room_in);
}

/* May A send to TARGET now?  If not, *ANSWER is what the primitive answers.  *CHARGED: credit was taken. */
static bool may_send(Actor *a, uint64_t target, bool *charged, Oop *answer) {
  PressureAnswer pressure = pressure_ask(a, target);
  *charged = pressure == PRESSURE_CHARGED;
  if (pressure == PRESSURE_WAIT) return *answer = pressure_wait(a), false;
  if (pressure != PRESSURE_CIRCLE) return true;
  if (a->timer) wait_over(a);
  actor_set_error(a, MAILBOX_FULL);
  return *answer = primitive_fail(&a->machine, FAILURE_WRONG_STATE), false;
}

/* REASON (owned) as an object, or a text that says why it cannot be read here. */
static Oop reason_value_may_gc(Actor *a, Message *reason) {
  Scheduler *s = a->scheduler;
  Oop value = OOP_NIL;
  unsigned count;
  bool decoded = actor_decode_may_gc(s, a, reason, &value, 1, &count);
  message_free(&s->messages, reason);
  if (!decoded) return (value = actor_unreadable_reason_may_gc(a)) ? value : OOP_NIL; /* what is in the value then has been given up */
  unsigned handle = machine_push_handle(&a->machine, value);
  if (s->decoder.hashed_count) actor_note_hashed(s, a);
  value = machine_handle(&a->machine, handle);
  machine_pop_handles(&a->machine, handle);
  return value;
}

/* The actor is not there.  Answers the promise. */
static Oop break_promise_may_gc(Actor *a, Oop x, uint64_t target) {
  Machine *m = &a->machine;
  unsigned handle = machine_push_handle(m, x);
  Oop value = reason_value_may_gc(a, actor_reason_of_absence(a->scheduler, target));
  Object *promise = oop_to_object(machine_handle(m, handle));
  machine_pop_handles(m, handle);
  machine_store(m, promise, PROMISE_VALUE, value);
  promise_forget(a, promise);
  promise->slots[PROMISE_STATE] = oop_from_small(PROMISE_BROKEN);
  promise->slots[PROMISE_OWNER] = oop_from_small((int64_t)target);
  return oop_from_object(promise);
}

/* Sends MESSAGE now or after DELAY nanoseconds.  False: there is no such actor. */
static bool send_now_or_later(Scheduler *s, uint64_t target, Message *message, Oop delay) {
  if (!oop_is_small(delay)) return actor_try_deliver(s, target, message);
  uint64_t wait = oop_to_small(delay) > 0 ? (uint64_t)oop_to_small(delay) : 0;
  scheduler_start_timer(s, target, message, scheduler_now(s) + wait);
  return true;
}

/* MESSAGE is the request, or NULL when it could not be made.  Answers PROMISE, which may be nil. */
static Oop send_message_may_gc(Actor *a, uint64_t target, Message *message, Oop promise, Oop delay, bool charged) {
  Scheduler *s = a->scheduler;
  if (!message) {
    if (charged) pressure_refund(s, target);
    if (promise != OOP_NIL) promise_forget(a, oop_to_object(promise));
    return primitive_fail(&a->machine, FAILURE_UNSUPPORTED);
  }
  if (charged) message->detail |= MESSAGE_CHARGED;
  if (promise != OOP_NIL) {
    message->number = (uint64_t)oop_to_small(oop_to_object(promise)->slots[PROMISE_NUMBER]);
    oop_to_object(promise)->slots[PROMISE_VALUE] = oop_from_small((int64_t)target); /* while it is pending: for promise_cancel */
  }
  if (!send_now_or_later(s, target, message, delay)) {
    message_free(&s->messages, message);
    if (promise != OOP_NIL) return break_promise_may_gc(a, promise, target);
  }
  return promise;
}

/* A request with the running send's selector and arguments (HANDLES NULL) or with the values in HANDLES. */
static Oop send_request_may_gc(Machine *m, uint64_t target, ProxyMode mode, Oop delay, const unsigned *handles, unsigned count) {
  Actor *a = actor_of_machine(m);
  Scheduler *s = a->scheduler;
  Oop answer;
  bool charged = false;
  if (mode != PROXY_URGENT && !oop_is_small(delay) && feels_pressure(a, target) && !may_send(a, target, &charged, &answer)) return answer;
  if (a->timer) wait_over(a);
  if (mode == PROXY_ASYNC) return send_message_may_gc(a, target, actor_encode_may_gc(s, a, MESSAGE_REQUEST, handles, count), OOP_NIL, delay, charged);
  unsigned selector = machine_push_handle(m, handles ? OOP_NIL : m->selector);
  Oop promise = promise_new_may_gc(a);
  if (!handles) m->selector = machine_handle(m, selector);
  machine_pop_handles(m, selector);
  if (!promise) return charged ? pressure_refund(s, target) : (void)0, primitive_fail(m, FAILURE_NO_MEMORY);
  unsigned handle = machine_push_handle(m, promise);
  Message *message = actor_encode_may_gc(s, a, MESSAGE_REQUEST, handles, count);
  promise = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  if (message && mode == PROXY_URGENT) message->detail = MESSAGE_URGENT;
  return send_message_may_gc(a, target, message, promise, delay, charged);
}

static Oop proxy_send(Machine *m) {
  ACTOR_OR_FAIL(m);
  Object *proxy = oop_to_object(m->args[0]);
  if (!oop_is_small(proxy->slots[PROXY_ID])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  uint64_t target = (uint64_t)oop_to_small(proxy->slots[PROXY_ID]);
  if (object_class_index(proxy) == CLASS_ACTOR_PROXY) return send_request_may_gc(m, target, PROXY_SYNC, OOP_NIL, NULL, m->argc + 1);
  Oop mode = proxy->slots[PROXY_MODE];
  if (mode == oop_from_small(PROXY_BLOCKING)) return primitive_fail(m, FAILURE_WRONG_STATE); /* the body waits */
  return send_request_may_gc(m, target, (ProxyMode)oop_to_small(mode), proxy->slots[PROXY_DELAY], NULL, m->argc + 1);
}

/* A proxy of the same actor that sends in another way. */
static Oop transient_proxy_may_gc(Machine *m, ProxyMode mode) {
  Oop x = machine_new_may_gc(m, CLASS_TRANSIENT_PROXY, FORMAT_FIXED, 3);
  if (!x) return primitive_fail(m, FAILURE_NO_MEMORY);
  oop_to_object(x)->slots[PROXY_ID] = oop_to_object(m->args[0])->slots[PROXY_ID];
  oop_to_object(x)->slots[PROXY_MODE] = oop_from_small(mode);
  return x;
}

static Oop proxy_async(Machine *m) { return transient_proxy_may_gc(m, PROXY_ASYNC); }
static Oop proxy_sync(Machine *m) { return transient_proxy_may_gc(m, PROXY_SYNC); }
static Oop proxy_blocking(Machine *m) { return transient_proxy_may_gc(m, PROXY_BLOCKING); }

static bool is_selector(Actor *a, Oop x) {
  bool symbol = oop_has_class(x, CLASS_SYMBOL);
  if (!symbol) actor_set_error(a, "expected a Symbol as the selector of a message");
  return symbol;
}

/* Actor class >> send: selector with: arguments to: id mode: mode after: delay */
static Oop actor_request(Machine *m) {
  ACTOR_OR_FAIL(m);
  unsigned handles[256], count = 1;
  if (!is_selector(a, m->args[1]) || !oop_has_class(m->args[2], CLASS_ARRAY) || !oop_is_small(m->args[3]) || !oop_is_small(m->args[4]))
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Object *arguments = oop_to_object(m->args[2]);
  if (object_slots(arguments) > 255) return primitive_fail(m, FAILURE_TOO_LARGE);
  unsigned first = handles[0] = machine_push_handle(m, m->args[1]);
  for (size_t i = 0; i < object_slots(arguments); i++) handles[count++] = machine_push_handle(m, arguments->slots[i]);
  Oop answer = send_request_may_gc(m, (uint64_t)oop_to_small(m->args[3]), (ProxyMode)oop_to_small(m->args[4]), m->args[5], handles, count);
  machine_pop_handles(m, first);
  return answer;
}

static Oop send_plain(Machine *m, uint8_t detail) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t target = (uint64_t)oop_to_small(m->args[2]);
  Oop answer;
  bool charged = false;
  if (!detail && feels_pressure(a, target) && !may_send(a, target, &charged, &answer)) return answer;
  if (a->timer) wait_over(a);
  unsigned handle = machine_push_handle(m, m->args[1]);
  Message *message = actor_encode_may_gc(s, a, MESSAGE_PLAIN, &handle, 1);
  machine_pop_handles(m, handle);
  if (!message) return charged ? pressure_refund(s, target) : (void)0, primitive_fail(m, FAILURE_UNSUPPORTED);
  message->detail = charged ? detail | MESSAGE_CHARGED : detail;
  bool delivered = actor_try_deliver(s, target, message);
  if (!delivered) message_free(&s->messages, message);
  return oop_from_bool(delivered);
}

/* Actor class >> sendPlain: object to: id */
static Oop actor_send(Machine *m) { return send_plain(m, 0); }
static Oop actor_send_urgent(Machine *m) { return send_plain(m, MESSAGE_URGENT); }

/* ---- spawning -------------------------------------------------------------------------------------------------------------------- */

enum { SPAWN_PLAIN = 1, SPAWN_LINK = 2, SPAWN_ANSWER_ACTOR = 4, SPAWN_MONITOR = 8, SPAWN_LIMIT_SHIFT = 8 /* messages, then senders wait */ };

/* The S of a child: the one asked for, or the parent's with what the parent has defined.  Retained. */
static const SourceImage *source_for_child_may_gc(Machine *m, const SourceImage *asked_for) {
  const SourceImage *(*freeze)(Machine *) = runtime_of_machine(m)->options.freeze_for_spawn_may_gc;
  if (asked_for) return source_image_retain(asked_for);
  return freeze ? freeze(m) : source_image_retain(m->source);
}

/* The child starts with one message in its inbox: what to run.  Everything else happens there. */
static Actor *new_child_may_gc(Machine *m, const unsigned *handles, unsigned count, unsigned flags, const SourceImage *asked_for) {
  Actor *a = actor_of_machine(m);
  Scheduler *s = a->scheduler;
  const SourceImage *source = source_for_child_may_gc(m, asked_for);
  if (!source) return actor_set_error(a, "no memory to hand on what this actor has defined"), NULL;
  Message *init = actor_encode_may_gc(s, a, MESSAGE_INIT, handles, count);
  Actor *child = init ? actor_new(s, source, flags & SPAWN_PLAIN ? ACTOR_PLAIN : 0) : NULL;
  if (!child) {
    if (init) message_free(&s->messages, init);
    source_image_release(source);
    return NULL;
  }
  if (runtime_is_tracing(s->runtime)) trace_spawn(s, a, child, init);
  inbox_append(child, init);
  return child;
}

/* What A asked to be told of a child that has not run yet. */
static void watch_child(Actor *a, Actor *child, unsigned flags) {
  if (flags & SPAWN_LINK || actor_is(a, ACTOR_LINKS_CHILDREN)) links_link_child(a, child);
  if (flags & SPAWN_MONITOR) links_monitor_child(a, child);
}

static Oop spawn(Machine *m, const SourceImage *asked_for) {
  ACTOR_OR_FAIL(m);
  unsigned handles[256], count = 2;
  if (!is_selector(a, m->args[2]) || !oop_has_class(m->args[3], CLASS_ARRAY) || !oop_is_small(m->args[4])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  unsigned flags = (unsigned)oop_to_small(m->args[4]);
  Oop answer = machine_new_may_gc(m, flags & SPAWN_ANSWER_ACTOR ? CLASS_ACTOR : CLASS_ACTOR_PROXY, FORMAT_FIXED, 1);
  if (!answer) return primitive_fail(m, FAILURE_NO_MEMORY);
  Object *arguments = oop_to_object(m->args[3]);
  if (object_slots(arguments) > 250) return primitive_fail(m, FAILURE_TOO_LARGE);
  unsigned first = machine_push_handle(m, answer);
  handles[0] = machine_push_handle(m, m->args[1]);
  handles[1] = machine_push_handle(m, m->args[2]);
  for (size_t i = 0; i < object_slots(arguments); i++) handles[count++] = machine_push_handle(m, arguments->slots[i]);
  Actor *child = new_child_may_gc(m, handles, count, flags, asked_for);
  answer = machine_handle(m, first);
  machine_pop_handles(m, first);
  if (!child) return primitive_fail(m, FAILURE_UNSUPPORTED);
  watch_child(a, child, flags);
  if (flags >> SPAWN_LIMIT_SHIFT) pressure_set_limit(child, flags >> SPAWN_LIMIT_SHIFT);
  oop_to_object(answer)->slots[PROXY_ID] = oop_from_small((int64_t)actor_id(child));
  scheduler_enqueue_child(s, child);
  return answer;
}

/* Actor class >> spawn: receiver selector: selector arguments: array flags: flags.  Answers an ActorProxy, or an Actor. */
static Oop actor_spawn(Machine *m) { return spawn(m, NULL); }

/* Actor class >> spawn: receiver selector: selector arguments: array flags: flags image: number */
static Oop actor_spawn_on_image(Machine *m) {
  const SourceImage *image = runtime_image(runtime_of_machine(m), m->args[5]);
  return image ? spawn(m, image) : primitive_fail(m, FAILURE_NOT_FOUND);
}

/* Actor class >> snapshot: aString.  False here, true where the snapshot is resumed, a String when it cannot be written. */
static Oop actor_snapshot(Machine *m) {
  const char *bytes;
  size_t size;
  ACTOR_OR_FAIL(m);
  (void)s;
  if (!actor_is(a, ACTOR_PLAIN) || !oop_try_bytes(m, m->args[1], &bytes, &size) || size > 4000) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  char *path = malloc(size + 1);
  if (!path) return primitive_fail(m, FAILURE_NO_MEMORY);
  memcpy(path, bytes, size);
  path[size] = 0;
  snapshot_begin(a, path);
  return OOP_WAIT;
}

/* Loads an image file for spawn:..image:.  Answers its number, or a String that says why it cannot be used. */
static Oop image_load(Machine *m) {
  char path[4096], error[IMAGE_ERROR_SIZE];
  const char *bytes;
  size_t size;
  ACTOR_OR_FAIL(m);
  (void)a, (void)s;
  if (!oop_try_bytes(m, m->args[1], &bytes, &size) || size >= sizeof path) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  memcpy(path, bytes, size);
  path[size] = 0;
  const SourceImage *image = image_load_file(path, m->source->primitives, error);
  unsigned number = image ? runtime_keep_image(runtime_of_machine(m), image) : 0;
  if (number) return oop_from_small(number);
  if (image) source_image_release(image), snprintf(error, sizeof error, "too many images are loaded");
  Oop text = machine_new_string_may_gc(m, error, strlen(error));
  return text ? text : primitive_fail(m, FAILURE_NO_MEMORY);
}

Oop actor_spawn_with_connection_may_gc(Machine *m, int fd, unsigned flags) {
  Actor *a = actor_of_machine(m);
  unsigned handles[2];
  Oop answer = machine_new_may_gc(m, flags & SPAWN_ANSWER_ACTOR ? CLASS_ACTOR : CLASS_ACTOR_PROXY, FORMAT_FIXED, 1);
  if (!answer) return close(fd), primitive_fail(m, FAILURE_NO_MEMORY);
  unsigned first = machine_push_handle(m, answer);
  handles[0] = machine_push_handle(m, m->args[1]);
  handles[1] = machine_push_handle(m, m->args[2]);
  Actor *child = new_child_may_gc(m, handles, 2, flags, NULL);
  answer = machine_handle(m, first);
  machine_pop_handles(m, first);
  if (!child) return close(fd), primitive_fail(m, FAILURE_UNSUPPORTED);
  child->inbox->number2 = (uint64_t)fd + 1;
  watch_child(a, child, flags);
  oop_to_object(answer)->slots[PROXY_ID] = oop_from_small((int64_t)actor_id(child));
  scheduler_enqueue_child(a->scheduler, child);
  return answer;
}

/* ---- receiving, in plain actors ------------------------------------------------------------------------------------------------- */

/* The next message of the inbox without taking it; reads the mailbox first if need be. */
static const Message *peek_mail_may_gc(Actor *a) {
  if (!a->inbox) wait_read_mail_may_gc(a);
  return a->inbox;
}

/* Actor class >> receiveUntil: deadline.  Answers the value of a plain message.  Fails with WRONG_STATE when something else is to be
 * done first (receiveOther), with NOT_FOUND when the deadline has passed. */
static Oop receive_until(Machine *m, Oop deadline) {
  ACTOR_OR_FAIL(m);
  Oop value = OOP_NIL;
  unsigned count;
  const Message *next = peek_mail_may_gc(a);
  if (a->reactions || (next && next->kind != MESSAGE_PLAIN)) return wait_over(a), primitive_fail(m, FAILURE_WRONG_STATE);
  if (!next) {
    if (wait_timed_out(a, deadline)) return wait_over(a), primitive_fail(m, FAILURE_NOT_FOUND);
    a->flags |= ACTOR_WAITS_FOR_MAIL;
    return wait_until(a, deadline);
  }
  wait_over(a);
  if (!actor_decode_may_gc(s, a, next, &value, 1, &count)) {
    actor_refuse_unreadable(s, a, next);
    message_free(&s->messages, inbox_take(a)); /* one that is too large for the heap makes the receiver fail, as any object would */
    return OOP_FAIL;
  }
  if (s->decoder.hashed_count) return primitive_fail(m, FAILURE_WRONG_STATE);
  message_free(&s->messages, inbox_take(a));
  return value;
}

static Oop actor_receive(Machine *m) { return receive_until(m, m->args[1]); }

/* Actor class >> receive: the next plain message in one step, with no frame below but the receiver's own.  Fails when the long way is needed: saved
 * messages, other kinds of messages. */
static Oop actor_receive_next(Machine *m) {
  if (m->roots[ROOT_ACTOR] != OOP_NIL && oop_to_object(m->roots[ROOT_ACTOR])->slots[STATE_SAVED] != OOP_NIL)
    return primitive_fail(m, FAILURE_WRONG_STATE);
  return receive_until(m, OOP_NIL);
}

/* The values of MESSAGE in an Array after KIND, sender, number and the collections to rehash; 0: failed. */
static Oop message_array_may_gc(Scheduler *s, Actor *a, const Message *message) {
  Machine *m = &a->machine;
  Oop values[258];
  unsigned count = 0;
  enum { HEAD = 4 };
  if (message->size && !actor_decode_may_gc(s, a, message, values, 258, &count)) {
    actor_refuse_unreadable(s, a, message);
    if (message->kind != MESSAGE_EXIT && message->kind != MESSAGE_DOWN) return 0;
    s->decoder.hashed_count = 0;
    values[0] = actor_unreadable_reason_may_gc(a);
    count = 1;
    if (!values[0]) return 0;
  }
  unsigned first = machine_push_handle(m, OOP_NIL);
  if (message->size && s->decoder.hashed_count) machine_set_handle(m, first, actor_hashed_list(s, a, OOP_NIL));
  for (unsigned i = 0; i < count; i++) machine_push_handle(m, values[i]);
  Oop answer = machine_new_array_may_gc(m, HEAD + count);
  if (answer) {
    Object *array = oop_to_object(answer);
    array->slots[0] = oop_from_small(message->kind);
    array->slots[1] = oop_from_small((int64_t)message->from);
    array->slots[2] = oop_from_small((int64_t)message->number);
    for (unsigned i = 0; i <= count; i++) machine_store(m, array, HEAD - 1 + i, machine_handle(m, first + i));
  } else { /* who asked is to know */
    actor_set_error(a, codec_status_text(CODEC_NO_MEMORY));
    actor_refuse_unreadable(s, a, message);
  }
  machine_pop_handles(m, first);
  return answer;
}

/* Actor class >> receiveOther.  Answers an Array of the next message of any kind; nil when there is none. */
static Oop actor_receive_other(Machine *m) {
  ACTOR_OR_FAIL(m);
  const Message *next = peek_mail_may_gc(a);
  if (!next) return OOP_NIL;
  if (next->kind == MESSAGE_REACTIONS) return primitive_fail(m, FAILURE_WRONG_STATE);
  Oop answer = message_array_may_gc(s, a, next);
  if (answer) actor_take_request(a, inbox_take(a));
  else message_free(&s->messages, inbox_take(a));
  return answer ? answer : OOP_FAIL;
}

/* An urgent one that has come since stands before the mark. */
static Message *behind_mark(Actor *a) {
  Message *mark = actor_extra(a)->mark;
  if (!mark) return a->inbox;
  if (a->extra->urgent_last)
    for (Message *each = a->inbox; each && each->detail & MESSAGE_URGENT; each = each->next)
      if (each->detail & MESSAGE_NEWER) return each;
  return mark->next;
}

/* Actor class >> receiveMarked: deadline.  The message behind the mark as an Array, without taking it (actor_pass_mark does).  Fails: WRONG_STATE, blocks of
 * promises are to be run first; NOT_FOUND, the deadline has passed. */
static Oop actor_receive_marked(Machine *m) {
  ACTOR_OR_FAIL(m);
  for (;;) {
    Message *next = behind_mark(a);
    if (!next) wait_read_mail_may_gc(a), next = behind_mark(a); /* the mark's own message may be dropped meanwhile */
    if (a->reactions) return wait_over(a), primitive_fail(m, FAILURE_WRONG_STATE);
    if (!next && wait_timed_out(a, m->args[1])) return wait_over(a), primitive_fail(m, FAILURE_NOT_FOUND);
    if (!next) return a->flags |= ACTOR_WAITS_FOR_MAIL, wait_until(a, m->args[1]);
    Oop answer = message_array_may_gc(s, a, next);
    if (answer) return actor_extra(a)->looked_at = next, wait_over(a), answer;
    message_free(&s->messages, inbox_remove_after(a, inbox_before(a, next))); /* cannot be read here */
    if (m->failure == FAILURE_NO_MEMORY) return wait_over(a), OOP_FAIL;
  }
}

/* Actor class >> nextReaction: the first promise whose blocks are to run, or nil. */
static Oop actor_next_reaction(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!a->reactions) return OOP_NIL;
  for (Message *previous = NULL, *message = a->inbox; message; previous = message, message = message->next) {
    if (message->kind != MESSAGE_REACTIONS) continue;
    inbox_remove_after(a, previous);
    a->reactions--;
    Oop promise = promise_find(m, message->number);
    message_free(&s->messages, message);
    return promise ? promise : OOP_NIL;
  }
  return OOP_NIL;
}

static Oop actor_has_reactions(Machine *m) {
  ACTOR_OR_FAIL(m);
  return oop_from_bool(a->reactions != 0);
}

/* Actor class >> takeUnhashed: the collections that arrived and wait for #rehash, or nil. */
static Oop actor_take_unhashed(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!actor_has_unhashed(a)) return OOP_NIL;
  Object *state = oop_to_object(m->roots[ROOT_ACTOR]);
  Oop list = state->slots[STATE_REHASH];
  state->slots[STATE_REHASH] = OOP_NIL;
  return list;
}

/* Actor class >> takeCancelled: has the caller of this turn lost interest?  True once. */
static Oop actor_take_cancelled(Machine *m) {
  ACTOR_OR_FAIL(m);
  bool cancelled = actor_is(a, ACTOR_CANCELLED);
  a->flags &= (uint32_t)~ACTOR_CANCELLED;
  return oop_from_bool(cancelled);
}

/* Actor class >> takeCircle: has it been found that this turn waits for itself?  True once. */
static Oop actor_take_circle(Machine *m) {
  ACTOR_OR_FAIL(m);
  bool found = actor_is(a, ACTOR_IN_CIRCLE);
  a->flags &= (uint32_t)~ACTOR_IN_CIRCLE;
  return oop_from_bool(found);
}

/* Actor class >> terminationSignal */
static Oop runtime_interrupted(Machine *m) {
  ACTOR_OR_FAIL(m);
  return oop_from_small(atomic_load(&s->runtime->interrupted));
}

/* ---- requests answered later ------------------------------------------------------------------------------------------------------- */

/* Actor class >> detachCaller: {actor id. promise number} of the request of this turn, which is now the program's business; or nil. */
static Oop actor_detach_caller(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!a->reply_promise) return OOP_NIL;
  Oop pair = machine_new_array_may_gc(m, 2);
  if (!pair || !promise_subscribe(a, 0, a->reply_to, a->reply_promise)) return primitive_fail(m, FAILURE_NO_MEMORY);
  oop_to_object(pair)->slots[0] = oop_from_small((int64_t)a->reply_to);
  oop_to_object(pair)->slots[1] = oop_from_small((int64_t)a->reply_promise);
  a->reply_promise = 0;
  return pair;
}

/* Actor class >> reply: value state: state to: id promise: number.  Only once, and only to whom was detached. */
static Oop actor_reply(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[2]) || !oop_is_small(m->args[3]) || !oop_is_small(m->args[4])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t to = (uint64_t)oop_to_small(m->args[3]), number = (uint64_t)oop_to_small(m->args[4]);
  PromiseState state = (PromiseState)(oop_to_small(m->args[2]) & 3);
  if (number == 0) return OOP_FALSE;
  if (!subscriptions_take_detached(a, to, number)) return OOP_FALSE;
  promise_answer_may_gc(s, a, to, number, state, m->args[1]);
  return OOP_TRUE;
}

/* ---- links and ends ----------------------------------------------------------------------------------------------------------------- */

/* A new promise of this actor, settled by a message of KIND that went to PEER. */
static Oop signal_with_promise_may_gc(Machine *m, uint64_t peer, MessageKind kind) {
  Actor *a = actor_of_machine(m);
  Oop promise = promise_new_may_gc(a);
  if (!promise) return primitive_fail(m, FAILURE_NO_MEMORY);
  uint64_t number = (uint64_t)oop_to_small(oop_to_object(promise)->slots[PROMISE_NUMBER]);
  oop_to_object(promise)->slots[PROMISE_VALUE] = oop_from_small((int64_t)peer); /* while it is pending: who settles it */
  if (kind != MESSAGE_SUBSCRIBE) actor_signal(a->scheduler, a, peer, kind, number, 0);
  else actor_signal(a->scheduler, a, peer, kind, SUBSCRIBE_END, number);
  return promise;
}

/* Actor class >> signal: kind to: id reference: reference.  Kinds: 1 link, 2 unlink, 3 monitor, 4 demonitor, 5 demonitor and flush, 6 a promise of
 * its having started, 7 a promise of its end.  A demonitor answers whether the monitor was still there. */
static Oop actor_signal_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[1]) || !oop_is_small(m->args[2]) || !oop_is_small(m->args[3])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t to = (uint64_t)oop_to_small(m->args[2]), reference = (uint64_t)oop_to_small(m->args[3]);
  int64_t kind = oop_to_small(m->args[1]);
  if (to == actor_id(a) && kind < 6) return OOP_FALSE;
  switch (kind) {
  case 1: return links_link(s, a, to) ? OOP_TRUE : primitive_fail(m, FAILURE_NO_MEMORY);
  case 2: return links_unlink(s, a, to), OOP_TRUE;
  case 3:
    if (!links_add(a, LINK_MONITORING, to, reference)) return primitive_fail(m, FAILURE_NO_MEMORY);
    actor_signal(s, a, to, MESSAGE_MONITOR, reference, 0);
    return OOP_TRUE;
  case 4:
  case 5: {
    bool found = links_remove(a, LINK_MONITORING, to, reference);
    if (found) actor_signal(s, a, to, MESSAGE_DEMONITOR, reference, 0);
    else if (kind == 5) wait_read_mail_may_gc(a), links_flush_down(s, a, reference);
    return oop_from_bool(found);
  }
  case 6: return signal_with_promise_may_gc(m, to, MESSAGE_SYNC);
  case 7: return signal_with_promise_may_gc(m, to, MESSAGE_SUBSCRIBE);
  case 8: return signal_with_promise_may_gc(m, to, MESSAGE_INFO);
  default: return primitive_fail(m, FAILURE_BAD_VALUE);
  }
}

/* REASON as a message; nil: no bytes; what cannot be sent is replaced by its error text. */
static Message *reason_message_may_gc(Actor *a, Oop reason, MessageKind kind) {
  Scheduler *s = a->scheduler;
  if (reason == OOP_NIL) return NULL;
  unsigned handle = machine_push_handle(&a->machine, reason);
  Message *message = actor_encode_may_gc(s, a, kind, &handle, 1);
  machine_pop_handles(&a->machine, handle);
  if (message) return message;
  const char *error = a->extra && a->extra->error ? a->extra->error : "no memory";
  Oop text = machine_new_string_may_gc(&a->machine, error, strlen(error));
  if (!text) return NULL;
  handle = machine_push_handle(&a->machine, text);
  message = actor_encode_may_gc(s, a, kind, &handle, 1);
  machine_pop_handles(&a->machine, handle);
  return message;
}

/* Actor class >> exit: id reason: reason kill: aBoolean.  The running actor itself never returns from it. */
static Oop actor_exit(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t id = (uint64_t)oop_to_small(m->args[1]);
  MessageKind kind = m->args[3] == OOP_TRUE ? MESSAGE_KILL : MESSAGE_EXIT;
  Message *message = reason_message_may_gc(a, m->args[2], kind);
  if (id == actor_id(a) && kind == MESSAGE_KILL) {
    actor_exit_later(a, message);
    return OOP_YIELD;
  }
  if (!message) message = message_new(&s->messages, kind, 0);
  message->from = actor_id(a);
  message->detail = 1;
  if (id == actor_id(a)) {
    if (links_trap_own_exit(a, message)) return OOP_TRUE;
    actor_exit_later(a, message);
    return OOP_YIELD;
  }
  bool delivered = actor_try_deliver(s, id, message);
  if (!delivered) message_free(&s->messages, message);
  return oop_from_bool(delivered);
}

/* Actor class >> trace: id events: mask to: id */
static Oop actor_trace(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[1]) || !oop_is_small(m->args[2]) || !oop_is_small(m->args[3])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Message *message = message_new(&s->messages, MESSAGE_TRACE, 0);
  message->from = actor_id(a);
  message->number = (uint64_t)oop_to_small(m->args[2]);
  message->number2 = (uint64_t)oop_to_small(m->args[3]);
  atomic_fetch_or(&s->runtime->tracing, TRACING_ACTORS);
  bool delivered = actor_try_deliver(s, (uint64_t)oop_to_small(m->args[1]), message);
  if (!delivered) message_free(&s->messages, message);
  return oop_from_bool(delivered);
}

static Oop actor_trap_exit(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (m->args[1] == OOP_TRUE) a->flags |= ACTOR_TRAPS_EXIT;
  else a->flags &= (uint32_t)~ACTOR_TRAPS_EXIT;
  return m->args[0];
}

static Oop actor_is_alive(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t id = (uint64_t)oop_to_small(m->args[1]), head;
  Actor *other = actor_table_at(&s->runtime->table, id);
  if (!other) return OOP_FALSE;
  head = atomic_load(&other->mailbox.head);
  return oop_from_bool((head & MAILBOX_POINTER) != MAILBOX_DEAD && head >> MAILBOX_TAG_SHIFT == actor_tag(id));
}

/* ---- about this actor and runtime --------------------------------------------------------------------------------------------------- */

static Oop actor_self_id(Machine *m) {
  ACTOR_OR_FAIL(m);
  return oop_from_small((int64_t)actor_id(a));
}

/* 0: behaviour, 1: plain, 3: main. */
static Oop actor_kind(Machine *m) {
  ACTOR_OR_FAIL(m);
  return oop_from_small((actor_is(a, ACTOR_PLAIN) ? 1 : 0) + (actor_is(a, ACTOR_MAIN) ? 2 : 0));
}

static Oop actor_last_error(Machine *m) {
  ACTOR_OR_FAIL(m);
  const char *text = a->extra && a->extra->error ? a->extra->error : "no memory";
  Oop string = machine_new_string_may_gc(m, text, strlen(text));
  return string ? string : primitive_fail(m, FAILURE_NO_MEMORY);
}

/* Two slots per actor for the Smalltalk side: 0 saved messages, 1 anything. */
/* By the number that Smalltalk uses. */
static unsigned local_slot(Oop number) { return number == oop_from_small(0) ? STATE_SAVED : number == oop_from_small(2) ? STATE_REFERENCES : STATE_LOCAL; }

static Oop actor_local(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (m->roots[ROOT_ACTOR] == OOP_NIL) return OOP_NIL;
  return oop_to_object(m->roots[ROOT_ACTOR])->slots[local_slot(m->args[1])];
}

static Oop actor_set_local(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop state = actor_state_may_gc(a);
  if (!state) return primitive_fail(m, FAILURE_NO_MEMORY);
  machine_store(m, oop_to_object(state), local_slot(m->args[1]), m->args[2]);
  return m->args[2];
}

static Oop actor_count(Machine *m) {
  ACTOR_OR_FAIL(m);
  return oop_from_small((int64_t)runtime_actor_count(s->runtime));
}

/* Small heaps and stacks are cut from chunks of the schedulers' account. */
static Oop runtime_account(Machine *m) {
  ACTOR_OR_FAIL(m);
  int64_t kind = oop_is_small(m->args[1]) ? oop_to_small(m->args[1]) - 1 : -1;
  if (kind < 0 || kind >= ACCOUNT_KIND_COUNT) return primitive_fail(m, FAILURE_BAD_INDEX);
  int64_t bytes = atomic_load(&runtime_accounts(s->runtime)->bytes[kind]);
  return oop_from_small(bytes);
}

static Oop scheduler_count(Machine *m) {
  ACTOR_OR_FAIL(m);
  return oop_from_small(s->runtime->scheduler_count);
}

static Oop runtime_halt_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  runtime_halt(s->runtime, (int)oop_to_small(m->args[1]) & 255);
  return OOP_YIELD;
}

const Primitive actor_primitives[] = {
    {"proxy_send", proxy_send, 0, "send the message to the proxy's actor; answers a promise, or nil when asynchronous", PRIMITIVE_ANY_MESSAGE},
    {"proxy_async", proxy_async, 0, "a proxy whose messages answer nil and make no promise", 0},
    {"proxy_sync", proxy_sync, 0, "a proxy whose messages answer promises", 0},
    {"proxy_blocking", proxy_blocking, 0, "a proxy whose messages wait for their answers", 0},
    {"actor_request", actor_request, 5, "selector, arguments, actor id, mode, delay in ms or nil: the same for a message at hand", 0},
    {"actor_send", actor_send, 2, "object, actor id: deliver a plain message; answers whether the actor is there", 0},
    {"actor_send_urgent", actor_send_urgent, 2, "object, actor id: the same; overtakes other messages if the receiver has opted for it", 0},
    {"actor_snapshot", actor_snapshot, 1, "write the running plain actor to a file: false here, true when it is resumed"},
    {"image_load", image_load, 1, "load an image file: its number, or a String with the reason why not"},
    {"actor_spawn_on_image", actor_spawn_on_image, 5, "receiver, selector, arguments, flags, image number: a new actor on that image"},
    {"actor_spawn", actor_spawn, 4, "receiver, selector, arguments, flags: a new actor that starts with this send", 0},
    {"actor_receive", actor_receive, 1, "deadline in ns or nil: wait for the next plain message", 0},
    {"actor_receive_other", actor_receive_other, 0, "{kind. sender. number. collections to rehash. values..} of the next message, or nil", 0},
    {"actor_receive_marked", actor_receive_marked, 1, "deadline in ns or nil: the message behind the mark, not taken, as actor_receive_other", 0},
    {"actor_next_reaction", actor_next_reaction, 0, "the next settled promise whose blocks are to run, or nil", 0},
    {"actor_has_reactions", actor_has_reactions, 0, "are there any?", 0},
    {"actor_take_unhashed", actor_take_unhashed, 0, "collections that arrived and must be rehashed, or nil", 0},
    {"actor_take_cancelled", actor_take_cancelled, 0, "has the caller of this turn cancelled it? answers true once", 0},
    {"actor_take_circle", actor_take_circle, 0, "does this turn wait for itself, by way of others? answers true once; lastError says how", 0},
    {"actor_detach_caller", actor_detach_caller, 0, "{actor id. promise number} of whoever waits for this turn, or nil", 0},
    {"actor_reply", actor_reply, 4, "value, promise state, actor id, promise number: answer a detached request", 0},
    {"actor_signal", actor_signal_primitive, 3, "1 link 2 unlink 3 monitor 4 demonitor 5 and flush 6 promise of start 7 of end 8 of what it does, actor id, reference", 0},
    {"actor_exit", actor_exit, 3, "actor id, reason, whether it can be trapped: end that actor", 0},
    {"actor_trace", actor_trace, 3, "actor id, mask of events, id of the actor that is told of them", 0},
    {"actor_trap_exit", actor_trap_exit, 1, "whether exits of linked actors arrive as messages", 0},
    {"actor_is_alive", actor_is_alive, 1, "is there an actor with that id?", 0},
    {"actor_self_id", actor_self_id, 0, "id of the running actor", 0},
    {"actor_kind", actor_kind, 0, "0 behaviour, 1 plain, 3 the main program", 0},
    {"actor_last_error", actor_last_error, 0, "why the last message could not be sent or read", 0},
    {"actor_receive_next", actor_receive_next, 0, "wait for a plain message and answer it; fails when there is more to do"},
    {"actor_local", actor_local, 1, "value of an actor-local slot", 0},
    {"actor_set_local", actor_set_local, 2, "set an actor-local slot", 0},
    {"actor_count", actor_count, 0, "actors alive", 0},
    {"runtime_account", runtime_account, 1, "bytes of an account of the runtime, AccountKind from 1", 0},
    {"scheduler_count", scheduler_count, 0, "scheduler threads", 0},
    {"runtime_interrupted", runtime_interrupted, 0, "the signal that told the process to stop, or 0", 0},
    {"runtime_halt", runtime_halt_primitive, 1, "end the program with an exit status", 0},
    {NULL, NULL, 0, NULL, 0}};
