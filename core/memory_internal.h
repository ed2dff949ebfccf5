/* SPDX-License-Identifier: MIT */
/* memory_internal.h -- what memory.c (allocation), collector.c and shadow.c share about a machine's W. */
#ifndef ATOLL_MEMORY_INTERNAL_H
#define ATOLL_MEMORY_INTERNAL_H

#include "shared_bytes.h"
#include "source_image.h"
#include "thread_context.h"

/* An object of OBJECT_SIZE_LARGE slots or more: allocated alone, never moved.  Bytes stand elsewhere (shared_bytes.h).  Else, behind the body, stands one byte per
 * card of 1 << LARGE_CARD_SHIFT slots: may it hold references to young objects?  Its FLAG_GUARD stays set, so that every store comes by. */
typedef struct LargeObject {
  struct LargeObject *next;
  size_t bytes;      /* of this struct, the body (shared or not) and the cards */
  uint32_t remembered; /* it is in the remembered set */
  uint32_t unused;
  uint64_t slots;    /* the word before the header: may have BODY_ELSEWHERE */
  Object object;
} LargeObject;

enum { LARGE_CARD_SHIFT = 4, LARGE_ELSEWHERE_BYTES = sizeof(LargeObject) + sizeof(Oop) };

static inline size_t large_cards(size_t slots) { return (slots >> LARGE_CARD_SHIFT) + 1; }
static inline size_t large_bytes(size_t slots) { return sizeof(LargeObject) + slots * 8 + large_cards(slots); }
static inline LargeObject *large_of(Object *o) { return (LargeObject *)((char *)o - offsetof(LargeObject, object)); }
static inline uint8_t *large_card(LargeObject *l, size_t slot) { return (uint8_t *)(l->object.slots + l->slots) + (slot >> LARGE_CARD_SHIFT); }

/* A piece of the old generation, filled from the front. */
typedef struct OldChunk {
  struct OldChunk *next;
  char *alloc, *end, *scan;
  uint64_t data[];
} OldChunk;

struct OldSpace {
  OldChunk *chunks; /* the first one is being filled */
  LargeObject *large;
  size_t used;       /* bytes of objects in chunks */
  size_t large_used; /* bytes of large objects */
  size_t threshold;  /* used + large_used beyond this asks for a major collection */
  Object **remembered; /* old objects that may refer to young ones; their FLAG_GUARD is clear */
  uint32_t remembered_count, remembered_capacity;
  uint8_t survived; /* how many minor collections in a row nearly all new objects have survived; from EAGER_AFTER on they become old at once */
  uint32_t nursery; /* its size before that */
  bool forgetful; /* there was no memory to remember one: the next collection must be a major one */
};

typedef struct ShadowEntry {
  Oop original, copy; /* original 0: empty */
} ShadowEntry;

struct ShadowTable {
  uint32_t mask, count;
  ShadowEntry entries[];
};

enum {
  STACK_SLACK = FRAME_CONTROL + 3,    /* slots behind a frame's registers for special sends */
  STACK_INITIAL = 60,                 /* slots */
  NURSERY_INITIAL = 128,              /* bytes */
  NURSERY_EAGER = 64 * 1024,          /* an active machine doubles up to here at each collection */
  NURSERY_MAX = 256 * 1024,
  HEAP_GRACE = 256 * 1024,            /* bytes more for handling the error at the heap limit */
  DEPTH_GRACE = 256 * 1024,           /* bytes more of stack for handling the error at its limit, and as many for an error in that */
  MAX_GRACES = 4,
  MAJOR_DEFERRED_FROM = 2 * 1024 * 1024, /* bytes of old generation from which on it is worth asking the owner to have them collected elsewhere */
  LIVENESS_FROM = 4 * 1024 * 1024,    /* bytes of old generation and large objects */
  WEAK_MAJOR_AFTER = 4 * 1024 * 1024, /* bytes allocated, and 8 times the old generation: then a machine with weak objects collects all of it */
  PROMOTE_FROM = 8 * 1024,            /* bytes of survivors from which on copying them again does not pay */
  EAGER_AFTER = 3,
  EAGER_HEAP = 4 * 1024 * 1024,
  EAGER_FROM = 64 * 1024              /* bytes of new objects from which on it is worth asking whether they survive */
};

static inline Accounts *machine_accounts(const Machine *m) { return thread_context_accounts(m->thread); }
static inline size_t object_total_bytes(const Object *o) { return 8 + object_slots(o) * 8; }
static inline bool machine_is_young(const Machine *m, Oop x) { return x - (uint64_t)m->nursery < (uint64_t)(m->alloc_end - m->nursery) && oop_is_pointer(x); }

static inline uint32_t machine_hash_after(uint32_t seed) { return seed * 1664525u + 1013904223u; }
static inline uint32_t machine_hash_of(uint32_t seed) { return seed >> (32 - HASH_BITS); }
static inline uint32_t machine_next_hash(Machine *m) { return machine_hash_of(m->hash_seed = machine_hash_after(m->hash_seed)); }

/* As machine_new_unchecked, but nothing is in the slots: the caller fills all of them at once. */
static inline Object *machine_cut_unchecked(Machine *m, uint32_t class_index, unsigned format, size_t slots) {
  Object *object = (Object *)m->alloc;
  assert(slots < OBJECT_SIZE_LARGE && m->alloc + 8 + slots * 8 <= m->alloc_end);
  m->alloc += 8 + slots * 8;
  object->header = header_make(class_index, format, machine_next_hash(m), slots);
  return object;
}

/* The limits in force: while an error at one of them is handled there is a little more. */
static inline size_t machine_heap_limit(const Machine *m) { return m->heap_limit + (m->grace ? HEAP_GRACE : 0); }
static inline size_t machine_depth_limit(const Machine *m) { return (size_t)m->depth_limit_kb * 1024 + (size_t)m->graces * DEPTH_GRACE; }

void large_free(Accounts *accounts, LargeObject *large);
/* Of a W: gives OBJECT, which shares its bytes, a copy that nobody else refers to.  Nothing moves.  False: no memory. */
bool machine_own_bytes(Machine *m, Object *object);

/* First slot behind everything that the frames use. */
Oop *machine_stack_top(const Machine *m);
OldSpace *machine_old_space(Machine *m); /* made on first use; NULL: no memory */
/* OLD may refer to young objects from now on: in slot SLOT if it is large, or anywhere (SIZE_MAX). */
void machine_remember(Machine *m, Object *old, size_t slot);
size_t machine_heap_used(const Machine *m);

/* Collects so that HEAP_NEEDED bytes and STACK_NEEDED slots (beyond the top) are free afterwards. False: no memory or beyond the limits; nothing has
 * been lost then. */
bool machine_collect_may_gc(Machine *m, size_t heap_needed, size_t stack_needed, bool major);

/* Grows the stack to have SLOTS free behind the top.  False: depth limit or no memory. */
bool machine_grow_stack_may_gc(Machine *m, size_t slots);

/* A bound of the symbol or class tables of W: see symbols.c, lookup.c. */
void send_cache_flush_own(Machine *m);

#endif
