/* SPDX-License-Identifier: MIT */
/* runtime.c -- starting and ending everything. */
#include "debug.h"
#include "runtime_internal.h"
#include "snapshots.h"

#include <stdio.h>
#include <assert.h>
#include <unistd.h>

static unsigned core_count(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

static void apply_options(Runtime *runtime, const RuntimeOptions *options) {
  runtime->options = *options;
  RuntimeOptions *o = &runtime->options;
  if (!o->schedulers) o->schedulers = core_count();
  if (o->schedulers > 64) o->schedulers = 64;
  if (!o->max_actors) o->max_actors = 16 * 1024 * 1024;
  if (o->max_actors >= 1u << ACTOR_INDEX_BITS) o->max_actors = (1u << ACTOR_INDEX_BITS) - 1;
  if (!o->heap_limit) o->heap_limit = (size_t)1 << 30;
  if (!o->slice) o->slice = 2000;
  if (!o->mailbox_limit) o->mailbox_limit = 16 * 1024 * 1024;
}

static bool init_schedulers(Runtime *runtime) {
  uint32_t wanted = runtime->options.schedulers;
  runtime->schedulers = account_alloc(runtime->accounts, ACCOUNT_SCHEDULER, wanted * sizeof *runtime->schedulers);
  if (!runtime->schedulers) return false;
  while (runtime->scheduler_count < wanted && scheduler_init(&runtime->schedulers[runtime->scheduler_count], runtime, runtime->scheduler_count))
    runtime->scheduler_count++;
  return runtime->scheduler_count > 0;
}

Runtime *runtime_new(const RuntimeOptions *options) {
  Accounts bootstrap = {0};
  Accounts *accounts = options->accounts ? options->accounts : &bootstrap;
  Runtime *runtime = account_alloc(accounts, ACCOUNT_SCHEDULER, sizeof *runtime);
  if (!runtime) return NULL;
  runtime->accounts = options->accounts ? options->accounts : &runtime->own_accounts;
  apply_options(runtime, options);
  if (options->host && options->host->seeded) runtime->options.schedulers = 1;
  loop_prepare_process();
  account_prepare_process();
  if (options->host) runtime->host = options->host;
  else host_init_system(runtime->host = &runtime->own_host, 0);
  if (options->trace && (runtime->trace = trace_file_new(runtime->accounts, options->trace, host_now(runtime->host)))) runtime->tracing = TRACING_FILE;
  message_depot_init(&runtime->messages, runtime->accounts);
  directory_init(&runtime->directory, runtime->accounts);
  groups_init(&runtime->groups, runtime->accounts);
  pressure_init(&runtime->pressure, runtime->accounts);
  endings_init(&runtime->endings);
  heap_worker_init(&runtime->heap_worker, runtime->accounts);
  pool_depot_init(&runtime->timers, runtime->accounts, ACCOUNT_TIMER, sizeof(Timer));
  if (actor_table_init(&runtime->table, runtime->accounts, runtime->options.max_actors) && init_schedulers(runtime)) {
    uint64_t all = runtime->scheduler_count == 64 ? UINT64_MAX : ((uint64_t)1 << runtime->scheduler_count) - 1;
    atomic_store(&runtime->idle, all & ~(uint64_t)1);
    return runtime;
  }
  runtime_delete(runtime);
  return NULL;
}

Machine *runtime_main_machine(Runtime *runtime, const SourceImage *source, bool (*next_may_gc)(void *context, Machine *m), void *context) {
  Scheduler *s = &runtime->schedulers[0];
  Actor *main = actor_new(s, source_image_retain(source), ACTOR_PLAIN | ACTOR_MAIN);
  if (!main) return source_image_release(source), NULL;
  if (!machine_init(&main->machine, s->context, source, main)) return NULL;
  main->flags |= ACTOR_STARTED;
  main->scheduler = s;
  main->machine.heap_limit = runtime->options.heap_limit;
  if (runtime->options.depth_limit_kb) main->machine.depth_limit_kb = runtime->options.depth_limit_kb;
  runtime->main = main;
  runtime->next_may_gc = next_may_gc;
  runtime->next_context = context;
  return &main->machine;
}

bool runtime_resume_main(Runtime *runtime, const SourceImage *source, const char *bytes, size_t size, char *error) {
  Scheduler *s = &runtime->schedulers[0];
  Actor *main = actor_new(s, source_image_retain(source), ACTOR_PLAIN | ACTOR_MAIN);
  if (!main) return source_image_release(source), snprintf(error, SNAPSHOT_MESSAGE_SIZE, "no memory"), false;
  main->scheduler = s;
  if (!snapshot_restore(s, main, bytes, size, error)) return false;
  main->flags |= ACTOR_STARTED | ACTOR_IN_TURN;
  runtime->main = main;
  return true;
}

int runtime_run(Runtime *runtime) {
  Scheduler *first = &runtime->schedulers[0];
  if (runtime->options.pin) pinning_begin(runtime), pin_thread(runtime, 0);
  for (uint32_t i = 1; debug_on(DEBUG_THREAD_STRESS) && !runtime->host->seeded && i < runtime->scheduler_count; i++) {
    atomic_fetch_and(&runtime->idle, ~((uint64_t)1 << i));
    if (!runtime_start_thread(runtime, &runtime->schedulers[i])) return 2;
  }
  if (runtime->main) scheduler_enqueue(first, runtime->main);
  scheduler_run(first);
  if (runtime->options.pin) pinning_end(runtime);
  return atomic_load(&runtime->exit_status);
}

static void *thread_main(void *scheduler) {
  const Scheduler *s = scheduler;
  if (s->runtime->options.pin) pin_thread(s->runtime, s->number);
  scheduler_run(scheduler);
  return NULL;
}

bool runtime_start_thread(Runtime *runtime, Scheduler *s) {
  (void)runtime;
  atomic_store(&s->started, true); /* before the thread can offer itself as idle */
  if (pthread_create(&s->thread, NULL, thread_main, s) == 0) return true;
  atomic_store(&s->started, false);
  return false;
}

void runtime_halt(Runtime *runtime, int status) {
  if (atomic_exchange(&runtime->stopping, true)) return;
  atomic_store(&runtime->exit_status, status);
  for (uint32_t i = 0; i < runtime->scheduler_count; i++) scheduler_wake(&runtime->schedulers[i]);
}

void runtime_interrupt(Runtime *runtime, int signal) {
  atomic_store(&runtime->interrupted, signal);
  scheduler_wake(&runtime->schedulers[0]);
}

void runtime_pin(Runtime *runtime, const SourceImage *source) {
  SourceImage *pinned = (SourceImage *)source;
  runtime->pinned = source;
  pinned->pinned = true;
}

/* Nobody uses it any more; its count stands where it stood when it was pinned. */
static void unpin(Runtime *runtime) {
  SourceImage *pinned = (SourceImage *)runtime->pinned;
  if (!pinned) return;
  pinned->pinned = false;
  atomic_store(&pinned->references, 1);
  source_image_release(pinned);
}

static void destroy_actors(Runtime *runtime) {
  Scheduler *s = &runtime->schedulers[0];
  for (uint64_t index = 0; index < runtime->table.used; index++) {
    Actor *a = actor_table_at(&runtime->table, index);
    if ((atomic_load(&a->mailbox.head) & MAILBOX_POINTER) != MAILBOX_DEAD) actor_destroy(s, a);
  }
}

void runtime_delete(Runtime *runtime) {
  Accounts *accounts = runtime->accounts;
  runtime_halt(runtime, 0);
  for (uint32_t i = 1; i < runtime->scheduler_count; i++)
    if (runtime->schedulers[i].started) pthread_join(runtime->schedulers[i].thread, NULL);
  heap_worker_stop(&runtime->heap_worker);
  if (runtime->scheduler_count) destroy_actors(runtime);
  heap_worker_destroy(&runtime->heap_worker);
  if (runtime->trace) trace_file_delete(runtime->trace);
  if (runtime->scheduler_count) endings_destroy(&runtime->endings, &runtime->schedulers[0].messages);
  for (uint32_t i = 0; i < runtime->scheduler_count; i++) scheduler_destroy(&runtime->schedulers[i]);
  unpin(runtime);
  for (unsigned i = 0; i < RUNTIME_MAX_IMAGES; i++) source_image_release(atomic_load(&runtime->images[i]));
  account_free(accounts, ACCOUNT_SCHEDULER, runtime->schedulers, runtime->options.schedulers * sizeof *runtime->schedulers);
  actor_table_destroy(&runtime->table);
  message_depot_destroy(&runtime->messages);
  directory_destroy(&runtime->directory);
  groups_destroy(&runtime->groups);
  pressure_destroy(&runtime->pressure);
  pool_depot_destroy(&runtime->timers);
  assert(runtime->options.accounts || account_total(accounts) == 0);
  Accounts last = {0};
  account_free(runtime->options.accounts ? accounts : &last, ACCOUNT_SCHEDULER, runtime, sizeof *runtime);
}

unsigned runtime_keep_image(Runtime *runtime, const SourceImage *image) {
  unsigned place = atomic_fetch_add(&runtime->image_count, 1);
  if (place >= RUNTIME_MAX_IMAGES) return atomic_fetch_sub(&runtime->image_count, 1), 0;
  atomic_store(&runtime->images[place], image);
  return place + 1;
}

const SourceImage *runtime_image(Runtime *runtime, Oop number) {
  if (!oop_is_small(number) || oop_to_small(number) < 1 || oop_to_small(number) > RUNTIME_MAX_IMAGES) return NULL;
  return atomic_load(&runtime->images[oop_to_small(number) - 1]);
}

Accounts *runtime_accounts(Runtime *runtime) { return runtime->accounts; }

Runtime *runtime_of_machine(const Machine *m) {
  Actor *a = actor_of_machine(m);
  return a ? a->scheduler->runtime : NULL;
}

uint64_t runtime_schedule_hash(const Runtime *runtime) { return runtime->schedule_hash; }

uint64_t runtime_actor_count(const Runtime *runtime) {
  uint64_t spawned = 0, ended = 0;
  for (uint32_t i = 0; i < runtime->scheduler_count; i++) {
    spawned += atomic_load_explicit(&runtime->schedulers[i].spawned, memory_order_relaxed);
    ended += atomic_load_explicit(&runtime->schedulers[i].ended, memory_order_relaxed);
  }
  return spawned - ended;
}
