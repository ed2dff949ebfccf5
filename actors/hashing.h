/* SPDX-License-Identifier: MIT */
/* hashing.h -- hashes of names and of ids of actors, for the tables of the runtime; their lowest bits may be used. */
#ifndef ATOLL_HASHING_H
#define ATOLL_HASHING_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a */
static inline uint32_t hash_text(const char *text, size_t size) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < size; i++) h = (h ^ (uint8_t)text[i]) * 0x100000001b3u;
  return (uint32_t)(h >> 20);
}

static inline uint32_t hash_id(uint64_t id) { return (uint32_t)(id * 0x9e3779b97f4a7c15u >> 32); }

#endif
