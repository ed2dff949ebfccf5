/* SPDX-License-Identifier: MIT */
/* hashed_primitives.c -- places in the tables of Set, Dictionary and their kin (images/kernel/collections/HashedCollection.st).
 *
 *   slot 0  tally, SmallInteger
 *   slot 1  table, an Array of a power of two slots; nil is a free place.  Dictionaries: key, value, key, value ..
 *
 * Only small integers, characters, symbols and strings are looked for here, since their = and hash run no Smalltalk; at the first
 * object for which they might, the primitive fails and the Smalltalk body goes on, in the same order of places. */
#include <string.h>

#include "primitive.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { HASHED_TALLY, HASHED_TABLE };

/* What is looked for: one word to compare, or the bytes of a String. */
typedef struct Wanted {
  Oop word;
  const char *bytes; /* NULL: compare words */
  size_t size;
  uint64_t hash;
} Wanted;

typedef enum Found { FOUND_HERE, FOUND_FREE, FOUND_UNKNOWN, FOUND_OTHER } Found;

/* As HashedCollection>>scramble: */
static uint64_t scramble(uint64_t h) {
  h &= ((uint64_t)1 << 60) - 1;
  h ^= h >> 32;
  h ^= h >> 16;
  return h ^ h >> 8;
}

static bool try_wanted(const Machine *m, Oop x, Wanted *out) {
  out->word = x;
  out->bytes = NULL;
  if (oop_is_small(x)) {
    out->hash = (uint64_t)oop_to_small(x);
  } else if (oop_is_character(x)) {
    out->hash = oop_to_character(x);
  } else if (oop_is_pointer(x) && oop_has_class(x, CLASS_SYMBOL)) {
    out->hash = object_hash(oop_to_object(x));
  } else if (oop_is_pointer(x) && oop_has_class(x, CLASS_STRING)) {
    oop_try_bytes(m, x, &out->bytes, &out->size);
    out->hash = XXH3_64bits(out->bytes, out->size) >> 4;
  } else {
    return false;
  }
  return true;
}

/* Symbols and Strings know what they equal; a small integer may also equal a float, and anything an object that asks. */
static Found compare(const Machine *m, const Wanted *wanted, Oop element) {
  if (element == wanted->word) return FOUND_HERE;
  if (element == OOP_NIL) return FOUND_FREE;
  if (!oop_is_pointer(element)) return oop_is_small_float(element) ? FOUND_UNKNOWN : FOUND_OTHER;
  uint32_t index = oop_class_index(element);
  if (index == CLASS_SYMBOL) return FOUND_OTHER;
  if (index != CLASS_STRING) return FOUND_UNKNOWN;
  const char *bytes;
  size_t size;
  if (!wanted->bytes) return FOUND_OTHER;
  oop_try_bytes(m, element, &bytes, &size);
  return size == wanted->size && memcmp(bytes, wanted->bytes, size) == 0 ? FOUND_HERE : FOUND_OTHER;
}

static bool try_table(const Machine *m, Object **table, size_t *mask) {
  Object *receiver = oop_to_object(m->args[0]);
  if (!oop_is_pointer(m->args[0]) || object_slots(receiver) < 2 || !object_is_pointers(receiver)) return false;
  Oop array = receiver->slots[HASHED_TABLE];
  if (!oop_is_pointer(array) || !oop_has_class(array, CLASS_ARRAY)) return false;
  *table = machine_object(m, array);
  *mask = object_slots(*table) - 1;
  return object_slots(*table) >= 2 && (object_slots(*table) & *mask) == 0;
}

/* Where WANTED is, or the free place behind its kin.  STRIDE: 1 for sets, 2 for dictionaries. */
static Found find(const Machine *m, const Object *table, size_t mask, unsigned stride, const Wanted *wanted, size_t *place) {
  size_t i = (size_t)(scramble(wanted->hash) * stride) & mask;
  for (size_t probes = 0; probes <= mask; probes += stride, i = (i + stride) & mask) {
    Found found = compare(m, wanted, table->slots[i]);
    if (found == FOUND_OTHER) continue;
    *place = i;
    return found;
  }
  return FOUND_UNKNOWN;
}

static Oop place_of(Machine *m, unsigned stride) {
  Object *table;
  size_t mask, place;
  Wanted wanted;
  if (!try_table(m, &table, &mask)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!try_wanted(m, m->args[1], &wanted)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Found found = find(m, table, mask, stride, &wanted, &place);
  if (found == FOUND_UNKNOWN) return primitive_fail(m, FAILURE_BAD_VALUE);
  return oop_from_small(found == FOUND_HERE ? (int64_t)place + 1 : -(int64_t)place - 1);
}
static Oop hashed_place(Machine *m) { return place_of(m, 1); }
static Oop dictionary_place(Machine *m) { return place_of(m, 2); }

/* The same as Object>>identityHash and its overrides answer. */
static uint64_t identity_hash(Oop x) {
  if (oop_is_small(x)) return (uint64_t)oop_to_small(x);
  if (oop_is_character(x)) return oop_to_character(x);
  if (oop_is_pointer(x)) return object_hash(oop_to_object(x));
  return x * 0x9e3779b97f4a7c15u >> 34;
}

static Oop identity_place(Machine *m, unsigned stride) {
  Object *table;
  size_t mask;
  Oop wanted = m->args[1];
  if (!try_table(m, &table, &mask)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  size_t i = (size_t)(scramble(identity_hash(wanted)) * stride) & mask;
  for (size_t probes = 0; probes <= mask; probes += stride, i = (i + stride) & mask) {
    if (table->slots[i] == OOP_NIL) return oop_from_small(-(int64_t)i - 1);
    if (oop_same(m, table->slots[i], wanted)) return oop_from_small((int64_t)i + 1);
  }
  return primitive_fail(m, FAILURE_BAD_RECEIVER);
}
static Oop hashed_identity_place(Machine *m) { return identity_place(m, 1); }
static Oop dictionary_identity_place(Machine *m) { return identity_place(m, 2); }

static Oop dictionary_at(Machine *m) {
  Object *table;
  size_t mask, place;
  Wanted wanted;
  if (!try_table(m, &table, &mask)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!try_wanted(m, m->args[1], &wanted)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (find(m, table, mask, 2, &wanted, &place) != FOUND_HERE) return primitive_fail(m, FAILURE_NOT_FOUND);
  return oop_resolve(m, table->slots[place + 1]);
}

/* Replaces the value of a key that is there, or adds one while there is room; else fails. */
static Oop dictionary_at_put(Machine *m) {
  Object *table;
  size_t mask, place;
  Wanted wanted;
  if (!try_table(m, &table, &mask)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!try_wanted(m, m->args[1], &wanted)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Found found = find(m, table, mask, 2, &wanted, &place);
  if (found == FOUND_UNKNOWN) return primitive_fail(m, FAILURE_BAD_VALUE);
  Object *receiver = oop_to_object(m->args[0]);
  int64_t tally = oop_to_small(receiver->slots[HASHED_TALLY]);
  if (found == FOUND_FREE && ((uint64_t)tally + 1) * 3 >= mask + 1) return primitive_fail(m, FAILURE_TOO_LARGE);
  if (oop_in_source(m->args[0]) || oop_in_source(oop_from_object(table))) return primitive_fail(m, FAILURE_READ_ONLY);
  machine_store(m, table, place + 1, m->args[2]);
  if (found == FOUND_FREE) {
    machine_store(m, table, place, m->args[1]);
    receiver->slots[HASHED_TALLY] = oop_from_small(tally + 1);
  }
  return m->args[2];
}

const Primitive hashed_primitives[] = {
    {"hashed_place", hashed_place, 1, "place of an element in a Set's table, or minus a free place for it", 0},
    {"hashed_identity_place", hashed_identity_place, 1, "the same by identity", 0},
    {"dictionary_place", dictionary_place, 1, "place of a key in a Dictionary's table, or minus a free place for it", 0},
    {"dictionary_identity_place", dictionary_identity_place, 1, "the same by identity", 0},
    {"dictionary_at", dictionary_at, 1, "value of a key; fails when there is none", 0},
    {"dictionary_at_put", dictionary_at_put, 2, "changes or adds the value of a key while there is room", 0},
    {NULL, NULL, 0, NULL, 0}};
