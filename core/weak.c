/* SPDX-License-Identifier: MIT */
/* weak.c -- the table of a machine's weak objects, and the queue of those that mourn. */
#include "weak.h"

#include "memory_internal.h"
#include "processes.h"

static size_t entries_bytes(uint32_t capacity) { return capacity * sizeof(WeakEntry); }
static size_t mourners_bytes(uint32_t capacity) { return capacity * sizeof(Mourner); }

void weak_destroy(Machine *m) {
  Accounts *accounts = machine_accounts(m);
  if (!m->weak) return;
  account_free(accounts, ACCOUNT_HEAP, m->weak->entries, entries_bytes(m->weak->capacity));
  account_free(accounts, ACCOUNT_HEAP, m->weak->mourners, mourners_bytes(m->weak->capacity));
  account_free(accounts, ACCOUNT_HEAP, m->weak, sizeof *m->weak);
  m->weak = NULL;
}

/* Every entry may become a mourner while memory cannot be had: there is always room for it. */
static bool grow(Machine *m) {
  WeakTable *t = m->weak;
  uint32_t capacity = t->capacity ? t->capacity * 2 : 8;
  WeakEntry *entries = account_alloc_dirty(machine_accounts(m), ACCOUNT_HEAP, entries_bytes(capacity));
  Mourner *mourners = account_alloc_dirty(machine_accounts(m), ACCOUNT_HEAP, mourners_bytes(capacity));
  if (!entries || !mourners) {
    account_free(machine_accounts(m), ACCOUNT_HEAP, entries, entries_bytes(capacity));
    account_free(machine_accounts(m), ACCOUNT_HEAP, mourners, mourners_bytes(capacity));
    return false;
  }
  if (t->count) memcpy(entries, t->entries, entries_bytes(t->count));
  if (t->mourner_count) memcpy(mourners, t->mourners, mourners_bytes(t->mourner_count));
  account_free(machine_accounts(m), ACCOUNT_HEAP, t->entries, entries_bytes(t->capacity));
  account_free(machine_accounts(m), ACCOUNT_HEAP, t->mourners, mourners_bytes(t->capacity));
  t->entries = entries;
  t->mourners = mourners;
  t->capacity = capacity;
  return true;
}

bool weak_watch(Machine *m, Object *object, WeakKind kind) {
  if (object->header & FLAG_WEAK) return false;
  if (!m->weak && !(m->weak = account_alloc(machine_accounts(m), ACCOUNT_HEAP, sizeof *m->weak))) return false;
  WeakTable *t = m->weak;
  if (t->count + t->mourner_count == t->capacity && !grow(m)) return false;
  uint32_t place = t->count++;
  if (object->header & FLAG_OLD) { /* the first young one makes room */
    t->entries[place] = t->entries[t->old_count];
    place = t->old_count++;
  }
  t->entries[place] = (WeakEntry){object, (uint8_t)kind, 0};
  if (kind != WEAK_FINAL) object->header |= FLAG_WEAK;
  return true;
}

static void remove_entry(WeakTable *t, uint32_t i) {
  if (i < t->old_count) {
    t->entries[i] = t->entries[--t->old_count];
    i = t->old_count;
  }
  t->entries[i] = t->entries[--t->count];
}

void weak_forget(Machine *m, const Object *object) {
  WeakTable *t = m->weak;
  for (uint32_t i = t ? t->count : 0; i-- > 0;)
    if (t->entries[i].object == object && t->entries[i].kind == WEAK_FINAL) remove_entry(t, i);
}

bool weak_follow(Machine *m, Oop (*map)(void *context, Oop x), void *context) {
  WeakTable *t = m->weak;
  uint32_t count = 0, before = t ? t->count : 0;
  WeakEntry *gone = before ? account_alloc_dirty(machine_accounts(m), ACCOUNT_HEAP, before * sizeof *gone) : NULL;
  if (before && !gone) return false;
  for (uint32_t i = before; i-- > 0;) {
    WeakEntry e = t->entries[i];
    Oop now = map(context, oop_from_object(e.object));
    if (now == oop_from_object(e.object)) continue;
    remove_entry(t, i);
    if (!address_in_source(now)) gone[count++] = (WeakEntry){oop_to_object(now), e.kind, 0};
  }
  bool done = true;
  for (uint32_t i = 0; i < count; i++) done &= gone[i].object->header & FLAG_WEAK || weak_watch(m, gone[i].object, (WeakKind)gone[i].kind);
  account_free(machine_accounts(m), ACCOUNT_HEAP, gone, before * sizeof *gone);
  return done;
}

Oop weak_take_mourner(Machine *m, bool *ephemeron) {
  WeakTable *t = m->weak;
  if (!t || t->mourned == t->mourner_count) {
    if (t) t->mourned = t->mourner_count = 0, t->told = false;
    return 0;
  }
  Mourner *next = &t->mourners[t->mourned++];
  *ephemeron = next->ephemeron;
  return next->object;
}

void weak_tell_mourners_may_gc(Machine *m) {
  WeakTable *t = m->weak;
  if (!t || t->told || t->mourned == t->mourner_count) return;
  Oop memory = machine_global_value(m, "ObjectMemory"), selector = machine_find_symbol(m, "mourn", 5);
  t->told = memory != OOP_NIL && selector && processes_fork_may_gc(m, memory, selector);
}
