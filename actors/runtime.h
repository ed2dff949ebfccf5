/* SPDX-License-Identifier: MIT */
/* runtime.h -- all actors and schedulers of one program run.
 *
 *   Runtime *r = runtime_new(&options);
 *   Machine *m = runtime_main_machine(r, source, next, context);   a plain actor; next pushes its frames
 *   int status = runtime_run(r);                        the calling thread is scheduler 0
 *   runtime_delete(r);                                  kills what is left; afterwards every account is zero
 *
 * A process may have several runtimes. */
#ifndef ATOLL_RUNTIME_H
#define ATOLL_RUNTIME_H

#include <stdbool.h>
#include <stdio.h>

#include "account.h"
#include "host.h"
#include "machine.h"

typedef struct Runtime Runtime;

typedef struct RuntimeOptions {
  unsigned schedulers;  /* 0: one per core */
  bool pin;             /* each scheduler's thread to a core of its own, as far as there are any */
  uint32_t max_actors;  /* 0: 16 million */
  size_t heap_limit;    /* bytes per actor; 0: 1 GiB */
  uint32_t depth_limit_kb; /* stack per actor; 0: the machine's default */
  int32_t slice;        /* reductions; 0: 2000 */
  uint64_t stop_after;  /* slices of each scheduler until everything is stopped, wherever it is: for tests; 0: never */
  uint32_t mailbox_limit; /* messages that may wait for an actor before it is ended; 0: 16 million */
  Host *host;           /* NULL: the system's clock and chance.  A seeded one: one scheduler, and everything follows from the seed (seeded.h) */
  struct Terminal *terminal; /* where a person types at the main actor (terminal.h); NULL: nobody does */
  FILE *trace;          /* what happens is written there (trace.h); NULL: nowhere */
  Accounts *accounts;   /* NULL: own ones */
  /* The S for a child of M: M's S and what M has defined since.  Retained for the caller.  NULL: M's own S. */
  const SourceImage *(*freeze_for_spawn_may_gc)(Machine *m);
} RuntimeOptions;

/* NULL: no memory, or no event loop. */
Runtime *runtime_new(const RuntimeOptions *options);

/* The main actor, which stands on SOURCE (retained here).  NEXT is called on the main thread at first and each time its bottom frame
 * has returned (its answer is in roots[ROOT_RESULT]); it pushes the next frame and answers true, or answers false: the program is over. */
Machine *runtime_main_machine(Runtime *runtime, const SourceImage *source, bool (*next_may_gc)(void *context, Machine *m), void *context);

/* The main actor from the bytes of a snapshot that was written by `Actor snapshot:` on the same SOURCE. False: ERROR (320 bytes). */
bool runtime_resume_main(Runtime *runtime, const SourceImage *source, const char *bytes, size_t size, char *error);

/* Runs until main is over or somebody halts.  Answers the exit status. */
int runtime_run(Runtime *runtime);

/* Stops the schedulers, kills every actor and frees everything.  Asserts that nothing is left in the runtime's own accounts. */
void runtime_delete(Runtime *runtime);

Accounts *runtime_accounts(Runtime *runtime);

/* From a primitive: the runtime of this machine, and ending the program. */
Runtime *runtime_of_machine(const Machine *m);
void runtime_halt(Runtime *runtime, int status);

/* The process was told to stop by that signal: ProgramTerminated is signaled in the running statement of the main program.  From a signal handler, or any
 * thread. */
void runtime_interrupt(Runtime *runtime, int signal);

/* Under a seed: the same for two runs that ran the same actors in the same order for as long. */
uint64_t runtime_schedule_hash(const Runtime *runtime);

/* The exit status of a run under a seed in which everybody waits for somebody else. */
enum { RUNTIME_DEADLOCK_STATUS = 3 };

/* Actors alive now; roughly, while schedulers run. */
uint64_t runtime_actor_count(const Runtime *runtime);

#endif
