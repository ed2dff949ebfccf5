/* SPDX-License-Identifier: MIT */
/* generator_control.c -- conditions as jumps, and the control messages that are inlined.
 *
 * generate_condition is the heart: it evaluates an expression only to decide where to go on, so `a < b and: [c isNil]`
 * becomes three compare-and-branch instructions and no Boolean is ever made. */
#include "code.h"
#include "generator.h"

/* ---- inlined blocks ---- */

bool generate_statements(Generator *g, Block *block, Node **last) {
  Node *s = block->statements;
  *last = NULL;
  if (!s) return false;
  for (; s->next && s->kind != NODE_RETURN; s = s->next) generate_effect(g, s);
  *last = s;
  return true;
}

static bool ends_in_return(const Block *block) {
  const Node *s = block->statements;
  while (s && s->kind != NODE_RETURN) s = s->next;
  return s != NULL;
}

static void inline_value(Generator *g, Block *block, unsigned dest) {
  unsigned top = g->top;
  Node *last;
  touch(g, dest);
  if (dest >= g->top) g->top = dest + 1;
  enter_scope(g, block);
  if (generate_statements(g, block, &last))
    generate_value(g, last, dest);
  else
    emit_abc(g, OP_LOADNIL, dest, 0, 0);
  leave_scope(g, top);
}

static void inline_effect(Generator *g, Block *block) {
  unsigned top = g->top;
  Node *last;
  enter_scope(g, block);
  if (generate_statements(g, block, &last)) generate_effect(g, last);
  leave_scope(g, top);
}

static void inline_block(Generator *g, Block *block, unsigned dest, bool wanted) {
  if (wanted)
    inline_value(g, block, dest);
  else
    inline_effect(g, block);
}

static void inline_return(Generator *g, Block *block) {
  unsigned top = g->top;
  Node *last;
  enter_scope(g, block);
  if (generate_statements(g, block, &last))
    generate_return(g, last);
  else
    emit_abc(g, OP_RETURN_NIL, 0, 0, 0);
  leave_scope(g, top);
}

static void inline_condition(Generator *g, Block *block, bool jump_when, JumpList *jumps) {
  unsigned top = g->top;
  Node *last;
  enter_scope(g, block);
  if (generate_statements(g, block, &last))
    generate_condition(g, last, jump_when, jumps);
  else {
    unsigned r = reserve(g, 1); /* nil: mustBeBoolean */
    emit_abc(g, OP_LOADNIL, r, 0, 0);
    jumps_add(g, jumps, emit_jump(g, jump_when ? OP_JUMP_TRUE : OP_JUMP_FALSE, r));
  }
  leave_scope(g, top);
}

/* ---- conditions ---- */

static void jump_if(Generator *g, bool jump_when, unsigned r, JumpList *jumps) {
  jumps_add(g, jumps, emit_jump(g, jump_when ? OP_JUMP_TRUE : OP_JUMP_FALSE, r));
}

/* A comparison fused with its jump; the word between them is never run by itself in the fast case. */
static void compare_and_jump(Generator *g, Node *node, bool jump_when, JumpList *jumps) {
  const Form *form = node->form;
  unsigned answer = g->top, left, right;
  int immediate;
  touch(g, answer);
  left = generate_first_operand(g, node->receiver, node->arguments);
  if (form->op_immediate_jump != form->op_immediate && is_immediate(node->arguments, &immediate)) {
    g->line = node->at.line;
    emit_abc(g, form->op_immediate_jump, answer, left, (unsigned)immediate);
  } else {
    right = generate_operand(g, node->arguments);
    g->line = node->at.line;
    emit_abc(g, form->op_immediate, answer, left, right);
  }
  jump_if(g, jump_when, answer, jumps);
}

static void nil_and_jump(Generator *g, Node *operand, bool jump_when_nil, JumpList *jumps) {
  unsigned r = generate_operand(g, operand);
  jumps_add(g, jumps, emit_jump(g, jump_when_nil ? OP_JUMP_NIL : OP_JUMP_NOT_NIL, r));
}

static void same_and_jump(Generator *g, Node *node, bool jump_when, JumpList *jumps) {
  bool jump_when_nil = jump_when == (node->form->kind == FORM_SAME);
  if (is_nil_literal(node->arguments))
    nil_and_jump(g, node->receiver, jump_when_nil, jumps);
  else if (is_nil_literal(node->receiver))
    nil_and_jump(g, node->arguments, jump_when_nil, jumps);
  else
    compare_and_jump(g, node, jump_when, jumps);
}

/* and: (SHORT false) and or: (SHORT true): the receiver decides alone when it is SHORT. */
static void logical_and_jump(Generator *g, Node *node, bool short_value, bool jump_when, JumpList *jumps) {
  JumpList skip = {0};
  if (jump_when == short_value) {
    generate_condition(g, node->receiver, jump_when, jumps);
    inline_condition(g, node->arguments->block, jump_when, jumps);
    return;
  }
  generate_condition(g, node->receiver, short_value, &skip);
  inline_condition(g, node->arguments->block, jump_when, jumps);
  jumps_patch(g, &skip);
}

/* Always a Boolean, whatever the program redefines: so `not` behind it only turns the jump around. */
static bool is_inlined_test(const Node *node) {
  return node->kind == NODE_SEND && node->form && node->form->kind >= FORM_SAME && node->form->kind <= FORM_NOT_NIL;
}

static bool send_and_jump(Generator *g, Node *node, bool jump_when, JumpList *jumps) {
  if (node->kind != NODE_SEND || !node->form) return false;
  switch (node->form->kind) {
  case FORM_COMPARE: compare_and_jump(g, node, jump_when, jumps); return true;
  case FORM_SAME:
  case FORM_NOT_SAME: same_and_jump(g, node, jump_when, jumps); return true;
  case FORM_IS_NIL: nil_and_jump(g, node->receiver, jump_when, jumps); return true;
  case FORM_NOT_NIL: nil_and_jump(g, node->receiver, !jump_when, jumps); return true;
  case FORM_AND: logical_and_jump(g, node, false, jump_when, jumps); return true;
  case FORM_OR: logical_and_jump(g, node, true, jump_when, jumps); return true;
  case FORM_UNARY:
    if (node->form->op != OP_NOT || !is_inlined_test(node->receiver)) return false;
    generate_condition(g, node->receiver, !jump_when, jumps);
    return true;
  default: return false;
  }
}

static bool constant_and_jump(Generator *g, const Node *node, bool jump_when, JumpList *jumps) {
  bool value;
  if (node->kind != NODE_LITERAL) return false;
  if (node->literal->kind != LITERAL_TRUE && node->literal->kind != LITERAL_FALSE) return false;
  value = node->literal->kind == LITERAL_TRUE;
  if (value == jump_when) jumps_add(g, jumps, emit_jump(g, OP_JUMP, 0));
  return true;
}

void generate_condition(Generator *g, Node *node, bool jump_when, JumpList *jumps) {
  unsigned top = g->top;
  g->line = node->at.line;
  if (!constant_and_jump(g, node, jump_when, jumps) && !send_and_jump(g, node, jump_when, jumps))
    jump_if(g, jump_when, generate_operand(g, node), jumps);
  g->top = top;
}

/* ---- ifTrue: and:  ---- */

/* The code of BLOCK is done: go behind the alternative that follows, unless it has returned. */
static void jump_over(Generator *g, const Block *block, JumpList *end) {
  if (!ends_in_return(block)) jumps_add(g, end, emit_jump(g, OP_JUMP, 0));
}

static void generate_if(Generator *g, Node *node, unsigned dest, bool wanted) {
  Block *first = node->arguments->block;
  Node *second = node->arguments->next;
  JumpList otherwise = {0}, end = {0};
  generate_condition(g, node->receiver, node->form->negated, &otherwise);
  inline_block(g, first, dest, wanted);
  if (wanted || second) jump_over(g, first, &end);
  jumps_patch(g, &otherwise);
  if (second)
    inline_block(g, second->block, dest, wanted);
  else if (wanted)
    emit_abc(g, OP_LOADNIL, dest, 0, 0);
  jumps_patch(g, &end);
}

static void return_if(Generator *g, Node *node) {
  Node *second = node->arguments->next;
  JumpList otherwise = {0};
  generate_condition(g, node->receiver, node->form->negated, &otherwise);
  inline_return(g, node->arguments->block);
  jumps_patch(g, &otherwise);
  if (second)
    inline_return(g, second->block);
  else
    emit_abc(g, OP_RETURN_NIL, 0, 0, 0);
}

static void generate_logical(Generator *g, Node *node, unsigned dest, bool wanted) {
  bool is_or = node->form->kind == FORM_OR;
  Block *block = node->arguments->block;
  JumpList decided = {0}, end = {0};
  generate_condition(g, node->receiver, is_or, &decided);
  inline_block(g, block, dest, wanted);
  if (wanted) jump_over(g, block, &end);
  jumps_patch(g, &decided);
  if (wanted) emit_abc(g, is_or ? OP_LOADTRUE : OP_LOADFALSE, dest, 0, 0);
  jumps_patch(g, &end);
}

/* ---- ifNil: ---- */

/* The register of the receiver: that of the not-nil block's argument when it has one. */
static unsigned nil_receiver(Generator *g, Node *receiver, Block *some) {
  if (!some || !some->argument_count) return generate_operand(g, receiver);
  place_variable(g, some->variables);
  generate_value(g, receiver, some->variables->place);
  return some->variables->place;
}

/* ifNil: alone, its value wanted in a register that no variable has: the receiver goes there at once. */
static void generate_default(Generator *g, Node *node, Block *none, unsigned dest) {
  JumpList end = {0};
  generate_value(g, node->receiver, dest);
  jumps_add(g, &end, emit_jump(g, OP_JUMP_NOT_NIL, dest));
  inline_value(g, none, dest);
  jumps_patch(g, &end);
}

static void generate_if_nil(Generator *g, Node *node, unsigned dest, bool wanted) {
  Node *second = node->arguments->next;
  Block *first = node->arguments->block, *other = second ? second->block : NULL;
  Block *none = node->form->negated ? other : first, *some = node->form->negated ? first : other;
  JumpList is_nil = {0}, end = {0};
  unsigned r, top = g->top;
  if (wanted && !some && !g->is_variable[dest]) {
    generate_default(g, node, none, dest);
    return;
  }
  if (wanted && dest >= g->top) g->top = dest + 1;
  r = nil_receiver(g, node->receiver, some);
  if (!some && !wanted) {
    jumps_add(g, &end, emit_jump(g, OP_JUMP_NOT_NIL, r));
  } else {
    jumps_add(g, &is_nil, emit_jump(g, OP_JUMP_NIL, r));
    if (some)
      inline_block(g, some, dest, wanted);
    else
      emit_move(g, dest, r);
    if (wanted || none) {
      if (some)
        jump_over(g, some, &end);
      else
        jumps_add(g, &end, emit_jump(g, OP_JUMP, 0));
    }
  }
  jumps_patch(g, &is_nil);
  if (none)
    inline_block(g, none, dest, wanted);
  else if (wanted)
    emit_abc(g, OP_LOADNIL, dest, 0, 0);
  jumps_patch(g, &end);
  leave_scope(g, top);
}

/* ---- loops ---- */

static void generate_while(Generator *g, Node *node, unsigned dest, bool wanted) {
  unsigned start = g->word_count;
  JumpList exit = {0};
  inline_condition(g, node->receiver->block, node->form->negated, &exit);
  if (node->arguments) inline_effect(g, node->arguments->block);
  emit_loop(g, start);
  jumps_patch(g, &exit);
  if (wanted) emit_abc(g, OP_LOADNIL, dest, 0, 0);
}

static void generate_repeat(Generator *g, Node *node) {
  unsigned start = g->word_count;
  inline_effect(g, node->receiver->block);
  emit_loop(g, start);
}

typedef struct CountedLoop {
  unsigned counter, limit;
  bool immediate; /* the step is `amount`; else it is in register `step`, and `direction` says at run time which way it goes */
  int amount;
  unsigned step, direction;
  Block *body;
} CountedLoop;

static void leave_loop_behind(Generator *g, const CountedLoop *loop, bool upwards, JumpList *end) {
  unsigned scratch = g->top;
  touch(g, scratch);
  emit_abc(g, upwards ? OP_LE_J : OP_GE_J, scratch, loop->counter, loop->limit);
  jump_if(g, false, scratch, end);
}

static void leave_loop_either_way(Generator *g, const CountedLoop *loop, JumpList *end) {
  JumpList downwards = {0}, body = {0};
  jump_if(g, false, loop->direction, &downwards);
  leave_loop_behind(g, loop, true, end);
  jumps_add(g, &body, emit_jump(g, OP_JUMP, 0));
  jumps_patch(g, &downwards);
  leave_loop_behind(g, loop, false, end);
  jumps_patch(g, &body);
}

/* FORLOOP's layout, see opcodes.h. */
static void generate_counted_loop(Generator *g, const CountedLoop *loop) {
  unsigned start = g->word_count, body;
  JumpList end = {0};
  if (loop->immediate)
    leave_loop_behind(g, loop, loop->amount > 0, &end);
  else
    leave_loop_either_way(g, loop, &end);
  body = g->word_count;
  inline_effect(g, loop->body);
  emit_abc(g, loop->immediate ? OP_FORLOOP : OP_FORSTEP, loop->counter, loop->limit, loop->immediate ? (unsigned)loop->amount : loop->step);
  emit_loop(g, body);
  emit_abc(g, loop->immediate ? OP_ADDI : OP_ADD, loop->counter, loop->counter, loop->immediate ? (unsigned)loop->amount : loop->step);
  emit_loop(g, start);
  jumps_patch(g, &end);
}

/* DEST := a unary send to RECEIVER, or to what register IN holds. */
static void send_unary(Generator *g, Node *receiver, unsigned in, Text selector, unsigned dest) {
  unsigned top = g->top, base = top + FRAME_CONTROL;
  touch(g, base);
  g->top = base;
  if (receiver)
    generate_value(g, receiver, base);
  else
    emit_move(g, base, in);
  emit_abc(g, OP_SEND, base, 0, dest);
  emit_word(g, selector_index(g, selector));
  g->top = top;
}

/* A variable serves as the limit or step where it is, unless the body may assign it. */
static unsigned generate_bound(Generator *g, Node *bound, const Node *body) {
  bool local = bound->kind == NODE_VARIABLE && bound->variable && !bound->variable->shared;
  return local && !(body->assigns && is_assignable(bound)) ? generate_operand(g, bound) : generate_to_next(g, bound);
}

/* The step of to:by:do:, 1 when NULL.  `aStep isStepUpwards` answers nil for what cannot be one: the loop ends then. */
static void generate_step(Generator *g, CountedLoop *loop, Node *step, const Node *body, JumpList *end) {
  static const Text is_step_upwards = {"isStepUpwards", 13};
  loop->amount = 1;
  loop->immediate = !step || (is_immediate(step, &loop->amount) && loop->amount != 0);
  if (loop->immediate) return;
  loop->step = generate_bound(g, step, body);
  loop->direction = reserve(g, 1);
  send_unary(g, NULL, loop->step, is_step_upwards, loop->direction);
  jumps_add(g, end, emit_jump(g, OP_JUMP_NIL, loop->direction));
}

static void generate_to_do(Generator *g, Node *node, unsigned dest, bool wanted) {
  Node *limit = node->arguments, *body = limit->next->next ? limit->next->next : limit->next, *step = body == limit->next ? NULL : limit->next;
  CountedLoop loop = {.body = body->block};
  JumpList end = {0};
  unsigned top = g->top, start = 0;
  bool literal = node->receiver->kind == NODE_LITERAL;
  if (wanted && dest >= g->top) g->top = dest + 1;
  place_variable(g, loop.body->variables);
  loop.counter = loop.body->variables->place;
  generate_value(g, node->receiver, loop.counter);
  if (wanted && !literal) {
    start = reserve(g, 1);
    emit_move(g, start, loop.counter);
  }
  loop.limit = generate_bound(g, limit, body);
  generate_step(g, &loop, step, body, &end);
  g->line = node->at.line;
  generate_counted_loop(g, &loop);
  jumps_patch(g, &end);
  if (wanted && literal)
    generate_value(g, node->receiver, dest);
  else if (wanted)
    emit_move(g, dest, start);
  leave_scope(g, top);
}

/* How often: `receiver repetitions`, which for what is no Integer is the error; a literal is asked nothing. */
static unsigned generate_repetitions(Generator *g, Node *receiver) {
  static const Text repetitions = {"repetitions", 11};
  unsigned limit;
  if (receiver->kind == NODE_LITERAL && receiver->literal->kind == LITERAL_INTEGER) return generate_to_next(g, receiver);
  limit = reserve(g, 1);
  send_unary(g, receiver, 0, repetitions, limit);
  return limit;
}

static void generate_times_repeat(Generator *g, Node *node, unsigned dest, bool wanted) {
  CountedLoop loop = {.immediate = true, .amount = 1, .body = node->arguments->block};
  unsigned top = g->top;
  if (wanted && dest >= g->top) g->top = dest + 1;
  loop.limit = generate_repetitions(g, node->receiver);
  loop.counter = reserve(g, 1);
  load_integer(g, loop.counter, 1);
  generate_counted_loop(g, &loop);
  if (wanted) emit_move(g, dest, loop.limit);
  leave_scope(g, top);
}

/* ---- any of them ---- */

void generate_control(Generator *g, Node *node, unsigned dest, bool wanted) {
  if (wanted) touch(g, dest);
  switch (node->form->kind) {
  case FORM_IF:
  case FORM_IF_ELSE: generate_if(g, node, dest, wanted); break;
  case FORM_AND:
  case FORM_OR: generate_logical(g, node, dest, wanted); break;
  case FORM_IF_NIL:
  case FORM_IF_NIL_ELSE: generate_if_nil(g, node, dest, wanted); break;
  case FORM_WHILE: generate_while(g, node, dest, wanted); break;
  case FORM_REPEAT: generate_repeat(g, node); break;
  case FORM_TO_DO:
  case FORM_TO_BY_DO: generate_to_do(g, node, dest, wanted); break;
  default: generate_times_repeat(g, node, dest, wanted);
  }
}

/* `^ value`, or the last value of a block. */
void generate_return(Generator *g, Node *value) {
  unsigned top = g->top, r;
  bool inlined_if =
      value->kind == NODE_SEND && value->form && (value->form->kind == FORM_IF || value->form->kind == FORM_IF_ELSE);
  g->line = value->at.line;
  if (value->kind == NODE_RETURN)
    generate_effect(g, value);
  else if (inlined_if)
    return_if(g, value);
  else if (is_nil_literal(value))
    emit_abc(g, OP_RETURN_NIL, 0, 0, 0);
  else if (value->kind == NODE_SELF && !g->function->outer)
    emit_abc(g, OP_RETURN_SELF, 0, 0, 0);
  else {
    r = generate_operand(g, value);
    emit_abc(g, OP_RETURN, r, 0, 0);
  }
  g->top = top;
}
