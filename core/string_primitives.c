/* SPDX-License-Identifier: MIT */
/* string_primitives.c -- String, Symbol and ByteArray as runs of bytes: comparing, searching, joining, interning.
 *
 * Elements of Strings are Characters, of ByteArrays SmallIntegers; the methods of each class pick the primitive that fits. */
#define _GNU_SOURCE /* memmem */
#include <string.h>

#include "primitive.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SYMBOL_MAX_SIZE = 4096 };

typedef struct Bytes {
  const char *at; /* valid until the next _may_gc call */
  size_t size;
} Bytes;

static bool try_receiver(Machine *m, Bytes *bytes) {
  if (oop_try_bytes(m, m->args[0], &bytes->at, &bytes->size)) return true;
  m->failure = FAILURE_BAD_RECEIVER;
  return false;
}

static bool try_argument(Machine *m, unsigned index, Bytes *bytes) {
  if (oop_try_bytes(m, m->args[index], &bytes->at, &bytes->size)) return true;
  m->failure = FAILURE_BAD_ARGUMENT;
  return false;
}

static bool is_string_like(const Machine *m, Oop x) {
  uint32_t index = oop_class_index(x);
  if (index == CLASS_STRING || index == CLASS_SYMBOL) return true;
  return machine_is_kind_of(m, x, machine_class_at(m, CLASS_STRING));
}

/* ---- comparing ------------------------------------------------------------------------------------------ */

/* Objects that came out of messages may share their bytes (shared_bytes.h). */
static bool same_bytes(Machine *m, Bytes a, Bytes b) {
  if (a.size != b.size) return false;
  if (a.at == b.at) return true;
  primitive_charge(m, a.size);
  return memcmp(a.at, b.at, a.size) == 0;
}

/* Same class (Strings with Strings, ByteArrays with ByteArrays) and same bytes.  Symbols equal nothing but themselves. */
static Oop string_equal(Machine *m) {
  Bytes a, b;
  if (oop_same(m, m->args[0], m->args[1])) return OOP_TRUE;
  if (!try_receiver(m, &a)) return OOP_FAIL;
  if (!oop_try_bytes(m, m->args[1], &b.at, &b.size)) return OOP_FALSE;
  if (oop_class_index(m->args[0]) != oop_class_index(m->args[1])) return OOP_FALSE;
  if (oop_class_index(m->args[0]) == CLASS_SYMBOL) return OOP_FALSE;
  return oop_from_bool(same_bytes(m, a, b));
}

/* Same bytes, whatever the classes. */
static Oop string_same_bytes(Machine *m) {
  Bytes a, b;
  if (!try_receiver(m, &a) || !try_argument(m, 1, &b)) return OOP_FAIL;
  return oop_from_bool(same_bytes(m, a, b));
}

static Oop string_compare(Machine *m) {
  Bytes a, b;
  if (!try_receiver(m, &a) || !try_argument(m, 1, &b)) return OOP_FAIL;
  size_t shorter = a.size < b.size ? a.size : b.size;
  primitive_charge(m, shorter);
  int order = memcmp(a.at, b.at, shorter);
  if (order == 0) order = (a.size > b.size) - (a.size < b.size);
  return oop_from_small((order > 0) - (order < 0));
}

static inline unsigned char lower(char c) { return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static inline unsigned char upper(char c) { return (unsigned char)(c >= 'a' && c <= 'z' ? c - 32 : c); }

static Oop string_compare_ignoring_case(Machine *m) {
  Bytes a, b;
  if (!try_receiver(m, &a) || !try_argument(m, 1, &b)) return OOP_FAIL;
  size_t shorter = a.size < b.size ? a.size : b.size;
  primitive_charge(m, shorter * 4);
  for (size_t i = 0; i < shorter; i++) {
    int order = lower(a.at[i]) - lower(b.at[i]);
    if (order != 0) return oop_from_small(order < 0 ? -1 : 1);
  }
  return oop_from_small((a.size > b.size) - (a.size < b.size));
}

/* The hash has no seed: prebuilt hashed collections of an image must stay right. */
static Oop string_hash(Machine *m) {
  Bytes a;
  if (!try_receiver(m, &a)) return OOP_FAIL;
  primitive_charge(m, a.size);
  return oop_from_small((int64_t)(XXH3_64bits(a.at, a.size) >> 4));
}

/* ---- searching ------------------------------------------------------------------------------------------ */

/* Index of a Character (or byte) from an index on, 0 when there is none. */
static Oop string_index_of(Machine *m) {
  Bytes a;
  Oop element = m->args[1];
  if (!try_receiver(m, &a)) return OOP_FAIL;
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t from = oop_to_small(m->args[2]);
  if (from < 1) return primitive_fail(m, FAILURE_BAD_INDEX);
  uint64_t wanted;
  if (oop_is_character(element) && is_string_like(m, m->args[0]))
    wanted = oop_to_character(element);
  else if (oop_is_small(element) && !is_string_like(m, m->args[0]))
    wanted = (uint64_t)oop_to_small(element);
  else
    return oop_from_small(0);
  if (wanted > 255 || (uint64_t)from > a.size) return oop_from_small(0);
  const char *found = memchr(a.at + from - 1, (int)wanted, a.size - (size_t)from + 1);
  primitive_charge(m, (found ? (size_t)(found - a.at) : a.size) - (size_t)from + 1);
  return oop_from_small(found ? found - a.at + 1 : 0);
}

/* Index where the argument occurs in the receiver from an index on, 0 when it does not. */
static Oop string_index_of_string(Machine *m) {
  Bytes a, b;
  if (!try_receiver(m, &a) || !try_argument(m, 1, &b)) return OOP_FAIL;
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t from = oop_to_small(m->args[2]);
  if (from < 1) return primitive_fail(m, FAILURE_BAD_INDEX);
  if (b.size == 0 || (uint64_t)from > a.size) return oop_from_small(0);
  primitive_charge(m, a.size - (size_t)from + 1);
  const char *found = memmem(a.at + from - 1, a.size - (size_t)from + 1, b.at, b.size);
  return oop_from_small(found ? found - a.at + 1 : 0);
}

/* ---- making new ones ------------------------------------------------------------------------------------- */

static Oop string_concatenate(Machine *m) {
  Bytes a, b;
  if (!try_receiver(m, &a) || !try_argument(m, 1, &b)) return OOP_FAIL;
  if (is_string_like(m, m->args[0]) != is_string_like(m, m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint32_t index = oop_class_index(m->args[0]);
  primitive_charge(m, a.size + b.size);
  Oop answer = machine_new_bytes_may_gc(m, index == CLASS_SYMBOL ? CLASS_STRING : index, a.size + b.size);
  if (!answer) return OOP_FAIL;
  try_receiver(m, &a);
  try_argument(m, 1, &b);
  uint8_t *to = object_bytes(oop_to_object(answer));
  memcpy(to, a.at, a.size);
  memcpy(to + a.size, b.at, b.size);
  return answer;
}

/* Reads the receiver and answers new bytes of its size and class, a String for a Symbol; OOP_FAIL when either cannot be. */
static Oop new_like_receiver_may_gc(Machine *m, Bytes *receiver) {
  if (!try_receiver(m, receiver)) return OOP_FAIL;
  uint32_t index = oop_class_index(m->args[0]);
  primitive_charge(m, receiver->size * 4);
  Oop answer = machine_new_bytes_may_gc(m, index == CLASS_SYMBOL ? CLASS_STRING : index, receiver->size);
  if (!answer) return OOP_FAIL;
  try_receiver(m, receiver);
  return answer;
}

/* A copy with every byte sent through CONVERT. */
static Oop convert_case(Machine *m, unsigned char (*convert)(char)) {
  Bytes a;
  Oop answer = new_like_receiver_may_gc(m, &a);
  if (answer == OOP_FAIL) return OOP_FAIL;
  uint8_t *to = object_bytes(oop_to_object(answer));
  for (size_t i = 0; i < a.size; i++) to[i] = convert(a.at[i]);
  return answer;
}
static Oop string_as_uppercase(Machine *m) { return convert_case(m, upper); }
static Oop string_as_lowercase(Machine *m) { return convert_case(m, lower); }

static Oop string_reversed(Machine *m) {
  Bytes a;
  Oop answer = new_like_receiver_may_gc(m, &a);
  if (answer == OOP_FAIL) return OOP_FAIL;
  uint8_t *to = object_bytes(oop_to_object(answer));
  for (size_t i = 0; i < a.size; i++) to[i] = (uint8_t)a.at[a.size - 1 - i];
  return answer;
}

/* A String with the receiver's bytes (of a String, Symbol or ByteArray); STRING false: a ByteArray. */
static Oop copy_as(Machine *m, uint32_t index) {
  Bytes a;
  if (!try_receiver(m, &a)) return OOP_FAIL;
  primitive_charge(m, a.size);
  Oop answer = machine_new_bytes_may_gc(m, index, a.size);
  if (!answer) return OOP_FAIL;
  try_receiver(m, &a);
  memcpy(object_bytes(oop_to_object(answer)), a.at, a.size);
  return answer;
}
static Oop bytes_as_string(Machine *m) { return copy_as(m, CLASS_STRING); }
static Oop bytes_as_byte_array(Machine *m) { return copy_as(m, CLASS_BYTE_ARRAY); }

static Oop string_as_symbol(Machine *m) {
  Bytes a;
  char text[SYMBOL_MAX_SIZE];
  if (!try_receiver(m, &a)) return OOP_FAIL;
  if (a.size > sizeof text) return primitive_fail(m, FAILURE_TOO_LARGE);
  memcpy(text, a.at, a.size); /* the receiver may move */
  Oop answer = machine_symbol_may_gc(m, text, a.size);
  return answer ? answer : OOP_FAIL;
}

/* The Symbol with these characters when there is one already, else nil. */
static Oop string_find_symbol(Machine *m) {
  Bytes a;
  if (!try_receiver(m, &a)) return OOP_FAIL;
  Oop answer = a.size > SYMBOL_MAX_SIZE ? 0 : machine_find_symbol(m, a.at, a.size);
  return answer ? answer : OOP_NIL;
}

/* Arguments that a message with this selector takes; -1 when it is no selector. */
static Oop symbol_argument_count(Machine *m) {
  Bytes a;
  if (!try_receiver(m, &a)) return OOP_FAIL;
  if (a.size == 0) return oop_from_small(-1);
  if (memchr("+-*/\\<>=~@%|&?,!", a.at[0], 16)) return oop_from_small(1);
  int64_t colons = 0;
  for (size_t i = 0; i < a.size; i++) colons += a.at[i] == ':';
  if (colons > 0 && a.at[a.size - 1] != ':') return oop_from_small(-1);
  return oop_from_small(colons);
}

/* ---- elements --------------------------------------------------------------------------------------------- */

static Oop string_at(Machine *m) {
  Bytes a;
  size_t index;
  if (!try_receiver(m, &a) || !primitive_try_index(m, 1, a.size, &index)) return OOP_FAIL;
  return oop_from_character((unsigned char)a.at[index - 1]);
}

static Oop string_at_put(Machine *m) {
  Bytes a;
  size_t index;
  if (!try_receiver(m, &a) || !primitive_try_index(m, 1, a.size, &index)) return OOP_FAIL;
  if (!oop_is_character(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (oop_to_character(m->args[2]) > 255) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (oop_class_index(m->args[0]) == CLASS_SYMBOL) return primitive_fail(m, FAILURE_READ_ONLY);
  Oop receiver = machine_writable_may_gc(m, m->args[0]);
  if (!receiver) return OOP_FAIL;
  object_bytes(oop_to_object(receiver))[index - 1] = (uint8_t)oop_to_character(m->args[2]);
  return m->args[2];
}

/* ---- characters -------------------------------------------------------------------------------------------- */

static Oop character_value(Machine *m) {
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t code = oop_to_small(m->args[1]);
  if (code < 0 || code > 0x10ffff) return primitive_fail(m, FAILURE_BAD_VALUE);
  return oop_from_character((uint32_t)code);
}

static Oop character_code(Machine *m) {
  if (!oop_is_character(m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_small(oop_to_character(m->args[0]));
}

/* ---- runs of characters of a kind ------------------------------------------------------------------------- */

/* Which characters are meant. */
typedef struct CharacterSet {
  bool has[256];
} CharacterSet;

static const CharacterSet white_space = {{[' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, ['\f'] = true}}; /* as Character>>isSeparator */

/* Argument INDEX, nil for white space; made in ROOM if need be.  NULL: it is no text. */
static const CharacterSet *try_set(Machine *m, unsigned index, CharacterSet *room) {
  Bytes set;
  if (m->args[index] == OOP_NIL) return &white_space;
  if (!try_argument(m, index, &set)) return NULL;
  memset(room, 0, sizeof *room);
  for (size_t i = 0; i < set.size; i++) room->has[(uint8_t)set.at[i]] = true;
  return room;
}

/* First index from argument 2 on whose character is (IN_SET) or is not one of argument 1 (nil: white space); size + 1 when there is none. */
static Oop span(Machine *m, bool in_set) {
  Bytes text;
  CharacterSet room;
  size_t i;
  const CharacterSet *set = try_receiver(m, &text) ? try_set(m, 1, &room) : NULL;
  if (!set || !primitive_try_index(m, 2, text.size + 1, &i)) return OOP_FAIL;
  size_t start = i--;
  while (i < text.size && set->has[(uint8_t)text.at[i]] != in_set) i++;
  primitive_charge(m, i - start + 1);
  return oop_from_small((int64_t)i + 1);
}
static Oop string_find_any(Machine *m) { return span(m, true); }
static Oop string_skip_any(Machine *m) { return span(m, false); }

static size_t part_start(const CharacterSet *set, const Bytes *text, size_t i) {
  while (i < text->size && set->has[(uint8_t)text->at[i]]) i++;
  return i;
}
static size_t part_end(const CharacterSet *set, const Bytes *text, size_t i) {
  while (i < text->size && !set->has[(uint8_t)text->at[i]]) i++;
  return i;
}

/* Array of Strings: the parts between characters of argument 1 (nil: white space).  Of texts that are not too long for one step. */
static Oop string_parts(Machine *m) {
  enum { PARTS_TEXT_MAX = 256 * 1024 };
  Bytes text;
  CharacterSet room;
  const CharacterSet *set = try_receiver(m, &text) ? try_set(m, 1, &room) : NULL;
  if (!set) return OOP_FAIL;
  if (!oop_has_class(m->args[0], CLASS_STRING) && !oop_has_class(m->args[0], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (text.size > PARTS_TEXT_MAX) return primitive_fail(m, FAILURE_TOO_LARGE);
  size_t count = 0, end;
  for (size_t i = part_start(set, &text, 0); i < text.size; i = part_start(set, &text, part_end(set, &text, i))) count++;
  primitive_charge(m, text.size * 4 + count * 64);
  Oop array = machine_new_array_may_gc(m, count);
  if (!array) return OOP_FAIL;
  unsigned handle = machine_push_handle(m, array);
  for (size_t n = 0, i = 0; n < count; n++, i = end) {
    try_receiver(m, &text); /* it may have moved */
    i = part_start(set, &text, i);
    end = part_end(set, &text, i);
    Oop part = machine_new_bytes_may_gc(m, CLASS_STRING, end - i);
    if (!part) return machine_pop_handles(m, handle), OOP_FAIL;
    try_receiver(m, &text);
    memcpy(object_bytes(oop_to_object(part)), text.at + i, end - i);
    machine_store(m, oop_to_object(machine_handle(m, handle)), n, part);
  }
  array = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  return array;
}

/* ---- writing to a stream ---------------------------------------------------------------------------------- */

/* A WriteStream on a String of this W with room for COUNT more bytes: where they go, counted as written. */
enum { STREAM_COLLECTION, STREAM_POSITION };
static char *stream_room(Machine *m, size_t count) {
  if (!oop_is_pointer(m->args[0]) || address_in_source(m->args[0])) return NULL;
  Object *stream = oop_to_object(m->args[0]);
  if (!object_is_pointers(stream) || object_slots(stream) < 2) return NULL;
  Oop collection = stream->slots[STREAM_COLLECTION], position = stream->slots[STREAM_POSITION];
  if (!oop_is_pointer(collection) || address_in_source(collection) || !oop_is_small(position) || !oop_has_class(collection, CLASS_STRING)) return NULL;
  size_t at = (size_t)oop_to_small(position), size = object_byte_size(oop_to_object(collection));
  if (oop_to_small(position) < 0 || at > size || count > size - at) return NULL;
  if (!machine_writable_may_gc(m, collection)) return NULL;
  stream->slots[STREAM_POSITION] = oop_from_small((int64_t)(at + count));
  return (char *)object_bytes(oop_to_object(collection)) + at;
}

static Oop stream_put(Machine *m) {
  Oop x = m->args[1];
  char *to = oop_is_character(x) && oop_to_character(x) < 256 ? stream_room(m, 1) : NULL;
  if (!to) return primitive_fail(m, FAILURE_UNSUPPORTED);
  *to = (char)oop_to_character(x);
  return x;
}

static Oop stream_put_all(Machine *m) {
  Bytes text;
  char *to = is_string_like(m, m->args[1]) && try_argument(m, 1, &text) ? stream_room(m, text.size) : NULL;
  if (!to || !try_argument(m, 1, &text)) return primitive_fail(m, FAILURE_UNSUPPORTED);
  memmove(to, text.at, text.size); /* a stream may be given what it writes into */
  primitive_charge(m, text.size);
  return m->args[1];
}

const Primitive string_primitives[] = {
    {"string_equal", string_equal, 1, "same class and same bytes", PRIMITIVE_QUICK},
    {"string_same_bytes", string_same_bytes, 1, "same bytes, whatever the classes", PRIMITIVE_QUICK},
    {"string_compare", string_compare, 1, "-1, 0 or 1 by unsigned bytes", PRIMITIVE_QUICK},
    {"string_compare_ignoring_case", string_compare_ignoring_case, 1, "-1, 0 or 1, ASCII letters in one case", PRIMITIVE_QUICK},
    {"string_hash", string_hash, 0, "hash of the bytes, the same in every process", PRIMITIVE_QUICK},
    {"string_index_of", string_index_of, 2, "index of a Character or byte from an index on, or 0", PRIMITIVE_QUICK},
    {"string_index_of_string", string_index_of_string, 2, "index of a run of bytes from an index on, or 0", PRIMITIVE_QUICK},
    {"string_find_any", string_find_any, 2, "index of the first of some characters (nil: white space) from an index on, or size + 1", PRIMITIVE_QUICK},
    {"string_skip_any", string_skip_any, 2, "index of the first character that is none of them", PRIMITIVE_QUICK},
    {"string_parts", string_parts, 1, "Array of the parts between some characters (nil: white space)", 0},
    {"stream_put", stream_put, 1, "adds a Character to a WriteStream on a String with room", PRIMITIVE_QUICK},
    {"stream_put_all", stream_put_all, 1, "adds a String likewise", PRIMITIVE_QUICK},
    {"string_concatenate", string_concatenate, 1, "receiver's bytes, then the argument's", 0},
    {"string_as_uppercase", string_as_uppercase, 0, "copy with ASCII letters in upper case", 0},
    {"string_as_lowercase", string_as_lowercase, 0, "copy with ASCII letters in lower case", 0},
    {"string_reversed", string_reversed, 0, "copy, last byte first", 0},
    {"bytes_as_string", bytes_as_string, 0, "String with the receiver's bytes", 0},
    {"bytes_as_byte_array", bytes_as_byte_array, 0, "ByteArray with the receiver's bytes", 0},
    {"string_as_symbol", string_as_symbol, 0, "the one Symbol with these characters", 0},
    {"string_find_symbol", string_find_symbol, 0, "the Symbol with these characters if there is one, else nil", PRIMITIVE_QUICK},
    {"symbol_argument_count", symbol_argument_count, 0, "arguments of a message with this selector, -1: no selector", PRIMITIVE_QUICK},
    {"string_at", string_at, 1, "Character at an index", PRIMITIVE_QUICK},
    {"string_at_put", string_at_put, 2, "stores a Character of one byte; not for Symbols", 0},
    {"character_value", character_value, 1, "the Character with a code", PRIMITIVE_QUICK},
    {"character_code", character_code, 0, "code of a Character", PRIMITIVE_QUICK},
    {NULL, NULL, 0, NULL, 0}};
