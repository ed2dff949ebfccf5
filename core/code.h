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

#include <stddef.h>

#include "object.h"

enum { CODE_HEADER, CODE_SELECTOR, CODE_CLASS, CODE_DEBUG, CODE_LITERALS };
/* For a CompiledBlock the selector slot holds the code object that it is written in. */
#define CODE_OUTER CODE_SELECTOR

/* Fields of the header (a SmallInteger; shifts apply to its integer value). */
enum {
  CODE_ARGS_SHIFT = 0,       /* 8 bits */
  CODE_REGS_SHIFT = 8,       /* 9 bits: registers used, R[0] included, outgoing calls included */
  CODE_MAX_REGISTERS = 0x1ff,
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

/* The link word of a frame: where its caller goes on, which of the caller's registers gets the answer, and how far below the caller's FP is.  It looks like a
 * SmallInteger (bit 0) and has three forms:
 *
 *   near    bit 1 set, then base (bits 3-10), register (11-18), address of the instruction (19-63, that of bit 2 up).  Only for code of S, which does not
 *           move: returning waits for one load, not for three that depend on each other.  frames_settle_links makes it the next form.
 *   far     base (bits 3-12), register (13-22), then the instruction in words from the start of the caller's code *object*
 *   bottom  bit 2 set: the frame was pushed by machine_start, and returning from it ends the run.  Then 0: nothing is below, or the offset of the FP below, in
 *           slots from the stack base; FP[-4] holds the pc to continue there. */
enum { FRAME_CONTEXT = -3, FRAME_LINK = -2, FRAME_CODE = -1, FRAME_CONTROL = 3 };
enum { FRAME_SAVED_PC = -4 };
enum { LINK_NEAR = 2, LINK_IS_BOTTOM_BIT = 4, LINK_NEAR_BASE_BYTES = 0x7f8, LINK_NEAR_MAX = 255 };
#define LINK_MAKE(pc_index, dest, base) ((Oop)(pc_index) << 23 | (Oop)(dest) << 13 | (Oop)(base) << 3 | 1)
#define LINK_MAKE_NEAR(pc, dest, base) ((Oop)(uintptr_t)(pc) << 17 | (Oop)(dest) << 11 | (Oop)(base) << 3 | LINK_NEAR | 1)
#define LINK_BOTTOM(below) ((Oop)(below) << 3 | LINK_IS_BOTTOM_BIT | 1) /* below: 0 for nothing */
#define LINK_IS_BOTTOM(link) (((link) & LINK_IS_BOTTOM_BIT) != 0)
#define LINK_BELOW(link) ((size_t)((link) >> 3))
#define LINK_NEAR_DEST(link) ((link) >> 11 & 0xff)
#define LINK_NEAR_PC(link) ((const uint32_t *)(uintptr_t)((link) >> 17 & ~(Oop)3))
static inline unsigned link_base(Oop link) { return (unsigned)(link >> 3 & 0x3ff >> (link & LINK_NEAR)); }
static inline unsigned link_dest(Oop link) { return (unsigned)(link & LINK_NEAR ? LINK_NEAR_DEST(link) : link >> 13 & 0x3ff); }
/* In words from the start of CALLER, the code that goes on. */
static inline uint32_t link_pc(Oop link, const Object *caller) {
  return (uint32_t)(link & LINK_NEAR ? LINK_NEAR_PC(link) - (const uint32_t *)caller : (ptrdiff_t)(link >> 23));
}

/* BlockClosure slots. */
enum { CLOSURE_CODE, CLOSURE_RECEIVER, CLOSURE_HOME, CLOSURE_COPIED };

#endif
