/* SPDX-License-Identifier: MIT */
/* pressure.h -- mailboxes that make their senders wait (maxMailbox: n policy: #block).
 *
 * Such an actor has *credit* for n messages that anybody may take: who sends takes one, the message carries it (MESSAGE_CHARGED), and when the message
 * is taken out of the inbox it comes back.  So never more than n are on their way or waiting, wherever the receiver is and whatever it does.  (Not
 * counted: what was sent before the limit was set, urgent messages, what it sends itself.  A delayed message is tried again every millisecond from its
 * time on, until there is room.)
 *
 *     sender                                     receiver
 *     no credit: ROOM (ask) ------------------>  remembers who waits
 *     its send waits                             at most n / 2 wait, or the question comes late:
 *     tries again          <------------------  ROOM (there is some) to as many as there is credit for
 *
 * An actor that would close a circle of actors that all wait for room in each other's mailboxes must not wait: its send fails (MailboxFull). */
#ifndef ATOLL_PRESSURE_H
#define ATOLL_PRESSURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "account.h"

typedef struct Actor Actor;
typedef struct Message Message;
typedef struct Runtime Runtime;
typedef struct Scheduler Scheduler;

/* Who waits for room in whose mailbox: those alone who make others wait themselves, so there are few. */
typedef struct PressureList {
  Accounts *accounts;
  pthread_mutex_t lock;
  struct {
    uint64_t waits, for_room;
  } *pairs; /* lock */
  uint32_t count, capacity;
} PressureList;

void pressure_init(PressureList *list, Accounts *accounts);
void pressure_destroy(PressureList *list);

/* A, owned, takes at most LIMIT messages from now on, or (0) as many as come. */
void pressure_set_limit(Actor *a, uint32_t limit);

typedef enum PressureAnswer { PRESSURE_GO, PRESSURE_CHARGED, PRESSURE_WAIT, PRESSURE_CIRCLE } PressureAnswer;

/* A wants to send a message to the actor with that id.  CHARGED: it has taken credit, which goes with the message or is given back by
 * pressure_refund.  WAIT: the primitive answers pressure_wait and is tried again. */
PressureAnswer pressure_ask(Actor *a, uint64_t to);
void pressure_refund(Scheduler *s, uint64_t to);
/* MESSAGE, delayed until now, is to go to that actor.  False: there is no room for it yet. */
bool pressure_try_charge(Scheduler *s, uint64_t to, Message *message);
/* Until there may be room, with OOP_YIELD. */
uint64_t pressure_wait(Actor *a);

/* The message has been taken out of the inbox of A. */
void pressure_release(Actor *a, Message *message);
/* ROOM; owned. */
void pressure_receive(Scheduler *s, Actor *a, Message *message);
/* A ends, or gives up waiting. */
void pressure_end(Scheduler *s, Actor *a);

#endif
