/* SPDX-License-Identifier: MIT */
/* generator_value.c -- expressions into registers: literals, variables, assignments, sends, cascades.
 *
 * Arguments and temporaries are used where they are (generate_operand); a chain of sends `a b c` reuses one outgoing
 * frame, since the receiver of each is the answer of the one before. */
#include <string.h>

#include "code.h"
#include "generator.h"

/* ---- literals ---- */

static void load_literal(Generator *g, unsigned dest, const Literal *literal) {
  emit_abx(g, OP_LOADK, dest, literal_index(g, literal));
}

void load_integer(Generator *g, unsigned dest, int64_t value) {
  Literal literal;
  touch(g, dest);
  if (value >= INT16_MIN && value <= INT16_MAX) {
    emit_abx(g, OP_LOADI, dest, (unsigned)value);
    return;
  }
  memset(&literal, 0, sizeof literal);
  literal.kind = LITERAL_INTEGER;
  literal.integer = value;
  load_literal(g, dest, &literal);
}

static void generate_literal(Generator *g, const Literal *literal, unsigned dest) {
  switch (literal->kind) {
  case LITERAL_NIL: emit_abc(g, OP_LOADNIL, dest, 0, 0); break;
  case LITERAL_TRUE: emit_abc(g, OP_LOADTRUE, dest, 0, 0); break;
  case LITERAL_FALSE: emit_abc(g, OP_LOADFALSE, dest, 0, 0); break;
  case LITERAL_INTEGER: load_integer(g, dest, literal->integer); break;
  default: load_literal(g, dest, literal);
  }
}

bool is_immediate(const Node *node, int *value) {
  if (node->kind != NODE_LITERAL || node->literal->kind != LITERAL_INTEGER) return false;
  if (node->literal->integer < INT8_MIN || node->literal->integer > INT8_MAX) return false;
  *value = (int)node->literal->integer;
  return true;
}

bool is_nil_literal(const Node *node) { return node->kind == NODE_LITERAL && node->literal->kind == LITERAL_NIL; }

/* ---- variables ---- */

static unsigned binding_index(Generator *g, const Node *name) {
  Literal literal;
  memset(&literal, 0, sizeof literal);
  literal.kind = LITERAL_BINDING;
  literal.text = name->text;
  literal.binding = name->meaning.binding;
  return literal_index(g, &literal);
}

static void generate_variable(Generator *g, const Node *node, unsigned dest) {
  const Variable *v = node->variable;
  if (v && v->shared)
    emit_abc(g, OP_GETVEC, dest, vector_place(g, v->block), v->place);
  else if (v)
    emit_move(g, dest, variable_place(g, v));
  else if (node->meaning.kind == NAME_INSTANCE)
    emit_abc(g, OP_GETIVAR, dest, g->self_register, node->meaning.index);
  else
    emit_abx(g, OP_GETGLOBAL, dest, binding_index(g, node));
}

static bool is_in_register(const Node *name) { return name->variable && !name->variable->shared; }

static void store(Generator *g, const Node *target, unsigned source) {
  const Variable *v = target->variable;
  if (v)
    emit_abc(g, OP_SETVEC, source, vector_place(g, v->block), v->place);
  else if (target->meaning.kind == NAME_INSTANCE)
    emit_abc(g, OP_SETIVAR, source, g->self_register, target->meaning.index);
  else
    emit_abx(g, OP_SETGLOBAL, source, binding_index(g, target));
}

/* Answers the register that has the value afterwards. */
static unsigned generate_assignment(Generator *g, Node *node) {
  Node *target = node->receiver;
  unsigned source;
  if (is_in_register(target)) {
    source = variable_place(g, target->variable);
    generate_value(g, node->arguments, source);
    return source;
  }
  source = generate_operand(g, node->arguments);
  g->line = node->at.line;
  store(g, target, source);
  return source;
}

/* ---- operands ---- */

/* Does NODE's operand stand in the register of a temporary? */
bool is_assignable(const Node *node) {
  const Node *name = node->kind == NODE_ASSIGN ? node->receiver : node;
  return name->kind == NODE_VARIABLE && is_in_register(name) && !name->variable->argument;
}

unsigned generate_to_next(Generator *g, Node *node) {
  unsigned r = g->top;
  touch(g, r);
  generate_value(g, node, r);
  g->top = r + 1;
  return r;
}

unsigned generate_operand(Generator *g, Node *node) {
  switch (node->kind) {
  case NODE_SELF:
  case NODE_SUPER: return g->self_register;
  case NODE_CASCADED: return node->place;
  case NODE_VARIABLE: return is_in_register(node) ? variable_place(g, node->variable) : generate_to_next(g, node);
  case NODE_ASSIGN: return is_in_register(node->receiver) ? generate_assignment(g, node) : generate_to_next(g, node);
  default: return generate_to_next(g, node);
  }
}

/* A temporary that one of the operands behind may assign is copied first. */
unsigned generate_first_operand(Generator *g, Node *node, const Node *next) {
  unsigned top = g->top, r = generate_operand(g, node), copy;
  if (g->top != top || !is_assignable(node)) return r;
  while (next && !next->assigns) next = next->next;
  if (!next) return r;
  copy = reserve(g, 1);
  emit_move(g, copy, r);
  return copy;
}

/* ---- sends ---- */

static void generate_send_at(Generator *g, Node *node, unsigned base, unsigned dest);

static bool is_plain_send(const Node *node) {
  return node->kind == NODE_SEND && (!node->form || node->form->kind == FORM_VALUE);
}

static Opcode send_opcode(const Node *node) {
  if (node->receiver->kind == NODE_SUPER) return OP_SUPERSEND;
  return node->form && node->form->kind == FORM_VALUE ? OP_BLOCKVALUE : OP_SEND;
}

/* The registers below BASE are free, so a receiver that is a send itself can use the same frame. */
static void generate_receiver(Generator *g, Node *receiver, unsigned base) {
  if (is_plain_send(receiver))
    generate_send_at(g, receiver, base, base);
  else
    generate_value(g, receiver, base);
}

static void generate_send_at(Generator *g, Node *node, unsigned base, unsigned dest) {
  unsigned top = g->top;
  touch(g, base);
  touch(g, dest);
  g->top = base;
  generate_receiver(g, node->receiver, base);
  g->top = base + 1;
  for (Node *argument = node->arguments; argument; argument = argument->next) generate_to_next(g, argument);
  g->line = node->at.line;
  emit_abc(g, send_opcode(node), base, node->count, dest);
  emit_word(g, selector_index(g, node->text));
  g->top = top;
}

static void generate_plain_send(Generator *g, Node *node, unsigned dest) {
  generate_send_at(g, node, g->top + FRAME_CONTROL, dest);
}

static void generate_unary(Generator *g, Node *node, unsigned dest) {
  unsigned r = generate_operand(g, node->receiver);
  g->line = node->at.line;
  emit_abc(g, node->form->op, dest, r, 0);
}

static void generate_binary(Generator *g, Node *node, unsigned dest) {
  const Form *form = node->form;
  unsigned left = generate_first_operand(g, node->receiver, node->arguments), right;
  int immediate;
  if (form->kind == FORM_BINARY && form->op_immediate != form->op && is_immediate(node->arguments, &immediate)) {
    g->line = node->at.line;
    emit_abc(g, form->op_immediate, dest, left, (unsigned)immediate);
    return;
  }
  right = generate_operand(g, node->arguments);
  g->line = node->at.line;
  emit_abc(g, form->op, dest, left, right);
}

static void generate_same(Generator *g, Node *node, unsigned dest) {
  bool nil_right = is_nil_literal(node->arguments);
  if (!nil_right && !is_nil_literal(node->receiver)) {
    generate_binary(g, node, dest);
    return;
  }
  emit_abc(g, node->form->kind == FORM_SAME ? OP_IS_NIL : OP_NOT_NIL, dest,
           generate_operand(g, nil_right ? node->receiver : node->arguments), 0);
}

/* Its answer goes to DEST when WANTED: the value, unless a method answers something else. */
static void generate_at_put(Generator *g, Node *node, unsigned dest, bool wanted) {
  Node *index = node->arguments, *value = index->next;
  unsigned r = generate_first_operand(g, node->receiver, index), i = generate_first_operand(g, index, value);
  unsigned v = generate_operand(g, value);
  g->line = node->at.line;
  emit_abc(g, wanted ? OP_ATPUT_VALUE : OP_ATPUT, r, i, v);
  if (wanted) emit_abc(g, OP_MOVE, dest, v, 0);
}

static void generate_send(Generator *g, Node *node, unsigned dest) {
  switch (node->form ? node->form->kind : FORM_VALUE) {
  case FORM_VALUE: generate_plain_send(g, node, dest); break;
  case FORM_AT_PUT: generate_at_put(g, node, dest, true); break;
  case FORM_UNARY:
  case FORM_IS_NIL:
  case FORM_NOT_NIL: generate_unary(g, node, dest); break;
  case FORM_BINARY:
  case FORM_COMPARE: generate_binary(g, node, dest); break;
  case FORM_SAME:
  case FORM_NOT_SAME: generate_same(g, node, dest); break;
  default: generate_control(g, node, dest, true);
  }
}

/* All messages but the last; answers the last. */
static Node *generate_cascade(Generator *g, Node *node) {
  Node *send = node->arguments;
  unsigned receiver = generate_first_operand(g, node->receiver, node->arguments);
  for (Node *s = send; s; s = s->next)
    if (s->receiver->kind == NODE_CASCADED) s->receiver->place = receiver;
  for (; send->next; send = send->next) generate_effect(g, send);
  return send;
}

enum { BRACE_CHUNK = 100 };

/* An array of up to COUNT elements from ELEMENT on; answers the element behind them. */
static Node *generate_brace_chunk(Generator *g, Node *element, unsigned count, unsigned dest) {
  unsigned top = g->top, n = 0;
  for (; element && n < count; element = element->next, n++) generate_to_next(g, element);
  emit_abc(g, OP_ARRAY, dest, top, n);
  g->top = top;
  return element;
}

/* More elements than there are registers: arrays of some of them, joined by sends of #, */
static void generate_long_brace(Generator *g, Node *node, unsigned dest) {
  static const Text comma = {",", 1};
  unsigned base = g->top + FRAME_CONTROL;
  Node *rest;
  touch(g, base + 1);
  g->top = base;
  rest = generate_brace_chunk(g, node->arguments, BRACE_CHUNK, base);
  while (rest) {
    g->top = base + 1;
    rest = generate_brace_chunk(g, rest, BRACE_CHUNK, base + 1);
    emit_abc(g, OP_SEND, base, 1, rest ? base : dest);
    emit_word(g, selector_index(g, comma));
  }
}

static void generate_brace(Generator *g, Node *node, unsigned dest) {
  if (node->count > BRACE_CHUNK)
    generate_long_brace(g, node, dest);
  else
    generate_brace_chunk(g, node->arguments, BRACE_CHUNK, dest);
}

/* ---- any expression ---- */

void generate_value(Generator *g, Node *node, unsigned dest) {
  unsigned top = g->top;
  touch(g, dest);
  g->line = node->at.line;
  switch (node->kind) {
  case NODE_LITERAL: generate_literal(g, node->literal, dest); break;
  case NODE_SELF:
  case NODE_SUPER: emit_move(g, dest, g->self_register); break;
  case NODE_THIS_CONTEXT: emit_abc(g, OP_THISCONTEXT, dest, 0, 0); break;
  case NODE_VARIABLE: generate_variable(g, node, dest); break;
  case NODE_ASSIGN: emit_move(g, dest, generate_assignment(g, node)); break;
  case NODE_SEND: generate_send(g, node, dest); break;
  case NODE_CASCADE: generate_value(g, generate_cascade(g, node), dest); break;
  case NODE_CASCADED: emit_move(g, dest, node->place); break;
  case NODE_BLOCK: generate_closure(g, node, dest); break;
  case NODE_BRACE: generate_brace(g, node, dest); break;
  case NODE_RETURN: generate_effect(g, node); break;
  }
  g->top = top;
}

static void generate_return_statement(Generator *g, Node *node) {
  unsigned r;
  if (!g->function->outer) {
    generate_return(g, node->receiver);
    return;
  }
  r = generate_operand(g, node->receiver);
  emit_abc(g, OP_BLOCKRETURN, r, 0, 0);
}

static void generate_send_effect(Generator *g, Node *node) {
  FormKind kind = node->form ? node->form->kind : FORM_VALUE;
  if (kind == FORM_AT_PUT)
    generate_at_put(g, node, 0, false);
  else if (kind <= FORM_TIMES_REPEAT)
    generate_control(g, node, 0, false);
  else
    generate_value(g, node, g->top);
}

void generate_effect(Generator *g, Node *node) {
  unsigned top = g->top;
  g->line = node->at.line;
  switch (node->kind) {
  case NODE_ASSIGN: generate_assignment(g, node); break;
  case NODE_SEND: generate_send_effect(g, node); break;
  case NODE_CASCADE: generate_effect(g, generate_cascade(g, node)); break;
  case NODE_BRACE:
    for (Node *element = node->arguments; element; element = element->next) generate_effect(g, element);
    break;
  case NODE_RETURN: generate_return_statement(g, node); break;
  default: break; /* literals, variables and blocks have no effect */
  }
  g->top = top;
}
