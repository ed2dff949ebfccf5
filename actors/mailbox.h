/* SPDX-License-Identifier: MIT */
/* mailbox.h -- the queue of messages waiting for one actor, and who has to run it, in one atomic word.
 *
 *    63          48 47                                   0
 *   +--------------+--------------------------------------+
 *   |  tag         |  newest message, or a state          |   message -> next -> ... -> oldest -> NULL
 *   +--------------+--------------------------------------+
 *
 *   states:  MAILBOX_ACTIVE  empty; somebody runs the actor or will (it looks again before it rests)
 *            MAILBOX_IDLE    empty; whoever pushes next must make the actor runnable
 *            MAILBOX_DEAD    no actor here
 *
 * Any thread may push.  Only the owner of the actor may take, rest or close.  The tag is part of the actor's id: a push meant for
 * an actor that has ended in the meantime fails in the same compare-and-swap, although its record may live on as another actor.
 * Pushing makes a stack; the owner takes all of it at once and reverses it, so there is no ABA problem and the order from each
 * sender is kept.  Invariant: a message is owned by exactly one of sender, mailbox, receiver. */
#ifndef ATOLL_MAILBOX_H
#define ATOLL_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "message.h"

typedef struct Mailbox {
  _Atomic uint64_t head;
} Mailbox;

enum { MAILBOX_DEAD = 0, MAILBOX_ACTIVE = 2, MAILBOX_IDLE = 4, MAILBOX_TAG_SHIFT = 48 }; /* zeroed memory is dead */
#define MAILBOX_POINTER (((uint64_t)1 << MAILBOX_TAG_SHIFT) - 1)

typedef enum MailboxPush { MAILBOX_QUEUED, MAILBOX_WOKE, MAILBOX_REFUSED } MailboxPush;

static inline uint64_t mailbox_word(uint16_t tag, uint64_t pointer) { return (uint64_t)tag << MAILBOX_TAG_SHIFT | pointer; }

static inline void mailbox_open(Mailbox *box, uint16_t tag) {
  atomic_store_explicit(&box->head, mailbox_word(tag, MAILBOX_ACTIVE), memory_order_release);
}

/* Takes ownership of MESSAGE unless it is refused.  Never blocks. */
static inline MailboxPush mailbox_push(Mailbox *box, uint16_t tag, Message *message) {
  uint64_t head = atomic_load_explicit(&box->head, memory_order_relaxed), pointer;
  do {
    pointer = head & MAILBOX_POINTER;
    if (head >> MAILBOX_TAG_SHIFT != tag || pointer == MAILBOX_DEAD) return MAILBOX_REFUSED;
    message->next = pointer <= MAILBOX_IDLE ? NULL : (Message *)(uintptr_t)pointer;
  } while (!atomic_compare_exchange_weak_explicit(&box->head, &head, mailbox_word(tag, (uint64_t)(uintptr_t)message),
                                                  memory_order_acq_rel, memory_order_relaxed));
  return pointer == MAILBOX_IDLE ? MAILBOX_WOKE : MAILBOX_QUEUED;
}

static inline bool mailbox_has_mail(const Mailbox *box) {
  return (atomic_load_explicit(&box->head, memory_order_relaxed) & MAILBOX_POINTER) > MAILBOX_IDLE;
}

static inline Message *mailbox_reverse(Message *newest) {
  Message *oldest = NULL;
  while (newest) {
    Message *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  return oldest;
}

/* Everything that has come, newest first. */
static inline Message *mailbox_take_stack(Mailbox *box, uint16_t tag) {
  uint64_t head = atomic_exchange_explicit(&box->head, mailbox_word(tag, MAILBOX_ACTIVE), memory_order_acquire) & MAILBOX_POINTER;
  return head > MAILBOX_IDLE ? (Message *)(uintptr_t)head : NULL;
}

/* Everything that has come, oldest first. */
static inline Message *mailbox_take(Mailbox *box, uint16_t tag) { return mailbox_reverse(mailbox_take_stack(box, tag)); }

/* The owner has nothing to do.  True: the actor now belongs to nobody and must not be touched any more.  False: mail has come. */
static inline bool mailbox_try_rest(Mailbox *box, uint16_t tag) {
  uint64_t expected = mailbox_word(tag, MAILBOX_ACTIVE);
  return atomic_compare_exchange_strong_explicit(&box->head, &expected, mailbox_word(tag, MAILBOX_IDLE), memory_order_release,
                                                 memory_order_relaxed);
}

/* Takes an idle actor without mail (to pack its heap).  True: the caller owns it now. */
static inline bool mailbox_try_wake(Mailbox *box, uint16_t tag) {
  uint64_t expected = mailbox_word(tag, MAILBOX_IDLE);
  return atomic_compare_exchange_strong_explicit(&box->head, &expected, mailbox_word(tag, MAILBOX_ACTIVE), memory_order_acquire,
                                                 memory_order_relaxed);
}

/* No more mail; answers what was there, oldest first.  The caller is the owner.  (Sequentially consistent: groups.c relies on it.) */
static inline Message *mailbox_close(Mailbox *box) {
  uint64_t head = atomic_exchange_explicit(&box->head, MAILBOX_DEAD, memory_order_seq_cst) & MAILBOX_POINTER;
  return head > MAILBOX_IDLE ? mailbox_reverse((Message *)(uintptr_t)head) : NULL;
}

#endif
