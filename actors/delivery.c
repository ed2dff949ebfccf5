/* SPDX-License-Identifier: MIT */
/* delivery.c -- from one actor to another's mailbox, and from there to where it belongs. */
#include <stdio.h>

#include "runtime_internal.h"
#include "seeded.h"

bool actor_try_deliver(Scheduler *s, uint64_t id, Message *message) {
  if (runtime_is_tracing(s->runtime)) trace_send(s, id, message);
  return actor_try_deliver_untraced(s, id, message);
}

bool actor_try_deliver_untraced(Scheduler *s, uint64_t id, Message *message) {
  Actor *to = actor_table_at(&s->runtime->table, id);
  if (!to) return false;
  switch (mailbox_push(&to->mailbox, actor_tag(id), message)) {
  case MAILBOX_WOKE: scheduler_enqueue(s, to); return true;
  case MAILBOX_QUEUED: return true;
  default: return false;
  }
}

Message *actor_reason_of_absence(Scheduler *s, uint64_t id) {
  Message *reason = endings_find(&s->runtime->endings, &s->messages, id);
  return reason ? reason : actor_symbol_reason(s, "noActor");
}

static bool is_asking(const Message *message) {
  return message->kind == MESSAGE_REQUEST || message->kind == MESSAGE_SYNC || message->kind == MESSAGE_INFO || message->kind == MESSAGE_SUBSCRIBE;
}

void actor_deliver(Scheduler *s, uint64_t id, Message *message) {
  if (actor_try_deliver(s, id, message)) return;
  Message *reason = is_asking(message) ? actor_reason_of_absence(s, id) : actor_symbol_reason(s, "noActor");
  undeliverable(s, id, message, reason);
  message_free(&s->messages, reason);
}

void actor_signal(Scheduler *s, Actor *from, uint64_t to, MessageKind kind, uint64_t number, uint64_t number2) {
  Message *message = message_new(&s->messages, kind, 0);
  message->from = actor_id(from);
  message->number = number;
  message->number2 = number2;
  actor_deliver(s, to, message);
}

void inbox_append(Actor *a, Message *message) {
  message->next = NULL;
  if (a->inbox_last) a->inbox_last->next = message;
  else a->inbox = message;
  a->inbox_last = message;
  a->inbox_count++;
}

/* Behind the other urgent ones, before all else. */
static void inbox_insert_urgent(Actor *a, Message *message) {
  ActorExtra *extra = actor_extra(a); /* which a packed actor may have lost */
  Message *last = extra->urgent_last;
  message->next = last ? last->next : a->inbox;
  if (last) last->next = message;
  else a->inbox = message;
  if (!message->next) a->inbox_last = message;
  extra->urgent_last = message;
  if (extra->mark) message->detail |= MESSAGE_NEWER;
  a->inbox_count++;
}

/* PREVIOUS stands before it, or nothing. */
static void forget_marks(ActorExtra *extra, const Message *message, Message *previous) {
  if (extra->mark == message) extra->mark = previous;
  if (extra->looked_at == message) extra->looked_at = NULL;
  if (extra->urgent_last == message) extra->urgent_last = previous;
}

Message *inbox_remove_after(Actor *a, Message *previous) {
  Message *message = previous ? previous->next : a->inbox;
  if (previous) previous->next = message->next;
  else a->inbox = message->next;
  if (a->inbox_last == message) a->inbox_last = previous;
  a->inbox_count--;
  if (a->extra) {
    forget_marks(a->extra, message, previous);
    if (message->detail & MESSAGE_CHARGED && (message->kind == MESSAGE_PLAIN || message->kind == MESSAGE_REQUEST)) pressure_release(a, message);
  }
  return message;
}

Message *inbox_before(const Actor *a, const Message *message) {
  Message *previous = a->extra ? a->extra->mark : NULL;
  while ((previous ? previous->next : a->inbox) != message) previous = previous ? previous->next : a->inbox; /* on from the last with the first */
  return previous;
}

void actor_take_request(Actor *a, Message *message) {
  Scheduler *s = a->scheduler;
  if (message->kind == MESSAGE_REQUEST && message->number && !promise_subscribe(a, 0, message->from, message->number))
    promise_reply_text(s, a, message->from, message->number, PROMISE_REJECTED, "no memory");
  message_free(&s->messages, message);
}

Message *inbox_take(Actor *a) {
  if (!a->inbox) return NULL;
  if (a->inbox->next) __builtin_prefetch(a->inbox->next); /* of a long burst it is no longer in the cache */
  return inbox_remove_after(a, NULL);
}

static void receive_timer(Scheduler *s, Actor *a, Timer *timer) {
  if (timer->number) {
    actor_timer_fired_may_gc(s, a, timer);
    return;
  }
  if (a->timer == timer) a->timer = NULL;
  a->flags |= ACTOR_WAKE;
  scheduler_free_timer(s, timer);
}

/* The caller has lost interest: the request is not begun, or the turn that runs for it learns of it where it next waits, or it need not be answered later. */
static void receive_cancel(Scheduler *s, Actor *a, Message *message) {
  if (a->reply_promise == message->number && a->reply_to == message->from) a->flags |= ACTOR_CANCELLED | ACTOR_WAKE;
  else if (!subscriptions_take_detached(a, message->from, message->number) && !subscriptions_take_end(a, message->from, message->number))
    for (Message *previous = NULL, *each = a->inbox; each; previous = each, each = each->next) {
      if (each->kind != MESSAGE_REQUEST || each->from != message->from || each->number != message->number) continue;
      message_free(&s->messages, inbox_remove_after(a, previous));
      break;
    }
  message_free(&s->messages, message);
}

/* The sender of MESSAGE wants to know what A does. */
static void receive_trace(Scheduler *s, Actor *a, Message *message) {
  ActorExtra *extra = actor_extra(a);
  trace_stop(s, a);
  extra->trace_mask = (uint8_t)message->number;
  extra->trace_to = message->number2;
  message_free(&s->messages, message);
}

static void receive(Scheduler *s, Actor *a, Message *message) {
  if (runtime_is_tracing(s->runtime)) trace_receive(s, a, message);
  switch (message->kind) {
  case MESSAGE_REPLY: case MESSAGE_SETTLE: promise_receive_may_gc(s, a, message); break;
  case MESSAGE_SUBSCRIBE: promise_receive_subscription(s, a, message); break;
  case MESSAGE_TIMER: receive_timer(s, a, (Timer *)message); break;
  case MESSAGE_CANCEL: receive_cancel(s, a, message); break;
  case MESSAGE_ROOM: pressure_receive(s, a, message); break;
  case MESSAGE_TRACE: receive_trace(s, a, message); break;
  case MESSAGE_INTERRUPT: a->flags |= ACTOR_WAKE, message_free(&s->messages, message); break;
  case MESSAGE_PROBE: circles_receive(s, a, message); break;
  case MESSAGE_INFO: inspection_answer(s, a, message); break;
  case MESSAGE_LINK: case MESSAGE_UNLINK: case MESSAGE_MONITOR: case MESSAGE_DEMONITOR: case MESSAGE_EXIT: case MESSAGE_KILL:
  case MESSAGE_DOWN: case MESSAGE_UNLINK_ACK: links_receive(s, a, message); break;
  case MESSAGE_SYNC:
    if (actor_is(a, ACTOR_PLAIN)) promise_reply_nil(s, a, message->from, message->number), message_free(&s->messages, message);
    else inbox_append(a, message);
    break;
  default:
    if (actor_is(a, ACTOR_WAITS_FOR_MAIL)) a->flags |= ACTOR_WAKE;
    if (message->detail & MESSAGE_URGENT && actor_is(a, ACTOR_TAKES_URGENT)) inbox_insert_urgent(a, message);
    else inbox_append(a, message);
  }
}

/* ---- limits ------------------------------------------------------------------------------------------------------------------------- */

static bool can_be_refused(const Message *message) {
  return (message->kind == MESSAGE_PLAIN || message->kind == MESSAGE_REQUEST) && !(message->detail & (MESSAGE_URGENT | MESSAGE_NOTICE));
}

static void refuse(Scheduler *s, Actor *a, Message *message) {
  if (message->kind == MESSAGE_REQUEST && message->number)
    promise_reply_text(s, a, message->from, message->number, PROMISE_REJECTED, "the mailbox is full");
  message_free(&s->messages, message);
  a->extra->dropped++;
}

static void drop_oldest(Scheduler *s, Actor *a) {
  Message *previous = NULL;
  for (Message *each = a->inbox; each; previous = each, each = each->next)
    if (can_be_refused(each)) {
      refuse(s, a, inbox_remove_after(a, previous));
      return;
    }
}

static void tell_overflow(Scheduler *s, Actor *a, uint32_t limit) {
  char label[64];
  int size = (int)directory_label(s->runtime, actor_id(a), label, sizeof label);
  if (!actor_is(a, ACTOR_EXITING))
    fprintf(stderr, "atoll: actor %llu%s%.*s has ended: more than %u messages waited for it\n", (unsigned long long)actor_id(a), size ? " " : "", size,
            label, limit);
  actor_exit_later(a, actor_symbol_reason(s, "mailboxLimit"));
}

/* As many messages as may be are waiting.  False: MESSAGE was refused. */
static bool make_way(Scheduler *s, Actor *a, Message *message) {
  if (!can_be_refused(message)) return true;
  switch (a->extra->mailbox_policy) {
  case MAILBOX_DROP_NEWEST: return refuse(s, a, message), false;
  case MAILBOX_DROP_OLDEST: return drop_oldest(s, a), true;
  case MAILBOX_BLOCK: return true; /* its senders wait */
  default: return actor_exit_later(a, actor_symbol_reason(s, "mailboxLimit")), true;
  }
}

/* Mail that only waits for its turn. */
static bool waits(const Message *message) {
  return (message->kind == MESSAGE_PLAIN || message->kind == MESSAGE_REQUEST) && !(message->detail & MESSAGE_URGENT);
}

/* Reverses the stack of messages; when all of it only waits, puts it behind the inbox at once (a burst is long and out of the cache: one look at each is
 * enough) and answers NULL.  Otherwise answers it, oldest first. */
static Message *take_what_waits(Actor *a, Message *newest) {
  Message *oldest = NULL, *last = newest;
  uint32_t count = 0;
  bool simple = true;
  for (Message *next, *each = newest; each; each = next, count++) {
    next = each->next;
    simple &= waits(each);
    each->next = oldest;
    oldest = each;
  }
  if (!simple || !oldest) return oldest;
  if (actor_is(a, ACTOR_WAITS_FOR_MAIL)) a->flags |= ACTOR_WAKE;
  if (a->inbox_last) a->inbox_last->next = oldest;
  else a->inbox = oldest;
  a->inbox_last = last;
  a->inbox_count += count;
  return NULL;
}

void actor_read_mailbox(Scheduler *s, Actor *a) {
  Message *message = mailbox_take_stack(&a->mailbox, actor_tag(actor_id(a)));
  if (s->seeded) message = seeded_arrivals(s, a, mailbox_reverse(message));
  else if ((a->extra && a->extra->mailbox_limit) || runtime_is_tracing(s->runtime)) message = mailbox_reverse(message);
  else message = take_what_waits(a, message);
  for (Message *next; message; message = next) {
    next = message->next;
    if (a->extra && a->extra->mailbox_limit && a->inbox_count >= a->extra->mailbox_limit && !make_way(s, a, message)) continue;
    receive(s, a, message);
  }
  if (a->inbox_count > s->runtime->options.mailbox_limit) tell_overflow(s, a, s->runtime->options.mailbox_limit);
}
