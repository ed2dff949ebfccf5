/* SPDX-License-Identifier: MIT */
/* collector_weak.c -- what a collection does about weak objects.  Read weak.h first.
 *
 * In a major collection, objects with FLAG_WEAK that are reached are copied, but their slots are not looked at.  Then, over and over until nothing
 * new is found: their strong slots are forwarded, and the values of pairs and ephemerons whose keys have been reached.  Ephemerons whose
 * keys have not, and final objects that have not been reached themselves, mourn: they and what they refer to live on until they have been told,
 * which may make more of the above alive.  At last, weak references to what was not reached are cleared. */
#include "collection.h"
#include "weak.h"

enum { STATE_NEW, STATE_OPEN, STATE_STRONG }; /* of an entry: not looked at, strong slots forwarded, all slots forwarded */

static size_t named_slots(const Machine *m, const Object *object) {
  Object *class = oop_to_object(machine_class_at(m, object_class_index(object))); /* perhaps left already: the slots are still there */
  size_t fixed = spec_fixed(oop_to_small(class->slots[BEHAVIOR_SPEC])), slots = object_slots(object);
  return fixed < slots ? fixed : slots;
}

static void open_entry(Collection *c, const WeakEntry *e, Object *object) {
  if (e->kind == WEAK_ELEMENTS || e->kind == WEAK_SET) collection_forward_slots(c, object, 0, named_slots(c->m, object));
  if (e->kind != WEAK_VALUES) return;
  for (size_t i = 0; i + 1 < object_slots(object); i += 2) collection_forward_slots(c, object, i, i + 1);
}

/* Values whose keys are alive.  True: one of them was not reached before. */
static bool forward_pairs(Collection *c, Object *table) {
  bool found = false;
  for (size_t i = 0; i + 1 < object_slots(table); i += 2) {
    if (collection_is_reached(c, table->slots[i + 1]) || !collection_is_reached(c, table->slots[i])) continue;
    collection_forward_slots(c, table, i + 1, i + 2);
    found = true;
  }
  return found;
}

/* What follows from what has been reached.  True: something new. */
static bool advance(Collection *c, WeakEntry *e) {
  Object *object = collection_survivor(c, e->object);
  bool found = false;
  if (!object || e->kind == WEAK_FINAL) return false;
  if (e->state == STATE_NEW) {
    open_entry(c, e, object);
    e->state = STATE_OPEN;
    found = true;
  }
  if (e->kind == WEAK_KEYS) return forward_pairs(c, object) || found;
  if (e->kind != WEAK_EPHEMERON || e->state == STATE_STRONG || !collection_is_reached(c, object->slots[0])) return found;
  collection_forward_slots(c, object, 0, object_slots(object));
  e->state = STATE_STRONG;
  return true;
}

static void advance_all(Collection *c, WeakTable *t) {
  for (bool found = true; found;) {
    found = false;
    for (uint32_t i = 0; i < t->count; i++) found |= advance(c, &t->entries[i]);
    collection_scan(c);
  }
}

/* Nothing is forwarded until all who mourn are known: one must not save another by the order of entries. */
static bool fire(Collection *c, WeakTable *t) {
  uint32_t first = t->mourner_count, kept = 0;
  for (uint32_t i = 0; i < t->count; i++) {
    WeakEntry *e = &t->entries[i];
    Object *object = collection_survivor(c, e->object);
    bool ephemeron = e->kind == WEAK_EPHEMERON && object && e->state == STATE_OPEN, final = e->kind == WEAK_FINAL && !object;
    if (ephemeron || final) t->mourners[t->mourner_count++] = (Mourner){oop_from_object(e->object), ephemeron};
    else t->entries[kept++] = *e;
  }
  t->count = kept;
  for (uint32_t i = first; i < t->mourner_count; i++) {
    Mourner *mourner = &t->mourners[i];
    mourner->object = collection_forward(c, mourner->object);
    if (!mourner->ephemeron) continue;
    Object *object = oop_to_object(mourner->object);
    object->header &= ~FLAG_WEAK;
    collection_forward_slots(c, object, 0, object_slots(object));
  }
  collection_scan(c);
  return t->mourner_count > first;
}

static void clear_elements(Collection *c, WeakTable *t, Object *object, Oop tombstone) {
  for (size_t i = named_slots(c->m, object); i < object_slots(object); i++) {
    if (collection_is_reached(c, object->slots[i])) continue;
    object->slots[i] = tombstone;
    t->cleared++;
  }
}

static void clear_pairs(Collection *c, WeakTable *t, Object *table, size_t weak) {
  for (size_t i = 0; i + 1 < object_slots(table); i += 2) {
    if (collection_is_reached(c, table->slots[i + weak])) continue;
    table->slots[i] = oop_from_object(table);
    table->slots[i + 1] = OOP_NIL;
    t->cleared++;
  }
}

static void clear_dead(Collection *c, WeakTable *t) {
  for (uint32_t i = 0; i < t->count; i++) {
    Object *object = collection_survivor(c, t->entries[i].object);
    if (!object || t->entries[i].state != STATE_OPEN) continue;
    switch (t->entries[i].kind) {
    case WEAK_ELEMENTS: clear_elements(c, t, object, OOP_NIL); break;
    case WEAK_SET: clear_elements(c, t, object, oop_from_object(object)); break;
    case WEAK_KEYS: clear_pairs(c, t, object, 0); break;
    case WEAK_VALUES: clear_pairs(c, t, object, 1); break;
    default: break;
    }
    collection_forward_slots(c, object, 0, object_slots(object)); /* all reached: they get their new places */
  }
}

/* Entries of objects that are gone go; the old ones come first again.  Those before FIRST have not moved. */
static void rebuild(Collection *c, WeakTable *t, uint32_t first) {
  uint32_t kept = first;
  if (c->major) t->old_count = 0;
  for (uint32_t i = first; i < t->count; i++) {
    WeakEntry e = {collection_survivor(c, t->entries[i].object), t->entries[i].kind, STATE_NEW};
    if (!e.object) continue;
    uint32_t place = kept++;
    if (e.object->header & FLAG_OLD) {
      t->entries[place] = t->entries[t->old_count];
      place = t->old_count++;
    }
    t->entries[place] = e;
  }
  t->count = kept;
}

void collection_forward_weak_roots(Collection *c) {
  WeakTable *t = c->m->weak;
  for (uint32_t i = t->mourned; i < t->mourner_count; i++) t->mourners[i].object = collection_forward(c, t->mourners[i].object);
  for (uint32_t i = t->old_count; !c->major && i < t->count; i++)
    if (t->entries[i].kind == WEAK_FINAL) collection_forward(c, oop_from_object(t->entries[i].object));
}

void collection_finish_weak(Collection *c) {
  WeakTable *t = c->m->weak;
  if (!c->major) return rebuild(c, t, t->old_count);
  t->collected = 0;
  do advance_all(c, t);
  while (fire(c, t));
  clear_dead(c, t);
  rebuild(c, t, 0);
}
