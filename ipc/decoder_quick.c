/* SPDX-License-Identifier: MIT */
/* decoder_quick.c -- small messages of this process in one walk, while there is room.
 *
 * Nothing is measured first.  What is unusual, or does not fit, is left to the long way: nothing refers to what has been built so far, so it is dropped by setting the end of
 * the nursery back. */
#include "debug.h"
#include "decoder_internal.h"
#include "memory_internal.h"
#include "wire.h"

enum { SIZE_MAX_QUICK = 4000, DEPTH_MAX = 16, OBJECTS_MAX = 64, SHORT_MAX = 32 };

/* An array or instance that is being filled, or the values of the message. */
typedef struct QuickFrame {
  Oop *next, *end;
} QuickFrame;

typedef struct Quick {
  const uint8_t *at, *end;
  char *alloc, *limit;
  uint32_t hash_seed;
  uint32_t object_count;
  Decoder *d;
  Machine *m;
  unsigned depth;
  QuickFrame *frames; /* DEPTH_MAX */
  Object **objects;   /* the latest, by number modulo OBJECTS_MAX */
} Quick;

/* NULL: no room. */
static inline Object *cut(Quick *q, uint32_t class_index, unsigned format, size_t slots) {
  Object *object = (Object *)q->alloc;
  if (8 + slots * 8 > (size_t)(q->limit - q->alloc)) return NULL;
  q->alloc += 8 + slots * 8;
  q->hash_seed = machine_hash_after(q->hash_seed);
  object->header = header_make(class_index, format, machine_hash_of(q->hash_seed), slots);
  return object;
}

static inline Object *cut_numbered(Quick *q, uint32_t class_index, unsigned format, size_t slots) {
  Object *object = cut(q, class_index, format, slots);
  if (!object) return NULL;
  q->objects[q->object_count++ % OBJECTS_MAX] = object;
  return object;
}

/* SIZE bytes, which are there. */
static inline Oop new_packed(Quick *q, uint32_t class_index, const uint8_t *bytes, size_t size) {
  size_t slots = bytes_to_slots(size);
  Object *object = cut_numbered(q, class_index, bytes_format(size), slots);
  if (!object) return 0;
  if (!slots) return oop_from_object(object);
  if (size < SHORT_MAX && (size_t)(q->end - bytes) >= SHORT_MAX) { /* whole words */
    for (size_t i = 0; i < slots; i++) memcpy(&object->slots[i], bytes + i * 8, 8);
    object->slots[slots - 1] &= ~(uint64_t)0 >> (-size & 7) * 8;
  } else {
    object->slots[slots - 1] = 0;
    memcpy(object->slots, bytes, size);
  }
  return oop_from_object(object);
}

/* Short integers, nils and short strings in a row, into SLOT and on before END.  Answers the first slot that is still free: there is something else, too few bytes or
 * no room. */
static Oop *read_leaves(Quick *q, Oop *slot, const Oop *end) {
  Quick l = {.at = q->at, .end = q->end, .alloc = q->alloc, .limit = q->limit, .hash_seed = q->hash_seed, .object_count = q->object_count, .objects = q->objects}; /* in registers */
  for (; slot < end && l.at < l.end; slot++) {
    const uint8_t *at = l.at;
    size_t left = (size_t)(l.end - at), size;
    unsigned code = *at;
    if (code < 0x80 || code >= 0xe0) *slot = oop_from_small((int8_t)code), l.at++;
    else if (code == 0xc0) *slot = OOP_NIL, l.at++;
    else if (code >= 0xa0 && code < 0xc0 && left > (size = code & 31) && (*slot = new_packed(&l, CLASS_STRING, at + 1, size))) l.at = at + 1 + size;
    else if (code == 0xcd && left > 2) *slot = oop_from_small(wire_be16(at + 1)), l.at += 3;
    else if (code == 0xcc && left > 1) *slot = oop_from_small(at[1]), l.at += 2;
    else if (code == 0xce && left > 4) *slot = oop_from_small(wire_be32(at + 1)), l.at += 5;
    else break;
  }
  q->at = l.at, q->alloc = l.alloc, q->hash_seed = l.hash_seed, q->object_count = l.object_count;
  return slot;
}

static Oop begin(Quick *q, Object *container, uint32_t n) {
  if (!container) return 0;
  if (n == 0) return oop_from_object(container);
  if (++q->depth == DEPTH_MAX) return 0;
  q->frames[q->depth] = (QuickFrame){container->slots, container->slots + n};
  return oop_from_object(container);
}

static const ClassShape *shape_at(Quick *q, uint32_t number, ClassShape *room) {
  const ClassShape *cached = &q->d->shapes[number % SHAPE_CACHE];
  if (cached->image_id == source_image_id(q->d->source) && cached->number == number && !q->m->shadows) return cached;
  return decoder_shape_by_number(q->d, number, room) == CODEC_OK ? room : NULL;
}

static Oop begin_instance(Quick *q, uint32_t n, const WireItem *header) {
  ClassShape room;
  const ClassShape *shape = shape_at(q, (uint32_t)wire_number(header->bytes, header->size), &room);
  if (!shape || shape->format > FORMAT_POINTERS || n < shape->fixed || (shape->format == FORMAT_FIXED && n != shape->fixed)) return 0;
  Object *object = cut_numbered(q, shape->class_index, shape->format, n);
  if (object && shape->hashed != HASHED_NOT && !decoder_note_hashed(q->d, oop_from_object(object), (HashedKind)shape->hashed)) return 0;
  return begin(q, object, n);
}

static Oop read_extension(Quick *q, const WireItem *item);

/* Code and self, which are no containers, then N - CLOSURE_COPIED copied values. */
static Oop begin_block(Quick *q, uint32_t n) {
  WireItem code;
  Object *block = n < CLOSURE_COPIED ? NULL : cut_numbered(q, CLASS_BLOCK_CLOSURE, FORMAT_POINTERS, n);
  if (!block || !wire_try_read(&q->at, q->end, &code) || code.kind != WIRE_KIND_EXTENSION || code.type != WIRE_SOURCE_REFERENCE) return 0;
  Oop x = read_extension(q, &code), *self = &block->slots[CLOSURE_RECEIVER];
  if (!oop_is_pointer(x) || object_class_index(oop_to_object(x)) != CLASS_COMPILED_BLOCK) return 0;
  block->slots[CLOSURE_CODE] = x;
  block->slots[CLOSURE_HOME] = OOP_NIL;
  if (read_leaves(q, self, self + 1) == self && (!wire_try_read(&q->at, q->end, &code) || code.kind != WIRE_KIND_EXTENSION || !(*self = read_extension(q, &code)))) return 0;
  decoder_note_receiver(q->m, block, *self);
  if (n == CLOSURE_COPIED) return oop_from_object(block);
  if (++q->depth == DEPTH_MAX) return 0;
  q->frames[q->depth] = (QuickFrame){block->slots + CLOSURE_COPIED, block->slots + n};
  return oop_from_object(block);
}

/* An array of N elements; the first may be a header that says what it is. */
static Oop begin_container(Quick *q, uint32_t n) {
  const uint8_t *at = q->at;
  WireItem header;
  if (n > (size_t)(q->end - at)) return 0;
  if (n && *at >= 0xc7 && *at <= 0xd8 && (*at <= 0xc9 || *at >= 0xd4)) {
    if (!wire_try_read(&at, q->end, &header)) return 0;
    if (header.type == WIRE_INSTANCE) return q->at = at, begin_instance(q, n - 1, &header);
    if (header.type == WIRE_BLOCK) return q->at = at, begin_block(q, n);
    if (wire_is_header(header.type)) return 0;
  }
  return begin(q, cut_numbered(q, CLASS_ARRAY, FORMAT_POINTERS, n), n);
}

static Oop new_proxy(Quick *q, uint64_t id) {
  Object *proxy = cut(q, CLASS_ACTOR_PROXY, FORMAT_FIXED, 1);
  if (!proxy) return 0;
  proxy->slots[PROXY_ID] = oop_from_small((int64_t)(id & (uint64_t)SMALL_INTEGER_MAX));
  return oop_from_object(proxy);
}

static Oop read_extension(Quick *q, const WireItem *item) {
  switch (item->type) {
  case WIRE_SOURCE_REFERENCE: return source_image_at_unchecked(q->d->source, wire_number(item->bytes, item->size));
  case WIRE_CHARACTER: return oop_from_character((uint32_t)wire_number(item->bytes, item->size));
  case WIRE_CLASS: return decoder_class(q->d, (uint32_t)wire_number(item->bytes, item->size));
  case WIRE_ACTOR: return new_proxy(q, wire_be64(item->bytes));
  case WIRE_BACK_REFERENCE: {
    uint64_t number = wire_number(item->bytes, item->size);
    return number < q->object_count && q->object_count - number <= OBJECTS_MAX ? oop_from_object(q->objects[number % OBJECTS_MAX]) : 0;
  }
  default: return 0;
  }
}

static Oop new_double(Quick *q, double number) {
  Oop x;
  if (double_try_small(number, &x)) return x;
  Object *boxed = cut(q, CLASS_FLOAT, FORMAT_WORDS, 1);
  if (!boxed) return 0;
  memcpy(boxed->slots, &number, 8);
  return oop_from_object(boxed);
}

/* Anything but leaves; of a container the head.  0: take the long way. */
static Oop read_other(Quick *q) {
  WireItem item;
  if (!wire_try_read(&q->at, q->end, &item)) return 0;
  switch (item.kind) {
  case WIRE_KIND_UNSIGNED: return item.word <= (uint64_t)SMALL_INTEGER_MAX ? oop_from_small((int64_t)item.word) : 0;
  case WIRE_KIND_NEGATIVE: return (int64_t)item.word >= SMALL_INTEGER_MIN ? oop_from_small((int64_t)item.word) : 0;
  case WIRE_KIND_FALSE: return OOP_FALSE;
  case WIRE_KIND_TRUE: return OOP_TRUE;
  case WIRE_KIND_DOUBLE: return new_double(q, item.number);
  case WIRE_KIND_STRING: return new_packed(q, CLASS_STRING, item.bytes, item.size);
  case WIRE_KIND_BINARY: return new_packed(q, CLASS_BYTE_ARRAY, item.bytes, item.size);
  case WIRE_KIND_EXTENSION: return read_extension(q, &item);
  case WIRE_KIND_ARRAY: return begin_container(q, item.size);
  default: return 0;
  }
}

static bool build(Quick *q) {
  for (;;) {
    QuickFrame *frame = &q->frames[q->depth];
    Oop x, *slot = frame->next = read_leaves(q, frame->next, frame->end);
    if (q->at == q->end) break;
    if (slot < frame->end) {
      frame->next++;
      if (!(x = read_other(q))) return false;
      *slot = x;
    } else if (!q->depth--) {
      return false;
    }
  }
  while (q->depth && q->frames[q->depth].next == q->frames[q->depth].end) q->depth--;
  return q->depth == 0;
}

/* There must be room for the Arrays that the caller makes to have them rehashed. */
static bool hashed_fit(Quick *q, size_t count) {
  decoder_drop_well_placed(q->d);
  return !q->d->hashed_count || 16 + (q->d->hashed_count + 1 + count) * 8 <= (size_t)(q->m->alloc_end - q->alloc);
}

bool decoder_try_quick(Decoder *d, const uint8_t *bytes, size_t size, Oop *values, unsigned max, unsigned *count) {
  Machine *m = d->machine;
  if (!d->source || d->source != m->source || size > SIZE_MAX_QUICK || debug_on(DEBUG_GC_STRESS)) return false;
  QuickFrame frames[DEPTH_MAX];
  Object *objects[OBJECTS_MAX];
  Quick q = {.at = bytes, .end = bytes + size, .alloc = m->alloc, .limit = m->alloc_end, .hash_seed = m->hash_seed, .d = d, .m = m, .frames = frames, .objects = objects};
  frames[0] = (QuickFrame){values, values + max};
  d->hashed_count = 0;
  char *alloc = m->alloc;
  uint32_t hash_seed = m->hash_seed;
  if (!build(&q) || !hashed_fit(&q, (size_t)(frames[0].next - values))) return m->alloc = alloc, m->hash_seed = hash_seed, false;
  m->alloc = q.alloc, m->hash_seed = q.hash_seed;
  m->budget -= (int32_t)(size >> 8);
  *count = (unsigned)(frames[0].next - values);
  return true;
}
