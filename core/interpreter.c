/* SPDX-License-Identifier: MIT */
/* interpreter.c -- running code: the slow paths of the instructions, starting a machine, and the three instances of the
 * loop (interpreter_loop.h).  Read code.h (frames) and opcodes.h first.
 *
 * No C recursion: sends, blocks, primitives that call blocks, errors raised by instructions all push frames on the
 * machine's own stack and go on in the same loop. */
#include "builder.h"
#include "debug.h"
#include "frames.h"
#include "lookup.h"
#include "memory_internal.h"
#include "primitive.h"
#include "processes.h"
#include "send_cache.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define RUN_CHANGE_MODE ((RunStatus)100) /* inside this file: go on in another mode */

/* ---- stores --------------------------------------------------------------------------------------------------- */

/* R[object_register].slot := R[value_register] where the object is in S or old. */
static bool store_slow_may_gc(Machine *m, unsigned object_register, unsigned slot, unsigned value_register) {
  Oop object = machine_writable_may_gc(m, m->fp[object_register]);
  if (!object) return false;
  m->fp[object_register] = object;
  machine_store(m, oop_to_object(object), slot, m->fp[value_register]);
  return true;
}

static bool store_global_may_gc(Machine *m, Oop binding, unsigned value_register) {
  Oop writable = machine_writable_may_gc(m, oop_resolve(m, binding));
  if (!writable) return false;
  machine_store(m, oop_to_object(writable), BINDING_VALUE, m->fp[value_register]);
  return true;
}

/* Is SLOT not a reference inside of X? */
static bool lacks_slot(const Machine *m, Oop x, size_t slot) {
  return m->overridden & (OVERRIDDEN_LAYOUTS | OVERRIDDEN_LAYOUTS_HERE) &&
         (!oop_is_pointer(x) || !object_is_pointers(machine_object(m, x)) || slot >= object_slots(machine_object(m, x)));
}

/* What CLOSURE puts into the home slot. */
static Oop home_of_frame_may_gc(Machine *m) {
  if (code_flags(frame_code(m->fp)) & CODE_IS_BLOCK) return machine_object(m, m->fp[0])->slots[CLOSURE_HOME];
  return frame_context_may_gc(m, frame_offset(m, m->fp));
}

/* By the lowest five bits: the tag, and which of nil, false and true it is. */
static inline uint32_t class_index_of_immediate(Oop x) {
#define I CLASS_SMALL_INTEGER
#define C CLASS_CHARACTER
#define F CLASS_FLOAT
  static const uint8_t classes[32] = {0, I, C, I, F, I, CLASS_UNDEFINED_OBJECT, I, 0, I, C, I, F, I, CLASS_FALSE, I,
                                      0, I, C, I, F, I, CLASS_TRUE, I,             0, I, C, I, F, I, 0, I};
#undef I
#undef C
#undef F
  return classes[x & 31];
}

/* ---- sends ---------------------------------------------------------------------------------------------------- */

static SpecialSelector special_of_opcode(unsigned op) {
  switch (op) {
#define CASE(name) case OP_##name: return SPECIAL_##name;
    CASE(ADD) CASE(SUB) CASE(MUL) CASE(DIV) CASE(MOD) CASE(BITAND) CASE(BITOR) CASE(BITXOR) CASE(BITSHIFT)
    CASE(DIVIDE) CASE(LT) CASE(GT) CASE(LE) CASE(GE) CASE(EQ) CASE(NE) CASE(AT) CASE(ATPUT) CASE(SIZE) CASE(CLASS)
    CASE(NOT)
#undef CASE
#define CASE(name) case OP_##name##_J: case OP_##name##I_J: return SPECIAL_##name;
    CASE(LT) CASE(GT) CASE(LE) CASE(GE) CASE(EQ) CASE(NE)
#undef CASE
  case OP_ATPUT_VALUE: return SPECIAL_ATPUT;
  case OP_ADDI: return SPECIAL_ADD;
  case OP_SUBI: return SPECIAL_SUB;
  default: return SPECIAL_COUNT;
  }
}

static Oop site_selector(const Machine *m, const Object *code, const uint32_t *site) {
  unsigned op = op_code(*site);
  if (op == OP_SEND || op == OP_SUPERSEND || op == OP_BLOCKVALUE) return code->slots[CODE_LITERALS + site[1]];
  SpecialSelector special = special_of_opcode(op);
  if (special == SPECIAL_COUNT) fatal(m, "instruction is not a send");
  return m->source->special_selectors[special];
}

static PrimitiveFunction primitive_function(const Machine *m, const Object *code) {
  return m->source->primitives->entries[code_primitive(code) - 1]->function;
}

static bool returns(uint32_t answer, uint32_t next) { return op_code(next) == OP_RETURN && op_a(next) == op_a(answer); }

/* Methods that only answer something need no frame.  WORDS ends in a return, so the second word is there unless the first is one. */
static void fill_method(SendCacheEntry *entry, const uint32_t *words) {
  uint32_t w = words[0];
  entry->words = words;
  if (op_code(w) == OP_RETURN_SELF)
    entry->kind = SEND_SELF;
  else if (op_code(w) == OP_RETURN_NIL)
    entry->kind = SEND_CONSTANT, entry->constant = OOP_NIL;
  else if (op_code(w) == OP_GETIVAR && op_b(w) == 0 && returns(w, words[1]))
    entry->kind = SEND_GETTER, entry->slot = op_c(w);
  else if (op_code(w) == OP_SETIVAR && op_a(w) == 1 && op_b(w) == 0 && op_code(words[1]) == OP_RETURN_SELF && entry->argc == 1)
    entry->kind = SEND_SETTER, entry->slot = op_c(w);
  else if (op_code(w) == OP_LOADTRUE && returns(w, words[1]))
    entry->kind = SEND_CONSTANT, entry->constant = OOP_TRUE;
  else if (op_code(w) == OP_LOADFALSE && returns(w, words[1]))
    entry->kind = SEND_CONSTANT, entry->constant = OOP_FALSE;
  else if (op_code(w) == OP_LOADI && returns(w, words[1]))
    entry->kind = SEND_CONSTANT, entry->constant = oop_from_small(op_sbx(w));
}

static uint8_t primitive_kind(const Machine *m, const Object *code) {
  if (!code_primitive(code)) return SEND_METHOD;
  unsigned flags = m->source->primitives->entries[code_primitive(code) - 1]->flags;
  return flags & PRIMITIVE_QUICK ? SEND_QUICK : flags & PRIMITIVE_PERFORM ? SEND_PERFORM : SEND_PRIMITIVE;
}

/* Only references into S may stand in the thread's cache; a machine with classes or methods of its own gets its own. */
static SendCacheEntry *fill(Machine *m, const uint32_t *site, uint32_t class_index, Object *code, bool any_message, bool own) {
  own |= !address_in_source((uint64_t)(uintptr_t)site);
  for (unsigned n = 0; own && !m->own_cache && !machine_use_own_cache(m); n++) account_wait_for_memory(n, "a send cache");
  machine_note_fill(m);
  SendCacheEntry *entry = send_cache_place(m->cache, site, class_index);
  entry->key = send_key(site, class_index);
  entry->code = code;
  entry->registers = (uint16_t)code_registers(code);
  entry->argc = (uint8_t)code_args(code);
  entry->kind = any_message ? SEND_ANY_MESSAGE : primitive_kind(m, code);
  if (entry->kind == SEND_METHOD)
    fill_method(entry, code_words(code));
  else
    entry->primitive = primitive_function(m, code);
  return entry;
}

/* NULL: not understood.  Allocates nothing that moves. */
static SendCacheEntry *send_cache_fill(Machine *m, const uint32_t *site, Oop receiver, unsigned argc) {
  uint32_t class_index = oop_class_index(receiver);
  Oop class = machine_class_at(m, class_index), selector = site_selector(m, frame_code(m->fp), site);
  Oop found = machine_lookup(m, class, selector);
  bool any_message = false;
  if (!found) {
    found = machine_lookup(m, class, m->source->special_selectors[SPECIAL_DOES_NOT_UNDERSTAND]);
    unsigned primitive = found ? code_primitive(oop_to_object(found)) : 0;
    if (!primitive || !(m->source->primitives->entries[primitive - 1]->flags & PRIMITIVE_ANY_MESSAGE)) return NULL;
    any_message = true;
  } else if (code_args(oop_to_object(found)) != argc) {
    return NULL;
  }
  Object *code = oop_to_object(found);
  SendCacheEntry *entry = fill(m, site, class_index, code, any_message, class_index >= CLASS_INDEX_W || !address_in_source(found));
  if (entry->kind == SEND_PRIMITIVE && m->source->primitives->entries[code_primitive(code) - 1]->flags & PRIMITIVE_NEW) {
    uint64_t header;
    bool sized = argc == 1;
    if (class_try_instance_header(m, receiver, &header) && (!sized || (header >> FORMAT_SHIFT & 31) == FORMAT_POINTERS))
      entry->kind = sized ? SEND_NEW_SIZED : SEND_NEW, entry->header = header;
  }
  return entry;
}

static Oop lookup_above(const Machine *m, const Object *code, Oop selector) {
  Oop class = machine_object(m, code->slots[CODE_CLASS])->slots[BEHAVIOR_SUPERCLASS];
  return machine_lookup(m, class, selector);
}

static SendCacheEntry *send_cache_fill_super(Machine *m, const uint32_t *site) {
  Object *code = frame_code(m->fp);
  Oop found = lookup_above(m, code, site_selector(m, code, site));
  if (!found) return NULL;
  return fill(m, site, 0, oop_to_object(found), false, !address_in_source(found) || m->own_cache);
}

/* What perform: SELECTOR runs, if that needs no care: a method of S that makes a frame or none, or a quick primitive.  NULL: let the primitive do it. */
static SendCacheEntry *perform_entry(SendCache *cache, Oop receiver, Oop selector, unsigned argc) {
  if (!oop_is_pointer(selector) || object_class_index(oop_to_object(selector)) != CLASS_SYMBOL || !address_in_source(selector)) return NULL;
  const uint32_t *site = (const uint32_t *)oop_to_object(selector);
  uint32_t class_index = oop_class_index(receiver);
  SendCacheEntry *entry = send_cache_find(cache, site, class_index);
  if (!entry || entry->argc != argc) return NULL;
  return entry->kind == SEND_PRIMITIVE || entry->kind == SEND_PERFORM ? NULL : entry;
}

void send_cache_note_performed(Machine *m, Oop receiver, Oop selector, Oop found) {
  const uint32_t *site = (const uint32_t *)oop_to_object(selector);
  uint32_t class_index = oop_class_index(receiver);
  if (!address_in_source(found) || !address_in_source(selector)) return;
  if (send_cache_find(m->cache, site, class_index)) return;
  fill(m, site, class_index, oop_to_object(found), false, class_index >= CLASS_INDEX_W);
}

Oop send_cache_lookup(Machine *m, Oop receiver, Oop selector) {
  const uint32_t *site = (const uint32_t *)oop_to_object(selector);
  uint32_t class_index = oop_class_index(receiver);
  SendCacheEntry *entry = send_cache_find(m->cache, site, class_index);
  if (entry) return oop_from_object(entry->code);
  Oop found = machine_lookup(m, machine_class_at(m, class_index), selector);
  if (found) send_cache_note_performed(m, receiver, selector, found);
  return found;
}

static Oop find_method_again(const Machine *m, const Object *code, const uint32_t *site, Oop receiver) {
  Oop selector = site_selector(m, code, site);
  if (op_code(*site) == OP_SUPERSEND) return lookup_above(m, code, selector);
  return machine_lookup(m, machine_class_of(m, receiver), selector);
}

/* The class where the search for the method of a send began; m->args are those of the send. */
static Oop starting_class(const Machine *m, const uint32_t *site) {
  if (op_code(*site) != OP_SUPERSEND) return machine_class_of(m, m->args[0]);
  return machine_object(m, frame_code(m->fp)->slots[CODE_CLASS])->slots[BEHAVIOR_SUPERCLASS];
}

/* Replaces the arguments in m->args by one MessageLookup. */
static bool make_message_may_gc(Machine *m, Oop selector, Oop class) {
  unsigned argc = m->argc, handle = machine_push_handle(m, selector);
  machine_push_handle(m, class);
  bool made = machine_reserve_may_gc(m, (1 + argc + 1 + 3) * 8);
  if (made) {
    Oop array = machine_new_unchecked(m, CLASS_ARRAY, FORMAT_POINTERS, argc);
    memcpy(oop_to_object(array)->slots, m->args + 1, argc * 8);
    Oop message = machine_new_unchecked(m, CLASS_MESSAGE_LOOKUP, FORMAT_FIXED, 3);
    oop_to_object(message)->slots[MESSAGE_SELECTOR] = machine_handle(m, handle);
    oop_to_object(message)->slots[MESSAGE_ARGUMENTS] = array;
    oop_to_object(message)->slots[MESSAGE_STARTING_CLASS] = machine_handle(m, handle + 1);
    m->args[1] = message;
  }
  machine_pop_handles(m, handle);
  return made;
}

/* ---- equality of texts -------------------------------------------------------------------------------------------- */

/* Strings and Symbols know what they equal: 1 or 0.  -1: neither operand is one of these, or the method has to say. */
static __attribute__((noinline)) int equal_texts(const Machine *m, Oop a, Oop b) {
  if (!oop_is_pointer(a)) return -1;
  if (object_class_index(oop_to_object(a)) == CLASS_SYMBOL) return a == b;
  if (object_class_index(oop_to_object(a)) != CLASS_STRING) return -1;
  if (a == b || !oop_is_pointer(b) || object_class_index(oop_to_object(b)) != CLASS_STRING) return a == b;
  const Object *x = machine_object(m, a), *y = machine_object(m, b);
  size_t size = object_byte_size(x);
  if (size != object_byte_size(y)) return 0;
  if (x == y) return 1;
  return size > 64 ? -1 : memcmp(x->slots, y->slots, size) == 0; /* the primitive charges for it */
}

static inline bool is_symbol(Oop x) { return oop_is_pointer(x) && object_class_index(oop_to_object(x)) == CLASS_SYMBOL; }

static int differing_texts(const Machine *m, Oop a, Oop b) {
  int equal = equal_texts(m, a, b);
  return equal < 0 ? -1 : !equal;
}

/* ---- elements ------------------------------------------------------------------------------------------------------ */

/* Element I, from 0, of an Array, String, Symbol or ByteArray; OOP_FAIL: of anything else, or there is none. */
static inline Oop element_at(Object *object, uint64_t i) {
  switch (object_class_index(object)) {
  case CLASS_ARRAY: return i < object_slots(object) ? object->slots[i] : OOP_FAIL;
  case CLASS_BYTE_ARRAY: return i < object_byte_size(object) ? oop_from_small(object_bytes(object)[i]) : OOP_FAIL;
  case CLASS_STRING:
  case CLASS_SYMBOL: return i < object_byte_size(object) ? oop_from_character(object_bytes(object)[i]) : OOP_FAIL;
  default: return OOP_FAIL;
  }
}

/* The instruction AT has found nil in an Array, and the next one is at TURN.  If that is the turn of the loop whose body begins at AT, the turns that would do nothing but
 * find another nil are over at once. */
static inline void skip_nils(Machine *m, Oop *fp, const uint32_t *at, const uint32_t *turn) {
  unsigned code = *turn & 0xff, counter = op_a(*turn);
  if ((code != OP_FORLOOP && code != OP_FORLOOP1) || turn + 2 + op_sj(turn[1]) != at) return;
  Oop limit = fp[op_b(*turn)];
  if (op_c(*at) != counter || op_a(*at) == op_b(*at) || op_a(*at) == counter || !oop_is_small(limit)) return;
  const Object *array = oop_to_object(fp[op_b(*at)]);
  int64_t i = oop_to_small(fp[counter]), step = op_sc(*turn), last = oop_to_small(limit), size = (int64_t)object_slots(array);
  for (int64_t next = i + step; m->budget > 1; next += step) {
    if (step > 0 ? next > last : next < last) break;
    if (next < 1 || next > size || array->slots[next - 1] != OOP_NIL) break;
    i = next;
    m->budget--;
  }
  fp[counter] = oop_from_small(i);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static bool is_boxed_float(Oop x) { return oop_is_pointer(x) && object_class_index(oop_to_object(x)) == CLASS_FLOAT; }

/* A FloatD or SmallInteger as a double, exactly. */
static bool try_exact_double(Oop x, double *out) {
  if (oop_is_small_float(x)) return *out = oop_small_to_double(x), true;
  int64_t n = oop_to_small(x);
  if (oop_is_small(x)) return n >= -(INT64_C(1) << 53) && n <= INT64_C(1) << 53 ? (*out = (double)n, true) : false;
  return is_boxed_float(x) && (memcpy(out, oop_to_object(x)->slots, 8), true);
}

/* Two numbers of which at least one is a FloatD, and not both are immediate floats. */
static __attribute__((noinline)) bool try_mixed_doubles(Oop a, Oop b, double *x, double *y) {
  return !oop_both_small(a, b) && try_exact_double(a, x) && try_exact_double(b, y);
}

static inline bool are_nonzero_small_floats(Oop a, Oop b) { return oop_both_small_floats(a, b) && a > SMALL_FLOAT_ZERO_MAX && b > SMALL_FLOAT_ZERO_MAX; }

/* Two numbers of which at least one is a FloatD. */
static inline bool try_two_doubles(Oop a, Oop b, double *x, double *y) {
  double u, v; /* of their own: what X and Y name can stay in registers */
  if (likely(are_nonzero_small_floats(a, b)))
    return *x = oop_small_nonzero_to_double(a), *y = oop_small_nonzero_to_double(b), true;
  if (oop_is_pointer(a) && !is_boxed_float(a)) return false; /* texts, mostly */
  if (!try_mixed_doubles(a, b, &u, &v)) return false;
  return *x = u, *y = v, true;
}

/* ---- the loop, three times ------------------------------------------------------------------------------------- */

/* With the handlers of all pairs, clang (14) keeps not even the frame and the pc in registers, and everything takes twice as long.  There the word of a pair
 * runs as the instruction that it begins with. */
#ifdef __clang__
#define RUNS_PAIRS 0
#define PAIR_LABEL(name, first) op_##first
#else
#define RUNS_PAIRS 1
#define PAIR_LABEL(name, first) op_##name
#endif

#define MODE 0
#define RUN_NAME run_pristine
#include "interpreter_loop.h"
#include "weak.h"
#define MODE 1
#define RUN_NAME run_data_shadowed
#include "interpreter_loop.h"
#define MODE 2
#define RUN_NAME run_overridden
#include "interpreter_loop.h"

static RunStatus run(Machine *m) {
  for (;;) {
    RunStatus status = m->overridden ? run_overridden(m) : m->in_shadow ? run_data_shadowed(m) : run_pristine(m);
    if (status == RUN_CHANGE_MODE) continue;
    if (status == RUN_DONE) processes_end_forked_may_gc(m, &status);
    return status;
  }
}

#ifdef ATOLL_DEBUG_CHECKS
/* Runs in short slices; between them a random object of S gets its copy, unchanged. */
static RunStatus run_in_storm(Machine *m, int32_t budget) {
  enum { SLICE = 7 };
  for (;;) {
    m->budget = budget < SLICE ? budget : SLICE;
    budget -= m->budget;
    shadow_random_may_gc(m);
    RunStatus status = run(m);
    if (status != RUN_BUDGET || budget <= 0) return status;
  }
}
#endif

RunStatus machine_run(Machine *m, int32_t budget) {
  m->done = 0;
  if (m->weak) weak_tell_mourners_may_gc(m);
  m->cache = m->own_cache ? m->own_cache : thread_context_cache(m->thread, m->source);
  if (!m->fp || !m->cache) return RUN_DIED;
  if (debug_on(DEBUG_PREEMPT_STRESS)) budget = 1;
#ifdef ATOLL_DEBUG_CHECKS
  if (debug_on(DEBUG_SHADOW_ALL) && !m->shadows) shadow_all_may_gc(m);
  if (debug_on(DEBUG_SHADOW_STORM)) return run_in_storm(m, budget);
#endif
  m->budget = budget;
  return run(m);
}

void machine_answer(Machine *m, Oop value) { m->fp[m->answer_to] = value; }

/* ---- starting ---------------------------------------------------------------------------------------------------- */

/* Pushes a frame that returns to nobody: receiver and arguments must already stand in handles [first, first + argc]. */
static bool push_bottom_may_gc(Machine *m, unsigned first, unsigned argc, Oop code) {
  unsigned handle = machine_push_handle(m, code);
  unsigned registers = code_registers(oop_to_object(code));
  size_t used = (size_t)(machine_stack_top(m) - m->stack), needed = registers + STACK_SLACK + FRAME_CONTROL + 1;
  if (used + needed > (size_t)(m->stack_limit - m->stack) && !machine_grow_stack_may_gc(m, needed)) {
    machine_pop_handles(m, handle);
    return m->failure = FAILURE_NO_MEMORY, false;
  }
  Oop *frame = machine_stack_top(m) + FRAME_CONTROL + 1;
  frame[FRAME_SAVED_PC] = oop_from_small(m->pc);
  frame[FRAME_CONTEXT] = OOP_NIL;
  frame[FRAME_LINK] = LINK_BOTTOM(m->fp ? frame_offset(m, m->fp) : 0);
  frame[FRAME_CODE] = machine_handle(m, handle);
  for (unsigned i = 0; i <= argc; i++) frame[i] = oop_resolve(m, machine_handle(m, first + i));
  Object *object = oop_to_object(frame[FRAME_CODE]);
  m->fp = frame;
  m->pc = (uint32_t)(code_words(object) - (const uint32_t *)object);
  machine_pop_handles(m, handle);
  return true;
}

/* The code that SELECTOR runs directly: a block's own code for value.., or a method without primitive. 0: take the long way. */
static Oop direct_code(const Machine *m, Oop receiver, Oop selector, unsigned argc) {
  if (oop_has_class(receiver, CLASS_BLOCK_CLOSURE) && argc <= 4 &&
      selector == m->source->special_selectors[SPECIAL_VALUE0 + argc]) {
    Oop code = machine_object(m, receiver)->slots[CLOSURE_CODE];
    if (code_args(oop_to_object(code)) == argc) return code;
  }
  Oop found = machine_lookup(m, machine_class_of(m, receiver), selector);
  if (!found || code_primitive(oop_to_object(found)) || code_args(oop_to_object(found)) != argc) return 0;
  return found;
}

bool machine_start_may_gc(Machine *m, Oop receiver, Oop selector, unsigned argc, const Oop *arguments) {
  unsigned first = machine_push_handle(m, oop_resolve(m, receiver));
  for (unsigned i = 0; i < argc; i++) machine_push_handle(m, arguments[i]);
  Oop code = direct_code(m, machine_handle(m, first), selector, argc);
  bool started;
  if (code) {
    started = push_bottom_may_gc(m, first, argc, code);
  } else {
    unsigned name = machine_push_handle(m, selector);
    Oop array = machine_new_array_may_gc(m, argc);
    for (unsigned i = 0; array && i < argc; i++) machine_store(m, oop_to_object(array), i, machine_handle(m, first + 1 + i));
    unsigned second = machine_push_handle(m, machine_handle(m, first));
    machine_push_handle(m, machine_handle(m, name));
    machine_push_handle(m, array);
    code = machine_lookup(m, machine_class_of(m, machine_handle(m, first)), m->source->special_selectors[SPECIAL_START]);
    started = array && code && push_bottom_may_gc(m, second, 2, code);
  }
  machine_pop_handles(m, first);
  return started;
}

/* The frame returns into a register above all that the interrupted code uses. */
bool machine_interrupt_may_gc(Machine *m, Oop receiver, Oop selector) {
  enum { BASE_LIMIT = 1000 };
  Oop code = m->fp ? machine_lookup(m, machine_class_of(m, receiver), selector) : 0;
  if (!code || code_primitive(oop_to_object(code)) || code_args(oop_to_object(code))) return false;
  unsigned handle = machine_push_handle(m, code), on = machine_push_handle(m, receiver);
  size_t needed = code_registers(oop_to_object(code)) + STACK_SLACK + FRAME_CONTROL + 1, used = (size_t)(machine_stack_top(m) - m->stack);
  bool room = used + needed <= (size_t)(m->stack_limit - m->stack) || machine_grow_stack_may_gc(m, needed);
  size_t base = (size_t)(machine_stack_top(m) - m->fp) + FRAME_CONTROL;
  if (room && base <= BASE_LIMIT) {
    Oop *frame = m->fp + base;
    frame[FRAME_CONTEXT] = OOP_NIL;
    frame[FRAME_LINK] = LINK_MAKE(m->pc, base, base);
    frame[FRAME_CODE] = machine_handle(m, handle);
    frame[0] = oop_resolve(m, machine_handle(m, on));
    Object *object = oop_to_object(frame[FRAME_CODE]);
    m->fp = frame;
    m->pc = (uint32_t)(code_words(object) - (const uint32_t *)object);
  }
  machine_pop_handles(m, handle);
  return room && base <= BASE_LIMIT;
}

bool machine_start_code_may_gc(Machine *m, Oop receiver, Oop code) {
  unsigned first = machine_push_handle(m, receiver);
  bool started = push_bottom_may_gc(m, first, 0, code);
  machine_pop_handles(m, first);
  return started;
}
