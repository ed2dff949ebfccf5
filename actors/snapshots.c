/* SPDX-License-Identifier: MIT */
/* snapshots.c -- see snapshots.h.
 *
 *   "ATOLLACT" | size of the machine (8) | machine | checksum of what follows: XXH3 (8) | number of messages (8) | message ...
 *   message: kind, detail (1 each), refers to S (1), from, number, number2 (8 each), size (4), bytes */
#include "snapshots.h"

#include <stdio.h>
#include <stdlib.h>

#include "scheduler.h"
#include "snapshot.h"
#include "whole_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FILE_MAGIC "ATOLLACT"

void snapshot_begin(Actor *a, char *path) {
  ActorExtra *extra = actor_extra(a);
  free(extra->snapshot_path);
  extra->snapshot_path = path;
}

bool snapshot_is_asked_for(const Actor *a) { return a->extra && a->extra->snapshot_path; }

/* Only what another actor wants of this one travels along. */
static bool is_kept(const Message *message) { return message->kind == MESSAGE_PLAIN || message->kind == MESSAGE_REQUEST; }

static bool write_message(FILE *file, MessagePool *pool, const Message *waiting) {
  Message *message = message_written_out(pool, waiting); /* what it shares with others stays here */
  if (!message) return false;
  uint8_t head[3] = {message->kind, message->detail, message->source != NULL};
  uint64_t numbers[3] = {message->from, message->number, message->number2};
  fwrite(head, 3, 1, file);
  fwrite(numbers, 8, 3, file);
  fwrite(&message->size, 4, 1, file);
  fwrite(message->bytes, 1, message->size, file);
  message_free(pool, message);
  return true;
}

static bool write_messages(FILE *file, const Actor *a, char *error) {
  uint64_t count = 0;
  for (const Message *message = a->inbox; message; message = message->next) {
    count += is_kept(message);
    if (is_kept(message) && message->source && message->source != a->machine.source)
      return snprintf(error, SNAPSHOT_MESSAGE_SIZE, "a waiting message refers to another image"), false;
  }
  fwrite(&count, 8, 1, file);
  for (const Message *message = a->inbox; message; message = message->next)
    if (is_kept(message) && !write_message(file, &a->scheduler->messages, message))
      return snprintf(error, SNAPSHOT_MESSAGE_SIZE, "no memory for a waiting message"), false;
  return true;
}

/* The messages as they stand in a file; free() them.  NULL: ERROR says why not. */
static char *messages_may_fail(const Actor *a, size_t *size, char *error) {
  char *bytes = NULL;
  FILE *memory = open_memstream(&bytes, size);
  bool done = memory && write_messages(memory, a, error);
  if (memory && fclose(memory) == 0 && done) return bytes;
  if (!memory || done) snprintf(error, SNAPSHOT_MESSAGE_SIZE, "no memory for the waiting messages");
  free(bytes);
  return NULL;
}

static bool put_file(const char *path, const char *machine, size_t machine_size, const char *messages, size_t messages_size, char *error) {
  uint64_t length = machine_size, checksum = XXH3_64bits(messages, messages_size);
  FilePart parts[] = {{FILE_MAGIC, 8}, {&length, 8}, {machine, machine_size}, {&checksum, 8}, {messages, messages_size}};
  return whole_file_write(path, parts, sizeof parts / sizeof *parts, false, error, SNAPSHOT_MESSAGE_SIZE);
}

static bool write_file(Actor *a, const char *path, char *error) {
  size_t machine_size, messages_size;
  char *machine = snapshot_write(&a->machine, OOP_TRUE, &machine_size, error);
  char *messages = machine ? messages_may_fail(a, &messages_size, error) : NULL;
  bool done = messages && put_file(path, machine, machine_size, messages, messages_size, error);
  free(messages);
  free(machine);
  return done;
}

void snapshot_take_may_gc(Scheduler *s, Actor *a) {
  char error[SNAPSHOT_MESSAGE_SIZE], *path = a->extra->snapshot_path;
  a->extra->snapshot_path = NULL;
  (void)s;
  Oop answer = OOP_FALSE;
  if (!write_file(a, path, error)) answer = machine_new_string_may_gc(&a->machine, error, strlen(error));
  machine_answer(&a->machine, answer ? answer : OOP_NIL);
  free(path);
}

/* ---- restoring ---------------------------------------------------------------------------------------------------------- */

typedef struct Cursor {
  const char *at, *end;
} Cursor;

static bool take(Cursor *c, void *out, size_t size) {
  if ((size_t)(c->end - c->at) < size) return false;
  memcpy(out, c->at, size);
  c->at += size;
  return true;
}

static bool read_messages(Scheduler *s, Actor *a, Cursor *c) {
  uint64_t checksum, count, numbers[3];
  uint32_t size;
  uint8_t head[3];
  if (!take(c, &checksum, 8) || XXH3_64bits(c->at, (size_t)(c->end - c->at)) != checksum || !take(c, &count, 8)) return false;
  while (count--) {
    if (!take(c, head, 3) || !take(c, numbers, 24) || !take(c, &size, 4) || (size_t)(c->end - c->at) < size) return false;
    if (head[0] != MESSAGE_PLAIN && head[0] != MESSAGE_REQUEST) return false;
    Message *message = message_new(&s->messages, head[0], size);
    if (!message) return false;
    message->detail = head[1] & MESSAGE_URGENT;
    message->from = numbers[0];
    message->number = 0; /* who waited for the answer is in another life */
    message->size = size;
    message->source = head[2] ? source_image_retain(a->machine.source) : NULL;
    take(c, message->bytes, size);
    inbox_append(a, message);
  }
  return c->at == c->end;
}

bool snapshot_restore(Scheduler *s, Actor *a, const char *bytes, size_t size, char *error) {
  Cursor c = {bytes, bytes + size};
  char magic[8];
  uint64_t length;
  const SourceImage *source = a->machine.source;
  if (!take(&c, magic, 8) || memcmp(magic, FILE_MAGIC, 8) != 0 || !take(&c, &length, 8) || (uint64_t)(c.end - c.at) < length)
    return snprintf(error, SNAPSHOT_MESSAGE_SIZE, "expected the snapshot of an actor, found something else or a part of one"), false;
  if (!snapshot_read(&a->machine, s->context, source, c.at, length, error)) {
    a->machine.source = source;
    return false;
  }
  a->machine.owner = a;
  c.at += length;
  if (read_messages(s, a, &c)) return true;
  return snprintf(error, SNAPSHOT_MESSAGE_SIZE, "the messages of the snapshot are damaged"), false;
}
