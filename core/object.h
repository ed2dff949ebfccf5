/* SPDX-License-Identifier: MIT */
/* object.h -- the 8 bytes in front of every object, and how its body is read.
 *
 *    63        52 51              29 28     24 23    19 18             0
 *   +------------+------------------+---------+--------+----------------+
 *   | body slots |  identity hash   |  flags  | format |  class index   |   then the body, 8-byte slots
 *   +------------+------------------+---------+--------+----------------+
 *
 * A body of OBJECT_SIZE_LARGE slots or more has its slot count in the word *before* the header; such
 * objects live in the large-object space of a W (memory_internal.h), or anywhere in an S.  Those of a W that hold bytes have only the
 * address of their body in slot 0 (BODY_ELSEWHERE), so that messages can hand on the bytes without copying them (shared_bytes.h).
 *
 * Class indices: 1 .. CLASS_INDEX_W - 1 are numbered by S, CLASS_INDEX_W and up by one actor for the
 * classes of its own W.  An index never leaves the process. */
#ifndef ATOLL_OBJECT_H
#define ATOLL_OBJECT_H

#include <assert.h>
#include <stddef.h>

#include "oop.h"

typedef struct Object {
  uint64_t header;
  Oop slots[];
} Object;

enum {
  CLASS_INDEX_BITS = 19,
  CLASS_INDEX_W = 1 << 18,
  FORMAT_SHIFT = 19,
  FLAG_SHIFT = 24,
  HASH_SHIFT = 29,
  HASH_BITS = 23,
  SIZE_SHIFT = 52,
  OBJECT_SIZE_LARGE = 4095 /* value of the size field that means "see the word before" */
};
#define CLASS_INDEX_MASK ((uint64_t)CLASS_INDEX_W * 2 - 1)
#define HASH_MASK ((uint64_t)(1 << HASH_BITS) - 1)

/* How the body is laid out. */
typedef enum Format {
  FORMAT_FIXED = 0,    /* named slots only, all oops */
  FORMAT_POINTERS = 1, /* named slots, then indexed oops */
  FORMAT_WEAK = 2,     /* named slots, then indexed oops that do not keep alive (weak.h) */
  FORMAT_CODE = 3,     /* CompiledCode: CODE_LITERALS + n oops, then instruction words (code.h) */
  FORMAT_WORDS = 4,    /* 64-bit words without oops: boxed FloatD, limbs of large integers */
  FORMAT_BYTES = 8,  /* 8..15: bytes; (format & 7) bytes at the end of the last slot are unused */
  FORMAT_SHORTS = 16, /* 16..23, even: elements of 16 bits; the same unused bytes */
  FORMAT_INTS = 24    /* 24, 28: elements of 32 bits */
} Format;

/* An object that the collector has moved holds its new address, shifted, in place of the header: class index 0
 * is nobody's.  So even an object without slots can be forwarded. */
static inline bool header_is_forwarded(uint64_t header) { return (header & (((uint64_t)1 << 19) - 1)) == 0; }
static inline uint64_t header_forward(uint64_t address) { return address << 16; }
static inline uint64_t header_forwarded_to(uint64_t header) { return header >> 16; }

/* Header flags. */
#define FLAG_GUARD ((uint64_t)1 << 24)     /* a store must take the slow path: in S, or old and not remembered */
#define FLAG_WEAK ((uint64_t)1 << 25)      /* in the weak table of its W: references that do not keep alive (weak.h) */
#define FLAG_OLD ((uint64_t)1 << 26)       /* in the old generation or large-object space of its W */
#define FLAG_SHADOW ((uint64_t)1 << 27)    /* the W copy of an object of S */
#define FLAG_MARKED ((uint64_t)1 << 28)    /* collector only, large objects; in S: object is shadowable */
#define FLAG_SHADOWABLE FLAG_MARKED

static inline Object *oop_to_object(Oop x) { return (Object *)(uintptr_t)x; }
static inline Oop oop_from_object(const Object *o) { return (Oop)(uintptr_t)o; }

static inline uint32_t object_class_index(const Object *o) { return (uint32_t)(o->header & CLASS_INDEX_MASK); }
static inline unsigned object_format(const Object *o) { return (unsigned)(o->header >> FORMAT_SHIFT) & 31; }
static inline uint32_t object_hash(const Object *o) { return (uint32_t)(o->header >> HASH_SHIFT & HASH_MASK); }

#define BODY_ELSEWHERE ((uint64_t)1 << 63) /* in the word before the header */

static inline bool object_is_large(const Object *o) { return o->header >> SIZE_SHIFT == OBJECT_SIZE_LARGE; }

static inline size_t object_slots(const Object *o) {
  size_t n = (size_t)(o->header >> SIZE_SHIFT);
  return n < OBJECT_SIZE_LARGE ? n : (size_t)(((const uint64_t *)o)[-1] & ~BODY_ELSEWHERE);
}
static inline bool object_body_is_elsewhere(const Object *o) { return object_is_large(o) && ((const uint64_t *)o)[-1] & BODY_ELSEWHERE; }

static inline bool object_is_bytes(const Object *o) { return (object_format(o) & ~7u) == FORMAT_BYTES; }
static inline bool object_is_packed(const Object *o) { return object_format(o) >= FORMAT_BYTES; } /* has a size in bytes */
static inline bool object_is_pointers(const Object *o) { return object_format(o) <= FORMAT_WEAK; }

/* Of packed objects. */
static inline size_t object_byte_size(const Object *o) { return object_slots(o) * 8 - (object_format(o) & 7); }
static inline uint8_t *object_bytes(const Object *o) {
  return object_body_is_elsewhere(o) ? (uint8_t *)(uintptr_t)o->slots[0] : (uint8_t *)(uintptr_t)o->slots;
}

static inline uint64_t header_make(uint32_t class_index, unsigned format, uint32_t hash, size_t slots) {
  size_t size = slots < OBJECT_SIZE_LARGE ? slots : OBJECT_SIZE_LARGE;
  return (uint64_t)size << SIZE_SHIFT | ((uint64_t)hash & HASH_MASK) << HASH_SHIFT | (uint64_t)format << FORMAT_SHIFT | class_index;
}

/* Bytes that an indexed element takes, by format. */
static inline size_t format_element_size(unsigned format) {
  return (format & ~7u) == FORMAT_BYTES ? 1 : (format & ~7u) == FORMAT_SHORTS ? 2 : format >= FORMAT_INTS ? 4 : 8;
}

/* Slots and trailing unused bytes of a byte object of SIZE bytes. */
static inline size_t bytes_to_slots(size_t size) { return (size + 7) / 8; }
static inline unsigned packed_format(unsigned format, size_t size) { return (format & ~7u) | (unsigned)(-size & 7); }
static inline unsigned bytes_format(size_t size) { return packed_format(FORMAT_BYTES, size); }

/* Class index of any oop, immediates included (classes.h numbers the first ones to match the tags). */
uint32_t oop_class_index_immediate(Oop x);
static inline uint32_t oop_class_index(Oop x) {
  return oop_is_pointer(x) ? object_class_index(oop_to_object(x)) : oop_class_index_immediate(x);
}

/* How many leading slots of O are oops that the collector must follow. */
size_t object_pointer_slots(const Object *o);

#endif
