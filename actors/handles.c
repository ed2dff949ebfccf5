/* SPDX-License-Identifier: MIT */
/* handles.c -- between an actor and its sockets, files and child processes. */
#include "handles.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime_internal.h"
#include "wire.h"

#define HANDLE_OF(pointer, member) ((Handle *)((char *)(pointer) - offsetof(Handle, member)))

static size_t size_of_kind(HandleKind kind) {
  switch (kind) {
  case HANDLE_SOCKET: return offsetof(Handle, tcp) + sizeof(Tcp);
  case HANDLE_LISTENER: return offsetof(Handle, listener) + sizeof(TcpListener);
  case HANDLE_FILE: return offsetof(Handle, file) + sizeof(File);
  case HANDLE_CHILD: return offsetof(Handle, child) + sizeof(Child);
  case HANDLE_LOOKUP: break;
  }
  return offsetof(Handle, lookup) + sizeof(HostLookup);
}

/* ---- the table of a scheduler ------------------------------------------------------------------------------------------------------ */

static bool ensure_place(Scheduler *s) {
  if (s->handle_free) return true;
  uint32_t capacity = s->handle_capacity ? s->handle_capacity * 2 : 16;
  HandlePlace *places = account_realloc(s->runtime->accounts, ACCOUNT_HANDLE, s->handles, s->handle_capacity * sizeof *places, capacity * sizeof *places);
  if (!places) return false;
  for (uint32_t i = capacity; i-- > s->handle_capacity;) {
    places[i] = (HandlePlace){NULL, s->handle_free};
    s->handle_free = i + 1; /* 0 is the end of the list */
  }
  s->handles = places;
  s->handle_capacity = capacity;
  return true;
}

/* Enters HANDLE in the table and the actor. */
static void enter(Scheduler *s, Actor *a, Handle *handle) {
  uint32_t place = s->handle_free - 1;
  s->handle_free = s->handles[place].next_free;
  s->handles[place].handle = handle;
  handle->number = ++s->handle_serial << HANDLE_SLOT_BITS | place;
  handle->home = s;
  handle->actor = a;
  handle->next = a->extra->handles;
  a->extra->handles = handle;
  a->pinned = true;
}

static void free_handle(Handle *handle) {
  Scheduler *s = handle->home;
  uint32_t place = handle->number & ((1u << HANDLE_SLOT_BITS) - 1);
  s->handles[place] = (HandlePlace){NULL, s->handle_free};
  s->handle_free = place + 1;
  account_free(s->runtime->accounts, ACCOUNT_HANDLE, handle, size_of_kind(handle->kind));
}

Handle *handle_find(Scheduler *s, const Actor *a, uint64_t number, HandleKind kind) {
  uint64_t place = number & ((1u << HANDLE_SLOT_BITS) - 1);
  if (place >= s->handle_capacity) return NULL;
  Handle *handle = s->handles[place].handle;
  return handle && handle->number == number && handle->actor == a && handle->kind == kind ? handle : NULL;
}

/* Takes HANDLE from its actor. */
static void leave_actor(Handle *handle) {
  Actor *a = handle->actor;
  for (Handle **at = &a->extra->handles; *at; at = &(*at)->next) {
    if (*at != handle) continue;
    *at = handle->next;
    break;
  }
  handle->actor = NULL;
  if (!a->extra->handles && !actor_is(a, ACTOR_MAIN)) a->pinned = false;
}

/* ---- events ------------------------------------------------------------------------------------------------------------------------ */

/* The actor is this thread's: it is pinned here, and not running now. */
static void wake_actor(Handle *handle) {
  Actor *a = handle->actor;
  a->flags |= ACTOR_WAKE;
  if (mailbox_try_wake(&a->mailbox, actor_tag(actor_id(a)))) scheduler_enqueue(handle->home, a);
}

/* How many bytes the next event gets; a last line may lack its newline. */
static size_t event_size(Handle *handle) {
  size_t available = tcp_available(&handle->tcp), line;
  if (handle->delivery == DELIVER_CHUNKS) return available;
  line = tcp_line_size(&handle->tcp);
  if (line) return line;
  return handle->tcp.ended && !tcp_line_is_too_long(&handle->tcp) ? available : 0;
}

static size_t without_newline(const uint8_t *bytes, size_t size) {
  if (size && bytes[size - 1] == '\n') size--;
  if (size && bytes[size - 1] == '\r') size--;
  return size;
}

static Message *data_message(Handle *handle, size_t size) {
  const uint8_t *bytes = tcp_bytes(&handle->tcp);
  size_t shown = handle->delivery == DELIVER_LINES ? without_newline(bytes, size) : size;
  Message *message = message_new(&handle->home->messages, MESSAGE_EVENT, shown + WIRE_SCALAR_MAX);
  if (!message) return NULL;
  uint8_t *at = wire_put_string(message->bytes, (uint32_t)shown);
  memcpy(at, bytes, shown);
  message->size = (uint32_t)(at + shown - message->bytes);
  message->detail = EVENT_DATA;
  return message;
}

static Message *end_message(Handle *handle) {
  char too_long[80];
  const char *text = handle->tcp.error ? uv_strerror(handle->tcp.error) : NULL;
  if (handle->line_too_long) text = too_long, snprintf(too_long, sizeof too_long, "a line is longer than %zu bytes", handle->tcp.line_limit);
  size_t size = text ? strlen(text) : 0;
  Message *message = message_new(&handle->home->messages, MESSAGE_EVENT, size + WIRE_SCALAR_MAX);
  uint8_t *at = text ? wire_put_string(message->bytes, (uint32_t)size) : wire_put_nil(message->bytes);
  if (text) memcpy(at, text, size);
  message->size = (uint32_t)(at + size - message->bytes);
  message->detail = EVENT_ENDED;
  return message;
}

/* Puts the next event into the actor's inbox, if there is one and none is there already. */
static void queue_event(Handle *handle) {
  if (handle->delivery == DELIVER_NOTHING || handle->event_queued || handle->end_told) return;
  size_t size = event_size(handle);
  handle->line_too_long = !size && handle->delivery == DELIVER_LINES && tcp_line_is_too_long(&handle->tcp);
  bool over = handle->tcp.ended || handle->tcp.error || handle->line_too_long;
  if (!size && !over) {
    tcp_want_bytes(&handle->tcp);
    return;
  }
  Message *message = size ? data_message(handle, size) : end_message(handle);
  if (!message) return;
  if (size) tcp_take(&handle->tcp, size);
  else handle->end_told = true;
  message->number = handle->number;
  handle->event_queued = true;
  inbox_append(handle->actor, message);
  if (actor_is(handle->actor, ACTOR_WAITS_FOR_MAIL)) handle->actor->flags |= ACTOR_WAKE;
}

static void on_changed(Tcp *tcp) {
  Handle *handle = HANDLE_OF(tcp, tcp);
  if (!handle->actor) return;
  queue_event(handle);
  wake_actor(handle);
}

static void on_closed(Tcp *tcp) { free_handle(HANDLE_OF(tcp, tcp)); }

static const TcpEvents tcp_events = {on_changed, on_closed};

static void on_listener_changed(TcpListener *listener) {
  Handle *handle = HANDLE_OF(listener, listener);
  if (handle->actor) wake_actor(handle);
}

static void on_listener_closed(TcpListener *listener) { free_handle(HANDLE_OF(listener, listener)); }

static void on_file_done(File *file) {
  Handle *handle = HANDLE_OF(file, file);
  if (handle->actor) wake_actor(handle);
}

static void on_file_closed(File *file) { free_handle(HANDLE_OF(file, file)); }

static const FileEvents file_events = {on_file_done, on_file_closed};

static void on_child_changed(Child *child) {
  Handle *handle = HANDLE_OF(child, child);
  if (handle->actor) wake_actor(handle);
}

static void on_child_closed(Child *child) { free_handle(HANDLE_OF(child, child)); }

static const ChildEvents child_events = {on_child_changed, on_child_closed};

static void on_lookup_done(HostLookup *lookup) {
  Handle *handle = HANDLE_OF(lookup, lookup);
  if (handle->actor) wake_actor(handle);
}

static void on_lookup_closed(HostLookup *lookup) { free_handle(HANDLE_OF(lookup, lookup)); }

static const HostLookupEvents lookup_events = {on_lookup_done, on_lookup_closed};

const char *handles_event_selector(const Message *message) {
  return message->detail == EVENT_DATA ? "tcpSocket:data:" : "tcpSocketClosed:reason:";
}

void handles_event_begun(Scheduler *s, Actor *a, const Message *message) {
  Handle *handle = handle_find(s, a, message->number, HANDLE_SOCKET);
  if (!handle) return;
  handle->event_queued = false;
  queue_event(handle);
}

void handle_deliver(Handle *handle, HandleDelivery delivery) {
  handle->delivery = (uint8_t)delivery;
  queue_event(handle);
}

/* ---- making and closing ---------------------------------------------------------------------------------------------------------- */

static Handle *allocate(Scheduler *s, Actor *a, HandleKind kind, int *error) {
  actor_extra(a); /* where it will be known */
  Handle *handle = ensure_place(s) ? account_alloc(s->runtime->accounts, ACCOUNT_HANDLE, size_of_kind(kind)) : NULL;
  if (handle) handle->kind = (uint8_t)kind;
  else *error = UV_ENOMEM;
  return handle;
}

Handle *handle_new_socket(Scheduler *s, Actor *a, int fd, int *error) {
  Handle *handle = allocate(s, a, HANDLE_SOCKET, error);
  if (!handle) return close(fd), NULL;
  *error = tcp_open(&handle->tcp, &s->loop, &tcp_events, fd);
  enter(s, a, handle);
  if (!*error) return handle;
  handle_close(s, handle, true);
  return NULL;
}

Handle *handle_new_connection(Scheduler *s, Actor *a, const struct sockaddr *address, int *error) {
  Handle *handle = allocate(s, a, HANDLE_SOCKET, error);
  if (!handle) return NULL;
  enter(s, a, handle);
  *error = tcp_connect(&handle->tcp, &s->loop, &tcp_events, address);
  if (!*error) return handle;
  leave_actor(handle);
  return NULL;
}

Handle *handle_new_listener(Scheduler *s, Actor *a, const struct sockaddr *address, int backlog, int *error) {
  Handle *handle = allocate(s, a, HANDLE_LISTENER, error);
  if (!handle) return NULL;
  handle->listener.changed = on_listener_changed;
  handle->listener.closed = on_listener_closed;
  *error = tcp_listen(&handle->listener, &s->loop, address, backlog);
  if (*error) {
    account_free(s->runtime->accounts, ACCOUNT_HANDLE, handle, size_of_kind(handle->kind));
    return NULL;
  }
  enter(s, a, handle);
  return handle;
}

Handle *handle_new_file(Scheduler *s, Actor *a, int *error) {
  Handle *handle = allocate(s, a, HANDLE_FILE, error);
  if (!handle) return NULL;
  file_init(&handle->file, &s->loop, &file_events);
  enter(s, a, handle);
  return handle;
}

Handle *handle_new_pipe(Scheduler *s, Actor *a, int fd, int *error) {
  Handle *handle = handle_new_file(s, a, error);
  if (handle) file_adopt_pipe(&handle->file, fd);
  else close(fd);
  return handle;
}

Handle *handle_new_child(Scheduler *s, Actor *a, ChildCommand *command, int *error) {
  Handle *handle = allocate(s, a, HANDLE_CHILD, error);
  if (!handle) return child_command_delete(s->runtime->accounts, command), NULL;
  enter(s, a, handle);
  child_start(&handle->child, &s->loop, &child_events, command);
  return handle;
}

Handle *handle_new_lookup(Scheduler *s, Actor *a, const char *name, int *error) {
  Handle *handle = allocate(s, a, HANDLE_LOOKUP, error);
  if (!handle) return NULL;
  *error = host_lookup_start(&handle->lookup, &s->loop, &lookup_events, name);
  if (*error) return account_free(s->runtime->accounts, ACCOUNT_HANDLE, handle, size_of_kind(handle->kind)), NULL;
  enter(s, a, handle);
  return handle;
}

static void close_detached(Handle *handle, bool now) {
  switch ((HandleKind)handle->kind) {
  case HANDLE_SOCKET: tcp_close(&handle->tcp, now); break;
  case HANDLE_LISTENER: tcp_listener_close(&handle->listener); break;
  case HANDLE_FILE: file_close(&handle->file); break;
  case HANDLE_CHILD: child_close(&handle->child); break;
  case HANDLE_LOOKUP: host_lookup_close(&handle->lookup); break;
  }
}

void handle_close(Scheduler *s, Handle *handle, bool now) {
  (void)s;
  leave_actor(handle);
  close_detached(handle, now);
}

void handles_close_all(Scheduler *s, Actor *a) {
  while (a->extra && a->extra->handles) handle_close(s, a->extra->handles, false);
}

void handles_close_scheduler(Scheduler *s) {
  for (uint32_t i = 0; i < s->handle_capacity; i++)
    if (s->handles[i].handle && s->handles[i].handle->kind == HANDLE_SOCKET) tcp_close(&s->handles[i].handle->tcp, true);
  while (s->loop.handles) loop_poll(&s->loop);
  account_free(s->runtime->accounts, ACCOUNT_HANDLE, s->handles, s->handle_capacity * sizeof *s->handles);
}
