/* SPDX-License-Identifier: MIT */
/* arena.c -- memory that lives until one arena_delete: what a compilation allocates.
 *
 * A list of chunks, each twice the size of the one before up to a limit; a request larger than that gets a chunk
 * of its own.  Nothing is freed one by one, so a syntax error can leave the parser from any depth. */
#include "compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20, ALIGNMENT = 16 };

typedef struct Chunk {
  struct Chunk *next;
  size_t used, size;
  _Alignas(ALIGNMENT) unsigned char bytes[];
} Chunk;

struct Arena {
  Chunk *chunks; /* the first one is being filled */
  size_t next_size;
};

static void *allocate_or_abort(size_t size) {
  void *p = calloc(1, size);
  if (!p) {
    fprintf(stderr, "atoll: out of memory in the compiler (%zu bytes wanted)\n", size);
    abort();
  }
  return p;
}

static Chunk *add_chunk(Arena *arena, size_t size) {
  Chunk *chunk = allocate_or_abort(sizeof(Chunk) + size);
  chunk->size = size;
  chunk->next = arena->chunks;
  arena->chunks = chunk;
  return chunk;
}

/* A chunk for one large block goes behind the one that is being filled. */
static void *alloc_large(Arena *arena, size_t size) {
  Chunk *current = arena->chunks, *chunk = add_chunk(arena, size);
  chunk->used = size;
  if (current) {
    chunk->next = current->next;
    current->next = chunk;
    arena->chunks = current;
  }
  return chunk->bytes;
}

Arena *arena_new(void) {
  Arena *arena = allocate_or_abort(sizeof(Arena));
  arena->next_size = FIRST_CHUNK;
  return arena;
}

void arena_delete(Arena *arena) {
  if (!arena) return;
  for (Chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  free(arena);
}

void *arena_alloc(Arena *arena, size_t size) {
  Chunk *chunk = arena->chunks;
  void *p;
  size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (!chunk || chunk->size - chunk->used < size) {
    if (size > arena->next_size / 4) return alloc_large(arena, size);
    chunk = add_chunk(arena, arena->next_size);
    if (arena->next_size < LARGEST_CHUNK) arena->next_size *= 2;
  }
  p = chunk->bytes + chunk->used;
  chunk->used += size;
  return p;
}

char *arena_strndup(Arena *arena, const char *text, size_t length) {
  char *copy = arena_alloc(arena, length + 1);
  if (length) memcpy(copy, text, length);
  return copy;
}
