/* SPDX-License-Identifier: MIT */
/* oop.h -- what a Smalltalk value is to C: one tagged 64-bit word.
 *
 * Low bits   value
 *   ...1     SmallInteger, 63 bits two's complement (SmallInteger maxVal = 2^62 - 1)
 *   .000     address of an object (8-byte aligned, see object.h); never 0
 *   .010     Character, code point in bits 3..
 *   .100     FloatD held in the word (exponents near 1.0), see oop_from_double
 *   .110     nil, false, true, and answers of primitives that no program ever sees
 *
 * An address is in an image S when it lies in the window (oop_in_source), else in some W.
 * C code outside oop_resolve and oop_same (shadow.h) never reads the state of, or compares, oops that
 * may be shadowed objects of S. */
#ifndef ATOLL_OOP_H
#define ATOLL_OOP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t Oop;

enum { OOP_TAG_MASK = 7, OOP_TAG_POINTER = 0, OOP_TAG_CHARACTER = 2, OOP_TAG_FLOAT = 4, OOP_TAG_SPECIAL = 6 };

#define OOP_NIL ((Oop)0x06)
#define OOP_FALSE ((Oop)0x0e)
#define OOP_TRUE ((Oop)0x16)

/* Answers of primitives, never stored anywhere a program can see (primitive.h). */
#define OOP_FAIL ((Oop)0x1e)    /* run the method's Smalltalk body */
#define OOP_CONTROL ((Oop)0x26) /* the primitive changed the frames itself */
#define OOP_WAIT ((Oop)0x2e)    /* leave the interpreter; the answer comes with machine_answer */
#define OOP_YIELD ((Oop)0x36)   /* leave the interpreter; run the same send again later */

#define SMALL_INTEGER_MAX ((int64_t)0x3fffffffffffffff)
#define SMALL_INTEGER_MIN (-SMALL_INTEGER_MAX - 1)

static inline bool oop_is_small(Oop x) { return x & 1; }
static inline bool oop_is_pointer(Oop x) { return (x & OOP_TAG_MASK) == OOP_TAG_POINTER; }
static inline bool oop_is_character(Oop x) { return (x & OOP_TAG_MASK) == OOP_TAG_CHARACTER; }
static inline bool oop_is_small_float(Oop x) { return (x & OOP_TAG_MASK) == OOP_TAG_FLOAT; }

static inline int64_t oop_to_small(Oop x) { return (int64_t)x >> 1; }
static inline Oop oop_from_small(int64_t n) { return (Oop)n << 1 | 1; }
static inline bool small_integer_fits(int64_t n) { return n >= SMALL_INTEGER_MIN && n <= SMALL_INTEGER_MAX; }
static inline bool oop_both_small(Oop a, Oop b) { return a & b & 1; }
static inline bool oop_both_small_floats(Oop a, Oop b) { return (((a ^ OOP_TAG_FLOAT) | (b ^ OOP_TAG_FLOAT)) & OOP_TAG_MASK) == 0; }

static inline uint32_t oop_to_character(Oop x) { return (uint32_t)(x >> 3); }
static inline Oop oop_from_character(uint32_t c) { return (Oop)c << 3 | OOP_TAG_CHARACTER; }

static inline Oop oop_from_bool(bool b) { return b ? OOP_TRUE : OOP_FALSE; }

/* A double whose exponent is within 2^-127 .. 2^128 (and +0.0, -0.0) fits in the word (Spur's encoding): the exponent counts from 0 in 8 bits at the
 * top, then the mantissa, the sign, the tag.  Adding 128 to the exponent makes its upper three bits, which then rotate down, the tag of exactly
 * the doubles that fit; 2^-127 itself gives way to the zeros. */
#define SMALL_FLOAT_OFFSET ((uint64_t)1 << 59)
#define SMALL_FLOAT_ZERO_MAX ((Oop)15) /* with the sign: 4 and 12 */

static inline bool double_try_small(double d, Oop *out) {
  uint64_t bits;
  memcpy(&bits, &d, 8);
  uint64_t moved = bits + SMALL_FLOAT_OFFSET;
  *out = moved << 4 | moved >> 60;
  if (__builtin_expect(oop_is_small_float(*out) && *out > SMALL_FLOAT_ZERO_MAX, 1)) return true;
  if (bits << 1) return false;
  return *out = bits >> 60 | OOP_TAG_FLOAT, true;
}

static inline double oop_small_nonzero_to_double(Oop x) {
  uint64_t bits = (x >> 4 | x << 60) - SMALL_FLOAT_OFFSET;
  double d;
  memcpy(&d, &bits, 8);
  return d;
}
static inline double oop_small_to_double(Oop x) {
  if (__builtin_expect(x > SMALL_FLOAT_ZERO_MAX, 1)) return oop_small_nonzero_to_double(x);
  return x >> 3 & 1 ? -0.0 : 0.0;
}

/* The window of address space that holds every source image (images/window.h maps it; fixed at start,
 * the same value in every thread from then on). */
#if defined(__SANITIZE_THREAD__)
#define ATOLL_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ATOLL_TSAN 1
#endif
#endif
#if defined(ATOLL_TSAN) || !defined(__x86_64__)
#define ATOLL_SMALL_WINDOW 1 /* 64 MiB a slot: TSan leaves little address space to programs, and some aarch64 kernels have 39 bits of it */
#define WINDOW_SLOT_SHIFT 26
#else
#define WINDOW_SLOT_SHIFT 30 /* 1 GiB */
#endif
#define WINDOW_SLOTS 4096
#define WINDOW_SIZE ((uint64_t)WINDOW_SLOTS << WINDOW_SLOT_SHIFT)

extern uint64_t window_base; /* written once by window_init, before any Machine exists */

static inline bool oop_in_source(Oop x) { return x - window_base < WINDOW_SIZE && oop_is_pointer(x); }
static inline bool address_in_source(Oop x) { return x - window_base < WINDOW_SIZE; } /* x known to be a pointer */

#endif
