/* SPDX-License-Identifier: MIT */
/* control_primitives.c -- primitives that change what runs next: perform:, block values, frames, unwinding.
 *
 * A primitive that calls code sets m->call (and args, argc) and answers OOP_CONTROL; one that cuts the stack changes fp and pc.
 * Exceptions are Smalltalk (images/kernel); these are the few things that it cannot do itself. */
#include "class_builder.h"
#include "frames.h"
#include "lookup.h"
#include "memory_internal.h"
#include "primitive.h"
#include "send_cache.h"

/* ---- calling ---------------------------------------------------------------------------------------------------- */

/* Copies COUNT words (receiver first) behind the arguments of the running send, where the callee's frame can stand, so that the send itself can be
 * made again if the callee waits. */
static Oop call_with(Machine *m, Oop code, const Oop *words, unsigned count) {
  Oop *base = m->args + m->argc + 1 + FRAME_CONTROL;
  memmove(base, words, count * sizeof(Oop));
  m->args = base;
  m->argc = count - 1;
  m->call = code;
  return OOP_CONTROL;
}

/* Room for COUNT more words and their control words behind the arguments. */
static bool room_for_call_may_gc(Machine *m, unsigned count) {
  Oop *need = m->args + m->argc + 1 + FRAME_CONTROL + count;
  if (need < m->stack_limit && need - m->fp < 900) return true;
  return need - m->fp < 900 && machine_grow_stack_may_gc(m, (size_t)count + FRAME_CONTROL + 1);
}

static Oop perform_words(Machine *m, Oop selector, const Oop *words, unsigned count) {
  if (!oop_is_pointer(selector) || !oop_has_class(selector, CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop found = machine_lookup(m, machine_class_of(m, words[0]), selector);
  if (!found) return primitive_fail(m, FAILURE_NOT_FOUND);
  if (code_args(oop_to_object(found)) != count - 1) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  m->selector = selector;
  send_cache_note_performed(m, words[0], selector, found);
  return call_with(m, found, words, count);
}

static Oop prim_perform(Machine *m) {
  Oop words[8];
  if (m->argc > 7 || !room_for_call_may_gc(m, m->argc)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  words[0] = m->args[0];
  memcpy(words + 1, m->args + 2, (m->argc - 1) * sizeof(Oop));
  return perform_words(m, m->args[1], words, m->argc);
}

static Oop prim_perform_with_arguments(Machine *m) {
  Oop words[201];
  if (!oop_has_class(m->args[2], CLASS_ARRAY)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  size_t count = object_slots(oop_to_object(m->args[2]));
  if (count > 200) return primitive_fail(m, FAILURE_TOO_LARGE);
  if (!room_for_call_may_gc(m, (unsigned)count + 1)) return primitive_fail(m, FAILURE_NO_MEMORY);
  words[0] = m->args[0];
  memcpy(words + 1, oop_to_object(m->args[2])->slots, count * sizeof(Oop));
  return perform_words(m, m->args[1], words, (unsigned)count + 1);
}

/* Code trusts that self has the slots it reads.  A method that is not (or no more) that of its class may have been made for another layout: then the
 * interpreter looks before each access. */
static bool may_run(Machine *m, Oop receiver, Oop method) {
  Object *code = oop_to_object(method);
  if (!machine_is_kind_of(m, receiver, code->slots[CODE_CLASS])) return false;
  if (class_own_method(m, code->slots[CODE_CLASS], code->slots[CODE_SELECTOR]) != method) machine_distrust_layouts(m, OVERRIDDEN_LAYOUTS_HERE);
  return true;
}

/* receiver runMethod: aCompiledMethod with: anArray */
static Oop prim_run_method(Machine *m) {
  Oop method = m->args[1], array = m->args[2], words[201];
  if (!oop_has_class(method, CLASS_COMPILED_METHOD) || !oop_has_class(array, CLASS_ARRAY)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  size_t count = object_slots(oop_to_object(array));
  if (count != code_args(oop_to_object(method)) || count > 200) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!may_run(m, m->args[0], method)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!room_for_call_may_gc(m, (unsigned)count + 1)) return primitive_fail(m, FAILURE_NO_MEMORY);
  words[0] = m->args[0];
  memcpy(words + 1, oop_to_object(m->args[2])->slots, count * sizeof(Oop));
  return call_with(m, m->args[1], words, (unsigned)count + 1);
}

static Oop value_words(Machine *m, const Oop *words, unsigned count) {
  Oop code = oop_to_object(words[0])->slots[CLOSURE_CODE];
  if (code_args(oop_to_object(code)) != count - 1) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return call_with(m, code, words, count);
}

static Oop prim_block_value(Machine *m) {
  Oop words[8];
  if (!oop_has_class(m->args[0], CLASS_BLOCK_CLOSURE) || m->argc > 7) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!room_for_call_may_gc(m, m->argc + 1)) return primitive_fail(m, FAILURE_NO_MEMORY);
  memcpy(words, m->args, (m->argc + 1) * sizeof(Oop));
  return value_words(m, words, m->argc + 1);
}

static Oop prim_block_value_with_arguments(Machine *m) {
  Oop words[201];
  if (!oop_has_class(m->args[0], CLASS_BLOCK_CLOSURE)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_has_class(m->args[1], CLASS_ARRAY)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  size_t count = object_slots(oop_to_object(m->args[1]));
  if (count > 200) return primitive_fail(m, FAILURE_TOO_LARGE);
  if (!room_for_call_may_gc(m, (unsigned)count + 1)) return primitive_fail(m, FAILURE_NO_MEMORY);
  words[0] = m->args[0];
  memcpy(words + 1, oop_to_object(m->args[1])->slots, count * sizeof(Oop));
  return value_words(m, words, (unsigned)count + 1);
}

static Oop prim_block_num_args(Machine *m) {
  if (!oop_has_class(m->args[0], CLASS_BLOCK_CLOSURE)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_small(code_args(oop_to_object(oop_to_object(m->args[0])->slots[CLOSURE_CODE])));
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static Oop offset_or_nil(const Machine *m, const Oop *fp) { return fp ? oop_from_small((int64_t)frame_offset(m, fp)) : OOP_NIL; }

/* The walk from frame FROM down to frame TO (NULL: to the bottom) has taken time. */
static void charge_walk(Machine *m, const Oop *from, const Oop *to) {
  if (from) primitive_charge(m, (size_t)(from - (to ? to : m->stack)) * sizeof(Oop));
}

static Oop *frame_argument(Machine *m, unsigned index) {
  Oop x = m->args[index];
  if (x == OOP_NIL) return m->fp;
  Oop *fp = frame_at(m, x);
  charge_walk(m, m->fp, fp);
  return fp;
}

/* The first frame with one of the flags WANTED below the one that argument 1 names (nil: from the frame that asks on), before STOP. Nothing is below
 * a bottom frame, or one with one of the flags END. */
static Oop find_below(Machine *m, const Oop *stop, unsigned wanted, unsigned end) {
  Oop *fp = m->fp;
  if (m->args[1] != OOP_NIL) {
    fp = frame_argument(m, 1);
    if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
    if (code_flags(frame_code(fp)) & end || LINK_IS_BOTTOM(fp[FRAME_LINK])) return OOP_NIL;
    fp = frame_caller(m, fp);
  }
  Oop *found = frames_find(m, fp, stop, wanted);
  charge_walk(m, fp, found ? found : stop);
  return offset_or_nil(m, found);
}

static Oop prim_context_find_handler(Machine *m) { return find_below(m, NULL, CODE_HANDLER, CODE_BARRIER); }
static Oop prim_context_find_barrier(Machine *m) { return find_below(m, NULL, CODE_BARRIER, 0); }
static Oop prim_context_find_unwind(Machine *m) {
  return find_below(m, m->args[2] == OOP_NIL ? NULL : frame_argument(m, 2), CODE_UNWIND, 0);
}

/* ---- exceptions: what needs no Smalltalk ------------------------------------------------------------------------- */

static Oop prim_exception_handles(Machine *m) {
  return oop_is_pointer(m->args[0]) ? oop_from_bool(machine_is_kind_of(m, m->args[1], m->args[0])) : primitive_fail(m, FAILURE_BAD_RECEIVER);
}

/* Does KLASS, from a frame of on:do:, say by the kernel's own method what it handles? */
static bool handles_its_kind(Machine *m, Oop klass) {
  Oop found = oop_is_pointer(klass) ? send_cache_lookup(m, klass, m->source->special_selectors[SPECIAL_HANDLES]) : 0;
  unsigned primitive = found ? code_primitive(oop_to_object(found)) : 0;
  return primitive && m->source->primitives->entries[primitive - 1]->function == prim_exception_handles;
}

/* The first frame of on:do: with a handler for the receiver below a frame, or nil.  Fails where only Smalltalk can say: Exception>>findHandlerBelow: */
static Oop prim_exception_handler_below(Machine *m) {
  Oop *fp = frame_at(m, m->args[1]);
  if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  for (;;) {
    if (code_flags(frame_code(fp)) & CODE_BARRIER || LINK_IS_BOTTOM(fp[FRAME_LINK])) return OOP_NIL;
    fp = frames_find(m, frame_caller(m, fp), NULL, CODE_HANDLER);
    if (!fp) return OOP_NIL;
    if (oop_has_class(fp[0], CLASS_BLOCK_CLOSURE)) {
      Oop klass = oop_resolve(m, fp[1]);
      if (code_args(frame_code(fp)) != 2 || !handles_its_kind(m, klass)) return primitive_fail(m, FAILURE_UNSUPPORTED);
      if (machine_is_kind_of(m, m->args[0], klass)) return offset_or_nil(m, fp);
    } else if (!(fp = frame_at(m, fp[1]))) {
      return OOP_NIL;
    }
  }
}

/* value, frame: returns it from there, if there is nothing to unwind on the way. */
static Oop prim_exception_leave(Machine *m) {
  Oop *fp = m->fp;
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  for (; fp && (int64_t)frame_offset(m, fp) != oop_to_small(m->args[2]); fp = frame_caller(m, fp))
    if (code_flags(frame_code(fp)) & (CODE_UNWIND | CODE_BARRIER) || LINK_IS_BOTTOM(fp[FRAME_LINK])) return primitive_fail(m, FAILURE_UNSUPPORTED);
  if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  frames_return(m, fp, m->args[1]);
  return OOP_CONTROL;
}

static Oop prim_frame_register(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  if (!fp || !oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t i = (uint64_t)oop_to_small(m->args[2]);
  if (i >= code_registers(frame_code(fp))) return primitive_fail(m, FAILURE_BAD_INDEX);
  return fp[i] ? fp[i] : OOP_NIL;
}

static Oop prim_frame_register_put(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  if (!fp || !oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t i = (uint64_t)oop_to_small(m->args[2]);
  if (i == 0 || i >= code_registers(frame_code(fp))) return primitive_fail(m, FAILURE_BAD_INDEX);
  return fp[i] = m->args[3];
}

/* value, frame */
static Oop prim_frame_return(Machine *m) {
  Oop *fp = frame_argument(m, 2);
  if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  frames_return(m, fp, m->args[1]);
  return OOP_CONTROL;
}

static Oop prim_frame_resume(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (fp == m->fp) return m->args[2];
  frames_resume(m, fp, m->args[2]);
  return OOP_CONTROL;
}

static Oop prim_frame_restart(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  frames_restart(m, fp);
  return OOP_CONTROL;
}

static Oop prim_frame_caller(Machine *m) {
  if (m->args[1] == OOP_NIL) return offset_or_nil(m, m->fp);
  Oop *fp = frame_argument(m, 1);
  if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return LINK_IS_BOTTOM(fp[FRAME_LINK]) ? OOP_NIL : offset_or_nil(m, frame_caller(m, fp));
}

/* The frame that FRAME has called: one walk from the top. */
static Oop prim_frame_above(Machine *m) {
  Oop *wanted = frame_at(m, m->args[1]);
  for (Oop *fp = m->fp; wanted && fp != wanted && !LINK_IS_BOTTOM(fp[FRAME_LINK]);) {
    Oop *caller = frame_caller(m, fp);
    if (caller == wanted) return offset_or_nil(m, fp);
    fp = caller;
  }
  return primitive_fail(m, FAILURE_BAD_ARGUMENT);
}

/* Frames from one down to the bottom, as an Array; of more than FIRST + LAST of them, the first and the last ones with, in between, minus
 * the number of those left out.  One walk: asking frame by frame costs the square of the depth. */
static Oop prim_frame_list(Machine *m) {
  if (!oop_is_small(m->args[2]) || !oop_is_small(m->args[3])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t first = oop_to_small(m->args[2]), last = oop_to_small(m->args[3]), count = 0, i = 0;
  if (first < 0 || last < 0 || first > 10000 || last > 10000) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  for (Oop *fp = frame_argument(m, 1); fp; fp = LINK_IS_BOTTOM(fp[FRAME_LINK]) ? NULL : frame_caller(m, fp)) count++;
  bool all = count <= first + last;
  Oop array = machine_new_array_may_gc(m, (size_t)(all ? count : first + 1 + last));
  if (!array) return OOP_FAIL;
  Oop *slots = oop_to_object(array)->slots;
  if (!all) slots[first] = oop_from_small(first + last - count);
  for (Oop *fp = frame_argument(m, 1); fp; fp = LINK_IS_BOTTOM(fp[FRAME_LINK]) ? NULL : frame_caller(m, fp), i++)
    if (all || i < first) slots[i] = offset_or_nil(m, fp);
    else if (count - i <= last) slots[first + 1 + last - (count - i)] = offset_or_nil(m, fp);
  primitive_charge(m, (size_t)count * 16);
  return array;
}

/* Whether the method that asks already runs for the same receiver further down.  It looks at the nearest RECURSION_WINDOW frames: the
 * cost of a walk of a structure of any depth stays in proportion to it; what goes in longer circles ends at the limit of the stack. */
static Oop prim_frame_recursing(Machine *m) {
  enum { RECURSION_WINDOW = 8192 };
  Oop method = m->fp[FRAME_CODE], receiver = m->fp[0];
  unsigned count = 0;
  Oop *fp = frame_caller(m, m->fp);
  while (fp && count < RECURSION_WINDOW && !(fp[0] == receiver && fp[FRAME_CODE] == method)) fp = frame_caller(m, fp), count++;
  primitive_charge(m, (size_t)count * 8);
  return fp && count < RECURSION_WINDOW ? OOP_TRUE : OOP_FALSE;
}

static Oop prim_frame_code(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  return fp ? fp[FRAME_CODE] : primitive_fail(m, FAILURE_BAD_ARGUMENT);
}

static Oop prim_frame_receiver(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  return fp ? frame_receiver(m, fp) : primitive_fail(m, FAILURE_BAD_ARGUMENT);
}

static Oop prim_frame_line(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  unsigned line = code_line(m, frame_code(fp), frame_pc(m, fp));
  return line ? oop_from_small(line) : OOP_NIL;
}

static Oop prim_frame_home(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  return fp ? offset_or_nil(m, frame_home(m, fp)) : primitive_fail(m, FAILURE_BAD_ARGUMENT);
}

/* The Context object of a frame. */
static Oop prim_frame_context(Machine *m) {
  Oop *fp = frame_argument(m, 1);
  if (!fp) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop context = frame_context_may_gc(m, frame_offset(m, fp));
  return context ? context : OOP_FAIL;
}

/* Ends the run that is on top: its bottom frame answers the argument.  Unwinding must be done. */
static Oop prim_terminate_active(Machine *m) {
  Oop *fp = m->fp;
  while (!LINK_IS_BOTTOM(fp[FRAME_LINK])) fp = frame_caller(m, fp);
  frames_return(m, fp, m->argc ? m->args[1] : OOP_NIL);
  return OOP_CONTROL;
}

/* An error that nobody handled: the exit status of the program will tell. */
static Oop prim_note_unhandled(Machine *m) {
  if (m->unhandled < UINT16_MAX) m->unhandled++;
  return m->args[0];
}

/* ---- code objects --------------------------------------------------------------------------------------------------- */

static Oop prim_code_header_field(Machine *m) {
  Object *code = oop_to_object(m->args[0]);
  if (object_format(code) != FORMAT_CODE || !oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  switch (oop_to_small(m->args[1])) {
  case 0: return oop_from_small(code_args(code));
  case 1: return oop_from_small(code_registers(code));
  case 2: return oop_from_small(code_literals(code));
  case 3: return oop_from_small(code_primitive(code));
  case 4: return oop_from_small(code_flags(code));
  default: return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  }
}

/* Named part of a code object: 1 selector or outer code, 2 class, 3 debug information, 4.. literals. */
static Oop prim_code_part(Machine *m) {
  Object *code = oop_to_object(m->args[0]);
  if (object_format(code) != FORMAT_CODE || !oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  uint64_t i = (uint64_t)oop_to_small(m->args[1]);
  if (i == 0 || i >= object_pointer_slots(code)) return primitive_fail(m, FAILURE_BAD_INDEX);
  return code->slots[i];
}

const Primitive control_primitives[] = {
    {"perform", prim_perform, 1, "perform: selector", PRIMITIVE_PERFORM},
    {"perform_with", prim_perform, 2, "perform: selector with: an argument", PRIMITIVE_PERFORM},
    {"perform_with_with", prim_perform, 3, "the same with two", PRIMITIVE_PERFORM},
    {"perform_with_with_with", prim_perform, 4, "the same with three", PRIMITIVE_PERFORM},
    {"perform_with_with_with_with", prim_perform, 5, "the same with four", PRIMITIVE_PERFORM},
    {"perform_with_arguments", prim_perform_with_arguments, 2, "perform: selector withArguments: anArray", 0},
    {"run_method", prim_run_method, 2, "run a CompiledMethod on the receiver with an Array of arguments", 0},
    {"block_value", prim_block_value, 0, "run the block with the arguments given", 0},
    {"block_value_with_arguments", prim_block_value_with_arguments, 1, "run the block with an Array of arguments", 0},
    {"block_num_args", prim_block_num_args, 0, "how many arguments the block takes", PRIMITIVE_QUICK},
    {"context_find_handler", prim_context_find_handler, 1, "next handler frame below a frame, or nil", PRIMITIVE_QUICK},
    {"context_find_barrier", prim_context_find_barrier, 1, "next frame below a frame that unwinding does not pass, or nil", PRIMITIVE_QUICK},
    {"context_find_unwind", prim_context_find_unwind, 2, "next unwind frame between two frames, or nil", PRIMITIVE_QUICK},
    {"exception_handles", prim_exception_handles, 1, "whether an exception is of this class", PRIMITIVE_QUICK},
    {"exception_handler_below", prim_exception_handler_below, 1, "next frame of on:do: that handles the receiver, or nil", PRIMITIVE_QUICK},
    {"exception_leave", prim_exception_leave, 2, "return a value from a frame when nothing has to be unwound", 0},
    {"frame_register", prim_frame_register, 2, "register of a frame", PRIMITIVE_QUICK},
    {"frame_register_put", prim_frame_register_put, 3, "change a register of a frame", PRIMITIVE_QUICK},
    {"frame_return", prim_frame_return, 2, "return a value from a frame, dropping it and all above", 0},
    {"frame_resume", prim_frame_resume, 2, "drop all above a frame; its call answers the value", 0},
    {"frame_restart", prim_frame_restart, 1, "drop all above a frame and run it again", 0},
    {"frame_caller", prim_frame_caller, 1, "frame below, or nil", PRIMITIVE_QUICK},
    {"frame_above", prim_frame_above, 1, "the frame that a frame has called", 0},
    {"frame_list", prim_frame_list, 3, "Array of the frames from one down, of many the first and last so many", 0},
    {"frame_recursing", prim_frame_recursing, 0, "whether the method that asks runs for the same receiver further down", 0},
    {"frame_code", prim_frame_code, 1, "code that a frame runs", PRIMITIVE_QUICK},
    {"frame_receiver", prim_frame_receiver, 1, "receiver of a frame", PRIMITIVE_QUICK},
    {"frame_line", prim_frame_line, 1, "source line that a frame is at, or nil", 0},
    {"frame_home", prim_frame_home, 1, "method frame of a block frame, or nil", PRIMITIVE_QUICK},
    {"frame_context", prim_frame_context, 1, "the Context object of a frame", 0},
    {"terminate_active", prim_terminate_active, 1, "end the run on top with a value", 0},
    {"note_unhandled", prim_note_unhandled, 0, "an error was not handled: the exit status will tell", 0},
    {"code_header_field", prim_code_header_field, 1, "0 arguments, 1 registers, 2 literals, 3 primitive, 4 flags", PRIMITIVE_QUICK},
    {"code_part", prim_code_part, 1, "1 selector or outer code, 2 class, 3 debug information, 4.. literals", PRIMITIVE_QUICK},
    {NULL, NULL, 0, NULL, 0},
};
