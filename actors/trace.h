/* SPDX-License-Identifier: MIT */
/* trace.h -- what actors do, as it happens: to a file for chrome://tracing or ui.perfetto.dev, and to actors that have asked for it.
 *
 * Nothing is done unless runtime->tracing is set: one test of a byte at each of these places.  The file is JSON in the trace event format:
 *
 *     process 1: schedulers, a thread each: slices named for the actor that ran
 *     process 2: actors, a thread each: slices named for what ran; sends, receives, spawns, ends; arrows from send to receive
 *
 * Times are those of the runtime's clock, so a run under a seed writes the same bytes each time. */
#ifndef ATOLL_TRACE_H
#define ATOLL_TRACE_H

#include <stdio.h>

#include "actor.h"

typedef enum TraceEvent { TRACE_SEND = 1, TRACE_RECEIVE = 2, TRACE_SPAWN = 4, TRACE_EXIT = 8, TRACE_CALL = 16, TRACE_CHILDREN = 32, TRACE_END = 64 } TraceEvent;

/* Bits of runtime->tracing. */
enum { TRACING_FILE = 1, TRACING_ACTORS = 2 };

typedef struct TraceFile TraceFile;

/* Times in it count from NOW_NS.  NULL: no memory.  OUT stays the caller's, until the end. */
TraceFile *trace_file_new(Accounts *accounts, FILE *out, uint64_t now_ns);
/* Writes the end. */
void trace_file_delete(TraceFile *file);

/* The hooks; call them only when runtime->tracing is set. */
void trace_send(Scheduler *s, uint64_t to, const Message *message);
void trace_receive(Scheduler *s, Actor *a, const Message *message);
void trace_spawn(Scheduler *s, Actor *parent, Actor *child, const Message *init);
void trace_exit(Scheduler *s, Actor *a, const Message *reason);
void trace_call(Scheduler *s, Actor *a); /* after a slice of one reduction */
bool trace_wants_calls(const Actor *a);
void trace_stop(Scheduler *s, Actor *a); /* nobody is told of A from now on: a last event says so */

/* Around a run of an actor; NAME (TRACE_NAME_SIZE) keeps what it does. */
enum { TRACE_NAME_SIZE = 160 };
void trace_run_begins(Scheduler *s, const Actor *a);
void trace_turn_begins(Scheduler *s, Actor *a); /* its frame is there */
void trace_run_ended(Scheduler *s);

#endif
