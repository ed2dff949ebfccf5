/* SPDX-License-Identifier: MIT */
/* message.c -- envelopes from pools. */
#include "message.h"

#include <unistd.h>

static const uint16_t class_sizes[MESSAGE_SIZE_CLASSES] = {112, 224, 480, 992};

void message_depot_init(MessageDepot *depot, Accounts *accounts) {
  for (unsigned i = 0; i < MESSAGE_SIZE_CLASSES; i++) pool_depot_init(&depot->classes[i], accounts, ACCOUNT_MAILBOX, class_sizes[i]);
}

void message_depot_destroy(MessageDepot *depot) {
  for (unsigned i = 0; i < MESSAGE_SIZE_CLASSES; i++) pool_depot_destroy(&depot->classes[i]);
}

void message_pool_init(MessagePool *pool, MessageDepot *depot, Accounts *accounts) {
  pool->accounts = accounts;
  for (unsigned i = 0; i < MESSAGE_SIZE_CLASSES; i++) pool_init(&pool->classes[i], &depot->classes[i]);
}

static unsigned class_for(size_t size) {
  unsigned i = 0;
  while (i < MESSAGE_SIZE_CLASSES && class_sizes[i] < size) i++;
  return i;
}

Message *message_new(MessagePool *pool, MessageKind kind, size_t capacity) {
  size_t size = offsetof(Message, bytes) + capacity;
  unsigned class = class_for(size);
  if (capacity > UINT32_MAX - 64) return NULL;
  if (class < MESSAGE_SIZE_CLASSES) size = class_sizes[class];
  Message *message = class < MESSAGE_SIZE_CLASSES ? pool_take(&pool->classes[class]) : account_alloc_dirty(pool->accounts, ACCOUNT_MAILBOX, size);
  if (!message) return NULL;
  memset(message, 0, offsetof(Message, bytes));
  message->capacity = (uint32_t)(size - offsetof(Message, bytes));
  message->kind = (uint8_t)kind;
  message->size_class = (uint8_t)class;
  return message;
}

void message_free(MessagePool *pool, Message *message) {
  if (message->fd) close(message->fd - 1);
  source_image_release(message->source);
  if (message->size_class < MESSAGE_SIZE_CLASSES) pool_give(&pool->classes[message->size_class], message);
  else account_free(pool->accounts, ACCOUNT_MAILBOX, message, offsetof(Message, bytes) + message->capacity);
}

Message *message_copy(MessagePool *pool, const Message *original) {
  Message *copy = message_new(pool, original->kind, original->size);
  if (!copy) return NULL;
  if (original->source) copy->source = source_image_retain(original->source);
  copy->from = original->from;
  copy->number = original->number;
  copy->number2 = original->number2;
  copy->detail = original->detail;
  copy->size = original->size;
  memcpy(copy->bytes, original->bytes, original->size);
  return copy;
}

/* Larger by half at least; unpooled ones are resized where they stand. */
static Message *enlarge(MessagePool *pool, Message *message, size_t used, size_t wanted) {
  size_t old = offsetof(Message, bytes) + message->capacity;
  if (wanted > UINT32_MAX - 64) return NULL;
  if (message->size_class == MESSAGE_UNPOOLED) {
    Message *moved = account_realloc(pool->accounts, ACCOUNT_MAILBOX, message, old, offsetof(Message, bytes) + wanted);
    if (moved) moved->capacity = (uint32_t)wanted;
    return moved;
  }
  Message *larger = message_new(pool, message->kind, wanted);
  if (!larger) return NULL;
  memcpy(larger->bytes, message->bytes, used);
  message_free(pool, message);
  return larger;
}

static bool message_sink_grow(ByteSink *sink, size_t room) {
  MessageSink *own = (MessageSink *)sink;
  size_t used = byte_sink_size(sink), wanted = used + room;
  if (wanted < (size_t)own->message->capacity * 2) wanted = (size_t)own->message->capacity * 2;
  Message *larger = enlarge(own->pool, own->message, used, wanted);
  if (!larger) return false;
  own->message = larger;
  sink->start = larger->bytes;
  sink->at = larger->bytes + used;
  sink->end = larger->bytes + larger->capacity;
  return true;
}

bool message_sink_begin(MessageSink *sink, MessagePool *pool, MessageKind kind) {
  Message *message = message_new(pool, kind, 0);
  sink->pool = pool;
  sink->message = message;
  if (!message) return false;
  sink->sink = (ByteSink){message->bytes, message->bytes, message->bytes + message->capacity, message_sink_grow};
  return true;
}

Message *message_sink_take(MessageSink *sink, const SourceImage *source) {
  Message *message = sink->message;
  message->size = (uint32_t)byte_sink_size(&sink->sink);
  if (source) message->source = source_image_retain(source);
  sink->message = NULL;
  return message;
}

void message_sink_abandon(MessageSink *sink) {
  if (sink->message) message_free(sink->pool, sink->message);
  sink->message = NULL;
}
