/* SPDX-License-Identifier: MIT */
/* shadow.c -- copy on write of objects of S, and what a reference to S means to one actor.
 *
 * The shadow table maps an object of S to this actor's copy.  A reference found in S still names the original: oop_resolve answers the
 * copy.  References in W and on the stack are changed to the copy at once (stack, roots) or by the next collection.
 * The key is always the object as this S has it, that is, the layer's replacement where the layer replaces an object. */
#include "builder.h"
#include "debug.h"
#include "memory_internal.h"

static uint32_t entry_index(const ShadowTable *table, Oop original) {
  uint32_t i = address_hash(original) & table->mask;
  while (table->entries[i].original && table->entries[i].original != original) i = (i + 1) & table->mask;
  return i;
}

Oop oop_resolve_slow(const Machine *m, Oop x) {
  x = source_image_replacement(m->source, x);
  if (!m->shadows) return x;
  uint32_t i = entry_index(m->shadows, x);
  return m->shadows->entries[i].original ? m->shadows->entries[i].copy : x;
}

Oop shadow_original(const Machine *m, Oop w_copy) {
  if (!m->shadows || !(oop_to_object(w_copy)->header & FLAG_SHADOW)) return 0;
  for (uint32_t i = 0; i <= m->shadows->mask; i++)
    if (m->shadows->entries[i].original && m->shadows->entries[i].copy == w_copy) return m->shadows->entries[i].original;
  return 0;
}

static size_t table_bytes(uint32_t capacity) { return sizeof(ShadowTable) + capacity * sizeof(ShadowEntry); }

static bool grow_table(Machine *m) {
  ShadowTable *old = m->shadows;
  uint32_t capacity = old ? (old->mask + 1) * 2 : 8;
  ShadowTable *table = account_alloc(machine_accounts(m), ACCOUNT_SHADOW, table_bytes(capacity));
  if (!table) return false;
  table->mask = capacity - 1;
  for (uint32_t i = 0; old && i <= old->mask; i++)
    if (old->entries[i].original) {
      table->entries[entry_index(table, old->entries[i].original)] = old->entries[i];
      table->count++;
    }
  if (old) account_free(machine_accounts(m), ACCOUNT_SHADOW, old, table_bytes(old->mask + 1));
  m->shadows = table;
  return true;
}

/* References on the stack and in roots are changed now, so that registers never name a stale original. */
static void replace_in_roots(Machine *m, Oop original, Oop copy) {
  Oop *top = machine_stack_top(m);
  if (top > m->stack_limit) top = m->stack_limit;
  for (Oop *slot = m->stack; slot < top; slot++)
    if (*slot == original) *slot = copy;
  for (int i = 0; i < ROOT_COUNT; i++)
    if (m->roots[i] == original) m->roots[i] = copy;
  for (unsigned i = 0; i < m->handle_count; i++)
    if (m->handles[i] == original) m->handles[i] = copy;
}

bool shadow_enter(Machine *m, Oop original, Oop copy) {
  if (!m->shadows || m->shadows->count * 4 >= (m->shadows->mask + 1) * 3)
    if (!grow_table(m)) return false;
  ShadowEntry *entry = &m->shadows->entries[entry_index(m->shadows, original)];
  m->shadows->count += entry->original == 0;
  *entry = (ShadowEntry){original, copy};
  m->in_shadow = 1;
  replace_in_roots(m, original, copy);
  return true;
}

Oop machine_writable_may_gc(Machine *m, Oop x) {
  if (!oop_in_source(x)) return !oop_is_pointer(x) || !object_shares_bytes(oop_to_object(x)) || machine_own_bytes(m, oop_to_object(x)) ? x : 0;
  Oop canonical = source_image_replacement(m->source, x);
  Oop current = oop_resolve(m, x);
  if (!address_in_source(current)) return machine_writable_may_gc(m, current);
  Object *original = oop_to_object(canonical);
  if (!(original->header & FLAG_SHADOWABLE)) return m->failure = FAILURE_READ_ONLY, (Oop)0;
  size_t slots = object_slots(original);
  Oop copy = machine_new_may_gc(m, object_class_index(original), object_format(original), slots);
  if (!copy) return 0;
  Object *object = oop_to_object(copy);
  uint64_t hash_bits = HASH_MASK << HASH_SHIFT;
  object->header = (object->header & ~hash_bits) | (original->header & hash_bits) | FLAG_SHADOW;
  memcpy(object_bytes(object), object_bytes(original), slots * 8); /* only references to S: nothing to remember */
  if (!shadow_enter(m, canonical, copy)) return m->failure = FAILURE_NO_MEMORY, (Oop)0;
  if (x != canonical) replace_in_roots(m, x, copy);
  return copy;
}

#ifdef ATOLL_DEBUG_CHECKS
/* ---- stress: copies that change nothing ------------------------------------------------------------------------- */

/* The first object from WORD on that may be copied, 0: none. */
static Oop object_from(const SourceSpan *span, uint64_t word) {
  uint64_t words = span->size / 8;
  for (uint64_t bits; word < words; word = (word | 63) + 1)
    for (bits = span->object_starts[word >> 6] & UINT64_MAX << (word & 63); bits; bits &= bits - 1) {
      Oop x = span->start + ((word & ~(uint64_t)63) + (uint64_t)__builtin_ctzll(bits)) * 8;
      if (oop_to_object(x)->header & FLAG_SHADOWABLE) return x;
    }
  return 0;
}

/* The words between which these objects lie: most of an S is something else. */
typedef struct Extent {
  uint64_t start, first, last;
} Extent;

static const Extent *extent_of(const SourceSpan *span) {
  static _Thread_local Extent known[8];
  Extent *e = &known[(span->start >> 20) % 8];
  if (e->start == span->start) return e;
  *e = (Extent){.start = span->start};
  for (Oop x = object_from(span, 0); x; x = object_from(span, e->last + 1)) {
    e->last = (x - span->start) / 8;
    if (!e->first) e->first = e->last;
  }
  return e;
}

void shadow_random_may_gc(Machine *m) {
  const SourceSpan *span = m->source->layer.size && m->hash_seed & 0x10000 ? &m->source->layer : &m->source->base;
  if (!span->size) return;
  const Extent *e = extent_of(span);
  m->hash_seed = m->hash_seed * 1664525u + 1013904223u + debug_seed * 2;
  Oop x = object_from(span, e->first + ((uint64_t)m->hash_seed * 2654435761u >> 8) % (e->last - e->first + 1));
  if (x) machine_writable_may_gc(m, x);
}

void shadow_all_may_gc(Machine *m) {
  const SourceSpan *spans[] = {&m->source->base, &m->source->layer};
  for (int i = 0; i < 2; i++)
    for (uint64_t at = 0; spans[i]->size;) {
      Oop x = object_from(spans[i], at);
      if (!x) break;
      machine_writable_may_gc(m, x);
      at = (x - spans[i]->start) / 8 + 1;
    }
}
#endif
