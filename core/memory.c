/* SPDX-License-Identifier: MIT */
/* memory.c -- a machine's W: its block, allocation, handles, stores.
 *
 * Start with the drawing in machine.h.  Everything small is cut from the end of the nursery; what does not fit asks the collector
 * (collector.c).  Objects of OBJECT_SIZE_LARGE slots and more stand alone and never move. */
#include "debug.h"
#include "memory_internal.h"
#include "mirrors.h"
#include "send_cache.h"
#include "weak.h"

bool machine_init(Machine *m, ThreadContext *thread, const SourceImage *source, void *owner) {
  uint32_t size = STACK_INITIAL * 8 + NURSERY_INITIAL;
  memset(m, 0, sizeof *m);
  m->thread = thread;
  m->source = source;
  m->owner = owner;
  char *block = thread_context_take_block(thread, &size);
  if (!block) return false;
  memset(block, 0, size);
  m->stack = (Oop *)block;
  m->stack_limit = m->stack + STACK_INITIAL;
  m->nursery = m->alloc = m->aged = (char *)m->stack_limit;
  m->alloc_end = block + size;
  m->block_size = size;
  m->depth_limit_kb = 64 * 1024;
  m->heap_limit = (size_t)4 << 30;
  m->overridden = source->overridden;
  m->in_shadow = source->replaced != NULL;
  m->hash_seed = 0x9e3779b9u; /* the same for every machine: two builds of an image are alike */
  m->selector = OOP_NIL;
  for (int i = 0; i < ROOT_COUNT; i++) m->roots[i] = OOP_NIL;
  return true;
}

void machine_destroy(Machine *m) {
  Accounts *accounts = machine_accounts(m);
  thread_context_give_block(m->thread, m->stack, m->block_size);
  if (m->old) {
    for (OldChunk *chunk = m->old->chunks, *next; chunk; chunk = next) {
      next = chunk->next;
      account_free(accounts, ACCOUNT_HEAP, chunk, (size_t)(chunk->end - (char *)chunk));
    }
    for (LargeObject *large = m->old->large, *next; large; large = next) {
      next = large->next;
      large_free(accounts, large);
    }
    account_free(accounts, ACCOUNT_HEAP, m->old->remembered, m->old->remembered_capacity * sizeof(Object *));
    account_free(accounts, ACCOUNT_HEAP, m->old, sizeof *m->old);
  }
  weak_destroy(m);
  mirrors_destroy(m);
  send_cache_delete(accounts, m->own_cache);
  if (m->shadows)
    account_free(accounts, ACCOUNT_SHADOW, m->shadows, sizeof *m->shadows + (m->shadows->mask + 1) * sizeof(ShadowEntry));
  account_free(accounts, ACCOUNT_OTHER, m->handles, m->handle_capacity * sizeof(Oop));
  m->stack = NULL;
}

Oop *machine_stack_top(const Machine *m) {
  if (!m->fp) return m->stack;
  Oop *top = m->fp + code_registers(oop_to_object(m->fp[FRAME_CODE])) + STACK_SLACK;
  if (m->args && m->args + m->argc + 1 > top) top = m->args + m->argc + 1;
  return top;
}

size_t machine_heap_used(const Machine *m) {
  return m->block_size + (m->old ? m->old->used + m->old->large_used : 0);
}

OldSpace *machine_old_space(Machine *m) {
  if (!m->old) {
    m->old = account_alloc(machine_accounts(m), ACCOUNT_HEAP, sizeof *m->old);
    if (m->old) m->old->threshold = 1024 * 1024;
  }
  return m->old;
}

static bool mark_cards(LargeObject *large, size_t slot) {
  if (slot == SIZE_MAX) memset(large_card(large, 0), 1, large_cards(large->slots));
  else *large_card(large, slot) = 1;
  bool known = large->remembered;
  large->remembered = 1;
  return known;
}

void machine_remember(Machine *m, Object *old, size_t slot) {
  OldSpace *space = m->old;
  if (object_is_large(old) && mark_cards(large_of(old), slot)) return;
  if (space->remembered_count == space->remembered_capacity) {
    uint32_t capacity = space->remembered_capacity ? space->remembered_capacity * 2 : 64;
    Object **grown = account_realloc(machine_accounts(m), ACCOUNT_HEAP, space->remembered,
                                     space->remembered_capacity * sizeof *grown, capacity * sizeof *grown);
    if (!grown) { /* the next collection has to look everywhere */
      space->forgetful = true;
      if (object_is_large(old)) large_of(old)->remembered = 0;
      return;
    }
    space->remembered = grown;
    space->remembered_capacity = capacity;
  }
  space->remembered[space->remembered_count++] = old;
  if (!object_is_large(old)) old->header &= ~FLAG_GUARD;
}

/* The second half of machine_store: VALUE has been stored into an old object. */
void machine_store_guarded(Machine *m, Object *object, size_t slot, Oop value) {
  if (machine_is_young(m, value)) machine_remember(m, object, slot);
}

/* ---- allocation ------------------------------------------------------------------------------------------- */

static void clear_body(Object *object, unsigned format, size_t slots) {
  if (format > FORMAT_WEAK) {
    memset(object->slots, 0, slots * 8);
    return;
  }
  for (size_t i = 0; i < slots; i++) object->slots[i] = OOP_NIL;
}

Oop machine_new_unchecked(Machine *m, uint32_t class_index, unsigned format, size_t slots) {
  Object *object = machine_cut_unchecked(m, class_index, format, slots);
  clear_body(object, format, slots);
  return oop_from_object(object);
}

/* The last word of SIZE bytes that end at END, what is unused in it zero.  No byte outside of them is read. */
static uint64_t last_word(const uint8_t *end, size_t size) {
  uint64_t word = 0;
  uint32_t low, high;
  size_t used = (size - 1) % 8 + 1;
  if (size >= 8) return memcpy(&word, end - 8, 8), word >> (8 - used) * 8;
  if (size < 4) return memcpy(&word, end - size, size), word;
  memcpy(&low, end - size, 4);
  memcpy(&high, end - 4, 4);
  return low | (uint64_t)high << (size - 4) * 8;
}

Oop machine_new_short_string_unchecked(Machine *m, const uint8_t *bytes, size_t size) {
  Object *object = (Object *)m->alloc;
  size_t slots = bytes_to_slots(size);
  assert(size < 32 && m->alloc + 8 + slots * 8 <= m->alloc_end);
  m->alloc += 8 + slots * 8;
  object->header = header_make(CLASS_STRING, bytes_format(size), machine_next_hash(m), slots);
  for (size_t i = 0; i + 1 < slots; i++) memcpy(&object->slots[i], bytes + i * 8, 8);
  if (slots) object->slots[slots - 1] = last_word(bytes + size, size);
  return oop_from_object(object);
}

bool machine_reserve_large_may_gc(Machine *m, size_t bytes) {
  OldSpace *old = machine_old_space(m);
  if (!old) return m->failure = FAILURE_NO_MEMORY, false;
  if (old->used + old->large_used + bytes > old->threshold || machine_heap_used(m) + bytes > machine_heap_limit(m))
    machine_collect_may_gc(m, 0, 0, true);
  if (machine_heap_used(m) + bytes <= machine_heap_limit(m)) return true;
  return m->failure = FAILURE_NO_MEMORY, false;
}

/* ALLOCATED bytes come at once, for a body that stands elsewhere or here. */
static LargeObject *new_large(Machine *m, uint32_t class_index, unsigned format, size_t slots, size_t allocated) {
  OldSpace *old = m->old;
  LargeObject *large = account_alloc_dirty(machine_accounts(m), ACCOUNT_LARGE, allocated);
  if (!large) return m->failure = FAILURE_NO_MEMORY, NULL;
  large->bytes = large_bytes(slots);
  large->slots = slots;
  large->remembered = 0;
  large->object.header = header_make(class_index, format, machine_next_hash(m), slots) | FLAG_OLD | FLAG_GUARD;
  large->next = old->large;
  old->large = large;
  old->large_used += large->bytes;
  return large;
}

void large_free(Accounts *accounts, LargeObject *large) {
  bool elsewhere = object_body_is_elsewhere(&large->object);
  if (elsewhere) shared_bytes_release(shared_bytes_of(&large->object));
  account_free(accounts, ACCOUNT_LARGE, large, elsewhere ? LARGE_ELSEWHERE_BYTES : large->bytes);
}

Oop machine_new_large_sharing_unchecked(Machine *m, uint32_t class_index, unsigned format, SharedBytes *bytes) {
  LargeObject *large = new_large(m, class_index, packed_format(format, bytes->size), bytes_to_slots(bytes->size), LARGE_ELSEWHERE_BYTES);
  if (!large) return 0;
  large->slots |= BODY_ELSEWHERE;
  large->object.slots[0] = (Oop)(uintptr_t)shared_bytes_retain(bytes)->body;
  return oop_from_object(&large->object);
}

Oop machine_new_large_packed_unchecked(Machine *m, uint32_t class_index, unsigned format, size_t slots) {
  SharedBytes *bytes = shared_bytes_new(machine_accounts(m), slots * 8 - (format & 7));
  if (!bytes) return m->failure = FAILURE_NO_MEMORY, (Oop)0;
  Oop made = machine_new_large_sharing_unchecked(m, class_index, format, bytes);
  shared_bytes_release(bytes);
  return made;
}

Oop machine_new_large_unchecked(Machine *m, uint32_t class_index, unsigned format, size_t slots) {
  if (format >= FORMAT_BYTES) {
    Oop made = machine_new_large_packed_unchecked(m, class_index, format, slots);
    if (made) memset(object_bytes(oop_to_object(made)), 0, slots * 8);
    return made;
  }
  LargeObject *large = new_large(m, class_index, format, slots, large_bytes(slots));
  if (!large) return 0;
  memset(large_card(large, 0), 0, large_cards(slots));
  clear_body(&large->object, format, slots);
  return oop_from_object(&large->object);
}

bool machine_own_bytes(Machine *m, Object *object) {
  SharedBytes *shared = shared_bytes_of(object), *own = shared_bytes_new(machine_accounts(m), shared->size);
  if (!own) return m->failure = FAILURE_NO_MEMORY, false;
  memcpy(own->body, shared->body, shared->size);
  object->slots[0] = (Oop)(uintptr_t)own->body;
  shared_bytes_release(shared);
  return true;
}

bool machine_reserve_may_gc(Machine *m, size_t bytes) {
  if ((size_t)(m->alloc_end - m->alloc) >= bytes && !debug_on(DEBUG_GC_STRESS)) return true;
  if (machine_collect_may_gc(m, bytes, 0, false)) return true;
  m->failure = FAILURE_NO_MEMORY;
  return false;
}

static Oop new_large_may_gc(Machine *m, uint32_t class_index, unsigned format, size_t slots) {
  if (slots > (size_t)1 << 40) return m->failure = FAILURE_TOO_LARGE, (Oop)0;
  if (!machine_reserve_large_may_gc(m, large_bytes(slots))) return 0;
  return machine_new_large_unchecked(m, class_index, format, slots);
}

Oop machine_new_may_gc(Machine *m, uint32_t class_index, unsigned format, size_t slots) {
  if (slots < OBJECT_SIZE_LARGE && !machine_reserve_may_gc(m, 8 + slots * 8)) return 0;
  Oop made = slots < OBJECT_SIZE_LARGE ? machine_new_unchecked(m, class_index, format, slots) : new_large_may_gc(m, class_index, format, slots);
  if (format != FORMAT_WEAK || !made || weak_watch(m, oop_to_object(made), WEAK_ELEMENTS)) return made;
  return m->failure = FAILURE_NO_MEMORY, (Oop)0;
}

Oop machine_new_bytes_may_gc(Machine *m, uint32_t class_index, size_t size) {
  if (size > ((size_t)1 << 42)) return m->failure = FAILURE_TOO_LARGE, (Oop)0;
  return machine_new_may_gc(m, class_index, bytes_format(size), bytes_to_slots(size));
}

Oop machine_new_packed_may_gc(Machine *m, uint32_t class_index, unsigned format, size_t size) {
  if (size > ((size_t)1 << 42)) return m->failure = FAILURE_TOO_LARGE, (Oop)0;
  return machine_new_may_gc(m, class_index, packed_format(format, size), bytes_to_slots(size));
}

Oop machine_new_array_may_gc(Machine *m, size_t slots) {
  return machine_new_may_gc(m, CLASS_ARRAY, FORMAT_POINTERS, slots);
}

Oop machine_new_string_may_gc(Machine *m, const char *text, size_t length) {
  Oop string = machine_new_bytes_may_gc(m, CLASS_STRING, length);
  if (string) memcpy(object_bytes(oop_to_object(string)), text, length);
  return string;
}

Oop machine_new_float_may_gc(Machine *m, double value) {
  Oop result;
  if (double_try_small(value, &result)) return result;
  result = machine_new_may_gc(m, CLASS_FLOAT, FORMAT_WORDS, 1);
  if (result) memcpy(oop_to_object(result)->slots, &value, 8);
  return result;
}

static Oop new_large_integer_may_gc(Machine *m, uint64_t magnitude, bool negative) {
  Oop result = machine_new_may_gc(m, negative ? CLASS_LARGE_NEGATIVE : CLASS_LARGE_POSITIVE, FORMAT_WORDS, 1);
  if (result) oop_to_object(result)->slots[0] = magnitude;
  return result;
}

Oop machine_new_integer_may_gc(Machine *m, int64_t value) {
  if (small_integer_fits(value)) return oop_from_small(value);
  return new_large_integer_may_gc(m, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

Oop machine_new_unsigned_may_gc(Machine *m, uint64_t value) {
  if (value <= (uint64_t)SMALL_INTEGER_MAX) return oop_from_small((int64_t)value);
  return new_large_integer_may_gc(m, value, false);
}

Oop machine_copy_may_gc(Machine *m, Oop original) {
  if (!oop_is_pointer(original)) return original;
  unsigned handle = machine_push_handle(m, original);
  Object *from = machine_object(m, original);
  size_t slots = object_slots(from);
  Oop copy = machine_new_may_gc(m, object_class_index(from), object_format(from), slots);
  from = machine_object(m, machine_handle(m, handle));
  machine_pop_handles(m, handle);
  if (!copy) return 0;
  Object *to = oop_to_object(copy);
  memcpy(object_bytes(to), object_bytes(from), slots * 8);
  if (to->header & FLAG_GUARD && object_pointer_slots(to)) machine_remember(m, to, SIZE_MAX); /* may hold young references now */
  return copy;
}

size_t object_pointer_slots(const Object *o) {
  unsigned format = object_format(o);
  if (format <= FORMAT_WEAK) return object_slots(o);
  if (format == FORMAT_CODE) return CODE_LITERALS + code_literals(o);
  return 0;
}

uint32_t oop_class_index_immediate(Oop x) {
  if (oop_is_small(x)) return CLASS_SMALL_INTEGER;
  switch (x & OOP_TAG_MASK) {
  case OOP_TAG_CHARACTER: return CLASS_CHARACTER;
  case OOP_TAG_FLOAT: return CLASS_FLOAT;
  default: return x == OOP_TRUE ? CLASS_TRUE : x == OOP_FALSE ? CLASS_FALSE : CLASS_UNDEFINED_OBJECT;
  }
}

/* ---- handles ---------------------------------------------------------------------------------------------- */

unsigned machine_push_handle(Machine *m, Oop value) {
  if (m->handle_count == m->handle_capacity) {
    uint16_t capacity = (uint16_t)(m->handle_capacity ? m->handle_capacity * 2 : 8);
    Oop *grown;
    for (unsigned n = 0; !(grown = account_realloc(machine_accounts(m), ACCOUNT_OTHER, m->handles, m->handle_capacity * sizeof(Oop), capacity * sizeof(Oop))); n++)
      account_wait_for_memory(n, "a handle");
    m->handles = grown;
    m->handle_capacity = capacity;
  }
  m->handles[m->handle_count] = value;
  return m->handle_count++;
}

void machine_pop_handles(Machine *m, unsigned down_to) {
  assert(down_to <= m->handle_count);
  m->handle_count = (uint16_t)down_to;
}

/* ---- reading values ----------------------------------------------------------------------------------------- */

bool oop_try_bytes(const Machine *m, Oop x, const char **bytes, size_t *size) {
  if (!oop_is_pointer(x)) return false;
  Object *object = machine_object(m, x);
  if (!object_is_bytes(object) || object_class_index(object) == CLASS_UNICODE_STRING) return false; /* code points are no bytes */
  *bytes = (const char *)object_bytes(object);
  *size = object_byte_size(object);
  return true;
}

bool oop_try_double(const Machine *m, Oop x, double *out) {
  if (oop_is_small_float(x)) return *out = oop_small_to_double(x), true;
  if (!oop_is_pointer(x) || !oop_has_class(x, CLASS_FLOAT)) return false;
  memcpy(out, machine_object(m, x)->slots, 8);
  return true;
}

bool oop_try_int64(const Machine *m, Oop x, int64_t *out) {
  if (oop_is_small(x)) return *out = oop_to_small(x), true;
  if (!oop_is_pointer(x)) return false;
  Object *object = machine_object(m, x);
  uint32_t class = object_class_index(object);
  if ((class != CLASS_LARGE_POSITIVE && class != CLASS_LARGE_NEGATIVE) || object_slots(object) != 1) return false;
  uint64_t magnitude = object->slots[0], limit = (uint64_t)INT64_MAX + (class == CLASS_LARGE_NEGATIVE);
  if (magnitude > limit) return false;
  *out = class == CLASS_LARGE_NEGATIVE ? (int64_t)-magnitude : (int64_t)magnitude;
  return true;
}
