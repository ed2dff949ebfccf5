/* SPDX-License-Identifier: MIT */
/* seeded.c -- see seeded.h.  Start at seeded_run. */
#include "seeded.h"

#include "runtime_internal.h"
#include "trace.h"

enum {
  REDUCTION_NS = 10, SLICE_NS = 200, /* virtual time that running takes */
  LONGEST_SLICE_BITS = 12,
  READ_MOST_BITS = 16,
  IDLE_POLLS = 4,       /* without a result, after which nothing is on its way */
  WINDOW = 32,          /* messages of a mailbox among which the next one is chosen */
  CANDIDATES = 8,       /* actors whose weights are compared */
  RUNS_PER_WEIGHTS = 64 /* on average, until the weights change */
};

/* Who can run, by priority. */
typedef struct Crowd {
  Actor **actors;
  uint32_t count, capacity;
} Crowd;

typedef struct Choice {
  Host *host;
  Crowd crowds[3];
  bool weighted;
  uint64_t salt;
} Choice;

/* ---- messages -------------------------------------------------------------------------------------------------------------------- */

/* Takes one of the first WINDOW messages out of the list: the first one from its sender. */
static Message *take_any(Host *host, Message **mail) {
  unsigned count = 0;
  for (Message *each = *mail; each && count < WINDOW; each = each->next) count++;
  Message *chosen = *mail;
  for (uint64_t i = host_choose(host, count); i; i--) chosen = chosen->next;
  Message **at = mail;
  while ((*at)->from != chosen->from) at = &(*at)->next;
  chosen = *at;
  *at = chosen->next;
  chosen->next = NULL;
  return chosen;
}

static void put_back(Actor *a, Message *mail) {
  for (Message *next; mail; mail = next) {
    next = mail->next;
    mailbox_push(&a->mailbox, actor_tag(actor_id(a)), mail);
  }
}

/* What an actor sends itself is not on its way. */
static bool has_own(const Actor *a, const Message *mail) {
  while (mail && mail->from != actor_id(a)) mail = mail->next;
  return mail != NULL;
}

Message *seeded_arrivals(Scheduler *s, Actor *a, Message *mail) {
  Host *host = s->runtime->host;
  Message *first = NULL, **end = &first;
  if (!mail || !mail->next) return mail;
  bool all = host_choose(host, 2) == 0;
  while (mail) {
    *end = take_any(host, &mail);
    end = &(*end)->next;
    if (!all && host_choose(host, 4) == 0 && !has_own(a, mail)) break;
  }
  put_back(a, mail);
  return first;
}

/* ---- who runs, and for how long ----------------------------------------------------------------------------------------------------- */

static void crowd_add(Accounts *accounts, Crowd *crowd, Actor *a) {
  if (crowd->count == crowd->capacity) {
    uint32_t capacity = crowd->capacity ? crowd->capacity * 2 : 64;
    Actor **grown;
    for (unsigned n = 0; !(grown = account_realloc(accounts, ACCOUNT_SCHEDULER, crowd->actors, crowd->capacity * sizeof *grown, capacity * sizeof *grown)); n++)
      account_wait_for_memory(n, "the list of who can run");
    crowd->actors = grown;
    crowd->capacity = capacity;
  }
  crowd->actors[crowd->count++] = a;
}

static void gather(Scheduler *s, Choice *choice) {
  for (Actor *a; (a = scheduler_take(s));) crowd_add(s->runtime->accounts, &choice->crowds[a->priority], a);
}

static uint64_t weight(const Choice *choice, const Actor *a) {
  uint64_t x = (actor_id(a) ^ choice->salt) * 0x9e3779b97f4a7c15u;
  return (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
}

static uint32_t choose_weighted(Choice *choice, const Crowd *crowd) {
  uint32_t best = (uint32_t)host_choose(choice->host, crowd->count);
  if (host_choose(choice->host, RUNS_PER_WEIGHTS) == 0) choice->salt = host_random(choice->host);
  for (unsigned i = 1; i < CANDIDATES && i < crowd->count; i++) {
    uint32_t other = crowd->count <= CANDIDATES ? i : (uint32_t)host_choose(choice->host, crowd->count);
    if (weight(choice, crowd->actors[other]) > weight(choice, crowd->actors[best])) best = other;
  }
  return best;
}

static Actor *choose_from(Choice *choice, Crowd *crowd) {
  uint32_t at = choice->weighted ? choose_weighted(choice, crowd) : (uint32_t)host_choose(choice->host, crowd->count);
  Actor *a = crowd->actors[at];
  crowd->actors[at] = crowd->actors[--crowd->count];
  return a;
}

/* Those of a higher priority mostly go first. */
static Actor *choose_actor(Choice *choice) {
  static const Priority order[] = {PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_LOW};
  Crowd *last = NULL;
  for (unsigned i = 0; i < 3; i++) {
    Crowd *crowd = &choice->crowds[order[i]];
    if (!crowd->count) continue;
    if (last && host_choose(choice->host, 16) != 0) break;
    last = crowd;
  }
  return last ? choose_from(choice, last) : NULL;
}

static int32_t choose_slice(Host *host) {
  uint64_t bits = host_choose(host, LONGEST_SLICE_BITS + 1);
  return (int32_t)(1 + host_choose(host, (uint64_t)1 << bits));
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------------- */

static void note(Runtime *runtime, uint64_t word) { runtime->schedule_hash = (runtime->schedule_hash ^ word) * 0x100000001b3u; }

/* What operations on files and bytes on their way between sockets have come to; of a socket, some of the bytes. */
static void poll(Scheduler *s, Host *host) {
  if (!s->loop.handles) return;
  loop_finish_requests(&s->loop);
  s->loop.read_most = 1 + (uint32_t)host_choose(host, (uint64_t)1 << host_choose(host, READ_MOST_BITS + 1));
  if (host_choose(host, 4)) loop_poll(&s->loop);
}

/* Nobody can run: whatever is on its way arrives.  NULL: nothing is, for anybody. */
static Actor *poll_for_actor(Scheduler *s, Choice *choice) {
  for (unsigned idle = 0; s->loop.handles && idle < IDLE_POLLS; idle++) {
    loop_finish_requests(&s->loop);
    loop_poll(&s->loop);
    gather(s, choice);
    Actor *a = choose_actor(choice);
    if (a) return a;
  }
  return NULL;
}

static void run(Scheduler *s, Choice *choice, Actor *a) {
  s->slice = choose_slice(choice->host);
  note(s->runtime, actor_id(a));
  note(s->runtime, (uint64_t)s->slice);
  int32_t before = s->fresh_share;
  uint64_t used;
  s->fresh_share = 0; /* actor_run subtracts what a normal actor has used */
  s->running = a;
  bool normal = a->priority == PRIORITY_NORMAL;
  bool traced = runtime_is_tracing(s->runtime);
  if (traced) trace_run_begins(s, a);
  actor_run(s, a);
  s->running = NULL;
  used = normal ? (uint64_t)-s->fresh_share : (uint64_t)s->slice;
  s->fresh_share = before;
  note(s->runtime, used);
  host_advance(choice->host, SLICE_NS + REDUCTION_NS * used);
  if (traced) trace_run_ended(s);
  poll(s, choice->host);
}

/* Nobody can run.  False: nobody ever will. */
static bool jump(Scheduler *s, Host *host) {
  uint64_t deadline, pack = scheduler_next_to_pack(s);
  if (!timer_wheel_next(&s->wheel, &deadline)) deadline = UINT64_MAX;
  if (pack < deadline) deadline = pack; /* who has been idle for that long may find a circle (circles.c) */
  if (deadline == UINT64_MAX) return false;
  if (deadline > host->virtual_now) host_advance(host, deadline - host->virtual_now);
  return true;
}

void seeded_run(Scheduler *s) {
  Runtime *runtime = s->runtime;
  Choice choice = {.host = runtime->host};
  s->loop.is_alone = true;
  choice.weighted = host_choose(choice.host, 2) == 1;
  choice.salt = host_random(choice.host);
  while (!atomic_load_explicit(&runtime->stopping, memory_order_relaxed)) {
    scheduler_poll(s);
    gather(s, &choice);
    Actor *a = choose_actor(&choice);
    if (!a) a = poll_for_actor(s, &choice);
    if (a) {
      run(s, &choice, a);
      if (++s->slices == runtime->options.stop_after) runtime_halt(runtime, 0);
    } else if (!jump(s, choice.host)) {
      deadlock_report(s);
      runtime_halt(runtime, RUNTIME_DEADLOCK_STATUS);
    }
  }
  for (unsigned i = 0; i < 3; i++)
    account_free(runtime->accounts, ACCOUNT_SCHEDULER, choice.crowds[i].actors, choice.crowds[i].capacity * sizeof(Actor *));
}
