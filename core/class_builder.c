/* SPDX-License-Identifier: MIT */
/* class_builder.c -- classes, their shapes and methods, and dictionaries of bindings.  Objects are named by handles throughout:
 * nearly everything allocates. */
#include "class_builder.h"

#include <stdlib.h>

#include "heap_walk.h"
#include "lookup.h"
#include "memory_internal.h"
#include "mirrors.h"
#include "primitive.h"
#include "weak.h"

static Oop slot_of(const Machine *m, Oop x, unsigned slot) { return machine_object(m, x)->slots[slot]; }
static int64_t spec_of(const Machine *m, Oop behavior) { return oop_to_small(slot_of(m, behavior, BEHAVIOR_SPEC)); }

/* object.slot := value, where object may be in S; both in handles. */
static bool put_may_gc(Machine *m, unsigned object, unsigned slot, Oop value) {
  unsigned handle = machine_push_handle(m, value);
  Oop writable = machine_writable_may_gc(m, machine_handle(m, object));
  if (writable) machine_store(m, oop_to_object(writable), slot, machine_handle(m, handle));
  machine_pop_handles(m, handle);
  if (writable) machine_set_handle(m, object, writable);
  return writable != 0;
}

/* ---- classes --------------------------------------------------------------------------------------------------- */

Oop class_new_may_gc(Machine *m, Oop superclass, const char *name, size_t length) {
  unsigned super = machine_push_handle(m, oop_resolve(m, superclass));
  unsigned above = machine_push_handle(m, superclass == OOP_NIL ? machine_class_at(m, CLASS_CLASS) : machine_class_of(m, machine_handle(m, super)));
  unsigned symbol = machine_push_handle(m, machine_symbol_may_gc(m, name, length));
  Oop result = 0;
  if (!machine_handle(m, symbol)) goto done;
  unsigned meta = machine_push_handle(m, machine_new_may_gc(m, CLASS_METACLASS, FORMAT_FIXED, METACLASS_SLOTS));
  if (!machine_handle(m, meta)) goto done;
  uint32_t meta_index = machine_add_class_may_gc(m, machine_handle(m, meta));
  if (!meta_index) goto done;
  unsigned fixed = spec_fixed(spec_of(m, machine_handle(m, above)));
  if (superclass == OOP_NIL) fixed = CLASS_SLOTS;
  unsigned made = machine_push_handle(m, machine_new_may_gc(m, meta_index, FORMAT_FIXED, fixed));
  if (!machine_handle(m, made)) goto done;
  uint32_t index = machine_add_class_may_gc(m, machine_handle(m, made));
  if (!index) goto done;
  int64_t super_spec = superclass == OOP_NIL ? 0 : spec_of(m, machine_handle(m, super));
  Object *metaclass = oop_to_object(machine_handle(m, meta)), *class = oop_to_object(machine_handle(m, made));
  machine_store(m, metaclass, BEHAVIOR_SUPERCLASS, machine_handle(m, above));
  machine_store(m, metaclass, BEHAVIOR_SPEC, oop_from_small(spec_make(fixed, FORMAT_FIXED, meta_index, ELEMENT_UNSIGNED)));
  machine_store(m, metaclass, METACLASS_INSTANCE_CLASS, machine_handle(m, made));
  machine_store(m, class, BEHAVIOR_SUPERCLASS, machine_handle(m, super));
  machine_store(m, class, BEHAVIOR_SPEC, oop_from_small(spec_make(spec_fixed(super_spec), spec_format(super_spec), index, spec_kind(super_spec))));
  machine_store(m, class, CLASS_SLOT_NAME, machine_handle(m, symbol));
  result = machine_handle(m, made);
done:
  machine_pop_handles(m, super);
  return result;
}

static const struct {
  const char *name;
  unsigned format;
  ElementKind kind;
} shapes[] = {
    {"nil", FORMAT_FIXED, ELEMENT_UNSIGNED},   {"pointer", FORMAT_POINTERS, ELEMENT_UNSIGNED}, {"weak", FORMAT_WEAK, ELEMENT_UNSIGNED},
    {"byte", FORMAT_BYTES, ELEMENT_UNSIGNED},  {"uint8", FORMAT_BYTES, ELEMENT_UNSIGNED},      {"int8", FORMAT_BYTES, ELEMENT_SIGNED},
    {"character", FORMAT_BYTES, ELEMENT_CHARACTER}, {"ushort", FORMAT_SHORTS, ELEMENT_UNSIGNED}, {"short", FORMAT_SHORTS, ELEMENT_SIGNED},
    {"uint", FORMAT_INTS, ELEMENT_UNSIGNED},   {"int", FORMAT_INTS, ELEMENT_SIGNED},           {"float", FORMAT_INTS, ELEMENT_FLOAT},
    {"utf32", FORMAT_INTS, ELEMENT_CHARACTER}, {"word", FORMAT_WORDS, ELEMENT_UNSIGNED},       {"uint64", FORMAT_WORDS, ELEMENT_UNSIGNED},
    {"int64", FORMAT_WORDS, ELEMENT_SIGNED},   {"double", FORMAT_WORDS, ELEMENT_FLOAT},        {"code", FORMAT_CODE, ELEMENT_UNSIGNED}};
enum { SHAPE_COUNT = sizeof shapes / sizeof shapes[0] };

static bool try_shape(Machine *m, Oop klass, const char *shape, size_t length, unsigned *format, ElementKind *kind) {
  if (length == 7 && memcmp(shape, "inherit", 7) == 0) {
    Oop above = slot_of(m, klass, BEHAVIOR_SUPERCLASS);
    int64_t spec = above == OOP_NIL ? 0 : spec_of(m, above);
    return *format = spec_format(spec), *kind = spec_kind(spec), true;
  }
  for (unsigned i = 0; i < SHAPE_COUNT; i++)
    if (strlen(shapes[i].name) == length && memcmp(shapes[i].name, shape, length) == 0) {
      /* Strings see to their elements themselves: CharacterArray has no other kinds */
      bool own = machine_inherits_from(m, klass, machine_class_at(m, CLASS_CHARACTER_ARRAY));
      return *format = shapes[i].format, *kind = own ? ELEMENT_UNSIGNED : shapes[i].kind, true;
    }
  return m->failure = FAILURE_BAD_ARGUMENT, false;
}

bool class_set_shape_may_gc(Machine *m, Oop klass, const char *shape, size_t length) {
  unsigned format, handle = machine_push_handle(m, oop_resolve(m, klass));
  ElementKind kind;
  int64_t spec = spec_of(m, machine_handle(m, handle));
  bool done = try_shape(m, machine_handle(m, handle), shape, length, &format, &kind);
  if (done && spec_fixed(spec) > 0 && format > FORMAT_WEAK) done = false, m->failure = FAILURE_WRONG_STATE; /* named variables stand among references only */
  if (done && (format != spec_format(spec) || kind != spec_kind(spec)))
    done = put_may_gc(m, handle, BEHAVIOR_SPEC, oop_from_small(spec_make(spec_fixed(spec), format, spec_class_index(spec), kind))) &&
           (m->source->class_count == 0 || machine_behavior_changed(m)); /* send caches know what instances look like */
  machine_pop_handles(m, handle);
  return done;
}

const char *class_shape(const Machine *m, Oop klass) {
  int64_t spec = spec_of(m, klass);
  bool text = machine_inherits_from(m, klass, machine_class_at(m, CLASS_CHARACTER_ARRAY)) && spec_format(spec) == FORMAT_BYTES;
  ElementKind kind = text ? ELEMENT_CHARACTER : spec_kind(spec);
  for (unsigned i = 0; i < SHAPE_COUNT; i++)
    if (shapes[i].format == spec_format(spec) && shapes[i].kind == kind) return shapes[i].name;
  return "nil";
}

int class_variable_index(const Machine *m, Oop klass, const char *name, size_t length) {
  for (Oop c = klass; c != OOP_NIL; c = slot_of(m, c, BEHAVIOR_SUPERCLASS)) {
    const Object *array = machine_try_array(m, slot_of(m, c, BEHAVIOR_INSTANCE_VARIABLES));
    unsigned fixed = spec_fixed(spec_of(m, c));
    size_t count = array ? object_slots(array) : 0;
    if (count > fixed) return -1;
    for (size_t i = count; i-- > 0;) {
      if (!oop_has_class(array->slots[i], CLASS_SYMBOL)) continue;
      Object *symbol = oop_to_object(array->slots[i]);
      if (object_byte_size(symbol) == length && memcmp(object_bytes(symbol), name, length) == 0) return (int)(fixed - count + i);
    }
  }
  return -1;
}

/* Classes whose first slots C trusts. */
static const struct {
  uint32_t class;
  unsigned slots;
} guarded[] = {{CLASS_BEHAVIOR, 4}, {CLASS_METACLASS, METACLASS_SLOTS}, {CLASS_BLOCK_CLOSURE, 3}, {CLASS_CONTEXT, CONTEXT_SLOTS},
               {CLASS_METHOD_DICTIONARY, 1}, {CLASS_BINDING_DICTIONARY, DICTIONARY_SLOTS}, {CLASS_PROCESS, PROCESS_SLOTS},
               {CLASS_SEMAPHORE, SEMAPHORE_SIGNALS + 1}, {CLASS_PROMISE, PROMISE_SLOTS}, {CLASS_ACTOR_PROXY, 1}, {CLASS_TRANSIENT_PROXY, 3},
               {CLASS_ACTOR, 1}, {CLASS_HANDLE, 1}, {CLASS_DEBUG_INFO, DEBUG_NAMES + 1}};

bool class_guards_slot(const Machine *m, Oop klass, size_t slot) {
  if (m->source->class_count == 0) return false; /* the kernel is being made */
  for (unsigned i = 0; i < sizeof guarded / sizeof guarded[0]; i++)
    if (slot < guarded[i].slots && machine_inherits_from(m, klass, machine_class_at(m, guarded[i].class))) return true;
  if (slot != BINDING_VALUE && slot < BINDING_SLOTS && machine_inherits_from(m, klass, machine_class_at(m, CLASS_VARIABLE_BINDING))) return true;
  return (slot >= CLASS_SLOT_ENVIRONMENT && slot <= CLASS_SLOT_POOLS) && machine_inherits_from(m, klass, machine_class_at(m, CLASS_CLASS));
}

/* ---- reshaping --------------------------------------------------------------------------------------------------
 *
 * REMOVED named slots of KLASS at position AT become ADDED ones; so in its subclasses.  Every instance, in W or in S, is copied to the
 * new shape; then all references are changed in one walk. */

typedef struct Reshape {
  Machine *m;
  Oop klass;              /* resolved */
  unsigned at, removed, added; /* slots [at, at + removed) become `added` ones: */
  const int *from;             /* number of the old one with the same name, or -1 */
  unsigned olds, news;    /* handles of Arrays */
  size_t count;
  struct {
    Oop old, new;
  } *map;
  size_t mask;
} Reshape;

static bool affects(const Reshape *r, const Object *object) {
  uint32_t index = object_class_index(object);
  if (index == CLASS_INDEX_NONE || (object_format(object) > FORMAT_WEAK)) return false;
  return machine_inherits_from(r->m, machine_class_at(r->m, index), r->klass);
}

static void count_instance(void *context, Object *object) {
  Reshape *r = context;
  if (affects(r, object)) r->count++;
}

static void note_instance(void *context, Object *object) {
  Reshape *r = context;
  if (!affects(r, object)) return;
  machine_store(r->m, oop_to_object(machine_handle(r->m, r->olds)), r->count++, oop_from_object(object));
}

static Oop reshaped_may_gc(Reshape *r, size_t i) {
  Machine *m = r->m;
  Object *old = oop_to_object(oop_to_object(machine_handle(m, r->olds))->slots[i]);
  size_t slots = object_slots(old) + r->added - r->removed;
  Oop made = machine_new_may_gc(m, object_class_index(old), object_format(old), slots);
  if (!made) return 0;
  old = oop_to_object(oop_to_object(machine_handle(m, r->olds))->slots[i]);
  Object *new = oop_to_object(made);
  uint64_t kept_bits = HASH_MASK << HASH_SHIFT | FLAG_SHADOW;
  new->header = (new->header & ~kept_bits) | (old->header & kept_bits);
  for (size_t k = 0; k < r->at; k++) machine_store(m, new, k, old->slots[k]);
  for (size_t k = 0; k < r->added; k++)
    if (r->from[k] >= 0) machine_store(m, new, r->at + k, old->slots[r->at + (unsigned)r->from[k]]);
  for (size_t k = r->at + r->removed; k < object_slots(old); k++) machine_store(m, new, k + r->added - r->removed, old->slots[k]);
  return made;
}

static Oop new_shape_of(void *context, Oop x) {
  Reshape *r = context;
  if (!oop_is_pointer(x)) return x;
  for (size_t i = address_hash(x) & r->mask; r->map[i].old; i = (i + 1) & r->mask)
    if (r->map[i].old == x) return r->map[i].new;
  return x;
}

/* The old objects stay in memory until the next collection, but are instances of the class no longer. */
static void forget_old_shapes(const Reshape *r, size_t count) {
  Object *olds = oop_to_object(machine_handle(r->m, r->olds));
  for (size_t i = 0; i < count; i++) {
    Object *old = oop_to_object(olds->slots[i]);
    if (!address_in_source(olds->slots[i])) old->header = (old->header & ~CLASS_INDEX_MASK) | CLASS_OBJECT;
  }
}

static bool change_instances_may_gc(Reshape *r) {
  Machine *m = r->m;
  bool in_source = spec_class_index(spec_of(m, r->klass)) < CLASS_INDEX_W; /* a class of W, and what inherits from it, has no instances in S */
  r->count = 0;
  heap_each_object(m, count_instance, r);
  if (in_source) heap_each_source_object(m, count_instance, r);
  if (!r->count) return true;
  size_t total = r->count, capacity = 8;
  r->olds = machine_push_handle(m, machine_new_array_may_gc(m, total));
  r->news = machine_push_handle(m, machine_new_array_may_gc(m, total));
  if (!machine_handle(m, r->olds) || !machine_handle(m, r->news)) return false;
  r->klass = oop_resolve(m, machine_handle(m, r->olds - 1));
  r->count = 0;
  heap_each_object(m, note_instance, r);
  if (in_source) heap_each_source_object(m, note_instance, r);
  total = r->count;
  for (size_t i = 0; i < total; i++) {
    Oop made = reshaped_may_gc(r, i);
    if (!made) return false;
    machine_store(m, oop_to_object(machine_handle(m, r->news)), i, made);
  }
  while (capacity < total * 2) capacity *= 2;
  r->map = calloc(capacity, sizeof *r->map);
  if (!r->map) return false;
  r->mask = capacity - 1;
  for (size_t i = 0; i < total; i++) {
    Oop old = oop_to_object(machine_handle(m, r->olds))->slots[i], new = oop_to_object(machine_handle(m, r->news))->slots[i];
    size_t k = address_hash(old) & r->mask;
    while (r->map[k].old) k = (k + 1) & r->mask;
    r->map[k].old = old;
    r->map[k].new = new;
    if (address_in_source(old) && !shadow_enter(m, old, new)) return free(r->map), false;
  }
  forget_old_shapes(r, total);
  machine_set_handle(m, r->olds, OOP_NIL); /* not to be mapped */
  heap_map_references(m, new_shape_of, r);
  bool done = weak_follow(m, new_shape_of, r);
  mirrors_follow(m, new_shape_of, r);
  free(r->map);
  return done || (m->failure = FAILURE_NO_MEMORY, false);
}

/* All classes that inherit from KLASS, KLASS included, get DELTA added to their named slots. */
static bool change_specs_may_gc(Machine *m, unsigned klass, int delta) {
  uint32_t ends[2] = {m->source->class_count, 0}, starts[2] = {1, CLASS_INDEX_W};
  bool genesis = m->source->class_count == 0;
  if (m->roots[ROOT_CLASSES] != OOP_NIL) {
    uint32_t capacity = (uint32_t)object_slots(oop_to_object(m->roots[ROOT_CLASSES]));
    if (genesis) ends[0] = capacity;
    else ends[1] = CLASS_INDEX_W + capacity;
  }
  for (int part = 0; part < 2; part++)
    for (uint32_t i = starts[part]; i < ends[part]; i++) {
      Oop c = machine_class_at(m, i);
      if (!c || c == OOP_NIL || !machine_inherits_from(m, c, machine_handle(m, klass))) continue;
      unsigned handle = machine_push_handle(m, c);
      int64_t spec = spec_of(m, c);
      bool done = put_may_gc(m, handle, BEHAVIOR_SPEC,
                             oop_from_small(spec_make((unsigned)((int)spec_fixed(spec) + delta), spec_format(spec), spec_class_index(spec), spec_kind(spec))));
      machine_pop_handles(m, handle);
      if (!done) return false;
    }
  return true;
}

enum { MOST_NAMED = 256 }; /* instructions name slots with one byte */

/* The names of all named slots of instances, those of superclasses first.  Answers how many, MOST_NAMED + 1 when there are too many. */
static unsigned collect_names(const Machine *m, Oop klass, Oop own, Oop *names) {
  Oop above = klass == OOP_NIL ? OOP_NIL : klass;
  const Object *added = machine_try_array(m, own);
  size_t fixed = above == OOP_NIL ? 0 : spec_fixed(spec_of(m, above)), count = added ? object_slots(added) : 0;
  if (fixed + count > MOST_NAMED) return MOST_NAMED + 1;
  for (size_t i = 0; i < fixed; i++) names[i] = 0;
  for (size_t i = 0; i < count; i++) names[fixed + i] = added->slots[i];
  for (size_t end = fixed; above != OOP_NIL; above = slot_of(m, above, BEHAVIOR_SUPERCLASS)) {
    const Object *array = machine_try_array(m, slot_of(m, above, BEHAVIOR_INSTANCE_VARIABLES));
    size_t n = array ? object_slots(array) : 0;
    for (size_t i = 0; i < n && n <= end; i++) names[end - n + i] = array->slots[i];
    end -= n <= end ? n : end;
  }
  return (unsigned)(fixed + count);
}

/* For each new name the place of the same name among the old ones (each is taken once, the last ones first), or -1. */
static void same_names(const Oop *olds, unsigned old_count, const Oop *news, unsigned new_count, int *from) {
  bool taken[MOST_NAMED] = {false};
  for (unsigned i = new_count; i-- > 0;) {
    from[i] = -1;
    for (unsigned k = old_count; from[i] < 0 && k-- > 0;)
      if (!taken[k] && olds[k] && olds[k] == news[i]) taken[k] = true, from[i] = (int)k;
  }
}

/* The layout that KLASS has now, and the one below SUPERCLASS with own variables NAMES. */
typedef struct Layouts {
  Oop olds[MOST_NAMED], news[MOST_NAMED];
  int from[MOST_NAMED];
} Layouts;

/* C makes or reads instances of KLASS, or of a class below it, in the layout that they have. */
static bool is_relied_on(const Machine *m, Oop klass) {
  for (uint32_t i = 1; m->source->class_count > 0 && i < CLASS_WELL_KNOWN_END; i++)
    if (machine_inherits_from(m, machine_class_at(m, i), klass)) return true;
  /* metaclasses: of Class and above */
  return m->source->class_count > 0 && machine_inherits_from(m, machine_class_at(m, CLASS_CLASS), klass);
}

/* Do instances of KLASS, or of a class below it, consist of bits?  Then there is no place for named variables. */
static bool has_packed_instances(const Machine *m, Oop klass) {
  if (m->source->class_count == 0) return false;
  for (uint32_t i = 1;; i++) {
    Oop c = i < m->source->class_count ? m->source->classes[i] : 0;
    uint32_t own = i - m->source->class_count;
    if (i >= m->source->class_count) {
      if (m->roots[ROOT_CLASSES] == OOP_NIL || own >= object_slots(oop_to_object(m->roots[ROOT_CLASSES]))) return false;
      c = oop_to_object(m->roots[ROOT_CLASSES])->slots[own];
    }
    if (c && c != OOP_NIL && machine_inherits_from(m, c, klass) && spec_format(spec_of(m, c)) > FORMAT_WEAK) return true;
  }
}

bool class_may_stand_for(const Machine *m, Oop a, Oop b) {
  const int64_t layout = ~((int64_t)CLASS_INDEX_MASK << SPEC_INDEX_SHIFT);
  if (oop_has_class(a, CLASS_METACLASS) != oop_has_class(b, CLASS_METACLASS)) return false;
  if (machine_inherits_from(m, a, b) || machine_inherits_from(m, b, a)) return oop_same(m, a, b);
  return (spec_of(m, a) & layout) == (spec_of(m, b) & layout) && !is_relied_on(m, a) && !is_relied_on(m, b);
}

/* Reshapes the instances.  HANDLE: klass, then superclass, then names.  False: m->failure is TOO_LARGE (too many names), WRONG_STATE (C relies on the
 * layout), UNSUPPORTED (instances are made of bits) or NO_MEMORY; nothing has changed. */
static bool change_layout_may_gc(Machine *m, unsigned handle, bool *moved) {
  *moved = false;
  Layouts *l = malloc(sizeof *l);
  if (!l) return m->failure = FAILURE_NO_MEMORY, false;
  Oop klass = machine_handle(m, handle), above = slot_of(m, klass, BEHAVIOR_SUPERCLASS);
  unsigned old_count = collect_names(m, above, slot_of(m, klass, BEHAVIOR_INSTANCE_VARIABLES), l->olds);
  unsigned new_count = collect_names(m, machine_handle(m, handle + 1), machine_handle(m, handle + 2), l->news), keep = 0;
  if (new_count > MOST_NAMED) return free(l), m->failure = FAILURE_TOO_LARGE, false;
  while (keep < old_count && keep < new_count && l->olds[keep] == l->news[keep]) keep++;
  *moved = keep < old_count || keep < new_count;
  same_names(l->olds + keep, old_count - keep, l->news + keep, new_count - keep, l->from);
  Reshape r = {.m = m, .klass = klass, .at = keep, .removed = old_count - keep, .added = new_count - keep, .from = l->from};
  if (*moved && is_relied_on(m, klass)) return free(l), m->failure = FAILURE_WRONG_STATE, false;
  if (*moved && new_count > 0 && has_packed_instances(m, klass)) return free(l), m->failure = FAILURE_UNSUPPORTED, false;
  unsigned resolved = machine_push_handle(m, klass);
  if (new_count < old_count && m->source->class_count > 0) machine_distrust_layouts(m, OVERRIDDEN_LAYOUTS); /* frames and blocks of older methods */
  bool done = !*moved || change_instances_may_gc(&r);
  machine_pop_handles(m, resolved);
  free(l);
  return done && (!*moved || change_specs_may_gc(m, handle, (int)new_count - (int)old_count));
}

bool class_change_may_gc(Machine *m, Oop klass, Oop superclass, Oop names, bool *moved) {
  unsigned handle = machine_push_handle(m, oop_resolve(m, klass)), above = machine_push_handle(m, oop_resolve(m, superclass));
  unsigned new_names = machine_push_handle(m, names);
  bool other = !oop_same(m, slot_of(m, machine_handle(m, handle), BEHAVIOR_SUPERCLASS), superclass);
  bool done = change_layout_may_gc(m, handle, moved);
  if (done && other) done = put_may_gc(m, handle, BEHAVIOR_SUPERCLASS, machine_handle(m, above));
  if (done && *moved) done = put_may_gc(m, handle, BEHAVIOR_INSTANCE_VARIABLES, machine_handle(m, new_names));
  if (done && (*moved || other)) done = m->source->class_count == 0 || machine_behavior_changed(m);
  *moved |= other;
  machine_pop_handles(m, handle);
  return done;
}

bool class_set_variables_may_gc(Machine *m, Oop klass, Oop names, bool *moved) {
  return class_change_may_gc(m, klass, slot_of(m, klass, BEHAVIOR_SUPERCLASS), names, moved);
}

/* The names in slot BEHAVIOR_INSTANCE_VARIABLES as an Array. */
static Oop own_names_may_gc(Machine *m, Oop klass) {
  const Object *names = machine_try_array(m, slot_of(m, klass, BEHAVIOR_INSTANCE_VARIABLES));
  return names ? oop_from_object(names) : machine_new_array_may_gc(m, 0);
}

static Oop metaclass_above(const Machine *m, Oop superclass) {
  return superclass == OOP_NIL ? machine_class_at(m, CLASS_CLASS) : machine_class_of(m, superclass);
}

bool class_set_superclass_may_gc(Machine *m, Oop klass, Oop superclass, Oop names, bool *moved) {
  unsigned class = machine_push_handle(m, oop_resolve(m, klass)), above = machine_push_handle(m, oop_resolve(m, superclass));
  unsigned own = machine_push_handle(m, names ? names : OOP_NIL);
  if (!names) machine_set_handle(m, own, own_names_may_gc(m, machine_handle(m, class)));
  Oop meta_names = machine_handle(m, own) ? own_names_may_gc(m, machine_class_of(m, machine_handle(m, class))) : 0;
  bool meta_moved = false, done = meta_names && class_change_may_gc(m, machine_class_of(m, machine_handle(m, class)),
                                                                    metaclass_above(m, machine_handle(m, above)), meta_names, &meta_moved);
  done = done && class_change_may_gc(m, machine_handle(m, class), machine_handle(m, above), machine_handle(m, own), moved);
  *moved |= meta_moved;
  machine_pop_handles(m, class);
  return done;
}

/* ---- method dictionaries ---------------------------------------------------------------------------------------- */

static size_t methods_capacity(const Object *dictionary) { return (object_slots(dictionary) - METHODS_FIRST_KEY) / 2; }

static size_t methods_slot(const Object *dictionary, Oop selector) {
  size_t mask = methods_capacity(dictionary) - 1, i = object_hash(oop_to_object(selector)) & mask;
  while (dictionary->slots[METHODS_FIRST_KEY + 2 * i] != selector && dictionary->slots[METHODS_FIRST_KEY + 2 * i] != OOP_NIL) i = (i + 1) & mask;
  return METHODS_FIRST_KEY + 2 * i;
}

/* A copy of the dictionary in handle OLD (nil: none) with room for one more. 0: no memory. */
static Oop methods_grown_may_gc(Machine *m, unsigned old) {
  Oop x = machine_handle(m, old);
  size_t tally = x == OOP_NIL ? 0 : (size_t)oop_to_small(slot_of(m, x, METHODS_TALLY));
  size_t capacity = x == OOP_NIL ? 4 : methods_capacity(machine_object(m, x));
  while ((tally + 1) * 4 > capacity * 3) capacity *= 2;
  Oop made = machine_new_may_gc(m, CLASS_METHOD_DICTIONARY, FORMAT_POINTERS, METHODS_FIRST_KEY + 2 * capacity);
  if (!made) return 0;
  Object *new = oop_to_object(made);
  machine_store(m, new, METHODS_TALLY, oop_from_small((int64_t)tally));
  if (x == OOP_NIL) return made;
  Object *from = machine_object(m, machine_handle(m, old));
  for (size_t i = METHODS_FIRST_KEY; i < object_slots(from); i += 2) {
    if (from->slots[i] == OOP_NIL) continue;
    size_t slot = methods_slot(new, from->slots[i]);
    machine_store(m, new, slot, from->slots[i]);
    machine_store(m, new, slot + 1, from->slots[i + 1]);
  }
  return made;
}

static unsigned special_bit(const Machine *m, Oop selector) {
  for (unsigned i = 0; i <= SPECIAL_VALUE4; i++)
    if (m->source->special_selectors[i] == selector) return 1u << i;
  return 0;
}

/* A special instruction must be sent from now on when METHOD is what one of the classes that it has built-in knowledge of
 * runs (or ran: call it before removing). */
static void note_override(Machine *m, Oop selector, Oop method) {
  static const uint8_t built_in[] = {CLASS_SMALL_INTEGER, CLASS_FLOAT, CLASS_ARRAY, CLASS_BYTE_ARRAY, CLASS_STRING, CLASS_SYMBOL,
                                     CLASS_TRUE, CLASS_FALSE, CLASS_BLOCK_CLOSURE};
  unsigned bit = special_bit(m, selector);
  if (!bit || m->source->class_count == 0) return;
  for (unsigned i = 0; i < sizeof built_in; i++)
    if (machine_lookup(m, machine_class_at(m, built_in[i]), selector) == method) m->overridden |= bit;
  if (bit == 1u << SPECIAL_CLASS) m->overridden |= bit;
}

Oop class_own_method(const Machine *m, Oop klass, Oop selector) {
  Oop methods = slot_of(m, klass, BEHAVIOR_METHODS);
  if (methods == OOP_NIL) return 0;
  Object *dictionary = machine_object(m, methods);
  size_t slot = methods_slot(dictionary, selector);
  return dictionary->slots[slot] == OOP_NIL ? 0 : oop_resolve(m, dictionary->slots[slot + 1]);
}

bool class_add_method_may_gc(Machine *m, Oop klass, Oop selector, Oop method) {
  unsigned class = machine_push_handle(m, oop_resolve(m, klass));
  unsigned key = machine_push_handle(m, selector), value = machine_push_handle(m, method);
  unsigned old = machine_push_handle(m, oop_resolve(m, slot_of(m, machine_handle(m, class), BEHAVIOR_METHODS)));
  bool done = false;
  size_t tally = machine_handle(m, old) == OOP_NIL ? 0 : (size_t)oop_to_small(slot_of(m, machine_handle(m, old), METHODS_TALLY));
  size_t capacity = machine_handle(m, old) == OOP_NIL ? 0 : methods_capacity(machine_object(m, machine_handle(m, old)));
  if ((tally + 1) * 4 > capacity * 3) {
    Oop grown = methods_grown_may_gc(m, old);
    if (!grown) goto done;
    machine_set_handle(m, old, grown);
    if (!put_may_gc(m, class, BEHAVIOR_METHODS, grown)) goto done;
  }
  Oop writable = machine_writable_may_gc(m, machine_handle(m, old));
  if (!writable) goto done;
  Object *dictionary = oop_to_object(writable);
  size_t slot = methods_slot(dictionary, machine_handle(m, key));
  if (dictionary->slots[slot] == OOP_NIL) machine_store(m, dictionary, METHODS_TALLY, dictionary->slots[METHODS_TALLY] + 2);
  machine_store(m, dictionary, slot, machine_handle(m, key));
  machine_store(m, dictionary, slot + 1, machine_handle(m, value));
  note_override(m, machine_handle(m, key), machine_handle(m, value));
  done = m->source->class_count == 0 || machine_behavior_changed(m);
done:
  machine_pop_handles(m, class);
  return done;
}

bool class_remove_method_may_gc(Machine *m, Oop klass, Oop selector) {
  unsigned class = machine_push_handle(m, oop_resolve(m, klass));
  unsigned key = machine_push_handle(m, selector);
  Oop methods = slot_of(m, machine_handle(m, class), BEHAVIOR_METHODS);
  bool done = false;
  if (methods == OOP_NIL) goto done;
  Object *dictionary = machine_object(m, methods);
  if (dictionary->slots[methods_slot(dictionary, selector)] == OOP_NIL) goto done;
  note_override(m, selector, dictionary->slots[methods_slot(dictionary, selector) + 1]);
  Oop writable = machine_writable_may_gc(m, oop_resolve(m, methods));
  if (!writable) goto done;
  dictionary = oop_to_object(writable);
  size_t mask = methods_capacity(dictionary) - 1;
  size_t hole = (methods_slot(dictionary, machine_handle(m, key)) - METHODS_FIRST_KEY) / 2;
  /* close the gap: move back what could no longer be found past it */
  for (size_t i = (hole + 1) & mask; dictionary->slots[METHODS_FIRST_KEY + 2 * i] != OOP_NIL; i = (i + 1) & mask) {
    size_t home = object_hash(oop_to_object(dictionary->slots[METHODS_FIRST_KEY + 2 * i])) & mask;
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    machine_store(m, dictionary, METHODS_FIRST_KEY + 2 * hole, dictionary->slots[METHODS_FIRST_KEY + 2 * i]);
    machine_store(m, dictionary, METHODS_FIRST_KEY + 2 * hole + 1, dictionary->slots[METHODS_FIRST_KEY + 2 * i + 1]);
    hole = i;
  }
  dictionary->slots[METHODS_FIRST_KEY + 2 * hole] = dictionary->slots[METHODS_FIRST_KEY + 2 * hole + 1] = OOP_NIL;
  dictionary->slots[METHODS_TALLY] -= 2;
  done = m->source->class_count == 0 || machine_behavior_changed(m);
done:
  machine_pop_handles(m, class);
  return done;
}

/* ---- bindings --------------------------------------------------------------------------------------------------- */

Oop binding_dictionary_new_may_gc(Machine *m, uint32_t class_index, Oop environment, Oop name) {
  unsigned handle = machine_push_handle(m, environment);
  machine_push_handle(m, name);
  machine_push_handle(m, machine_new_array_may_gc(m, 4));
  Oop made = machine_handle(m, handle + 2) ? machine_new_may_gc(m, class_index, FORMAT_FIXED, DICTIONARY_SLOTS) : 0;
  if (made) {
    Object *dictionary = oop_to_object(made);
    machine_store(m, dictionary, DICTIONARY_TALLY, oop_from_small(0));
    machine_store(m, dictionary, DICTIONARY_TABLE, machine_handle(m, handle + 2));
    machine_store(m, dictionary, DICTIONARY_ENVIRONMENT, machine_handle(m, handle));
    machine_store(m, dictionary, DICTIONARY_NAME, machine_handle(m, handle + 1));
  }
  machine_pop_handles(m, handle);
  return made;
}

static uint32_t binding_hash(const Machine *m, Oop binding) {
  Oop key = oop_has_class(binding, CLASS_VARIABLE_BINDING) ? slot_of(m, binding, BINDING_KEY) : OOP_NIL;
  return oop_has_class(key, CLASS_SYMBOL) ? object_hash(oop_to_object(key)) : 0;
}

/* False: there is no free place. */
static bool table_insert(Machine *m, Object *table, Oop binding) {
  size_t size = object_slots(table), i = binding_hash(m, binding) & (size - 1), probes = 0;
  while (probes < size && table->slots[i] != OOP_NIL) i = (i + 1) & (size - 1), probes++;
  if (probes == size) return m->failure = FAILURE_WRONG_STATE, false;
  return machine_store(m, table, i, binding), true;
}

/* Puts an existing binding into a dictionary that has none of that name. */
static bool dictionary_insert_may_gc(Machine *m, unsigned dictionary, unsigned binding) {
  size_t tally = (size_t)oop_to_small(slot_of(m, machine_handle(m, dictionary), DICTIONARY_TALLY));
  unsigned table = machine_push_handle(m, oop_resolve(m, slot_of(m, machine_handle(m, dictionary), DICTIONARY_TABLE)));
  const Object *now = machine_try_array(m, machine_handle(m, table));
  size_t capacity = now ? object_slots(now) : 0;
  bool done = false;
  if (!capacity) goto done;
  if ((tally + 1) * 4 > capacity * 3) {
    Oop grown = machine_new_array_may_gc(m, capacity * 2);
    if (!grown) goto done;
    Object *old = machine_object(m, machine_handle(m, table));
    for (size_t i = 0; i < capacity; i++)
      if (old->slots[i] != OOP_NIL && !table_insert(m, oop_to_object(grown), old->slots[i])) goto done;
    machine_set_handle(m, table, grown);
    if (!put_may_gc(m, dictionary, DICTIONARY_TABLE, grown)) goto done;
  }
  Oop writable = machine_writable_may_gc(m, machine_handle(m, table));
  if (!writable) goto done;
  if (oop_to_object(writable)->header & FLAG_SHADOW || oop_to_object(machine_handle(m, dictionary))->header & FLAG_SHADOW) m->definitions = 1;
  done = table_insert(m, oop_to_object(writable), machine_handle(m, binding)) && put_may_gc(m, dictionary, DICTIONARY_TALLY, oop_from_small((int64_t)tally + 1));
done:
  machine_pop_handles(m, table);
  return done;
}

/* A global that code used before it was defined has a binding already, in the dictionary Undeclared: it becomes the definition's. */
Oop binding_define_may_gc(Machine *m, Oop dictionary, Oop symbol, Oop value) {
  Object *key = oop_to_object(symbol);
  const char *name = (const char *)object_bytes(key);
  Oop undeclared = binding_dictionary_find(m, machine_system_dictionary(m), "Undeclared", 10);
  undeclared = undeclared ? oop_resolve(m, slot_of(m, undeclared, BINDING_VALUE)) : OOP_NIL;
  Oop used = binding_dictionary_find(m, undeclared, name, object_byte_size(key));
  if (!used || binding_dictionary_find(m, dictionary, name, object_byte_size(key)))
    return binding_dictionary_add_may_gc(m, dictionary, symbol, value);
  unsigned where = machine_push_handle(m, oop_resolve(m, dictionary)), binding = machine_push_handle(m, oop_resolve(m, used));
  unsigned from = machine_push_handle(m, undeclared), what = machine_push_handle(m, value), as = machine_push_handle(m, symbol);
  char text[256];
  size_t length = object_byte_size(oop_to_object(machine_handle(m, as)));
  Oop result = 0;
  if (length < sizeof text) {
    memcpy(text, object_bytes(oop_to_object(machine_handle(m, as))), length);
    if (binding_dictionary_remove_may_gc(m, machine_handle(m, from), text, length) && dictionary_insert_may_gc(m, where, binding) &&
        put_may_gc(m, binding, BINDING_VALUE, machine_handle(m, what)) && put_may_gc(m, binding, BINDING_INITIAL, machine_handle(m, what)) &&
        put_may_gc(m, binding, BINDING_ENVIRONMENT, machine_handle(m, where)))
      result = machine_handle(m, binding);
  }
  machine_pop_handles(m, where);
  return result;
}

Oop binding_dictionary_add_may_gc(Machine *m, Oop dictionary, Oop symbol, Oop value) {
  Object *key = oop_to_object(symbol);
  Oop found = binding_dictionary_find(m, dictionary, (const char *)object_bytes(key), object_byte_size(key));
  if (found) return found;
  unsigned where = machine_push_handle(m, oop_resolve(m, dictionary));
  unsigned name = machine_push_handle(m, symbol), what = machine_push_handle(m, value);
  unsigned binding = machine_push_handle(m, machine_new_may_gc(m, CLASS_VARIABLE_BINDING, FORMAT_FIXED, BINDING_SLOTS));
  Oop result = 0;
  if (machine_handle(m, binding)) {
    Object *object = oop_to_object(machine_handle(m, binding));
    machine_store(m, object, BINDING_KEY, machine_handle(m, name));
    machine_store(m, object, BINDING_VALUE, machine_handle(m, what));
    machine_store(m, object, BINDING_ENVIRONMENT, machine_handle(m, where));
    machine_store(m, object, BINDING_INITIAL, machine_handle(m, what));
    if (dictionary_insert_may_gc(m, where, binding)) result = machine_handle(m, binding);
  }
  machine_pop_handles(m, where);
  return result;
}

bool binding_dictionary_insert_may_gc(Machine *m, Oop dictionary, Oop binding) {
  unsigned where = machine_push_handle(m, oop_resolve(m, dictionary));
  unsigned what = machine_push_handle(m, binding);
  bool done = dictionary_insert_may_gc(m, where, what);
  machine_pop_handles(m, where);
  return done;
}

bool binding_dictionary_remove_may_gc(Machine *m, Oop dictionary, const char *name, size_t length) {
  Oop found = binding_dictionary_find(m, dictionary, name, length);
  if (!found) return false;
  unsigned where = machine_push_handle(m, oop_resolve(m, dictionary));
  unsigned what = machine_push_handle(m, found);
  unsigned table = machine_push_handle(m, machine_new_array_may_gc(m, object_slots(machine_object(m, slot_of(m, machine_handle(m, where), DICTIONARY_TABLE)))));
  bool done = false;
  if (machine_handle(m, table)) {
    Object *old = machine_object(m, slot_of(m, machine_handle(m, where), DICTIONARY_TABLE)); /* as many places as the new one has: there is always room */
    for (size_t i = 0; i < object_slots(old); i++)
      if (old->slots[i] != OOP_NIL && !oop_same(m, old->slots[i], machine_handle(m, what)))
        table_insert(m, oop_to_object(machine_handle(m, table)), old->slots[i]);
    Oop tally = slot_of(m, machine_handle(m, where), DICTIONARY_TALLY) - 2;
    done = put_may_gc(m, where, DICTIONARY_TABLE, machine_handle(m, table)) && put_may_gc(m, where, DICTIONARY_TALLY, tally);
  }
  machine_pop_handles(m, where);
  return done;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static bool is_class(const Machine *m, Oop x) {
  return oop_is_pointer(x) && oop_has_class(machine_class_of(m, x), CLASS_METACLASS);
}

/* ---- the order in which a name is looked for ("twisted pools", as in GNU Smalltalk) ---------------------------------------------------
 *
 * For the class and each superclass in turn: its class variables; its pools; its namespace, those around it, and what they import, up to the
 * first namespace that the superclass stands in as well. */

enum { MOST_SPACES = 1000 }; /* namespaces may be made to contain one another */

/* Is SPACE the namespace INNER, or around it? */
static bool is_around(const Machine *m, Oop space, Oop inner) {
  for (int i = 0; i < MOST_SPACES && is_binding_dictionary(m, inner); i++, inner = slot_of(m, inner, DICTIONARY_ENVIRONMENT))
    if (oop_same(m, space, inner)) return true;
  return false;
}

/* In the pools of an Array, left to right, each with what is around it; what is around HERE is left out, its turn comes later. */
static Oop find_in_pools(const Machine *m, Oop pools, Oop here, const char *name, size_t length) {
  const Object *array = machine_try_array(m, pools);
  for (size_t i = 0; array && i < object_slots(array); i++) {
    Oop space = oop_resolve(m, array->slots[i]);
    for (int k = 0; k < MOST_SPACES && is_binding_dictionary(m, space) && !is_around(m, space, here); k++) {
      Oop found = binding_dictionary_find(m, space, name, length);
      if (found) return found;
      space = oop_resolve(m, slot_of(m, space, DICTIONARY_ENVIRONMENT));
    }
  }
  return 0;
}

static Oop find_in_namespaces(const Machine *m, Oop space, Oop above, const char *name, size_t length) {
  for (int i = 0; i < MOST_SPACES && is_binding_dictionary(m, space) && !is_around(m, space, above); i++) {
    Oop found = binding_dictionary_find(m, space, name, length);
    if (!found) found = find_in_pools(m, slot_of(m, space, DICTIONARY_IMPORTS), space, name, length);
    if (found) return found;
    space = oop_resolve(m, slot_of(m, space, DICTIONARY_ENVIRONMENT));
  }
  return 0;
}

static Oop find_in_class(const Machine *m, Oop klass, const char *name, size_t length) {
  for (Oop c = klass; c != OOP_NIL; c = slot_of(m, c, BEHAVIOR_SUPERCLASS)) {
    Oop above = slot_of(m, c, BEHAVIOR_SUPERCLASS), space = slot_of(m, c, CLASS_SLOT_ENVIRONMENT);
    Oop found = binding_dictionary_find(m, slot_of(m, c, CLASS_SLOT_VARIABLES), name, length);
    if (!found) found = find_in_pools(m, slot_of(m, c, CLASS_SLOT_POOLS), space, name, length);
    if (!found) found = find_in_namespaces(m, space, above == OOP_NIL ? OOP_NIL : slot_of(m, above, CLASS_SLOT_ENVIRONMENT), name, length);
    if (found) return found;
  }
  return 0;
}

static Oop find_path(const Machine *m, Oop klass, Oop outside, const char *path, size_t length) {
  const char *dot = memchr(path, '.', length);
  size_t first = dot ? (size_t)(dot - path) : length;
  Oop found = 0;
  if (klass != OOP_NIL && is_class(m, klass)) {
    found = find_in_class(m, klass, path, first);
  } else if (klass != OOP_NIL && oop_is_pointer(klass) && oop_has_class(oop_resolve(m, klass), CLASS_METACLASS)) {
    found = find_in_class(m, slot_of(m, klass, METACLASS_INSTANCE_CLASS), path, first);
  }
  if (!found && outside != OOP_NIL) found = find_in_namespaces(m, outside, OOP_NIL, path, first);
  if (!found) found = binding_dictionary_find(m, machine_system_dictionary(m), path, first);
  while (found && dot) {
    Oop space = oop_resolve(m, slot_of(m, found, BINDING_VALUE));
    size_t rest = length - (size_t)(dot + 1 - path);
    path = dot + 1;
    length = rest;
    dot = memchr(path, '.', length);
    first = dot ? (size_t)(dot - path) : length;
    if (is_binding_dictionary(m, space)) found = find_in_namespaces(m, space, OOP_NIL, path, first);
    else if (is_class(m, space)) found = find_in_class(m, space, path, first);
    else return 0;
  }
  return found;
}

Oop class_find_binding(Machine *m, Oop klass, const char *path, size_t length) { return find_path(m, klass, OOP_NIL, path, length); }

Oop namespace_find_binding(const Machine *m, Oop space, const char *path, size_t length) {
  return find_path(m, OOP_NIL, oop_resolve(m, space), path, length);
}
