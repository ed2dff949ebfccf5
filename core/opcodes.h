/* SPDX-License-Identifier: MIT */
/* opcodes.h -- the one table of the instruction set: enum, names, disassembler, verifier and dispatch
 * labels are all made from it.
 *
 * An instruction is one 32-bit word:   op = bits 0-7, A = 8-15, B = 16-23, C = 24-31
 * Bx = bits 16-31 unsigned, sBx = the same signed; sC = C signed; sJ = bits 8-31 signed.
 * Jumps are relative to the following instruction, in words.  R = registers of the frame, K = literals.
 *
 * Operand kinds, for disassembler and verifier:
 *   r register read, w register written, k literal index (Bx), i signed immediate (sBx or sC), n count,
 *   j jump (sBx), J jump (sJ), - unused
 *
 * "_J" forms compare and branch: the next word is always JUMP_FALSE A (or JUMP_TRUE A) on the same A.  When both
 * operands are small integers (or floats) the pair is one step and A is not written; else the
 * comparison is sent, its answer goes to A, and the jump runs by itself.
 *
 * A slow special send (ADD on non-integers, AT of an unusual class ...) copies its operands to the end of the
 * frame (register code_registers + FRAME_CONTROL and up) and sends the selector named in SPECIAL_SELECTORS.
 *
 * FORLOOP closes a loop laid out like this, so that the common case is one instruction a turn:
 *
 *   L0:  LE_J  t i limit;  JUMP_FALSE t END        (GE_J when the step is negative)
 *   L1:  ...body...
 *        FORLOOP i limit step                      i, limit SmallIntegers, no overflow: step and test, then go to
 *        LOOP  L1                                  L1 or END; this word is only its operand, never run
 *        ADDI  i i step                            otherwise: step and test by sends
 *        LOOP  L0
 *   END:
 *
 * FORSTEP is the same with the step in a register; the test at L0 looks both ways. */
#ifndef ATOLL_OPCODES_H
#define ATOLL_OPCODES_H

/* OP(name, operands A B C, doc) */
#define OPCODES(OP)                                                                                      \
  OP(MOVE, "wr-", "R[A] := R[B]")                                                                        \
  OP(LOADK, "wk", "R[A] := K[Bx]")                                                                       \
  OP(LOADI, "wi", "R[A] := sBx as SmallInteger")                                                         \
  OP(LOADNIL, "wn-", "R[A] .. R[A+B] := nil")                                                            \
  OP(LOADTRUE, "w--", "R[A] := true")                                                                    \
  OP(LOADFALSE, "w--", "R[A] := false")                                                                  \
  OP(GETIVAR, "wrn", "R[A] := slot C of object R[B]; R[B] is resolved (self)")                           \
  OP(SETIVAR, "rrn", "slot C of object R[B] := R[A]; R[B] gets the W copy when it was in S")             \
  OP(GETGLOBAL, "wk", "R[A] := value of binding K[Bx]")                                                  \
  OP(SETGLOBAL, "rk", "value of binding K[Bx] := R[A]")                                                  \
  OP(NEWVEC, "wn-", "R[A] := new vector of B nils, for variables that blocks share")                     \
  OP(GETVEC, "wrn", "R[A] := slot C of vector R[B]")                                                     \
  OP(SETVEC, "rrn", "slot C of vector R[B] := R[A]")                                                     \
  OP(ARRAY, "wrn", "R[A] := new Array of R[B] .. R[B+C-1], for { }")                                     \
  OP(CLOSURE, "wk", "R[A] := closure of CompiledBlock K[Bx]; next word n = copied values (bits 0-7), bit 8 = needs home, " \
                    "then ceil(n/4) words with the registers to copy, 8 bits each, lowest first")        \
  OP(BLOCKSELF, "w--", "R[A] := receiver of the closure R[0], resolved")                                 \
  OP(COPIED, "wn-", "R[A] := copied value B of the closure R[0]")                                        \
  OP(THISCONTEXT, "w--", "R[A] := the Context of this frame")                                            \
  OP(JUMP, "J", "forward jump")                                                                          \
  OP(LOOP, "J", "backward jump; costs a reduction, may be pre-empted")                                   \
  OP(JUMP_TRUE, "rj", "jump when R[A] is true; non-Boolean: send mustBeBoolean, answer taken as the value") \
  OP(JUMP_FALSE, "rj", "jump when R[A] is false; likewise")                                              \
  OP(JUMP_NIL, "rj", "jump when R[A] is nil")                                                            \
  OP(JUMP_NOT_NIL, "rj", "jump when R[A] is not nil")                                                    \
  OP(FORLOOP, "rri", "end of an inlined to:do: with a small literal step; see above")                     \
  OP(FORSTEP, "rrr", "end of an inlined to:by:do: with any other step; see above")                        \
  OP(SEND, "rnw", "send to R[A] with B arguments behind it, answer to R[C]; next word: selector literal")\
  OP(SUPERSEND, "rnw", "the same, lookup starts above the method's class")                               \
  OP(BLOCKVALUE, "rnw", "value/value:.. R[A] with B arguments, answer to R[C]; next word: selector literal") \
  OP(RETURN, "r--", "answer R[A]")                                                                       \
  OP(RETURN_SELF, "---", "answer R[0]")                                                                  \
  OP(RETURN_NIL, "---", "answer nil")                                                                    \
  OP(BLOCKRETURN, "r--", "^ in a block: return R[A] from the home method, unwinding")                    \
  OP(ADD, "wrr", "R[A] := R[B] + R[C]")                                                                  \
  OP(SUB, "wrr", "R[A] := R[B] - R[C]")                                                                  \
  OP(MUL, "wrr", "R[A] := R[B] * R[C]")                                                                  \
  OP(DIV, "wrr", "R[A] := R[B] // R[C]")                                                                 \
  OP(MOD, "wrr", "R[A] := R[B] \\\\ R[C]")                                                               \
  OP(BITAND, "wrr", "R[A] := R[B] bitAnd: R[C]")                                                         \
  OP(BITOR, "wrr", "R[A] := R[B] bitOr: R[C]")                                                           \
  OP(BITXOR, "wrr", "R[A] := R[B] bitXor: R[C]")                                                         \
  OP(BITSHIFT, "wrr", "R[A] := R[B] bitShift: R[C]")                                                     \
  OP(DIVIDE, "wrr", "R[A] := R[B] / R[C]")                                                               \
  OP(ADDI, "wri", "R[A] := R[B] + sC")                                                                   \
  OP(SUBI, "wri", "R[A] := R[B] - sC")                                                                   \
  OP(LT, "wrr", "R[A] := R[B] < R[C]")                                                                   \
  OP(GT, "wrr", "R[A] := R[B] > R[C]")                                                                   \
  OP(LE, "wrr", "R[A] := R[B] <= R[C]")                                                                  \
  OP(GE, "wrr", "R[A] := R[B] >= R[C]")                                                                  \
  OP(EQ, "wrr", "R[A] := R[B] = R[C]")                                                                   \
  OP(NE, "wrr", "R[A] := R[B] ~= R[C]")                                                                  \
  OP(LT_J, "wrr", "LT, fused with the JUMP_FALSE/JUMP_TRUE A that follows")                              \
  OP(GT_J, "wrr", "likewise")                                                                            \
  OP(LE_J, "wrr", "likewise")                                                                            \
  OP(GE_J, "wrr", "likewise")                                                                            \
  OP(EQ_J, "wrr", "likewise")                                                                            \
  OP(NE_J, "wrr", "likewise")                                                                            \
  OP(LTI_J, "wri", "R[B] < sC, fused likewise")                                                          \
  OP(GTI_J, "wri", "likewise")                                                                           \
  OP(LEI_J, "wri", "likewise")                                                                           \
  OP(GEI_J, "wri", "likewise")                                                                           \
  OP(EQI_J, "wri", "likewise")                                                                           \
  OP(NEI_J, "wri", "likewise")                                                                           \
  OP(SAME, "wrr", "R[A] := R[B] == R[C]")                                                                \
  OP(NOT_SAME, "wrr", "R[A] := R[B] ~~ R[C]")                                                            \
  OP(SAME_J, "wrr", "SAME, fused likewise")                                                              \
  OP(NOT_SAME_J, "wrr", "likewise")                                                                      \
  OP(IS_NIL, "wr-", "R[A] := R[B] isNil (inlined, cannot be redefined)")                                 \
  OP(NOT_NIL, "wr-", "R[A] := R[B] notNil")                                                              \
  OP(NOT, "wr-", "R[A] := R[B] not")                                                                     \
  OP(AT, "wrr", "R[A] := R[B] at: R[C]")                                                                 \
  OP(ATPUT, "rrr", "R[A] at: R[B] put: R[C]; the answer is not wanted")                                  \
  OP(ATPUT_VALUE, "rrr", "the same; the next word is MOVE d R[C]: a send skips it and puts its answer in R[d]") \
  OP(SIZE, "wr-", "R[A] := R[B] size")                                                                   \
  OP(CLASS, "wr-", "R[A] := R[B] class")

/* Two instructions in a row that are run as one: the first word names the pair, the second stays as it is, so it can be jumped to and everybody but the
 * interpreter sees the two that they are (op_code).  The generator chooses them at its end.
 * PAIR(name, first, second): second may be a pair itself.  Picked by how often the two follow each other in the programs of tests/bench.
 * FORLOOP1 is FORLOOP with the step 1. */
#define JUMP_PAIRS(PAIR)                                                                                                  \
  PAIR(LT_JF, LT_J, JUMP_FALSE) PAIR(GT_JF, GT_J, JUMP_FALSE) PAIR(LE_JF, LE_J, JUMP_FALSE) PAIR(GE_JF, GE_J, JUMP_FALSE)   \
  PAIR(EQ_JF, EQ_J, JUMP_FALSE) PAIR(NE_JF, NE_J, JUMP_FALSE) PAIR(LTI_JF, LTI_J, JUMP_FALSE) PAIR(GTI_JF, GTI_J, JUMP_FALSE) \
  PAIR(LEI_JF, LEI_J, JUMP_FALSE) PAIR(GEI_JF, GEI_J, JUMP_FALSE) PAIR(EQI_JF, EQI_J, JUMP_FALSE) PAIR(NEI_JF, NEI_J, JUMP_FALSE) \
  PAIR(SAME_JF, SAME_J, JUMP_FALSE) PAIR(NOT_SAME_JF, NOT_SAME_J, JUMP_FALSE)                                             \
  PAIR(LT_JT, LT_J, JUMP_TRUE) PAIR(GT_JT, GT_J, JUMP_TRUE) PAIR(LE_JT, LE_J, JUMP_TRUE) PAIR(GE_JT, GE_J, JUMP_TRUE)       \
  PAIR(EQ_JT, EQ_J, JUMP_TRUE) PAIR(NE_JT, NE_J, JUMP_TRUE) PAIR(LTI_JT, LTI_J, JUMP_TRUE) PAIR(GTI_JT, GTI_J, JUMP_TRUE)   \
  PAIR(LEI_JT, LEI_J, JUMP_TRUE) PAIR(GEI_JT, GEI_J, JUMP_TRUE) PAIR(EQI_JT, EQI_J, JUMP_TRUE) PAIR(NEI_JT, NEI_J, JUMP_TRUE) \
  PAIR(SAME_JT, SAME_J, JUMP_TRUE) PAIR(NOT_SAME_JT, NOT_SAME_J, JUMP_TRUE) PAIR(FORLOOP1, FORLOOP, LOOP) PAIR(AT_JUMP_NIL, AT, JUMP_NIL)
#define ARITHMETIC_PAIRS(PAIR) \
  PAIR(ADD_ADD, ADD, ADD) PAIR(ADD_SUB, ADD, SUB) PAIR(ADD_MUL, ADD, MUL) \
  PAIR(SUB_ADD, SUB, ADD) PAIR(SUB_SUB, SUB, SUB) PAIR(SUB_MUL, SUB, MUL) \
  PAIR(MUL_ADD, MUL, ADD) PAIR(MUL_SUB, MUL, SUB) PAIR(MUL_MUL, MUL, MUL)
#define PAIRS(PAIR) \
  PAIR(MOVE_MOVE, MOVE, MOVE) PAIR(MOVE_SEND, MOVE, SEND) PAIR(MOVE_BLOCKVALUE, MOVE, BLOCKVALUE) PAIR(MOVE_GETIVAR, MOVE, GETIVAR) \
  PAIR(MOVE_LOADI, MOVE, LOADI) PAIR(MOVE_LOADK, MOVE, LOADK) PAIR(MOVE_GETGLOBAL, MOVE, GETGLOBAL) PAIR(MOVE_AT, MOVE, AT) \
  PAIR(MOVE_ADDI, MOVE, ADDI) PAIR(MOVE_SUBI, MOVE, SUBI) PAIR(MOVE_CLOSURE, MOVE, CLOSURE) PAIR(MOVE_MOVE_SEND, MOVE, MOVE_SEND) \
  PAIR(MOVE_LOADI_SEND, MOVE, LOADI_SEND) PAIR(MOVE_GETIVAR_SEND, MOVE, GETIVAR_SEND) PAIR(MOVE_LOADK_SEND, MOVE, LOADK_SEND) PAIR(MOVE_SUBI_SEND, MOVE, SUBI_SEND) \
  PAIR(MOVE_MOVE_BLOCKVALUE, MOVE, MOVE_BLOCKVALUE) PAIR(MOVE_AT_BLOCKVALUE, MOVE, AT_BLOCKVALUE) PAIR(MOVE_GETIVAR_AT, MOVE, GETIVAR_AT) \
  PAIR(GETIVAR_GETIVAR, GETIVAR, GETIVAR) PAIR(GETIVAR_AT, GETIVAR, AT) PAIR(GETIVAR_LOADI, GETIVAR, LOADI) PAIR(GETIVAR_LOADK, GETIVAR, LOADK) \
  PAIR(GETIVAR_MOVE, GETIVAR, MOVE) PAIR(GETIVAR_SEND, GETIVAR, SEND) PAIR(GETIVAR_BLOCKVALUE, GETIVAR, BLOCKVALUE) PAIR(GETIVAR_ADDI, GETIVAR, ADDI) \
  PAIR(GETIVAR_SUBI, GETIVAR, SUBI) PAIR(GETIVAR_ADD, GETIVAR, ADD) PAIR(GETIVAR_SUB, GETIVAR, SUB) PAIR(GETIVAR_MUL, GETIVAR, MUL) \
  PAIR(GETIVAR_SIZE, GETIVAR, SIZE) PAIR(GETIVAR_ATPUT, GETIVAR, ATPUT) PAIR(GETIVAR_JUMP_NIL, GETIVAR, JUMP_NIL) PAIR(GETIVAR_JUMP_NOT_NIL, GETIVAR, JUMP_NOT_NIL) \
  PAIR(GETIVAR_LE_JF, GETIVAR, LE_JF) PAIR(GETIVAR_EQ_JF, GETIVAR, EQ_JF) PAIR(GETIVAR_ADDI_SETIVAR, GETIVAR, ADDI_SETIVAR) PAIR(GETIVAR_MOVE_SEND, GETIVAR, MOVE_SEND) \
  PAIR(LOADI_SEND, LOADI, SEND) PAIR(LOADI_MUL, LOADI, MUL) PAIR(LOADI_ADD, LOADI, ADD) PAIR(LOADI_MOD, LOADI, MOD) \
  PAIR(LOADI_BITAND, LOADI, BITAND) PAIR(LOADI_AT, LOADI, AT) PAIR(LOADI_RETURN, LOADI, RETURN) PAIR(LOADI_BLOCKVALUE, LOADI, BLOCKVALUE) \
  PAIR(LOADI_MOVE, LOADI, MOVE) PAIR(LOADI_ATPUT, LOADI, ATPUT) \
  PAIR(LOADK_SEND, LOADK, SEND) PAIR(LOADK_MUL, LOADK, MUL) PAIR(LOADK_ADD, LOADK, ADD) PAIR(LOADK_SUB, LOADK, SUB) \
  PAIR(LOADK_MOD, LOADK, MOD) PAIR(LOADK_BITAND, LOADK, BITAND) PAIR(LOADK_EQ_JF, LOADK, EQ_JF) PAIR(LOADK_LT_JF, LOADK, LT_JF) \
  PAIR(LOADK_SAME_JF, LOADK, SAME_JF) PAIR(LOADK_MOVE, LOADK, MOVE) PAIR(LOADK_LE_JF, LOADK, LE_JF) \
  PAIR(COPIED_COPIED, COPIED, COPIED) PAIR(COPIED_MOVE, COPIED, MOVE) PAIR(COPIED_GETVEC, COPIED, GETVEC) PAIR(COPIED_GETIVAR, COPIED, GETIVAR) \
  PAIR(COPIED_EQ_JF, COPIED, EQ_JF) \
  PAIR(BLOCKSELF_COPIED, BLOCKSELF, COPIED) PAIR(BLOCKSELF_GETIVAR, BLOCKSELF, GETIVAR) \
  PAIR(GETGLOBAL_MOVE, GETGLOBAL, MOVE) PAIR(GETGLOBAL_SEND, GETGLOBAL, SEND) PAIR(GETGLOBAL_LOADI, GETGLOBAL, LOADI) \
  PAIR(GETVEC_MOVE, GETVEC, MOVE) PAIR(GETVEC_ADD, GETVEC, ADD) PAIR(GETVEC_ADDI, GETVEC, ADDI) PAIR(GETVEC_SEND, GETVEC, SEND) \
  PAIR(GETVEC_AT, GETVEC, AT) \
  PAIR(ADDI_FORLOOP1, ADDI, FORLOOP1) PAIR(ADDI_LOOP, ADDI, LOOP) PAIR(ADDI_SETIVAR, ADDI, SETIVAR) PAIR(ADDI_SETVEC, ADDI, SETVEC) \
  PAIR(ADDI_AT, ADDI, AT) PAIR(ADDI_RETURN, ADDI, RETURN) PAIR(ADDI_MOVE, ADDI, MOVE) PAIR(ADDI_ATPUT, ADDI, ATPUT) \
  PAIR(SUBI_SEND, SUBI, SEND) PAIR(SUBI_MOVE, SUBI, MOVE) PAIR(SUBI_BLOCKVALUE, SUBI, BLOCKVALUE) PAIR(SUBI_LOOP, SUBI, LOOP) \
  PAIR(SUBI_SETIVAR, SUBI, SETIVAR) \
  PAIR(ADD_FORLOOP1, ADD, FORLOOP1) PAIR(ADD_LOADK, ADD, LOADK) PAIR(ADD_LOADI, ADD, LOADI) PAIR(ADD_AT, ADD, AT) \
  PAIR(ADD_RETURN, ADD, RETURN) PAIR(ADD_ATPUT, ADD, ATPUT) PAIR(ADD_SETIVAR, ADD, SETIVAR) PAIR(ADD_SEND, ADD, SEND) \
  PAIR(ADD_SETVEC, ADD, SETVEC) PAIR(ADD_MOVE, ADD, MOVE) PAIR(ADD_EQ_JF, ADD, EQ_JF) PAIR(ADD_FORLOOP, ADD, FORLOOP) \
  PAIR(SUB_ADDI, SUB, ADDI) PAIR(SUB_SETIVAR, SUB, SETIVAR) PAIR(SUB_RETURN, SUB, RETURN) PAIR(SUB_EQ_JT, SUB, EQ_JT) \
  PAIR(MUL_LOADI, MUL, LOADI) PAIR(MUL_LOADK, MUL, LOADK) PAIR(MUL_RETURN, MUL, RETURN) \
  PAIR(AT_AT, AT, AT) PAIR(AT_ADD, AT, ADD) PAIR(AT_SUB, AT, SUB) PAIR(AT_MUL, AT, MUL) \
  PAIR(AT_BLOCKVALUE, AT, BLOCKVALUE) PAIR(AT_SEND, AT, SEND) PAIR(AT_MOVE, AT, MOVE) PAIR(AT_GETIVAR, AT, GETIVAR) \
  PAIR(AT_JUMP_FALSE, AT, JUMP_FALSE) PAIR(AT_LT_JF, AT, LT_JF) PAIR(AT_EQ_JF, AT, EQ_JF) \
  PAIR(AT_MOD, AT, MOD) PAIR(AT_RETURN, AT, RETURN) PAIR(AT_EQ_JT, AT, EQ_JT) \
  PAIR(BITAND_SETIVAR, BITAND, SETIVAR) PAIR(BITAND_RETURN, BITAND, RETURN) \
  PAIR(ATPUT_FORLOOP1, ATPUT, FORLOOP1) PAIR(ATPUT_MOVE, ATPUT, MOVE) PAIR(ATPUT_RETURN_SELF, ATPUT, RETURN_SELF) PAIR(ATPUT_GETIVAR, ATPUT, GETIVAR) \
  PAIR(ATPUT_FORSTEP, ATPUT, FORSTEP) \
  PAIR(SETIVAR_GETIVAR, SETIVAR, GETIVAR) PAIR(SETIVAR_RETURN, SETIVAR, RETURN) PAIR(SETIVAR_RETURN_SELF, SETIVAR, RETURN_SELF) PAIR(SETIVAR_MOVE, SETIVAR, MOVE) \
  PAIR(SETIVAR_SETIVAR, SETIVAR, SETIVAR) \
  PAIR(MOD_EQI_JF, MOD, EQI_JF)

typedef enum Opcode {
#define OP(name, operands, doc) OP_##name,
  OPCODES(OP)
#undef OP
      OPCODE_COUNT,
  OPCODE_PAIRS = OPCODE_COUNT - 1, /* the next is the first pair */
#define PAIR(name, first, second) OP_##name,
  JUMP_PAIRS(PAIR) ARITHMETIC_PAIRS(PAIR) PAIRS(PAIR)
#undef PAIR
      OPCODE_END
} Opcode;
_Static_assert(OPCODE_END <= 256, "an opcode is 8 bits");

/* Selectors behind special instructions that a program may redefine; the bit number of each in
 * Machine.overridden says that SmallInteger (or, for AT.., a built-in collection class; for CLASS, any class) no longer has the
 * built-in method. */
#define SPECIAL_SELECTORS(X)                                                                     \
  X(ADD, "+", 1) X(SUB, "-", 1) X(MUL, "*", 1) X(DIV, "//", 1) X(MOD, "\\\\", 1)                 \
  X(BITAND, "bitAnd:", 1) X(BITOR, "bitOr:", 1) X(BITXOR, "bitXor:", 1) X(BITSHIFT, "bitShift:", 1) \
  X(DIVIDE, "/", 1) X(LT, "<", 1) X(GT, ">", 1) X(LE, "<=", 1) X(GE, ">=", 1) X(EQ, "=", 1)      \
  X(NE, "~=", 1) X(AT, "at:", 1) X(ATPUT, "at:put:", 2) X(SIZE, "size", 0) X(CLASS, "class", 0)  \
  X(NOT, "not", 0) X(VALUE0, "value", 0) X(VALUE1, "value:", 1) X(VALUE2, "value:value:", 2)     \
  X(VALUE3, "value:value:value:", 3) X(VALUE4, "value:value:value:value:", 4)                    \
  X(MUST_BE_BOOLEAN, "mustBeBoolean", 0) X(DOES_NOT_UNDERSTAND, "doesNotUnderstand:", 1)         \
  X(CANNOT_RETURN, "cannotReturn:", 1) X(NUM_ARGS_ERROR, "numArgsError:", 1)                     \
  X(UNWIND_RETURN, "unwindReturn:to:", 2) X(TOO_DEEP, "callNestingTooDeep", 0)                   \
  X(HEAP_LIMIT, "heapLimitReached", 0) X(START, "performStart:arguments:", 2) X(MISSING_SLOT, "instanceVariableMissing", 0) \
  X(HANDLES, "handles:", 1)

typedef enum SpecialSelector {
#define X(name, text, args) SPECIAL_##name,
  SPECIAL_SELECTORS(X)
#undef X
      SPECIAL_COUNT
} SpecialSelector;

/* More bits of Machine.overridden: objects may lack slots that the code running for them reads.  The one because of what classes and methods are (whoever
 * gets these has it too), the other because of what objects of this machine are. */
enum { OVERRIDDEN_LAYOUTS = 1 << 29, OVERRIDDEN_LAYOUTS_HERE = 1 << 30 };
_Static_assert(SPECIAL_VALUE4 < 29, "bits of Machine.overridden");

/* Which instruction W is; of a pair: the first one. */
static inline unsigned op_code(uint32_t w) {
  static const uint8_t firsts[] = {
#define PAIR(name, first, second) OP_##first,
      JUMP_PAIRS(PAIR) ARITHMETIC_PAIRS(PAIR) PAIRS(PAIR)
#undef PAIR
  };
  unsigned op = w & 0xff;
  return op < OPCODE_COUNT || op >= OPCODE_END ? op : firsts[op - OPCODE_COUNT];
}
static inline unsigned op_a(uint32_t w) { return w >> 8 & 0xff; }
static inline unsigned op_b(uint32_t w) { return w >> 16 & 0xff; }
static inline unsigned op_c(uint32_t w) { return w >> 24; }
static inline int op_sc(uint32_t w) { return (int32_t)w >> 24; }
static inline unsigned op_bx(uint32_t w) { return w >> 16; }
static inline int op_sbx(uint32_t w) { return (int32_t)w >> 16; }
static inline int op_sj(uint32_t w) { return (int32_t)w >> 8; }
static inline uint32_t op_make_abc(unsigned op, unsigned a, unsigned b, unsigned c) {
  return op | a << 8 | b << 16 | (uint32_t)(c & 0xff) << 24;
}
static inline uint32_t op_make_abx(unsigned op, unsigned a, unsigned bx) { return op | a << 8 | (uint32_t)(bx & 0xffff) << 16; }
static inline uint32_t op_make_sj(unsigned op, int sj) { return op | (uint32_t)sj << 8; }

#endif
