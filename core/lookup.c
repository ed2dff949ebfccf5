/* SPDX-License-Identifier: MIT */
/* lookup.c -- classes by index, methods by selector, globals by name.  Every hop resolves: any class, method dictionary or binding
 * may have a copy in this W. */
#include "lookup.h"
#include "memory_internal.h"
#include "send_cache.h"

Oop machine_class_at(const Machine *m, uint32_t index) {
  if (index < m->source->class_count) return oop_resolve(m, m->source->classes[index]);
  uint32_t i = index >= CLASS_INDEX_W ? index - CLASS_INDEX_W : index;
  Object *table = oop_to_object(m->roots[ROOT_CLASSES]);
  return table->slots[i];
}

/* The first free slot from LOW on: classes stay, so the free ones are behind all others. */
static uint32_t first_free(const Machine *m, uint32_t low, uint32_t capacity) {
  while (low < capacity) {
    uint32_t middle = low + (capacity - low) / 2;
    if (oop_to_object(m->roots[ROOT_CLASSES])->slots[middle] == OOP_NIL) capacity = middle;
    else low = middle + 1;
  }
  return low;
}

/* The class table of W doubles when it is full; slot i of W's numbering is class CLASS_INDEX_W + i.  There are never more classes than an S can number. */
uint32_t machine_add_class_may_gc(Machine *m, Oop class) {
  unsigned handle = machine_push_handle(m, class);
  bool genesis = m->source->class_count == 0;
  uint32_t capacity = m->roots[ROOT_CLASSES] == OOP_NIL ? 0 : (uint32_t)object_slots(oop_to_object(m->roots[ROOT_CLASSES]));
  uint32_t i = first_free(m, genesis ? 1 : 0, capacity);
  if (m->source->class_count + i >= CLASS_INDEX_W - 1) return m->failure = FAILURE_TOO_LARGE, machine_pop_handles(m, handle), 0;
  if (i >= capacity) {
    Oop grown = machine_new_array_may_gc(m, capacity ? capacity * 2 : genesis ? 512 : 8);
    if (!grown) return machine_pop_handles(m, handle), 0;
    for (size_t k = 0; k < capacity; k++) machine_store(m, oop_to_object(grown), k, oop_to_object(m->roots[ROOT_CLASSES])->slots[k]);
    m->roots[ROOT_CLASSES] = grown;
  }
  machine_store(m, oop_to_object(m->roots[ROOT_CLASSES]), i, machine_handle(m, handle));
  m->definitions = 1;
  machine_pop_handles(m, handle);
  return genesis ? i : CLASS_INDEX_W + i;
}

static Oop find_method(const Machine *m, Oop methods, Oop selector) {
  if (methods == OOP_NIL) return 0;
  Object *dictionary = machine_object(m, methods);
  size_t capacity = (object_slots(dictionary) - METHODS_FIRST_KEY) / 2;
  if (!capacity) return 0;
  for (size_t i = object_hash(oop_to_object(selector)) & (capacity - 1);; i = (i + 1) & (capacity - 1)) {
    Oop key = dictionary->slots[METHODS_FIRST_KEY + 2 * i];
    if (key == selector) return dictionary->slots[METHODS_FIRST_KEY + 2 * i + 1];
    if (key == OOP_NIL) return 0;
  }
}

Oop machine_lookup(const Machine *m, Oop klass, Oop selector) {
  for (Oop c = klass; c != OOP_NIL;) {
    Object *behavior = machine_object(m, c);
    Oop found = find_method(m, behavior->slots[BEHAVIOR_METHODS], selector);
    if (found) return oop_resolve(m, found);
    c = behavior->slots[BEHAVIOR_SUPERCLASS];
  }
  return 0;
}

bool machine_inherits_from(const Machine *m, Oop klass, Oop ancestor) {
  for (Oop c = klass; c != OOP_NIL; c = machine_object(m, c)->slots[BEHAVIOR_SUPERCLASS])
    if (oop_same(m, c, ancestor)) return true;
  return false;
}

bool machine_is_kind_of(const Machine *m, Oop x, Oop klass) { return machine_inherits_from(m, machine_class_of(m, x), klass); }

/* ---- binding dictionaries ------------------------------------------------------------------------------------ */

bool is_binding_dictionary(const Machine *m, Oop x) {
  if (!oop_is_pointer(x) || !machine_is_kind_of(m, x, machine_class_at(m, CLASS_BINDING_DICTIONARY))) return false;
  const Object *table = machine_try_array(m, machine_object(m, x)->slots[DICTIONARY_TABLE]);
  return table && object_slots(table) > 0;
}

Oop binding_dictionary_find(const Machine *m, Oop dictionary, const char *name, size_t length) {
  if (!is_binding_dictionary(m, dictionary)) return 0; /* programs can put anything where one was */
  const Object *table = machine_try_array(m, machine_object(m, dictionary)->slots[DICTIONARY_TABLE]);
  size_t mask = object_slots(table) - 1;
  uint32_t hash = symbol_hash(name, length);
  for (size_t i = hash & mask, probes = 0; probes <= mask && table->slots[i] != OOP_NIL; i = (i + 1) & mask, probes++) {
    if (!oop_has_class(table->slots[i], CLASS_VARIABLE_BINDING)) continue;
    Oop symbol = machine_object(m, table->slots[i])->slots[BINDING_KEY];
    if (!oop_has_class(symbol, CLASS_SYMBOL)) continue;
    Object *key = oop_to_object(symbol);
    if (object_hash(key) == hash && object_byte_size(key) == length && memcmp(object_bytes(key), name, length) == 0)
      return table->slots[i];
  }
  return 0;
}

Oop machine_system_dictionary(const Machine *m) {
  return m->source->system_dictionary ? m->source->system_dictionary : m->roots[ROOT_ACTOR];
}

Oop machine_global_binding(Machine *m, const char *name, size_t length) {
  return binding_dictionary_find(m, machine_system_dictionary(m), name, length);
}

Oop machine_global_value(Machine *m, const char *name) {
  Oop binding = machine_global_binding(m, name, strlen(name));
  return binding ? oop_resolve(m, machine_object(m, binding)->slots[BINDING_VALUE]) : OOP_NIL;
}

/* ---- send caches ----------------------------------------------------------------------------------------------- */

/* After a collection: what names a place in W is gone. */
void send_cache_flush_own(Machine *m) {
  if (!m->own_cache) return;
  for (uint32_t i = 0; i <= m->own_cache->mask; i++) {
    SendCacheEntry *entry = &m->own_cache->entries[i];
    if (entry->key && (!address_in_source(send_key_site(entry->key)) || !address_in_source(oop_from_object(entry->code)))) entry->key = 0;
  }
}

bool machine_use_own_cache(Machine *m) {
  if (!m->own_cache) m->own_cache = send_cache_new(machine_accounts(m), SEND_CACHE_OWN_FIRST);
  if (!m->own_cache) return m->failure = FAILURE_NO_MEMORY, false;
  m->cache = m->own_cache;
  return true;
}

bool machine_behavior_changed(Machine *m) {
  m->definitions = 1;
  if (!machine_use_own_cache(m)) return false;
  send_cache_clear(m->own_cache);
  return true;
}

void machine_distrust_layouts(Machine *m, uint32_t how) {
  m->overridden |= how;
  m->in_shadow = 1; /* so that the pristine mode is left, which does not look at `overridden` */
}

/* A cache that is filled again and again is too small. */
void machine_note_fill(Machine *m) {
  SendCache *cache = m->own_cache;
  if (!cache || ++cache->fills <= cache->mask || cache->mask + 1 >= SEND_CACHE_OWN_MAX) return;
  SendCache *grown = send_cache_new(machine_accounts(m), (cache->mask + 1) * 4);
  if (!grown) return;
  send_cache_delete(machine_accounts(m), cache);
  m->cache = m->own_cache = grown;
}
