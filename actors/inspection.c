/* SPDX-License-Identifier: MIT */
/* inspection.c -- what an actor is doing, told by itself: the question is a signal, answered at the next safe point whatever the actor does. */
#include <stdio.h>

#include "frames.h"
#include "code.h"
#include "memory_internal.h"
#include "runtime_internal.h"
#include "wire.h"

enum { METHOD_ROOM = 160, ANSWER_ROOM = 64 * WIRE_SCALAR_MAX };

/* Text in ROOM bytes, its end included.  (Each traced call is described: no printf.) */
typedef struct Text {
  char *at, *end;
} Text;

static void put(Text *t, const char *bytes, size_t size) {
  size_t room = (size_t)(t->end - t->at) - 1;
  if (size > room) size = room;
  memcpy(t->at, bytes, size);
  t->at += size;
  *t->at = 0;
}

static void put_name_of(Text *t, const Machine *m, Oop x) {
  const char *bytes;
  size_t size;
  if (!oop_try_bytes(m, x, &bytes, &size)) bytes = "?", size = 1;
  put(t, bytes, size);
}

static void put_class_name(Text *t, const Machine *m, Oop class) {
  Object *behavior = machine_object(m, class);
  bool meta = object_class_index(behavior) == CLASS_METACLASS;
  if (meta) behavior = machine_object(m, behavior->slots[METACLASS_INSTANCE_CLASS]);
  put_name_of(t, m, behavior->slots[CLASS_SLOT_NAME]);
  if (meta) put(t, " class", 6);
}

/* The method (or the one that the block stands in) of the top frame. */
void actor_current_method(const Actor *a, char *out, size_t room) {
  const Machine *m = &a->machine;
  Text t = {out, out + room};
  out[0] = 0;
  if (!m->fp || !actor_is(a, ACTOR_IN_TURN)) return;
  Object *code = frame_code(m->fp);
  bool block = code_flags(code) & CODE_IS_BLOCK;
  while (code_flags(code) & CODE_IS_BLOCK) {
    Oop outer = code->slots[CODE_OUTER];
    if (!oop_is_pointer(outer) || outer == OOP_NIL) { /* it came in a message, without what stood around it */
      put(&t, "a block", 7);
      return;
    }
    code = oop_to_object(outer);
  }
  if (block) put(&t, "[] in ", 6);
  put_class_name(&t, m, code->slots[CODE_CLASS]);
  put(&t, ">>", 2);
  put_name_of(&t, m, code->slots[CODE_SELECTOR]);
}

static uint64_t heap_bytes(const Machine *m) { return m->block_size + (m->old ? m->old->used + m->old->large_used : 0); }

static uint64_t count_links(const Actor *a, LinkKind kind) {
  uint64_t count = 0;
  for (uint32_t i = 0; a->extra && i < a->extra->link_capacity; i++) count += a->extra->links[i].kind == kind;
  return count;
}

static const char *state_of(const Actor *a) {
  if (!actor_is(a, ACTOR_IN_TURN)) return "idle";
  return actor_is(a, ACTOR_WAITING) ? "waiting" : "running";
}

static uint8_t *put_text(uint8_t *at, const char *text) {
  size_t size = strlen(text);
  at = wire_put_string(at, (uint32_t)size);
  memcpy(at, text, size);
  return at + size;
}

/* The order is that of ActorInfo's instance variables. */
static uint8_t *put_answer(uint8_t *at, const Actor *a) {
  const Machine *m = &a->machine;
  char method[METHOD_ROOM];
  uint64_t private_bytes = sizeof *a + heap_bytes(m);
  for (const Message *message = a->inbox; message; message = message->next) private_bytes += sizeof *message + message->capacity;
  if (a->extra) private_bytes += sizeof *a->extra + a->extra->link_capacity * sizeof(Link) + a->extra->subscription_capacity * (sizeof(Subscription) + sizeof(uint32_t));
  actor_current_method(a, method, sizeof method);
  bool starts = a->inbox && a->inbox->kind == MESSAGE_INIT; /* nobody has sent that */
  uint64_t numbers[] = {a->inbox_count - starts, heap_bytes(m), private_bytes, a->reductions, count_links(a, LINK_PEER), count_links(a, LINK_MONITORED_BY),
                        count_links(a, LINK_MONITORING), m->shadows ? m->shadows->count : 0, a->priority, a->extra ? a->extra->dropped : 0,
                        a->scheduler->number};
  at = wire_put_array(at, 3 + sizeof numbers / sizeof *numbers);
  at = put_text(at, state_of(a));
  at = put_text(at, method);
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) at = wire_put_unsigned(at, numbers[i]);
  return wire_put_bool(at, actor_is(a, ACTOR_TRAPS_EXIT));
}

Oop inspection_own_may_gc(Actor *a) {
  Scheduler *s = a->scheduler;
  Oop answer = OOP_NIL;
  unsigned count;
  Message *message = message_new(&s->messages, MESSAGE_REPLY, ANSWER_ROOM + METHOD_ROOM);
  message->size = (uint32_t)(put_answer(message->bytes, a) - message->bytes);
  bool decoded = actor_decode_may_gc(s, a, message, &answer, 1, &count);
  message_free(&s->messages, message);
  return decoded ? answer : 0;
}

void inspection_answer(Scheduler *s, Actor *a, Message *message) {
  Message *reply = message_new(&s->messages, MESSAGE_REPLY, ANSWER_ROOM + METHOD_ROOM);
  reply->size = (uint32_t)(put_answer(reply->bytes, a) - reply->bytes);
  reply->from = actor_id(a);
  reply->number = message->number;
  reply->detail = PROMISE_RESOLVED;
  actor_deliver(s, message->from, reply);
  message_free(&s->messages, message);
}
