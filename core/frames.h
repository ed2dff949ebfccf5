/* SPDX-License-Identifier: MIT */
/* frames.h -- walking and cutting the stack of frames (layout in code.h).
 *
 * Outside the interpreter a frame is named by its offset: slots from the stack base to its FP.  It stays valid while the frame lives,
 * wherever the block moves. */
#ifndef ATOLL_FRAMES_H
#define ATOLL_FRAMES_H

#include "machine.h"

static inline size_t frame_offset(const Machine *m, const Oop *fp) { return (size_t)(fp - m->stack); }
static inline Object *frame_code(const Oop *fp) { return oop_to_object(fp[FRAME_CODE]); }

/* The frame below (the caller, or what a bottom frame interrupted), or NULL. */
Oop *frame_caller(const Machine *m, const Oop *fp);

/* How many slots the frames up to the one at FP may come to use, when they stand at STACK (here or in a process): the registers of a caller may reach further than
 * those of what it has called.  What is behind the top is of no use until then, but it must be there. */
size_t frames_reach(const Oop *stack, size_t fp);

/* Makes no frame hold an address of code: before they are copied elsewhere, or code of S gets another place. */
void frames_settle_links(Machine *m);

/* The live frame at OFFSET (a SmallInteger oop), or NULL when there is none. */
Oop *frame_at(const Machine *m, Oop offset);

/* The live frame that CONTEXT, a Context object, stands for; NULL when it has returned or is on the stack of another process. */
Oop *frame_of_context(const Machine *m, Oop context);

/* The frame called by FP, or NULL when FP is the top one. */
Oop *frame_callee(const Machine *m, const Oop *fp);

/* Index (words from the start of the code object) of the instruction that FP is about to run. */
uint32_t frame_pc(const Machine *m, const Oop *fp);

/* The method frame in which the block of FP was written, while it lives; FP itself for a method; else NULL. */
Oop *frame_home(const Machine *m, const Oop *fp);

/* Receiver of the method or block that FP runs. */
Oop frame_receiver(const Machine *m, const Oop *fp);

/* What SLOT of DEBUG, a DebugInfo, says: the text of the method, its line table or the names of its registers, which an image has packed (the names as one
 * text: build_names_may_gc).  In W until the next collection, else as long as its image.  False: there is none. */
bool debug_info_try_part(const Machine *m, const Object *debug, unsigned slot, const char **bytes, size_t *size);

/* Source line of instruction PC of CODE, 0 when unknown. */
unsigned code_line(const Machine *m, const Object *code, uint32_t pc);

/* The Context object of a frame, made on first use; 0: no memory. */
Oop frame_context_may_gc(Machine *m, size_t offset);

/* Drops the frames above FP and FP itself; its caller goes on with VALUE.  Sets m->done at a bottom frame. */
void frames_return(Machine *m, Oop *fp, Oop value);

/* Drops the frames above FP; the call that FP is in answers VALUE.  FP must not be the top frame. */
void frames_resume(Machine *m, Oop *fp, Oop value);

/* Drops the frames above FP and runs its code again from the first instruction. */
void frames_restart(Machine *m, Oop *fp);

/* While "too deep" is handled: takes back what was granted for another such error inside, once the stack is below that again. */
void machine_settle_graces(Machine *m);

/* From FP upwards to callers, FP included: the first frame whose code has one of FLAGS; stops before STOP (may be NULL) and at a
 * bottom frame or CODE_BARRIER.  NULL: none. */
Oop *frames_find(const Machine *m, Oop *fp, const Oop *stop, unsigned flags);

#endif
