/* SPDX-License-Identifier: MIT */
/* deadlock.c -- who waits for whom, when nobody can go on. */
#include <stdio.h>

#include "frames.h"
#include "opcodes.h"
#include "processes.h"
#include "runtime_internal.h"
#include "seeded.h"

enum { REPORT_LINES = 40, NAME_ROOM = 96, METHOD_ROOM = 160, FRAMES_SEARCHED = 64 };

static const char *name_of(Runtime *runtime, uint64_t id, char name[NAME_ROOM]) {
  char label[64];
  int size = (int)directory_label(runtime, id, label, sizeof label);
  bool main = runtime->main && actor_id(runtime->main) == id;
  snprintf(name, NAME_ROOM, "%s%llu%s%.*s%s", main ? "the program, actor " : "actor ", (unsigned long long)id, size ? " (" : "", size, label, size ? ")" : "");
  return name;
}

static Object *as_promise(Oop x) { return oop_is_pointer(x) && x && oop_has_class(x, CLASS_PROMISE) ? oop_to_object(x) : NULL; }

/* The receiver of the send that waits and will run again, if it is one. */
static Oop waiting_receiver(const Machine *m) {
  uint32_t word = ((const uint32_t *)frame_code(m->fp))[m->pc];
  return op_code(word) == OP_SEND ? m->fp[op_a(word)] : OOP_NIL;
}

/* The promise that the waiting code asks, or NULL. */
static Object *awaited_promise(const Machine *m) {
  unsigned left = FRAMES_SEARCHED;
  Object *promise = m->fp ? as_promise(waiting_receiver(m)) : NULL;
  for (const Oop *fp = m->fp; fp && left && !promise; fp = frame_caller(m, fp), left--) promise = as_promise(frame_receiver(m, fp));
  return promise;
}

/* Who is to settle it; 0: whoever holds it here. */
static uint64_t debtor(const Actor *a, const Object *promise) {
  Oop owner = promise->slots[PROMISE_OWNER], target = promise->slots[PROMISE_VALUE];
  if (oop_is_small(owner) && (uint64_t)oop_to_small(owner) != actor_id(a)) return (uint64_t)oop_to_small(owner);
  return oop_is_small(target) && oop_to_small(target) > 0 ? (uint64_t)oop_to_small(target) : 0;
}

static void describe(Scheduler *s, const Actor *a) {
  char name[NAME_ROOM], other[NAME_ROOM], method[METHOD_ROOM];
  const Object *promise = awaited_promise(&a->machine);
  uint64_t by = promise ? debtor(a, promise) : 0;
  actor_current_method(a, method, sizeof method);
  fprintf(stderr, "  %s waits for ", name_of(s->runtime, actor_id(a), name));
  if (by) fprintf(stderr, "an answer of %s%s", name_of(s->runtime, by, other), runtime_is_alive(s->runtime, by) ? "" : ", which has ended");
  else if (promise) fprintf(stderr, "a promise that nobody has settled");
  else if (processes_exist(&a->machine)) fprintf(stderr, "its green processes, all of which wait");
  else fprintf(stderr, "a message");
  fprintf(stderr, method[0] ? ", in %s\n" : "\n", method);
}

static bool waits(const Actor *a) {
  if ((atomic_load(&a->mailbox.head) & MAILBOX_POINTER) == MAILBOX_DEAD || !actor_is(a, ACTOR_STARTED)) return false;
  return actor_is(a, ACTOR_IN_TURN) && (actor_is(a, ACTOR_WAITING) || processes_exist(&a->machine));
}

void deadlock_report(Scheduler *s) {
  Runtime *runtime = s->runtime;
  uint64_t lines = 0, all = 0, idle = 0;
  fprintf(stderr, "atoll: deadlock: nobody can go on, no timer is set, and the program is not over\n");
  if (runtime->main) describe(s, runtime->main);
  for (uint64_t i = 0; i < runtime->table.used; i++) {
    Actor *a = actor_table_at(&runtime->table, i);
    if (a == runtime->main) continue;
    if (waits(a)) all++;
    else idle += (atomic_load(&a->mailbox.head) & MAILBOX_POINTER) != MAILBOX_DEAD;
    if (waits(a) && lines++ < REPORT_LINES) describe(s, a);
  }
  if (all > REPORT_LINES) fprintf(stderr, "  and %llu more\n", (unsigned long long)(all - REPORT_LINES));
  if (idle) fprintf(stderr, "  %llu idle actors wait for messages\n", (unsigned long long)idle);
}
