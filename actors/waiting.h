/* SPDX-License-Identifier: MIT */
/* waiting.h -- how a primitive waits: it looks whether what it wants is there, and if not it arms a timer for its deadline and answers
 * OOP_YIELD; whenever something has come, the same send runs again and looks again.  Nothing needs to be remembered in between. */
#ifndef ATOLL_WAITING_H
#define ATOLL_WAITING_H

#include "processes.h"
#include "runtime_internal.h"

/* Takes in what has arrived.  May move objects (m->args is kept right). */
static inline void wait_read_mail_may_gc(Actor *a) {
  if (mailbox_has_mail(&a->mailbox)) actor_read_mailbox(a->scheduler, a);
}

/* What was waited for is here, or will be waited for no longer. */
static inline void wait_over(Actor *a) {
  if (!a->timer) return;
  scheduler_cancel_timer(a->scheduler, a->timer);
  a->timer = NULL;
}

/* DEADLINE: nanoseconds as a SmallInteger, or nil.  True: it has passed. */
static inline bool wait_timed_out(Actor *a, Oop deadline) {
  return oop_is_small(deadline) && scheduler_now(a->scheduler) >= (uint64_t)oop_to_small(deadline);
}

/* OOP_YIELD, woken at DEADLINE at the latest. */
static inline Oop wait_until(Actor *a, Oop deadline) {
  wait_over(a);
  if (processes_exist(&a->machine)) return processes_note_deadline(&a->machine, deadline), OOP_YIELD;
  if (oop_is_small(deadline)) a->timer = scheduler_start_timer(a->scheduler, actor_id(a), NULL, (uint64_t)oop_to_small(deadline));
  return OOP_YIELD;
}

#endif
