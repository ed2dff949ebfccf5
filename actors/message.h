/* SPDX-License-Identifier: MIT */
/* message.h -- what one actor sends to another: an envelope, and bytes that ipc/encoder.c wrote.
 *
 * A message has one owner at any time: the sender that fills it, the mailbox, the receiver that empties it.  Signals (exit, link, down,
 * promises settled ...) are messages too, so everything from one actor to another arrives in the order sent. */
#ifndef ATOLL_MESSAGE_H
#define ATOLL_MESSAGE_H

#include "byte_sink.h"
#include "pool.h"
#include "source_image.h"

/* X(kind, what the bytes hold; use of `number`) */
#define MESSAGE_KINDS(X)                                                                    \
  X(INIT, "first turn: receiver, selector, arguments; -.  number2: a connection that goes to the receiver + 1, or 0") \
  X(REQUEST, "selector, arguments; the sender's promise or 0.  detail: MESSAGE_URGENT or 0") \
  X(PLAIN, "one value; -.  detail: likewise")                                               \
  X(REPLY, "one value; the receiver's promise.  detail: PROMISE_RESOLVED ...")              \
  X(SETTLE, "a value and the promise; the receiver's promise.  Sent by whoever holds a mirror of it")     \
  X(SUBSCRIBE, "-; number: the receiver's promise, number2: the sender's")                  \
  X(REACTIONS, "-; own promise whose blocks are to run: never crosses actors")              \
  X(EXIT, "reason; -: a linked actor has ended; detail 1: somebody says exit")                \
  X(KILL, "reason; -: ends the receiver whatever it traps")                                 \
  X(LINK, "-; -") X(UNLINK, "-; its serial, which comes back in UNLINK_ACK")                \
  X(MONITOR, "-; the sender's reference") X(DEMONITOR, "-; likewise")                       \
  X(DOWN, "reason; the receiver's reference")                                               \
  X(TIMER, "-; -: part of a Timer")                                                         \
  X(EVENT, "handle event: detail; number: handle")                                          \
  X(UNLINK_ACK, "-; the UNLINK's number")                                                   \
  X(SYNC, "-; the sender's promise: resolved when the receiver gets to it, after its INIT")  \
  X(CANCEL, "-; the sender's promise: nobody waits for its answer any more")                \
  X(ROOM, "-; number: 0 or (again) 2, is there room in the mailbox? 1, there is")                       \
  X(TRACE, "-; number: TraceEvents, number2: the actor that is told of them")             \
  X(INFO, "-; the sender's promise, resolved with what the receiver is doing")             \
  X(PROBE, "a Probe (circles.c); the sender's promise that its turn waits for")           \
  X(INTERRUPT, "-; -: wakes the main program, which looks at runtime->interrupted")

typedef enum MessageKind {
#define X(name, doc) MESSAGE_##name,
  MESSAGE_KINDS(X)
#undef X
      MESSAGE_KIND_COUNT
} MessageKind;

/* States of a promise; also the detail of REPLY and SETTLE. */
typedef enum PromiseState { PROMISE_PENDING, PROMISE_RESOLVED, PROMISE_REJECTED, PROMISE_BROKEN } PromiseState;

/* Bits of the detail of PLAIN and REQUEST: overtakes others if the receiver has opted for it; took credit of the receiver (pressure.h); tells of a group that the
 * receiver monitors, and is never refused; it is urgent and stands before the receiver's mark, but came after that was set. */
enum { MESSAGE_URGENT = 2, MESSAGE_CHARGED = 4, MESSAGE_NOTICE = 8, MESSAGE_NEWER = 16 };

typedef struct Message Message;
struct Message {
  Message *next;
  uint64_t from;             /* id of the sender */
  uint64_t number, number2;  /* as MESSAGE_KINDS says */
  const SourceImage *source; /* counted; NULL: the bytes refer to no S */
  uint32_t size, capacity;   /* of bytes */
  uint32_t shared_count;     /* what the message holds a counted reference to each of: the addresses stand behind the bytes (message_shared) */
  uint8_t kind, detail, size_class;
  uint8_t unused;
  uint8_t bytes[];
};

enum { MESSAGE_SIZE_CLASSES = 4, MESSAGE_UNPOOLED = MESSAGE_SIZE_CLASSES };

typedef struct MessageDepot {
  PoolDepot classes[MESSAGE_SIZE_CLASSES];
} MessageDepot;

typedef struct MessagePool {
  Accounts *accounts;
  Pool classes[MESSAGE_SIZE_CLASSES];
} MessagePool;

void message_depot_init(MessageDepot *depot, Accounts *accounts);
void message_depot_destroy(MessageDepot *depot);
void message_pool_init(MessagePool *pool, MessageDepot *depot, Accounts *accounts);

/* A message with room for CAPACITY bytes, everything else zero.  Signals (exits, answers, notices) must not be lost, so up to MESSAGE_CERTAIN_BYTES it waits for memory
 * (account_wait_for_memory) and is never NULL.  NULL: no memory for a larger one. */
enum { MESSAGE_CERTAIN_BYTES = 64 * 1024 };
Message *message_new(MessagePool *pool, MessageKind kind, size_t capacity);
void message_free(MessagePool *pool, Message *message);
/* The same bytes once more, for another receiver. */
Message *message_copy(MessagePool *pool, const Message *original);

/* What it holds references to, shared_count of them; they live as long as the message. */
static inline SharedBytes **message_shared(const Message *message) { return (SharedBytes **)(message->bytes + ((size_t)message->size + 7) / 8 * 8); }
/* The message, which has no more than its bytes, holds a reference to COUNTED from now on.  False: there is no room. */
bool message_try_hold(Message *message, SharedBytes *counted);
/* The same bytes, with what was shared written out: for places outside this process.  NULL: no memory. */
Message *message_written_out(MessagePool *pool, const Message *original);

/* A sink that writes into a message and makes it larger as needed. */
typedef struct MessageSink {
  ByteSink sink;
  MessagePool *pool;
  Message *message;
  SharedBytes **shared;
  uint32_t shared_count, shared_capacity;
} MessageSink;

/* Ends with message_sink_take or message_sink_abandon.  False: no memory. */
bool message_sink_begin(MessageSink *sink, MessagePool *pool, MessageKind kind);
/* The finished message, owned by the caller.  SOURCE: what its bytes refer to, or NULL.  NULL: no memory; nothing is left then. */
Message *message_sink_take(MessageSink *sink, const SourceImage *source);
void message_sink_abandon(MessageSink *sink);

#endif
