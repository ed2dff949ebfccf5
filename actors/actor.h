/* SPDX-License-Identifier: MIT */
/* actor.h -- the record of one actor.
 *
 *            any thread                      owner only
 *   +---------------------------+------------------------------------------------+
 *   | mailbox | id              | inbox | turn | timer | extra -> links, handles | Machine -> block
 *   +---------------------------+------------------------------------------------+
 *
 * Records live in the chunks of the ActorTable and are never given back while the runtime lives, so any thread may push to a record through
 * an old id: the mailbox refuses it (mailbox.h).  Everything but mailbox and id belongs to the thread that owns the actor: the one that
 * woke it, then the scheduler that has it in a queue or runs it.  Nobody owns an actor whose mailbox is idle.
 *
 * A *behaviour* actor holds an object (ROOT_SELF) and runs one turn per message; between turns it has no stack.  A *plain* actor runs one block
 * and receives when it wants to. */
#ifndef ATOLL_ACTOR_H
#define ATOLL_ACTOR_H

#include "mailbox.h"
#include "timer.h"

typedef struct Actor Actor;
typedef struct ActorExtra ActorExtra;
typedef struct Scheduler Scheduler;
typedef struct Runtime Runtime;

/* id = generation << ACTOR_INDEX_BITS | index in the table; fits a SmallInteger.  0 is nobody. */
enum { ACTOR_INDEX_BITS = 28, ACTOR_GENERATION_BITS = 33 };

typedef enum ActorFlag {
  ACTOR_PLAIN = 1,      /* no behaviour: runs a block */
  ACTOR_STARTED = 2,    /* machine_init done */
  ACTOR_IN_TURN = 4,    /* has frames to run */
  ACTOR_WAITING = 8,    /* the running primitive waits (OOP_YIELD) */
  ACTOR_WAKE = 16,      /* ... and its reason may have come */
  ACTOR_EXITING = 32,   /* ends as soon as its frames can be dropped; extra->reason */
  ACTOR_TRAPS_EXIT = 64,
  ACTOR_MAIN = 128,     /* the program; its end is the end of the runtime */
  ACTOR_YIELDED = 2048, /* the running primitive has let others go first */
  ACTOR_LABELLED = 8192,
  ACTOR_TAKES_URGENT = 16384, /* urgent messages overtake others */
  ACTOR_CANCELLED = 4096, /* the caller of the running turn has lost interest */
  ACTOR_TURN_ENDED = 32768, /* with green processes: a turn was the last that ran */
  ACTOR_LINKS_CHILDREN = 65536, /* a supervisor: whom it starts is linked with it from birth */
  ACTOR_IN_CIRCLE = 262144, /* its turn waits for itself, by way of others: the wait is to fail (circles.c) */
  ACTOR_PROBED = 524288, /* nothing but a probe has come since it rested: it need not be looked at again */
  ACTOR_WAITS_FOR_MAIL = 131072, /* the waiting primitive is a receive */
  ACTOR_PACKED = 1024 /* was packed once: it does work, so do not hurry to do it again */
} ActorFlag;

typedef enum Priority { PRIORITY_NORMAL, PRIORITY_HIGH, PRIORITY_LOW } Priority;

/* What happens to a message when as many as the limit are waiting.  Exits, monitors, answers, timers are never refused. */
typedef enum MailboxPolicy { MAILBOX_KILL, MAILBOX_BLOCK, MAILBOX_DROP_NEWEST, MAILBOX_DROP_OLDEST } MailboxPolicy;

/* What kind of turn is running. */
typedef enum TurnKind { TURN_NONE, TURN_INIT, TURN_REQUEST, TURN_OTHER } TurnKind;

struct Actor {
  /* any thread */
  Mailbox mailbox;
  _Atomic uint64_t id;
  _Atomic int32_t credit;    /* messages that may still be sent to it, if it makes senders wait (pressure.h) */
  _Atomic uint8_t congested; /* it makes senders wait when there is no credit */
  _Atomic uint8_t grouped;   /* has been in a group: leaves at its end */

  /* owner only */
  uint8_t priority : 2;     /* Priority */
  uint8_t pinned : 1;       /* holds handles of its scheduler's loop, which may touch the record while the actor is idle, and stays there */
  uint8_t on_pack_list : 1; /* some scheduler's */
  uint8_t turn;
  uint64_t reductions; /* used in its life */
  Actor *next; /* in a queue or free list */
  Scheduler *scheduler;          /* runs it now, or ran it last */
  Message *inbox, *inbox_last;   /* taken out of the mailbox, not yet begun */
  Timer *timer;                  /* the wait's timer */
  ActorExtra *extra;             /* NULL until needed */
  uint64_t reply_to, reply_promise; /* of the running turn; 0: nobody waits for it */
  uint32_t promise_serial;
  uint32_t reactions; /* REACTIONS messages in the inbox */
  uint32_t inbox_count;
  uint32_t flags;
  Machine machine;
};

/* What few actors have. */
typedef enum LinkKind { LINK_NONE, LINK_PEER, LINK_MONITORED_BY, LINK_MONITORING } LinkKind;
typedef struct Link {
  uint64_t peer, reference; /* of a PEER: 0, or the serial of an UNLINK that has not been acknowledged */
  uint8_t kind;             /* LINK_NONE: a free place */
} Link;

/* Somebody else's promise that is settled when one of ours is. */
#define SUBSCRIBE_END UINT64_MAX
typedef struct Subscription {
  uint64_t promise; /* ours; 0: a request that was detached or not yet answered; SUBSCRIBE_END: the end of this actor */
  uint64_t actor, number;
  uint32_t next; /* + 1, in its bucket or of the free ones, whose actor is 0 */
} Subscription;

typedef struct Handle Handle; /* handles.h */

struct ActorExtra {
  Link *links; /* hashed, open addressing; capacity is a power of two */
  uint32_t link_count, link_capacity;
  Subscription *subscriptions; /* subscriptions.c */
  uint32_t *subscription_buckets;
  uint32_t subscription_count, subscription_capacity, subscription_free;
  struct Export *exports; /* by place in the table of promises (exports.c) */
  uint32_t export_capacity, export_count, export_limit; /* how many there may be until it looks which of them are still known */
  Handle *handles;
  Timer **timers; /* that resolve promises, by place.  Free places: next free place + 1, shifted left, | 1 */
  uint32_t timer_capacity, timer_free;
  uint64_t reduction_limit; /* 0: none */
  uint32_t process_used;    /* reductions since another green process ran */
  uint32_t mailbox_limit;   /* 0: the runtime's */
  uint8_t mailbox_policy;
  uint32_t credit_limit;    /* 0: senders need not wait */
  uint32_t room_first, room_count, room_capacity;
  uint64_t *room_waiters;   /* ring of actors that wait for room in this mailbox; capacity is a power of two */
  uint64_t room_in, room_asked; /* the actor in whose mailbox this one waits for room, 0: none; when it asked, 0: the answer has come */
  uint64_t room_patience;   /* nanoseconds until it asks again */
  uint8_t trace_mask;       /* TraceEvents (trace.h) that actor trace_to is told of */
  uint64_t trace_to;
  uint64_t dropped;         /* messages */
  uint64_t probe_initiator; /* the last probe that was handed on (circles.c) */
  uint32_t probe_serial, probes_sent;
  uint64_t probed_promise;  /* for which it has sent one */
  Message *urgent_last;     /* in the inbox: the last urgent one; NULL: none */
  Message *looked_at;       /* in the inbox: the one that a receive behind the mark is thinking about; NULL: it is gone, or there is none */
  Message *mark;            /* in the inbox: what came up to this one is older than the newest reference; NULL: nothing is */
  char *snapshot_path; /* the file that a snapshot of it goes to; NULL: none is asked for */
  Message *reason; /* why it ends; NULL: normally */
  char *error;     /* text of the last failed primitive */
  size_t error_size;
};

static inline uint64_t actor_id(const Actor *a) { return atomic_load_explicit(&a->id, memory_order_relaxed); }
static inline uint16_t actor_tag(uint64_t id) { return (uint16_t)(id >> ACTOR_INDEX_BITS); }
static inline bool actor_is(const Actor *a, ActorFlag flag) { return (a->flags & flag) != 0; }
static inline Actor *actor_of_machine(const Machine *m) { return m->owner; }

/* Its extra part, made now if need be.  Never NULL: it waits for memory.  Packing an actor frees one that says nothing. */
ActorExtra *actor_extra(Actor *a);

/* ---- lifecycle (actor.c) -------------------------------------------------------------------------------------------------- */

/* A new actor on SOURCE (retained by the caller, owned by the actor from now on), owned by the calling scheduler.  NULL: no memory. */
Actor *actor_new(Scheduler *s, const SourceImage *source, unsigned flags);

/* Runs it until it waits, has used its slice or ends.  The caller owns it and does not touch it afterwards. */
void actor_run(Scheduler *s, Actor *a);

/* Asks A, which the caller owns, to end with REASON (owned; NULL: normal) at its next safe point. */
void actor_exit_later(Actor *a, Message *reason);

/* An exit reason that is text (at most MESSAGE_CERTAIN_BYTES), for ends that Smalltalk has no say in.  Never NULL. */
Message *actor_text_reason(Scheduler *s, const char *text);

/* An exit reason that is a Symbol.  Never NULL. */
Message *actor_symbol_reason(Scheduler *s, const char *name);

/* Frees everything A holds and tells nobody: at the end of the runtime. */
void actor_destroy(Scheduler *s, Actor *a);

/* Collects the heap of an actor that has been idle for a while. */
void actor_pack(Scheduler *s, Actor *a);

/* ---- sending (delivery.c) ------------------------------------------------------------------------------------------------- */

/* Delivers MESSAGE (owned) to the actor with that id.  False: it is not there; the message is still the caller's. */
bool actor_try_deliver(Scheduler *s, uint64_t id, Message *message);
/* The same, unseen by tracing. */
bool actor_try_deliver_untraced(Scheduler *s, uint64_t id, Message *message);
/* The same for messages that nobody misses. */
void actor_deliver(Scheduler *s, uint64_t id, Message *message);
/* Why there is no actor with that id: its exit reason if that is still known, else #noActor.  Owned by the caller; never NULL. */
Message *actor_reason_of_absence(Scheduler *s, uint64_t id);
/* A message without bytes. */
void actor_signal(Scheduler *s, Actor *from, uint64_t to, MessageKind kind, uint64_t number, uint64_t number2);
void inbox_append(Actor *a, Message *message);
Message *inbox_take(Actor *a);
/* Takes the message after PREVIOUS (NULL: the first) out of the inbox. */
Message *inbox_remove_after(Actor *a, Message *previous);
/* What stands in the inbox before MESSAGE, which is there; NULL: nothing.  Quick for what stands behind the mark. */
Message *inbox_before(const Actor *a, const Message *message);
/* MESSAGE, owned and no longer in the inbox, has been received by the program of A: if it is a request A owes an answer. */
void actor_take_request(Actor *a, Message *message);
/* Takes everything out of the mailbox: signals act at once, the rest goes to the inbox. */
void actor_read_mailbox(Scheduler *s, Actor *a);

/* ---- signals: links and monitors (links.c) ----------------------------------------------------------------------------------- */

bool links_add(Actor *a, LinkKind kind, uint64_t peer, uint64_t reference); /* idempotent.  False: no memory */
bool links_remove(Actor *a, LinkKind kind, uint64_t peer, uint64_t reference); /* was it there? */
/* Asked for by A itself. */
/* A new CHILD of A that has not run yet; waits for memory.  The reference of the monitor is the child's id. */
void links_link_child(Actor *a, Actor *child);
void links_monitor_child(Actor *a, Actor *child);
bool links_link(Scheduler *s, Actor *a, uint64_t peer);
void links_unlink(Scheduler *s, Actor *a, uint64_t peer);
/* A signal that A sends itself.  False: it does not trap it, so it ends. */
bool links_trap_own_exit(Actor *a, Message *message);
/* An EXIT that came while the behaviour set itself up.  True: it does not trap exits; if the end was not normal, it ends too. */
bool links_exit_was_not_trapped(Actor *a, const Message *message);
/* Tells everybody linked with or monitoring A that it ends with REASON (borrowed; NULL: normally). */
void links_announce_exit(Scheduler *s, Actor *a, const Message *reason);
/* Answers a message that came too late for its receiver, which is gone. */
void undeliverable(Scheduler *s, uint64_t dead_id, Message *message, const Message *reason);
void links_receive(Scheduler *s, Actor *a, Message *message); /* LINK UNLINK UNLINK_ACK MONITOR DEMONITOR EXIT DOWN KILL; owned */
/* Takes the DOWN message of that monitor out of the inbox, if it has come.  True: it had. */
bool links_flush_down(Scheduler *s, Actor *a, uint64_t reference);

/* ---- promises (promises.c) ---------------------------------------------------------------------------------------------------- */

enum { PROMISE_PLACE_BITS = 24 };
#define PROMISE_PLACE_MASK (((uint64_t)1 << PROMISE_PLACE_BITS) - 1)
static inline uint64_t promise_place(uint64_t number) { return number & PROMISE_PLACE_MASK; }

/* Gives the promise in m->args[0] or HANDLE a number and a place in the table.  0: no memory. */
uint64_t promise_register_may_gc(Actor *a, unsigned handle);
/* A new pending promise with a number; 0: no memory. */
Oop promise_new_may_gc(Actor *a);
Oop promise_find(Machine *m, uint64_t number); /* or 0 */
/* Does a pending promise have blocks that will run? */
bool promises_have_reactions(const Machine *m);
void promise_forget(Actor *a, Object *promise);
/* The number of PROMISE, which gets one now if there is a free place; 0: there is none. */
uint64_t promise_try_register(Actor *a, Object *promise);
/* The promise is settled, and its blocks have run: it is forgotten, unless others may ask for it. */
void promise_retire(Actor *a, Object *promise);
/* Asks the owner of MIRROR, which A holds, to settle promise NUMBER of actor TO as that is settled. */
void promise_ask_owner(Scheduler *s, const Actor *a, const Object *mirror, uint64_t to, uint64_t number);
/* REPLY and SETTLE; owned. */
void promise_receive_may_gc(Scheduler *s, Actor *a, Message *message);
void promise_receive_subscription(Scheduler *s, Actor *a, Message *message);
/* Settles a promise that this actor owns and tells subscribers. PROMISE in handle, value in HANDLE + 1. */
void promise_settle_may_gc(Scheduler *s, Actor *a, unsigned handle, PromiseState state);
/* The blocks of the settled promise in HANDLE run as a later turn. */
bool promise_schedule_may_gc(Scheduler *s, Actor *a, unsigned handle);
/* Promise NUMBER of ACTOR will be settled with PROMISE of A; 0: when A answers that request; SUBSCRIBE_END: when A ends.  False: no memory. */
bool promise_subscribe(Actor *a, uint64_t promise, uint64_t actor, uint64_t number);
/* Takes one of those who wait for that promise.  False: there is none. */
bool subscriptions_take(Actor *a, uint64_t promise, Subscription *taken);
/* A owes that request no answer any more.  False: it did not. */
bool subscriptions_take_detached(Actor *a, uint64_t actor, uint64_t number);
/* That promise is not to be settled at the end of A.  False: it was not. */
bool subscriptions_take_end(Actor *a, uint64_t actor, uint64_t number);
/* Do other actors wait for the promise, or may they ask for it? */
bool promise_is_awaited_elsewhere(const Actor *a, const Object *promise);
/* Does anybody wait for that promise? */
bool subscriptions_include(const Actor *a, uint64_t promise);
/* Does A owe that request an answer, which it has put off?  ACTOR 0: any. */
bool subscriptions_has_detached(const Actor *a, uint64_t actor, uint64_t number);
void subscriptions_destroy(Actor *a);
/* Answers promise NUMBER of actor TO with VALUE, or, when that is a promise itself, with what that is settled with. */
void promise_answer_may_gc(Scheduler *s, Actor *a, uint64_t to, uint64_t number, PromiseState state, Oop value);
/* Was the pending promise, which is no mirror, resolved with another one, and waits for that? */
bool promise_is_bound(const Object *promise);
/* The turn of A is over with m->roots[ROOT_RESULT]: answers whoever waits for it. */
void promise_answer_turn_may_gc(Scheduler *s, Actor *a);
/* Sends VALUE, encoded now, as the answer to another actor's promise. */
void promise_reply(Scheduler *s, Actor *a, uint64_t to, uint64_t number, PromiseState state, Oop value);
/* The promise is resolved with nil. */
void promise_reply_nil(Scheduler *s, Actor *a, uint64_t to, uint64_t number);
/* The promise of somebody who waits for the end of FROM is resolved with the reason. */
void promise_reply_end(Scheduler *s, uint64_t from, uint64_t to, uint64_t number, const Message *reason);
void promise_reply_broken(Scheduler *s, uint64_t from, uint64_t to, uint64_t number, const Message *reason);
void promise_reply_text(Scheduler *s, Actor *a, uint64_t to, uint64_t number, PromiseState state, const char *text);
/* All who wait for something of A learn that it is gone. */
void promises_break(Scheduler *s, Actor *a, const Message *reason);

/* ---- promises that others may know (exports.c) ---- */

/* The counted reference that goes wherever PROMISE goes; made now for one of this actor.  NULL: it has none (there was no free place in the table, or no memory; or
 * nothing is known of its owner). */
SharedBytes *export_count(Machine *m, Object *promise);
/* May anybody outside still ask for the promise in that place? */
bool export_is_known(const Actor *a, uint64_t place);
/* The promise leaves its place. */
void export_end(Actor *a, uint64_t place);
void exports_destroy(Actor *a);

/* ---- timers that resolve promises (actor_timers.c) ---------------------------------------------------------------------------- */

/* A new promise of A, resolved with nil at DEADLINE_NS; 0: no memory.  While it is pending its value is -1 - place. */
Oop actor_timer_start_may_gc(Actor *a, uint64_t deadline_ns);
/* The timer of that pending promise is not needed.  True: it had not fired. */
bool actor_timer_cancel(Actor *a, Object *promise);
/* It has fired; owned. */
void actor_timer_fired_may_gc(Scheduler *s, Actor *a, Timer *timer);
/* A ends.  Call it before the mailbox is closed: timers that have fired are messages. */
void actor_timers_cancel_all(Scheduler *s, Actor *a);

/* Slots of the Array in ROOT_ACTOR. */
enum {
  STATE_FREE,    /* number of the first free slot, 0: none */
  STATE_REHASH,  /* Array of collections that came and must be rehashed, or nil */
  STATE_SAVED,   /* Smalltalk: messages that a selective receive passed over */
  STATE_LOCAL,   /* Smalltalk: whatever else it keeps per actor */
  STATE_REFERENCES, /* Smalltalk: number, reference and actor of each monitor whose reference is no number, in an Array; or nil */
  STATE_FIRST    /* promises that wait, or SmallIntegers: next free slot */
};
/* The state array, made now if need be; 0: no memory. */
Oop actor_state_may_gc(Actor *a);
/* An Array of the hashed collections in the message just decoded, and REST as its last element.  Allocates in what the decoder reserved. */
Oop actor_hashed_list(Scheduler *s, Actor *a, Oop rest);
/* Puts them on the state's list.  The state exists. */
void actor_note_hashed(Scheduler *s, Actor *a);
bool actor_has_unhashed(const Actor *a);
/* Decodes MESSAGE into VALUES; on failure a->extra->error has the text, and the machine's failure is NO_MEMORY or BAD_VALUE. */
bool actor_decode_may_gc(Scheduler *s, Actor *a, const Message *message, Oop *values, unsigned max, unsigned *count);
/* A has just failed to read MESSAGE, a request or plain message, and drops it.  Its promise is rejected; if there is none, standard error says who could not
 * read what of whom, unless A itself gets an error for want of memory. */
void actor_refuse_unreadable(Scheduler *s, Actor *a, const Message *message);
/* What stands for the reason of an end that A could not read: the error's text; 0: no memory. */
Oop actor_unreadable_reason_may_gc(Actor *a);
/* A message of KIND from A with the COUNT values in HANDLES; HANDLES NULL: the send that runs, m->selector and its arguments.  NULL: cannot be
 * sent, the error's text is set.  Promises that had no number get one. */
Message *actor_encode_may_gc(Scheduler *s, Actor *a, MessageKind kind, const unsigned *handles, unsigned count);

/* A new actor for the connection FD (taken): m->args[1] is sent m->args[2] with it over there.  FLAGS as spawn.  Answers as a primitive. */
Oop actor_spawn_with_connection_may_gc(Machine *m, int fd, unsigned flags);

/* ---- turns that wait for each other (circles.c) ---- */
/* A, which the caller owns, has been idle for a while: if it waits for somebody who may wait for it, finds out. */
void circles_look(Scheduler *s, Actor *a);
/* PROBE; owned. */
void circles_receive(Scheduler *s, Actor *a, Message *message);

/* ---- inspection.c ---- */
/* INFO: answers what A, which is at a safe point, is doing; owned. */
void inspection_answer(Scheduler *s, Actor *a, Message *message);

/* ---- errors of primitives ---- */
void actor_set_error(Actor *a, const char *text);

#endif
