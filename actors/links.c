/* SPDX-License-Identifier: MIT */
/* links.c -- links, monitors and exit signals, as in Erlang. */
#include "runtime_internal.h"

/* ---- the table ------------------------------------------------------------------------------------------------------------------ */

static bool link_is(const Link *link, LinkKind kind, uint64_t peer, uint64_t reference) {
  return link->kind == kind && link->peer == peer && (kind == LINK_PEER || link->reference == reference);
}

static uint32_t home_of(const ActorExtra *extra, LinkKind kind, uint64_t peer, uint64_t reference) {
  uint64_t key = (kind == LINK_PEER ? peer : peer ^ reference * 3) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(key >> 32) & (extra->link_capacity - 1);
}

static Link *find(const Actor *a, LinkKind kind, uint64_t peer, uint64_t reference) {
  const ActorExtra *extra = a->extra;
  if (!extra || !extra->link_count) return NULL;
  for (uint32_t i = home_of(extra, kind, peer, reference); extra->links[i].kind; i = (i + 1) & (extra->link_capacity - 1))
    if (link_is(&extra->links[i], kind, peer, reference)) return &extra->links[i];
  return NULL;
}

/* There is a free place. */
static void enter_unchecked(ActorExtra *extra, Link link) {
  uint32_t i = home_of(extra, (LinkKind)link.kind, link.peer, link.reference);
  while (extra->links[i].kind) i = (i + 1) & (extra->link_capacity - 1);
  extra->links[i] = link;
  extra->link_count++;
}

static bool resize(Actor *a, uint32_t capacity) {
  Accounts *accounts = a->scheduler->runtime->accounts;
  ActorExtra *extra = a->extra;
  Link *old = extra->links;
  uint32_t old_capacity = extra->link_capacity;
  Link *links = account_alloc(accounts, ACCOUNT_ACTOR, capacity * sizeof *links);
  if (!links) return false;
  extra->links = links;
  extra->link_capacity = capacity;
  extra->link_count = 0;
  for (uint32_t i = 0; i < old_capacity; i++)
    if (old[i].kind) enter_unchecked(extra, old[i]);
  account_free(accounts, ACCOUNT_ACTOR, old, old_capacity * sizeof *old);
  return true;
}

bool links_add(Actor *a, LinkKind kind, uint64_t peer, uint64_t reference) {
  ActorExtra *extra = actor_extra(a);
  if (find(a, kind, peer, reference)) return true;
  if ((extra->link_count + 1) * 4 > extra->link_capacity * 3 && !resize(a, extra->link_capacity ? extra->link_capacity * 2 : 2)) return false;
  enter_unchecked(extra, (Link){peer, reference, (uint8_t)kind});
  return true;
}

/* Those that stand behind the free place because theirs was taken move up. */
static void close_gap(ActorExtra *extra, uint32_t gap) {
  uint32_t mask = extra->link_capacity - 1;
  for (uint32_t i = (gap + 1) & mask; extra->links[i].kind; i = (i + 1) & mask) {
    const Link *link = &extra->links[i];
    uint32_t home = home_of(extra, (LinkKind)link->kind, link->peer, link->reference);
    if (((i - home) & mask) < ((i - gap) & mask)) continue;
    extra->links[gap] = *link;
    gap = i;
  }
  extra->links[gap] = (Link){0};
}

static void remove_link(Actor *a, Link *link) {
  ActorExtra *extra = a->extra;
  close_gap(extra, (uint32_t)(link - extra->links));
  extra->link_count--;
  if (extra->link_capacity > 64 && extra->link_count * 8 < extra->link_capacity) resize(a, extra->link_capacity / 4);
}

bool links_remove(Actor *a, LinkKind kind, uint64_t peer, uint64_t reference) {
  Link *link = find(a, kind, peer, reference);
  if (link) remove_link(a, link);
  return link != NULL;
}

/* ---- linking ---------------------------------------------------------------------------------------------------------------------- */

/* Both ends keep a link.  Who unlinks keeps its end as *unlinking* until the other acknowledges: a LINK that arrives meanwhile was sent by a peer that
 * had not heard of it and is void, an EXIT is too; a LINK sent after the acknowledgement comes after it.  So both ends always agree in
 * the end, however LINKs and UNLINKs cross.  (The protocol of Erlang/OTP 23.) */
bool links_link(Scheduler *s, Actor *a, uint64_t peer) {
  Link *link = find(a, LINK_PEER, peer, 0);
  if (link && !link->reference) return true;
  if (link) link->reference = 0;
  else if (!links_add(a, LINK_PEER, peer, 0)) return false;
  actor_signal(s, a, peer, MESSAGE_LINK, 0, 0);
  return true;
}

void links_unlink(Scheduler *s, Actor *a, uint64_t peer) {
  Link *link = find(a, LINK_PEER, peer, 0);
  if (!link || link->reference) return;
  link->reference = ++a->promise_serial;
  if (!link->reference) link->reference = ++a->promise_serial;
  actor_signal(s, a, peer, MESSAGE_UNLINK, link->reference, 0);
}

/* Whoever asked relies on it. */
static void add_certainly(Actor *a, LinkKind kind, uint64_t peer, uint64_t reference) {
  for (unsigned n = 0; !links_add(a, kind, peer, reference); n++) account_wait_for_memory(n, "a link or monitor");
}

void links_link_child(Actor *a, Actor *child) {
  add_certainly(a, LINK_PEER, actor_id(child), 0);
  add_certainly(child, LINK_PEER, actor_id(a), 0);
}

void links_monitor_child(Actor *a, Actor *child) {
  add_certainly(a, LINK_MONITORING, actor_id(child), actor_id(child));
  add_certainly(child, LINK_MONITORED_BY, actor_id(a), actor_id(child));
}

static void receive_link(Actor *a, uint64_t from) { add_certainly(a, LINK_PEER, from, 0); }

static void receive_unlink(Scheduler *s, Actor *a, const Message *message) {
  Link *link = find(a, LINK_PEER, message->from, 0);
  if (link && !link->reference) remove_link(a, link);
  actor_signal(s, a, message->from, MESSAGE_UNLINK_ACK, message->number, 0);
}

static void receive_unlink_ack(Actor *a, const Message *message) {
  Link *link = find(a, LINK_PEER, message->from, 0);
  if (link && link->reference == message->number) remove_link(a, link);
}

/* ---- ends ------------------------------------------------------------------------------------------------------------------------- */

/* REASON's bytes in a message of KIND from the actor that has ended. */
static void send_reason(Scheduler *s, uint64_t from, uint64_t to, MessageKind kind, uint64_t reference, const Message *reason) {
  Message *message = reason ? message_copy(&s->messages, reason) : message_new(&s->messages, kind, 0);
  if (!message) return;
  message->kind = (uint8_t)kind;
  message->detail = 0;
  message->from = from;
  message->number = reference;
  actor_deliver(s, to, message);
}

void links_announce_exit(Scheduler *s, Actor *a, const Message *reason) {
  ActorExtra *extra = a->extra;
  uint64_t id = actor_id(a);
  for (uint32_t i = 0; extra && i < extra->link_capacity; i++) {
    const Link *link = &extra->links[i];
    switch (link->kind) {
    case LINK_PEER:
      if (!link->reference) send_reason(s, id, link->peer, MESSAGE_EXIT, 0, reason);
      break;
    case LINK_MONITORED_BY: send_reason(s, id, link->peer, MESSAGE_DOWN, link->reference, reason); break;
    case LINK_MONITORING: actor_signal(s, a, link->peer, MESSAGE_DEMONITOR, link->reference, 0); break;
    default: break;
    }
  }
}

/* The dead acknowledge too. */
static void reply_unlinked(Scheduler *s, uint64_t dead_id, Message *message) {
  uint64_t to = message->from;
  message->kind = MESSAGE_UNLINK_ACK;
  message->from = dead_id;
  if (!actor_try_deliver(s, to, message)) message_free(&s->messages, message);
}

/* Who waits for room in the mailbox of the dead need not wait. */
static void actor_tell_room(Scheduler *s, uint64_t dead_id, Message *message) {
  uint64_t to = message->from;
  message->from = dead_id;
  message->number = 1;
  if (!actor_try_deliver(s, to, message)) message_free(&s->messages, message);
}

/* A link or monitor to an actor that is gone reports at once; a request breaks its promise; the rest is dropped. */
void undeliverable(Scheduler *s, uint64_t dead_id, Message *message, const Message *reason) {
  switch (message->kind) {
  case MESSAGE_REQUEST:
  case MESSAGE_SYNC:
  case MESSAGE_INFO:
    if (message->number) promise_reply_broken(s, dead_id, message->from, message->number, reason);
    break;
  case MESSAGE_SUBSCRIBE:
    if (message->number == SUBSCRIBE_END) promise_reply_end(s, dead_id, message->from, message->number2, reason);
    else promise_reply_broken(s, dead_id, message->from, message->number2, reason);
    break;
  case MESSAGE_ROOM:
    if (message->number != 1) {
      actor_tell_room(s, dead_id, message);
      return;
    }
    break;
  case MESSAGE_UNLINK: reply_unlinked(s, dead_id, message); return;
  case MESSAGE_LINK: send_reason(s, dead_id, message->from, MESSAGE_EXIT, 0, reason); break;
  case MESSAGE_MONITOR: send_reason(s, dead_id, message->from, MESSAGE_DOWN, message->number, reason); break;
  case MESSAGE_TIMER: scheduler_free_timer(s, (Timer *)message); return;
  default: break;
  }
  message_free(&s->messages, message);
}

static bool traps_exits(Actor *a) {
  Machine *m = &a->machine;
  if (actor_is(a, ACTOR_TRAPS_EXIT)) return true;
  if (actor_is(a, ACTOR_PLAIN) || m->roots[ROOT_SELF] == OOP_NIL) return false;
  Oop selector = machine_find_symbol(m, "linkedPeer:terminatedWith:", 26);
  return selector && machine_lookup(m, machine_class_of(m, m->roots[ROOT_SELF]), selector);
}

/* A behaviour that is not there yet cannot say whether it traps exits: its first turns will. */
static bool is_setting_up(const Actor *a) { return !actor_is(a, ACTOR_PLAIN) && a->machine.roots[ROOT_SELF] == OOP_NIL; }

static void queue_event(Actor *a, Message *message) {
  if (actor_is(a, ACTOR_WAITS_FOR_MAIL)) a->flags |= ACTOR_WAKE;
  inbox_append(a, message);
}

bool links_trap_own_exit(Actor *a, Message *message) {
  if (!traps_exits(a)) return false;
  queue_event(a, message);
  return true;
}

/* A message without bytes is a normal end: it matters to those alone who trap exits.  A link that we have undone is silent. */
static void receive_exit(Scheduler *s, Actor *a, Message *message) {
  bool by_link = message->detail == 0, wanted = true;
  if (by_link) {
    Link *link = find(a, LINK_PEER, message->from, 0);
    wanted = link && !link->reference;
    if (link) remove_link(a, link);
  }
  if (wanted && (traps_exits(a) || is_setting_up(a))) queue_event(a, message);
  else if (wanted && message->size) actor_exit_later(a, message);
  else message_free(&s->messages, message);
}

bool links_exit_was_not_trapped(Actor *a, const Message *message) {
  Message *reason;
  if (traps_exits(a)) return false;
  if (message->size && (reason = message_copy(&a->scheduler->messages, message))) actor_exit_later(a, reason);
  return true;
}

static void receive_down(Scheduler *s, Actor *a, Message *message) {
  if (links_remove(a, LINK_MONITORING, message->from, message->number)) queue_event(a, message);
  else message_free(&s->messages, message);
}

bool links_flush_down(Scheduler *s, Actor *a, uint64_t reference) {
  for (Message *previous = NULL, *each = a->inbox; each; previous = each, each = each->next) {
    if (each->kind != MESSAGE_DOWN || each->number != reference) continue;
    message_free(&s->messages, inbox_remove_after(a, previous));
    return true;
  }
  return false;
}

void links_receive(Scheduler *s, Actor *a, Message *message) {
  switch (message->kind) {
  case MESSAGE_EXIT: receive_exit(s, a, message); return;
  case MESSAGE_DOWN: receive_down(s, a, message); return;
  case MESSAGE_KILL:
    if (message->size) {
      actor_exit_later(a, message);
      return;
    }
    actor_exit_later(a, NULL);
    break;
  case MESSAGE_LINK: receive_link(a, message->from); break;
  case MESSAGE_UNLINK: receive_unlink(s, a, message); break;
  case MESSAGE_UNLINK_ACK: receive_unlink_ack(a, message); break;
  case MESSAGE_MONITOR: add_certainly(a, LINK_MONITORED_BY, message->from, message->number); break;
  case MESSAGE_DEMONITOR: links_remove(a, LINK_MONITORED_BY, message->from, message->number); break;
  default: break;
  }
  message_free(&s->messages, message);
}
