/* SPDX-License-Identifier: MIT */
/* processes.c -- switching between the green processes of a machine, and the primitives that do.  Start with the drawing in processes.h. */
#include "processes.h"

#include "frames.h"
#include "lookup.h"
#include "memory_internal.h"
#include "primitive.h"

enum {
  TABLE_ACTIVE,
  TABLE_MAIN,
  TABLE_SLEEPERS,                                                   /* first, last: by deadline */
  TABLE_WAITERS = TABLE_SLEEPERS + 2,                               /* first, last */
  TABLE_READY = TABLE_WAITERS + 2 - 2 * PRIORITY_LOWEST,            /* first, last of each priority */
  TABLE_SLOTS = TABLE_READY + 2 * (PRIORITY_HIGHEST + 1)
};

static Oop table_slot(const Machine *m, unsigned slot) { return oop_to_object(m->roots[ROOT_PROCESSES])->slots[slot]; }
static void set_table_slot(Machine *m, unsigned slot, Oop value) { machine_store(m, oop_to_object(m->roots[ROOT_PROCESSES]), slot, value); }
static Oop active(const Machine *m) { return table_slot(m, TABLE_ACTIVE); }
static Oop process_slot(Oop process, unsigned slot) { return oop_to_object(process)->slots[slot]; }
static void set_process_slot(Machine *m, Oop process, unsigned slot, Oop value) { machine_store(m, oop_to_object(process), slot, value); }

static unsigned priority_of(Oop process) {
  Oop priority = process_slot(process, PROCESS_PRIORITY);
  if (!oop_is_small(priority)) return PRIORITY_TURN;
  int64_t n = oop_to_small(priority);
  return n < PRIORITY_LOWEST ? PRIORITY_LOWEST : n > PRIORITY_HIGHEST ? PRIORITY_HIGHEST : (unsigned)n;
}

static bool has_class(const Machine *m, Oop x, uint32_t class_index) {
  return oop_is_pointer(x) && (oop_has_class(x, class_index) || machine_is_kind_of(m, x, machine_class_at(m, class_index)));
}

bool processes_begin_may_gc(Machine *m) {
  if (processes_exist(m)) return true;
  if (!machine_reserve_may_gc(m, (1 + TABLE_SLOTS + 1 + PROCESS_SLOTS) * 8)) return false;
  Oop table = machine_new_unchecked(m, CLASS_ARRAY, FORMAT_POINTERS, TABLE_SLOTS);
  Oop main = machine_new_unchecked(m, CLASS_CALLIN_PROCESS, FORMAT_FIXED, PROCESS_SLOTS);
  oop_to_object(main)->slots[PROCESS_PRIORITY] = oop_from_small(PRIORITY_TURN);
  oop_to_object(table)->slots[TABLE_ACTIVE] = oop_to_object(table)->slots[TABLE_MAIN] = main;
  m->roots[ROOT_PROCESSES] = table;
  return true;
}

/* ---- lists: doubly linked through the processes, first and last in two slots of an object --------------------------------- */

/* NEXT follows PREVIOUS; nil: the end of LIST on that side. */
static void join(Machine *m, Oop list, unsigned head, Oop previous, Oop next) {
  if (previous == OOP_NIL) machine_store(m, oop_to_object(list), head, next);
  else set_process_slot(m, previous, PROCESS_NEXT, next);
  if (next == OOP_NIL) machine_store(m, oop_to_object(list), head + 1, previous);
  else set_process_slot(m, next, PROCESS_PREVIOUS, previous);
}

/* Behind BEFORE, which is in LIST; nil: in front. */
static void link_after(Machine *m, Oop list, unsigned head, Oop before, Oop process) {
  Oop next = before == OOP_NIL ? oop_to_object(list)->slots[head] : process_slot(before, PROCESS_NEXT);
  join(m, list, head, before, process);
  join(m, list, head, process, next);
  set_process_slot(m, process, PROCESS_LIST, list);
  set_process_slot(m, process, PROCESS_HEAD, oop_from_small(head));
}

static void link_first(Machine *m, Oop list, unsigned head, Oop process) { link_after(m, list, head, OOP_NIL, process); }

static void link_last(Machine *m, Oop list, unsigned head, Oop process) {
  link_after(m, list, head, oop_to_object(list)->slots[head + 1], process);
}

static void unlink_process(Machine *m, Oop process) {
  Oop list = oop_resolve(m, process_slot(process, PROCESS_LIST)), next = process_slot(process, PROCESS_NEXT), previous = process_slot(process, PROCESS_PREVIOUS);
  if (list == OOP_NIL) return;
  unsigned head = (unsigned)oop_to_small(process_slot(process, PROCESS_HEAD));
  join(m, list, head, previous, next);
  set_process_slot(m, process, PROCESS_NEXT, OOP_NIL);
  set_process_slot(m, process, PROCESS_PREVIOUS, OOP_NIL);
  set_process_slot(m, process, PROCESS_LIST, OOP_NIL);
  set_process_slot(m, process, PROCESS_HEAD, OOP_NIL);
}

static void make_ready(Machine *m, Oop process, bool first) {
  unsigned head = TABLE_READY + 2 * priority_of(process);
  if (first) link_first(m, m->roots[ROOT_PROCESSES], head, process);
  else link_last(m, m->roots[ROOT_PROCESSES], head, process);
}

static Oop best_ready(const Machine *m) {
  for (unsigned p = PRIORITY_HIGHEST; p >= PRIORITY_LOWEST; p--) {
    Oop first = table_slot(m, TABLE_READY + 2 * p);
    if (first != OOP_NIL) return first;
  }
  return OOP_NIL;
}

static void add_sleeper(Machine *m, Oop process) {
  int64_t deadline = oop_to_small(process_slot(process, PROCESS_DEADLINE));
  Oop before = table_slot(m, TABLE_SLEEPERS + 1);
  while (before != OOP_NIL && oop_to_small(process_slot(before, PROCESS_DEADLINE)) > deadline) before = process_slot(before, PROCESS_PREVIOUS);
  link_after(m, m->roots[ROOT_PROCESSES], TABLE_SLEEPERS, before, process);
}

/* ---- frames in and out -------------------------------------------------------------------------------------------------- */

/* The register that gets the answer of the send before PC; -1: the instruction there is no send. */
static int answer_register(const Object *code, uint32_t pc) {
  if (pc < (uint32_t)(code_words(code) - (const uint32_t *)code) + 2) return -1; /* it has not begun */
  uint32_t w = ((const uint32_t *)code)[pc - 2];
  if (op_code(w) != OP_SEND && op_code(w) != OP_SUPERSEND && op_code(w) != OP_BLOCKVALUE) return -1;
  return op_c(w) < code_registers(code) ? (int)op_c(w) : -1;
}

static size_t used_slots(size_t fp, const Object *code) { return fp + code_registers(code); }

/* The send that a process is in answers VALUE when it goes on. */
static void set_answer(Machine *m, Oop process, Oop value) {
  if (process_slot(process, PROCESS_FP) == OOP_NIL) return;
  Object *stack = oop_to_object(process_slot(process, PROCESS_STACK));
  size_t fp = (size_t)oop_to_small(process_slot(process, PROCESS_FP));
  int dest = answer_register(oop_to_object(stack->slots[fp + FRAME_CODE]), (uint32_t)oop_to_small(process_slot(process, PROCESS_PC)));
  if (dest >= 0) machine_store(m, stack, fp + (size_t)dest, value);
}

/* Saved frames are trusted: an Object with slots, which no program can make, index, store into or exchange, holds them, and not an Array. */
static Oop new_frames_may_gc(Machine *m, size_t count) { return machine_new_may_gc(m, CLASS_OBJECT, FORMAT_FIXED, count); }

/* Room for COUNT slots of PROCESS: the one that it has, if that is of use. */
static Oop stack_array_may_gc(Machine *m, unsigned process, size_t count) {
  Oop stack = process_slot(machine_handle(m, process), PROCESS_STACK);
  if (stack != OOP_NIL) {
    size_t size = object_slots(oop_to_object(stack));
    if (size >= count && size <= count * 4 + 64) return stack;
  }
  stack = new_frames_may_gc(m, count + count / 4);
  if (stack) set_process_slot(m, machine_handle(m, process), PROCESS_STACK, stack);
  return stack;
}

/* Copies the frames into PROCESS.  They are still there afterwards. */
static bool save_frames_may_gc(Machine *m, unsigned process) {
  if (!m->fp) return set_process_slot(m, machine_handle(m, process), PROCESS_FP, OOP_NIL), true;
  size_t fp = frame_offset(m, m->fp), count = used_slots(fp, frame_code(m->fp));
  Oop stack = stack_array_may_gc(m, process, count);
  if (!stack) return false;
  frames_settle_links(m);
  Object *array = oop_to_object(stack);
  for (size_t i = 0; i < count; i++) array->slots[i] = m->stack[i] ? m->stack[i] : OOP_NIL;
  if (array->header & FLAG_GUARD) machine_remember(m, array, SIZE_MAX);
  Oop x = machine_handle(m, process);
  set_process_slot(m, x, PROCESS_FP, oop_from_small((int64_t)fp));
  set_process_slot(m, x, PROCESS_PC, oop_from_small(m->pc));
  set_process_slot(m, x, PROCESS_GRACE, m->grace ? oop_from_small(m->grace) : OOP_NIL);
  primitive_charge(m, count * 2);
  return true;
}

/* Room on the stack for the frames of PROCESS, whatever is there now. */
static bool room_for_frames_may_gc(Machine *m, unsigned process) {
  Oop x = machine_handle(m, process);
  size_t fp = (size_t)oop_to_small(process_slot(x, PROCESS_FP));
  size_t needed = frames_reach(oop_to_object(process_slot(x, PROCESS_STACK))->slots, fp) + 2;
  size_t size = (size_t)(m->stack_limit - m->stack), used = (size_t)(machine_stack_top(m) - m->stack);
  return size >= needed || machine_collect_may_gc(m, 0, needed > used ? needed - used : 0, false);
}

/* Copies the frames of PROCESS onto the stack.  Registers never name a stale original of S.  Answers how many slots they have. */
static size_t copy_frames(Machine *m, Oop process) {
  const Object *array = oop_to_object(process_slot(process, PROCESS_STACK));
  size_t fp = (size_t)oop_to_small(process_slot(process, PROCESS_FP));
  size_t count = used_slots(fp, oop_to_object(array->slots[fp + FRAME_CODE]));
  for (size_t i = 0; i < count; i++) m->stack[i] = oop_resolve(m, array->slots[i]);
  Oop grace = process_slot(process, PROCESS_GRACE);
  m->fp = m->stack + fp;
  m->pc = (uint32_t)oop_to_small(process_slot(process, PROCESS_PC));
  m->grace = oop_is_small(grace) ? (uint32_t)oop_to_small(grace) : 0;
  m->graces = m->grace ? MAX_GRACES : 0;
  if (m->grace) machine_settle_graces(m);
  m->args = NULL;
  return count;
}

/* The same; PROCESS has them no longer. */
static void restore_frames(Machine *m, Oop process) {
  size_t count = copy_frames(m, process);
  Object *array = oop_to_object(process_slot(process, PROCESS_STACK));
  for (size_t i = 0; i < count; i++) array->slots[i] = OOP_NIL;
  set_process_slot(m, process, PROCESS_FP, OOP_NIL);
}

/* What stands on the stack is gone, or, if KEPT, elsewhere. */
static void leave_stack(Machine *m, bool kept) {
  if (!kept) machine_clear_stack(m); /* its Contexts learn that their frames have ended */
  m->fp = NULL;
  m->args = NULL;
  m->grace = m->graces = 0;
}

/* Makes BEST, a ready process, active, or none if nil.  KEEP: the frames of the active one are saved; its place in a list is the caller's business. */
static ProcessSwitch switch_to_may_gc(Machine *m, Oop best, bool keep) {
  if (best != OOP_NIL && best == active(m) && keep && m->fp) return unlink_process(m, best), PROCESS_SWITCHED;
  unsigned to = machine_push_handle(m, best), from = machine_push_handle(m, active(m));
  bool saves = keep && machine_handle(m, from) != OOP_NIL, done = !saves || save_frames_may_gc(m, from);
  /* Last, since each collection may shrink the stack to what the active process needs. */
  if (done && best != OOP_NIL && !room_for_frames_may_gc(m, to)) {
    if (saves) set_process_slot(m, machine_handle(m, from), PROCESS_FP, OOP_NIL);
    done = false;
  }
  best = machine_handle(m, to);
  machine_pop_handles(m, to);
  if (!done) return m->failure = FAILURE_NO_MEMORY, PROCESS_NO_MEMORY;
  set_table_slot(m, TABLE_ACTIVE, best);
  leave_stack(m, keep);
  if (best == OOP_NIL) return PROCESS_NONE_READY;
  unlink_process(m, best);
  restore_frames(m, best);
  return PROCESS_SWITCHED;
}

static ProcessSwitch switch_may_gc(Machine *m, bool keep) { return switch_to_may_gc(m, best_ready(m), keep); }

/* The stack of a process that has not begun: one bottom frame of CODE with RECEIVER. */
static bool new_stack_may_gc(Machine *m, unsigned process, unsigned receiver, unsigned code) {
  enum { FP = FRAME_CONTROL + 1 };
  Oop stack = stack_array_may_gc(m, process, FP + code_registers(oop_to_object(machine_handle(m, code))));
  if (!stack) return false;
  Object *array = oop_to_object(stack), *callee = oop_to_object(machine_handle(m, code));
  machine_store(m, array, FP + FRAME_SAVED_PC, oop_from_small(0));
  machine_store(m, array, FP + FRAME_LINK, LINK_BOTTOM(0));
  machine_store(m, array, FP + FRAME_CODE, machine_handle(m, code));
  machine_store(m, array, FP, machine_handle(m, receiver));
  set_process_slot(m, machine_handle(m, process), PROCESS_FP, oop_from_small(FP));
  set_process_slot(m, machine_handle(m, process), PROCESS_PC, oop_from_small(code_words(callee) - (const uint32_t *)callee));
  return true;
}

/* ---- for the owner of the machine ------------------------------------------------------------------------------------------ */

Oop processes_fork_may_gc(Machine *m, Oop receiver, Oop selector) {
  Oop found = machine_lookup(m, machine_class_of(m, receiver), selector);
  if (!found || code_args(oop_to_object(found)) || code_primitive(oop_to_object(found))) return m->failure = FAILURE_NOT_FOUND, (Oop)0;
  unsigned first = machine_push_handle(m, receiver), code = machine_push_handle(m, found), process = 0;
  bool done = processes_begin_may_gc(m);
  Oop x = done ? machine_new_may_gc(m, CLASS_PROCESS, FORMAT_FIXED, PROCESS_SLOTS) : 0;
  if (x) {
    oop_to_object(x)->slots[PROCESS_PRIORITY] = oop_from_small(PRIORITY_TURN);
    process = machine_push_handle(m, x);
    if (!new_stack_may_gc(m, process, first, code)) x = 0;
    else make_ready(m, x = machine_handle(m, process), false);
  }
  machine_pop_handles(m, first);
  return x;
}

void processes_note_deadline(Machine *m, Oop deadline) { set_process_slot(m, active(m), PROCESS_DEADLINE, deadline); }

bool processes_park_may_gc(Machine *m) {
  if (!m->fp) return true;
  unsigned process = machine_push_handle(m, active(m));
  bool saved = save_frames_may_gc(m, process);
  if (saved) link_last(m, m->roots[ROOT_PROCESSES], TABLE_WAITERS, machine_handle(m, process));
  machine_pop_handles(m, process);
  if (!saved) return false;
  set_table_slot(m, TABLE_ACTIVE, OOP_NIL);
  leave_stack(m, true);
  return true;
}

static void wake(Machine *m, Oop process, unsigned *highest) {
  unlink_process(m, process);
  set_process_slot(m, process, PROCESS_DEADLINE, OOP_NIL);
  make_ready(m, process, true);
  if (priority_of(process) > *highest) *highest = priority_of(process);
}

static bool is_due(Oop process, uint64_t now) {
  Oop deadline = process_slot(process, PROCESS_DEADLINE);
  return oop_is_small(deadline) && (uint64_t)oop_to_small(deadline) <= now;
}

/* The last of each list first, since each becomes the first of the ready ones. */
unsigned processes_wake(Machine *m, uint64_t now, bool all_waiters) {
  unsigned highest = 0;
  for (Oop x = table_slot(m, TABLE_WAITERS + 1), previous; x != OOP_NIL; x = previous) {
    previous = process_slot(x, PROCESS_PREVIOUS);
    if (all_waiters || is_due(x, now)) wake(m, x, &highest);
  }
  Oop last = OOP_NIL;
  for (Oop x = table_slot(m, TABLE_SLEEPERS); x != OOP_NIL && is_due(x, now); x = process_slot(x, PROCESS_NEXT)) last = x;
  for (Oop previous; last != OOP_NIL; last = previous) {
    previous = process_slot(last, PROCESS_PREVIOUS);
    wake(m, last, &highest);
  }
  return highest;
}

uint64_t processes_deadline(const Machine *m) {
  uint64_t first = UINT64_MAX;
  Oop sleeper = table_slot(m, TABLE_SLEEPERS);
  if (sleeper != OOP_NIL) first = (uint64_t)oop_to_small(process_slot(sleeper, PROCESS_DEADLINE));
  for (Oop x = table_slot(m, TABLE_WAITERS); x != OOP_NIL; x = process_slot(x, PROCESS_NEXT)) {
    Oop deadline = process_slot(x, PROCESS_DEADLINE);
    if (oop_is_small(deadline) && (uint64_t)oop_to_small(deadline) < first) first = (uint64_t)oop_to_small(deadline);
  }
  return first;
}

unsigned processes_active_priority(const Machine *m) {
  if (active(m) == OOP_NIL) return 0;
  Oop disabled = process_slot(active(m), PROCESS_INTERRUPTS);
  return oop_is_small(disabled) && oop_to_small(disabled) > 0 ? PRIORITY_HIGHEST + 1 : priority_of(active(m));
}
unsigned processes_ready_priority(const Machine *m) { return best_ready(m) == OOP_NIL ? 0 : priority_of(best_ready(m)); }

ProcessSwitch processes_switch_may_gc(Machine *m) {
  Oop current = active(m);
  if (current != OOP_NIL && m->fp) make_ready(m, current, false);
  ProcessSwitch result = switch_may_gc(m, true);
  if (result == PROCESS_NO_MEMORY && active(m) != OOP_NIL) unlink_process(m, active(m));
  return result;
}

bool processes_step_aside_may_gc(Machine *m) {
  Oop current = active(m);
  if (current == OOP_NIL || !m->fp) return true;
  unsigned process = machine_push_handle(m, current);
  bool saved = save_frames_may_gc(m, process);
  if (saved) make_ready(m, machine_handle(m, process), false);
  machine_pop_handles(m, process);
  if (!saved) return false;
  set_table_slot(m, TABLE_ACTIVE, OOP_NIL);
  leave_stack(m, true);
  return true;
}

void processes_turn_begins(Machine *m) {
  set_table_slot(m, TABLE_ACTIVE, table_slot(m, TABLE_MAIN));
  set_process_slot(m, table_slot(m, TABLE_MAIN), PROCESS_PRIORITY, oop_from_small(PRIORITY_TURN));
}

void processes_turn_ends(Machine *m) { set_table_slot(m, TABLE_ACTIVE, OOP_NIL); }

bool processes_end_forked_may_gc(Machine *m, RunStatus *status) {
  if (!processes_exist(m) || active(m) == table_slot(m, TABLE_MAIN)) return false;
  m->roots[ROOT_RESULT] = OOP_NIL;
  switch (switch_may_gc(m, false)) {
  case PROCESS_SWITCHED: *status = RUN_BUDGET; break;
  case PROCESS_NONE_READY: *status = RUN_WAITING; break;
  case PROCESS_NO_MEMORY: *status = RUN_DIED; break;
  }
  return true;
}

bool processes_wait(const Machine *m) {
  return processes_exist(m) && (table_slot(m, TABLE_SLEEPERS) != OOP_NIL || table_slot(m, TABLE_WAITERS) != OOP_NIL);
}

/* ---- primitives ---------------------------------------------------------------------------------------------------------------- */

#define PROCESSES_OR_FAIL(m) \
  if (!processes_begin_may_gc(m)) return primitive_fail(m, FAILURE_NO_MEMORY)
#define PROCESS_OR_FAIL(m, index) \
  if (!has_class(m, m->args[index], CLASS_PROCESS)) return primitive_fail(m, FAILURE_BAD_RECEIVER)

static Oop after_switch(Machine *m, ProcessSwitch result) {
  if (result == PROCESS_NO_MEMORY) return OOP_FAIL;
  m->call = 0;
  return result == PROCESS_SWITCHED ? OOP_CONTROL : OOP_WAIT;
}

/* The active process stops for NEXT; its send answers ANSWER when it goes on.  It is in the list where it belongs already. */
static Oop leave_to_may_gc(Machine *m, Oop next, Oop answer) {
  unsigned from = machine_push_handle(m, active(m)), value = machine_push_handle(m, answer);
  ProcessSwitch result = switch_to_may_gc(m, next, true);
  Oop process = machine_handle(m, from);
  answer = machine_handle(m, value);
  machine_pop_handles(m, from);
  if (result == PROCESS_NO_MEMORY) return unlink_process(m, process), OOP_FAIL;
  if (process == active(m)) return answer; /* it is its own successor */
  set_answer(m, process, answer);
  return after_switch(m, result);
}

static Oop leave_may_gc(Machine *m, Oop answer) { return leave_to_may_gc(m, best_ready(m), answer); }

/* PROCESS, which is in no list, may run: now, if its priority is not below that of the active one, else when that stops.  As in GNU Smalltalk. */
static Oop resume_may_gc(Machine *m, Oop process, Oop answer) {
  bool now = priority_of(process) >= priority_of(active(m));
  make_ready(m, process, true);
  if (!now) return answer;
  make_ready(m, active(m), false);
  return leave_may_gc(m, answer);
}

static bool is_ready(const Machine *m, Oop process) {
  return process_slot(process, PROCESS_LIST) == m->roots[ROOT_PROCESSES] && oop_to_small(process_slot(process, PROCESS_HEAD)) >= TABLE_READY + 2 * PRIORITY_LOWEST;
}

static Oop prim_active(Machine *m) {
  PROCESSES_OR_FAIL(m);
  return active(m);
}

/* Process >> resume */
static Oop prim_resume(Machine *m) {
  PROCESSES_OR_FAIL(m);
  PROCESS_OR_FAIL(m, 0);
  Oop process = m->args[0];
  if (process == active(m) || is_ready(m, process)) return process;
  if (process_slot(process, PROCESS_FP) == OOP_NIL) return primitive_fail(m, FAILURE_WRONG_STATE);
  unlink_process(m, process);
  set_process_slot(m, process, PROCESS_DEADLINE, OOP_NIL);
  return resume_may_gc(m, process, process);
}

/* Process >> suspend: takes it out of every list. */
static Oop prim_suspend(Machine *m) {
  PROCESSES_OR_FAIL(m);
  PROCESS_OR_FAIL(m, 0);
  Oop process = m->args[0];
  if (process == active(m)) return leave_may_gc(m, process);
  unlink_process(m, process);
  set_process_slot(m, process, PROCESS_DEADLINE, OOP_NIL);
  return process;
}

/* Process >> primTerminate: it never runs again. */
static Oop prim_terminate(Machine *m) {
  PROCESSES_OR_FAIL(m);
  PROCESS_OR_FAIL(m, 0);
  Oop process = m->args[0];
  if (process == active(m)) {
    if (process == table_slot(m, TABLE_MAIN)) return primitive_fail(m, FAILURE_WRONG_STATE);
    return after_switch(m, switch_may_gc(m, false));
  }
  if (process == table_slot(m, TABLE_MAIN)) return primitive_fail(m, FAILURE_WRONG_STATE);
  unlink_process(m, process);
  set_process_slot(m, process, PROCESS_FP, OOP_NIL);
  set_process_slot(m, process, PROCESS_STACK, OOP_NIL);
  set_process_slot(m, process, PROCESS_DEADLINE, OOP_NIL);
  return process;
}

/* As in GNU Smalltalk the best of the others runs, even if its priority is lower: so one may wait for another by yielding in a loop. */
static Oop prim_yield(Machine *m) {
  PROCESSES_OR_FAIL(m);
  Oop next = best_ready(m);
  if (next == OOP_NIL) return m->args[0];
  make_ready(m, active(m), false);
  return leave_to_may_gc(m, next, m->args[0]);
}

/* Process >> prepare: gives a process that is in no list, not begun, its first frame, which runs the method for aSymbol. */
static Oop prim_prepare(Machine *m) {
  PROCESSES_OR_FAIL(m);
  PROCESS_OR_FAIL(m, 0);
  if (!oop_has_class(m->args[1], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (m->args[0] == active(m) || process_slot(m->args[0], PROCESS_FP) != OOP_NIL) return primitive_fail(m, FAILURE_WRONG_STATE);
  Oop found = machine_lookup(m, machine_class_of(m, m->args[0]), m->args[1]);
  if (!found || code_args(oop_to_object(found)) || code_primitive(oop_to_object(found))) return primitive_fail(m, FAILURE_NOT_FOUND);
  unsigned process = machine_push_handle(m, m->args[0]), code = machine_push_handle(m, found);
  bool done = new_stack_may_gc(m, process, process, code);
  machine_pop_handles(m, process);
  return done ? m->args[0] : OOP_FAIL;
}

/* Process >> pushBlock: aBlock -- when the process, which is not active, goes on, it evaluates aBlock first and then does what it was about to do. */
static Oop prim_push_block(Machine *m) {
  PROCESSES_OR_FAIL(m);
  PROCESS_OR_FAIL(m, 0);
  if (!oop_has_class(m->args[1], CLASS_BLOCK_CLOSURE)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (m->args[0] == active(m) || process_slot(m->args[0], PROCESS_FP) == OOP_NIL) return primitive_fail(m, FAILURE_WRONG_STATE);
  Oop code = oop_to_object(m->args[1])->slots[CLOSURE_CODE];
  if (code_args(oop_to_object(code))) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  unsigned process = machine_push_handle(m, m->args[0]);
  Oop old = process_slot(m->args[0], PROCESS_STACK);
  size_t fp = (size_t)oop_to_small(process_slot(m->args[0], PROCESS_FP));
  unsigned base = code_registers(oop_to_object(oop_to_object(old)->slots[fp + FRAME_CODE])) + FRAME_CONTROL;
  size_t count = used_slots(fp + base, oop_to_object(code));
  Oop stack = new_frames_may_gc(m, count + count / 4);
  Oop x = machine_handle(m, process);
  machine_pop_handles(m, process);
  if (!stack) return OOP_FAIL;
  Object *from = oop_to_object(process_slot(x, PROCESS_STACK)), *to = oop_to_object(stack);
  code = oop_to_object(m->args[1])->slots[CLOSURE_CODE];
  memcpy(to->slots, from->slots, (fp + base - FRAME_CONTROL) * 8);
  Oop *frame = to->slots + fp + base;
  frame[FRAME_CONTEXT] = OOP_NIL;
  frame[FRAME_LINK] = LINK_MAKE(oop_to_small(process_slot(x, PROCESS_PC)), base, base); /* the answer goes where nobody looks */
  frame[FRAME_CODE] = code;
  frame[0] = m->args[1];
  if (to->header & FLAG_GUARD) machine_remember(m, to, SIZE_MAX);
  set_process_slot(m, x, PROCESS_STACK, stack);
  set_process_slot(m, x, PROCESS_FP, oop_from_small((int64_t)(fp + base)));
  set_process_slot(m, x, PROCESS_PC, oop_from_small(code_words(oop_to_object(code)) - (const uint32_t *)oop_to_object(code)));
  return x;
}

/* Process >> setPriority: -- moves a ready process to its list; what runs afterwards is as after #resume. */
static Oop prim_set_priority(Machine *m) {
  PROCESSES_OR_FAIL(m);
  PROCESS_OR_FAIL(m, 0);
  Oop process = m->args[0];
  if (!oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < PRIORITY_LOWEST || oop_to_small(m->args[1]) > PRIORITY_HIGHEST)
    return primitive_fail(m, FAILURE_BAD_VALUE);
  bool ready = is_ready(m, process);
  set_process_slot(m, process, PROCESS_PRIORITY, m->args[1]);
  if (process == active(m)) {
    if (processes_ready_priority(m) <= priority_of(process)) return process;
    make_ready(m, process, false);
    return leave_may_gc(m, process);
  }
  if (!ready) return process;
  unlink_process(m, process);
  return resume_may_gc(m, process, process);
}

/* Processor: wait until the nanosecond in argument 1. */
static Oop prim_sleep(Machine *m) {
  PROCESSES_OR_FAIL(m);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (oop_to_small(m->args[1]) < 0) m->args[1] = oop_from_small(0);
  processes_note_deadline(m, m->args[1]);
  add_sleeper(m, active(m));
  return leave_may_gc(m, m->args[0]);
}

/* What a process does: 0 active, 1 ready, 2 waits on a semaphore, 3 sleeps or its primitive waits, 4 suspended, 5 terminated. */
static Oop prim_state(Machine *m) {
  PROCESSES_OR_FAIL(m);
  PROCESS_OR_FAIL(m, 0);
  Oop process = m->args[0], list = process_slot(process, PROCESS_LIST);
  if (process == active(m)) return oop_from_small(0);
  if (list == m->roots[ROOT_PROCESSES]) return oop_from_small(is_ready(m, process) ? 1 : 3);
  if (list != OOP_NIL) return oop_from_small(2);
  return oop_from_small(process_slot(process, PROCESS_FP) == OOP_NIL ? 5 : 4);
}

/* First ready process of a priority, or nil: ProcessorScheduler >> firstReadyAt: */
static Oop prim_first_ready(Machine *m) {
  PROCESSES_OR_FAIL(m);
  if (!oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < PRIORITY_LOWEST || oop_to_small(m->args[1]) > PRIORITY_HIGHEST)
    return primitive_fail(m, FAILURE_BAD_VALUE);
  return table_slot(m, TABLE_READY + 2 * (unsigned)oop_to_small(m->args[1]));
}

static Oop prim_main(Machine *m) {
  PROCESSES_OR_FAIL(m);
  return table_slot(m, TABLE_MAIN);
}

static Oop prim_is_forked(Machine *m) { return oop_from_bool(processes_exist(m) && active(m) != table_slot(m, TABLE_MAIN)); }

/* ---- semaphores ------------------------------------------------------------------------------------------------------------- */

/* The receiver or argument INDEX as a Semaphore that may be written to; 0: it is none, or no memory. */
static Oop semaphore_may_gc(Machine *m, unsigned index) {
  if (!has_class(m, m->args[index], CLASS_SEMAPHORE)) return primitive_fail(m, FAILURE_BAD_RECEIVER), (Oop)0;
  return machine_writable_may_gc(m, m->args[index]);
}

static int64_t signals_of(Oop semaphore) {
  Oop signals = oop_to_object(semaphore)->slots[SEMAPHORE_SIGNALS];
  return oop_is_small(signals) ? oop_to_small(signals) : 0;
}

static void set_signals(Oop semaphore, int64_t count) { oop_to_object(semaphore)->slots[SEMAPHORE_SIGNALS] = oop_from_small(count); }

/* Takes the first process off; its wait answers SEMAPHORE. */
static Oop release_first(Machine *m, Oop semaphore) {
  Oop process = oop_to_object(semaphore)->slots[SEMAPHORE_FIRST];
  if (process == OOP_NIL || !has_class(m, process, CLASS_PROCESS) || !oop_same(m, process_slot(process, PROCESS_LIST), semaphore)) return OOP_NIL;
  unlink_process(m, process);
  set_process_slot(m, process, PROCESS_GRANTED, semaphore);
  set_answer(m, process, semaphore);
  return process;
}

static Oop wait_may_gc(Machine *m, Oop semaphore) {
  if (signals_of(semaphore) > 0) {
    set_signals(semaphore, signals_of(semaphore) - 1);
    set_process_slot(m, active(m), PROCESS_GRANTED, semaphore);
    return semaphore;
  }
  link_last(m, semaphore, SEMAPHORE_FIRST, active(m));
  return leave_may_gc(m, OOP_NIL);
}

static Oop prim_wait(Machine *m) {
  PROCESSES_OR_FAIL(m);
  Oop semaphore = semaphore_may_gc(m, 0);
  return semaphore ? wait_may_gc(m, semaphore) : OOP_FAIL;
}

static Oop prim_signal(Machine *m) {
  PROCESSES_OR_FAIL(m);
  Oop semaphore = semaphore_may_gc(m, 0);
  if (!semaphore) return OOP_FAIL;
  Oop process = release_first(m, semaphore);
  if (process != OOP_NIL) return resume_may_gc(m, process, semaphore);
  set_signals(semaphore, signals_of(semaphore) + 1);
  return semaphore;
}

static Oop prim_notify(Machine *m) {
  PROCESSES_OR_FAIL(m);
  Oop semaphore = semaphore_may_gc(m, 0);
  if (!semaphore) return OOP_FAIL;
  Oop process = release_first(m, semaphore);
  return process == OOP_NIL ? semaphore : resume_may_gc(m, process, semaphore);
}

/* All are made ready in their order; then the best one runs. */
static Oop prim_notify_all(Machine *m) {
  PROCESSES_OR_FAIL(m);
  Oop semaphore = semaphore_may_gc(m, 0), process;
  if (!semaphore) return OOP_FAIL;
  unsigned highest = 0;
  while ((process = release_first(m, semaphore)) != OOP_NIL) {
    if (priority_of(process) > highest) highest = priority_of(process);
    make_ready(m, process, false);
  }
  if (highest < priority_of(active(m))) return semaphore;
  make_ready(m, active(m), false);
  return leave_may_gc(m, semaphore);
}

/* receiver waitAfterSignalling: aSemaphore */
static Oop prim_wait_after_signalling(Machine *m) {
  PROCESSES_OR_FAIL(m);
  if (!semaphore_may_gc(m, 0) || !semaphore_may_gc(m, 1)) return OOP_FAIL;
  Oop mine = oop_resolve(m, m->args[0]), other = oop_resolve(m, m->args[1]), process = release_first(m, other);
  if (process == OOP_NIL) set_signals(other, signals_of(other) + 1);
  else make_ready(m, process, true);
  if (signals_of(mine) > 0 && process != OOP_NIL && priority_of(process) >= priority_of(active(m))) {
    set_signals(mine, signals_of(mine) - 1);
    set_process_slot(m, active(m), PROCESS_GRANTED, mine);
    make_ready(m, active(m), false);
    return leave_may_gc(m, mine);
  }
  return wait_may_gc(m, mine);
}

/* Takes all signals away; answers whether there were none. */
static Oop prim_lock(Machine *m) {
  Oop semaphore = semaphore_may_gc(m, 0);
  if (!semaphore) return OOP_FAIL;
  bool locked = signals_of(semaphore) <= 0;
  set_signals(semaphore, 0);
  return oop_from_bool(locked);
}

/* ---- continuations ----------------------------------------------------------------------------------------------------------
 *
 * The frames of a continuation stand in a Process that never runs, and go back to the offsets that they had.  So a Context, which knows its frame by the
 * offset and is known by it, may belong to several copies of one frame: it stands for the one that is on the stack, and for none when that returns. */

/* Only one run is on the stack: what C has begun on top of another one must return there. */
static bool is_one_run(const Machine *m) {
  const Oop *fp = m->fp;
  while (!LINK_IS_BOTTOM(fp[FRAME_LINK])) fp = frame_caller(m, fp);
  return !LINK_BELOW(fp[FRAME_LINK]);
}

/* The frames below the one that asks, whose answer is what a continuation is given. */
static Oop prim_continuation_capture(Machine *m) {
  Oop link = m->fp[FRAME_LINK];
  if (LINK_IS_BOTTOM(link) || !is_one_run(m)) return primitive_fail(m, FAILURE_WRONG_STATE);
  const Oop *caller = frame_caller(m, m->fp);
  uint32_t pc = link_pc(link, frame_code(caller));
  if (answer_register(frame_code(caller), pc) != (int)link_dest(link)) return primitive_fail(m, FAILURE_WRONG_STATE);
  size_t fp = frame_offset(m, caller), live = frame_offset(m, m->fp) - FRAME_CONTROL, count = used_slots(fp, frame_code(caller));
  Oop process = machine_new_may_gc(m, CLASS_PROCESS, FORMAT_FIXED, PROCESS_SLOTS);
  if (!process) return OOP_FAIL;
  unsigned handle = machine_push_handle(m, process);
  Oop stack = new_frames_may_gc(m, count);
  process = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  if (!stack) return OOP_FAIL;
  frames_settle_links(m);
  Object *array = oop_to_object(stack);
  for (size_t i = 0; i < live && i < count; i++) array->slots[i] = m->stack[i] ? m->stack[i] : OOP_NIL;
  if (array->header & FLAG_GUARD) machine_remember(m, array, SIZE_MAX);
  set_process_slot(m, process, PROCESS_STACK, stack);
  set_process_slot(m, process, PROCESS_FP, oop_from_small((int64_t)fp));
  set_process_slot(m, process, PROCESS_PC, oop_from_small(pc));
  if (m->grace && m->grace <= fp) set_process_slot(m, process, PROCESS_GRACE, oop_from_small(m->grace));
  primitive_charge(m, count * 2);
  return process;
}

/* Every Context of a frame on the stack stands for that frame. */
static void adopt_contexts(Machine *m) {
  for (Oop *fp = m->fp; fp; fp = frame_caller(m, fp))
    if (fp[FRAME_CONTEXT] != OOP_NIL) machine_store(m, oop_to_object(fp[FRAME_CONTEXT]), CONTEXT_FRAME, oop_from_small((int64_t)frame_offset(m, fp)));
}

/* frames, value: what runs is dropped, without unwinding; a copy of the frames goes on with the value. */
static Oop prim_continuation_resume(Machine *m) {
  PROCESS_OR_FAIL(m, 1);
  Oop process = oop_resolve(m, m->args[1]);
  if (process_slot(process, PROCESS_FP) == OOP_NIL || process_slot(process, PROCESS_LIST) != OOP_NIL || !is_one_run(m)) return primitive_fail(m, FAILURE_WRONG_STATE);
  unsigned frames = machine_push_handle(m, process), value = machine_push_handle(m, m->args[2]);
  bool room = room_for_frames_may_gc(m, frames);
  process = machine_handle(m, frames);
  Oop answer = machine_handle(m, value);
  machine_pop_handles(m, frames);
  if (!room) return primitive_fail(m, FAILURE_NO_MEMORY);
  leave_stack(m, false);
  primitive_charge(m, copy_frames(m, process) * 2);
  adopt_contexts(m);
  int dest = answer_register(frame_code(m->fp), m->pc);
  if (dest > 0) m->fp[dest] = answer;
  m->call = 0;
  return OOP_CONTROL;
}

const Primitive process_primitives[] = {
    {"process_active", prim_active, 0, "the process that runs", 0},
    {"process_main", prim_main, 0, "the process of the actor's turn or block", 0},
    {"process_is_forked", prim_is_forked, 0, "is the process that runs another one than the main one?", 0},
    {"process_first_ready", prim_first_ready, 1, "first ready process of a priority, or nil", 0},
    {"process_prepare", prim_prepare, 1, "give a new process its first frame: the method of that name", 0},
    {"process_push_block", prim_push_block, 1, "evaluate the block when the process goes on, before all else", 0},
    {"process_resume", prim_resume, 0, "let the process run; at once unless its priority is lower", 0},
    {"process_suspend", prim_suspend, 0, "stop the process until it is resumed", 0},
    {"process_terminate", prim_terminate, 0, "drop the frames of the process without unwinding", 0},
    {"process_yield", prim_yield, 0, "let other ready processes run first", 0},
    {"process_set_priority", prim_set_priority, 1, "change the priority", 0},
    {"process_sleep", prim_sleep, 1, "let the process wait until a nanosecond", 0},
    {"process_state", prim_state, 0, "0 active 1 ready 2 waits for a semaphore 3 sleeps 4 suspended 5 terminated", 0},
    {"continuation_capture", prim_continuation_capture, 0, "the frames below the method that asks, as a process that never runs", 0},
    {"continuation_resume", prim_continuation_resume, 2, "go on with a copy of those frames: their send answers the value", 0},
    {"semaphore_wait", prim_wait, 0, "take a signal, or wait for one: the receiver, or nil when interrupted", 0},
    {"semaphore_signal", prim_signal, 0, "let the first waiting process run, or leave a signal", 0},
    {"semaphore_notify", prim_notify, 0, "let the first waiting process run", 0},
    {"semaphore_notify_all", prim_notify_all, 0, "let all waiting processes run", 0},
    {"semaphore_wait_after_signalling", prim_wait_after_signalling, 1, "signal the argument and wait, in one step", 0},
    {"semaphore_lock", prim_lock, 0, "take all signals; answers whether there were none", 0},
    {NULL, NULL, 0, NULL, 0},
};
