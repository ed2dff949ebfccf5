/* SPDX-License-Identifier: MIT */
/* runtime_internal.h -- what the files of this folder share about the runtime. */
#ifndef ATOLL_RUNTIME_INTERNAL_H
#define ATOLL_RUNTIME_INTERNAL_H

#include "actor_table.h"
#include "directory.h"
#include "endings.h"
#include "groups.h"
#include "heap_worker.h"
#include "pressure.h"
#include "runtime.h"
#include "scheduler.h"
#include "trace.h"

enum { RUNTIME_MAX_IMAGES = 256 };

struct Runtime {
  /* immutable while schedulers run */
  Accounts *accounts, own_accounts;
  Host *host, own_host;
  RuntimeOptions options;
  _Alignas(8) uint8_t cores[128]; /* a cpu_set_t: those that the process may use, when threads are pinned (pinning.c) */
  uint32_t scheduler_count;
  Scheduler *schedulers;
  Actor *main;
  const SourceImage *pinned; /* the S that the program's definitions were frozen into, before any other thread ran */
  bool (*next_may_gc)(void *context, Machine *m);
  void *next_context;

  /* any thread (atomic) */
  _Atomic uint64_t idle;   /* bit per scheduler that sleeps, or whose thread has not been started yet */
  _Atomic bool stopping;
  _Atomic int exit_status;
  _Atomic int interrupted; /* the signal that told the process to stop; 0: none */
  bool main_knows, main_was_told; /* of that; thread of the first scheduler */

  uint64_t schedule_hash; /* under a seed */

  const SourceImage *_Atomic images[RUNTIME_MAX_IMAGES]; /* loaded by the program; released with the runtime */
  _Atomic unsigned image_count;

  TraceFile *trace;          /* NULL: none; immutable */
  _Atomic uint8_t tracing;   /* TRACING_... (trace.h): anything at all */
  ActorTable table;
  Directory directory;
  Groups groups;
  PressureList pressure;
  Endings endings;
  HeapWorker heap_worker;
  MessageDepot messages;
  PoolDepot timers;
};

/* Actors and messages on SOURCE need not be counted from now on; the runtime keeps it until it goes. */
void runtime_pin(Runtime *runtime, const SourceImage *source);

/* What ActorInfo is made of, about the running actor; 0: no memory. */
Oop inspection_own_may_gc(Actor *a);

static inline bool runtime_is_tracing(Runtime *runtime) { return __builtin_expect(atomic_load_explicit(&runtime->tracing, memory_order_relaxed), 0); }

/* What the actor that the caller owns is in: "Class>>selector" (inspection.c). */
void actor_current_method(const Actor *a, char *out, size_t room);

/* pinning.c: the main thread asks which cores there are; a thread binds itself to the NUMBER-th of them; the main thread lets go. */
void pinning_begin(Runtime *runtime);
void pin_thread(const Runtime *runtime, unsigned number);
void pinning_end(const Runtime *runtime);
/* The calling thread wants short turns on its core, so that it gets one soon when it wakes while others keep the cores busy.  How much it gets in all stays
 * the same, and threads and processes that it starts are ordinary ones. */
void ask_for_short_slices(void);

/* Starts the thread of a scheduler that has none yet; the caller has claimed its idle bit. */
bool runtime_start_thread(Runtime *runtime, Scheduler *s);

/* Keeps an image (takes the reference) until the runtime ends.  Answers its number, from 1; 0: there are too many. */
unsigned runtime_keep_image(Runtime *runtime, const SourceImage *image);
/* The image with that number (a SmallInteger), or NULL. */
const SourceImage *runtime_image(Runtime *runtime, Oop number);

#endif
