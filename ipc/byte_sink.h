/* SPDX-License-Identifier: MIT */
/* byte_sink.h -- where an encoder writes: a piece of memory and a function that makes it larger.
 *
 * The upper layer gives the memory (a message that will be queued, a buffer for a socket), so encoded bytes are never copied
 * afterwards.  One thread. */
#ifndef ATOLL_BYTE_SINK_H
#define ATOLL_BYTE_SINK_H

#include "shared_bytes.h"

#include <stdbool.h>
#include <string.h>

typedef struct ByteSink ByteSink;
struct ByteSink {
  uint8_t *start, *at, *end;
  /* Makes room for at least ROOM more bytes; start, at and end may change.  False: no memory or too large. */
  bool (*grow)(ByteSink *sink, size_t room);
  /* Keeps a reference to BYTES beside what is written and answers their number; -1: it cannot, write them.  NULL: it never can. */
  int (*share)(ByteSink *sink, SharedBytes *bytes);
};

static inline size_t byte_sink_size(const ByteSink *sink) { return (size_t)(sink->at - sink->start); }

static inline bool byte_sink_reserve(ByteSink *sink, size_t room) {
  return (size_t)(sink->end - sink->at) >= room || sink->grow(sink, room);
}

static inline void byte_sink_put_unchecked(ByteSink *sink, const void *bytes, size_t size) {
  if (size) memcpy(sink->at, bytes, size);
  sink->at += size;
}

/* A sink with memory of its own, for tests and for bytes that go to no mailbox. */
typedef struct ByteBuffer {
  ByteSink sink;
  Accounts *accounts;
} ByteBuffer;

void byte_buffer_init(ByteBuffer *buffer, Accounts *accounts);
void byte_buffer_destroy(ByteBuffer *buffer);
static inline void byte_buffer_clear(ByteBuffer *buffer) { buffer->sink.at = buffer->sink.start; }

#endif
