/* SPDX-License-Identifier: MIT */
/* layer.c -- what a spawn hands on: freezing a machine's definitions into a layer, and moving the machine onto it.
 *
 * Moving means: objects that were frozen are from now on the layer's, so every reference in W is changed to it; the machine's class numbers become
 * the layer's; copies of data stay what they are, entered under their originals' new places.  An object whose frozen form
 * differs from what the machine sees (a new variable that has been assigned meanwhile, a new class with class-side values, anything that holds an
 * actor, a promise, a process or a frame) stays in W as the machine's own copy of the frozen one. */
#include <stdlib.h>

#include "debug.h"
#include "frames.h"
#include "heap_walk.h"
#include "image.h"
#include "lookup.h"
#include "memory_internal.h"
#include "mirrors.h"
#include "send_cache.h"
#include "weak.h"

typedef struct Move {
  Machine *m;
  const Freezer *f;
  Oop *own; /* open addressing: W objects that stay as copies of their frozen form */
  bool *is_class; /* of the same places */
  size_t own_mask, own_count;
} Move;

static bool stays_own(const Move *move, Oop x) {
  for (size_t i = address_hash(x) & move->own_mask; move->own[i]; i = (i + 1) & move->own_mask)
    if (move->own[i] == x) return true;
  return false;
}

/* Does the machine see something else in X than the layer will say? */
static bool differs(const Freezer *f, Object *object) {
  const Machine *m = f->m;
  Oop x = oop_from_object(object);
  if (address_in_source(x)) return false;
  if (freezer_leaves_out(f, object)) return true;
  if (m->hands_on_data && !(object->header & FLAG_SHADOW)) return false;
  if (object_class_index(object) == CLASS_VARIABLE_BINDING) return object->slots[BINDING_VALUE] != object->slots[BINDING_INITIAL];
  if (object_class_index(object) == CLASS_METACLASS || !oop_has_class(machine_class_of(m, x), CLASS_METACLASS)) return false;
  for (size_t i = CLASS_SLOTS; i < object_slots(object); i++)
    if (object->slots[i] != OOP_NIL) return true;
  return false;
}

static Oop moved(void *context, Oop x) {
  const Move *move = context;
  if (!oop_is_pointer(x) || !x) return x;
  if (address_in_source(x)) {
    Oop target = freezer_target(move->f, x); /* an object of the layer before this one */
    return target ? target : x;
  }
  if (stays_own(move, x)) return x;
  Oop target = freezer_target(move->f, x);
  return target ? target : x;
}

static uint32_t new_index(const Freezer *f, uint32_t index) {
  return index >= CLASS_INDEX_W && index - CLASS_INDEX_W < f->w_class_count ? f->class_map[index - CLASS_INDEX_W] : index;
}

static void renumber(void *context, Object *object) {
  const Freezer *f = ((Move *)context)->f;
  uint32_t index = object_class_index(object), to = new_index(f, index);
  if (to && to != index) object->header = (object->header & ~CLASS_INDEX_MASK) | to;
}

static void delete_own(Move *move) {
  free(move->own);
  free(move->is_class);
}

static bool collect_own(Move *move) {
  const Freezer *f = move->f;
  size_t size = 64, count = 0;
  for (size_t i = 0; i < f->count; i++) count += differs(f, f->objects[i].from);
  while (size < count * 2 + 2) size *= 2;
  move->own = calloc(size, sizeof(Oop));
  move->is_class = calloc(size, sizeof(bool));
  if (!move->own || !move->is_class) return delete_own(move), false;
  move->own_mask = size - 1;
  move->own_count = count;
  for (size_t i = 0; i < f->count; i++) {
    Oop x = oop_from_object(f->objects[i].from);
    if (!differs(f, f->objects[i].from)) continue;
    size_t k = address_hash(x) & move->own_mask;
    while (move->own[k]) k = (k + 1) & move->own_mask;
    move->own[k] = x;
    move->is_class[k] = oop_has_class(machine_class_of(f->m, x), CLASS_METACLASS);
  }
  return true;
}

/* The new shadow table: copies of data under the new places of their originals, and the objects that stay own. */
static bool move_shadows(Move *move, const SourceImage *image) {
  Machine *m = move->m;
  ShadowTable *old = m->shadows;
  const SourceImage *before = m->source;
  bool done = true;
  m->shadows = NULL;
  m->source = image;
  for (uint32_t i = 0; done && old && i <= old->mask; i++) {
    ShadowEntry entry = old->entries[i];
    if (!entry.original || (freezer_is_structural(move->f, entry.copy) && !stays_own(move, entry.copy))) continue;
    Oop target = freezer_target(move->f, entry.original);
    if (freezer_is_structural(move->f, entry.copy)) target = freezer_target(move->f, entry.copy);
    done = shadow_enter(m, target ? target : source_image_replacement(image, entry.original), entry.copy);
  }
  for (size_t i = 0; done && i <= move->own_mask; i++) {
    Oop x = move->own[i];
    if (!x || oop_to_object(x)->header & FLAG_SHADOW) continue;
    oop_to_object(x)->header |= FLAG_SHADOW;
    done = shadow_enter(m, freezer_target(move->f, x), x);
  }
  if (!done) { /* as before; nothing has been moved yet */
    if (m->shadows)
      account_free(machine_accounts(m), ACCOUNT_SHADOW, m->shadows, sizeof *old + (m->shadows->mask + 1) * sizeof(ShadowEntry));
    m->shadows = old;
    m->source = before;
    return false;
  }
  if (old) account_free(machine_accounts(m), ACCOUNT_SHADOW, old, sizeof *old + (old->mask + 1) * sizeof(ShadowEntry));
  return true;
}

static void renumber_spec(const Move *move, size_t i) {
  Object *object = oop_to_object(move->own[i]);
  if (!move->is_class[i]) return;
  int64_t spec = oop_to_small(object->slots[BEHAVIOR_SPEC]);
  object->slots[BEHAVIOR_SPEC] =
      oop_from_small(spec_make(spec_fixed(spec), spec_format(spec), new_index(move->f, spec_class_index(spec)), spec_kind(spec)));
}

static bool move_machine(Machine *m, const Freezer *f, const SourceImage *image) {
  Move move = {.m = m, .f = f};
  const SourceImage *before = m->source;
  frames_settle_links(m);
  if (!collect_own(&move)) return false;
  if (!move_shadows(&move, image)) return delete_own(&move), false;
  heap_map_references(m, moved, &move);
  mirrors_follow(m, moved, &move);
  weak_follow(m, moved, &move); /* what is in the layer now does not die */
  for (size_t i = 0; i <= move.own_mask; i++)
    if (move.own[i]) renumber_spec(&move, i);
  heap_each_object(m, renumber, &move);
  delete_own(&move);
  m->roots[ROOT_CLASSES] = OOP_NIL;
  m->overridden = image->overridden | (m->overridden & OVERRIDDEN_LAYOUTS_HERE);
  m->in_shadow = m->shadows != NULL || image->replaced != NULL;
  send_cache_delete(machine_accounts(m), m->own_cache);
  m->own_cache = NULL;
  m->cache = thread_context_cache(m->thread, image);
  m->definitions = 0;
  source_image_release(before);
  return true;
}

const SourceImage *machine_freeze_for_spawn_may_gc(Machine *m) {
  if (!m->definitions) return source_image_retain(m->source);
  Freezer f;
  const SourceImage *image = NULL;
  if (!machine_collect_all_may_gc(m)) return m->failure = FAILURE_NO_MEMORY, NULL; /* after it W refers to its copies only, and dead objects are gone */
  if (freezer_trace(&f, m, FREEZE_LAYER)) image = image_from_freezer(&f);
  if (image && !move_machine(m, &f, image)) {
    source_image_release(image);
    image = NULL;
  }
  freezer_free(&f);
  if (!image) return m->failure = FAILURE_NO_MEMORY, NULL;
  if (debug_on(DEBUG_VERIFY_HEAP)) verify_heap(m);
  return source_image_retain(image);
}
