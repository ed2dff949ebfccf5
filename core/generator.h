/* SPDX-License-Identifier: MIT */
/* generator.h -- shared by the files of the code generator; nothing else includes it.
 *
 *   generator.c          one Function to one CodeTemplate: frame layout, entry code
 *   generator_emit.c     words, jumps, literals, registers, lines
 *   generator_value.c    expressions and sends into registers
 *   generator_control.c  conditions, inlined control messages, loops
 *
 * Registers from `top` up are free.  A value is made with generate_value(node, dest): dest is written by the last
 * instruction that is run, so it may be the register of a variable that the expression reads, and it may be `top`
 * itself, not yet reserved. */
#ifndef ATOLL_GENERATOR_H
#define ATOLL_GENERATOR_H

#include "compilation.h"
#include "opcodes.h"

typedef struct Generator {
  Compilation *compilation;
  Function *function;
  bool statements;        /* answers the value of the last statement */
  unsigned top, highest;  /* first free register; highest ever used */
  unsigned self_register; /* 0 in methods */
  unsigned line;          /* of what is being generated */
  uint32_t *words;
  unsigned word_count, word_room;
  Literal *literals;
  unsigned literal_count, literal_room;
  uint32_t *index; /* hash table of literal numbers + 1 */
  unsigned index_size;
  LineEntry *lines;
  unsigned line_count, line_room;
  Text *names;
  uint8_t *name_registers;
  unsigned name_count;
  bool is_variable[256]; /* registers of arguments, temporaries, copied values, self */
} Generator;

/* Jumps waiting for their target. */
typedef struct JumpList {
  unsigned *at, count, room;
} JumpList;

/* generator_emit.c */
unsigned emit_word(Generator *g, uint32_t word);
void emit_abc(Generator *g, Opcode op, unsigned a, unsigned b, unsigned c);
void emit_abx(Generator *g, Opcode op, unsigned a, unsigned bx);
void emit_move(Generator *g, unsigned dest, unsigned source);
unsigned emit_jump(Generator *g, Opcode op, unsigned a);
void pair_instructions(Generator *g); /* when all jumps have their targets: gives words the opcodes of pairs */
void emit_loop(Generator *g, unsigned target);
void patch_jump(Generator *g, unsigned at); /* to here */
void jumps_add(Generator *g, JumpList *list, unsigned at);
void jumps_patch(Generator *g, const JumpList *list);
unsigned literal_index(Generator *g, const Literal *literal);
unsigned selector_index(Generator *g, Text selector);
unsigned reserve(Generator *g, unsigned count);
void touch(Generator *g, unsigned reg); /* REG is used without being reserved */
_Noreturn void generator_fail(Generator *g, const char *message);

/* generator_value.c */
void generate_value(Generator *g, Node *node, unsigned dest);
void generate_effect(Generator *g, Node *node);
unsigned generate_operand(Generator *g, Node *node); /* register that holds it, reserved or a variable's */
unsigned generate_first_operand(Generator *g, Node *node, const Node *next); /* survives the evaluation of NEXT */
bool is_assignable(const Node *node);
unsigned generate_to_next(Generator *g, Node *node); /* reserves one */
void load_integer(Generator *g, unsigned dest, int64_t value);
bool is_immediate(const Node *node, int *value); /* integer literal that fits sC */
bool is_nil_literal(const Node *node);

/* generator_control.c */
void generate_condition(Generator *g, Node *node, bool jump_when, JumpList *jumps);
void generate_control(Generator *g, Node *node, unsigned dest, bool wanted);
void generate_return(Generator *g, Node *value);
bool generate_statements(Generator *g, Block *block, Node **last); /* all but the last one; false when there is none */

/* generator.c */
CodeTemplate *generate_function(Compilation *compilation, Function *function, const Method *method);
void place_variable(Generator *g, Variable *variable);
void enter_scope(Generator *g, Block *block); /* registers and nils of a block's temporaries */
void leave_scope(Generator *g, unsigned top); /* frees the registers from TOP up */
void generate_closure(Generator *g, Node *node, unsigned dest);
unsigned vector_place(Generator *g, const Block *block);
unsigned variable_place(Generator *g, const Variable *variable);

#endif
