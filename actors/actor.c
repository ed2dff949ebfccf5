/* SPDX-License-Identifier: MIT */
/* actor.c -- the life of one actor: turns, waiting, the end.  Start at actor_run. */
#include <stdio.h>
#include <stdlib.h>

#include "actor.h"
#include "debug.h"
#include "snapshots.h"

#include "handles.h"
#include "processes.h"
#include "runtime_internal.h"
#include "terminal.h"
#include "wire.h"

enum {
  MAX_VALUES = 258,
  PACK_FROM_BYTES = 288,
  PROCESS_SHARE = 200000 /* reductions until others of the same priority get their turn */
};

ActorExtra *actor_extra(Actor *a) {
  for (unsigned n = 0; !a->extra && !(a->extra = account_alloc(a->scheduler->runtime->accounts, ACCOUNT_ACTOR, sizeof *a->extra)); n++)
    account_wait_for_memory(n, "the record of an actor");
  return a->extra;
}

void actor_set_error(Actor *a, const char *text) {
  Accounts *accounts = a->scheduler->runtime->accounts;
  ActorExtra *extra = actor_extra(a);
  account_free(accounts, ACCOUNT_ACTOR, extra->error, extra->error_size);
  extra->error_size = strlen(text) + 1;
  extra->error = account_alloc_dirty(accounts, ACCOUNT_ACTOR, extra->error_size);
  if (extra->error) memcpy(extra->error, text, extra->error_size);
  else extra->error_size = 0;
}

/* ---- records ------------------------------------------------------------------------------------------------------------------- */

Actor *actor_new(Scheduler *s, const SourceImage *source, unsigned flags) {
  if (!s->free_actors) s->free_actor_count = actor_table_take_batch(&s->runtime->table, &s->free_actors);
  Actor *a = s->free_actors;
  if (!a) return NULL;
  s->free_actors = a->next;
  if (s->free_actors) __builtin_prefetch(s->free_actors, 1), __builtin_prefetch(&s->free_actors->flags, 1);
  s->free_actor_count--;
  a->next = NULL;
  a->scheduler = s;
  a->flags = (uint32_t)flags;
  a->pinned = (flags & ACTOR_MAIN) != 0;
  a->on_pack_list = false;
  a->machine.source = source;
  mailbox_open(&a->mailbox, actor_tag(actor_id(a)));
  scheduler_count_up(&s->spawned);
  return a;
}

/* The record's next life has another id. */
static uint64_t next_id(uint64_t id) {
  uint64_t generation = id >> ACTOR_INDEX_BITS, index = id & (((uint64_t)1 << ACTOR_INDEX_BITS) - 1);
  if (++generation >> ACTOR_GENERATION_BITS) generation = 1;
  return generation << ACTOR_INDEX_BITS | index;
}

static void give_back_half(Scheduler *s) {
  Actor *first = s->free_actors, *last = first;
  for (unsigned i = 1; i < ACTOR_BATCH * 4; i++) last = last->next;
  s->free_actors = last->next;
  s->free_actor_count -= ACTOR_BATCH * 4;
  actor_table_give_list(&s->runtime->table, first, last);
}

static void free_record(Scheduler *s, Actor *a) {
  uint64_t id = next_id(actor_id(a));
  size_t start = offsetof(Actor, next);
  memset((char *)a + start, 0, sizeof *a - start);
  atomic_store_explicit(&a->congested, 0, memory_order_relaxed);
  atomic_store_explicit(&a->grouped, 0, memory_order_relaxed);
  a->priority = 0;
  a->turn = TURN_NONE;
  a->reductions = 0;
  atomic_store_explicit(&a->id, id, memory_order_relaxed);
  a->next = s->free_actors;
  s->free_actors = a;
  scheduler_count_up(&s->ended);
  if (++s->free_actor_count >= ACTOR_BATCH * 8) give_back_half(s);
}

static void free_extra(Scheduler *s, Actor *a) {
  Accounts *accounts = s->runtime->accounts;
  ActorExtra *extra = a->extra;
  if (!extra) return;
  if (extra->reason) message_free(&s->messages, extra->reason);
  account_free(accounts, ACCOUNT_ACTOR, extra->links, extra->link_capacity * sizeof *extra->links);
  subscriptions_destroy(a);
  exports_destroy(a);
  free(extra->snapshot_path);
  account_free(accounts, ACCOUNT_ACTOR, extra->room_waiters, extra->room_capacity * sizeof *extra->room_waiters);
  account_free(accounts, ACCOUNT_ACTOR, extra->error, extra->error_size);
  account_free(accounts, ACCOUNT_ACTOR, extra, sizeof *extra);
  a->extra = NULL;
}

/* Places of links and subscriptions that are gone, and the extra part when nothing in it says anything. */
static void free_unused(Scheduler *s, Actor *a) {
  static const ActorExtra nothing;
  Accounts *accounts = s->runtime->accounts;
  ActorExtra *extra = a->extra;
  if (!extra) return;
  if (!extra->link_count) {
    account_free(accounts, ACCOUNT_ACTOR, extra->links, extra->link_capacity * sizeof *extra->links);
    extra->links = NULL, extra->link_capacity = 0;
  }
  if (!extra->subscription_count) subscriptions_destroy(a);
  if (memcmp(extra, &nothing, sizeof nothing)) return;
  account_free(accounts, ACCOUNT_ACTOR, extra, sizeof *extra);
  a->extra = NULL;
}

static void free_message(Scheduler *s, Message *message) {
  if (message->kind == MESSAGE_TIMER) scheduler_free_timer(s, (Timer *)message);
  else message_free(&s->messages, message);
}

static void free_machine(Scheduler *s, Actor *a) {
  const SourceImage *source = a->machine.source;
  a->machine.thread = s->context;
  if (actor_is(a, ACTOR_STARTED)) machine_destroy(&a->machine);
  source_image_release(source);
}

static void free_held(Scheduler *s, Actor *a) {
  if (actor_is(a, ACTOR_LABELLED)) directory_set_label(s->runtime, actor_id(a), NULL, 0);
  handles_close_all(s, a);
  free_machine(s, a);
  free_extra(s, a);
}

void actor_destroy(Scheduler *s, Actor *a) {
  actor_timers_cancel_all(s, a);
  Message *message = mailbox_close(&a->mailbox);
  for (Message *next; message; message = next) next = message->next, free_message(s, message);
  while ((message = inbox_take(a))) free_message(s, message);
  a->scheduler = s;
  free_held(s, a);
  free_record(s, a);
}

/* ---- the end -------------------------------------------------------------------------------------------------------------------- */

void actor_exit_later(Actor *a, Message *reason) {
  Scheduler *s = a->scheduler;
  if (reason && (actor_is(a, ACTOR_EXITING) || !reason->size)) {
    message_free(&s->messages, reason);
    reason = NULL;
  }
  if (actor_is(a, ACTOR_EXITING)) return;
  a->flags |= ACTOR_EXITING;
  if (reason) actor_extra(a)->reason = reason;
}

Message *actor_text_reason(Scheduler *s, const char *text) {
  size_t size = strlen(text);
  Message *reason = message_new(&s->messages, MESSAGE_EXIT, size + WIRE_SCALAR_MAX);
  uint8_t *at = wire_put_string(reason->bytes, (uint32_t)size);
  memcpy(at, text, size);
  reason->size = (uint32_t)(at + size - reason->bytes);
  return reason;
}

Message *actor_symbol_reason(Scheduler *s, const char *name) {
  size_t size = strlen(name);
  Message *reason = message_new(&s->messages, MESSAGE_EXIT, size + WIRE_SCALAR_MAX);
  uint8_t *at = wire_put_extension(reason->bytes, WIRE_SYMBOL, (uint32_t)size);
  memcpy(at, name, size);
  reason->size = (uint32_t)(at + size - reason->bytes);
  return reason;
}

/* Closes the mailbox, tells everyone, frees everything. */
static void end(Scheduler *s, Actor *a) {
  uint64_t id = actor_id(a);
  actor_timers_cancel_all(s, a);
  const Message *reason = a->extra ? a->extra->reason : NULL;
  if (runtime_is_tracing(s->runtime)) trace_exit(s, a, reason);
  Message *late = mailbox_close(&a->mailbox), *message;
  if (actor_is(a, ACTOR_MAIN)) runtime_halt(s->runtime, reason ? 1 : 0);
  if (atomic_load(&a->grouped)) groups_leave_all(s, id); /* looked at after the mailbox was closed: groups.c, claim */
  endings_note(&s->runtime->endings, &s->messages, id, reason);
  pressure_end(s, a);
  promises_break(s, a, reason);
  links_announce_exit(s, a, reason);
  while ((message = inbox_take(a))) undeliverable(s, id, message, reason);
  for (Message *next; late; late = next) {
    next = late->next;
    undeliverable(s, id, late, reason);
  }
  free_held(s, a);
  free_record(s, a);
}

/* ---- decoding and encoding ------------------------------------------------------------------------------------------------------- */

bool actor_decode_may_gc(Scheduler *s, Actor *a, const Message *message, Oop *values, unsigned max, unsigned *count) {
  Decoder *d = &s->decoder;
  d->source = message->source ? message->source : a->machine.source;
  d->self_id = actor_id(a);
  d->references_allowed = true;
  d->shared = message_shared(message);
  d->shared_count = message->shared_count;
  CodecStatus status = decoder_values_may_gc(d, &a->machine, message->bytes, message->size, values, max, count);
  d->shared_count = 0;
  if (status == CODEC_OK) return true;
  a->machine.failure = status == CODEC_NO_MEMORY ? FAILURE_NO_MEMORY : FAILURE_BAD_VALUE;
  actor_set_error(a, d->error);
  return false;
}

Oop actor_hashed_list(Scheduler *s, Actor *a, Oop rest) {
  Decoder *d = &s->decoder;
  Oop list = machine_new_unchecked(&a->machine, CLASS_ARRAY, FORMAT_POINTERS, d->hashed_count + 1);
  for (uint32_t i = 0; i < d->hashed_count; i++) oop_to_object(list)->slots[i] = d->hashed[i].object;
  oop_to_object(list)->slots[d->hashed_count] = rest;
  return list;
}

void actor_note_hashed(Scheduler *s, Actor *a) {
  if (!s->decoder.hashed_count) return;
  Object *state = oop_to_object(a->machine.roots[ROOT_ACTOR]);
  Oop list = actor_hashed_list(s, a, state->slots[STATE_REHASH]);
  machine_store(&a->machine, state, STATE_REHASH, list);
}

bool actor_has_unhashed(const Actor *a) {
  Oop state = a->machine.roots[ROOT_ACTOR];
  return oop_is_pointer(state) && state && oop_to_object(state)->slots[STATE_REHASH] != OOP_NIL;
}

static CodecStatus encode_values(Scheduler *s, Actor *a, const unsigned *handles, unsigned count, MessageSink *sink) {
  Encoder *e = &s->encoder;
  Machine *m = &a->machine;
  CodecStatus status = CODEC_OK;
  encoder_begin(e, m, &sink->sink);
  e->self_id = actor_id(a);
  e->self_object = m->roots[ROOT_SELF] != OOP_NIL && !actor_is(a, ACTOR_PLAIN) ? m->roots[ROOT_SELF] : 0;
  for (unsigned i = 0; i < count && status == CODEC_OK; i++)
    status = encoder_put(e, handles ? machine_handle(m, handles[i]) : i ? m->args[i] : m->selector, i);
  encoder_end(e);
  return status;
}

Message *actor_encode_may_gc(Scheduler *s, Actor *a, MessageKind kind, const unsigned *handles, unsigned count) {
  MessageSink sink;
  Machine *m = &a->machine;
  for (;;) {
    if (!message_sink_begin(&sink, &s->messages, kind)) return actor_set_error(a, "no memory for a message"), NULL;
    CodecStatus status = encode_values(s, a, handles, count, &sink);
    if (status == CODEC_OK) break;
    message_sink_abandon(&sink);
    if (status != CODEC_NEEDS_EXPORT) return actor_set_error(a, s->encoder.error), NULL;
    unsigned promise = machine_push_handle(m, s->encoder.unnumbered), selector = machine_push_handle(m, handles ? OOP_NIL : m->selector);
    bool exported = promise_register_may_gc(a, promise) && export_count(m, oop_to_object(machine_handle(m, promise)));
    if (!handles) m->selector = machine_handle(m, selector);
    machine_pop_handles(m, promise);
    if (!exported) return actor_set_error(a, "no memory for a promise"), NULL;
  }
  Message *message = message_sink_take(&sink, s->encoder.refers_to_source ? m->source : NULL);
  if (!message) return actor_set_error(a, "no memory for a message"), NULL;
  message->from = actor_id(a);
  return message;
}

/* ---- turns ------------------------------------------------------------------------------------------------------------------------ */

static Oop symbol_may_gc(Machine *m, const char *name) { return machine_symbol_may_gc(m, name, strlen(name)); }

/* RECEIVER SELECTOR VALUES, or, when collections in it must be rehashed first, `list rehashAndSend: selector to: receiver with: {values}`. */
static bool start_may_gc(Scheduler *s, Actor *a, Oop receiver, Oop selector, unsigned argc, const Oop *values) {
  Machine *m = &a->machine;
  if (!s->decoder.hashed_count) return machine_start_may_gc(m, receiver, selector, argc, values);
  Oop list = actor_hashed_list(s, a, OOP_NIL), array = machine_new_unchecked(m, CLASS_ARRAY, FORMAT_POINTERS, argc);
  for (unsigned i = 0; i < argc; i++) oop_to_object(array)->slots[i] = values[i];
  unsigned handle = machine_push_handle(m, list);
  Oop arguments[3] = {selector, receiver, array};
  for (unsigned i = 0; i < 3; i++) machine_push_handle(m, arguments[i]);
  Oop trampoline = symbol_may_gc(m, "rehashAndSend:to:with:");
  for (unsigned i = 0; i < 3; i++) arguments[i] = machine_handle(m, handle + 1 + i);
  bool ok = trampoline && machine_start_may_gc(m, machine_handle(m, handle), trampoline, 3, arguments);
  machine_pop_handles(m, handle);
  return ok;
}

static int name_actor(Runtime *runtime, uint64_t id, char *out, size_t room) {
  char label[64];
  int size = (int)directory_label(runtime, id, label, sizeof label);
  return snprintf(out, room, "actor %llu%s%.*s%s", (unsigned long long)id, size ? " (" : "", size, label, size ? ")" : "");
}

static const char *reading_error(const Actor *a) { return a->extra && a->extra->error ? a->extra->error : "the message could not be read"; }

Oop actor_unreadable_reason_may_gc(Actor *a) { return machine_new_string_may_gc(&a->machine, reading_error(a), strlen(reading_error(a))); }

/* It hurts its sender, not its receiver. */
void actor_refuse_unreadable(Scheduler *s, Actor *a, const Message *message) {
  char reader[128], sender[128];
  if (message->kind != MESSAGE_REQUEST && message->kind != MESSAGE_PLAIN) return;
  if (message->kind == MESSAGE_REQUEST && message->number)
    return promise_reply_text(s, a, message->from, message->number, PROMISE_REJECTED, reading_error(a));
  if (a->machine.failure == FAILURE_NO_MEMORY) return;
  name_actor(s->runtime, actor_id(a), reader, sizeof reader);
  name_actor(s->runtime, message->from, sender, sizeof sender);
  fprintf(stderr, "atoll: %s could not read a message of %s, which is dropped: %s\n", reader, sender, reading_error(a));
}

static bool begin_request(Scheduler *s, Actor *a, const Message *message) {
  Oop values[MAX_VALUES];
  unsigned count;
  if (!actor_decode_may_gc(s, a, message, values, MAX_VALUES, &count) || count < 1 || !oop_has_class(values[0], CLASS_SYMBOL)) return false;
  a->turn = TURN_REQUEST;
  a->reply_to = message->from;
  a->reply_promise = message->number;
  return start_may_gc(s, a, a->machine.roots[ROOT_SELF], values[0], count - 1, values + 1);
}

/* A TcpSocket for the handle with that number.  0: no memory, or the program means something else by that name. */
static Oop new_socket_may_gc(Machine *m, uint64_t number) {
  Oop klass = machine_global_value(m, "TcpSocket");
  if (!oop_is_pointer(klass) || !oop_has_class(machine_class_of(m, klass), CLASS_METACLASS)) return 0;
  int64_t spec = oop_to_small(machine_object(m, klass)->slots[BEHAVIOR_SPEC]);
  if (!machine_inherits_from(m, klass, machine_class_at(m, CLASS_HANDLE)) || spec_fixed(spec) != 1) return 0;
  Oop socket = machine_new_may_gc(m, spec_class_index(spec), FORMAT_FIXED, 1);
  if (socket) oop_to_object(socket)->slots[0] = oop_from_small((int64_t)number);
  return socket;
}

/* The connection that comes with an INIT, as an object; 0: failed. */
static Oop adopt_connection_may_gc(Scheduler *s, Actor *a, Message *message) {
  int error, fd = (int)message->number2 - 1;
  message->number2 = 0;
  Handle *handle = handle_new_socket(s, a, fd, &error);
  return handle ? new_socket_may_gc(&a->machine, handle->number) : 0;
}

static bool begin_init(Scheduler *s, Actor *a, Message *message) {
  Oop values[MAX_VALUES];
  unsigned count, handle = machine_push_handle(&a->machine, message->number2 ? adopt_connection_may_gc(s, a, message) : OOP_NIL);
  bool decoded = machine_handle(&a->machine, handle) && actor_decode_may_gc(s, a, message, values, MAX_VALUES - 1, &count) && count >= 2 &&
                 oop_has_class(values[1], CLASS_SYMBOL);
  Oop socket = machine_handle(&a->machine, handle);
  machine_pop_handles(&a->machine, handle);
  if (!decoded) return false;
  if (socket != OOP_NIL) values[count++] = socket;
  a->turn = TURN_INIT;
  return start_may_gc(s, a, values[0], values[1], count - 2, values + 2);
}

/* Behaviour selectors for messages that are no requests; the first argument is always the sender, where there is one. */
static const char *event_selector(const Message *message) {
  switch (message->kind) {
  case MESSAGE_EXIT: return "linkedPeer:terminatedWith:";
  case MESSAGE_DOWN: return "peer:monitor:terminatedWith:";
  default: return "messageReceived:";
  }
}

/* Who sent the message, as the first argument of an event; 0: no memory. */
static Oop sender_may_gc(Machine *m, const Message *message) {
  Oop proxy = machine_new_may_gc(m, CLASS_ACTOR_PROXY, FORMAT_FIXED, 1);
  if (proxy) oop_to_object(proxy)->slots[PROXY_ID] = oop_from_small((int64_t)message->from);
  return proxy;
}

/* What the program gave to the monitor with that number, which is over. */
static Oop reference_of(Machine *m, uint64_t number) {
  Oop number_oop = oop_from_small((int64_t)number), state = m->roots[ROOT_ACTOR], all = state == OOP_NIL ? OOP_NIL : oop_to_object(state)->slots[STATE_REFERENCES];
  if (!oop_has_class(all, CLASS_ARRAY)) return number_oop;
  Object *array = oop_to_object(all);
  for (size_t i = 0; i + 2 < object_slots(array); i += 3) {
    if (array->slots[i] != number_oop) continue;
    Oop reference = array->slots[i + 1];
    array->slots[i] = array->slots[i + 1] = array->slots[i + 2] = OOP_NIL; /* Actor class>>addReference:for: closes the gap */
    return reference;
  }
  return number_oop;
}

static bool begin_event(Scheduler *s, Actor *a, const Message *message) {
  Machine *m = &a->machine;
  Oop value = OOP_NIL, selector, arguments[3];
  unsigned count, argc = 0;
  if (message->kind == MESSAGE_EXIT && links_exit_was_not_trapped(a, message)) return false;
  bool has_sender = message->kind == MESSAGE_EXIT || message->kind == MESSAGE_DOWN;
  selector = symbol_may_gc(m, event_selector(message));
  if (!selector || !machine_lookup(m, machine_class_of(m, m->roots[ROOT_SELF]), selector)) return false;
  unsigned handle = machine_push_handle(m, selector);
  machine_push_handle(m, has_sender ? sender_may_gc(m, message) : OOP_NIL);
  bool ok = machine_handle(m, handle + 1) != 0;
  if (ok && !actor_decode_may_gc(s, a, message, &value, 1, &count)) {
    if (!has_sender) actor_refuse_unreadable(s, a, message);
    s->decoder.hashed_count = 0;
    ok = has_sender && (value = actor_unreadable_reason_may_gc(a));
  }
  if (has_sender) arguments[argc++] = machine_handle(m, handle + 1);
  if (message->kind == MESSAGE_DOWN) arguments[argc++] = oop_from_small((int64_t)message->number);
  arguments[argc++] = value;
  if (ok && message->kind == MESSAGE_DOWN) arguments[1] = reference_of(m, message->number);
  a->turn = TURN_OTHER;
  ok = ok && start_may_gc(s, a, m->roots[ROOT_SELF], machine_handle(m, handle), argc, arguments);
  machine_pop_handles(m, handle);
  return ok;
}

static bool begin_reactions(Actor *a, const Message *message) {
  Machine *m = &a->machine;
  a->reactions--;
  Oop selector = symbol_may_gc(m, "runReactions"), promise = promise_find(m, message->number);
  if (!promise || !selector) return false;
  a->turn = TURN_OTHER;
  return machine_start_may_gc(m, promise, selector, 0, NULL);
}

/* An event is about the handle with that number, as an object of class TcpSocket. */
static bool begin_handle_event(Scheduler *s, Actor *a, const Message *message) {
  Machine *m = &a->machine;
  Oop value = OOP_NIL, arguments[2];
  unsigned count;
  handles_event_begun(s, a, message);
  Oop socket = new_socket_may_gc(m, message->number);
  if (!socket) return false;
  unsigned handle = machine_push_handle(m, socket);
  Oop selector = symbol_may_gc(m, handles_event_selector(message));
  machine_push_handle(m, selector);
  bool ok = selector && actor_decode_may_gc(s, a, message, &value, 1, &count);
  arguments[0] = machine_handle(m, handle);
  arguments[1] = value;
  selector = machine_handle(m, handle + 1);
  machine_pop_handles(m, handle);
  if (!ok || !machine_lookup(m, machine_class_of(m, m->roots[ROOT_SELF]), selector)) return false;
  a->turn = TURN_OTHER;
  return machine_start_may_gc(m, m->roots[ROOT_SELF], selector, 2, arguments);
}

static bool begin(Scheduler *s, Actor *a, Message *message) {
  switch (message->kind) {
  case MESSAGE_REQUEST: return begin_request(s, a, message);
  case MESSAGE_INIT: return begin_init(s, a, message);
  case MESSAGE_REACTIONS: return begin_reactions(a, message);
  case MESSAGE_EVENT: return begin_handle_event(s, a, message);
  default: return begin_event(s, a, message);
  }
}

/* The program runs its statements one after the other, each in a bottom frame of its own. */
static bool begin_statement(Scheduler *s, Actor *a) {
  Runtime *runtime = s->runtime;
  const SourceImage *before = a->machine.source;
  if (runtime->next_may_gc && runtime->next_may_gc(runtime->next_context, &a->machine)) {
    if (!runtime->pinned && a->machine.source != before && s->spawned == 1) runtime_pin(runtime, a->machine.source);
    return a->flags |= ACTOR_IN_TURN, true;
  }
  actor_exit_later(a, NULL);
  return false;
}

/* Starts the turn of the next message.  False: there is none. */
static bool begin_turn(Scheduler *s, Actor *a) {
  Message *message;
  if (actor_is(a, ACTOR_MAIN)) return begin_statement(s, a);
  while (!actor_is(a, ACTOR_EXITING) && (message = inbox_take(a))) {
    if (message->kind == MESSAGE_SYNC) {
      promise_reply_nil(s, a, message->from, message->number);
      free_message(s, message);
      continue;
    }
    bool begun = begin(s, a, message);
    if (!begun && message->kind == MESSAGE_REQUEST) actor_refuse_unreadable(s, a, message);
    if (!begun && message->kind == MESSAGE_INIT) actor_exit_later(a, actor_text_reason(s, reading_error(a)));
    free_message(s, message);
    if (!begun) continue;
    a->flags |= ACTOR_IN_TURN;
    if (runtime_is_tracing(s->runtime)) trace_turn_begins(s, a);
    return true;
  }
  return false;
}

static void end_turn(Scheduler *s, Actor *a) {
  Machine *m = &a->machine;
  a->flags &= (uint32_t)~ACTOR_IN_TURN;
  if (a->turn == TURN_INIT) m->roots[ROOT_SELF] = m->roots[ROOT_RESULT];
  else if (a->turn == TURN_REQUEST && a->reply_promise) promise_answer_turn_may_gc(s, a);
  a->turn = TURN_NONE;
  a->flags &= (uint32_t)~ACTOR_CANCELLED;
  a->reply_promise = 0;
  m->roots[ROOT_RESULT] = OOP_NIL;
}

/* The bottom frame of a plain actor has returned: it is over, unless it is the program and has more statements. */
static void end_plain(Actor *a) {
  if (actor_is(a, ACTOR_MAIN)) a->flags &= (uint32_t)~ACTOR_IN_TURN;
  else actor_exit_later(a, NULL);
}

/* ---- running ---------------------------------------------------------------------------------------------------------------------- */

static bool start_machine(Scheduler *s, Actor *a) {
  if (actor_is(a, ACTOR_STARTED)) return true;
  const SourceImage *source = a->machine.source;
  if (!machine_init(&a->machine, s->context, source, a)) {
    a->machine.source = source;
    return false;
  }
  a->flags |= ACTOR_STARTED;
  a->machine.heap_limit = s->runtime->options.heap_limit;
  if (s->runtime->options.depth_limit_kb) a->machine.depth_limit_kb = s->runtime->options.depth_limit_kb;
  return true;
}

/* The machine's array of handles is the thread's while it runs; what it still holds in it (rarely) it keeps. */
static void lend_handles(Scheduler *s, Machine *m) {
  if (m->handles) return;
  m->handles = s->root_handles;
  m->handle_capacity = s->root_handle_capacity;
  s->root_handles = NULL;
  s->root_handle_capacity = 0;
}

static void take_back_handles(Scheduler *s, Machine *m) {
  if (m->handle_count || s->root_handles) return;
  s->root_handles = m->handles;
  s->root_handle_capacity = m->handle_capacity;
  m->handles = NULL;
  m->handle_capacity = 0;
}

void actor_pack(Scheduler *s, Actor *a) {
  a->flags |= ACTOR_PACKED;
  a->machine.thread = s->context;
  a->scheduler = s;
  free_unused(s, a);
  if (actor_is(a, ACTOR_STARTED)) machine_pack_may_gc(&a->machine);
}

/* An actor with green processes rests until something comes or the first of them wants to go on. */
static void set_alarm(Scheduler *s, Actor *a) {
  uint64_t deadline = processes_deadline(&a->machine);
  if (a->timer) scheduler_cancel_timer(s, a->timer);
  a->timer = deadline == UINT64_MAX ? NULL : scheduler_start_timer(s, actor_id(a), NULL, deadline);
  a->flags |= ACTOR_WAITS_FOR_MAIL;
}

/* True: it rests and is nobody's. */
static bool try_rest(Scheduler *s, Actor *a) {
  if (processes_exist(&a->machine)) set_alarm(s, a);
  if (a->machine.block_size >= PACK_FROM_BYTES && !a->on_pack_list && !actor_is(a, ACTOR_PROBED)) scheduler_note_idle(s, a);
  a->flags &= (uint32_t)~ACTOR_PROBED;
  take_back_handles(s, &a->machine);
  return mailbox_try_rest(&a->mailbox, actor_tag(actor_id(a)));
}

static void no_memory_for_processes(Scheduler *s, Actor *a) { actor_exit_later(a, actor_text_reason(s, "no memory to switch between green processes")); }

/* A turn, or the next statement, goes before processes of its priority, but these run between two turns of a behaviour. */
static bool turn_is_next(const Actor *a, unsigned active) {
  const Machine *m = &a->machine;
  unsigned others = processes_ready_priority(m);
  if (actor_is(a, ACTOR_IN_TURN) || !(a->inbox || actor_is(a, ACTOR_MAIN)) || active > PRIORITY_TURN) return false;
  return others < PRIORITY_TURN || (others == PRIORITY_TURN && !actor_is(a, ACTOR_TURN_ENDED));
}

static bool begin_turn_among_processes_may_gc(Scheduler *s, Actor *a) {
  if (!processes_step_aside_may_gc(&a->machine)) return no_memory_for_processes(s, a), false;
  processes_turn_begins(&a->machine);
  if (begin_turn(s, a)) return true;
  processes_turn_ends(&a->machine);
  return false;
}

/* Blocks of settled promises run in a process of their own when all others wait for something else. */
static bool fork_reactions_may_gc(Actor *a) {
  Machine *m = &a->machine;
  if (!actor_is(a, ACTOR_PLAIN) || !a->reactions || m->fp || processes_ready_priority(m)) return false;
  Oop selector = symbol_may_gc(m, "runReactions");
  return selector && processes_fork_may_gc(m, machine_class_at(m, CLASS_ACTOR), selector);
}

/* The active process has computed for long, and another of its priority is ready. */
static bool must_share(const Actor *a, unsigned active) {
  return a->extra && a->extra->process_used >= PROCESS_SHARE && processes_ready_priority(&a->machine) == active;
}

/* Everybody in A waits for somebody else in A: no process of it can go on, nothing that comes from outside would run code that could wake one, and
 * the turn, block or statement is not over.  (In a behaviour no other turn begins before that; in a plain actor blocks of promises would run.) */
static bool is_deadlocked(const Actor *a) {
  const Machine *m = &a->machine;
  if (!actor_is(a, ACTOR_IN_TURN) || m->fp || a->reactions || processes_wait(m) || processes_ready_priority(m)) return false;
  return !actor_is(a, ACTOR_PLAIN) || !promises_have_reactions(m);
}

/* ProcessDeadlock is signaled in the process of the turn, block or statement. */
static bool signal_deadlock_may_gc(Actor *a) {
  Machine *m = &a->machine;
  Oop selector = symbol_may_gc(m, "signalDeadlock");
  return selector && processes_fork_may_gc(m, machine_class_at(m, CLASS_ACTOR), selector);
}

/* The same as below for an actor with green processes: who runs next?  What comes from outside (a message, a deadline) wins against processes of the
 * same priority; among these each runs until it waits, or until it has had its share. */
static bool ready_process_may_gc(Scheduler *s, Actor *a) {
  Machine *m = &a->machine;
  unsigned active = m->fp ? processes_active_priority(m) : 0;
  unsigned woken = processes_wake(m, scheduler_now(s), actor_is(a, ACTOR_WAKE));
  a->flags &= (uint32_t)~ACTOR_WAKE;
  if (turn_is_next(a, active) && begin_turn_among_processes_may_gc(s, a)) return true;
  if (actor_is(a, ACTOR_EXITING)) return false;
  if (m->fp && woken < active && !must_share(a, active)) return true;
  fork_reactions_may_gc(a);
  if (is_deadlocked(a)) signal_deadlock_may_gc(a);
  if (a->extra) a->extra->process_used = 0;
  switch (processes_switch_may_gc(m)) {
  case PROCESS_SWITCHED: return a->flags &= (uint32_t)~ACTOR_TURN_ENDED, true;
  case PROCESS_NO_MEMORY: no_memory_for_processes(s, a); return false;
  default: return false;
  }
}

/* Is there something to run?  Begins a turn if need be. */
static bool ready(Scheduler *s, Actor *a) {
  if (processes_exist(&a->machine)) return ready_process_may_gc(s, a);
  if (!actor_is(a, ACTOR_IN_TURN)) return begin_turn(s, a);
  return !actor_is(a, ACTOR_WAITING) || actor_is(a, ACTOR_WAKE);
}

static void die(Scheduler *s, Actor *a) {
  static const char text[] = "the machine could not go on (stack or heap used up again while handling an error)";
  if (actor_is(a, ACTOR_MAIN)) fprintf(stderr, "atoll: main program: %s\n", text);
  actor_exit_later(a, actor_text_reason(s, text));
}

/* After a slice that ended for STATUS.  True: go on with this actor now. */
static void after_run(Scheduler *s, Actor *a, RunStatus status) {
  switch (status) {
  case RUN_DONE:
    if (processes_exist(&a->machine)) {
      processes_turn_ends(&a->machine);
      a->flags |= ACTOR_TURN_ENDED;
    }
    if (actor_is(a, ACTOR_PLAIN)) end_plain(a);
    else end_turn(s, a);
    break;
  case RUN_WAITING:
    a->flags |= ACTOR_WAITING;
    if (!snapshot_is_asked_for(a)) {
      if (processes_exist(&a->machine) && !processes_park_may_gc(&a->machine)) no_memory_for_processes(s, a);
      break;
    }
    actor_read_mailbox(s, a);
    snapshot_take_may_gc(s, a);
    a->flags |= ACTOR_WAKE;
    break;
  case RUN_DIED: die(s, a); break;
  case RUN_BUDGET: break;
  }
}

/* The process was told to stop: ProgramTerminated is signaled in the running statement. */
static void terminate_may_gc(Scheduler *s, Actor *a) {
  Machine *m = &a->machine;
  if (s->runtime->main_knows || !actor_is(a, ACTOR_IN_TURN)) return; /* between two statements: in the next one */
  s->runtime->main_knows = true;
  if (a->timer) scheduler_cancel_timer(s, a->timer);
  a->timer = NULL;
  a->flags |= ACTOR_WAKE;
  bool processes = processes_exist(m);
  Oop selector = symbol_may_gc(m, processes ? "terminateMain" : "signalTermination");
  Oop class = machine_class_at(m, CLASS_ACTOR);
  if (selector && (processes ? processes_fork_may_gc(m, class, selector) : machine_interrupt_may_gc(m, class, selector))) return;
  runtime_halt(s->runtime, 128 + atomic_load(&s->runtime->interrupted));
}

/* Somebody has pressed Ctrl-C: UserInterrupt is signaled in the running statement; when that does not help, its frames are dropped. */
static void interrupt_may_gc(Scheduler *s, Actor *a) {
  Machine *m = &a->machine;
  int times = terminal_interrupted(s->runtime->options.terminal);
  if (!times || !actor_is(a, ACTOR_IN_TURN)) return;
  if (a->timer) scheduler_cancel_timer(s, a->timer);
  a->timer = NULL;
  a->flags |= ACTOR_WAKE;
  Oop selector = symbol_may_gc(m, "signalInterrupt"), receiver = machine_global_value(m, "Repl");
  if (times == 1 && selector && oop_is_pointer(receiver) && machine_interrupt_may_gc(m, receiver, selector)) return;
  machine_clear_stack(m);
  m->roots[ROOT_RESULT] = OOP_NIL;
  m->unhandled++;
  end_plain(a);
}

/* It has used USED more. */
static void count_reductions(Scheduler *s, Actor *a, int32_t used) {
  a->reductions += (uint64_t)(used > 0 ? used : 0);
  if (processes_exist(&a->machine)) actor_extra(a)->process_used += (uint32_t)(used > 0 ? used : 0);
  if (!a->extra || !a->extra->reduction_limit || a->reductions <= a->extra->reduction_limit) return;
  actor_exit_later(a, actor_symbol_reason(s, "reductionLimit"));
}

static void look_outside_may_gc(Scheduler *s, Actor *a) {
  if (mailbox_has_mail(&a->mailbox)) actor_read_mailbox(s, a);
  if (!actor_is(a, ACTOR_MAIN)) return;
  if (s->runtime->options.terminal) interrupt_may_gc(s, a);
  if (atomic_load_explicit(&s->runtime->interrupted, memory_order_relaxed)) terminate_may_gc(s, a);
}

void actor_run(Scheduler *s, Actor *a) {
  int32_t slice = s->slice, left = slice;
  bool normal = a->priority == PRIORITY_NORMAL;
  a->scheduler = s;
  if (a->machine.major_due && heap_worker_take(&s->runtime->heap_worker, a)) return; /* it comes back */
  a->machine.thread = s->context;
  a->machine.defers_major = !s->runtime->host->seeded;
  if (!start_machine(s, a)) actor_exit_later(a, actor_text_reason(s, "no memory for a heap"));
  for (;;) {
    lend_handles(s, &a->machine);
    if (actor_is(a, ACTOR_STARTED)) look_outside_may_gc(s, a); /* without memory for a heap it ends, its mail unread */
    if (!actor_is(a, ACTOR_EXITING) && !ready(s, a)) {
      if (actor_is(a, ACTOR_EXITING)) continue;
      if (try_rest(s, a)) break;
      continue;
    }
    if (actor_is(a, ACTOR_EXITING)) {
      take_back_handles(s, &a->machine);
      end(s, a);
      break;
    }
    a->flags &= (uint32_t)~(ACTOR_WAITING | ACTOR_WAKE | ACTOR_WAITS_FOR_MAIL | ACTOR_PROBED);
    bool calls = runtime_is_tracing(s->runtime) && trace_wants_calls(a);
    int32_t budget = calls || debug_on(DEBUG_PREEMPT_STRESS) ? 1 : left; /* what machine_run makes of it then: reductions are counted by it */
    RunStatus status = machine_run(&a->machine, budget);
    count_reductions(s, a, budget - a->machine.budget);
    left = a->machine.budget - 2;
    if (calls) trace_call(s, a);
    after_run(s, a, status);
    if (left > 0 && status != RUN_BUDGET) continue;
    if (actor_is(a, ACTOR_EXITING)) continue;
    take_back_handles(s, &a->machine);
    scheduler_requeue(s, a, status == RUN_BUDGET);
    break;
  }
  if (normal) s->fresh_share -= slice - left;
}
