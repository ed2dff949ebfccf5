/* SPDX-License-Identifier: MIT */
/* limit_primitives.c -- what an actor says about itself: limits, priority, urgent messages; and the mark that a new reference leaves in its inbox. */
#include "primitives.h"
#include "runtime_internal.h"
#include "waiting.h"

enum { LIMIT_HEAP = 1, LIMIT_MAILBOX, LIMIT_REDUCTIONS = 4, LIMIT_PRIORITY, LIMIT_URGENT, LIMIT_LINKS };

/* Actor class >> setLimit: kind to: value */
static Oop actor_set_limit(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_is_small(m->args[1]) || !oop_is_small(m->args[2]) || oop_to_small(m->args[2]) < 0) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t value = (uint64_t)oop_to_small(m->args[2]);
  if (oop_to_small(m->args[1]) == LIMIT_LINKS) {
    a->flags = value ? a->flags | ACTOR_LINKS_CHILDREN : a->flags & ~(uint32_t)ACTOR_LINKS_CHILDREN;
    return m->args[0];
  }
  ActorExtra *extra = actor_extra(a);
  switch (oop_to_small(m->args[1])) {
  case LIMIT_HEAP: m->heap_limit = value; break;
  case LIMIT_MAILBOX: /* with the policy: between two steps mail would be treated as nobody has asked for */
    wait_read_mail_may_gc(a);
    extra = actor_extra(a);
    extra->mailbox_policy = (uint8_t)(value & 3);
    extra->mailbox_limit = value >> 2 < UINT32_MAX ? (uint32_t)(value >> 2) : UINT32_MAX;
    pressure_set_limit(a, extra->mailbox_policy == MAILBOX_BLOCK ? extra->mailbox_limit : 0);
    break;
  case LIMIT_REDUCTIONS: extra->reduction_limit = value ? a->reductions + value : 0; break;
  case LIMIT_PRIORITY: a->priority = (uint8_t)(value <= PRIORITY_LOW ? value : PRIORITY_NORMAL); break;
  case LIMIT_URGENT: a->flags = value ? a->flags | ACTOR_TAKES_URGENT : a->flags & ~(uint32_t)ACTOR_TAKES_URGENT; break;
  default: return primitive_fail(m, FAILURE_BAD_VALUE);
  }
  return m->args[0];
}

/* Actor class >> markMailbox: whatever has come up to now is older than what the program does next. */
static Oop actor_mark(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  wait_read_mail_may_gc(a);
  actor_extra(a)->mark = a->inbox_last;
  for (Message *each = a->inbox; each && each->detail & MESSAGE_URGENT; each = each->next) each->detail &= (uint8_t)~MESSAGE_NEWER;
  return m->args[0];
}

/* Actor class >> skipMarked: the message behind the mark was looked at and is not wanted; or, with true, it was and is removed. */
static Oop actor_pass_mark(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  ActorExtra *extra = actor_extra(a);
  Message *mark = extra->mark, *looked_at = extra->looked_at, *previous;
  if (!looked_at) return m->args[0]; /* cancelled or dropped in the meantime */
  extra->looked_at = NULL;
  looked_at->detail &= (uint8_t)~MESSAGE_NEWER;
  previous = inbox_before(a, looked_at);
  if (m->args[1] == OOP_TRUE) actor_take_request(a, inbox_remove_after(a, previous));
  else if (previous == mark) extra->mark = looked_at;
  return m->args[0];
}

const Primitive limit_primitives[] = {
    {"actor_set_limit", actor_set_limit, 2, "1 heap 2 mailbox (4 times the messages, and the policy) 4 reductions 5 priority 6 urgent messages 7 children are linked, value: limit the running actor", 0},
    {"actor_mark", actor_mark, 0, "what has arrived up to now is older than a new reference", 0},
    {"actor_pass_mark", actor_pass_mark, 1, "whether to take it: the message behind the mark was looked at", 0},
    {NULL, NULL, 0, NULL, 0}};
