/* SPDX-License-Identifier: MIT */
/* byte_sink.c -- the sink that owns its memory. */
#include "byte_sink.h"

static bool byte_buffer_grow(ByteSink *sink, size_t room) {
  ByteBuffer *buffer = (ByteBuffer *)sink;
  size_t used = byte_sink_size(sink), old = (size_t)(sink->end - sink->start), size = old ? old * 2 : 256;
  while (size - used < room) size *= 2;
  uint8_t *memory = account_realloc(buffer->accounts, ACCOUNT_CODEC, sink->start, old, size);
  if (!memory) return false;
  sink->start = memory;
  sink->at = memory + used;
  sink->end = memory + size;
  return true;
}

void byte_buffer_init(ByteBuffer *buffer, Accounts *accounts) {
  *buffer = (ByteBuffer){.sink.grow = byte_buffer_grow, .accounts = accounts};
}

void byte_buffer_destroy(ByteBuffer *buffer) {
  account_free(buffer->accounts, ACCOUNT_CODEC, buffer->sink.start, (size_t)(buffer->sink.end - buffer->sink.start));
  buffer->sink.start = buffer->sink.at = buffer->sink.end = NULL;
}
