/* SPDX-License-Identifier: MIT */
/* delivery.c -- from one actor to another's mailbox, and from there to where it belongs. */
#include "runtime_internal.h"
#include "wire.h"

/* The exit reason of an actor that was not there to begin with: #noActor. */
static Message *no_actor_reason(Scheduler *s) {
  static const char name[] = "noActor";
  Message *reason = message_new(&s->messages, MESSAGE_EXIT, WIRE_SCALAR_MAX);
  if (!reason) return NULL;
  uint8_t *at = wire_put_extension(reason->bytes, WIRE_SYMBOL, sizeof name - 1);
  memcpy(at, name, sizeof name - 1);
  reason->size = (uint32_t)(at + sizeof name - 1 - reason->bytes);
  return reason;
}

bool actor_try_deliver(Scheduler *s, uint64_t id, Message *message) {
  Actor *to = actor_table_at(&s->runtime->table, id);
  if (!to) return false;
  switch (mailbox_push(&to->mailbox, actor_tag(id), message)) {
  case MAILBOX_WOKE: scheduler_enqueue(s, to); return true;
  case MAILBOX_QUEUED: return true;
  default: return false;
  }
}

void actor_deliver(Scheduler *s, uint64_t id, Message *message) {
  if (actor_try_deliver(s, id, message)) return;
  Message *reason = no_actor_reason(s);
  undeliverable(s, id, message, reason);
  if (reason) message_free(&s->messages, reason);
}

void actor_signal(Scheduler *s, Actor *from, uint64_t to, MessageKind kind, uint64_t number, uint64_t number2) {
  Message *message = message_new(&s->messages, kind, 0);
  if (!message) return;
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

Message *inbox_take(Actor *a) {
  Message *message = a->inbox;
  if (!message) return NULL;
  a->inbox = message->next;
  a->inbox_count--;
  if (!a->inbox) a->inbox_last = NULL;
  return message;
}

Message *inbox_remove_after(Actor *a, Message *previous) {
  Message *message = previous ? previous->next : a->inbox;
  if (previous) previous->next = message->next;
  else a->inbox = message->next;
  if (a->inbox_last == message) a->inbox_last = previous;
  a->inbox_count--;
  return message;
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

/* The caller has lost interest: the request is not begun, or the turn that runs for it learns of it where it next waits. */
static void receive_cancel(Scheduler *s, Actor *a, Message *message) {
  if (a->reply_promise == message->number && a->reply_to == message->from) a->flags |= ACTOR_CANCELLED | ACTOR_WAKE;
  else
    for (Message *previous = NULL, *each = a->inbox; each; previous = each, each = each->next) {
      if (each->kind != MESSAGE_REQUEST || each->from != message->from || each->number != message->number) continue;
      message_free(&s->messages, inbox_remove_after(a, previous));
      break;
    }
  message_free(&s->messages, message);
}

static void receive(Scheduler *s, Actor *a, Message *message) {
  switch (message->kind) {
  case MESSAGE_REPLY: case MESSAGE_SETTLE: promise_receive_may_gc(s, a, message); break;
  case MESSAGE_SUBSCRIBE: promise_receive_subscription(s, a, message); break;
  case MESSAGE_TIMER: receive_timer(s, a, (Timer *)message); break;
  case MESSAGE_CANCEL: receive_cancel(s, a, message); break;
  case MESSAGE_LINK: case MESSAGE_UNLINK: case MESSAGE_MONITOR: case MESSAGE_DEMONITOR: case MESSAGE_EXIT: case MESSAGE_KILL:
  case MESSAGE_DOWN: case MESSAGE_UNLINK_ACK: links_receive(s, a, message); break;
  case MESSAGE_SYNC:
    if (actor_is(a, ACTOR_PLAIN)) promise_reply_nil(s, a, message->from, message->number), message_free(&s->messages, message);
    else inbox_append(a, message);
    break;
  default:
    if (a->waits_for_mail) a->flags |= ACTOR_WAKE;
    inbox_append(a, message);
  }
}

void actor_read_mailbox(Scheduler *s, Actor *a) {
  Message *message = mailbox_take(&a->mailbox, actor_tag(actor_id(a)));
  for (Message *next; message; message = next) {
    next = message->next;
    receive(s, a, message);
  }
  if (a->inbox_count > s->runtime->options.mailbox_limit) actor_exit_later(a, actor_text_reason(s, "more messages are waiting than the mailbox limit allows"));
}
