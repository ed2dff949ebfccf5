/* SPDX-License-Identifier: MIT */
/* heap_worker.c -- see heap_worker.h. */
#include "heap_worker.h"

#include "runtime_internal.h"
#include "thread_context.h"

void heap_worker_init(HeapWorker *worker, Accounts *accounts) {
  *worker = (HeapWorker){.accounts = accounts};
  pthread_mutex_init(&worker->lock, NULL);
  pthread_cond_init(&worker->filled, NULL);
}

static Actor *wait_for_one(HeapWorker *worker) {
  pthread_mutex_lock(&worker->lock);
  while (!worker->first && !worker->stopping) pthread_cond_wait(&worker->filled, &worker->lock);
  Actor *a = worker->stopping ? NULL : worker->first;
  if (a) worker->first = a->next;
  pthread_mutex_unlock(&worker->lock);
  return a;
}

static void *work(void *context) {
  HeapWorker *worker = context;
  ask_for_short_slices(); /* it shall not keep a core from a scheduler that wakes */
  for (Actor *a; (a = wait_for_one(worker));) {
    a->machine.thread = worker->context;
    a->machine.defers_major = 0;
    machine_collect_all_may_gc(&a->machine);
    a->machine.major_due = 0;
    scheduler_give_back(a->scheduler, a);
  }
  return NULL;
}

/* The first time; if it does not work there is no second. */
static bool start(HeapWorker *worker) {
  worker->context = thread_context_new(worker->accounts);
  worker->started = worker->context && pthread_create(&worker->thread, NULL, work, worker) == 0;
  worker->failed = !worker->started;
  return worker->started;
}

bool heap_worker_take(HeapWorker *worker, Actor *a) {
  pthread_mutex_lock(&worker->lock);
  bool taken = !worker->stopping && !worker->failed && (worker->started || start(worker));
  if (taken) {
    a->next = NULL;
    if (worker->first) worker->last->next = a;
    else worker->first = a;
    worker->last = a;
    pthread_cond_signal(&worker->filled);
  }
  pthread_mutex_unlock(&worker->lock);
  return taken;
}

void heap_worker_stop(HeapWorker *worker) {
  pthread_mutex_lock(&worker->lock);
  worker->stopping = true;
  pthread_cond_signal(&worker->filled);
  pthread_mutex_unlock(&worker->lock);
  if (worker->started) pthread_join(worker->thread, NULL);
}

void heap_worker_destroy(HeapWorker *worker) {
  thread_context_delete(worker->context);
  pthread_cond_destroy(&worker->filled);
  pthread_mutex_destroy(&worker->lock);
}
