/* SPDX-License-Identifier: MIT */
/* object_primitives.c -- what every object can do: identity, class, slots, copies, become:. */
#include <stdio.h>

#include "debug.h"
#include "heap_walk.h"
#include "lookup.h"
#include "memory_internal.h"
#include "class_builder.h"
#include "primitive.h"
#include "weak.h"

static Oop prim_object_class(Machine *m) { return machine_class_of(m, m->args[0]); }
static Oop prim_object_same(Machine *m) { return oop_from_bool(oop_same(m, m->args[0], m->args[1])); }

static Oop prim_object_hash(Machine *m) {
  Oop x = m->args[0];
  if (oop_is_pointer(x)) return oop_from_small(object_hash(oop_to_object(x)));
  return oop_from_small((int64_t)(x * 0x9e3779b97f4a7c15ull >> 34));
}

static bool slot_argument(Machine *m, Object **object, size_t *slot) {
  if (!oop_is_pointer(m->args[0]) || !oop_is_small(m->args[1])) return false;
  *object = oop_to_object(m->args[0]);
  *slot = (size_t)oop_to_small(m->args[1]) - 1;
  return object_is_pointers(*object) && *slot < object_slots(*object);
}

static Oop prim_object_inst_var_at(Machine *m) {
  Object *object;
  size_t slot;
  return slot_argument(m, &object, &slot) ? object->slots[slot] : primitive_fail(m, FAILURE_BAD_INDEX);
}

/* The frames of a process (processes.c) are an Object with slots. */
static bool is_saved_stack(const Machine *m, Oop x) { return oop_is_pointer(x) && oop_has_class(x, CLASS_OBJECT) && object_slots(machine_object(m, x)) > 0; }

static Oop prim_object_inst_var_at_put(Machine *m) {
  Object *object;
  size_t slot;
  if (is_saved_stack(m, m->args[0])) return primitive_fail(m, FAILURE_READ_ONLY);
  if (slot_argument(m, &object, &slot) && class_guards_slot(m, machine_class_of(m, m->args[0]), slot)) return primitive_fail(m, FAILURE_READ_ONLY);
  if (!slot_argument(m, &object, &slot)) return primitive_fail(m, FAILURE_BAD_INDEX);
  Oop writable = machine_writable_may_gc(m, m->args[0]);
  if (!writable) return OOP_FAIL;
  machine_store(m, oop_to_object(writable), slot, m->args[2]);
  return m->args[2];
}

/* Processes and semaphores stand in lists that C keeps, and frames go on only once: a copy begins without. */
static void forget_lists(Machine *m, Object *copy) {
  if (object_format(copy) != FORMAT_FIXED || object_slots(copy) <= SEMAPHORE_SIGNALS) return;
  Oop x = oop_from_object(copy);
  if (machine_is_kind_of(m, x, machine_class_at(m, CLASS_SEMAPHORE))) {
    copy->slots[SEMAPHORE_FIRST] = copy->slots[SEMAPHORE_LAST] = OOP_NIL;
  } else if (object_slots(copy) >= PROCESS_SLOTS && machine_is_kind_of(m, x, machine_class_at(m, CLASS_PROCESS))) {
    for (unsigned i = PROCESS_NEXT; i < PROCESS_NAME; i++)
      if (i != PROCESS_PRIORITY) copy->slots[i] = OOP_NIL;
  }
}

static Oop prim_object_shallow_copy(Machine *m) {
  if (is_saved_stack(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  Oop copy = machine_copy_may_gc(m, m->args[0]);
  if (copy && oop_is_pointer(copy)) forget_lists(m, oop_to_object(copy));
  return copy ? copy : OOP_FAIL;
}

static Oop prim_object_is_kind_of(Machine *m) {
  if (!oop_is_pointer(m->args[1])) return OOP_FALSE;
  return oop_from_bool(machine_is_kind_of(m, m->args[0], m->args[1]));
}

static Oop prim_object_responds_to(Machine *m) {
  if (!oop_has_class(m->args[1], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return oop_from_bool(machine_lookup(m, machine_class_of(m, m->args[0]), m->args[1]) != 0);
}

/* Is the receiver in S, as this actor sees it?  For those who want to look. */
static Oop prim_object_is_in_source(Machine *m) { return oop_from_bool(oop_in_source(m->args[0])); }

/* ---- become: -------------------------------------------------------------------------------------------------------
 *
 * Every reference in W is found by walking all of it; references in S are redirected by the shadow table. */

typedef struct Exchange {
  const Machine *m;
  Oop a, b;
  bool both;
} Exchange;

static Oop exchanged(void *context, Oop x) {
  const Exchange *e = context;
  if (!oop_is_pointer(x)) return x;
  x = oop_resolve(e->m, x);
  if (x == e->a) return e->b;
  if (e->both && x == e->b) return e->a;
  return x;
}

static bool can_become(Machine *m, unsigned index) {
  Oop x = m->args[index];
  if (!oop_is_pointer(x)) return false;
  return !address_in_source(x) || oop_to_object(x)->header & FLAG_SHADOWABLE;
}

/* Where C has a reference to something like A, is B as good? */
static bool may_stand_for(const Machine *m, Oop a, Oop b) {
  if (!oop_is_pointer(a)) return true;
  if (is_saved_stack(m, a) || is_saved_stack(m, b)) return false;
  Oop behavior = machine_class_at(m, CLASS_BEHAVIOR);
  if (machine_is_kind_of(m, a, behavior)) return machine_is_kind_of(m, b, behavior) && class_may_stand_for(m, a, b);
  if (machine_is_kind_of(m, a, machine_class_at(m, CLASS_PROCESS)) || machine_is_kind_of(m, a, machine_class_at(m, CLASS_SEMAPHORE))) return false; /* lists name them */
  bool same_class = oop_same(m, machine_class_of(m, a), machine_class_of(m, b));
  if (oop_has_class(a, CLASS_BLOCK_CLOSURE)) return same_class && oop_to_object(a)->slots[CLOSURE_CODE] == oop_to_object(b)->slots[CLOSURE_CODE];
  if (object_format(oop_to_object(a)) == FORMAT_CODE || oop_has_class(a, CLASS_SYMBOL)) return false; /* frames and tables name them */
  bool trusted = class_guards_slot(m, machine_class_of(m, a), 0) || oop_has_class(a, CLASS_VARIABLE_BINDING);
  return !trusted || same_class;
}

/* Does B lack slots that code running for A reads: named ones, or, since an Array may be the vector of variables that blocks share, any of an Array? */
static bool is_smaller(const Machine *m, Oop b, Oop a) {
  if (!oop_is_pointer(a) || !object_is_pointers(oop_to_object(a))) return false;
  int64_t spec = oop_to_small(machine_object(m, machine_class_of(m, a))->slots[BEHAVIOR_SPEC]);
  size_t read = oop_has_class(a, CLASS_ARRAY) ? object_slots(oop_to_object(a)) : spec_fixed(spec);
  return read > (oop_is_pointer(b) && object_is_pointers(oop_to_object(b)) ? object_slots(oop_to_object(b)) : 0);
}

static Oop become(Machine *m, bool both) {
  if (!may_stand_for(m, m->args[0], m->args[1]) || (both && !may_stand_for(m, m->args[1], m->args[0]))) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!can_become(m, 0) || (both && !can_become(m, 1))) return primitive_fail(m, FAILURE_READ_ONLY);
  if (oop_same(m, m->args[0], m->args[1])) return m->args[0];
  /* an object of S gets its copy first: then only W has to be searched, and the shadow table redirects the references in S */
  if (!machine_writable_may_gc(m, m->args[0])) return OOP_FAIL;
  if (both && !machine_writable_may_gc(m, m->args[1])) return OOP_FAIL;
  if (is_smaller(m, m->args[1], m->args[0]) || (both && is_smaller(m, m->args[0], m->args[1]))) machine_distrust_layouts(m, OVERRIDDEN_LAYOUTS_HERE);
  Exchange e = {m, oop_resolve(m, m->args[0]), oop_resolve(m, m->args[1]), both};
  heap_map_references(m, exchanged, &e);
  primitive_charge(m, machine_heap_used(m));
  if ((object_class_index(oop_to_object(e.a)) == CLASS_METACLASS || machine_is_kind_of(m, e.a, machine_class_at(m, CLASS_BEHAVIOR))) &&
      !machine_behavior_changed(m))
    return OOP_FAIL;
  return both ? m->args[0] : e.a; /* which nothing refers to any more */
}

static Oop prim_object_become(Machine *m) { return become(m, true); }
static Oop prim_object_become_forward(Machine *m) { return become(m, false); }

/* Classes whose instances C knows by their class alone: what equals, hashes or is interned, code points, immediate values. */
static bool is_closed(uint32_t index) {
  return index <= CLASS_TRUE || index == CLASS_SYMBOL || index == CLASS_LARGE_POSITIVE || index == CLASS_LARGE_NEGATIVE;
}

/* Changes the class of the receiver to one of the same shape. */
static Oop prim_object_change_class(Machine *m) {
  if (!oop_is_pointer(m->args[0]) || !oop_is_pointer(m->args[1]) || is_saved_stack(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!machine_is_kind_of(m, m->args[1], machine_class_at(m, CLASS_BEHAVIOR))) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t spec = oop_to_small(oop_to_object(m->args[1])->slots[BEHAVIOR_SPEC]);
  if (is_closed(oop_class_index(m->args[0])) || is_closed(spec_class_index(spec))) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t old = oop_to_small(oop_to_object(machine_class_of(m, m->args[0]))->slots[BEHAVIOR_SPEC]);
  if (spec_fixed(spec) != spec_fixed(old) || spec_format(spec) != spec_format(old)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (class_guards_slot(m, m->args[1], 0) || class_guards_slot(m, machine_class_of(m, m->args[0]), 0)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop writable = machine_writable_may_gc(m, m->args[0]);
  if (!writable) return OOP_FAIL;
  Object *object = oop_to_object(writable);
  object->header = (object->header & ~CLASS_INDEX_MASK) | spec_class_index(spec);
  return m->args[0];
}

static Oop prim_show(Machine *m) {
  print_oop(m, m->args[0]);
  fputc(10, stderr);
  return m->args[0];
}

static Oop prim_failure_reason(Machine *m) { return oop_from_small(m->failure); }
/* Registers above those of the running call hold what calls before it have left there: nobody will read it. */
static Oop prim_collect_garbage(Machine *m) {
  for (Oop *slot = m->args + m->argc + 1, *top = machine_stack_top(m); slot < top && slot < m->stack_limit; slot++) *slot = OOP_NIL;
  machine_collect_all_may_gc(m);
  return m->args[0];
}

/* Instances that are being counted, or put into the Array in handle FOUND. */
typedef struct Instances {
  Machine *m;
  uint32_t class_index;
  size_t count, room;
  unsigned found;
} Instances;

static void count_instance(void *context, Object *object) {
  Instances *all = context;
  all->count += object_class_index(object) == all->class_index;
}

static void take_instance(void *context, Object *object) {
  Instances *all = context;
  if (object_class_index(object) != all->class_index || all->count == all->room) return;
  machine_store(all->m, oop_to_object(machine_handle(all->m, all->found)), all->count++, oop_from_object(object));
}

/* An Array of the direct instances of the receiver.  Not those of Object and Array: the machine has some of its own among them, which nobody else may have. */
static Oop prim_all_instances(Machine *m) {
  if (!machine_is_kind_of(m, m->args[0], machine_class_at(m, CLASS_BEHAVIOR))) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  Instances all = {m, spec_class_index(oop_to_small(machine_object(m, m->args[0])->slots[BEHAVIOR_SPEC])), 0, 0, 0};
  if (all.class_index == CLASS_ARRAY || all.class_index == CLASS_OBJECT) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  prim_collect_garbage(m);
  heap_each_object(m, count_instance, &all);
  heap_each_source_object(m, count_instance, &all);
  all.found = machine_push_handle(m, machine_new_array_may_gc(m, all.count));
  all.room = all.count;
  all.count = 0;
  if (machine_handle(m, all.found)) {
    heap_each_object(m, take_instance, &all);
    heap_each_source_object(m, take_instance, &all);
  }
  Oop answer = machine_handle(m, all.found);
  machine_pop_handles(m, all.found);
  return answer ? answer : OOP_FAIL;
}

/* Makes the receiver weak, in one of the ways of WeakKind; final objects only want to know that they die. */
static Oop prim_make_weak(Machine *m) {
  if (!oop_is_pointer(m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_is_small(m->args[1]) || (uint64_t)oop_to_small(m->args[1]) > WEAK_FINAL) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  WeakKind kind = (WeakKind)oop_to_small(m->args[1]);
  Oop x = machine_writable_may_gc(m, m->args[0]);
  if (!x) return OOP_FAIL;
  Object *object = oop_to_object(x);
  if (object->header & FLAG_WEAK) return kind == WEAK_FINAL ? primitive_fail(m, FAILURE_BAD_RECEIVER) : x;
  unsigned format = object_format(object);
  bool pairs = kind == WEAK_SET || kind == WEAK_KEYS || kind == WEAK_VALUES;
  if (kind == WEAK_FINAL ? false : kind == WEAK_EPHEMERON ? format > FORMAT_WEAK || object_slots(object) == 0
      : pairs ? object_class_index(object) != CLASS_ARRAY : format != FORMAT_POINTERS && format != FORMAT_WEAK)
    return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return weak_watch(m, object, kind) ? x : primitive_fail(m, FAILURE_NO_MEMORY);
}

static Oop prim_forget_final(Machine *m) {
  if (oop_is_pointer(m->args[0])) weak_forget(m, machine_object(m, m->args[0]));
  return m->args[0];
}

/* An Array of the next one that mourns, and whether as an ephemeron; nil when nobody is left. */
static Oop prim_next_mourner(Machine *m) {
  bool ephemeron;
  Oop array = machine_new_array_may_gc(m, 2), mourner = array ? weak_take_mourner(m, &ephemeron) : 0;
  if (!array) return OOP_FAIL;
  if (!mourner) return OOP_NIL;
  Object *object = oop_to_object(array);
  object->slots[0] = mourner;
  object->slots[1] = ephemeron ? OOP_TRUE : OOP_FALSE;
  return array;
}

static Oop prim_weak_cleared(Machine *m) { return oop_from_small(m->weak ? m->weak->cleared : 0); }

static Oop prim_heap_used(Machine *m) { return oop_from_small((int64_t)machine_heap_used(m)); }
static Oop prim_shadow_count(Machine *m) { return oop_from_small(m->shadows ? m->shadows->count : 0); }

static Oop prim_set_limits(Machine *m) {
  int64_t heap, depth;
  if (!oop_try_int64(m, m->args[1], &heap) || !oop_try_int64(m, m->args[2], &depth) || heap < 4096 || depth < 1 || depth > 1 << 22)
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  m->heap_limit = (size_t)heap;
  m->depth_limit_kb = (uint32_t)depth;
  return m->args[0];
}

const Primitive object_primitives[] = {
    {"object_class", prim_object_class, 0, "class of the receiver", PRIMITIVE_QUICK},
    {"object_same", prim_object_same, 1, "are both the same object", PRIMITIVE_QUICK},
    {"object_hash", prim_object_hash, 0, "identity hash", PRIMITIVE_QUICK},
    {"object_inst_var_at", prim_object_inst_var_at, 1, "slot by number, from 1", PRIMITIVE_QUICK},
    {"object_inst_var_at_put", prim_object_inst_var_at_put, 2, "store into a slot by number", 0},
    {"object_shallow_copy", prim_object_shallow_copy, 0, "a new object with the same slots", 0},
    {"object_is_kind_of", prim_object_is_kind_of, 1, "is the class or an ancestor of it the argument", PRIMITIVE_QUICK},
    {"object_responds_to", prim_object_responds_to, 1, "is the selector understood", PRIMITIVE_QUICK},
    {"object_is_in_source", prim_object_is_in_source, 0, "does the object lie in S for this actor", 0},
    {"object_become", prim_object_become, 1, "exchange the identities of two objects", 0},
    {"object_become_forward", prim_object_become_forward, 1, "references to the receiver become references to the argument", 0},
    {"object_change_class", prim_object_change_class, 1, "change the class to one of the same shape", 0},
    {"object_show", prim_show, 0, "print the receiver on standard error, for debugging the runtime", 0},
    {"failure_reason", prim_failure_reason, 0, "why the last primitive failed, FailureReason", 0},
    {"collect_garbage", prim_collect_garbage, 0, "collect both generations of this actor", 0},
    {"all_instances", prim_all_instances, 0, "an Array of the direct instances of a class", 0},
    {"make_weak", prim_make_weak, 1, "make the receiver weak, or final: WeakKind", 0},
    {"forget_final", prim_forget_final, 0, "the receiver is not final any more", 0},
    {"next_mourner", prim_next_mourner, 0, "an Array of an object to be told about a death, and whether it is an ephemeron; or nil", 0},
    {"weak_cleared", prim_weak_cleared, 0, "how many weak references have been cleared in this actor", 0},
    {"heap_used", prim_heap_used, 0, "bytes of this actor's W", 0},
    {"shadow_count", prim_shadow_count, 0, "objects of S that have a copy here", 0},
    {"set_limits", prim_set_limits, 2, "heap limit in bytes, stack limit in KiB", 0},
    {NULL, NULL, 0, NULL, 0},
};
