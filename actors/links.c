/* SPDX-License-Identifier: MIT */
/* links.c -- links, monitors and exit signals, as in Erlang; every end of a linked actor counts, normal or not, as in Actors for Squeak. */
#include "runtime_internal.h"

bool links_find(const Actor *a, LinkKind kind, uint64_t peer, uint64_t reference) {
  const ActorExtra *extra = a->extra;
  for (uint32_t i = 0; extra && i < extra->link_count; i++)
    if (extra->links[i].kind == kind && extra->links[i].peer == peer && extra->links[i].reference == reference) return true;
  return false;
}

bool links_add(Actor *a, LinkKind kind, uint64_t peer, uint64_t reference) {
  ActorExtra *extra = actor_extra(a);
  if (!extra) return false;
  if (links_find(a, kind, peer, reference)) return true;
  if (extra->link_count == extra->link_capacity) {
    uint32_t capacity = extra->link_capacity ? extra->link_capacity * 2 : 2;
    Link *links = account_realloc(a->scheduler->runtime->accounts, ACCOUNT_ACTOR, extra->links, extra->link_capacity * sizeof *links,
                                  capacity * sizeof *links);
    if (!links) return false;
    extra->links = links;
    extra->link_capacity = capacity;
  }
  extra->links[extra->link_count++] = (Link){peer, reference, (uint8_t)kind};
  return true;
}

void links_remove(Actor *a, LinkKind kind, uint64_t peer, uint64_t reference) {
  ActorExtra *extra = a->extra;
  for (uint32_t i = 0; extra && i < extra->link_count; i++) {
    if (extra->links[i].kind != kind || extra->links[i].peer != peer || extra->links[i].reference != reference) continue;
    extra->links[i] = extra->links[--extra->link_count];
    return;
  }
}

/* REASON's bytes in a message of KIND from the actor that has ended. */
static void send_reason(Scheduler *s, uint64_t from, uint64_t to, MessageKind kind, uint64_t reference, const Message *reason) {
  Message *message = reason ? message_copy(&s->messages, reason) : message_new(&s->messages, kind, 0);
  if (!message) return;
  message->kind = (uint8_t)kind;
  message->from = from;
  message->number = reference;
  actor_deliver(s, to, message);
}

void links_announce_exit(Scheduler *s, Actor *a, const Message *reason) {
  ActorExtra *extra = a->extra;
  uint64_t id = actor_id(a);
  for (uint32_t i = 0; extra && i < extra->link_count; i++) {
    const Link *link = &extra->links[i];
    switch (link->kind) {
    case LINK_PEER: send_reason(s, id, link->peer, MESSAGE_EXIT, 0, reason); break;
    case LINK_MONITORED_BY: send_reason(s, id, link->peer, MESSAGE_DOWN, link->reference, reason); break;
    default: actor_signal(s, a, link->peer, MESSAGE_DEMONITOR, link->reference, 0);
    }
  }
}

/* A link or monitor to an actor that is gone reports at once; a request breaks its promise; the rest is dropped. */
void undeliverable(Scheduler *s, uint64_t dead_id, Message *message, const Message *reason) {
  switch (message->kind) {
  case MESSAGE_REQUEST:
    if (message->number) promise_reply_broken(s, dead_id, message->from, message->number, reason);
    break;
  case MESSAGE_SUBSCRIBE: promise_reply_broken(s, dead_id, message->from, message->number2, reason); break;
  case MESSAGE_LINK: send_reason(s, dead_id, message->from, MESSAGE_EXIT, 0, reason); break;
  case MESSAGE_MONITOR: send_reason(s, dead_id, message->from, MESSAGE_DOWN, message->number, reason); break;
  case MESSAGE_TIMER: scheduler_free_timer(s, (Timer *)message); return;
  default: break;
  }
  message_free(&s->messages, message);
}

static bool traps_exits(Actor *a) {
  Machine *m = &a->machine;
  if (actor_is(a, ACTOR_PLAIN)) return actor_is(a, ACTOR_TRAPS_EXIT);
  if (m->roots[ROOT_SELF] == OOP_NIL) return false;
  Oop selector = machine_find_symbol(m, "linkedPeer:terminatedWith:", 26);
  return selector && machine_lookup(m, machine_class_of(m, m->roots[ROOT_SELF]), selector);
}

static void queue_event(Actor *a, Message *message) {
  if (a->waits_for_mail) a->flags |= ACTOR_WAKE;
  inbox_append(a, message);
}

/* The reason of a linked actor's normal end is nil: then the message has no bytes. */
static void receive_exit(Scheduler *s, Actor *a, Message *message) {
  links_remove(a, LINK_PEER, message->from, 0);
  if (traps_exits(a)) queue_event(a, message);
  else if (message->size) actor_exit_later(a, message);
  else message_free(&s->messages, message), actor_exit_later(a, NULL);
}

static void receive_down(Scheduler *s, Actor *a, Message *message) {
  bool wanted = links_find(a, LINK_MONITORING, message->from, message->number);
  links_remove(a, LINK_MONITORING, message->from, message->number);
  if (wanted) queue_event(a, message);
  else message_free(&s->messages, message);
}

void links_receive(Scheduler *s, Actor *a, Message *message) {
  switch (message->kind) {
  case MESSAGE_EXIT: receive_exit(s, a, message); return;
  case MESSAGE_DOWN: receive_down(s, a, message); return;
  case MESSAGE_KILL:
    actor_exit_later(a, message->size ? message : NULL);
    if (message->size) return;
    break;
  case MESSAGE_LINK: links_add(a, LINK_PEER, message->from, 0); break;
  case MESSAGE_UNLINK: links_remove(a, LINK_PEER, message->from, 0); break;
  case MESSAGE_MONITOR: links_add(a, LINK_MONITORED_BY, message->from, message->number); break;
  case MESSAGE_DEMONITOR: links_remove(a, LINK_MONITORED_BY, message->from, message->number); break;
  default: break;
  }
  message_free(&s->messages, message);
}
