/* SPDX-License-Identifier: MIT */
/* forms.h -- the table of messages that are not compiled as plain sends.
 *
 * Control messages with literal blocks are inlined and cannot be redefined; arithmetic and its like become special
 * instructions, which send the message when their fast case does not hold. */
#ifndef ATOLL_FORMS_H
#define ATOLL_FORMS_H

#include "opcodes.h"

typedef enum FormKind {
  /* inlined, with literal blocks */
  FORM_IF,
  FORM_IF_ELSE,
  FORM_AND,
  FORM_OR,
  FORM_IF_NIL,
  FORM_IF_NIL_ELSE,
  FORM_WHILE,
  FORM_REPEAT,
  FORM_TO_DO,
  FORM_TO_BY_DO,
  FORM_TIMES_REPEAT,
  /* inlined, without blocks */
  FORM_SAME,
  FORM_NOT_SAME,
  FORM_IS_NIL,
  FORM_NOT_NIL,
  /* special instructions */
  FORM_UNARY,
  FORM_BINARY,
  FORM_COMPARE,
  FORM_AT_PUT,
  FORM_VALUE
} FormKind;

/* FORM(selector, arguments, kind, negated, opcode, opcode with immediate or _J, opcode with immediate and _J) */
#define FORMS(FORM)                                                                                                    \
  FORM("ifTrue:", 1, IF, 0, MOVE, MOVE, MOVE)                                                                          \
  FORM("ifFalse:", 1, IF, 1, MOVE, MOVE, MOVE)                                                                         \
  FORM("ifTrue:ifFalse:", 2, IF_ELSE, 0, MOVE, MOVE, MOVE)                                                             \
  FORM("ifFalse:ifTrue:", 2, IF_ELSE, 1, MOVE, MOVE, MOVE)                                                             \
  FORM("and:", 1, AND, 0, MOVE, MOVE, MOVE)                                                                            \
  FORM("or:", 1, OR, 0, MOVE, MOVE, MOVE)                                                                              \
  FORM("ifNil:", 1, IF_NIL, 0, MOVE, MOVE, MOVE)                                                                       \
  FORM("ifNotNil:", 1, IF_NIL, 1, MOVE, MOVE, MOVE)                                                                    \
  FORM("ifNil:ifNotNil:", 2, IF_NIL_ELSE, 0, MOVE, MOVE, MOVE)                                                         \
  FORM("ifNotNil:ifNil:", 2, IF_NIL_ELSE, 1, MOVE, MOVE, MOVE)                                                         \
  FORM("whileTrue:", 1, WHILE, 0, MOVE, MOVE, MOVE)                                                                    \
  FORM("whileFalse:", 1, WHILE, 1, MOVE, MOVE, MOVE)                                                                   \
  FORM("whileTrue", 0, WHILE, 0, MOVE, MOVE, MOVE)                                                                     \
  FORM("whileFalse", 0, WHILE, 1, MOVE, MOVE, MOVE)                                                                    \
  FORM("repeat", 0, REPEAT, 0, MOVE, MOVE, MOVE)                                                                       \
  FORM("to:do:", 2, TO_DO, 0, MOVE, MOVE, MOVE)                                                                        \
  FORM("to:by:do:", 3, TO_BY_DO, 0, MOVE, MOVE, MOVE)                                                                  \
  FORM("timesRepeat:", 1, TIMES_REPEAT, 0, MOVE, MOVE, MOVE)                                                           \
  FORM("==", 1, SAME, 0, SAME, SAME_J, SAME_J)                                                                         \
  FORM("~~", 1, NOT_SAME, 0, NOT_SAME, NOT_SAME_J, NOT_SAME_J)                                                         \
  FORM("isNil", 0, IS_NIL, 0, IS_NIL, IS_NIL, IS_NIL)                                                                  \
  FORM("notNil", 0, NOT_NIL, 0, NOT_NIL, NOT_NIL, NOT_NIL)                                                             \
  FORM("not", 0, UNARY, 0, NOT, NOT, NOT)                                                                              \
  FORM("size", 0, UNARY, 0, SIZE, SIZE, SIZE)                                                                          \
  FORM("class", 0, UNARY, 0, CLASS, CLASS, CLASS)                                                                      \
  FORM("+", 1, BINARY, 0, ADD, ADDI, ADDI)                                                                             \
  FORM("-", 1, BINARY, 0, SUB, SUBI, SUBI)                                                                             \
  FORM("*", 1, BINARY, 0, MUL, MUL, MUL)                                                                               \
  FORM("/", 1, BINARY, 0, DIVIDE, DIVIDE, DIVIDE)                                                                      \
  FORM("//", 1, BINARY, 0, DIV, DIV, DIV)                                                                              \
  FORM("\\\\", 1, BINARY, 0, MOD, MOD, MOD)                                                                            \
  FORM("bitAnd:", 1, BINARY, 0, BITAND, BITAND, BITAND)                                                                \
  FORM("bitOr:", 1, BINARY, 0, BITOR, BITOR, BITOR)                                                                    \
  FORM("bitXor:", 1, BINARY, 0, BITXOR, BITXOR, BITXOR)                                                                \
  FORM("bitShift:", 1, BINARY, 0, BITSHIFT, BITSHIFT, BITSHIFT)                                                        \
  FORM("at:", 1, BINARY, 0, AT, AT, AT)                                                                                \
  FORM("at:put:", 2, AT_PUT, 0, ATPUT, ATPUT, ATPUT)                                                                   \
  FORM("<", 1, COMPARE, 0, LT, LT_J, LTI_J)                                                                            \
  FORM(">", 1, COMPARE, 0, GT, GT_J, GTI_J)                                                                            \
  FORM("<=", 1, COMPARE, 0, LE, LE_J, LEI_J)                                                                           \
  FORM(">=", 1, COMPARE, 0, GE, GE_J, GEI_J)                                                                           \
  FORM("=", 1, COMPARE, 0, EQ, EQ_J, EQI_J)                                                                            \
  FORM("~=", 1, COMPARE, 0, NE, NE_J, NEI_J)                                                                           \
  FORM("value", 0, VALUE, 0, BLOCKVALUE, BLOCKVALUE, BLOCKVALUE)                                                       \
  FORM("value:", 1, VALUE, 0, BLOCKVALUE, BLOCKVALUE, BLOCKVALUE)                                                      \
  FORM("value:value:", 2, VALUE, 0, BLOCKVALUE, BLOCKVALUE, BLOCKVALUE)                                                \
  FORM("value:value:value:", 3, VALUE, 0, BLOCKVALUE, BLOCKVALUE, BLOCKVALUE)                                          \
  FORM("value:value:value:value:", 4, VALUE, 0, BLOCKVALUE, BLOCKVALUE, BLOCKVALUE)

typedef struct Form {
  const char *selector;
  unsigned arguments;
  FormKind kind;
  bool negated;                               /* the first block runs on false, on not nil */
  Opcode op, op_immediate, op_immediate_jump; /* FORM_COMPARE: op_immediate is the fused form with registers */
} Form;

#endif
