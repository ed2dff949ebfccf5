/* SPDX-License-Identifier: MIT */
/* collector.c -- the moving, generational collector of one machine.
 *
 * A minor collection copies the live part of the block into a new block (Cheney's scan), together with the stack.  Objects that survive
 * a second time, once there are enough of them, go to the old generation instead.  A major collection copies the old
 * generation as well and frees large objects that were not reached.  Nothing of S is ever scanned: S does not refer to any W.
 * While it copies, references to objects of S that this machine has modified are replaced by the copies.
 *
 * Memory for the worst case is taken before anything moves, so a collection that has begun cannot fail.
 * No recursion: what is left to do is what lies between scan and alloc of each destination, and the list of marked large objects. */
#include "collection.h"
#include "debug.h"
#include "frames.h"
#include "liveness.h"
#include "send_cache.h"
#include "weak.h"

static Object *copy_to(Collection *c, Object *from, bool to_old) {
  size_t bytes = object_total_bytes(from);
  Object *to;
  if (to_old) {
    OldChunk *chunk = c->old->chunks;
    if ((size_t)(chunk->end - chunk->alloc) < bytes) chunk = c->old->chunks = chunk->next; /* reserved: cannot happen twice */
    to = (Object *)chunk->alloc;
    chunk->alloc += bytes;
    c->old->used += bytes;
    memcpy(to, from, bytes);
    to->header |= FLAG_OLD | FLAG_GUARD;
  } else {
    to = (Object *)c->to;
    c->to += bytes;
    memcpy(to, from, bytes);
  }
  from->header = header_forward(oop_from_object(to));
  return to;
}

static void mark_large(Collection *c, Object *object) {
  if (object->header & FLAG_MARKED) return;
  object->header |= FLAG_MARKED;
  if (object_pointer_slots(object)) c->gray[c->gray_count++] = large_of(object);
}

/* In a major collection: the new block, or the one chunk that begin_major made. */
static bool is_destination(const Collection *c, const char *address) {
  const OldChunk *chunk = c->old->chunks;
  return (address >= c->to_start && address < c->to_end) || (address >= (const char *)chunk->data && address < chunk->end);
}

static Oop forward(Collection *c, Oop x) {
  if (!oop_is_pointer(x) || !x) return x;
  if (address_in_source(x)) {
    if (!c->m->in_shadow) return x;
    x = oop_resolve_source(c->m, x);
    if (address_in_source(x)) return x;
  }
  Object *object = oop_to_object(x);
  bool young = (const char *)object >= c->from && (const char *)object < c->from_end;
  if (!young && !c->major) return x;
  uint64_t header = object->header;
  if (header_is_forwarded(header)) return header_forwarded_to(header);
  if (young) return oop_from_object(copy_to(c, object, c->promote && (const char *)object < c->aged));
  if (is_destination(c, (char *)object)) return x; /* a shadow copy, moved already */
  if (object_is_large(object)) return mark_large(c, object), x;
  if (header & FLAG_MARKED) return x;
  return oop_from_object(copy_to(c, object, true));
}

static bool forward_range(Collection *c, Object *object, size_t from, size_t count) {
  bool young = false;
  for (size_t i = from; i < count; i++) {
    Oop x = object->slots[i];
    if (!oop_is_pointer(x)) continue;
    object->slots[i] = x = forward(c, x);
    young |= (char *)(uintptr_t)x >= c->to_start && (char *)(uintptr_t)x < c->to_end;
  }
  return young;
}

/* Weak ones have to wait (collector_weak.c). */
static bool forward_slots(Collection *c, Object *object) {
  if (c->major && object->header & FLAG_WEAK) return false;
  return forward_range(c, object, 0, object_pointer_slots(object));
}

/* The first card from CARD on that is marked, with 1. */
static size_t next_card(const uint8_t *cards, size_t card, size_t count) {
  const uint8_t *found = memchr(cards + card, 1, count - card);
  return found ? (size_t)(found - cards) : count;
}

/* Card by card; their marks are made anew.  True: there are young references. */
static bool forward_card(Collection *c, LargeObject *large, size_t card, size_t count) {
  size_t slot = card << LARGE_CARD_SHIFT, end = slot + ((size_t)1 << LARGE_CARD_SHIFT);
  bool young = forward_range(c, &large->object, slot, end < count ? end : count);
  *large_card(large, slot) = young;
  return young;
}

static bool forward_large(Collection *c, LargeObject *large) {
  size_t count = object_pointer_slots(&large->object), cards = large_cards(count);
  bool young = false;
  for (size_t card = 0; card < cards; card++) young |= forward_card(c, large, card, count);
  return young;
}

/* The same of the cards that are marked.  They lie far apart: several are fetched from memory at a time. */
static bool forward_marked(Collection *c, LargeObject *large) {
  enum { AHEAD = 16 };
  size_t count = object_pointer_slots(&large->object), cards = large_cards(count), found[AHEAD], n;
  const uint8_t *marks = large_card(large, 0);
  size_t card = 0;
  bool young = false;
  do {
    for (n = 0; n < AHEAD && (card = next_card(marks, card, cards)) < cards; n++, card++) {
      found[n] = card;
      const char *first = (const char *)&large->object.slots[card << LARGE_CARD_SHIFT];
      __builtin_prefetch(first);
      __builtin_prefetch(first + 64);
      __builtin_prefetch(first + 127);
    }
    for (size_t i = 0; i < n; i++) young |= forward_card(c, large, found[i], count);
  } while (n == AHEAD);
  return young;
}

static void scan_old(Collection *c) {
  for (OldChunk *chunk = c->old->chunks; chunk; chunk = chunk->next)
    while (chunk->scan < chunk->alloc) {
      Object *object = (Object *)chunk->scan;
      chunk->scan += object_total_bytes(object);
      if (forward_slots(c, object)) machine_remember(c->m, object, SIZE_MAX);
    }
}

/* ---- for collector_weak.c ------------------------------------------------------------------------------------ */

Oop collection_forward(Collection *c, Oop x) { return forward(c, x); }

void collection_forward_slots(Collection *c, Object *object, size_t from, size_t to) {
  bool old = object->header & FLAG_OLD, large = object_is_large(object);
  if (!large) {
    if (forward_range(c, object, from, to) && old && object->header & FLAG_GUARD) machine_remember(c->m, object, SIZE_MAX);
    return;
  }
  for (size_t slot = from; slot < to; slot++)
    if (forward_range(c, object, slot, slot + 1)) machine_remember(c->m, object, slot);
}

Object *collection_survivor(const Collection *c, Object *object) {
  const char *address = (const char *)object;
  bool young = address >= c->from && address < c->from_end;
  if (young || (c->major && !is_destination(c, address) && !object_is_large(object)))
    return header_is_forwarded(object->header) ? oop_to_object(header_forwarded_to(object->header)) : NULL;
  return c->major && object_is_large(object) && !(object->header & FLAG_MARKED) && !is_destination(c, address) ? NULL : object;
}

bool collection_is_reached(const Collection *c, Oop x) {
  return !oop_is_pointer(x) || !x || address_in_source(x) || collection_survivor(c, oop_to_object(x));
}

static bool old_pending(const Collection *c) {
  if (!c->old) return false;
  for (OldChunk *chunk = c->old->chunks; chunk; chunk = chunk->next)
    if (chunk->scan < chunk->alloc) return true;
  return false;
}

static void scan_all(Collection *c) {
  do {
    while (c->scan < c->to) {
      Object *object = (Object *)c->scan;
      c->scan += object_total_bytes(object);
      forward_slots(c, object);
    }
    if (c->old) scan_old(c);
    while (c->gray_count) {
      LargeObject *large = c->gray[--c->gray_count];
      if (large->object.header & FLAG_WEAK) continue;
      if (forward_large(c, large)) machine_remember(c->m, &large->object, 0);
    }
  } while (c->scan < c->to || old_pending(c));
}

void collection_scan(Collection *c) { scan_all(c); }

static void forward_roots(Collection *c, Oop *stack, size_t stack_slots) {
  Machine *m = c->m;
  for (size_t i = 0; i < stack_slots; i++) stack[i] = forward(c, stack[i]);
  for (int i = 0; i < ROOT_COUNT; i++) m->roots[i] = forward(c, m->roots[i]);
  for (unsigned i = 0; i < m->handle_count; i++) m->handles[i] = forward(c, m->handles[i]);
  m->selector = forward(c, m->selector);
  if (m->weak) collection_forward_weak_roots(c);
  if (!m->shadows) return;
  for (uint32_t i = 0; i <= m->shadows->mask; i++)
    if (m->shadows->entries[i].original) m->shadows->entries[i].copy = forward(c, m->shadows->entries[i].copy);
}

/* The old objects that refer to young ones: roots of a minor collection. Those that no longer do are guarded again. */
static void forward_remembered(Collection *c) {
  OldSpace *old = c->old;
  uint32_t count = old->remembered_count;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    Object *object = old->remembered[i];
    bool large = object_is_large(object);
    if (large ? forward_marked(c, large_of(object)) : forward_slots(c, object)) {
      old->remembered[kept++] = object;
    } else {
      object->header |= FLAG_GUARD;
      if (large) large_of(object)->remembered = 0;
    }
  }
  old->remembered_count = kept;
}

/* ---- old generation --------------------------------------------------------------------------------------- */

static bool reserve_old(Machine *m, size_t bytes) {
  OldSpace *old = machine_old_space(m);
  if (!old) return false;
  if (old->chunks && (size_t)(old->chunks->end - old->chunks->alloc) >= bytes) return true;
  size_t size = old->used / 4;
  if (size < 128 * 1024) size = 128 * 1024;
  if (size < bytes) size = bytes;
  OldChunk *chunk = account_alloc_dirty(machine_accounts(m), ACCOUNT_HEAP, sizeof *chunk + size);
  if (!chunk) return false;
  chunk->alloc = chunk->scan = (char *)chunk->data;
  chunk->end = chunk->alloc + size;
  chunk->next = old->chunks;
  old->chunks = chunk;
  return true;
}

static void free_chunks(Machine *m, OldChunk *chunk) {
  for (OldChunk *next; chunk; chunk = next) {
    next = chunk->next;
    account_free(machine_accounts(m), ACCOUNT_HEAP, chunk, (size_t)(chunk->end - (char *)chunk));
  }
}

static void sweep_large(Machine *m) {
  for (LargeObject **link = &m->old->large; *link;) {
    LargeObject *large = *link;
    if (large->object.header & FLAG_MARKED) {
      large->object.header &= ~FLAG_MARKED;
      link = &large->next;
      continue;
    }
    *link = large->next;
    m->old->large_used -= large->bytes;
    large_free(machine_accounts(m), large);
  }
}

static size_t count_large(const OldSpace *old) {
  size_t count = 0;
  for (const LargeObject *large = old->large; large; large = large->next) count++;
  return count;
}

/* Sets the old chunks aside and makes one that can take everything.  The remembered set is made anew. */
static bool begin_major(Collection *c, OldChunk **left, size_t young) {
  OldSpace *old = c->old;
  size_t large = count_large(old);
  c->gray = account_alloc_dirty(machine_accounts(c->m), ACCOUNT_HEAP, (large + 1) * sizeof *c->gray);
  if (!c->gray) return false;
  *left = old->chunks;
  old->chunks = NULL;
  if (!reserve_old(c->m, old->used + young)) {
    old->chunks = *left;
    account_free(machine_accounts(c->m), ACCOUNT_HEAP, c->gray, (large + 1) * sizeof *c->gray);
    return false;
  }
  old->used = 0;
  for (uint32_t i = 0; i < old->remembered_count; i++) {
    old->remembered[i]->header |= FLAG_GUARD;
    if (object_is_large(old->remembered[i])) large_of(old->remembered[i])->remembered = 0;
  }
  old->remembered_count = 0;
  old->forgetful = false;
  return true;
}

static void end_major(Collection *c, OldChunk *left) {
  size_t large = count_large(c->old);
  account_free(machine_accounts(c->m), ACCOUNT_HEAP, c->gray, (large + 1) * sizeof *c->gray);
  free_chunks(c->m, left);
  sweep_large(c->m);
  size_t live = c->old->used + c->old->large_used;
  c->old->threshold = live + live / 2 + 1024 * 1024;
}

/* ---- a collection ------------------------------------------------------------------------------------------- */

static bool is_eager(const OldSpace *old) { return old && old->survived >= EAGER_AFTER; }

/* How big the new nursery should be: an active machine gets more, up to what its survivors justify.  While it is being filled it may have to be larger,
 * for everything may survive: collect_into adds that, and takes it away again. */
static size_t nursery_size(const Machine *m, size_t needed, size_t stack_bytes) {
  size_t used = (size_t)(m->alloc - m->nursery), size = (size_t)(m->alloc_end - m->nursery);
  size_t survivors = (size_t)(m->aged - m->nursery);
  if (debug_on(DEBUG_GC_STRESS)) return used + needed;
  if (size < NURSERY_EAGER && needed) size *= 2; /* only a stack that is too small says nothing about the nursery */
  if (survivors * 4 > size) size = survivors * 4;
  if (size > NURSERY_MAX) size = NURSERY_MAX;
  if (is_eager(m->old)) size = NURSERY_EAGER; /* the pause grows with what survives; the work per object does not */
  else if (m->old && m->old->nursery) size = m->old->nursery, m->old->nursery = 0;
  if (size < stack_bytes) size = stack_bytes; /* the stack is copied too: a deep one asks for fewer collections */
  size_t others = machine_heap_used(m) - (size_t)(m->alloc_end - m->nursery), limit = machine_heap_limit(m);
  if (others + size > limit) size = others < limit ? limit - others : 0; /* not what is dead shall reach the limit */
  return size;
}

/* Of NEW bytes SURVIVED have survived their first collection: is the next one to wait for a second?  A program that builds something big, or replaces parts of
 * it, would have it copied twice, and what refers to it looked at twice.  In a small heap that costs less than what is made old too early. */
static void note_survival(OldSpace *old, size_t nursery, size_t new, size_t survived) {
  bool eager = is_eager(old);
  if (old->used + old->large_used < EAGER_HEAP) old->survived = 0;
  else if (eager ? survived > new / 2 : new >= EAGER_FROM && survived > new / 4 * 3) {
    if (!eager && ++old->survived == EAGER_AFTER) old->nursery = (uint32_t)nursery;
  } else {
    old->survived = 0;
  }
}

/* The new nursery has NURSERY bytes, or more so that NEEDED are free. */
static bool collect_into(Machine *m, size_t nursery, size_t needed, size_t stack_slots, bool major) {
  size_t young = (size_t)(m->alloc - m->nursery), worst = young + needed > nursery ? young + needed : nursery, used_slots = (size_t)(machine_stack_top(m) - m->stack);
  Collection c = {.m = m, .old = m->old, .from = m->nursery, .from_end = m->alloc, .aged = m->aged, .major = m->old && (major || m->old->forgetful)};
  OldChunk *left = NULL;
  if (used_slots > stack_slots) return false;
  if (used_slots > (size_t)(m->stack_limit - m->stack)) used_slots = (size_t)(m->stack_limit - m->stack);
  bool eager = is_eager(m->old);
  size_t new = (size_t)(m->alloc - m->aged), old_before = m->old ? m->old->used : 0, aged = eager ? young : (size_t)(m->aged - m->nursery);
  c.aged = m->nursery + aged;
  c.promote = c.major || eager || m->promote_all || m->aged - m->nursery >= PROMOTE_FROM || (m->old && m->old->chunks && debug_on(DEBUG_GC_STRESS));
  if (stack_slots * 8 + worst > UINT32_MAX - 64) return false;
  uint32_t size = (uint32_t)(stack_slots * 8 + worst);
  if (c.promote && !c.major && !reserve_old(m, aged)) return false;
  char *block = thread_context_take_block(m->thread, &size);
  if (!block) return false;
  c.old = m->old;
  if (c.major && !begin_major(&c, &left, young)) return thread_context_give_block(m->thread, block, size), false;

  Oop *stack = (Oop *)block;
  memcpy(stack, m->stack, used_slots * 8);
  memset(stack + used_slots, 0, (stack_slots - used_slots) * 8);
  c.to = c.scan = c.to_start = block + stack_slots * 8;
  c.to_end = block + size;
  forward_roots(&c, stack, used_slots);
  if (c.old && !c.major) forward_remembered(&c);
  scan_all(&c);
  if (m->weak) collection_finish_weak(&c);
  if (m->mirrors) collection_finish_mirrors(&c);

  if (m->fp) m->fp = stack + (m->fp - m->stack);
  if (m->args) m->args = stack + (m->args - m->stack);
#ifdef ATOLL_DEBUG_CHECKS
  memset(m->stack, 0xdb, m->block_size);
#endif
  thread_context_give_block(m->thread, m->stack, m->block_size);
  m->stack = stack;
  m->stack_limit = stack + stack_slots;
  m->nursery = c.to_start;
  m->alloc = m->aged = c.to;
  m->alloc_end = c.to_end;
  if (nursery >= NURSERY_EAGER && (size_t)(c.to_end - c.to_start) > nursery) /* else the next one would be larger still, and so on */
    m->alloc_end = c.to_start + ((size_t)(c.to - c.to_start) + needed > nursery ? (size_t)(c.to - c.to_start) + needed : nursery);
  m->block_size = size;
  if (c.major) end_major(&c, left);
  else if (m->old) note_survival(m->old, nursery, new, eager ? m->old->used - old_before : (size_t)(m->aged - m->nursery));
  send_cache_flush_own(m);
  return true;
}

/* A big heap that is collected all the time (gc_stress) is verified now and then, a small one each time. */
static void verify_sometimes(Machine *m) {
#ifdef ATOLL_DEBUG_CHECKS
  if (!debug_on(DEBUG_VERIFY_HEAP) || m->unverified++ < machine_heap_used(m) / (256 * 1024)) return;
  m->unverified = 0;
  verify_heap(m);
#else
  (void)m;
#endif
}

/* The owner may have a big old generation collected elsewhere, as long as it has not grown to twice its threshold meanwhile. */
static bool may_wait(const Machine *m) {
  size_t used = m->old->used + m->old->large_used;
  return m->defers_major && used >= MAJOR_DEFERRED_FROM && used / 2 <= m->old->threshold && !m->promote_all;
}

/* Who waits for a death shall not wait for ever because so little survives that major collections are never needed: one is due after so much
 * allocation that it hardly counts. */
static bool weak_asks_for_major(Machine *m) {
  size_t old = m->old ? m->old->used + m->old->large_used : 0;
  m->weak->collected += (size_t)(m->alloc - m->nursery);
  machine_old_space(m); /* only where there is one is a collection a major one */
  return m->weak->count > 0 && m->weak->collected > WEAK_MAJOR_AFTER + 8 * old;
}

/* What nobody reads any more is found out where it may hold much, or where somebody waits for deaths: for a small heap it takes longer than the collection. */
static bool is_worth_liveness(const Machine *m) { return m->weak || (m->old && m->old->used + m->old->large_used >= LIVENESS_FROM); }

/* Slots that the frames may come to use. */
static size_t stack_reach(const Machine *m) {
  size_t used = (size_t)(machine_stack_top(m) - m->stack), reach = m->fp ? frames_reach(m->stack, frame_offset(m, m->fp)) : 0;
  return reach > used ? reach : used;
}

bool machine_collect_may_gc(Machine *m, size_t heap_needed, size_t stack_needed, bool major) {
  size_t used = (size_t)(machine_stack_top(m) - m->stack), slots = (size_t)(m->stack_limit - m->stack);
  if (m->old && m->old->used + m->old->large_used > m->old->threshold) {
    if (may_wait(m)) m->major_due = 1;
    else major = true;
  }
  bool at_limit = machine_heap_limit(m) < machine_heap_used(m) + heap_needed;
  major = major || at_limit;
  if (m->weak) major = weak_asks_for_major(m) || major;
  if (m->old && m->old->threshold == SIZE_MAX) major = false; /* machine_promote_all: it is building an image */
  if ((major && (at_limit || is_worth_liveness(m))) || (debug_on(DEBUG_GC_STRESS) && (m->hash_seed >> 16 & 7) == 0)) liveness_clear_dead(m);
  size_t least = used + stack_needed, reach = stack_reach(m);
  if (least < reach) least = reach;
  if (least < STACK_INITIAL) least = STACK_INITIAL;
  if (slots < least) slots = least;
  if (slots > 4 * least + 512) slots = 2 * least; /* a deep recursion has returned */
  size_t old_before = m->old ? m->old->used + m->old->large_used : 0;
  size_t rest = machine_heap_used(m) - m->block_size, block = slots * 8 + (size_t)(m->alloc - m->nursery); /* a deep stack that has returned does not count */
  if (rest + block + heap_needed > machine_heap_limit(m) + old_before / 2 + NURSERY_MAX * 2) return false;
  if (!collect_into(m, nursery_size(m, heap_needed, used > NURSERY_MAX / 8 ? used * 8 : 0), heap_needed, slots, major)) return false;
  verify_sometimes(m);
  return machine_heap_used(m) <= machine_heap_limit(m) || heap_needed == 0;
}

bool machine_grow_stack_may_gc(Machine *m, size_t needed) {
  size_t slots = (size_t)(m->stack_limit - m->stack);
  size_t used = (size_t)(machine_stack_top(m) - m->stack);
  if (used + needed <= slots) return true;
  if ((used + needed) * 8 > machine_depth_limit(m)) return false;
  size_t wanted = (used + needed) + (used + needed) / 2, limit = machine_depth_limit(m) / 8;
  return machine_collect_may_gc(m, 0, (wanted < limit ? wanted : limit) - used, false);
}

void machine_pack_may_gc(Machine *m) {
  for (int pass = 0; pass < 2; pass++) { /* the second time the live size is known */
    size_t reach = stack_reach(m), young = (size_t)(m->alloc - m->nursery);
    if (!collect_into(m, young, 0, reach, false)) return;
    if (thread_context_block_size((uint32_t)(reach * 8 + (size_t)(m->alloc - m->nursery))) == m->block_size) break; /* mostly: nothing, or little, was dead */
  }
  if (debug_on(DEBUG_VERIFY_HEAP)) verify_heap(m);
}

bool machine_collect_all_may_gc(Machine *m) { return machine_collect_may_gc(m, 0, 0, true); }

bool machine_promote_all_may_gc(Machine *m) {
  if (!machine_old_space(m)) return false;
  m->old->threshold = SIZE_MAX;
  size_t reach = stack_reach(m), young = (size_t)(m->alloc - m->nursery);
  m->aged = m->alloc;
  m->promote_all = 1;
  bool done = collect_into(m, young + NURSERY_EAGER, 0, reach + STACK_INITIAL, false);
  m->promote_all = 0;
  return done;
}
