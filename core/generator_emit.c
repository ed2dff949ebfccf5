/* SPDX-License-Identifier: MIT */
/* generator_emit.c -- the output side of the generator: words, jumps, literals, registers and the line table. */
#include <string.h>

#include "generator.h"
#include "scanner.h"

_Noreturn void generator_fail(Generator *g, const char *message) {
  compilation_fail(g->compilation, g->function->body->at, "%s", message);
}

/* ROOM is doubled when COUNT has reached it. */
static void *grow(Generator *g, void *items, unsigned count, unsigned *room, size_t size) {
  void *larger;
  if (count < *room) return items;
  *room = *room ? *room * 2 : 16;
  larger = arena_alloc(g->compilation->arena, *room * size);
  if (count) memcpy(larger, items, count * size);
  return larger;
}

/* ---- words ---- */

static void note_line(Generator *g) {
  if (!g->line || (g->line_count && g->lines[g->line_count - 1].line == g->line)) return;
  g->lines = grow(g, g->lines, g->line_count, &g->line_room, sizeof *g->lines);
  g->lines[g->line_count++] = (LineEntry){g->word_count, g->line};
}

unsigned emit_word(Generator *g, uint32_t word) {
  if (g->word_count >= MAX_WORDS) generator_fail(g, "this method is too long; split it");
  g->words = grow(g, g->words, g->word_count, &g->word_room, sizeof *g->words);
  g->words[g->word_count] = word;
  return g->word_count++;
}

void emit_abc(Generator *g, Opcode op, unsigned a, unsigned b, unsigned c) {
  note_line(g);
  emit_word(g, op_make_abc(op, a, b, c));
}

void emit_abx(Generator *g, Opcode op, unsigned a, unsigned bx) {
  note_line(g);
  emit_word(g, op_make_abx(op, a, bx));
}

void emit_move(Generator *g, unsigned dest, unsigned source) {
  touch(g, dest);
  if (dest != source) emit_abc(g, OP_MOVE, dest, source, 0);
}

/* ---- jumps: MAX_WORDS keeps every distance within 16 bits ---- */

unsigned emit_jump(Generator *g, Opcode op, unsigned a) {
  note_line(g);
  return emit_word(g, op_make_abx(op, a, 0));
}

void patch_jump(Generator *g, unsigned at) {
  int distance = (int)(g->word_count - at) - 1;
  uint32_t word = g->words[at];
  g->words[at] = op_code(word) == OP_JUMP ? op_make_sj(OP_JUMP, distance)
                                          : op_make_abx(op_code(word), op_a(word), (unsigned)distance);
}

void emit_loop(Generator *g, unsigned target) {
  note_line(g);
  emit_word(g, op_make_sj(OP_LOOP, (int)target - (int)g->word_count - 1));
}

void jumps_add(Generator *g, JumpList *list, unsigned at) {
  list->at = grow(g, list->at, list->count, &list->room, sizeof *list->at);
  list->at[list->count++] = at;
}

void jumps_patch(Generator *g, const JumpList *list) {
  for (unsigned i = 0; i < list->count; i++) patch_jump(g, list->at[i]);
}

/* ---- literals ---- */

/* Strings and arrays can be modified, so each is an object of its own. */
static bool can_be_merged(const Literal *literal) {
  switch (literal->kind) {
  case LITERAL_INTEGER:
  case LITERAL_LARGE_INTEGER:
  case LITERAL_FLOAT:
  case LITERAL_CHARACTER:
  case LITERAL_SYMBOL:
  case LITERAL_SELECTOR:
  case LITERAL_BINDING:
  case LITERAL_BINDING_REFERENCE: return true;
  default: return false;
  }
}

static bool literals_equal(const Literal *a, const Literal *b) {
  return a->kind == b->kind && a->integer == b->integer && !memcmp(&a->number, &b->number, sizeof a->number) &&
         a->negative == b->negative && a->radix == b->radix && a->binding == b->binding && text_equal(a->text, b->text);
}

static uint32_t literal_hash(const Literal *literal) {
  uint64_t number, hash = 14695981039346656037u;
  memcpy(&number, &literal->number, sizeof number);
  for (size_t i = 0; i < literal->text.length; i++)
    hash = (hash ^ (unsigned char)literal->text.start[i]) * 1099511628211u;
  hash = (hash ^ literal->kind ^ (uint64_t)literal->integer ^ number) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(hash >> 32);
}

static unsigned *find_slot(Generator *g, const Literal *literal) {
  unsigned i = literal_hash(literal) & (g->index_size - 1);
  while (g->index[i] && !literals_equal(&g->literals[g->index[i] - 1], literal)) i = (i + 1) & (g->index_size - 1);
  return &g->index[i];
}

static void grow_index(Generator *g) {
  if (g->index && g->literal_count * 2 < g->index_size) return;
  g->index_size = g->index_size ? g->index_size * 2 : 32;
  g->index = arena_alloc(g->compilation->arena, g->index_size * sizeof *g->index);
  for (unsigned i = 0; i < g->literal_count; i++)
    if (can_be_merged(&g->literals[i])) *find_slot(g, &g->literals[i]) = i + 1;
}

unsigned literal_index(Generator *g, const Literal *literal) {
  unsigned *slot = NULL;
  if (can_be_merged(literal)) {
    grow_index(g);
    slot = find_slot(g, literal);
    if (*slot) return *slot - 1;
  }
  if (g->literal_count >= MAX_LITERALS) generator_fail(g, "this method has too many literals; split it");
  g->literals = grow(g, g->literals, g->literal_count, &g->literal_room, sizeof *g->literals);
  g->literals[g->literal_count++] = *literal;
  if (slot) *slot = g->literal_count;
  return g->literal_count - 1;
}

unsigned selector_index(Generator *g, Text selector) {
  Literal literal;
  memset(&literal, 0, sizeof literal);
  literal.kind = LITERAL_SELECTOR;
  literal.text = selector;
  return literal_index(g, &literal);
}

/* ---- registers ---- */

void touch(Generator *g, unsigned reg) {
  if (reg >= MAX_REGISTERS)
    generator_fail(g, "this method needs too many registers; split it (too many variables or arguments at once)");
  if (reg > g->highest) g->highest = reg;
}

unsigned reserve(Generator *g, unsigned count) {
  unsigned first = g->top;
  if (count) touch(g, first + count - 1);
  g->top += count;
  return first;
}

/* ---- pairs ---- */

/* The opcode of the pair that FIRST makes with SECOND, or FIRST. */
static unsigned pair_of(unsigned first, unsigned second) {
  static const struct {
    uint8_t first, second, pair;
  } pairs[] = {
#define PAIR(name, first, second) {OP_##first, OP_##second, OP_##name},
      JUMP_PAIRS(PAIR) ARITHMETIC_PAIRS(PAIR) PAIRS(PAIR)
#undef PAIR
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (pairs[i].first == first && pairs[i].second == second) return pairs[i].pair;
  return first;
}

static unsigned instruction_size(const uint32_t *word) {
  switch (op_code(*word)) {
  case OP_SEND:
  case OP_SUPERSEND:
  case OP_BLOCKVALUE: return 2;
  case OP_CLOSURE: return 2 + ((word[1] & 255) + 3) / 4;
  default: return 1;
  }
}

void pair_instructions(Generator *g) {
  uint8_t *starts = arena_alloc(g->compilation->arena, g->word_count + 1); /* zeroes */
  for (unsigned at = 0; at < g->word_count; at += instruction_size(&g->words[at])) starts[at] = 1;
  for (unsigned at = g->word_count, next = at; at-- > 0;) {
    if (!starts[at]) continue;
    if (next < g->word_count && next == at + instruction_size(&g->words[at])) {
      uint32_t w = g->words[at], behind = g->words[next];
      unsigned pair = op_code(w) == OP_FORLOOP && op_c(w) != 1 ? OP_FORLOOP : pair_of(w & 0xff, behind & 0xff);
      if (pair == (w & 0xff) && pair != OP_FORLOOP) pair = pair_of(w & 0xff, op_code(behind));
      g->words[at] = (w & ~(uint32_t)0xff) | pair;
    }
    next = at;
  }
}
