/* SPDX-License-Identifier: MIT */
/* describe.c -- see describe.h. */
#include "describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "object.h"
#include "classes.h"
#include "wire.h"

enum { MAX_DEPTH = 6, STRING_SHOWN = 40, ELEMENTS_SHOWN = 8 };

typedef struct Text {
  char *at, *end; /* end: where the NUL goes at the latest */
} Text;

static void put_bytes(Text *t, const char *bytes, size_t size) {
  size_t room = (size_t)(t->end - t->at), count = size < room ? size : room;
  memcpy(t->at, bytes, count);
  t->at += count;
  *t->at = 0;
}

static void put(Text *t, const char *text) { put_bytes(t, text, strlen(text)); }

/* What somebody has sent: characters that could upset a terminal as dots. */
static void put_foreign(Text *t, const void *bytes, size_t size) {
  char *from = t->at;
  put_bytes(t, bytes, size);
  for (; from < t->at; from++)
    if ((unsigned char)*from < ' ' || *from == 0x7f) *from = '.';
}

/* At most SIZE bytes, no character cut in two. */
static size_t whole_characters(const uint8_t *bytes, size_t size) {
  while (size && (bytes[size] & 0xc0) == 0x80) size--;
  return size;
}

static void put_quoted(Text *t, const uint8_t *bytes, size_t size) {
  bool all = size < STRING_SHOWN;
  put(t, "'");
  put_foreign(t, bytes, size <= STRING_SHOWN ? size : whole_characters(bytes, STRING_SHOWN));
  put(t, all ? "'" : "...'");
}

/* As Smalltalk prints it. */
static void put_character(Text *t, uint64_t code) {
  char text[40];
  if (code > ' ' && code < 0x7f) snprintf(text, sizeof text, "$%c", (int)code);
  else snprintf(text, sizeof text, "Character value: %" PRIu64, code);
  put(t, text);
}

static void put_number(Text *t, const char *format, uint64_t n) {
  char text[32];
  snprintf(text, sizeof text, format, n);
  put(t, text);
}

/* The bytes of a symbol or string that an item stands for; false: it is something else. */
static bool try_name(const WireItem *item, const SourceImage *source, const char **name, size_t *size) {
  if (item->kind != WIRE_KIND_EXTENSION) return false;
  if (item->type == WIRE_SYMBOL) return *name = (const char *)item->bytes, *size = item->size, true;
  Oop x = item->type == WIRE_SOURCE_REFERENCE && source ? source_image_at(source, wire_number(item->bytes, item->size)) : 0;
  if (!x || object_class_index(oop_to_object(x)) != CLASS_SYMBOL) return false;
  return *name = (const char *)object_bytes(oop_to_object(x)), *size = object_byte_size(oop_to_object(x)), true;
}

static void put_extension(Text *t, const WireItem *item, const SourceImage *source) {
  const char *name;
  size_t size;
  if (try_name(item, source, &name, &size)) {
    put(t, "#");
    put_foreign(t, name, size);
    return;
  }
  switch (item->type) {
  case WIRE_ACTOR: put_number(t, "actor %" PRIu64, wire_number(item->bytes, item->size)); break;
  case WIRE_PROMISE: put(t, "a promise"); break;
  case WIRE_LARGE_INTEGER: put(t, "a large integer"); break;
  case WIRE_CHARACTER: put_character(t, wire_number(item->bytes, item->size)); break;
  case WIRE_CLASS_NAMED: put_foreign(t, item->bytes + 1, item->size ? item->size - 1 : 0); break;
  case WIRE_INSTANCE_NAMED: put(t, "a "), put_foreign(t, item->bytes, item->size); break;
  case WIRE_INSTANCE: put(t, "an object"); break;
  case WIRE_SHARED_BYTES: put(t, item->size && item->bytes[0] ? "a long string" : "many bytes"); break;
  case WIRE_BLOCK: put(t, "a block"); break;
  default: put(t, "an object"); break;
  }
}

static void put_item(Text *t, const WireItem *item, const SourceImage *source) {
  char text[32];
  switch (item->kind) {
  case WIRE_KIND_NIL: put(t, "nil"); break;
  case WIRE_KIND_FALSE: put(t, "false"); break;
  case WIRE_KIND_TRUE: put(t, "true"); break;
  case WIRE_KIND_UNSIGNED: put_number(t, "%" PRIu64, item->word); break;
  case WIRE_KIND_NEGATIVE: put_number(t, "%" PRId64, item->word); break;
  case WIRE_KIND_DOUBLE: snprintf(text, sizeof text, "%.15g", item->number), put(t, text); break;
  case WIRE_KIND_STRING: put_quoted(t, item->bytes, item->size); break;
  case WIRE_KIND_BINARY: put_number(t, "%" PRIu64 " bytes", item->size); break;
  case WIRE_KIND_EXTENSION: put_extension(t, item, source); break;
  default: break;
  }
}

/* One value; what is nested deeper than MAX_DEPTH, or too long, is left out.  False: the bytes are over. */
static bool put_value(Text *t, const uint8_t **at, const uint8_t *end, const SourceImage *source) {
  uint32_t left[MAX_DEPTH + 1], depth = 0, shown[MAX_DEPTH + 1];
  WireItem item;
  if (!wire_try_read(at, end, &item)) return false;
  for (;;) {
    if (item.kind == WIRE_KIND_ARRAY || item.kind == WIRE_KIND_MAP) {
      if (depth == MAX_DEPTH || item.size > INT32_MAX) return put(t, "..."), false;
      put(t, "(");
      shown[depth] = 0;
      left[depth++] = item.kind == WIRE_KIND_MAP ? item.size * 2 : item.size;
    } else {
      put_item(t, &item, source);
    }
    while (depth && !left[depth - 1]) put(t, ")"), depth--;
    if (!depth) return true;
    left[depth - 1]--;
    if (shown[depth - 1]++) put(t, " ");
    if (t->at == t->end || shown[depth - 1] > ELEMENTS_SHOWN) return put(t, "..."), false;
    if (!wire_try_read(at, end, &item)) return false;
  }
}

static void put_values(Text *t, const Message *message, const uint8_t *at, const char *between) {
  const uint8_t *end = message->bytes + message->size;
  for (bool first = true; at < end && t->at < t->end; first = false) {
    if (!first) put(t, between);
    if (!put_value(t, &at, end, message->source)) return;
  }
}

/* selector and arguments, as they are written */
static void put_request(Text *t, const Message *message) {
  const uint8_t *at = message->bytes, *end = message->bytes + message->size;
  WireItem item;
  const char *name;
  size_t size;
  if (!wire_try_read(&at, end, &item) || !try_name(&item, message->source, &name, &size)) {
    put(t, "a request");
    return;
  }
  for (const char *colon; size && (colon = memchr(name, ':', size)); size -= (size_t)(colon + 1 - name), name = colon + 1) {
    put_foreign(t, name, (size_t)(colon + 1 - name));
    put(t, " ");
    if (!put_value(t, &at, end, message->source)) return;
    if (colon + 1 < name + size) put(t, " ");
  }
  put_foreign(t, name, size);
  if (at < end) put(t, " "), put_values(t, message, at, " ");
}

static const char *kind_name(const Message *message) {
  static const char *const names[] = {
      [MESSAGE_INIT] = "start",        [MESSAGE_REQUEST] = "request",    [MESSAGE_PLAIN] = "message",     [MESSAGE_REPLY] = "reply",
      [MESSAGE_SETTLE] = "settle",     [MESSAGE_SUBSCRIBE] = "subscribe", [MESSAGE_REACTIONS] = "reactions", [MESSAGE_EXIT] = "exit",
      [MESSAGE_KILL] = "kill",         [MESSAGE_LINK] = "link",          [MESSAGE_UNLINK] = "unlink",     [MESSAGE_MONITOR] = "monitor",
      [MESSAGE_DEMONITOR] = "unmonitor", [MESSAGE_DOWN] = "down",        [MESSAGE_TIMER] = "timer",       [MESSAGE_EVENT] = "event",
      [MESSAGE_UNLINK_ACK] = "unlinked", [MESSAGE_SYNC] = "started?",    [MESSAGE_CANCEL] = "cancel",     [MESSAGE_INFO] = "info?", [MESSAGE_ROOM] = "room"};
  const char *name = message->kind < sizeof names / sizeof *names ? names[message->kind] : NULL;
  return name ? name : "signal";
}

static const char *state_name(const Message *message) {
  static const char *const names[] = {"", " resolved", " rejected", " broken"};
  return message->kind == MESSAGE_REPLY || message->kind == MESSAGE_SETTLE ? names[message->detail & 3] : "";
}

void message_describe_values(const Message *message, char *out, size_t room) {
  Text t = {out, out + room - 1};
  *out = 0;
  if (message->kind == MESSAGE_REQUEST) put_request(&t, message);
  else put_values(&t, message, message->bytes, " ");
}

void message_describe(const Message *message, char *out, size_t room) {
  Text t = {out, out + room - 1};
  *out = 0;
  if (message->kind != MESSAGE_REQUEST) put(&t, kind_name(message)), put(&t, state_name(message));
  if (!message->size || message->kind == MESSAGE_TIMER) return;
  if (message->kind != MESSAGE_REQUEST) put(&t, " ");
  message_describe_values(message, t.at, (size_t)(t.end - t.at) + 1);
}
