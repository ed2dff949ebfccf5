/* SPDX-License-Identifier: MIT */
/* array_primitives.c -- making objects, and the indexed elements of objects: pointers, or 8 to 64 bits each.
 *
 * Elements are counted from 1 and come after the named slots.  What bits mean (ElementKind) is in the spec of the class; elements of Strings are
 * SmallIntegers here, they use string_at. */
#include <string.h>

#include "integer_primitives.h"
#include "primitive.h"
#include "source_image.h"

/* The indexed part of an object. */
typedef struct Elements {
  Object *object;
  unsigned format;
  unsigned width; /* bytes of an element, 0 for pointers */
  ElementKind kind;
  size_t fixed; /* named slots in front, for pointers */
  size_t size;
} Elements;

static ElementKind kind_of(const Machine *m, const Object *object) {
  uint32_t index = object_class_index(object);
  if (index < CLASS_WELL_KNOWN_END) return ELEMENT_UNSIGNED;
  return spec_kind(oop_to_small(machine_object(m, machine_class_at(m, index))->slots[BEHAVIOR_SPEC]));
}

static size_t fixed_slots(const Machine *m, const Object *object) {
  uint32_t index = object_class_index(object);
  if (index == CLASS_ARRAY) return 0;
  Object *klass = machine_object(m, machine_class_at(m, index));
  return spec_fixed(oop_to_small(klass->slots[BEHAVIOR_SPEC]));
}

static bool try_elements(const Machine *m, Oop x, Elements *out) {
  if (!oop_is_pointer(x)) return false;
  Object *object = machine_object(m, x);
  unsigned format = object_format(object);
  out->object = object;
  out->format = format;
  out->fixed = 0;
  if (object_class_index(object) == CLASS_UNICODE_STRING) return false; /* elements of four bytes: unicode_utf8proc.c */
  if (format >= FORMAT_BYTES || format == FORMAT_WORDS) {
    out->width = (unsigned)format_element_size(format);
    out->kind = kind_of(m, object);
    out->size = (format >= FORMAT_BYTES ? object_byte_size(object) : object_slots(object) * 8) / out->width;
  } else if (format == FORMAT_POINTERS || format == FORMAT_WEAK) {
    out->width = 0;
    out->fixed = fixed_slots(m, object);
    out->size = object_slots(object) - out->fixed;
  } else {
    return false;
  }
  return true;
}

static bool is_pointers(const Elements *e) { return e->width == 0; }
static uint8_t *element_address(const Elements *e, Object *object, size_t index) { return object_bytes(object) + index * e->width; }
static Oop *element_slots(const Elements *e) { return e->object->slots + e->fixed; }

/* No program changes what equality, hashing or interning rest on. */
static bool is_constant(Oop x) {
  uint32_t index = oop_class_index(x);
  if (index == CLASS_METHOD_DICTIONARY || index == CLASS_BLOCK_CLOSURE) return true; /* what C trusts */
  return index == CLASS_SYMBOL || index == CLASS_FLOAT || index == CLASS_LARGE_POSITIVE || index == CLASS_LARGE_NEGATIVE;
}

/* ---- new objects ---------------------------------------------------------------------------------------- */

/* What is made elsewhere, complete, because code and memory rest on it: an empty one would be trusted. */
static bool only_made_complete(const Machine *m, Oop klass, int64_t spec) {
  uint32_t made = spec_class_index(spec);
  if (spec_format(spec) == FORMAT_CODE || made <= CLASS_TRUE || made == CLASS_SYMBOL) return true;
  for (Oop c = klass; spec_fixed(spec) >= 3 && c != OOP_NIL; c = oop_resolve(m, oop_to_object(c)->slots[BEHAVIOR_SUPERCLASS])) {
    uint32_t index = spec_class_index(oop_to_small(oop_to_object(c)->slots[BEHAVIOR_SPEC]));
    if (index == CLASS_BEHAVIOR || index == CLASS_BLOCK_CLOSURE || index == CLASS_CONTEXT) return true;
  }
  return false;
}

static bool try_class_spec(const Machine *m, Oop klass, int64_t *spec) {
  if (!oop_is_pointer(klass) || !oop_has_class(machine_class_of(m, klass), CLASS_METACLASS)) return false;
  *spec = oop_to_small(machine_object(m, klass)->slots[BEHAVIOR_SPEC]);
  return true;
}

/* Of the receiver, a class. */
static bool try_spec(Machine *m, int64_t *spec) {
  if (!try_class_spec(m, m->args[0], spec)) return m->failure = FAILURE_BAD_RECEIVER, false;
  return !only_made_complete(m, m->args[0], *spec) || (m->failure = FAILURE_UNSUPPORTED, false);
}

bool class_try_instance_header(const Machine *m, Oop klass, uint64_t *header) {
  int64_t spec;
  if (m->source->class_count == 0 || !try_class_spec(m, klass, &spec) || only_made_complete(m, klass, spec)) return false;
  unsigned format = spec_format(spec);
  if ((format != FORMAT_FIXED && format != FORMAT_POINTERS) || spec_fixed(spec) > 64) return false;
  return *header = header_make(spec_class_index(spec), format, 0, spec_fixed(spec)), true;
}

static Oop basic_new(Machine *m) {
  int64_t spec;
  if (!try_spec(m, &spec)) return OOP_FAIL;
  unsigned format = spec_format(spec);
  Oop answer;
  if (format >= FORMAT_BYTES)
    answer = machine_new_packed_may_gc(m, spec_class_index(spec), format, 0);
  else
    answer = machine_new_may_gc(m, spec_class_index(spec), format, spec_fixed(spec));
  return answer ? answer : OOP_FAIL;
}

static Oop basic_new_sized(Machine *m) {
  int64_t spec, size;
  if (!try_spec(m, &spec)) return OOP_FAIL;
  unsigned format = spec_format(spec);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  size = oop_to_small(m->args[1]);
  if (size < 0) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (size > (int64_t)1 << 40) return primitive_fail(m, FAILURE_NO_MEMORY);
  Oop answer;
  if (format >= FORMAT_BYTES)
    answer = machine_new_packed_may_gc(m, spec_class_index(spec), format, (size_t)size * format_element_size(format));
  else if (format == FORMAT_POINTERS || format == FORMAT_WEAK || format == FORMAT_WORDS)
    answer = machine_new_may_gc(m, spec_class_index(spec), format, spec_fixed(spec) + (size_t)size);
  else
    return primitive_fail(m, FAILURE_BAD_RECEIVER);
  primitive_charge(m, (size_t)size);
  return answer ? answer : OOP_FAIL;
}

/* ---- one element ----------------------------------------------------------------------------------------- */

static Oop basic_size(Machine *m) {
  Elements e;
  return oop_from_small(try_elements(m, m->args[0], &e) ? (int64_t)e.size : 0);
}

/* What ADDRESS holds, as an object. */
static Oop element_value_may_gc(Machine *m, const Elements *e, const uint8_t *address) {
  uint64_t bits = 0;
  memcpy(&bits, address, e->width);
  unsigned unused = 64 - 8 * e->width;
  switch (e->kind) {
  case ELEMENT_UNSIGNED: return e->width < 8 ? oop_from_small((int64_t)bits) : machine_new_unsigned_may_gc(m, bits);
  case ELEMENT_SIGNED: return machine_new_integer_may_gc(m, (int64_t)(bits << unused) >> unused);
  case ELEMENT_CHARACTER: return oop_from_character((uint32_t)bits);
  case ELEMENT_FLOAT: break;
  }
  double number;
  float single;
  if (e->width == 8) return memcpy(&number, &bits, 8), machine_new_float_may_gc(m, number);
  return memcpy(&single, &bits, 4), machine_new_float_may_gc(m, (double)single);
}

static Oop basic_at(Machine *m) {
  Elements e;
  size_t index;
  if (!try_elements(m, m->args[0], &e)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!primitive_try_index(m, 1, e.size, &index)) return OOP_FAIL;
  if (is_pointers(&e)) return oop_resolve(m, element_slots(&e)[index - 1]);
  Oop answer = element_value_may_gc(m, &e, element_address(&e, e.object, index - 1));
  return answer ? answer : OOP_FAIL;
}

static bool refuse(Machine *m, FailureReason reason) { return m->failure = (uint16_t)reason, false; }

/* The bits that an element gets from argument INDEX; false with m->failure when it does not fit. */
static bool try_integer(Machine *m, unsigned argument, const Elements *e, uint64_t *out) {
  LargeView view;
  if (!integer_try_view(m, m->args[argument], &view)) return refuse(m, FAILURE_BAD_ARGUMENT);
  uint64_t limit = e->width == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * e->width) - 1;
  uint64_t magnitude = view.count ? view.limbs[0] : 0;
  if (e->kind == ELEMENT_SIGNED) limit = limit / 2 + view.negative;
  else if (view.negative && magnitude) return refuse(m, FAILURE_BAD_VALUE);
  if (view.count > 1 || magnitude > limit) return refuse(m, FAILURE_BAD_VALUE);
  *out = view.negative ? -magnitude : magnitude;
  return true;
}

static bool try_float(Machine *m, unsigned argument, const Elements *e, uint64_t *out) {
  double number;
  if (!oop_try_double(m, m->args[argument], &number)) return refuse(m, FAILURE_BAD_ARGUMENT);
  float single = (float)number;
  *out = 0;
  if (e->width == 8) memcpy(out, &number, 8);
  else memcpy(out, &single, 4);
  return true;
}

static bool try_character(Machine *m, unsigned argument, const Elements *e, uint64_t *out) {
  if (!oop_is_character(m->args[argument])) return refuse(m, FAILURE_BAD_ARGUMENT);
  *out = oop_to_character(m->args[argument]);
  return e->width > 1 || *out < 256 || refuse(m, FAILURE_BAD_VALUE);
}

static bool try_element(Machine *m, unsigned argument, const Elements *e, uint64_t *out) {
  if (e->kind == ELEMENT_FLOAT) return try_float(m, argument, e, out);
  return e->kind == ELEMENT_CHARACTER ? try_character(m, argument, e, out) : try_integer(m, argument, e, out);
}

static Oop basic_at_put(Machine *m) {
  Elements e;
  size_t index;
  uint64_t value = 0;
  if (!try_elements(m, m->args[0], &e)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!primitive_try_index(m, 1, e.size, &index)) return OOP_FAIL;
  if (is_constant(m->args[0])) return primitive_fail(m, FAILURE_READ_ONLY);
  if (!is_pointers(&e) && !try_element(m, 2, &e, &value)) return OOP_FAIL;
  Oop receiver = machine_writable_may_gc(m, m->args[0]);
  if (!receiver) return OOP_FAIL;
  if (is_pointers(&e))
    machine_store(m, oop_to_object(receiver), e.fixed + index - 1, m->args[2]);
  else
    memcpy(element_address(&e, oop_to_object(receiver), index - 1), &value, e.width);
  return m->args[2];
}

/* ---- runs of elements -------------------------------------------------------------------------------------- */

static bool is_string_like(const Machine *m, Oop x) {
  uint32_t index = oop_class_index(x);
  if (index == CLASS_STRING || index == CLASS_SYMBOL) return true;
  return index != CLASS_BYTE_ARRAY && machine_is_kind_of(m, x, machine_class_at(m, CLASS_STRING));
}

/* May elements of FROM be copied as they are into TO? */
static bool same_elements(const Machine *m, const Elements *to, const Elements *from) {
  if (is_pointers(to)) return is_pointers(from);
  if (to->width != from->width || to->kind != from->kind) return false;
  return to->width > 1 || is_string_like(m, m->args[0]) == is_string_like(m, m->args[3]);
}

/* Copies COUNT slots within W; the ranges may overlap. */
static void store_slots(Machine *m, Object *to, size_t to_slot, const Oop *from, size_t count) {
  Oop *target = to->slots + to_slot;
  if (!(to->header & FLAG_GUARD)) {
    memmove(target, from, count * sizeof(Oop));
  } else if (target <= from) {
    for (size_t i = 0; i < count; i++) machine_store(m, to, to_slot + i, from[i]);
  } else {
    for (size_t i = count; i-- > 0;) machine_store(m, to, to_slot + i, from[i]);
  }
}

/* replaceFrom: start to: stop with: source startingAt: from */
static Oop replace_elements(Machine *m) {
  Elements to, from;
  if (!try_elements(m, m->args[0], &to) || is_constant(m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!try_elements(m, m->args[3], &from) || !same_elements(m, &to, &from)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!(m->args[1] & m->args[2] & m->args[4] & 1)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t start = oop_to_small(m->args[1]), stop = oop_to_small(m->args[2]), source = oop_to_small(m->args[4]);
  int64_t count = stop - start + 1;
  if (count == 0) return m->args[0];
  if (count < 0 || start < 1 || stop > (int64_t)to.size || source < 1 || source > (int64_t)from.size ||
      count > (int64_t)from.size - source + 1)
    return primitive_fail(m, FAILURE_BAD_INDEX);
  Oop receiver = machine_writable_may_gc(m, m->args[0]);
  if (!receiver) return OOP_FAIL;
  to.object = oop_to_object(receiver);
  try_elements(m, m->args[3], &from);
  size_t length = (size_t)count, to_index = (size_t)start - 1, from_index = (size_t)source - 1;
  if (!is_pointers(&to)) {
    primitive_charge(m, length * to.width);
    memmove(element_address(&to, to.object, to_index), element_address(&from, from.object, from_index), length * to.width);
  } else {
    primitive_charge(m, length * 8);
    store_slots(m, to.object, to.fixed + to_index, element_slots(&from) + from_index, length);
  }
  return receiver;
}

/* Stores argument 3 into elements start .. stop. */
static Oop fill_elements(Machine *m) {
  Elements e;
  uint64_t value = 0;
  if (!try_elements(m, m->args[0], &e) || is_constant(m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_both_small(m->args[1], m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t start = oop_to_small(m->args[1]), stop = oop_to_small(m->args[2]);
  if (stop == start - 1) return m->args[0];
  if (start < 1 || stop < start || stop > (int64_t)e.size) return primitive_fail(m, FAILURE_BAD_INDEX);
  if (e.width == 1 && is_string_like(m, m->args[0])) {
    if (!oop_is_character(m->args[3]) || oop_to_character(m->args[3]) > 255) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
    value = oop_to_character(m->args[3]);
  } else if (!is_pointers(&e) && !try_element(m, 3, &e, &value)) {
    return OOP_FAIL;
  }
  Oop receiver = machine_writable_may_gc(m, m->args[0]);
  if (!receiver) return OOP_FAIL;
  Object *object = oop_to_object(receiver);
  primitive_charge(m, (size_t)(stop - start) * 8);
  if (e.width == 1)
    memset(object_bytes(object) + start - 1, (int)value, (size_t)(stop - start + 1));
  else
    for (size_t i = (size_t)start - 1; i < (size_t)stop; i++) {
      if (is_pointers(&e))
        machine_store(m, object, e.fixed + i, m->args[3]);
      else
        memcpy(element_address(&e, object, i), &value, e.width);
    }
  return receiver;
}

/* A new object of the receiver's class (Symbols: String) with elements start .. stop; fails for classes with named slots. */
static Oop copy_elements(Machine *m) {
  Elements e;
  if (!try_elements(m, m->args[0], &e) || e.fixed > 0) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_both_small(m->args[1], m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t start = oop_to_small(m->args[1]), stop = oop_to_small(m->args[2]);
  if (start < 1 || stop < start - 1 || stop > (int64_t)e.size) return primitive_fail(m, FAILURE_BAD_INDEX);
  size_t length = (size_t)(stop - start + 1), from = (size_t)start - 1;
  uint32_t index = oop_class_index(m->args[0]);
  bool packed = e.format >= FORMAT_BYTES;
  primitive_charge(m, packed ? length * e.width : length * 8);
  Oop answer = packed ? machine_new_packed_may_gc(m, index == CLASS_SYMBOL ? CLASS_STRING : index, e.format, length * e.width)
                      : machine_new_may_gc(m, index, e.format, length);
  if (!answer) return OOP_FAIL;
  try_elements(m, m->args[0], &e);
  if (is_pointers(&e))
    store_slots(m, oop_to_object(answer), 0, e.object->slots + from, length);
  else
    memcpy(object_bytes(oop_to_object(answer)), element_address(&e, e.object, from), length * e.width);
  return answer;
}

/* The receiver's elements, then those of an argument of the same class. */
static Oop array_concatenate(Machine *m) {
  Elements a, b;
  if (!try_elements(m, m->args[0], &a) || !is_pointers(&a) || a.fixed > 0) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!try_elements(m, m->args[1], &b) || !is_pointers(&b) || b.fixed > 0) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  primitive_charge(m, (a.size + b.size) * 8);
  Oop answer = machine_new_may_gc(m, oop_class_index(m->args[0]), a.format, a.size + b.size);
  if (!answer) return OOP_FAIL;
  try_elements(m, m->args[0], &a);
  try_elements(m, m->args[1], &b);
  store_slots(m, oop_to_object(answer), 0, a.object->slots, a.size);
  store_slots(m, oop_to_object(answer), a.size, b.object->slots, b.size);
  return answer;
}

/* Index of the element that is the argument itself, from an index on, or 0. */
static Oop array_identity_index_of(Machine *m) {
  Elements e;
  if (!try_elements(m, m->args[0], &e) || !is_pointers(&e)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t from = oop_to_small(m->args[2]);
  if (from < 1) return primitive_fail(m, FAILURE_BAD_INDEX);
  const Oop *slots = element_slots(&e);
  size_t i = (size_t)from - 1;
  while (i < e.size && !oop_same(m, slots[i], m->args[1])) i++;
  if (i > (size_t)from) primitive_charge(m, (i - (size_t)from) * 8);
  return oop_from_small(i < e.size ? (int64_t)i + 1 : 0);
}

/* Identical, and of a kind that always equals itself: no program changes the = of immediate objects and Symbols. */
static bool equals_itself(Oop x) {
  double value;
  if (oop_is_small_float(x)) return value = oop_small_to_double(x), value == value;
  return !oop_is_pointer(x) || oop_has_class(x, CLASS_SYMBOL);
}

/* Of two Arrays of one size: the first index, from an index on, at which their elements may differ, or 0.  Equality is for those elements to say. */
static Oop array_difference(Machine *m) {
  if (!oop_has_class(m->args[0], CLASS_ARRAY)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_has_class(m->args[1], CLASS_ARRAY)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  const Object *a = machine_object(m, m->args[0]), *b = machine_object(m, m->args[1]);
  size_t size = object_slots(a);
  if (size != object_slots(b)) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t from = oop_to_small(m->args[2]);
  if (from < 1) return primitive_fail(m, FAILURE_BAD_INDEX);
  size_t i = (size_t)from - 1;
  while (i < size && a->slots[i] == b->slots[i] && equals_itself(a->slots[i])) i++;
  if (i >= (size_t)from) primitive_charge(m, (i - (size_t)from) * 8);
  return oop_from_small(i < size ? (int64_t)i + 1 : 0);
}

const Primitive array_primitives[] = {
    {"basic_new", basic_new, 0, "new instance of the receiver, a class", PRIMITIVE_NEW},
    {"basic_new_sized", basic_new_sized, 1, "new instance with so many indexed elements", PRIMITIVE_NEW},
    {"basic_size", basic_size, 0, "number of indexed elements", PRIMITIVE_QUICK},
    {"basic_at", basic_at, 1, "indexed element; bytes and words as integers", 0},
    {"basic_at_put", basic_at_put, 2, "stores an indexed element", 0},
    {"replace_elements", replace_elements, 4, "replaceFrom:to:with:startingAt: between objects with the same kind of elements", 0},
    {"fill_elements", fill_elements, 3, "stores one value into elements start .. stop", 0},
    {"copy_elements", copy_elements, 2, "new object of the same class with elements start .. stop", 0},
    {"array_concatenate", array_concatenate, 1, "the receiver's elements, then the argument's", 0},
    {"array_identity_index_of", array_identity_index_of, 2, "index of the very argument from an index on, or 0", PRIMITIVE_QUICK},
    {"array_difference", array_difference, 2, "of two Arrays of one size, the first index from an index on where they may differ, or 0", 0},
    {NULL, NULL, 0, NULL, 0}};
