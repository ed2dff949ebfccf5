/* SPDX-License-Identifier: MIT */
/* generator.c -- from one Function to one CodeTemplate: the frame, its entry code, closures and scopes.
 *
 *   R[0]      receiver (a block: its closure)
 *   R[1]..    arguments
 *   then      a block: self when it uses it, one register for each captured value
 *   then      temporaries; the vector of the shared ones
 *   then      registers of expressions */
#include "generator.h"

#include <string.h>

#include "code.h"
#include "scanner.h"

/* ---- where variables are ---- */

static const Capture *find_capture(const Function *function, const Variable *variable, const Block *vector) {
  const Capture *c = function->captures;
  while (c && (c->variable != variable || c->vector != vector)) c = c->next;
  return c;
}

unsigned variable_place(Generator *g, const Variable *variable) {
  if (variable->block->function == g->function) return variable->place;
  return find_capture(g->function, variable, NULL)->place;
}

unsigned vector_place(Generator *g, const Block *block) {
  if (block->function == g->function) return block->vector_register;
  return find_capture(g->function, NULL, block)->place;
}

/* Which captured variables are shared is known only now: such captures become one capture of their vector. */
static void settle_captures(Function *function) {
  Capture *next, **tail = &function->captures;
  function->capture_count = 0;
  for (Capture *c = function->captures; c; c = next) {
    next = c->next;
    if (c->variable->shared) {
      Block *vector = c->variable->block;
      *tail = NULL;
      if (find_capture(function, NULL, vector)) continue;
      c->variable = NULL;
      c->vector = vector;
    }
    *tail = c;
    tail = &c->next;
    function->capture_count++;
  }
  *tail = NULL;
}

/* ---- scopes ---- */

static void add_name(Generator *g, Text name, unsigned reg) {
  if (g->name_count >= 256) return;
  if (!g->names) {
    g->names = arena_alloc(g->compilation->arena, 256 * sizeof *g->names);
    g->name_registers = arena_alloc(g->compilation->arena, 256);
  }
  g->names[g->name_count] = name;
  g->name_registers[g->name_count++] = (uint8_t)reg;
}

void place_variable(Generator *g, Variable *variable) {
  variable->place = reserve(g, 1);
  g->is_variable[variable->place] = true;
  add_name(g, variable->name, variable->place);
}

/* One LOADNIL for each run of temporaries that are read before they are assigned. */
static void clear_temporaries(Generator *g, const Block *block) {
  unsigned first = 0, count = 0;
  for (const Variable *v = block->variables; v; v = v->next) {
    bool needs_nil = !v->argument && !v->shared && v->used && !v->assigned_first;
    if (needs_nil && count && v->place == first + count)
      count++;
    else if (needs_nil) {
      if (count) emit_abc(g, OP_LOADNIL, first, count - 1, 0);
      first = v->place, count = 1;
    }
  }
  if (count) emit_abc(g, OP_LOADNIL, first, count - 1, 0);
}

/* A register or a slot of the vector for each temporary of BLOCK. */
static void place_temporaries(Generator *g, Block *block) {
  for (Variable *v = block->variables; v; v = v->next) {
    if (v->argument) continue;
    if (v->shared)
      v->place = block->vector_size++;
    else
      place_variable(g, v);
  }
  if (!block->vector_size) return;
  block->vector_register = reserve(g, 1);
  g->is_variable[block->vector_register] = true;
}

/* The caller has placed and filled the arguments of an inlined block. */
void enter_scope(Generator *g, Block *block) {
  place_temporaries(g, block);
  clear_temporaries(g, block);
  if (block->vector_size) emit_abc(g, OP_NEWVEC, block->vector_register, block->vector_size, 0);
}

void leave_scope(Generator *g, unsigned top) {
  for (unsigned i = top; i < g->top; i++) g->is_variable[i] = false;
  g->top = top;
}

/* ---- closures ---- */

static unsigned captured_place(Generator *g, const Capture *capture) {
  return capture->vector ? vector_place(g, capture->vector) : variable_place(g, capture->variable);
}

static void emit_captures(Generator *g, const Function *function) {
  uint32_t word = 0;
  unsigned i = 0;
  for (const Capture *c = function->captures; c; c = c->next, i++) {
    word |= (uint32_t)captured_place(g, c) << (i % 4 * 8);
    if (i % 4 < 3 && c->next) continue;
    emit_word(g, word);
    word = 0;
  }
}

void generate_closure(Generator *g, Node *node, unsigned dest) {
  Literal literal;
  Function *function = node->function;
  memset(&literal, 0, sizeof literal);
  literal.kind = LITERAL_BLOCK;
  literal.at = node->at;
  literal.code = generate_function(g->compilation, function, NULL);
  touch(g, dest);
  emit_abx(g, OP_CLOSURE, dest, literal_index(g, &literal));
  emit_word(g, function->capture_count | (function->has_return ? 256u : 0));
  emit_captures(g, function);
}

/* ---- functions ---- */

static void place_captures(Generator *g) {
  unsigned i = 0;
  for (Capture *c = g->function->captures; c; c = c->next, i++) {
    c->place = reserve(g, 1);
    g->is_variable[c->place] = true;
    if (c->variable) add_name(g, c->variable->name, c->place);
    emit_abc(g, OP_COPIED, c->place, i, 0);
  }
}

static void function_entry(Generator *g) {
  Function *function = g->function;
  reserve(g, 1);
  g->is_variable[0] = true;
  for (Variable *v = function->body->variables; v; v = v->next)
    if (v->argument) place_variable(g, v);
  if (function->outer && function->uses_self) {
    g->self_register = reserve(g, 1);
    g->is_variable[g->self_register] = true;
    emit_abc(g, OP_BLOCKSELF, g->self_register, 0, 0);
  }
  place_captures(g);
  enter_scope(g, function->body);
}

static void function_end(Generator *g, Node *last) {
  bool answers = g->function->outer || g->statements;
  if (last && last->kind == NODE_RETURN) {
    generate_effect(g, last);
  } else if (!answers) {
    if (last) generate_effect(g, last);
    emit_abc(g, OP_RETURN_SELF, 0, 0, 0);
  } else if (last) {
    generate_return(g, last);
  } else {
    emit_abc(g, OP_RETURN_NIL, 0, 0, 0);
  }
}

static unsigned function_flags(const Function *f) {
  bool clean = !f->needs_self && !f->capture_count && !f->has_return && !f->uses_context;
  if (f->outer) return CODE_IS_BLOCK | (clean ? CODE_CLEAN_BLOCK : 0);
  return f->has_return ? CODE_NEEDS_HOME : 0;
}

static CodeTemplate *make_template(Generator *g) {
  CodeTemplate *code = arena_alloc(g->compilation->arena, sizeof(CodeTemplate));
  const Block *body = g->function->body;
  code->args = body->argument_count;
  code->registers = g->highest + 1;
  code->flags = function_flags(g->function);
  code->literals = g->literals;
  code->literal_count = g->literal_count;
  code->words = g->words;
  code->word_count = g->word_count;
  code->lines = g->lines;
  code->line_count = g->line_count;
  code->names = g->names;
  code->name_registers = g->name_registers;
  code->name_count = g->name_count;
  code->source = body->source;
  code->at = body->at;
  return code;
}

static void describe_method(CodeTemplate *code, const Method *method) {
  code->selector = method->selector;
  code->flags |= method->flags;
  code->primitive = method->primitive;
  code->pragmas = method->pragmas;
  code->pragma_count = method->pragma_count;
  code->category = method->category;
  code->source = method->source;
  code->at = method->at;
}

/* METHOD is NULL for blocks. */
CodeTemplate *generate_function(Compilation *compilation, Function *function, const Method *method) {
  Generator *g = arena_alloc(compilation->arena, sizeof(Generator));
  CodeTemplate *code;
  Node *last = NULL;
  g->compilation = compilation;
  g->function = function;
  g->statements = method && method->statements;
  g->line = function->body->at.line;
  settle_captures(function);
  function_entry(g);
  generate_statements(g, function->body, &last);
  function_end(g, last);
  pair_instructions(g);
  code = make_template(g);
  if (method) describe_method(code, method);
  return code;
}

CodeTemplate *generate_method(Compilation *compilation, Method *method) {
  return generate_function(compilation, resolve_method(compilation, method), method);
}
