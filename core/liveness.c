/* SPDX-License-Identifier: MIT */
/* liveness.c -- which registers of running code may still be read: computed from its words, backwards, when a collection wants to know.
 *
 * A frame that has called another goes on behind its send, so what is live there is live in the frame.  The others of its registers hold what earlier
 * expressions, or frames of earlier calls, have left.  Left as they are: variables, the receiver, frames that others look into (<exceptionHandler>,
 * <unwindBlock>, <exceptionBarrier>, thisContext), what was interrupted, and the top frame unless it is at a send. */
#include "liveness.h"

#include "frames.h"
#include "memory_internal.h"

typedef struct RegisterSet {
  uint64_t bits[4];
} RegisterSet;

static inline void set_add(RegisterSet *s, unsigned r) { s->bits[r >> 6 & 3] |= (uint64_t)1 << (r & 63); }
static inline void set_remove(RegisterSet *s, unsigned r) { s->bits[r >> 6 & 3] &= ~((uint64_t)1 << (r & 63)); }
static inline bool set_has(const RegisterSet *s, unsigned r) { return s->bits[r >> 6 & 3] >> (r & 63) & 1; }
static void set_remove_from(RegisterSet *s, unsigned first) {
  for (unsigned r = first; r < 256; r++) set_remove(s, r);
}

static const char *const operands[] = {
#define OP(name, operands, doc) operands,
    OPCODES(OP)
#undef OP
};

/* The code of a method or block: words and what is live before each. */
typedef struct Flow {
  const uint32_t *words;
  unsigned count;
  RegisterSet *live;
} Flow;

/* Words behind the one at AT that belong to it and are not run. */
static unsigned extra_words(const Flow *f, unsigned at) {
  switch (op_code(f->words[at])) {
  case OP_SEND:
  case OP_SUPERSEND:
  case OP_BLOCKVALUE: return 1;
  case OP_CLOSURE: return 1 + ((f->words[at + 1] & 255) + 3) / 4;
  default: return 0;
  }
}

static void add_live(const Flow *f, RegisterSet *s, long at) {
  if (at < 0 || at >= (long)f->count) return;
  for (int i = 0; i < 4; i++) s->bits[i] |= f->live[at].bits[i];
}

/* What is live behind the instruction at AT: wherever it may go on. */
static RegisterSet live_behind(const Flow *f, unsigned at) {
  RegisterSet s = {{0}};
  uint32_t w = f->words[at];
  long next = (long)at + 1 + extra_words(f, at);
  switch (op_code(w)) {
  case OP_RETURN: case OP_RETURN_SELF: case OP_RETURN_NIL: case OP_BLOCKRETURN: return s;
  case OP_JUMP: case OP_LOOP: return add_live(f, &s, next + op_sj(w)), s;
  case OP_JUMP_TRUE: case OP_JUMP_FALSE: case OP_JUMP_NIL: case OP_JUMP_NOT_NIL: add_live(f, &s, next + op_sbx(w)); break;
  case OP_FORLOOP: case OP_FORSTEP: /* the word behind is its operand; then come the slow step and, in two words, the end */
    add_live(f, &s, next + 1 + op_sj(f->words[at + 1]));
    add_live(f, &s, next + 1);
    next += 3;
    break;
  default: break;
  }
  add_live(f, &s, next);
  return s;
}

static void add_range(RegisterSet *s, unsigned first, unsigned count) {
  for (unsigned i = 0; i < count; i++) set_add(s, first + i);
}

/* S is what is live behind the instruction at AT; makes it what is live before. */
static void step_back(const Flow *f, unsigned at, RegisterSet *s) {
  uint32_t w = f->words[at];
  unsigned op = op_code(w), fields[] = {op_a(w), op_b(w), op_c(w)};
  switch (op) {
  case OP_SEND:
  case OP_SUPERSEND:
  case OP_BLOCKVALUE:
    set_remove(s, op_c(w));
    if (op_a(w) >= FRAME_CONTROL) set_remove_from(s, op_a(w) - FRAME_CONTROL); /* the callee's frame was there */
    add_range(s, op_a(w), op_b(w) + 1);
    return;
  case OP_LOADNIL:
    for (unsigned i = 0; i <= op_b(w); i++) set_remove(s, op_a(w) + i);
    return;
  case OP_ARRAY:
    set_remove(s, op_a(w));
    add_range(s, op_b(w), op_c(w));
    return;
  case OP_CLOSURE:
    set_remove(s, op_a(w));
    for (unsigned i = 0; i < (f->words[at + 1] & 255); i++) set_add(s, f->words[at + 2 + i / 4] >> i % 4 * 8 & 255);
    return;
  default: break;
  }
  for (unsigned i = 0; operands[op][i]; i++)
    if (operands[op][i] == 'w') set_remove(s, fields[i]);
  for (unsigned i = 0; operands[op][i]; i++)
    if (operands[op][i] == 'r') set_add(s, fields[i]);
}

/* Where each instruction begins, by its first word, and which registers hold vectors of variables; false when there is an instruction that cannot be judged. */
static bool find_starts(const Flow *f, uint8_t *starts, RegisterSet *vectors) {
  for (unsigned at = 0; at < f->count; at += 1 + extra_words(f, at)) {
    unsigned op = op_code(f->words[at]);
    if (op >= OPCODE_COUNT || op == OP_THISCONTEXT) return false;
    if (op == OP_CLOSURE && at + 1 >= f->count) return false;
    if (op == OP_NEWVEC) set_add(vectors, op_a(f->words[at]));
    starts[at] = 1;
  }
  return true;
}

/* Until nothing changes: once for straight code, once more for each loop around a loop. */
static void flow_solve(Flow *f, const uint8_t *starts) {
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned at = f->count; at-- > 0;) {
      if (!starts[at]) continue;
      RegisterSet s = live_behind(f, at);
      step_back(f, at, &s);
      changed |= memcmp(&s, &f->live[at], sizeof s) != 0;
      f->live[at] = s;
    }
  }
}

/* The answers for pairs of code and place, since the same ones come again and again on a deep stack. */
enum { KNOWN = 64, MOST_WORDS = 8192, MOST_FRAMES = 1024 };
typedef struct Known {
  const Object *code;
  uint32_t pc;
  bool judged;
  RegisterSet live;
} Known;

/* The registers of CODE that belong to variables. */
static RegisterSet named_registers(const Machine *m, const Object *code) {
  RegisterSet s = {{0}};
  Oop debug = code->slots[CODE_DEBUG], names = debug == OOP_NIL ? OOP_NIL : machine_object(m, debug)->slots[DEBUG_NAMES];
  if (!oop_is_pointer(names)) return s;
  Object *array = machine_object(m, names);
  for (size_t i = 0; i < object_pointer_slots(array) && i < 255; i++)
    if (array->slots[i] != OOP_NIL) set_add(&s, (unsigned)i + 1);
  return s;
}

/* What has to be kept in CODE at PC, counted from the start of the object: what is live, and variables. */
static bool try_live(Machine *m, const Object *code, uint32_t pc, RegisterSet *live) {
  const uint32_t *words = code_words(code);
  unsigned at = pc - (uint32_t)(words - (const uint32_t *)code);
  Flow f = {.words = words, .count = (unsigned)((const uint32_t *)(code->slots + object_slots(code)) - words)};
  if (f.count > MOST_WORDS || at >= f.count) return false;
  size_t bytes = f.count * (sizeof *f.live + 1);
  f.live = account_alloc(machine_accounts(m), ACCOUNT_OTHER, bytes); /* empty sets */
  if (!f.live) return false;
  uint8_t *starts = (uint8_t *)(f.live + f.count);
  RegisterSet vectors = {{0}};
  bool judged = find_starts(&f, starts, &vectors) && starts[at];
  if (judged) {
    RegisterSet named = named_registers(m, code);
    flow_solve(&f, starts);
    for (int i = 0; i < 4; i++) live->bits[i] = f.live[at].bits[i] | named.bits[i] | vectors.bits[i];
  }
  account_free(machine_accounts(m), ACCOUNT_OTHER, f.live, bytes);
  return judged;
}

static const Known *known(Machine *m, Known *table, const Object *code, uint32_t pc) {
  Known *k = &table[(((uintptr_t)code >> 3) * 31 + pc) % KNOWN];
  if (k->code == code && k->pc == pc) return k;
  *k = (Known){.code = code, .pc = pc};
  k->judged = try_live(m, code, pc, &k->live);
  return k;
}

/* FP will go on at PC; its registers from END on belong to what it has called. */
static void clear_dead(Machine *m, Known *table, Oop *fp, uint32_t pc, unsigned end) {
  const Object *code = frame_code(fp);
  unsigned first = code_args(code) + 1, registers = code_registers(code);
  if (code_flags(code) & (CODE_HANDLER | CODE_UNWIND | CODE_BARRIER) || first >= end) return;
  const Known *k = known(m, table, code, pc);
  for (unsigned r = first; k->judged && r < end && r < registers; r++)
    if (!set_has(&k->live, r)) fp[r] = OOP_NIL;
  for (unsigned r = registers > first ? registers : first; r < end; r++) fp[r] = OOP_NIL;
}

/* At a send, to a primitive for instance, whose arguments end at the top of what is used. */
static void clear_top(Machine *m, Known *table) {
  if (m->args < m->fp + FRAME_CONTROL) return;
  clear_dead(m, table, m->fp, m->pc, (unsigned)(m->args - m->fp));
  for (Oop *slot = m->args + m->argc + 1, *top = machine_stack_top(m); slot < top && slot < m->stack_limit; slot++) *slot = OOP_NIL;
}

void liveness_clear_dead(Machine *m) {
  Known table[KNOWN] = {{NULL, 0, false, {{0}}}};
  Oop *callee = m->fp;
  if (!callee) return;
  if (m->args) clear_top(m, table);
  unsigned frames = 0; /* of a deep recursion those near the top: it may be collected again and again on its way */
  for (Oop *fp = frame_caller(m, callee); fp && frames++ < MOST_FRAMES; callee = fp, fp = frame_caller(m, fp)) {
    Oop link = callee[FRAME_LINK];
    if (!LINK_IS_BOTTOM(link) && link_base(link) >= FRAME_CONTROL) clear_dead(m, table, fp, link_pc(link, frame_code(fp)), link_base(link) - FRAME_CONTROL);
  }
}
