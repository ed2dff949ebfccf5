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

typedef enum Opcode {
#define OP(name, operands, doc) OP_##name,
  OPCODES(OP)
#undef OP
      OPCODE_COUNT
} Opcode;

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

static inline unsigned op_code(uint32_t w) { return w & 0xff; }
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
