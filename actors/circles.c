/* SPDX-License-Identifier: MIT */
/* circles.c -- turns of behaviours, and plain actors, that wait for each other's answers, so that none of them will ever go on.
 *
 *     A: turn waits for promise 7 of B            B: request 7 of A is this turn's, or still in the inbox, or put off
 *     B: turn waits for promise 3 of A            A: request 3 of B is this turn's, or still in the inbox, or put off
 *
 * Who has been idle for a while in the middle of a turn, waits without a deadline, and is waited for itself, sends a PROBE along what it waits for
 * (Chandy, Misra and Haas, 1983).  An actor hands a probe on if the request by which it came is stuck there and it waits in the same way.  A probe that comes
 * back has found a circle: each of its actors was seen waiting for the next, and can only have stopped if that one answered, which it cannot while it
 * waits.  So nothing is reported that is no deadlock; actors that are killed or cancelled in that moment aside.  Whoever closes a circle waits last and sends
 * a probe after that; an actor with a larger id than who sent it sends one of its own instead, so that of a circle the one with the largest id gets the error
 * (ActorDeadlock), and no other.  Actors with green processes, and plain ones that have given blocks to promises, can do something else while they wait, and are left
 * out. */
#include <stdio.h>

#include "frames.h"
#include "opcodes.h"
#include "processes.h"
#include "runtime_internal.h"

enum { PATH_SHOWN = 6, MOST_HOPS = 10000, TEXT_ROOM = 512 };

typedef struct Probe {
  uint64_t initiator, promise; /* what it waits for */
  uint32_t serial, hops;       /* of the initiator's probes */
  uint64_t path[PATH_SHOWN];
} Probe;

/* The promise for which the turn of A waits without a deadline, by a request that it has sent; NULL: none. */
static const Object *awaited(const Actor *a) {
  const Machine *m = &a->machine;
  const uint32_t needed = ACTOR_IN_TURN | ACTOR_WAITING, excluded = ACTOR_EXITING | ACTOR_CANCELLED;
  if ((a->flags & needed) != needed || a->flags & excluded || a->timer || !m->fp || processes_exist(m)) return NULL;
  uint32_t word = ((const uint32_t *)frame_code(m->fp))[m->pc];
  if (op_code(word) != OP_SEND) return NULL;
  Oop receiver = m->fp[op_a(word)];
  if (!oop_has_class(receiver, CLASS_PROMISE)) return NULL;
  const Object *promise = oop_to_object(receiver);
  Oop target = promise->slots[PROMISE_VALUE], owner = promise->slots[PROMISE_OWNER];
  if (promise->slots[PROMISE_STATE] != oop_from_small(PROMISE_PENDING) || !oop_is_small(promise->slots[PROMISE_NUMBER])) return NULL;
  if (!oop_is_small(target) || oop_to_small(target) <= 0 || owner != OOP_NIL) return NULL; /* who knows who will settle it */
  return actor_is(a, ACTOR_PLAIN) && (a->reactions || promises_have_reactions(m)) ? NULL : promise;
}

static uint64_t number_of(const Object *promise) { return (uint64_t)oop_to_small(promise->slots[PROMISE_NUMBER]); }
static uint64_t target_of(const Object *promise) { return (uint64_t)oop_to_small(promise->slots[PROMISE_VALUE]); }

/* Is that request not answered before the turn of A is over? */
static bool is_stuck(const Actor *a, uint64_t from, uint64_t number) {
  if ((a->reply_to == from && a->reply_promise == number) || subscriptions_has_detached(a, from, number)) return true;
  for (const Message *each = a->inbox; each; each = each->next)
    if (each->kind == MESSAGE_REQUEST && each->from == from && each->number == number) return true;
  return false;
}

static bool is_waited_for(const Actor *a) {
  if (a->reply_promise || subscriptions_has_detached(a, 0, 0)) return true;
  for (const Message *each = a->inbox; each; each = each->next)
    if (each->kind == MESSAGE_REQUEST && each->number) return true;
  return false;
}

static void send_probe(Scheduler *s, Actor *a, const Object *promise, Probe probe) {
  Message *message = message_new(&s->messages, MESSAGE_PROBE, sizeof probe);
  if (probe.hops < PATH_SHOWN) probe.path[probe.hops] = actor_id(a);
  probe.hops++;
  memcpy(message->bytes, &probe, message->size = sizeof probe);
  message->from = actor_id(a);
  message->number = number_of(promise);
  actor_deliver(s, target_of(promise), message);
}

static void send_own_probe(Scheduler *s, Actor *a, const Object *promise) {
  actor_extra(a)->probed_promise = number_of(promise);
  send_probe(s, a, promise, (Probe){.initiator = actor_id(a), .promise = number_of(promise), .serial = ++a->extra->probes_sent});
}

void circles_look(Scheduler *s, Actor *a) {
  const Object *promise = awaited(a);
  if (promise && is_waited_for(a)) send_own_probe(s, a, promise);
}

static int put_name(Runtime *runtime, char *at, size_t room, uint64_t id) {
  char label[64];
  int size = (int)directory_label(runtime, id, label, sizeof label);
  return snprintf(at, room, "actor %llu%s%.*s%s", (unsigned long long)id, size ? " (" : "", size, label, size ? ")" : "");
}

/* "actor 1 waits for actor 2, which waits for actor 1" */
static void describe(Runtime *runtime, const Probe *probe, char text[TEXT_ROOM]) {
  size_t size = (size_t)put_name(runtime, text, TEXT_ROOM, probe->path[0]);
  for (uint32_t i = 1; i <= probe->hops && size < TEXT_ROOM; i++) {
    size += (size_t)snprintf(text + size, TEXT_ROOM - size, i == 1 ? " waits for " : ", which waits for ");
    if (i == PATH_SHOWN && probe->hops > PATH_SHOWN && size < TEXT_ROOM) {
      size += (size_t)snprintf(text + size, TEXT_ROOM - size, "(%u more), which wait for ", probe->hops - PATH_SHOWN);
      i = probe->hops;
    }
    if (size < TEXT_ROOM) size += (size_t)put_name(runtime, text + size, TEXT_ROOM - size, i == probe->hops ? probe->initiator : probe->path[i]);
  }
}

/* The wait of A fails with ActorDeadlock. */
static void break_circle(Scheduler *s, Actor *a, const Probe *probe) {
  char text[TEXT_ROOM];
  describe(s->runtime, probe, text);
  actor_set_error(a, text);
  a->flags |= ACTOR_IN_CIRCLE | ACTOR_WAKE;
}

void circles_receive(Scheduler *s, Actor *a, Message *message) {
  Probe probe;
  const Object *promise = awaited(a);
  memcpy(&probe, message->bytes, sizeof probe);
  if (promise) a->flags |= ACTOR_PROBED; /* so it will not be looked at again: it asks for itself now, if it has not yet */
  if (promise && is_waited_for(a) && !(a->extra && a->extra->probed_promise == number_of(promise))) send_own_probe(s, a, promise);
  bool stuck = promise && is_stuck(a, message->from, message->number);
  message_free(&s->messages, message);
  if (!stuck) return;
  if (probe.initiator == actor_id(a)) {
    if (probe.promise == number_of(promise)) break_circle(s, a, &probe);
    return;
  }
  if (actor_id(a) > probe.initiator) return send_own_probe(s, a, promise);
  ActorExtra *extra = actor_extra(a);
  if (probe.hops > MOST_HOPS || (extra->probe_initiator == probe.initiator && extra->probe_serial == probe.serial)) return; /* a circle without its initiator */
  extra->probe_initiator = probe.initiator;
  extra->probe_serial = probe.serial;
  send_probe(s, a, promise, probe);
}
