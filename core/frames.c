/* SPDX-License-Identifier: MIT */
/* frames.c -- walking and cutting the stack.  All loops: the depth of the stack is the program's choice. */
#include "frames.h"

#include "memory_internal.h"

Oop *frame_caller(const Machine *m, const Oop *fp) {
  Oop link = fp[FRAME_LINK];
  if (!LINK_IS_BOTTOM(link)) return (Oop *)fp - link_base(link);
  size_t below = LINK_BELOW(link);
  return below ? m->stack + below : NULL;
}

size_t frames_reach(const Oop *stack, size_t fp) {
  enum { FURTHEST = CODE_MAX_REGISTERS + STACK_SLACK };
  size_t reach = 0;
  for (;;) {
    Oop link = stack[fp + FRAME_LINK];
    size_t end = fp + code_registers(frame_code(stack + fp)) + STACK_SLACK, below = LINK_IS_BOTTOM(link) ? LINK_BELOW(link) : fp - link_base(link);
    if (end > reach) reach = end;
    if (!below || below + FURTHEST <= reach) return reach;
    fp = below;
  }
}

void frames_settle_links(Machine *m) {
  for (Oop *fp = m->fp, *caller; fp && (caller = frame_caller(m, fp)); fp = caller) {
    Oop link = fp[FRAME_LINK];
    if (link & LINK_NEAR) fp[FRAME_LINK] = LINK_MAKE(link_pc(link, frame_code(caller)), link_dest(link), link_base(link));
  }
}

Oop *frame_at(const Machine *m, Oop offset) {
  if (!oop_is_small(offset)) return NULL;
  for (Oop *fp = m->fp; fp; fp = frame_caller(m, fp))
    if ((int64_t)frame_offset(m, fp) == oop_to_small(offset)) return fp;
  return NULL;
}

Oop *frame_of_context(const Machine *m, Oop context) {
  Oop *fp = frame_at(m, oop_to_object(context)->slots[CONTEXT_FRAME]);
  return fp && fp[FRAME_CONTEXT] == context ? fp : NULL;
}

Oop *frame_callee(const Machine *m, const Oop *frame) {
  for (Oop *fp = m->fp, *above = NULL; fp; above = fp, fp = frame_caller(m, fp))
    if (fp == frame) return above;
  return NULL;
}

uint32_t frame_pc(const Machine *m, const Oop *fp) {
  const Oop *callee = frame_callee(m, fp);
  if (!callee) return m->pc;
  Oop link = callee[FRAME_LINK];
  return LINK_IS_BOTTOM(link) ? (uint32_t)oop_to_small(callee[FRAME_SAVED_PC]) : link_pc(link, frame_code(fp));
}

Oop *frame_home(const Machine *m, const Oop *fp) {
  if (!(code_flags(frame_code(fp)) & CODE_IS_BLOCK)) return (Oop *)fp;
  Oop home = machine_object(m, fp[0])->slots[CLOSURE_HOME];
  return home == OOP_NIL ? NULL : frame_of_context(m, home);
}

Oop frame_receiver(const Machine *m, const Oop *fp) {
  if (!(code_flags(frame_code(fp)) & CODE_IS_BLOCK)) return fp[0];
  return oop_resolve(m, machine_object(m, fp[0])->slots[CLOSURE_RECEIVER]);
}

static uint32_t read_leb(const uint8_t **p, const uint8_t *end) {
  uint32_t value = 0;
  for (unsigned shift = 0; *p < end; shift += 7) {
    uint8_t byte = *(*p)++;
    value |= (uint32_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) break;
  }
  return value;
}

bool debug_info_try_part(const Machine *m, const Object *debug, unsigned slot, const char **bytes, size_t *size) {
  Oop part = debug->slots[slot];
  if (!oop_is_small(part)) return oop_try_bytes(m, part, bytes, size);
  return (*bytes = source_image_text(m->source, oop_to_small(part), size)) != NULL;
}

unsigned code_line(const Machine *m, const Object *code, uint32_t pc) {
  if (code->slots[CODE_DEBUG] == OOP_NIL) return 0;
  Object *debug = machine_object(m, code->slots[CODE_DEBUG]);
  const char *lines;
  size_t size;
  if (!oop_is_small(debug->slots[DEBUG_LINE])) return 0;
  uint32_t line = (uint32_t)oop_to_small(debug->slots[DEBUG_LINE]), at = 0;
  uint32_t index = pc - (uint32_t)(code_words(code) - (const uint32_t *)code);
  if (!debug_info_try_part(m, debug, DEBUG_LINES, &lines, &size)) return line;
  const uint8_t *p = (const uint8_t *)lines, *end = p + size;
  while (p < end) {
    at += read_leb(&p, end);
    uint32_t delta = read_leb(&p, end);
    if (at >= index) break; /* pc names the instruction after the call */
    line += (delta >> 1) ^ -(delta & 1);
  }
  return line;
}

Oop frame_context_may_gc(Machine *m, size_t offset) {
  Oop context = m->stack[offset + FRAME_CONTEXT];
  if (context != OOP_NIL) return context;
  context = machine_new_may_gc(m, CLASS_CONTEXT, FORMAT_FIXED, CONTEXT_SLOTS);
  if (!context) return 0;
  Oop *fp = m->stack + offset;
  Object *object = oop_to_object(context);
  object->slots[CONTEXT_FRAME] = oop_from_small((int64_t)offset);
  object->slots[CONTEXT_CODE] = fp[FRAME_CODE];
  object->slots[CONTEXT_RECEIVER] = frame_receiver(m, fp);
  return fp[FRAME_CONTEXT] = context;
}

/* A Context of a frame that goes away says so. */
static void forget_context(Oop *fp) {
  if (fp[FRAME_CONTEXT] == OOP_NIL) return;
  oop_to_object(fp[FRAME_CONTEXT])->slots[CONTEXT_FRAME] = OOP_NIL;
  fp[FRAME_CONTEXT] = OOP_NIL;
}

static void drop_above(Machine *m, Oop *stop) {
  for (Oop *fp = m->fp; fp && fp != stop; fp = frame_caller(m, fp)) forget_context(fp);
}

void machine_settle_graces(Machine *m) {
  size_t bytes = frame_offset(m, m->fp) * 8;
  while (m->graces > 1 && bytes + DEPTH_GRACE / 8 < machine_depth_limit(m) - DEPTH_GRACE) m->graces--;
}

static void end_grace(Machine *m) {
  if (!m->grace) return;
  size_t at = m->fp ? frame_offset(m, m->fp) : 0;
  unsigned before = m->graces;
  if (at < m->grace || !m->fp) m->grace = m->graces = 0;
  else machine_settle_graces(m);
  if (m->graces == before) return;
  Oop *limit = m->stack + machine_depth_limit(m) / 8, *top = m->fp ? m->fp + code_registers(frame_code(m->fp)) + STACK_SLACK : m->stack;
  if (limit < top) limit = top;
  if (m->stack_limit > limit) m->stack_limit = limit; /* what the stack has grown beyond its limit is not for next time */
}

void frames_return(Machine *m, Oop *fp, Oop value) {
  Oop link = fp[FRAME_LINK];
  drop_above(m, fp);
  forget_context(fp);
  m->fp = frame_caller(m, fp);
  end_grace(m);
  if (LINK_IS_BOTTOM(link)) {
    m->pc = m->fp ? (uint32_t)oop_to_small(fp[FRAME_SAVED_PC]) : 0;
    m->roots[ROOT_RESULT] = value;
    m->done = 1;
    return;
  }
  m->pc = link_pc(link, frame_code(m->fp));
  m->fp[link_dest(link)] = value;
}

void frames_resume(Machine *m, Oop *fp, Oop value) {
  Oop link = frame_callee(m, fp)[FRAME_LINK];
  drop_above(m, fp);
  m->fp = fp;
  end_grace(m);
  m->pc = link_pc(link, frame_code(fp));
  fp[link_dest(link)] = value;
}

void frames_restart(Machine *m, Oop *fp) {
  drop_above(m, fp);
  forget_context(fp);
  m->fp = fp;
  end_grace(m);
  m->pc = (uint32_t)(code_words(frame_code(fp)) - (const uint32_t *)frame_code(fp));
}

Oop *frames_find(const Machine *m, Oop *fp, const Oop *stop, unsigned flags) {
  for (; fp && fp != stop; fp = frame_caller(m, fp)) {
    unsigned code = code_flags(frame_code(fp));
    if (code & flags) return fp;
    if (code & CODE_BARRIER || LINK_IS_BOTTOM(fp[FRAME_LINK])) return NULL;
  }
  return NULL;
}

void machine_clear_stack(Machine *m) {
  drop_above(m, NULL);
  m->fp = NULL;
  m->args = NULL;
}
