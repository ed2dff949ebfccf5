/* SPDX-License-Identifier: MIT */
/* wire.h -- the bytes of a message: MessagePack, and the extension types that Atoll adds.  README.md describes them for other languages.
 *
 * Everything here is inline and knows no machine.  The put_ functions write without checking: the caller has made room
 * (WIRE_SCALAR_MAX bytes are enough for any of them but the ones that take a length). */
#ifndef ATOLL_WIRE_H
#define ATOLL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* X(name, number, doc): extension types.  "header" types stand only as the first element of an array and say what the array is. */
#define WIRE_EXTENSIONS(X)                                                                              \
  X(SYMBOL, 1, "name bytes")                                                                            \
  X(CHARACTER, 2, "code point, 4 bytes")                                                                \
  X(LARGE_INTEGER, 3, "sign byte (1 = negative), then magnitude, most significant byte first")         \
  X(ACTOR, 4, "actor id, 8 bytes")                                                                      \
  X(PROMISE, 5, "id of the actor that owns it, 8 bytes; its number there, 8; in this process: number of its count among what the message shares, 4") \
  X(BACK_REFERENCE, 6, "number of an earlier object of this message, 4 bytes")                          \
  X(SOURCE_REFERENCE, 7, "offset in the S that the message names, 4 or 8 bytes")                        \
  X(CLASS, 8, "class number in that S << 1 | metaclass, 4 bytes")                                       \
  X(CLASS_NAMED, 9, "byte 1 for a metaclass, else 0; then the name, namespaces separated by '.'")       \
  X(BINDING_NAMED, 10, "name of a global")                                                              \
  X(INSTANCE, 11, "header: class number in S; then the slots, or the body as one bin")                  \
  X(INSTANCE_NAMED, 12, "header: name of the class; likewise")                                          \
  X(BLOCK, 13, "header: nothing; then code, receiver, copied values")                                   \
  X(VARIABLE, 15, "header: nothing; then name and value: a variable of the program's statements, copied for a block that uses it") \
  X(CODE, 14, "header: class number; then the instruction words as one bin, then the oops of the code object") \
  X(SHARED_BYTES, 16, "in place of a str or bin: byte 1 for a str, else 0; number among what the message shares, 4")

typedef enum WireExtension {
#define X(name, number, doc) WIRE_##name = number,
  WIRE_EXTENSIONS(X)
#undef X
      WIRE_EXTENSION_END
} WireExtension;

enum { WIRE_SCALAR_MAX = 32 };

static inline bool wire_is_header(uint8_t type) {
  return type == WIRE_INSTANCE || type == WIRE_INSTANCE_NAMED || type == WIRE_BLOCK || type == WIRE_CODE || type == WIRE_VARIABLE;
}

static inline uint8_t *wire_put_be16(uint8_t *at, uint16_t v) {
  v = __builtin_bswap16(v);
  memcpy(at, &v, 2);
  return at + 2;
}
static inline uint8_t *wire_put_be32(uint8_t *at, uint32_t v) {
  v = __builtin_bswap32(v);
  memcpy(at, &v, 4);
  return at + 4;
}
static inline uint8_t *wire_put_be64(uint8_t *at, uint64_t v) {
  v = __builtin_bswap64(v);
  memcpy(at, &v, 8);
  return at + 8;
}
static inline uint16_t wire_be16(const uint8_t *at) {
  uint16_t v;
  memcpy(&v, at, 2);
  return __builtin_bswap16(v);
}
static inline uint32_t wire_be32(const uint8_t *at) {
  uint32_t v;
  memcpy(&v, at, 4);
  return __builtin_bswap32(v);
}
static inline uint64_t wire_be64(const uint8_t *at) {
  uint64_t v;
  memcpy(&v, at, 8);
  return __builtin_bswap64(v);
}

static inline uint8_t *wire_put_unsigned(uint8_t *at, uint64_t n) {
  if (n < 0x80) return *at = (uint8_t)n, at + 1;
  if (n <= 0xff) return at[0] = 0xcc, at[1] = (uint8_t)n, at + 2;
  if (n <= 0xffff) return *at = 0xcd, wire_put_be16(at + 1, (uint16_t)n);
  if (n <= 0xffffffff) return *at = 0xce, wire_put_be32(at + 1, (uint32_t)n);
  return *at = 0xcf, wire_put_be64(at + 1, n);
}
static inline uint8_t *wire_put_integer(uint8_t *at, int64_t n) {
  if (n >= 0) return wire_put_unsigned(at, (uint64_t)n);
  if (n >= -32) return *at = (uint8_t)n, at + 1;
  if (n >= INT8_MIN) return at[0] = 0xd0, at[1] = (uint8_t)n, at + 2;
  if (n >= INT16_MIN) return *at = 0xd1, wire_put_be16(at + 1, (uint16_t)n);
  if (n >= INT32_MIN) return *at = 0xd2, wire_put_be32(at + 1, (uint32_t)n);
  return *at = 0xd3, wire_put_be64(at + 1, (uint64_t)n);
}
static inline uint8_t *wire_put_double(uint8_t *at, double d) {
  uint64_t bits;
  memcpy(&bits, &d, 8);
  *at = 0xcb;
  return wire_put_be64(at + 1, bits);
}
static inline uint8_t *wire_put_nil(uint8_t *at) { return *at = 0xc0, at + 1; }
static inline uint8_t *wire_put_bool(uint8_t *at, bool b) { return *at = b ? 0xc3 : 0xc2, at + 1; }

static inline uint8_t *wire_put_array(uint8_t *at, uint32_t n) {
  if (n < 16) return *at = (uint8_t)(0x90 | n), at + 1;
  if (n <= 0xffff) return *at = 0xdc, wire_put_be16(at + 1, (uint16_t)n);
  return *at = 0xdd, wire_put_be32(at + 1, n);
}
static inline uint8_t *wire_put_map(uint8_t *at, uint32_t n) {
  if (n < 16) return *at = (uint8_t)(0x80 | n), at + 1;
  if (n <= 0xffff) return *at = 0xde, wire_put_be16(at + 1, (uint16_t)n);
  return *at = 0xdf, wire_put_be32(at + 1, n);
}
/* Headers only: N bytes follow. */
static inline uint8_t *wire_put_string(uint8_t *at, uint32_t n) {
  if (n < 32) return *at = (uint8_t)(0xa0 | n), at + 1;
  if (n <= 0xff) return at[0] = 0xd9, at[1] = (uint8_t)n, at + 2;
  if (n <= 0xffff) return *at = 0xda, wire_put_be16(at + 1, (uint16_t)n);
  return *at = 0xdb, wire_put_be32(at + 1, n);
}
static inline uint8_t *wire_put_binary(uint8_t *at, uint32_t n) {
  if (n <= 0xff) return at[0] = 0xc4, at[1] = (uint8_t)n, at + 2;
  if (n <= 0xffff) return *at = 0xc5, wire_put_be16(at + 1, (uint16_t)n);
  return *at = 0xc6, wire_put_be32(at + 1, n);
}
static inline uint8_t *wire_put_extension(uint8_t *at, WireExtension type, uint32_t n) {
  switch (n) {
  case 1: *at++ = 0xd4; break;
  case 2: *at++ = 0xd5; break;
  case 4: *at++ = 0xd6; break;
  case 8: *at++ = 0xd7; break;
  case 16: *at++ = 0xd8; break;
  default:
    if (n <= 0xff) *at++ = 0xc7, *at++ = (uint8_t)n;
    else if (n <= 0xffff) *at++ = 0xc8, at = wire_put_be16(at, (uint16_t)n);
    else *at++ = 0xc9, at = wire_put_be32(at, n);
  }
  *at++ = (uint8_t)type;
  return at;
}
static inline uint8_t *wire_put_extension32(uint8_t *at, WireExtension type, uint32_t value) {
  at[0] = 0xd6;
  at[1] = (uint8_t)type;
  return wire_put_be32(at + 2, value);
}
static inline uint8_t *wire_put_extension64(uint8_t *at, WireExtension type, uint64_t value) {
  at[0] = 0xd7;
  at[1] = (uint8_t)type;
  return wire_put_be64(at + 2, value);
}

/* ---- reading ---- */

typedef enum WireKind {
  WIRE_KIND_NIL, WIRE_KIND_FALSE, WIRE_KIND_TRUE, WIRE_KIND_UNSIGNED, WIRE_KIND_NEGATIVE, WIRE_KIND_DOUBLE,
  WIRE_KIND_STRING, WIRE_KIND_BINARY, WIRE_KIND_EXTENSION, /* size bytes follow, already checked to be there */
  WIRE_KIND_ARRAY, WIRE_KIND_MAP                           /* size elements or pairs follow */
} WireKind;

typedef struct WireItem {
  WireKind kind;
  uint8_t type;  /* of an extension */
  uint32_t size;
  union {
    uint64_t word;  /* UNSIGNED; NEGATIVE as int64 */
    double number;
    const uint8_t *bytes;
  };
} WireItem;

/* Reads one item (of containers only the head) at *AT.  False when the bytes end too early or have the unused code 0xc1. */
bool wire_try_read(const uint8_t **at, const uint8_t *end, WireItem *item);

#define WIRE_NOT_SHARED UINT32_MAX
/* The number that an extension of the message says something it shares has. */
static inline uint32_t wire_shared_number(const WireItem *item) {
  if (item->type == WIRE_SHARED_BYTES && item->size == 5) return wire_be32(item->bytes + 1);
  return item->type == WIRE_PROMISE && item->size == 20 ? wire_be32(item->bytes + 16) : WIRE_NOT_SHARED;
}

/* Big-endian number of 1 to 8 bytes. */
static inline uint64_t wire_number(const uint8_t *bytes, size_t size) {
  uint64_t n = 0;
  if (size == 4) return wire_be32(bytes);
  while (size--) n = n << 8 | *bytes++;
  return n;
}

#endif
