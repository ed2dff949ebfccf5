/* SPDX-License-Identifier: MIT */
/* ordered_primitives.c -- the ends and the elements of OrderedCollections (images/kernel/collections/OrderedCollection.st).
 *
 *   slot 0  first index, SmallInteger
 *   slot 1  last index, SmallInteger; before the first when there are no elements
 *   slot 2  contents, an Array
 *
 * What needs a larger Array, or is an error, is left to the Smalltalk body. */
#include "primitive.h"

enum { ORDERED_FIRST, ORDERED_LAST, ORDERED_CONTENTS, ORDERED_SLOTS };

typedef struct Ordered {
  Object *collection, *array;
  int64_t first, last, size; /* SIZE is the array's */
} Ordered;

/* The receiver, if its indices are within its array. */
static inline bool try_ordered(Machine *m, Ordered *out) {
  m->failure = FAILURE_BAD_RECEIVER;
  if (!oop_is_pointer(m->args[0])) return false;
  Object *collection = out->collection = oop_to_object(m->args[0]);
  if (object_slots(collection) < ORDERED_SLOTS || !object_is_pointers(collection)) return false;
  Oop contents = collection->slots[ORDERED_CONTENTS];
  if (!oop_both_small(collection->slots[ORDERED_FIRST], collection->slots[ORDERED_LAST]) || !oop_is_pointer(contents)) return false;
  out->array = machine_object(m, contents);
  out->first = oop_to_small(collection->slots[ORDERED_FIRST]);
  out->last = oop_to_small(collection->slots[ORDERED_LAST]);
  out->size = (int64_t)object_slots(out->array);
  return object_class_index(out->array) == CLASS_ARRAY && out->first >= 1 && out->last <= out->size;
}

/* The same, if it and its array can be written to. */
static inline bool try_writable(Machine *m, Ordered *out) {
  return try_ordered(m, out) && !address_in_source(m->args[0]) && !address_in_source(oop_from_object(out->array));
}

static Oop ordered_add_last(Machine *m) {
  Ordered o;
  if (!try_writable(m, &o) || o.last >= o.size || o.last < 0) return OOP_FAIL;
  machine_store(m, o.array, (size_t)o.last, m->args[1]);
  o.collection->slots[ORDERED_LAST] = oop_from_small(o.last + 1);
  return m->args[1];
}

static Oop ordered_add_first(Machine *m) {
  Ordered o;
  if (!try_writable(m, &o) || o.first < 2 || o.first > o.size + 1) return OOP_FAIL;
  machine_store(m, o.array, (size_t)o.first - 2, m->args[1]);
  o.collection->slots[ORDERED_FIRST] = oop_from_small(o.first - 1);
  return m->args[1];
}

/* Empty again, a collection has all its room behind it. */
static Oop ordered_remove_first(Machine *m) {
  Ordered o;
  if (!try_writable(m, &o) || o.last < o.first) return OOP_FAIL;
  Oop element = o.array->slots[o.first - 1];
  o.array->slots[o.first - 1] = OOP_NIL;
  o.collection->slots[ORDERED_FIRST] = oop_from_small(o.first == o.last ? 1 : o.first + 1);
  if (o.first == o.last) o.collection->slots[ORDERED_LAST] = oop_from_small(0);
  return element;
}

static Oop ordered_remove_last(Machine *m) {
  Ordered o;
  if (!try_writable(m, &o) || o.last < o.first) return OOP_FAIL;
  Oop element = o.array->slots[o.last - 1];
  o.array->slots[o.last - 1] = OOP_NIL;
  o.collection->slots[ORDERED_LAST] = oop_from_small(o.last - 1);
  return element;
}

/* The place in the array of the element that argument 1 names. */
static inline bool try_place(Machine *m, const Ordered *o, size_t *place) {
  if (!oop_is_small(m->args[1])) return m->failure = FAILURE_BAD_ARGUMENT, false;
  int64_t index = oop_to_small(m->args[1]);
  if (index < 1 || index > o->last - o->first + 1) return m->failure = FAILURE_BAD_INDEX, false;
  return *place = (size_t)(o->first + index - 2), true;
}

static Oop ordered_at(Machine *m) {
  Ordered o;
  size_t place;
  return try_ordered(m, &o) && try_place(m, &o, &place) ? oop_resolve(m, o.array->slots[place]) : OOP_FAIL;
}

static Oop ordered_at_put(Machine *m) {
  Ordered o;
  size_t place;
  if (!try_writable(m, &o) || !try_place(m, &o, &place)) return OOP_FAIL;
  machine_store(m, o.array, place, m->args[2]);
  return m->args[2];
}

const Primitive ordered_primitives[] = {
    {"ordered_add_last", ordered_add_last, 1, "adds an element at the end while there is room", PRIMITIVE_QUICK},
    {"ordered_add_first", ordered_add_first, 1, "adds an element in front while there is room", PRIMITIVE_QUICK},
    {"ordered_remove_first", ordered_remove_first, 0, "removes the first element and answers it", PRIMITIVE_QUICK},
    {"ordered_remove_last", ordered_remove_last, 0, "removes the last element and answers it", PRIMITIVE_QUICK},
    {"ordered_at", ordered_at, 1, "element at an index", PRIMITIVE_QUICK},
    {"ordered_at_put", ordered_at_put, 2, "changes the element at an index", PRIMITIVE_QUICK},
    {NULL, NULL, 0, NULL, 0}};
