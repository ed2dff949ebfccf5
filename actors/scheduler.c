/* SPDX-License-Identifier: MIT */
/* scheduler.c -- choosing what runs next.  Start at scheduler_run. */
#include "scheduler.h"

#include <sched.h>

#include "debug.h"
#include "handles.h"
#include "runtime_internal.h"
#include "seeded.h"
#include "thread_context.h"
#include "trace.h"

enum {
  ACTORS_PER_POLL = 64,     /* run between two looks at clock and loop */
  SLICE_POLL_COST = 16,     /* one that used up its slice counts as so many */
  FRESH_SHARE_SLICES = 8,   /* fresh actors may use that many slices before a spent one gets its turn */
  HIGH_SHARE = 16, LOW_SHARE = 32,
  SIBLINGS = 64,            /* children of one run that may go before others */
  FRESH_AT_ONCE = 8, BORN_AT_ONCE = 1024,
  SURPLUS = 24, SURPLUS_MAX = 1 << 20, /* at first, and at most: Scheduler.surplus */
  WORTH_WAKING_NS = 80000, /* who is woken for less work would better have slept */
  SURPLUS_AGAIN_NS = 50000000, /* after so long it is tried with SURPLUS once more */
  ROOM_RETRY_NS = 1000000,
  FETCHED_MAX = 320, /* bytes of the next actor's block */
  PACK_AFTER_NS = 5000000, PACK_PATIENT_NS = 100000000
};

bool scheduler_init(Scheduler *s, Runtime *runtime, uint32_t number) {
  s->runtime = runtime;
  s->number = number;
  s->context = thread_context_new(runtime->accounts);
  if (!s->context) return false;
  if (loop_init(&s->loop, runtime->accounts)) return thread_context_delete(s->context), false;
  message_pool_init(&s->messages, &runtime->messages, runtime->accounts);
  pool_init(&s->timers, &runtime->timers);
  encoder_init(&s->encoder, runtime->accounts);
  decoder_init(&s->decoder, runtime->accounts);
  s->decoder.find_promise = promise_find;
  s->encoder.count_of_promise = export_count;
  s->now = host_now(runtime->host);
  atomic_init(&s->surplus, SURPLUS);
  timer_wheel_init(&s->wheel, s->now);
  s->slice = runtime->options.slice;
  s->seeded = runtime->host->seeded;
  s->fresh_share = FRESH_SHARE_SLICES * runtime->options.slice;
  return true;
}

static Timer *timer_of(TimerNode *node) { return (Timer *)((char *)node - offsetof(Timer, node)); }

/* Timers that nobody stopped: delayed messages. */
static void drop_timers(Scheduler *s) {
  TimerNode *node;
  while ((node = timer_wheel_take_due(&s->wheel, UINT64_MAX / 2, NULL))) {
    scheduler_free_timer(s, timer_of(node));
  }
}

static void free_cancelled_timers(Scheduler *s) {
  Timer *timer = atomic_exchange_explicit(&s->cancelled, NULL, memory_order_acquire);
  for (Timer *next; timer; timer = next) {
    next = timer->next_cancelled;
    timer_wheel_stop(&s->wheel, &timer->node);
    scheduler_free_timer(s, timer);
  }
}

void scheduler_destroy(Scheduler *s) {
  free_cancelled_timers(s);
  drop_timers(s);
  handles_close_scheduler(s);
  account_free(s->runtime->accounts, ACCOUNT_OTHER, s->root_handles, s->root_handle_capacity * sizeof *s->root_handles);
  account_free(s->runtime->accounts, ACCOUNT_OTHER, s->patient, s->patient_capacity * sizeof *s->patient);
  loop_destroy(&s->loop);
  encoder_destroy(&s->encoder);
  decoder_destroy(&s->decoder);
  thread_context_delete(s->context);
}

uint64_t scheduler_now(Scheduler *s) { return s->now = host_now(s->runtime->host); }

static void fetch(const void *start, size_t size) {
  for (size_t at = 0; at < size; at += 64) __builtin_prefetch((const char *)start + at, 1);
  __asm__ volatile("" ::: "memory"); /* gcc takes a function that only prefetches for one that does nothing, and drops its calls */
}

/* ---- queues ------------------------------------------------------------------------------------------------------------------- */

static void queue_put(ActorQueue *queue, Actor *a) {
  a->next = NULL;
  if (queue->last) queue->last->next = a;
  else queue->first = a;
  queue->last = a;
  queue->count++;
}

static Actor *queue_take(ActorQueue *queue) {
  Actor *a = queue->first;
  if (!a) return NULL;
  queue->first = a->next;
  if (!queue->first) queue->last = NULL;
  queue->count--;
  return a;
}

/* All of FROM, behind or in front of those in QUEUE. */
static void queue_append(ActorQueue *queue, ActorQueue *from) {
  if (!from->first) return;
  if (queue->last) queue->last->next = from->first;
  else queue->first = from->first;
  queue->last = from->last;
  queue->count += from->count;
  *from = (ActorQueue){0};
}
static void queue_prepend(ActorQueue *queue, ActorQueue *from) {
  queue_append(from, queue);
  *queue = *from;
  *from = (ActorQueue){0};
}

static ActorQueue *queue_for(Scheduler *s, const Actor *a, bool slice_used_up) {
  if (a->priority == PRIORITY_HIGH) return &s->high;
  if (a->priority == PRIORITY_LOW) return &s->low;
  return slice_used_up ? &s->spent : &s->fresh;
}

/* From any thread that owns the actors FIRST .. LAST, linked by next. */
static void push_inbound(Scheduler *to, Actor *first, Actor *last) {
  Actor *head = atomic_load_explicit(&to->inbound, memory_order_relaxed);
  do last->next = head;
  while (!atomic_compare_exchange_weak_explicit(&to->inbound, &head, first, memory_order_release, memory_order_relaxed));
}

void scheduler_give_back(Scheduler *s, Actor *a) {
  push_inbound(s, a, a);
  scheduler_wake(s);
}

static bool stress_chance(Scheduler *s, uint64_t one_in) { return debug_on(DEBUG_THREAD_STRESS) && !s->seeded && host_choose(s->runtime->host, one_in) == 0; }

/* Debug switch thread_stress: where A is to go that could run on S. */
static Scheduler *stress_home(Scheduler *s, const Actor *a) {
  Runtime *runtime = s->runtime;
  return a->pinned || !stress_chance(s, 3) ? s : &runtime->schedulers[host_choose(runtime->host, runtime->scheduler_count)];
}

void scheduler_enqueue(Scheduler *s, Actor *a) {
  Scheduler *home = a->pinned ? a->scheduler : stress_home(s, a);
  if (home != s) return scheduler_give_back(home, a);
  queue_put(queue_for(s, a, false), a);
}

void scheduler_enqueue_child(Scheduler *s, Actor *a) {
  if (s->seeded || a->priority != PRIORITY_NORMAL || a->pinned || stress_chance(s, 2)) scheduler_enqueue(s, a);
  else queue_put(&s->children, a);
}

/* The actor that made them has had its run. */
static void place_children(Scheduler *s) {
  if (s->children.count > SIBLINGS) queue_append(&s->fresh, &s->children);
  else queue_prepend(&s->born, &s->children);
}

void scheduler_requeue(Scheduler *s, Actor *a, bool slice_used_up) {
  if (stress_chance(s, 2)) return scheduler_enqueue(s, a);
  queue_put(queue_for(s, a, slice_used_up), a);
  if (!slice_used_up) return;
  s->until_poll -= SLICE_POLL_COST;
  s->slice_used_up = true;
}

static void take_inbound(Scheduler *s) {
  if (!atomic_load_explicit(&s->inbound, memory_order_relaxed)) return;
  Actor *newest = atomic_exchange_explicit(&s->inbound, NULL, memory_order_acquire), *oldest = NULL;
  while (newest) {
    Actor *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest) {
    Actor *next = oldest->next;
    queue_put(queue_for(s, oldest, false), oldest);
    oldest = next;
  }
}

/* Woken ones before newborn ones, so that a tree of actors is finished where it has been begun; but one newborn after FRESH_AT_ONCE others.  The oldest newborn ones, at
 * the end of their queue, would wait as long as new ones come: after BORN_AT_ONCE others they get the share of spent ones. */
static Actor *next_fresh(Scheduler *s) {
  if (s->born_taken == BORN_AT_ONCE) queue_append(&s->spent, &s->born);
  if (!s->born.first) s->born_taken = 0;
  bool born = s->born.first && (!s->fresh.first || s->born_waited >= FRESH_AT_ONCE);
  s->born_waited = born ? 0 : s->born_waited + 1;
  s->born_taken += born;
  return queue_take(born ? &s->born : &s->fresh);
}

static Actor *next_normal(Scheduler *s) {
  if (s->spent.first && (s->fresh_share <= 0 || !scheduler_fresh(s))) {
    s->fresh_share = FRESH_SHARE_SLICES * s->runtime->options.slice;
    return queue_take(&s->spent);
  }
  return next_fresh(s);
}

/* High before normal before low, but nobody starves: one of the others after HIGH_SHARE high ones, one low after LOW_SHARE others. */
Actor *scheduler_take(Scheduler *s) {
  bool normal = scheduler_fresh(s) || s->spent.first;
  if (!s->high.first && !s->low.first) return next_normal(s);
  if (s->low.first && ((!normal && !s->high.first) || s->low_waited >= LOW_SHARE)) return s->low_waited = 0, queue_take(&s->low);
  s->low_waited++;
  if (s->high.first && (!normal || s->high_taken < HIGH_SHARE)) return s->high_taken++, queue_take(&s->high);
  s->high_taken = 0;
  return next_normal(s);
}

/* ---- sharing work ---------------------------------------------------------------------------------------------------------------- */

void scheduler_wake(Scheduler *s) {
  if (atomic_load(&s->asleep) && atomic_exchange(&s->asleep, 0)) loop_wake(&s->loop);
}

/* Moves up to COUNT actors that may travel from QUEUE to TO. */
static uint32_t hand_over(ActorQueue *queue, Scheduler *to, uint32_t count) {
  Actor *first = NULL, *last = NULL;
  uint32_t moved = 0;
  for (uint32_t left = queue->count; left && moved < count; left--) {
    Actor *a = queue_take(queue);
    if (a->pinned) {
      queue_put(queue, a);
      continue;
    }
    a->next = first;
    first = a;
    if (!last) last = a;
    moved++;
  }
  if (first) push_inbound(to, first, last);
  return moved;
}

/* Claims an idle scheduler, chosen by chance. */
static Scheduler *claim_idle(Runtime *runtime) {
  uint64_t idle = atomic_load_explicit(&runtime->idle, memory_order_relaxed);
  while (idle) {
    uint64_t skip = host_choose(runtime->host, (uint64_t)__builtin_popcountll(idle)), mask = idle;
    while (skip--) mask &= mask - 1;
    unsigned number = (unsigned)__builtin_ctzll(mask);
    uint64_t bit = (uint64_t)1 << number;
    if (atomic_fetch_and(&runtime->idle, ~bit) & bit) return &runtime->schedulers[number];
    idle = atomic_load_explicit(&runtime->idle, memory_order_relaxed);
  }
  return NULL;
}

static bool has_fresh_surplus(const Scheduler *s) {
  if (scheduler_fresh(s) < SURPLUS) return false;
  return scheduler_fresh(s) >= atomic_load_explicit(&s->surplus, memory_order_relaxed) || s->now - s->shared_at > SURPLUS_AGAIN_NS;
}

static bool has_surplus(const Scheduler *s) {
  return has_fresh_surplus(s) || s->spent.count > 1 || (s->spent.count && scheduler_fresh(s)) || s->high.count > 1 || s->low.count > 1 ||
         (s->low.count && (scheduler_fresh(s) || s->spent.count));
}

/* The thread of TO cannot be started; it stays claimed, so nobody tries again. */
static void take_back(Scheduler *s, Scheduler *to) {
  for (Actor *a = atomic_exchange(&to->inbound, NULL), *next; a; a = next) {
    next = a->next;
    queue_put(&s->fresh, a);
  }
}

static void share_work(Scheduler *s) {
  Runtime *runtime = s->runtime;
  if (!atomic_load_explicit(&runtime->idle, memory_order_relaxed) || !has_surplus(s)) return;
  Scheduler *to = claim_idle(runtime);
  if (!to) return;
  atomic_store_explicit(&to->giver, s, memory_order_relaxed);
  uint32_t moved = hand_over(&s->spent, to, (s->spent.count + 1) / 2);
  moved += hand_over(&s->high, to, s->high.count / 2);
  moved += hand_over(&s->low, to, s->low.count > 1 ? s->low.count / 2 : s->low.count && (scheduler_fresh(s) || s->spent.count));
  if (has_fresh_surplus(s)) {
    queue_append(&s->fresh, &s->born);
    moved += hand_over(&s->fresh, to, s->fresh.count / 2);
  }
  s->shared_at = s->now;
  if (!moved) {
    atomic_store_explicit(&to->giver, NULL, memory_order_relaxed);
    atomic_fetch_or(&runtime->idle, (uint64_t)1 << to->number);
    return;
  }
  if (to->number == 0 || atomic_load(&to->started)) scheduler_wake(to);
  else if (!runtime_start_thread(runtime, to)) take_back(s, to);
}

/* ---- timers ------------------------------------------------------------------------------------------------------------------------ */

Timer *scheduler_start_timer(Scheduler *s, uint64_t target, Message *delivery, uint64_t deadline_ns) {
  Timer *timer;
  for (unsigned n = 0; !(timer = pool_take(&s->timers)); n++) account_wait_for_memory(n, "a timer");
  memset(timer, 0, sizeof *timer);
  timer->message.kind = MESSAGE_TIMER;
  timer->target = target;
  timer->delivery = delivery;
  timer->home = s;
  timer_wheel_start(&s->wheel, &timer->node, deadline_ns);
  return timer;
}

void scheduler_free_timer(Scheduler *s, Timer *timer) {
  if (timer->delivery) message_free(&s->messages, timer->delivery);
  pool_give(&s->timers, timer);
}

bool scheduler_cancel_timer(Scheduler *s, Timer *timer) {
  uint8_t armed = TIMER_ARMED;
  if (!atomic_compare_exchange_strong(&timer->state, &armed, TIMER_CANCELLED)) return false;
  if (timer->home == s) {
    timer_wheel_stop(&s->wheel, &timer->node);
    scheduler_free_timer(s, timer);
    return true;
  }
  Scheduler *home = timer->home;
  Timer *head = atomic_load_explicit(&home->cancelled, memory_order_relaxed);
  do timer->next_cancelled = head;
  while (!atomic_compare_exchange_weak_explicit(&home->cancelled, &head, timer, memory_order_release, memory_order_relaxed));
  return true;
}

static void fire(Scheduler *s, Timer *timer) {
  uint8_t armed = TIMER_ARMED;
  if (!atomic_compare_exchange_strong(&timer->state, &armed, TIMER_FIRED)) {
    /* cancelled from another thread: it is in our list and out of the wheel; put it where that list expects it */
    timer_wheel_start(&s->wheel, &timer->node, s->now + (uint64_t)1000000000 * 60);
    return;
  }
  Message *delivery = timer->delivery;
  if (!delivery) {
    if (!actor_try_deliver(s, timer->target, &timer->message)) scheduler_free_timer(s, timer);
    return;
  }
  uint64_t target = timer->target;
  if (!pressure_try_charge(s, target, delivery)) {
    atomic_store(&timer->state, TIMER_ARMED);
    timer_wheel_start(&s->wheel, &timer->node, s->now + ROOM_RETRY_NS);
    return;
  }
  timer->delivery = NULL;
  scheduler_free_timer(s, timer);
  actor_deliver(s, target, delivery);
}

/* Timers end in an order that has nothing to do with that of their actors in memory: while one is fired, others and the record of an actor that will be woken soon are fetched. */
static void fetch_due(Scheduler *s, const TimerNode *node, const TimerNode *next) {
  if (node->ahead) fetch(timer_of(node->ahead), sizeof(Timer));
  if (!next || !next->next) return;
  const Actor *target = actor_table_at(&s->runtime->table, timer_of(next->next)->target);
  if (target) fetch(target, sizeof *target);
}

static void fire_due(Scheduler *s) {
  TimerNode *node, *next;
  if (atomic_load_explicit(&s->cancelled, memory_order_relaxed)) free_cancelled_timers(s);
  if (!s->wheel.count) return;
  scheduler_now(s);
  while ((node = timer_wheel_take_due(&s->wheel, s->now, &next))) {
    fetch_due(s, node, next);
    fire(s, timer_of(node));
  }
}

/* ---- packing: heaps of actors that have been idle for a while --------------------------------------------------------------------
 *
 * An actor that rests for the first time stands in pack_ring for 5 ms, or until that is full: so of many actors that were started and wait, only as many keep
 * a block of the initial size as the ring has places, and the next ones get the memory of those that were packed.  Later it stands in `patient`: it
 * does work, and packing it each time it rests would cost more than it gives.  There it is packed when it has done nothing for 100 ms. */

static void note(Scheduler *s, PackEntry *entry, Actor *a) {
  entry->id = actor_id(a);
  entry->since = s->now;
  entry->reductions = a->reductions;
  entry->block = a->machine.stack;
  a->on_pack_list = true;
}

/* Takes the actor of ENTRY off the list if it is idle.  *TAKEN: the caller packs it and gives it back with let_rest; NULL: another scheduler's loop may touch it, so
 * it has been sent there, to be looked at when it rests. */
static bool try_take_idle(Scheduler *s, const PackEntry *entry, Actor **taken) {
  Actor *a = actor_table_at(&s->runtime->table, entry->id);
  if (!a || !mailbox_try_wake(&a->mailbox, actor_tag(entry->id))) return false;
  a->on_pack_list = false;
  *taken = a->pinned && a->scheduler != s ? NULL : a;
  if (*taken) a->scheduler = s;
  else scheduler_enqueue(s, a);
  return true;
}

static void let_rest(Scheduler *s, Actor *a) {
  if (!mailbox_try_rest(&a->mailbox, actor_tag(actor_id(a)))) scheduler_enqueue(s, a);
}

static bool patient_has_room(Scheduler *s) {
  if (s->patient_count < s->patient_capacity) return true;
  uint32_t capacity = s->patient_capacity ? s->patient_capacity * 2 : PACK_RING;
  PackEntry *larger = account_alloc_dirty(s->runtime->accounts, ACCOUNT_OTHER, capacity * sizeof *larger);
  if (!larger) return false;
  for (uint32_t i = 0; i < s->patient_count; i++) larger[i] = s->patient[(s->patient_first + i) & (s->patient_capacity - 1)];
  account_free(s->runtime->accounts, ACCOUNT_OTHER, s->patient, s->patient_capacity * sizeof *s->patient);
  s->patient = larger;
  s->patient_first = 0;
  s->patient_capacity = capacity;
  return true;
}

static PackEntry *patient_put(Scheduler *s) { return &s->patient[(s->patient_first + s->patient_count++) & (s->patient_capacity - 1)]; }

static PackEntry patient_take(Scheduler *s) {
  PackEntry entry = s->patient[s->patient_first];
  s->patient_first = (s->patient_first + 1) & (s->patient_capacity - 1);
  s->patient_count--;
  return entry;
}

/* What is packed was last touched long ago: records and blocks are fetched while others are packed. */
static void fetch_ring(const Scheduler *s) {
  if (s->pack_count <= 8) return;
  const Actor *far = actor_table_at(&s->runtime->table, s->pack_ring[(s->pack_first + 8) % PACK_RING].id);
  if (far) fetch(far, sizeof *far);
  fetch(s->pack_ring[(s->pack_first + 4) % PACK_RING].block, FETCHED_MAX);
}

static void pack_first(Scheduler *s) {
  fetch_ring(s);
  PackEntry entry = s->pack_ring[s->pack_first];
  s->pack_first = (s->pack_first + 1) % PACK_RING;
  s->pack_count--;
  Actor *a;
  if (try_take_idle(s, &entry, &a)) {
    if (!a) return;
    circles_look(s, a);
    actor_pack(s, a);
    let_rest(s, a);
  } else if (actor_table_lives(&s->runtime->table, entry.id) && patient_has_room(s)) { /* it works; its flag says that it is on a list */
    entry.since = s->now;
    *patient_put(s) = entry;
  }
}

static void pack_first_patient(Scheduler *s) {
  PackEntry entry = patient_take(s);
  Actor *a;
  if (try_take_idle(s, &entry, &a)) {
    if (!a) return;
    if (a->reductions == entry.reductions) circles_look(s, a), actor_pack(s, a);
    else note(s, patient_put(s), a);
    let_rest(s, a);
  } else if (actor_table_lives(&s->runtime->table, entry.id)) {
    entry.since = s->now;
    *patient_put(s) = entry;
  }
}

static void pack_due(Scheduler *s) {
  bool now = stress_chance(s, 16);
  while (s->pack_count && (now || s->now - s->pack_ring[s->pack_first].since >= PACK_AFTER_NS)) pack_first(s);
  for (uint32_t most = 64; most && s->patient_count && (now || s->now - s->patient[s->patient_first].since >= PACK_PATIENT_NS); most--) pack_first_patient(s);
}

void scheduler_note_idle(Scheduler *s, Actor *a) {
  if (actor_is(a, ACTOR_PACKED)) {
    if (patient_has_room(s)) note(s, patient_put(s), a);
    return;
  }
  if (s->pack_count == PACK_RING) pack_first(s);
  if (s->pack_count < PACK_RING) note(s, &s->pack_ring[(s->pack_first + s->pack_count++) % PACK_RING], a);
}

uint64_t scheduler_next_to_pack(const Scheduler *s) {
  uint64_t first = s->pack_count ? s->pack_ring[s->pack_first].since + PACK_AFTER_NS : UINT64_MAX;
  uint64_t patient = s->patient_count ? s->patient[s->patient_first].since + PACK_PATIENT_NS : UINT64_MAX;
  return first < patient ? first : patient;
}

/* ---- the loop ----------------------------------------------------------------------------------------------------------------------- */

/* The process was told to stop. */
static void wake_main(Scheduler *s) {
  Runtime *runtime = s->runtime;
  if (runtime->main_was_told || !runtime->main) return;
  runtime->main_was_told = true;
  Message *message = message_new(&s->messages, MESSAGE_INTERRUPT, 0);
  actor_deliver(s, actor_id(runtime->main), message);
}

void scheduler_poll(Scheduler *s) {
  s->until_poll = ACTORS_PER_POLL;
  if (s->number == 0 && atomic_load_explicit(&s->runtime->interrupted, memory_order_relaxed)) wake_main(s);
  fire_due(s);
  if (s->loop.handles) loop_poll(&s->loop);
  if (s->pack_count || s->patient_count) scheduler_now(s), pack_due(s);
}

static uint64_t time_until_next(Scheduler *s) {
  uint64_t deadline = UINT64_MAX, pack = scheduler_next_to_pack(s);
  if (!timer_wheel_next(&s->wheel, &deadline) || pack < deadline) deadline = pack;
  if (deadline == UINT64_MAX) return UINT64_MAX;
  scheduler_now(s);
  return deadline > s->now ? deadline - s->now : 0;
}

/* S has done what was handed over to it.  If that was little, its giver should keep more for itself: actors that talk to each other run where they are woken, so they
 * would come back to where they came from, and go over again. */
static void tell_giver(Scheduler *s) {
  if (s->slices - s->woken_slices < SURPLUS / 2) return; /* it is under way still: something else has woken S */
  Scheduler *giver = atomic_exchange_explicit(&s->giver, NULL, memory_order_relaxed);
  if (!giver) return;
  uint32_t surplus = atomic_load_explicit(&giver->surplus, memory_order_relaxed);
  bool worth = scheduler_now(s) - s->woken_at >= WORTH_WAKING_NS;
  if (worth) surplus = SURPLUS;
  else if (surplus < SURPLUS_MAX) surplus += surplus / 8;
  atomic_store_explicit(&giver->surplus, surplus, memory_order_relaxed);
}

/* Nothing to run: sleep in the loop.  The order matters: say that we sleep, then look once more, so that a push is either seen here or
 * its sender sees us asleep. */
static void rest(Scheduler *s) {
  uint64_t timeout = time_until_next(s), bit = (uint64_t)1 << s->number;
  if (timeout == 0) return;
  tell_giver(s);
  atomic_store(&s->asleep, 1);
  atomic_fetch_or(&s->runtime->idle, bit);
  if (!atomic_load(&s->inbound) && !atomic_load(&s->runtime->stopping)) loop_wait(&s->loop, timeout);
  atomic_store(&s->asleep, 0);
  atomic_fetch_and(&s->runtime->idle, ~bit);
  s->woken_at = scheduler_now(s);
  s->woken_slices = s->slices;
}

/* Actors that were woken one after the other lie anywhere in memory: what the next one will touch first is fetched while this one runs, and the record of the one behind
 * it. */
static void fetch_next(const Scheduler *s) {
  const Actor *next = s->fresh.first;
  if (!next) return;
  fetch(next->machine.stack, next->machine.block_size < FETCHED_MAX ? next->machine.block_size : FETCHED_MAX);
  if (next->next) fetch(next->next, sizeof(Actor));
}

void scheduler_run(Scheduler *s) {
  Runtime *runtime = s->runtime;
  if (s->seeded) {
    seeded_run(s);
    return;
  }
  ask_for_short_slices();
  atomic_fetch_and(&runtime->idle, ~((uint64_t)1 << s->number));
  while (!atomic_load_explicit(&runtime->stopping, memory_order_relaxed)) {
    take_inbound(s);
    if (--s->until_poll <= 0 || stress_chance(s, 4)) scheduler_poll(s);
    if (stress_chance(s, 4)) sched_yield();
    Actor *a = scheduler_take(s);
    if (!a) {
      scheduler_poll(s);
      if (!scheduler_waiting(s)) rest(s);
      continue;
    }
    fetch_next(s);
    s->running = a;
    bool traced = runtime_is_tracing(runtime);
    if (traced) trace_run_begins(s, a);
    actor_run(s, a);
    if (traced) trace_run_ended(s);
    s->running = NULL;
    if (s->children.first) place_children(s);
    if (s->slice_used_up) s->slice_used_up = false, fire_due(s); /* that may have taken long */
    if (++s->slices == runtime->options.stop_after) runtime_halt(runtime, 0);
    if (scheduler_waiting(s)) share_work(s);
  }
}
