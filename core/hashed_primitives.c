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

/* Each primitive has its own copy of the search, without what its manner does not need: a call more is a tenth of the time. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* What is looked for: one word to compare, or a String. */
typedef struct Wanted {
  Oop word;
  const Object *string; /* NULL: compare words */
  uint64_t hash;
} Wanted;

typedef enum Found { FOUND_HERE, FOUND_FREE, FOUND_UNKNOWN, FOUND_OTHER } Found;

/* As HashedCollection>>scramble: */
static inline uint64_t scramble(uint64_t h) {
  h &= ((uint64_t)1 << 60) - 1;
  h ^= h >> 32;
  h ^= h >> 16;
  return h ^ h >> 8;
}

static ALWAYS_INLINE bool try_wanted(const Machine *m, Oop x, Wanted *out) {
  *out = (Wanted){.word = x};
  if (oop_is_small(x)) return out->hash = (uint64_t)oop_to_small(x), true;
  if (oop_is_character(x)) return out->hash = oop_to_character(x), true;
  if (!oop_is_pointer(x)) return false;
  Object *object = oop_to_object(x);
  if (object_class_index(object) == CLASS_SYMBOL) return out->hash = object_hash(object), true;
  if (object_class_index(object) != CLASS_STRING) return false;
  out->string = object = machine_object(m, x);
  out->hash = XXH3_64bits(object_bytes(object), object_byte_size(object)) >> 4;
  return true;
}

/* Word by word: short ones are not worth a call. */
static inline bool same_bytes(const Object *a, const Object *b) {
  size_t slots = object_slots(a);
  const uint64_t *words = (const uint64_t *)(const void *)object_bytes(a), *others = (const uint64_t *)(const void *)object_bytes(b);
  if (object_byte_size(a) != object_byte_size(b)) return false;
  if (slots == 0 || words == others) return true;
  for (size_t i = 0; i + 1 < slots; i++)
    if (words[i] != others[i]) return false;
  return (words[slots - 1] ^ others[slots - 1]) << (object_format(a) & 7) * 8 == 0; /* what is behind the last byte does not count */
}

/* Symbols and Strings know what they equal; a small integer may also equal a float, and anything an object that asks. */
static ALWAYS_INLINE Found compare(const Machine *m, const Wanted *wanted, Oop element) {
  if (element == wanted->word) return FOUND_HERE;
  if (element == OOP_NIL) return FOUND_FREE;
  if (!oop_is_pointer(element)) return oop_is_small_float(element) ? FOUND_UNKNOWN : FOUND_OTHER;
  uint32_t index = object_class_index(oop_to_object(element));
  if (index == CLASS_SYMBOL) return FOUND_OTHER;
  if (index != CLASS_STRING) return FOUND_UNKNOWN;
  return wanted->string && same_bytes(wanted->string, machine_object(m, element)) ? FOUND_HERE : FOUND_OTHER;
}

static ALWAYS_INLINE bool try_table_of(const Machine *m, const Object *collection, Object **table, size_t *mask) {
  if (object_slots(collection) < 2 || !object_is_pointers(collection)) return false;
  Oop array = collection->slots[HASHED_TABLE];
  if (!oop_is_pointer(array) || !oop_has_class(array, CLASS_ARRAY)) return false;
  *table = machine_object(m, array);
  size_t size = object_slots(*table);
  *mask = size - 1;
  return size >= 2 && (size & *mask) == 0;
}
static ALWAYS_INLINE bool try_table(const Machine *m, Object **table, size_t *mask) {
  return oop_is_pointer(m->args[0]) && try_table_of(m, oop_to_object(m->args[0]), table, mask);
}

/* The same as Object>>identityHash and its overrides answer. */
static inline uint64_t identity_hash(Oop x) {
  if (oop_is_small(x)) return (uint64_t)oop_to_small(x);
  if (oop_is_character(x)) return oop_to_character(x);
  if (oop_is_pointer(x)) return object_hash(oop_to_object(x));
  return x * 0x9e3779b97f4a7c15u >> 34;
}

/* How a collection looks for its elements: STRIDE is 1 for sets, 2 for dictionaries. */
typedef struct Manner {
  unsigned stride;
  bool identity;
} Manner;
#define SET_EQUAL ((Manner){1, false})
#define SET_IDENTITY ((Manner){1, true})
#define DICTIONARY_EQUAL ((Manner){2, false})
#define DICTIONARY_IDENTITY ((Manner){2, true})

static ALWAYS_INLINE bool try_hash(const Machine *m, Manner manner, Oop x, Wanted *wanted) {
  if (!manner.identity) return try_wanted(m, x, wanted);
  *wanted = (Wanted){.word = x, .hash = identity_hash(x)};
  return true;
}

/* Where WANTED is, or the free place behind its kin. */
static ALWAYS_INLINE Found find(const Machine *m, Manner manner, const Object *table, size_t mask, const Wanted *wanted, size_t *place) {
  size_t i = (size_t)(scramble(wanted->hash) * manner.stride) & mask;
  for (size_t probes = 0; probes <= mask; probes += manner.stride, i = (i + manner.stride) & mask) {
    Oop element = table->slots[i];
    Found found = manner.identity ? element == OOP_NIL ? FOUND_FREE : oop_same(m, element, wanted->word) ? FOUND_HERE : FOUND_OTHER : compare(m, wanted, element);
    if (found == FOUND_OTHER) continue;
    *place = i;
    return found;
  }
  return FOUND_UNKNOWN;
}

/* Looks for argument 1 in the receiver's table.  FOUND_UNKNOWN: the Smalltalk body has to. */
static ALWAYS_INLINE Found find_argument(Machine *m, Manner manner, Object **table, size_t *place) {
  size_t mask;
  Wanted wanted;
  if (!try_table(m, table, &mask)) return m->failure = FAILURE_BAD_RECEIVER, FOUND_UNKNOWN;
  if (!try_hash(m, manner, m->args[1], &wanted)) return m->failure = FAILURE_BAD_ARGUMENT, FOUND_UNKNOWN;
  m->failure = FAILURE_BAD_VALUE;
  return find(m, manner, *table, mask, &wanted, place);
}

static ALWAYS_INLINE Oop place_of(Machine *m, Manner manner) {
  Object *table;
  size_t place;
  Found found = find_argument(m, manner, &table, &place);
  if (found == FOUND_UNKNOWN) return OOP_FAIL;
  return oop_from_small(found == FOUND_HERE ? (int64_t)place + 1 : -(int64_t)place - 1);
}
static Oop hashed_place(Machine *m) { return place_of(m, SET_EQUAL); }
static Oop hashed_identity_place(Machine *m) { return place_of(m, SET_IDENTITY); }
static Oop dictionary_place(Machine *m) { return place_of(m, DICTIONARY_EQUAL); }
static Oop dictionary_identity_place(Machine *m) { return place_of(m, DICTIONARY_IDENTITY); }

static ALWAYS_INLINE Oop includes(Machine *m, Manner manner) {
  Object *table;
  size_t place;
  Found found = m->args[1] == OOP_NIL ? FOUND_UNKNOWN : find_argument(m, manner, &table, &place);
  return found == FOUND_UNKNOWN ? OOP_FAIL : oop_from_bool(found == FOUND_HERE);
}
static Oop hashed_includes(Machine *m) { return includes(m, SET_EQUAL); }
static Oop hashed_identity_includes(Machine *m) { return includes(m, SET_IDENTITY); }

static ALWAYS_INLINE Oop value_at(Machine *m, Manner manner) {
  Object *table;
  size_t place;
  if (m->args[1] == OOP_NIL || find_argument(m, manner, &table, &place) != FOUND_HERE) return primitive_fail(m, FAILURE_NOT_FOUND);
  return oop_resolve(m, table->slots[place + 1]);
}
static Oop dictionary_at(Machine *m) { return value_at(m, DICTIONARY_EQUAL); }
static Oop dictionary_identity_at(Machine *m) { return value_at(m, DICTIONARY_IDENTITY); }

/* Stores VALUE as element or for a key, both argument 1: in the place of what is there, or in a free one while there is room; else fails. */
static ALWAYS_INLINE Oop put(Machine *m, Manner manner, Oop value) {
  Object *table, *receiver = oop_to_object(m->args[0]);
  size_t place;
  if (m->args[1] == OOP_NIL) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Found found = find_argument(m, manner, &table, &place);
  if (found == FOUND_UNKNOWN) return OOP_FAIL;
  if (found == FOUND_HERE && manner.stride == 1) return value;
  int64_t tally = oop_to_small(receiver->slots[HASHED_TALLY]);
  if (found == FOUND_FREE && ((uint64_t)tally + 1) * 3 >= object_slots(table) * (3 - manner.stride)) return primitive_fail(m, FAILURE_TOO_LARGE);
  if (oop_in_source(m->args[0]) || oop_in_source(oop_from_object(table))) return primitive_fail(m, FAILURE_READ_ONLY);
  machine_store(m, table, place + manner.stride - 1, value);
  if (found == FOUND_HERE) return value;
  if (manner.stride == 2) machine_store(m, table, place, m->args[1]);
  receiver->slots[HASHED_TALLY] = oop_from_small(tally + 1);
  return value;
}
static Oop hashed_add(Machine *m) { return put(m, SET_EQUAL, m->args[1]); }
static Oop hashed_identity_add(Machine *m) { return put(m, SET_IDENTITY, m->args[1]); }
static Oop dictionary_at_put(Machine *m) { return put(m, DICTIONARY_EQUAL, m->args[2]); }
static Oop dictionary_identity_at_put(Machine *m) { return put(m, DICTIONARY_IDENTITY, m->args[2]); }

/* Adds argument 2 to the value of a key that is there; both are SmallIntegers, and so is the sum. */
static Oop dictionary_increment(Machine *m) {
  Object *table;
  size_t place;
  int64_t sum;
  if (m->args[1] == OOP_NIL || find_argument(m, DICTIONARY_EQUAL, &table, &place) != FOUND_HERE) return primitive_fail(m, FAILURE_NOT_FOUND);
  if (address_in_source(oop_from_object(table))) return primitive_fail(m, FAILURE_READ_ONLY);
  Oop value = table->slots[place + 1];
  if (!oop_both_small(value, m->args[2]) || __builtin_add_overflow((int64_t)value, (int64_t)(m->args[2] - 1), &sum)) return primitive_fail(m, FAILURE_BAD_VALUE);
  table->slots[place + 1] = (Oop)sum;
  return m->args[0];
}

/* ---- tables that change as a whole ------------------------------------------------------------------------------ */

enum { TAKEN_AT_ONCE = 4096 }; /* places: what takes much longer keeps other actors waiting */

/* Whether the places of the elements of TABLE from FROM to END can be found here. */
static inline bool all_known(const Machine *m, Manner manner, const Object *table, size_t from, size_t end) {
  Wanted wanted;
  for (size_t i = from; i < end; i += manner.stride)
    if (table->slots[i] != OOP_NIL && !try_hash(m, manner, table->slots[i], &wanted)) return false;
  return true;
}

/* Moves what is in argument 1, a table, from place argument 2 on into the receiver's, where there is room for it.  Answers from where on it is left. */
static inline Oop take_all(Machine *m, Manner manner) {
  Object *table;
  size_t mask, start;
  if (!try_table(m, &table, &mask) || oop_in_source(oop_from_object(table)) || table->header & FLAG_WEAK) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_is_pointer(m->args[1]) || !oop_has_class(m->args[1], CLASS_ARRAY)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  const Object *from = oop_to_object(m->args[1]);
  size_t size = object_slots(from) & ~(size_t)(manner.stride - 1);
  if (!primitive_try_index(m, 2, object_slots(from), &start) || --start % manner.stride) return primitive_fail(m, FAILURE_BAD_INDEX);
  size_t end = size - start > TAKEN_AT_ONCE ? start + TAKEN_AT_ONCE : size;
  if (start >= size || size > mask || from == table || !all_known(m, manner, from, start, end)) return primitive_fail(m, FAILURE_BAD_VALUE);
  primitive_charge(m, (end - start) * 32);
  for (size_t i = start; i < end; i += manner.stride) {
    Wanted wanted;
    if (from->slots[i] == OOP_NIL) continue;
    try_hash(m, manner, from->slots[i], &wanted);
    size_t place = (size_t)(scramble(wanted.hash) * manner.stride) & mask, probes = 0;
    for (; table->slots[place] != OOP_NIL && probes <= mask; probes++) place = (place + manner.stride) & mask;
    if (probes > mask) return primitive_fail(m, FAILURE_BAD_RECEIVER);
    for (unsigned k = 0; k < manner.stride; k++) machine_store(m, table, place + k, from->slots[i + k]);
  }
  return oop_from_small((int64_t)(end == size ? object_slots(from) : end) + 1);
}
static Oop hashed_take_all(Machine *m) { return take_all(m, SET_EQUAL); }
static Oop hashed_identity_take_all(Machine *m) { return take_all(m, SET_IDENTITY); }
static Oop dictionary_take_all(Machine *m) { return take_all(m, DICTIONARY_EQUAL); }
static Oop dictionary_identity_take_all(Machine *m) { return take_all(m, DICTIONARY_IDENTITY); }

/* Frees the place that argument 1 names and moves up what was stored behind it because of it. */
static ALWAYS_INLINE Oop remove_place(Machine *m, Manner manner) {
  Object *table;
  Wanted wanted;
  size_t mask, place;
  if (!try_table(m, &table, &mask) || oop_in_source(m->args[0]) || oop_in_source(oop_from_object(table)) || table->header & FLAG_WEAK)
    return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!primitive_try_index(m, 1, mask + 2 - manner.stride, &place)) return OOP_FAIL;
  size_t hole = --place & ~(size_t)(manner.stride - 1), i = hole, run = 0;
  while (run++ <= mask && table->slots[i = (i + manner.stride) & mask] != OOP_NIL)
    if (!try_hash(m, manner, table->slots[i], &wanted)) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (run > mask) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  primitive_charge(m, run * 32);
  for (i = hole; table->slots[i = (i + manner.stride) & mask] != OOP_NIL;) {
    try_hash(m, manner, table->slots[i], &wanted);
    size_t home = (size_t)(scramble(wanted.hash) * manner.stride) & mask;
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    for (unsigned k = 0; k < manner.stride; k++) machine_store(m, table, hole + k, table->slots[i + k]);
    hole = i;
  }
  for (unsigned k = 0; k < manner.stride; k++) table->slots[hole + k] = OOP_NIL;
  Object *receiver = oop_to_object(m->args[0]);
  receiver->slots[HASHED_TALLY] = oop_from_small(oop_to_small(receiver->slots[HASHED_TALLY]) - 1);
  return m->args[0];
}
static Oop hashed_remove_place(Machine *m) { return remove_place(m, SET_EQUAL); }
static Oop hashed_identity_remove_place(Machine *m) { return remove_place(m, SET_IDENTITY); }
static Oop dictionary_remove_place(Machine *m) { return remove_place(m, DICTIONARY_EQUAL); }
static Oop dictionary_identity_remove_place(Machine *m) { return remove_place(m, DICTIONARY_IDENTITY); }

static bool is_string(const Machine *m, Oop x, const Object **string) {
  if (!oop_is_pointer(x)) return false;
  *string = machine_object(m, x);
  return object_class_index(*string) == CLASS_STRING;
}

/* Are A and B equal, as can be told without asking them? */
static bool equal_at_sight(const Machine *m, Oop a, Oop b) {
  const Object *x, *y;
  double number;
  if (a == b && !oop_is_pointer(a)) return !oop_is_small_float(a) || (number = oop_small_to_double(a), number == number);
  if (a == b && object_class_index(oop_to_object(a)) == CLASS_SYMBOL) return true;
  return is_string(m, a, &x) && is_string(m, b, &y) && same_bytes(x, y);
}

/* Do two tables hold the same at the same places?  So it is with most copies, those that came in messages among them. */
static Oop hashed_same_table(Machine *m) {
  Object *table, *other;
  size_t mask, other_mask, i = 0;
  if (!try_table(m, &table, &mask)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_is_pointer(m->args[1]) || !try_table_of(m, oop_to_object(m->args[1]), &other, &other_mask)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (mask != other_mask) return OOP_FALSE;
  while (i <= mask && equal_at_sight(m, table->slots[i], other->slots[i])) i++;
  primitive_charge(m, i * 8);
  return oop_from_bool(i > mask);
}

const Primitive hashed_primitives[] = {
    {"hashed_same_table", hashed_same_table, 1, "whether the argument's table holds the same at the same places, as can be told at sight", PRIMITIVE_QUICK},
    {"hashed_place", hashed_place, 1, "place of an element in a Set's table, or minus a free place for it", PRIMITIVE_QUICK},
    {"hashed_identity_place", hashed_identity_place, 1, "the same by identity", PRIMITIVE_QUICK},
    {"hashed_includes", hashed_includes, 1, "whether a Set has an element", PRIMITIVE_QUICK},
    {"hashed_identity_includes", hashed_identity_includes, 1, "the same by identity", PRIMITIVE_QUICK},
    {"hashed_add", hashed_add, 1, "adds an element to a Set while there is room", PRIMITIVE_QUICK},
    {"hashed_identity_add", hashed_identity_add, 1, "the same by identity", PRIMITIVE_QUICK},
    {"hashed_take_all", hashed_take_all, 2, "moves the elements of a table into a Set's own, which is empty", PRIMITIVE_QUICK},
    {"hashed_identity_take_all", hashed_identity_take_all, 2, "the same by identity", PRIMITIVE_QUICK},
    {"hashed_remove_place", hashed_remove_place, 1, "frees a place in a Set's table", PRIMITIVE_QUICK},
    {"hashed_identity_remove_place", hashed_identity_remove_place, 1, "the same by identity", PRIMITIVE_QUICK},
    {"dictionary_place", dictionary_place, 1, "place of a key in a Dictionary's table, or minus a free place for it", PRIMITIVE_QUICK},
    {"dictionary_identity_place", dictionary_identity_place, 1, "the same by identity", PRIMITIVE_QUICK},
    {"dictionary_at", dictionary_at, 1, "value of a key; fails when there is none", PRIMITIVE_QUICK},
    {"dictionary_identity_at", dictionary_identity_at, 1, "the same by identity", PRIMITIVE_QUICK},
    {"dictionary_at_put", dictionary_at_put, 2, "changes or adds the value of a key while there is room", PRIMITIVE_QUICK},
    {"dictionary_identity_at_put", dictionary_identity_at_put, 2, "the same by identity", PRIMITIVE_QUICK},
    {"dictionary_increment", dictionary_increment, 2, "adds to the value of a key that is there", PRIMITIVE_QUICK},
    {"dictionary_take_all", dictionary_take_all, 2, "moves the keys and values of a table into a Dictionary's own, which is empty", PRIMITIVE_QUICK},
    {"dictionary_identity_take_all", dictionary_identity_take_all, 2, "the same by identity", PRIMITIVE_QUICK},
    {"dictionary_remove_place", dictionary_remove_place, 1, "frees the place of a key in a Dictionary's table", PRIMITIVE_QUICK},
    {"dictionary_identity_remove_place", dictionary_identity_remove_place, 1, "the same by identity", PRIMITIVE_QUICK},
    {NULL, NULL, 0, NULL, 0}};
