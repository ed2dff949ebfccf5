/* SPDX-License-Identifier: MIT */
/* wire.c -- reading one item of MessagePack. */
#include "wire.h"

/* Kinds by first byte for 0xc0 .. 0xdf: bytes of the length or value that follow the first byte. */
static const uint8_t operand_size[32] = {
    /* c0 nil, unused, false, true */ 0, 0, 0, 0, /* bin */ 1, 2, 4, /* ext */ 1, 2, 4, /* float */ 4, 8,
    /* uint */ 1, 2, 4, 8, /* int */ 1, 2, 4, 8, /* fixext */ 0, 0, 0, 0, 0, /* str */ 1, 2, 4, /* array, map */ 2, 4, 2, 4};

static bool read_sized(const uint8_t **at, const uint8_t *end, WireItem *item, WireKind kind, uint64_t size) {
  item->kind = kind;
  item->size = (uint32_t)size;
  if ((uint64_t)(end - *at) < size) return false;
  item->bytes = *at;
  *at += size;
  return true;
}

static bool read_extension(const uint8_t **at, const uint8_t *end, WireItem *item, uint64_t size) {
  if (*at == end) return false;
  item->type = *(*at)++;
  return read_sized(at, end, item, WIRE_KIND_EXTENSION, size);
}

static bool read_integer(WireItem *item, int64_t n) {
  item->kind = n < 0 ? WIRE_KIND_NEGATIVE : WIRE_KIND_UNSIGNED;
  item->word = (uint64_t)n;
  return true;
}

static bool read_float(WireItem *item, unsigned code, uint64_t bits) {
  item->kind = WIRE_KIND_DOUBLE;
  if (code == 0xcb) return memcpy(&item->number, &bits, 8), true;
  uint32_t bits32 = (uint32_t)bits;
  float f;
  memcpy(&f, &bits32, 4);
  item->number = f;
  return true;
}

static bool read_head(WireItem *item, WireKind kind, uint64_t size) {
  item->kind = kind;
  item->size = (uint32_t)size;
  return true;
}

bool wire_try_read(const uint8_t **at, const uint8_t *end, WireItem *item) {
  if (*at == end) return false;
  unsigned code = *(*at)++;
  if (code < 0x80) return read_integer(item, (int64_t)code);
  if (code >= 0xe0) return read_integer(item, (int8_t)code);
  if (code < 0x90) return read_head(item, WIRE_KIND_MAP, code & 15);
  if (code < 0xa0) return read_head(item, WIRE_KIND_ARRAY, code & 15);
  if (code < 0xc0) return read_sized(at, end, item, WIRE_KIND_STRING, code & 31);
  size_t width = operand_size[code - 0xc0];
  if ((size_t)(end - *at) < width) return false;
  uint64_t operand = width ? wire_number(*at, width) : 0;
  *at += width;
  switch (code) {
  case 0xc0: return read_head(item, WIRE_KIND_NIL, 0);
  case 0xc2: return read_head(item, WIRE_KIND_FALSE, 0);
  case 0xc3: return read_head(item, WIRE_KIND_TRUE, 0);
  case 0xc4: case 0xc5: case 0xc6: return read_sized(at, end, item, WIRE_KIND_BINARY, operand);
  case 0xc7: case 0xc8: case 0xc9: return read_extension(at, end, item, operand);
  case 0xca: case 0xcb: return read_float(item, code, operand);
  case 0xcc: case 0xcd: case 0xce: case 0xcf: return item->kind = WIRE_KIND_UNSIGNED, item->word = operand, true;
  case 0xd0: return read_integer(item, (int8_t)operand);
  case 0xd1: return read_integer(item, (int16_t)operand);
  case 0xd2: return read_integer(item, (int32_t)operand);
  case 0xd3: return read_integer(item, (int64_t)operand);
  case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return read_extension(at, end, item, 1u << (code - 0xd4));
  case 0xd9: case 0xda: case 0xdb: return read_sized(at, end, item, WIRE_KIND_STRING, operand);
  case 0xdc: case 0xdd: return read_head(item, WIRE_KIND_ARRAY, operand);
  case 0xde: case 0xdf: return read_head(item, WIRE_KIND_MAP, operand);
  default: return false;
  }
}
