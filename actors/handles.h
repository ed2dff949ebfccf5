/* SPDX-License-Identifier: MIT */
/* handles.h -- sockets, listeners, files and child processes that an actor holds.
 *
 * A handle belongs to the loop of one scheduler and to one actor, which is pinned to that scheduler as long as it has handles.  So callbacks
 * of the loop may touch both.  In Smalltalk a handle is a number, valid only in the actor that holds it:
 *
 *   number = serial << HANDLE_SLOT_BITS | place in the scheduler's table
 *
 * When the actor ends or closes it, the handle leaves the actor at once and is freed when its loop says that it is closed. */
#ifndef ATOLL_HANDLES_H
#define ATOLL_HANDLES_H

#include "actor.h"
#include "child.h"
#include "file.h"
#include "host_lookup.h"
#include "tcp.h"

enum { HANDLE_SLOT_BITS = 24 };

typedef enum HandleKind { HANDLE_SOCKET, HANDLE_LISTENER, HANDLE_FILE, HANDLE_CHILD, HANDLE_LOOKUP } HandleKind;
/* What arrives at a behaviour by itself, as turns. */
typedef enum HandleDelivery { DELIVER_NOTHING, DELIVER_CHUNKS, DELIVER_LINES } HandleDelivery;

struct Handle {
  Handle *next; /* of the same actor */
  Actor *actor; /* NULL: on its way out */
  Scheduler *home;
  uint64_t number;
  uint8_t kind, delivery;
  bool event_queued; /* in the actor's inbox: no other until its turn has begun */
  bool end_told;
  bool line_too_long; /* nothing more is delivered but that */
  union { /* last: a handle takes only the room of its kind */
    Tcp tcp;
    TcpListener listener;
    File file;
    Child child;
    HostLookup lookup;
  };
};

/* NULL: no memory, error is set to a libuv error. */
Handle *handle_new_socket(Scheduler *s, Actor *a, int fd, int *error);
Handle *handle_new_connection(Scheduler *s, Actor *a, const struct sockaddr *address, int *error);
Handle *handle_new_listener(Scheduler *s, Actor *a, const struct sockaddr *address, int backlog, int *error);
/* For one operation, or for a file that is to be opened. */
Handle *handle_new_file(Scheduler *s, Actor *a, int *error);
/* One end of a pipe: FD is taken even on failure. */
Handle *handle_new_pipe(Scheduler *s, Actor *a, int fd, int *error);
/* COMMAND is taken even on failure. */
Handle *handle_new_child(Scheduler *s, Actor *a, ChildCommand *command, int *error);
/* For the addresses of the host with that name. */
Handle *handle_new_lookup(Scheduler *s, Actor *a, const char *name, int *error);
/* The handle with that number, if A holds it and it is of that kind. */
Handle *handle_find(Scheduler *s, const Actor *a, uint64_t number, HandleKind kind);
void handle_close(Scheduler *s, Handle *handle, bool now);

/* Data arrive as turns from now on. */
void handle_deliver(Handle *handle, HandleDelivery delivery);

/* The actor ends: all its handles are closed. */
void handles_close_all(Scheduler *s, Actor *a);
/* The scheduler goes: whatever is still on its way out is closed at once. */
void handles_close_scheduler(Scheduler *s);

/* An EVENT message: details, what a behaviour is sent for it, and that its turn has begun. */
enum { EVENT_DATA = 1, EVENT_ENDED = 2 };
const char *handles_event_selector(const Message *message);
void handles_event_begun(Scheduler *s, Actor *a, const Message *message);

#endif
