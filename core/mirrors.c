/* SPDX-License-Identifier: MIT */
/* mirrors.c -- see mirrors.h. */
#include "mirrors.h"

#include "collection.h"

static size_t entries_bytes(uint32_t capacity) { return capacity * sizeof(MirrorEntry); }

static bool grow(Machine *m) {
  MirrorTable *t = m->mirrors;
  uint32_t capacity = t->capacity ? t->capacity * 2 : 4;
  MirrorEntry *grown = account_realloc(machine_accounts(m), ACCOUNT_HEAP, t->entries, entries_bytes(t->capacity), entries_bytes(capacity));
  if (!grown) return false;
  t->entries = grown;
  t->capacity = capacity;
  return true;
}

static void put(MirrorTable *t, uint32_t place, MirrorEntry entry) {
  t->entries[place] = entry;
  entry.mirror->slots[PROMISE_REACTIONS] = oop_from_small(place);
}

/* Behind the last; an old one before the first young one, which makes room. */
static void append(MirrorTable *t, MirrorEntry entry) {
  uint32_t place = t->count++;
  if (entry.mirror->header & FLAG_OLD) {
    if (place != t->old_count) put(t, place, t->entries[t->old_count]);
    place = t->old_count++;
  }
  put(t, place, entry);
}

bool mirrors_add(Machine *m, Object *mirror, SharedBytes *counted) {
  if (!m->mirrors && !(m->mirrors = account_alloc(machine_accounts(m), ACCOUNT_HEAP, sizeof *m->mirrors))) return false;
  if (m->mirrors->count == m->mirrors->capacity && !grow(m)) return false;
  append(m->mirrors, (MirrorEntry){mirror, shared_bytes_retain(counted)});
  return true;
}

SharedBytes *mirrors_find(const Machine *m, const Object *mirror) {
  Oop place = mirror->slots[PROMISE_REACTIONS];
  if (!m->mirrors || !oop_is_small(place) || (uint64_t)oop_to_small(place) >= m->mirrors->count) return NULL;
  const MirrorEntry *entry = &m->mirrors->entries[oop_to_small(place)];
  return entry->mirror == mirror ? entry->counted : NULL;
}

/* Those from FIRST on that have survived, where they are now; the others let go. */
void collection_finish_mirrors(Collection *c) {
  MirrorTable *t = c->m->mirrors;
  uint32_t first = c->major ? 0 : t->old_count, count = t->count;
  t->count = t->old_count = first;
  for (uint32_t i = first; i < count; i++) {
    MirrorEntry entry = t->entries[i];
    entry.mirror = collection_survivor(c, entry.mirror);
    if (entry.mirror) append(t, entry);
    else shared_bytes_release(entry.counted);
  }
}

void mirrors_follow(Machine *m, Oop (*map)(void *context, Oop x), void *context) {
  MirrorTable *t = m->mirrors;
  uint32_t count = t ? t->count : 0;
  if (t) t->count = t->old_count = 0;
  for (uint32_t i = 0; i < count; i++) {
    MirrorEntry entry = t->entries[i];
    Oop now = map(context, oop_from_object(entry.mirror));
    entry.mirror = oop_to_object(now);
    if (!address_in_source(now)) append(t, entry);
    else shared_bytes_release(entry.counted);
  }
}

void mirrors_destroy(Machine *m) {
  MirrorTable *t = m->mirrors;
  if (!t) return;
  for (uint32_t i = 0; i < t->count; i++) shared_bytes_release(t->entries[i].counted);
  account_free(machine_accounts(m), ACCOUNT_HEAP, t->entries, entries_bytes(t->capacity));
  account_free(machine_accounts(m), ACCOUNT_HEAP, t, sizeof *t);
  m->mirrors = NULL;
}
