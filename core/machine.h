/* SPDX-License-Identifier: MIT */
/* machine.h -- one Smalltalk machine: interpreter state, stack, heap, and the source image it stands on.
 *
 * A Machine belongs to the thread that runs it at the moment (its owner).  It shares nothing that changes with any other
 * Machine: only S, which never changes, and the caches of its thread, which hold references into S only.
 *
 *   block: one piece of memory per machine
 *   +------------------------------+--------------------------------------------+
 *   | stack, grows up ->      gap  | survivors | new objects, grow up ->   free |
 *   +------------------------------+--------------------------------------------+
 *   stack                stack_limit nursery    alloc                  alloc_end
 *
 * Objects move whenever something is allocated.  Functions named _may_gc can move objects: raw Oops and Object pointers held
 * across them are dead, unless kept in m->args, on the stack or in a handle (machine_push_handle). */
#ifndef ATOLL_MACHINE_H
#define ATOLL_MACHINE_H

#include "account.h"
#include "classes.h"
#include "code.h"
#include "opcodes.h"

typedef struct Machine Machine;
typedef struct ThreadContext ThreadContext; /* what a scheduler thread owns: block pools, send caches (thread_context.h) */
typedef struct WeakTable WeakTable;
typedef struct MirrorTable MirrorTable;
typedef struct SharedBytes SharedBytes;     /* the body of a large object of bytes (shared_bytes.h) */
typedef struct SourceImage SourceImage;     /* an S: base and at most one layer (source_image.h) */
typedef struct SendCache SendCache;
typedef struct ShadowTable ShadowTable;
typedef struct OldSpace OldSpace;
typedef struct PrimitiveTable PrimitiveTable;

/* Objects that the machine keeps for C, whatever the program does. */
typedef enum MachineRoot {
  ROOT_SYMBOLS,   /* Array: symbols of this W that S lacks, open addressing; nil at first */
  ROOT_CLASSES,   /* Array: classes of this W by index - CLASS_INDEX_W; nil at first */
  ROOT_SELF,      /* for actors: the behaviour object, or the block of a plain process */
  ROOT_ACTOR,     /* for actors: Dictionary-like state of the Smalltalk side (promises waiting, links ...) */
  ROOT_PROCESSES, /* green processes (processes.h); nil until there are any */
  ROOT_RESULT,    /* answer of the bottom frame, or the uncaught exception */
  ROOT_COUNT
} MachineRoot;

typedef enum RunStatus {
  RUN_BUDGET,  /* slice used up: run again */
  RUN_WAITING, /* a primitive waits: run again after the reason is gone (OOP_YIELD) or machine_answer (OOP_WAIT) */
  RUN_DONE,    /* the bottom frame returned: roots[ROOT_RESULT] */
  RUN_DIED     /* cannot go on: failure says why (heap limit inside the error handling itself, killed) */
} RunStatus;

/* Why a primitive answered OOP_FAIL; `<primitive>` bodies read it with `thisContext`-free `Primitive failureReason`. */
#define FAILURE_REASONS(X)                                                                                    \
  X(NONE, "no failure") X(BAD_RECEIVER, "receiver has the wrong class") X(BAD_ARGUMENT, "argument has the wrong class") \
  X(BAD_INDEX, "index out of bounds") X(BAD_VALUE, "value does not fit") X(NO_MEMORY, "heap limit reached")   \
  X(READ_ONLY, "object cannot be modified") X(UNSUPPORTED, "not supported") X(TOO_LARGE, "result too large")  \
  X(NOT_FOUND, "not found") X(SYSTEM, "operating system error (failure_code is errno)")                       \
  X(WRONG_STATE, "not possible in this state") X(DIVIDE_BY_ZERO, "division by zero")

typedef enum FailureReason {
#define X(name, text) FAILURE_##name,
  FAILURE_REASONS(X)
#undef X
      FAILURE_REASON_COUNT
} FailureReason;

struct Machine {
  /* registers of the interpreter, valid while it is not running */
  Oop *fp;        /* current frame; NULL: nothing to run */
  uint32_t pc;    /* next instruction in FP[-1]'s code */
  int32_t budget; /* reductions left in this slice */
  Oop *args;      /* of the running primitive: args[0] receiver, args[1].. arguments; kept right by the collector */
  uint32_t argc;  /* arguments, receiver not counted */
  Oop selector;   /* for primitives that take any message, and perform: */
  Oop call;       /* OOP_CONTROL: CompiledCode to run with args/argc, or 0: fp and pc were changed */
  uint16_t answer_to;  /* register that machine_answer fills */
  uint16_t unhandled;  /* errors that nobody handled: the exit status of a program */
  uint16_t failure;    /* FailureReason of the last failed primitive */
  uint8_t in_shadow;   /* something of S is modified here or in the layer: resolve references */
  uint8_t definitions; /* something was defined since the last freeze: classes, methods, new variables */
  uint8_t hands_on_data; /* a freeze takes the values of new variables as they are, not as they were at first */
  uint8_t promote_all; /* the collection that runs makes everything old */
  uint8_t done;        /* OOP_CONTROL: the bottom frame has returned */
  uint8_t graces;      /* how many limits were run into one inside the handling of the other: see grace */
  uint8_t defers_major;/* set by the owner: a major collection that is not urgent is only asked for, with the next */
  uint8_t major_due;   /* the owner should have machine_collect_all_may_gc called, between two runs */
  int32_t failure_code;/* e.g. errno */
  uint32_t grace;      /* not 0: "too deep" or "no memory" is being handled, which this frame ran into; until it is left limits are a little higher */
  uint32_t overridden; /* bit per SpecialSelector that lost its built-in meaning */

  /* memory */
  Oop *stack, *stack_limit;
  char *nursery, *alloc, *alloc_end, *aged; /* objects below aged have survived one collection */
  uint32_t block_size;
  uint32_t depth_limit_kb; /* stack may grow to this */
  size_t heap_limit;       /* bytes, all of W */
  OldSpace *old;           /* NULL until something is promoted or large */

  /* what it stands on */
  const SourceImage *source; /* counted reference, held by the owner of the machine */
  ThreadContext *thread;     /* of the thread that owns the machine now */
  SendCache *cache;          /* the thread's for this S, or own_cache */
  SendCache *own_cache;      /* NULL while behaviour is as in S */
  ShadowTable *shadows;      /* NULL while nothing of S is modified */
  WeakTable *weak;           /* NULL while nothing is weak */
  MirrorTable *mirrors;      /* promises of other actors; NULL until there are any */
  Oop *handles;              /* C's temporary roots */
  uint16_t handle_count, handle_capacity;
  uint32_t hash_seed;        /* next identity hash */
#ifdef ATOLL_DEBUG_CHECKS
  uint32_t unverified;       /* collections since the heap was verified */
#endif
  void *owner;               /* the Actor (upper layers); core never looks */
  Oop roots[ROOT_COUNT];
};

/* Storage is the caller's.  SOURCE and THREAD must outlive it or be replaced by machine_rebind.  False: no memory. */
bool machine_init(Machine *m, ThreadContext *thread, const SourceImage *source, void *owner);
void machine_destroy(Machine *m);

/* Pushes a bottom frame that sends SELECTOR to handles/args given as RECEIVER and ARGUMENTS (copied before anything can move).  Any
 * earlier frames stay below and go on being dead weight until it returns: normally the stack is empty.  False: no memory, or the selector is
 * not understood (then a doesNotUnderstand: is sent). */
bool machine_start_may_gc(Machine *m, Oop receiver, Oop selector, unsigned argc, const Oop *arguments);

/* Between two runs: the next thing that happens is RECEIVER SELECTOR, as if the running code had sent it; when that returns, the code goes on
 * where it was.  False: nothing runs, or no room. */
bool machine_interrupt_may_gc(Machine *m, Oop receiver, Oop selector);

/* Runs for at most BUDGET reductions (one per send or backward jump). */
RunStatus machine_run(Machine *m, int32_t budget);

/* After RUN_WAITING from OOP_WAIT: the value of the primitive that waited. */
void machine_answer(Machine *m, Oop value);

/* Drops all frames without running ensure blocks (kill). */
void machine_clear_stack(Machine *m);

/* ---- objects (memory.c).  0 means no memory within the heap limit: m->failure is set, primitives just answer OOP_FAIL. ------------- */

/* Pointer slots are nil, others 0. FORMAT without unused-byte count: use the _bytes function for bytes. */
Oop machine_new_may_gc(Machine *m, uint32_t class_index, unsigned format, size_t slots);
Oop machine_new_bytes_may_gc(Machine *m, uint32_t class_index, size_t size);
/* FORMAT_BYTES, FORMAT_SHORTS or FORMAT_INTS; SIZE in bytes. */
Oop machine_new_packed_may_gc(Machine *m, uint32_t class_index, unsigned format, size_t size);
Oop machine_new_string_may_gc(Machine *m, const char *text, size_t length);
Oop machine_new_array_may_gc(Machine *m, size_t slots);
Oop machine_new_float_may_gc(Machine *m, double value);          /* immediate where it fits */
Oop machine_new_integer_may_gc(Machine *m, int64_t value);       /* SmallInteger or large */
Oop machine_new_unsigned_may_gc(Machine *m, uint64_t value);
Oop machine_symbol_may_gc(Machine *m, const char *text, size_t length); /* interned: S first, then this W */
Oop machine_find_symbol(Machine *m, const char *text, size_t length);   /* 0 when there is none */

/* Makes room for BYTES (headers included) so that _unchecked allocations of that total cannot move anything. */
bool machine_reserve_may_gc(Machine *m, size_t bytes);
Oop machine_new_unchecked(Machine *m, uint32_t class_index, unsigned format, size_t slots);

/* A String of less than 32 bytes. */
Oop machine_new_short_string_unchecked(Machine *m, const uint8_t *bytes, size_t size);

/* The same for objects of OBJECT_SIZE_LARGE slots and more: reserve their BYTES first; _unchecked never collects and answers 0 only
 * when the system has no memory. */
bool machine_reserve_large_may_gc(Machine *m, size_t bytes);
Oop machine_new_large_unchecked(Machine *m, uint32_t class_index, unsigned format, size_t slots);
/* Without references, for the caller to fill with bytes. */
Oop machine_new_large_packed_unchecked(Machine *m, uint32_t class_index, unsigned format, size_t slots);

/* With BYTES, one more reference to them, as its body.  FORMAT_BYTES, FORMAT_SHORTS or FORMAT_INTS. */
Oop machine_new_large_sharing_unchecked(Machine *m, uint32_t class_index, unsigned format, SharedBytes *bytes);

/* Copies any object shallowly into W (same class, new identity). */
Oop machine_copy_may_gc(Machine *m, Oop original);

/* The object to write to: itself in W, else its W copy, made now if need be.  Its bytes are its own afterwards, whoever shared them. */
Oop machine_writable_may_gc(Machine *m, Oop object);

/* OBJECT.slot := VALUE for an object known to be in W (freshly made, or from machine_writable_may_gc). Keeps the remembered set. */
void machine_store_guarded(Machine *m, Object *object, size_t slot, Oop value);
static inline void machine_store(Machine *m, Object *object, size_t slot, Oop value) {
  assert(!address_in_source(oop_from_object(object)));
  object->slots[slot] = value;
  if (object->header & FLAG_GUARD) machine_store_guarded(m, object, slot, value);
}

/* Handles: roots for C code that holds oops across _may_gc calls. Index stays valid; the array may move. */
unsigned machine_push_handle(Machine *m, Oop value);
void machine_pop_handles(Machine *m, unsigned down_to);
static inline Oop machine_handle(const Machine *m, unsigned index) { return m->handles[index]; }
static inline void machine_set_handle(Machine *m, unsigned index, Oop value) { m->handles[index] = value; }

/* An idle machine: collects and keeps only what is live, in the smallest block.  machine_collect_all_may_gc: both generations; false: no memory, nothing
 * has been collected. */
void machine_pack_may_gc(Machine *m);
bool machine_collect_all_may_gc(Machine *m);

/* Moves everything to the old generation, which from then on is never collected: for machines that build an image and end. */
bool machine_promote_all_may_gc(Machine *m);

/* ---- references and identity (shadow.c): the only two functions that know about copies ------------------------------------------- */

Oop oop_resolve_slow(const Machine *m, Oop x);
/* From now on ORIGINAL (an object of S as this S has it) means COPY to this actor. */
bool shadow_enter(Machine *m, Oop original, Oop copy);
/* The object of S whose copy W_COPY is, or 0. */
Oop shadow_original(const Machine *m, Oop w_copy);
/* The object that X means to this actor: X itself, or the W copy (or the layer's) of an object of S. */
static inline bool oop_may_have_copy(Oop x) { return oop_in_source(x) && oop_to_object(x)->header & FLAG_SHADOWABLE; }
static inline Oop oop_resolve(const Machine *m, Oop x) {
  if (!m->in_shadow || !oop_may_have_copy(x)) return x;
  return oop_resolve_slow(m, x);
}
/* Are A and B the same object to this actor? */
static inline bool oop_same(const Machine *m, Oop a, Oop b) {
  if (a == b) return true;
  if (!m->in_shadow || !oop_is_pointer(a) || !oop_is_pointer(b) || (!oop_may_have_copy(a) && !oop_may_have_copy(b))) return false;
  return oop_resolve(m, a) == oop_resolve(m, b);
}

/* ---- classes and lookup (lookup.c) ---------------------------------------------------------------------------------------------- */

Oop machine_class_at(const Machine *m, uint32_t class_index);             /* resolved */
static inline Oop machine_class_of(const Machine *m, Oop x) { return machine_class_at(m, oop_class_index(x)); }
Oop machine_lookup(const Machine *m, Oop klass, Oop selector);            /* CompiledMethod or 0 */
bool machine_is_kind_of(const Machine *m, Oop x, Oop klass);
bool machine_inherits_from(const Machine *m, Oop klass, Oop ancestor);    /* klass itself counts */

/* The dictionary Smalltalk (not resolved); before there is an S, ROOT_ACTOR holds it. */
Oop machine_system_dictionary(const Machine *m);
/* Global name in the system dictionary: its VariableBinding, or 0. */
Oop machine_global_binding(Machine *m, const char *name, size_t length);
Oop machine_global_value(Machine *m, const char *name); /* nil when undefined */

/* ---- reading values in C -------------------------------------------------------------------------------------------------------- */

static inline Object *machine_object(const Machine *m, Oop x) { return oop_to_object(oop_resolve(m, x)); }
static inline bool oop_has_class(Oop x, uint32_t index) { return oop_class_index(x) == index; }
/* Any byte object (String, Symbol, ByteArray): address and size, valid until the next _may_gc call.  False for others. */
bool oop_try_bytes(const Machine *m, Oop x, const char **bytes, size_t *size);
bool oop_try_double(const Machine *m, Oop x, double *out); /* FloatD only */
bool oop_try_int64(const Machine *m, Oop x, int64_t *out); /* SmallInteger, or a large integer that fits */

#endif
