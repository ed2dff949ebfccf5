/* SPDX-License-Identifier: MIT */
/* trace.c -- see trace.h. */
#include "trace.h"

#include <inttypes.h>
#include <pthread.h>

#include "describe.h"
#include "frames.h"
#include "runtime_internal.h"
#include "wire.h"

enum { SCHEDULERS = 1, ACTORS = 2, TEXT_SIZE = 200 };

/* Numbers to numbers: open addressing, key 0 is free. */
typedef struct NumberMap {
  struct {
    uint64_t key, value;
  } *places;
  uint64_t count, capacity;
} NumberMap;

struct TraceFile {
  Accounts *accounts;
  pthread_mutex_t lock; /* all below */
  FILE *out;
  uint64_t began;
  uint64_t threads, flows; /* numbers given so far */
  NumberMap actors;        /* id -> number of its thread */
  NumberMap messages;      /* address of a message under way -> number of its arrow */
};

/* What a scheduler keeps about the run that is going on. */
typedef struct TraceRun {
  uint64_t began, id;
  char name[TRACE_NAME_SIZE];
} TraceRun;
_Static_assert(sizeof(TraceRun) <= sizeof((Scheduler *)0)->trace_run, "a run fits");
static TraceRun *run_of(Scheduler *s) { return (TraceRun *)s->trace_run; }

/* ---- the map ----------------------------------------------------------------------------------------------------------------------- */

static uint64_t *map_find(const NumberMap *map, uint64_t key) {
  if (!map->capacity) return NULL;
  uint64_t i = (key * 0x9e3779b97f4a7c15u >> 20) & (map->capacity - 1);
  while (map->places[i].key && map->places[i].key != key) i = (i + 1) & (map->capacity - 1);
  return map->places[i].key ? &map->places[i].value : NULL;
}

static void map_enter_unchecked(NumberMap *map, uint64_t key, uint64_t value) {
  uint64_t i = (key * 0x9e3779b97f4a7c15u >> 20) & (map->capacity - 1);
  while (map->places[i].key && map->places[i].key != key) i = (i + 1) & (map->capacity - 1);
  if (!map->places[i].key) map->count++;
  map->places[i].key = key;
  map->places[i].value = value;
}

static void map_put(Accounts *accounts, NumberMap *map, uint64_t key, uint64_t value) {
  if ((map->count + 1) * 2 > map->capacity) {
    NumberMap grown = {.capacity = map->capacity ? map->capacity * 2 : 256};
    grown.places = account_alloc(accounts, ACCOUNT_OTHER, grown.capacity * sizeof *grown.places);
    if (!grown.places) return;
    for (uint64_t i = 0; i < map->capacity; i++)
      if (map->places[i].key) map_enter_unchecked(&grown, map->places[i].key, map->places[i].value);
    account_free(accounts, ACCOUNT_OTHER, map->places, map->capacity * sizeof *map->places);
    *map = grown;
  }
  map_enter_unchecked(map, key, value);
}

static void map_destroy(Accounts *accounts, NumberMap *map) { account_free(accounts, ACCOUNT_OTHER, map->places, map->capacity * sizeof *map->places); }

/* ---- JSON ------------------------------------------------------------------------------------------------------------------------------ */

TraceFile *trace_file_new(Accounts *accounts, FILE *out, uint64_t now_ns) {
  TraceFile *file = account_alloc(accounts, ACCOUNT_OTHER, sizeof *file);
  if (!file) return NULL;
  file->accounts = accounts;
  file->out = out;
  file->began = now_ns;
  pthread_mutex_init(&file->lock, NULL);
  fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
        "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"tid\":0,\"args\":{\"name\":\"schedulers\"}},\n"
        "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":2,\"tid\":0,\"args\":{\"name\":\"actors\"}}", out);
  return file;
}

void trace_file_delete(TraceFile *file) {
  fputs("\n]}\n", file->out);
  fflush(file->out);
  map_destroy(file->accounts, &file->actors);
  map_destroy(file->accounts, &file->messages);
  pthread_mutex_destroy(&file->lock);
  account_free(file->accounts, ACCOUNT_OTHER, file, sizeof *file);
}

/* In quotes; bytes that are no ASCII as the characters with these numbers. */
static void put_json_text(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') fputc('\\', out), fputc(c, out);
    else if (c < 0x20 || c > 0x7e) fprintf(out, "\\u%04x", c);
    else fputc(c, out);
  }
  fputc('"', out);
}

static void put_time(FILE *out, const char *key, uint64_t ns) { fprintf(out, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned)(ns % 1000)); }

static void begin_event(TraceFile *file, const char *phase, const char *name, unsigned process, uint64_t thread, uint64_t time) {
  fprintf(file->out, ",\n{\"ph\":\"%s\",\"name\":", phase);
  put_json_text(file->out, name);
  fprintf(file->out, ",\"pid\":%u,\"tid\":%" PRIu64, process, thread);
  put_time(file->out, "ts", time - file->began);
}

static void end_event(TraceFile *file) { fputc('}', file->out); }

static void name_thread(TraceFile *file, unsigned process, uint64_t thread, const char *name) {
  fprintf(file->out, ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%u,\"tid\":%" PRIu64 ",\"args\":{\"name\":", process, thread);
  put_json_text(file->out, name);
  fputs("}}", file->out);
}

/* The number of the thread that stands for an actor. */
static uint64_t thread_of(Runtime *runtime, uint64_t id) {
  TraceFile *file = runtime->trace;
  uint64_t *found = map_find(&file->actors, id);
  char name[TEXT_SIZE], label[64];
  if (found) return *found;
  int size = (int)directory_label(runtime, id, label, sizeof label);
  bool main = runtime->main && actor_id(runtime->main) == id;
  snprintf(name, sizeof name, "%s%" PRIu64 "%s%.*s", main ? "main, actor " : "actor ", id, size ? " " : "", size, label);
  map_put(file->accounts, &file->actors, id, ++file->threads);
  name_thread(file, ACTORS, file->threads, name);
  return file->threads;
}

static uint64_t now(Scheduler *s) { return host_now(s->runtime->host); }

/* ---- runs ---------------------------------------------------------------------------------------------------------------------------------- */

void trace_run_begins(Scheduler *s, const Actor *a) {
  TraceRun *run = run_of(s);
  run->began = now(s);
  run->id = actor_id(a);
  run->name[0] = 0;
  if (actor_is(a, ACTOR_STARTED)) actor_current_method(a, run->name, sizeof run->name);
}

void trace_turn_begins(Scheduler *s, Actor *a) {
  TraceRun *run = run_of(s);
  if (trace_wants_calls(a)) trace_call(s, a);
  if (!run->name[0]) actor_current_method(a, run->name, sizeof run->name);
}

void trace_run_ended(Scheduler *s) {
  TraceRun *run = run_of(s);
  TraceFile *file = s->runtime->trace;
  if (!file || !run->id) return;
  char text[64];
  uint64_t end = now(s);
  pthread_mutex_lock(&file->lock);
  uint64_t thread = thread_of(s->runtime, run->id);
  begin_event(file, "X", run->name[0] ? run->name : "signals", ACTORS, thread, run->began);
  put_time(file->out, "dur", end - run->began);
  end_event(file);
  snprintf(text, sizeof text, "actor %" PRIu64, run->id);
  begin_event(file, "X", text, SCHEDULERS, s->number, run->began);
  put_time(file->out, "dur", end - run->began);
  end_event(file);
  pthread_mutex_unlock(&file->lock);
  run->id = 0;
}

/* ---- to actors ------------------------------------------------------------------------------------------------------------------------------ */

static uint8_t *put_name(uint8_t *at, WireExtension type, const char *name) {
  size_t size = strlen(name);
  at = wire_put_extension(at, type, (uint32_t)size);
  memcpy(at, name, size);
  return at + size;
}

/* An ActorTraceEvent: its class and its slots.  It goes past the hooks: what tracing sends is not traced. */
static void tell(Scheduler *s, const Actor *a, TraceEvent event, uint64_t other, const char *text) {
  static const char *const names[] = {[TRACE_SEND] = "send", [TRACE_RECEIVE] = "receive", [TRACE_SPAWN] = "spawn", [TRACE_EXIT] = "exit", [TRACE_CALL] = "call",
                                      [TRACE_END] = "end"};
  size_t size = strlen(text);
  if (!a->extra || !(a->extra->trace_mask & event) || a->extra->trace_to == actor_id(a)) return;
  Message *message = message_new(&s->messages, MESSAGE_PLAIN, size + 8 * WIRE_SCALAR_MAX);
  uint8_t *at = put_name(wire_put_array(message->bytes, 6), WIRE_INSTANCE_NAMED, "ActorTraceEvent");
  at = put_name(at, WIRE_SYMBOL, names[event]);
  at = wire_put_extension64(at, WIRE_ACTOR, actor_id(a));
  at = other ? wire_put_extension64(at, WIRE_ACTOR, other) : wire_put_nil(at);
  at = wire_put_string(at, (uint32_t)size);
  memcpy(at, text, size);
  at = wire_put_unsigned(at + size, now(s));
  message->size = (uint32_t)(at - message->bytes);
  message->from = actor_id(a);
  if (actor_try_deliver_untraced(s, a->extra->trace_to, message)) return;
  message_free(&s->messages, message);
  a->extra->trace_mask = 0;
}

/* ---- the hooks -------------------------------------------------------------------------------------------------------------------------------- */

/* An arrow from here to where the message is received, which is named like it. */
static void arrow(Scheduler *s, const char *phase, const char *text, uint64_t at, uint64_t flow) {
  TraceFile *file = s->runtime->trace;
  begin_event(file, phase, text, ACTORS, thread_of(s->runtime, at), now(s));
  fprintf(file->out, ",\"cat\":\"message\",\"id\":%" PRIu64 "%s", flow, phase[0] == 'f' ? ",\"bp\":\"e\"" : "");
  end_event(file);
}

static bool is_sent_by_actor(const Message *message) { return message->from && message->kind != MESSAGE_TIMER && message->kind != MESSAGE_EVENT && message->kind != MESSAGE_TRACE; }

void trace_send(Scheduler *s, uint64_t to, const Message *message) {
  char text[TEXT_SIZE];
  TraceFile *file = s->runtime->trace;
  Actor *a = s->running;
  if (!is_sent_by_actor(message)) return;
  message_describe(message, text, sizeof text);
  if (a && actor_id(a) == message->from) tell(s, a, TRACE_SEND, to, text);
  if (!file) return;
  pthread_mutex_lock(&file->lock);
  map_put(file->accounts, &file->messages, (uint64_t)(uintptr_t)message, ++file->flows);
  arrow(s, "s", text, message->from, file->flows);
  pthread_mutex_unlock(&file->lock);
}

void trace_receive(Scheduler *s, Actor *a, const Message *message) {
  char text[TEXT_SIZE];
  TraceFile *file = s->runtime->trace;
  if (!is_sent_by_actor(message)) return;
  message_describe(message, text, sizeof text);
  tell(s, a, TRACE_RECEIVE, message->from, text);
  if (!file) return;
  pthread_mutex_lock(&file->lock);
  uint64_t *flow = map_find(&file->messages, (uint64_t)(uintptr_t)message);
  if (flow && *flow) arrow(s, "f", text, actor_id(a), *flow), *flow = 0;
  pthread_mutex_unlock(&file->lock);
}

static void instant(Scheduler *s, const char *name, uint64_t id, const char *key, const char *text) {
  TraceFile *file = s->runtime->trace;
  if (!file) return;
  pthread_mutex_lock(&file->lock);
  begin_event(file, "i", name, ACTORS, thread_of(s->runtime, id), now(s));
  fprintf(file->out, ",\"s\":\"t\",\"args\":{\"%s\":", key);
  put_json_text(file->out, text);
  fputc('}', file->out);
  end_event(file);
  pthread_mutex_unlock(&file->lock);
}

void trace_spawn(Scheduler *s, Actor *parent, Actor *child, const Message *init) {
  char text[TEXT_SIZE], what[32];
  message_describe_values(init, text, sizeof text);
  tell(s, parent, TRACE_SPAWN, actor_id(child), text);
  snprintf(what, sizeof what, "actor %" PRIu64, actor_id(child));
  instant(s, "spawn", actor_id(parent), "actor", what);
  ActorExtra *extra = parent->extra && parent->extra->trace_mask & TRACE_CHILDREN ? actor_extra(child) : NULL;
  if (!extra) return;
  extra->trace_mask = parent->extra->trace_mask;
  extra->trace_to = parent->extra->trace_to;
}

void trace_exit(Scheduler *s, Actor *a, const Message *reason) {
  char text[TEXT_SIZE] = "normal";
  if (reason && reason->size) message_describe_values(reason, text, sizeof text);
  tell(s, a, TRACE_EXIT, 0, text);
  trace_stop(s, a);
  instant(s, "exit", actor_id(a), "reason", text);
}

void trace_stop(Scheduler *s, Actor *a) {
  if (!a->extra || !a->extra->trace_mask) return;
  a->extra->trace_mask = TRACE_END;
  tell(s, a, TRACE_END, 0, "");
  a->extra->trace_mask = 0;
}

bool trace_wants_calls(const Actor *a) { return a->extra && a->extra->trace_mask & TRACE_CALL; }

/* A method has been entered if its first instruction is the next. */
void trace_call(Scheduler *s, Actor *a) {
  const Machine *m = &a->machine;
  char name[TRACE_NAME_SIZE];
  if (!m->fp || !actor_is(a, ACTOR_IN_TURN)) return;
  const Object *code = frame_code(m->fp);
  if (m->pc != (uint32_t)(code_words(code) - (const uint32_t *)code)) return;
  actor_current_method(a, name, sizeof name);
  tell(s, a, TRACE_CALL, 0, name);
}
