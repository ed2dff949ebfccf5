/* SPDX-License-Identifier: MIT */
/* heap_worker.h -- a thread that collects the old generations of actors, so that others on their schedulers need not wait meanwhile.
 *
 * Started when the first actor needs it. Under a seed there is none: machines collect where they run. */
#ifndef ATOLL_HEAP_WORKER_H
#define ATOLL_HEAP_WORKER_H

#include <pthread.h>

#include "actor.h"

typedef struct HeapWorker {
  Accounts *accounts;
  pthread_mutex_t lock;
  pthread_cond_t filled;
  Actor *first, *last; /* those that wait, linked by their `next` */
  ThreadContext *context; /* of the thread */
  pthread_t thread;
  bool started, failed, stopping;
} HeapWorker;

void heap_worker_init(HeapWorker *worker, Accounts *accounts);
/* Waits for the collection that is under way; those that wait are left as they are. */
void heap_worker_stop(HeapWorker *worker);
/* After heap_worker_stop, when no machine has a block of it any more. */
void heap_worker_destroy(HeapWorker *worker);

/* Hands over A, which the calling scheduler owns and is about to run; it comes back to that scheduler's queue.  False: there is no thread. */
bool heap_worker_take(HeapWorker *worker, Actor *a);

#endif
