/* SPDX-License-Identifier: MIT */
/* snapshot.c -- see snapshot.h. */
#include "snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "frames.h"
#include "heap_walk.h"
#include "memory_internal.h"
#include "primitive.h"
#include "processes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define SNAPSHOT_MAGIC "ATOLLSNP"
enum { SNAPSHOT_VERSION = 2, IN_SOURCE = 8 };

typedef struct SnapshotHeader {
  char magic[8];
  uint64_t checksum; /* XXH3 of everything behind it */
  uint64_t version, source, primitives;
  uint64_t heap_bytes, object_count, stack_slots, shadow_count;
  uint64_t fp, pc, answer_to, answer; /* fp: slots from the stack base + 1, 0 for none */
  uint64_t overridden, hash_seed, heap_limit, depth_limit_kb;
} SnapshotHeader;

/* ---- writing ---------------------------------------------------------------------------------------------------------- */

typedef struct Writer {
  Machine *m;
  char *bytes;
  size_t size, capacity;
  uint64_t next;         /* offset of the next object */
  struct {
    Oop object;
    uint64_t offset;
  } *places;             /* open addressing */
  size_t mask, count;
  bool failed, elsewhere; /* ELSEWHERE: it refers to what is neither in W nor in its S */
} Writer;

static void put(Writer *w, const void *data, size_t size) {
  if (w->failed) return;
  if (w->size + size > w->capacity) {
    size_t capacity = (w->size + size) * 2;
    char *grown = realloc(w->bytes, capacity);
    if (!grown) {
      w->failed = true;
      return;
    }
    w->bytes = grown;
    w->capacity = capacity;
  }
  memcpy(w->bytes + w->size, data, size);
  w->size += size;
}

static void count_object(void *context, Object *object) {
  (void)object;
  ((Writer *)context)->count++;
}

/* Large objects have a word before the header: slot count << 19, which no header looks like (its class index is 0). */
static size_t written_size(const Object *object) {
  return 8 + object_slots(object) * 8 + (object_slots(object) >= OBJECT_SIZE_LARGE ? 8 : 0);
}

static void place_object(void *context, Object *object) {
  Writer *w = context;
  Oop x = oop_from_object(object);
  size_t i = address_hash(x) & w->mask;
  while (w->places[i].object) i = (i + 1) & w->mask;
  w->places[i].object = x;
  w->places[i].offset = w->next + (object_slots(object) >= OBJECT_SIZE_LARGE ? 8 : 0);
  w->next += written_size(object);
}

static uint64_t encode(Writer *w, Oop x) {
  uint64_t offset = 0;
  if (!oop_is_pointer(x)) return x;
  if (!x) return OOP_NIL;
  if (address_in_source(x)) {
    if (!source_image_offset(w->m->source, x, &offset)) w->failed = w->elsewhere = true;
    return offset << 4 | IN_SOURCE;
  }
  for (size_t i = address_hash(x) & w->mask; w->places[i].object; i = (i + 1) & w->mask)
    if (w->places[i].object == x) return w->places[i].offset << 4;
  w->failed = w->elsewhere = true;
  return OOP_NIL;
}

static void put_reference(Writer *w, Oop x) {
  uint64_t word = encode(w, x);
  put(w, &word, 8);
}

static void write_object(void *context, Object *object) {
  Writer *w = context;
  uint64_t slots = object_slots(object), before = slots << CLASS_INDEX_BITS, header = object->header & ~(FLAG_OLD | FLAG_GUARD | FLAG_MARKED);
  size_t pointers = object_pointer_slots(object);
  if (slots >= OBJECT_SIZE_LARGE) put(w, &before, 8);
  put(w, &header, 8);
  for (size_t i = 0; i < pointers; i++) put_reference(w, object->slots[i]);
  put(w, pointers ? (const void *)(object->slots + pointers) : object_bytes(object), (slots - pointers) * 8);
}

static void write_shadows(Writer *w) {
  const ShadowTable *table = w->m->shadows;
  for (uint32_t i = 0; table && i <= table->mask; i++) {
    if (!table->entries[i].original) continue;
    put_reference(w, table->entries[i].original);
    put_reference(w, table->entries[i].copy);
  }
}

/* Why M cannot be written now, or NULL. */
static const char *obstacle(const Machine *m) {
  if (m->source->layer.size) return "the actor stands on definitions that are in no image file: put them into one with 'atoll build' first";
  if (processes_wait(m)) return "a green process of the actor sleeps or waits for something outside: write the snapshot when none does";
  return NULL;
}

/* Gives each object its offset.  False: no memory. */
static bool place_objects(Writer *w) {
  heap_each_object(w->m, count_object, w);
  size_t size = 64;
  while (size < w->count * 2) size *= 2;
  w->places = calloc(size, sizeof *w->places);
  w->mask = size - 1;
  if (w->places) heap_each_object(w->m, place_object, w);
  return w->places != NULL;
}

static SnapshotHeader header_of(Writer *w, size_t stack_slots, Oop answer) {
  const Machine *m = w->m;
  return (SnapshotHeader){.magic = SNAPSHOT_MAGIC, .version = SNAPSHOT_VERSION, .source = m->source->id, .primitives = m->source->primitives->names_hash,
                          .heap_bytes = w->next, .object_count = w->count, .stack_slots = stack_slots, .shadow_count = m->shadows ? m->shadows->count : 0,
                          .fp = m->fp ? (uint64_t)(m->fp - m->stack) + 1 : 0, .pc = m->pc, .answer_to = m->answer_to, .answer = encode(w, answer),
                          .overridden = m->overridden, .hash_seed = m->hash_seed, .heap_limit = m->heap_limit, .depth_limit_kb = m->depth_limit_kb};
}

static void write_machine(Writer *w, Oop answer) {
  Machine *m = w->m;
  size_t top = (size_t)(machine_stack_top(m) - m->stack);
  frames_settle_links(m);
  SnapshotHeader header = header_of(w, top, answer);
  put(w, &header, sizeof header);
  heap_each_object(m, write_object, w);
  for (size_t i = 0; i < top; i++) put_reference(w, m->stack[i]);
  for (int i = 0; i < ROOT_COUNT; i++) put_reference(w, m->roots[i]);
  write_shadows(w);
}

char *snapshot_write(Machine *m, Oop answer, size_t *size, char *error) {
  Writer w = {.m = m};
  const char *problem = obstacle(m);
  if (problem) return snprintf(error, SNAPSHOT_ERROR_SIZE, "%s", problem), NULL;
  unsigned handle = machine_push_handle(m, answer);
  machine_collect_all_may_gc(m); /* only what is reachable */
  answer = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  if (place_objects(&w)) write_machine(&w, answer);
  else w.failed = true;
  free(w.places);
  if (w.failed) {
    snprintf(error, SNAPSHOT_ERROR_SIZE, "%s", w.elsewhere ? "expected references into the actor's own memory and its image, found one to something else"
                                                           : "no memory for a snapshot");
    return free(w.bytes), NULL;
  }
  SnapshotHeader *written = (SnapshotHeader *)w.bytes;
  written->checksum = XXH3_64bits(w.bytes + 16, w.size - 16);
  *size = w.size;
  return w.bytes;
}

/* ---- reading ----------------------------------------------------------------------------------------------------------- */

uint64_t snapshot_source(const char *bytes, size_t size) {
  SnapshotHeader header;
  if (size < sizeof header) return 0;
  memcpy(&header, bytes, sizeof header);
  return memcmp(header.magic, SNAPSHOT_MAGIC, 8) == 0 && header.version == SNAPSHOT_VERSION ? header.source : 0;
}

typedef struct Reader {
  Machine *m;
  const char *heap;
  uint64_t heap_bytes;
  Oop *objects; /* by offset / 8: where it stands now, 0 where no object begins */
} Reader;

static bool decode(const Reader *r, uint64_t word, Oop *out) {
  if (!oop_is_pointer(word)) return *out = word, true;
  if (word & IN_SOURCE) return (*out = source_image_at(r->m->source, word >> 4)) != 0;
  uint64_t offset = word >> 4;
  if (offset & 7 || offset >= r->heap_bytes) return false;
  return (*out = r->objects[offset / 8]) != 0;
}

/* Allocates every object (nothing can move: all is reserved), bodies still empty. */
static bool allocate_all(Reader *r) {
  Machine *m = r->m;
  for (uint64_t at = 0; at < r->heap_bytes;) {
    uint64_t header, slots;
    memcpy(&header, r->heap + at, 8);
    slots = header >> SIZE_SHIFT;
    if (header_is_forwarded(header)) {
      slots = header >> CLASS_INDEX_BITS;
      at += 8;
      if (at + 8 > r->heap_bytes) return false;
      memcpy(&header, r->heap + at, 8);
      if (header >> SIZE_SHIFT != OBJECT_SIZE_LARGE) return false;
    }
    if (slots > (r->heap_bytes - at - 8) / 8) return false;
    uint32_t class = (uint32_t)(header & CLASS_INDEX_MASK);
    unsigned format = (unsigned)(header >> FORMAT_SHIFT) & 31;
    Oop made = slots >= OBJECT_SIZE_LARGE ? machine_new_large_unchecked(m, class, format, slots)
                                          : machine_new_unchecked(m, class, format, slots);
    if (!made) return false;
    uint64_t kept = HASH_MASK << HASH_SHIFT | FLAG_SHADOW;
    Object *object = oop_to_object(made);
    object->header = (object->header & ~kept) | (header & kept);
    memcpy(object_bytes(object), r->heap + at + 8, slots * 8);
    r->objects[at / 8] = made;
    at += 8 + slots * 8;
  }
  return true;
}

static bool connect_all(Reader *r) {
  for (uint64_t at = 0; at < r->heap_bytes; at += 8) {
    if (!r->objects[at / 8]) continue;
    Object *object = oop_to_object(r->objects[at / 8]);
    size_t pointers = object_pointer_slots(object);
    if (pointers > object_slots(object)) return false;
    for (size_t i = 0; i < pointers; i++) {
      Oop value;
      if (!decode(r, object->slots[i], &value)) return false;
      machine_store(r->m, object, i, value);
    }
  }
  return true;
}

static bool read_words(const Reader *r, const char **p, Oop *out, size_t count) {
  for (size_t i = 0; i < count; i++, *p += 8) {
    uint64_t word;
    memcpy(&word, *p, 8);
    if (!decode(r, word, &out[i])) return false;
  }
  return true;
}

static bool read_state(Reader *r, const SnapshotHeader *h, const char *p) {
  Machine *m = r->m;
  Oop answer, entry[2];
  if (!allocate_all(r) || !connect_all(r)) return false;
  if (!read_words(r, &p, m->stack, h->stack_slots) || !read_words(r, &p, m->roots, ROOT_COUNT)) return false;
  for (uint64_t i = 0; i < h->shadow_count; i++)
    if (!read_words(r, &p, entry, 2) || !address_in_source(entry[0]) || !shadow_enter(m, entry[0], entry[1])) return false;
  m->fp = h->fp ? m->stack + h->fp - 1 : NULL;
  if (m->fp && frames_reach(m->stack, (size_t)h->fp - 1) > (size_t)(m->stack_limit - m->stack)) return false;
  m->pc = (uint32_t)h->pc;
  m->overridden = (uint32_t)h->overridden;
  m->hash_seed = (uint32_t)h->hash_seed;
  m->heap_limit = h->heap_limit;
  m->depth_limit_kb = (uint32_t)h->depth_limit_kb;
  m->answer_to = (uint16_t)h->answer_to;
  if (!decode(r, h->answer, &answer)) return false;
  if (m->fp) m->fp[m->answer_to] = answer;
  return true;
}

static bool check(const SnapshotHeader *h, const SourceImage *source, const char *bytes, size_t size, char *error) {
  const char *problem = NULL;
  if (memcmp(h->magic, SNAPSHOT_MAGIC, 8) != 0) problem = "expected a snapshot, found something else";
  else if (h->version != SNAPSHOT_VERSION) problem = "the snapshot has another version; write it again with this atoll";
  else if (XXH3_64bits(bytes + 16, size - 16) != h->checksum) problem = "the checksum is wrong: the snapshot is truncated or damaged";
  else if (h->source != source->id) problem = "the snapshot needs another image: the one that its actor stood on";
  else if (h->primitives != source->primitives->names_hash) problem = "the snapshot was written by an atoll with other primitives";
  else if (h->heap_bytes % 8 || h->heap_bytes > size || h->stack_slots > 1u << 28 || h->shadow_count > 1u << 28 ||
           (h->fp && (h->answer_to > UINT8_MAX || h->fp + h->answer_to > h->stack_slots)) ||
           size != sizeof *h + h->heap_bytes + (h->stack_slots + ROOT_COUNT + h->shadow_count * 2) * 8)
    problem = "the parts of the snapshot do not add up";
  if (problem) snprintf(error, SNAPSHOT_ERROR_SIZE, "%s", problem);
  return !problem;
}

bool snapshot_read(Machine *m, ThreadContext *thread, const SourceImage *source, const char *bytes, size_t size, char *error) {
  SnapshotHeader h;
  if (size < sizeof h) return snprintf(error, SNAPSHOT_ERROR_SIZE, "expected a snapshot, found %zu bytes", size), false;
  memcpy(&h, bytes, sizeof h);
  if (!check(&h, source, bytes, size, error)) return false;
  snprintf(error, SNAPSHOT_ERROR_SIZE, "no memory for the snapshot, or it is damaged");
  if (!machine_init(m, thread, source, NULL)) return false;
  Reader r = {m, bytes + sizeof h, h.heap_bytes, calloc(h.heap_bytes / 8 + 1, sizeof(Oop))};
  bool done = r.objects && machine_old_space(m) && machine_collect_may_gc(m, h.heap_bytes, h.stack_slots + CODE_MAX_REGISTERS + STACK_SLACK, false) &&
              read_state(&r, &h, bytes + sizeof h + h.heap_bytes);
  free(r.objects);
  if (!done) machine_destroy(m);
  return done;
}
