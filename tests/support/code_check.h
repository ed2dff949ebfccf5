/* SPDX-License-Identifier: MIT */
/* code_check.h -- is a template well formed?  An oracle for the tests and the fuzzer of the compiler.
 *
 * Follows every path through the words with the set of registers that certainly hold a value.  A send leaves nothing in
 * the registers from three below its receiver up, for the frame of the callee was there.  So a clobbered or never
 * written register that is read later is found, whatever the program. */
#ifndef ATOLL_CODE_CHECK_H
#define ATOLL_CODE_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "compiler.h"
#include "opcodes.h"

typedef struct CodeCheck {
  const CodeTemplate *code;
  uint8_t (*held)[256]; /* for each word: registers that hold a value there */
  uint8_t *reached, *waiting, *is_operand;
  unsigned waiting_count, *queue;
  char *problem;
  size_t size;
} CodeCheck;

static const char *const code_check_operands[] = {
#define OP(name, operands, doc) operands,
    OPCODES(OP)
#undef OP
};

static void code_check_fail(CodeCheck *c, unsigned pc, const char *what, unsigned value) {
  if (!*c->problem) snprintf(c->problem, c->size, "word %u: %s %u", pc, what, value);
}

static void code_check_flow(CodeCheck *c, unsigned from, long to, const uint8_t *held) {
  bool changed = false;
  if (to < 0 || to >= (long)c->code->word_count || c->is_operand[to]) {
    code_check_fail(c, from, "goes to", (unsigned)to);
    return;
  }
  if (!c->reached[to]) {
    memcpy(c->held[to], held, 256);
    c->reached[to] = 1;
    changed = true;
  } else {
    for (unsigned i = 0; i < 256; i++)
      if (c->held[to][i] && !held[i]) c->held[to][i] = 0, changed = true;
  }
  if (!changed || c->waiting[to]) return;
  c->waiting[to] = 1;
  c->queue[c->waiting_count++] = (unsigned)to;
}

static void code_check_read(CodeCheck *c, unsigned pc, const uint8_t *held, unsigned reg) {
  if (reg >= c->code->registers)
    code_check_fail(c, pc, "reads a register out of range:", reg);
  else if (!held[reg])
    code_check_fail(c, pc, "reads a register that holds nothing:", reg);
}

static void code_check_write(CodeCheck *c, unsigned pc, uint8_t *held, unsigned reg) {
  if (reg >= c->code->registers)
    code_check_fail(c, pc, "writes a register out of range:", reg);
  else
    held[reg] = 1;
}

static unsigned code_check_extra(const CodeTemplate *code, unsigned pc) {
  switch (op_code(code->words[pc])) {
  case OP_SEND:
  case OP_SUPERSEND:
  case OP_BLOCKVALUE: return 1;
  case OP_CLOSURE: return pc + 1 < code->word_count ? 1 + ((code->words[pc + 1] & 255) + 3) / 4 : 0;
  default: return 0;
  }
}

static bool code_check_is_fused(unsigned op) {
  return (op >= OP_LT_J && op <= OP_NEI_J) || op == OP_SAME_J || op == OP_NOT_SAME_J;
}

static void code_check_reads(CodeCheck *c, unsigned pc, const uint8_t *held) {
  const CodeTemplate *code = c->code;
  uint32_t w = code->words[pc];
  unsigned fields[] = {op_a(w), op_b(w), op_c(w)}, op = op_code(w);
  const char *kinds = code_check_operands[op];
  for (unsigned i = 0; kinds[i]; i++) {
    if (kinds[i] == 'r' && op != OP_ARRAY) code_check_read(c, pc, held, fields[i]);
    if (kinds[i] == 'k' && op_bx(w) >= code->literal_count) code_check_fail(c, pc, "literal", op_bx(w));
  }
  if (op == OP_ARRAY)
    for (unsigned i = 0; i < op_c(w); i++) code_check_read(c, pc, held, op_b(w) + i);
  if (op == OP_SEND || op == OP_SUPERSEND || op == OP_BLOCKVALUE) {
    for (unsigned i = 0; i <= op_b(w); i++) code_check_read(c, pc, held, op_a(w) + i);
    if (op_a(w) < 1 + FRAME_CONTROL) code_check_fail(c, pc, "no room below receiver", op_a(w));
    if (code->words[pc + 1] >= code->literal_count) code_check_fail(c, pc, "selector", code->words[pc + 1]);
  }
  if (op == OP_CLOSURE)
    for (unsigned i = 0; i < (code->words[pc + 1] & 255); i++)
      code_check_read(c, pc, held, code->words[pc + 2 + i / 4] >> (i % 4 * 8) & 255);
}

static void code_check_writes(CodeCheck *c, unsigned pc, uint8_t *held) {
  uint32_t w = c->code->words[pc];
  unsigned op = op_code(w);
  if (op == OP_SEND || op == OP_SUPERSEND || op == OP_BLOCKVALUE) {
    for (unsigned i = op_a(w) >= 3 ? op_a(w) - 3 : 0; i < 256; i++) held[i] = 0;
    code_check_write(c, pc, held, op_c(w));
  } else if (op == OP_LOADNIL) {
    for (unsigned i = 0; i <= op_b(w); i++) code_check_write(c, pc, held, op_a(w) + i);
  } else if (code_check_operands[op][0] == 'w') {
    code_check_write(c, pc, held, op_a(w));
  }
}

static void code_check_successors(CodeCheck *c, unsigned pc, const uint8_t *held) {
  uint32_t w = c->code->words[pc];
  unsigned op = op_code(w), next = pc + 1 + code_check_extra(c->code, pc);
  switch (op) {
  case OP_RETURN:
  case OP_RETURN_SELF:
  case OP_RETURN_NIL:
  case OP_BLOCKRETURN: return;
  case OP_JUMP:
    if (op_sj(w) < 0) code_check_fail(c, pc, "JUMP goes backward", pc);
    code_check_flow(c, pc, (long)pc + 1 + op_sj(w), held);
    return;
  case OP_LOOP:
    if (op_sj(w) >= 0) code_check_fail(c, pc, "LOOP goes forward", pc);
    code_check_flow(c, pc, (long)pc + 1 + op_sj(w), held);
    return;
  case OP_FORLOOP:
  case OP_FORSTEP:
    if (op_code(c->code->words[pc + 1]) != OP_LOOP)
      code_check_fail(c, pc, "FORLOOP without LOOP", pc);
    else
      code_check_flow(c, pc, (long)pc + 2 + op_sj(c->code->words[pc + 1]), held);
    code_check_flow(c, pc, (long)pc + 4, held);
    code_check_flow(c, pc, (long)pc + 2, held);
    return;
  case OP_JUMP_TRUE:
  case OP_JUMP_FALSE:
  case OP_JUMP_NIL:
  case OP_JUMP_NOT_NIL:
    if (op_sbx(w) < 0) code_check_fail(c, pc, "jumps backward", pc);
    code_check_flow(c, pc, (long)pc + 1 + op_sbx(w), held);
    break;
  default: break;
  }
  if (code_check_is_fused(op)) {
    uint32_t jump = next < c->code->word_count ? c->code->words[next] : 0;
    if ((op_code(jump) != OP_JUMP_TRUE && op_code(jump) != OP_JUMP_FALSE) || op_a(jump) != op_a(w))
      code_check_fail(c, pc, "comparison without its jump", op);
  }
  code_check_flow(c, pc, next, held);
}

/* A word that names a pair is followed by the pair's second instruction. */
static void code_check_pair(CodeCheck *c, unsigned pc, unsigned extra) {
  static const uint8_t seconds[] = {
#define PAIR(name, first, second) OP_##second,
      JUMP_PAIRS(PAIR) ARITHMETIC_PAIRS(PAIR) PAIRS(PAIR)
#undef PAIR
  };
  unsigned raw = c->code->words[pc] & 0xff, next = pc + 1 + extra;
  if (raw < OPCODE_COUNT || raw >= OPCODE_END) return;
  unsigned second = seconds[raw - OPCODE_COUNT], found = next < c->code->word_count ? c->code->words[next] : OPCODE_END;
  if ((found & 0xff) != second && op_code(found) != second) code_check_fail(c, pc, "pair without its second instruction:", raw);
  if (raw == OP_FORLOOP1 && op_sc(c->code->words[pc]) != 1) code_check_fail(c, pc, "FORLOOP1 with another step", raw);
}

static void code_check_run(CodeCheck *c) {
  const CodeTemplate *code = c->code;
  uint8_t held[256] = {0};
  for (unsigned pc = 0; pc < code->word_count; pc++) {
    unsigned extra;
    if (op_code(code->words[pc]) >= OPCODE_COUNT) code_check_fail(c, pc, "opcode", op_code(code->words[pc]));
    extra = code_check_extra(code, pc);
    code_check_pair(c, pc, extra);
    if (pc + extra >= code->word_count) code_check_fail(c, pc, "cut off", extra);
    while (extra-- && pc + 1 < code->word_count) c->is_operand[++pc] = 1;
  }
  if (*c->problem) return;
  memset(held, 1, code->args + 1);
  code_check_flow(c, 0, 0, held);
  while (c->waiting_count && !*c->problem) {
    unsigned pc = c->queue[--c->waiting_count];
    c->waiting[pc] = 0;
    memcpy(held, c->held[pc], 256);
    code_check_reads(c, pc, held);
    code_check_writes(c, pc, held);
    code_check_successors(c, pc, held);
  }
}

/* Blocks inside are checked too.  Answers true, or false with the first problem in PROBLEM. */
static bool code_check(const CodeTemplate *code, char *problem, size_t size) {
  CodeCheck c = {.code = code, .problem = problem, .size = size};
  unsigned n = code->word_count + 1;
  problem[0] = 0;
  c.held = calloc(n, sizeof *c.held);
  c.reached = calloc(n, 1);
  c.waiting = calloc(n, 1);
  c.is_operand = calloc(n, 1);
  c.queue = calloc(n, sizeof *c.queue);
  if (code->registers > 256) code_check_fail(&c, 0, "registers:", code->registers);
  if (code->args + 1 > code->registers) code_check_fail(&c, 0, "arguments:", code->args);
  code_check_run(&c);
  free(c.held);
  free(c.reached);
  free(c.waiting);
  free(c.is_operand);
  free(c.queue);
  for (unsigned i = 0; i < code->literal_count && !*problem; i++)
    if (code->literals[i].code) code_check(code->literals[i].code, problem, size);
  return !*problem;
}

#endif
