/* SPDX-License-Identifier: MIT */
/* symbols.c -- one symbol per name and actor: S is asked first, then the table of this W. */
#include "memory_internal.h"

/* ROOT_SYMBOLS is an Array used as an open-addressing table; slot 0 holds the number of symbols. */
static Oop find_in_w(const Machine *m, const char *text, size_t length, uint32_t hash) {
  if (m->roots[ROOT_SYMBOLS] == OOP_NIL) return 0;
  Object *table = oop_to_object(m->roots[ROOT_SYMBOLS]);
  size_t mask = object_slots(table) - 2;
  for (size_t i = hash & mask; table->slots[1 + i] != OOP_NIL; i = (i + 1) & mask) {
    Object *symbol = oop_to_object(table->slots[1 + i]);
    if (object_hash(symbol) == hash && object_byte_size(symbol) == length && memcmp(object_bytes(symbol), text, length) == 0)
      return oop_from_object(symbol);
  }
  return 0;
}

static Oop find(const Machine *m, const char *text, size_t length, uint32_t hash) {
  Oop found = source_image_symbol(m->source, text, length, hash);
  return found ? found : find_in_w(m, text, length, hash);
}

Oop machine_find_symbol(Machine *m, const char *text, size_t length) {
  return find(m, text, length, symbol_hash(text, length));
}

static void insert(Machine *m, Object *table, Oop symbol) {
  size_t mask = object_slots(table) - 2, i = object_hash(oop_to_object(symbol)) & mask;
  while (table->slots[1 + i] != OOP_NIL) i = (i + 1) & mask;
  machine_store(m, table, 1 + i, symbol);
}

static bool make_room_may_gc(Machine *m) {
  Oop old = m->roots[ROOT_SYMBOLS];
  size_t capacity = 8;
  if (old != OOP_NIL) {
    capacity = object_slots(oop_to_object(old)) - 1;
    if ((size_t)oop_to_small(oop_to_object(old)->slots[0]) * 4 < capacity * 3) return true;
    capacity *= 2;
  }
  Oop made = machine_new_array_may_gc(m, capacity + 1);
  if (!made) return false;
  Object *table = oop_to_object(made);
  old = m->roots[ROOT_SYMBOLS];
  table->slots[0] = old == OOP_NIL ? oop_from_small(0) : oop_to_object(old)->slots[0];
  for (size_t i = 1; old != OOP_NIL && i < object_slots(oop_to_object(old)); i++)
    if (oop_to_object(old)->slots[i] != OOP_NIL) insert(m, table, oop_to_object(old)->slots[i]);
  m->roots[ROOT_SYMBOLS] = made;
  return true;
}

/* TEXT may lie in an object of this W: it is copied before anything moves. */
Oop machine_symbol_may_gc(Machine *m, const char *text, size_t length) {
  uint32_t hash = symbol_hash(text, length);
  Oop found = find(m, text, length, hash);
  if (found) return found;
  Accounts *accounts = machine_accounts(m);
  char *bytes = account_alloc_dirty(accounts, ACCOUNT_OTHER, length + 1);
  if (!bytes) return m->failure = FAILURE_NO_MEMORY, (Oop)0;
  memcpy(bytes, text, length);
  Oop symbol = make_room_may_gc(m) ? machine_new_bytes_may_gc(m, CLASS_SYMBOL, length) : 0;
  if (symbol) {
    Object *object = oop_to_object(symbol);
    memcpy(object_bytes(object), bytes, length);
    object->header = (object->header & ~(HASH_MASK << HASH_SHIFT)) | (uint64_t)hash << HASH_SHIFT;
    Object *table = oop_to_object(m->roots[ROOT_SYMBOLS]);
    table->slots[0] += 2;
    insert(m, table, symbol);
  }
  account_free(accounts, ACCOUNT_OTHER, bytes, length + 1);
  return symbol;
}
