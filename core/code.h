/* SPDX-License-Identifier: MIT */
/* code.h -- CompiledMethod and CompiledBlock, and the frame that runs them.
 *
 *   CompiledCode object (pure: never modified once built)
 *   +--------+----------+-------+-------+------------+-----------------------+
 *   | header | selector | class | debug | literals.. | 32-bit instructions.. |
 *   +--------+----------+-------+-------+------------+-----------------------+
 *     small    Symbol     class   DebugInfo or nil
 *     integer  (a block:  (shadowable: resolve before reading)
 *               the code
 *               around it)
 *
 *   A frame on the actor's stack (grows upwards; FP points at register 0):
 *
 *   FP[-3] context   nil, or the Context object that knows this frame
 *   FP[-2] link      how to return: LINK_* packed in a SmallInteger
 *   FP[-1] code      the CompiledCode that runs
 *   FP[0]  receiver  (a block: the BlockClosure)
 *   FP[1].. arguments, then temporaries, then expression registers.
 *
 * A caller puts receiver and arguments into consecutive registers R[b], R[b+1].. with R[b-3..b-1] free: they
 * become the callee's FP[-3..], so nothing is copied.  The result goes to the register named by the call. */
#ifndef ATOLL_CODE_H
#define ATOLL_CODE_H

#include "object.h"

enum { CODE_HEADER, CODE_SELECTOR, CODE_CLASS, CODE_DEBUG, CODE_LITERALS };
/* For a CompiledBlock the selector slot holds the code object that it is written in. */
#define CODE_OUTER CODE_SELECTOR

/* Fields of the header (a SmallInteger; shifts apply to its integer value). */
enum {
  CODE_ARGS_SHIFT = 0,       /* 8 bits */
  CODE_REGS_SHIFT = 8,       /* 9 bits: registers used, R[0] included, outgoing calls included */
  CODE_LITERALS_SHIFT = 17,  /* 16 bits */
  CODE_PRIMITIVE_SHIFT = 33, /* 12 bits: primitive number + 1, or 0 */
  CODE_FLAGS_SHIFT = 45      /* 8 bits */
};
enum {
  CODE_IS_BLOCK = 1,
  CODE_NEEDS_HOME = 2,   /* method with a block that returns through it (`^` in a block) */
  CODE_HANDLER = 4,      /* frames of this method are exception handlers: <exceptionHandler> */
  CODE_UNWIND = 8,       /* frames of this method must run a block when unwound: <unwindBlock> */
  CODE_HIDDEN = 16,      /* left out of stack traces: <hidden> */
  CODE_CLEAN_BLOCK = 32, /* block uses no self, no captured variable, no ^, no thisContext */
  CODE_BARRIER = 64      /* exception search and unwinding stop here: <exceptionBarrier> */
};

static inline uint64_t code_header(const Object *code) { return (uint64_t)oop_to_small(code->slots[CODE_HEADER]); }
static inline unsigned code_args(const Object *c) { return (unsigned)(code_header(c) >> CODE_ARGS_SHIFT) & 0xff; }
static inline unsigned code_registers(const Object *c) { return (unsigned)(code_header(c) >> CODE_REGS_SHIFT) & 0x1ff; }
static inline unsigned code_literals(const Object *c) { return (unsigned)(code_header(c) >> CODE_LITERALS_SHIFT) & 0xffff; }
static inline unsigned code_primitive(const Object *c) { return (unsigned)(code_header(c) >> CODE_PRIMITIVE_SHIFT) & 0xfff; }
static inline unsigned code_flags(const Object *c) { return (unsigned)(code_header(c) >> CODE_FLAGS_SHIFT) & 0xff; }
static inline const uint32_t *code_words(const Object *c) {
  return (const uint32_t *)&c->slots[CODE_LITERALS + code_literals(c)];
}
static inline int64_t code_header_make(unsigned args, unsigned registers, unsigned literals, unsigned primitive,
                                       unsigned flags) {
  return (int64_t)args << CODE_ARGS_SHIFT | (int64_t)registers << CODE_REGS_SHIFT |
         (int64_t)literals << CODE_LITERALS_SHIFT | (int64_t)primitive << CODE_PRIMITIVE_SHIFT |
         (int64_t)flags << CODE_FLAGS_SHIFT;
}

/* The link word: where to continue in the caller's code (in 32-bit words from the start of the code *object*), the caller's
 * register that gets the answer, and how far below the caller's FP is.
 *
 * A bottom frame (pushed by machine_start) has a negative link: returning from it ends the run.  -1: nothing is below;
 * else -(offset of the FP below, in slots from the stack base) - 1, and FP[-4] holds the pc to continue there. */
enum { FRAME_CONTEXT = -3, FRAME_LINK = -2, FRAME_CODE = -1, FRAME_CONTROL = 3 };
#define LINK_MAKE(pc_index, dest, base) oop_from_small((int64_t)(pc_index) << 20 | (int64_t)(dest) << 10 | (int64_t)(base))
#define LINK_PC(link) ((uint32_t)(oop_to_small(link) >> 20))
#define LINK_DEST(link) ((unsigned)(oop_to_small(link) >> 10) & 0x3ff)
#define LINK_BASE(link) ((unsigned)oop_to_small(link) & 0x3ff)
#define LINK_BOTTOM(below) oop_from_small(-(int64_t)(below) - 1) /* below: 0 for nothing */
#define LINK_IS_BOTTOM(link) ((int64_t)(link) < 0)
#define LINK_BELOW(link) ((size_t)(-oop_to_small(link) - 1))
enum { FRAME_SAVED_PC = -4 };

/* BlockClosure slots. */
enum { CLOSURE_CODE, CLOSURE_RECEIVER, CLOSURE_HOME, CLOSURE_COPIED };

#endif
