/* SPDX-License-Identifier: MIT */
/* message.c -- envelopes from pools. */
#include "message.h"

#include <assert.h>
#include <unistd.h>

#include "wire.h"

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

static Message *try_new(MessagePool *pool, MessageKind kind, size_t capacity) {
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

Message *message_new(MessagePool *pool, MessageKind kind, size_t capacity) {
  Message *message = try_new(pool, kind, capacity);
  for (unsigned n = 0; !message && capacity <= MESSAGE_CERTAIN_BYTES; n++) {
    account_wait_for_memory(n, "a message between actors");
    message = try_new(pool, kind, capacity);
  }
  return message;
}

/* Bytes that the addresses of COUNT shared things take behind SIZE bytes, which may have to be filled up first. */
static size_t shared_room(size_t size, size_t count) { return count ? (-size & 7) + count * sizeof(SharedBytes *) : 0; }

static void release_shared(SharedBytes **shared, uint32_t count) {
  while (count) shared_bytes_release(shared[--count]);
}

bool message_try_hold(Message *message, SharedBytes *counted) {
  if (message->size + shared_room(message->size, 1) > message->capacity) return false;
  message->shared_count = 1;
  message_shared(message)[0] = shared_bytes_retain(counted);
  return true;
}

void message_free(MessagePool *pool, Message *message) {
  if (message->kind == MESSAGE_INIT && message->number2) close((int)message->number2 - 1);
  if (message->shared_count) release_shared(message_shared(message), message->shared_count);
  source_image_release(message->source);
  if (message->size_class < MESSAGE_SIZE_CLASSES) pool_give(&pool->classes[message->size_class], message);
  else account_free(pool->accounts, ACCOUNT_MAILBOX, message, offsetof(Message, bytes) + message->capacity);
}

Message *message_copy(MessagePool *pool, const Message *original) {
  size_t size = original->size + shared_room(original->size, original->shared_count);
  Message *copy = message_new(pool, original->kind, size);
  assert(original->kind != MESSAGE_INIT);
  if (!copy) return NULL;
  if (original->source) copy->source = source_image_retain(original->source);
  copy->from = original->from;
  copy->number = original->number;
  copy->number2 = original->number2;
  copy->detail = original->detail;
  copy->size = original->size;
  copy->shared_count = original->shared_count;
  memcpy(copy->bytes, original->bytes, size);
  for (uint32_t i = 0; i < copy->shared_count; i++) shared_bytes_retain(message_shared(copy)[i]);
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
  Message *larger = try_new(pool, message->kind, wanted);
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

static bool grow_shared(MessageSink *sink) {
  uint32_t capacity = sink->shared_capacity ? sink->shared_capacity * 2 : 4;
  if (capacity > INT32_MAX / 2) return false;
  SharedBytes **grown = account_realloc(sink->pool->accounts, ACCOUNT_MAILBOX, sink->shared, sink->shared_capacity * sizeof *grown, capacity * sizeof *grown);
  if (!grown) return false;
  sink->shared = grown;
  sink->shared_capacity = capacity;
  return true;
}

static int message_sink_share(ByteSink *sink, SharedBytes *bytes) {
  MessageSink *own = (MessageSink *)sink;
  if (own->shared_count == own->shared_capacity && !grow_shared(own)) return -1;
  own->shared[own->shared_count] = shared_bytes_retain(bytes);
  return (int)own->shared_count++;
}

static void forget_shared(MessageSink *sink) {
  account_free(sink->pool->accounts, ACCOUNT_MAILBOX, sink->shared, sink->shared_capacity * sizeof *sink->shared);
  sink->shared = NULL;
  sink->shared_count = sink->shared_capacity = 0;
}

bool message_sink_begin(MessageSink *sink, MessagePool *pool, MessageKind kind) {
  Message *message = message_new(pool, kind, 0);
  sink->pool = pool;
  sink->message = message;
  sink->shared = NULL;
  sink->shared_count = sink->shared_capacity = 0;
  if (!message) return false;
  sink->sink = (ByteSink){message->bytes, message->bytes, message->bytes + message->capacity, message_sink_grow, message_sink_share};
  return true;
}

Message *message_sink_take(MessageSink *sink, const SourceImage *source) {
  size_t shared_bytes = shared_room(byte_sink_size(&sink->sink), sink->shared_count);
  if (shared_bytes && !byte_sink_reserve(&sink->sink, shared_bytes)) return message_sink_abandon(sink), NULL;
  Message *message = sink->message;
  message->shared_count = sink->shared_count;
  message->size = (uint32_t)byte_sink_size(&sink->sink);
  if (shared_bytes) memcpy(message_shared(message), sink->shared, sink->shared_count * sizeof *sink->shared);
  if (sink->shared) forget_shared(sink);
  if (source) message->source = source_image_retain(source);
  sink->message = NULL;
  return message;
}

void message_sink_abandon(MessageSink *sink) {
  release_shared(sink->shared, sink->shared_count);
  if (sink->shared) forget_shared(sink);
  if (sink->message) message_free(sink->pool, sink->message);
  sink->message = NULL;
}

/* Each item once more; those that refer to shared bytes as the bytes. */
static bool write_out(ByteSink *sink, const Message *original) {
  SharedBytes **shared = message_shared(original);
  const uint8_t *at = original->bytes, *end = at + original->size, *from = at;
  WireItem item;
  while (wire_try_read(&at, end, &item)) {
    const void *bytes = from;
    size_t size = (size_t)(at - from);
    uint32_t number = item.kind == WIRE_KIND_EXTENSION ? wire_shared_number(&item) : WIRE_NOT_SHARED;
    bool is_shared = item.type == WIRE_SHARED_BYTES && number < original->shared_count, is_promise = item.type == WIRE_PROMISE && number != WIRE_NOT_SHARED;
    if (is_shared) bytes = shared[number]->body, size = shared[number]->size;
    if (!byte_sink_reserve(sink, size + WIRE_SCALAR_MAX)) return false;
    if (is_shared) sink->at = item.bytes[0] ? wire_put_string(sink->at, (uint32_t)size) : wire_put_binary(sink->at, (uint32_t)size);
    if (is_promise) sink->at = wire_put_extension(sink->at, WIRE_PROMISE, 16), bytes = item.bytes, size = 16;
    byte_sink_put_unchecked(sink, bytes, size);
    from = at;
  }
  return at == end;
}

Message *message_written_out(MessagePool *pool, const Message *original) {
  MessageSink sink;
  if (!original->shared_count) return message_copy(pool, original);
  if (!message_sink_begin(&sink, pool, original->kind)) return NULL;
  if (!write_out(&sink.sink, original)) return message_sink_abandon(&sink), NULL;
  Message *copy = message_sink_take(&sink, original->source);
  copy->from = original->from;
  copy->number = original->number;
  copy->number2 = original->number2;
  copy->detail = original->detail;
  return copy;
}
