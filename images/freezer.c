/* SPDX-License-Identifier: MIT */
/* freezer.c -- tracing, laying out and writing an image.  See freezer.h.
 *
 * 1. Trace: a list of objects, each reached from one before it (the list is its own worklist, no recursion).
 * 2. Lay out: pure objects, then shadowable ones, then debug information; within a section in the order they were reached, so that objects
 *    used together lie together, and the same input gives the same bytes.
 * 3. Write: headers with the class numbers of the image, slots as addresses in the image. */
#include "freezer.h"

#include <stdio.h>
#include <stdlib.h>

#include "heap_walk.h"
#include "frames.h"
#include "lookup.h"
#include "memory_internal.h"
#include "packing.h"
#include "primitive.h"
#include "window.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { NO_REFERRER = UINT32_MAX, LAYER_ALIGN = 64 };

/* ---- small tables by address ---------------------------------------------------------------------------------------- */

static size_t table_size_for(size_t count) {
  size_t size = 64;
  while (size < count * 2) size *= 2;
  return size;
}

static uint32_t find_index(const Freezer *f, Oop x) {
  for (size_t i = address_hash(x) & f->index_mask; f->index[i]; i = (i + 1) & f->index_mask)
    if (oop_from_object(f->objects[f->index[i] - 1].from) == x) return f->index[i];
  return 0;
}

static bool grow_index(Freezer *f) {
  size_t size = table_size_for(f->count * 2 + 64);
  uint32_t *index = calloc(size, sizeof *index);
  if (!index) return false;
  for (size_t k = 0; k < f->count; k++) {
    size_t i = address_hash(oop_from_object(f->objects[k].from)) & (size - 1);
    while (index[i]) i = (i + 1) & (size - 1);
    index[i] = (uint32_t)k + 1;
  }
  free(f->index);
  f->index = index;
  f->index_mask = size - 1;
  return true;
}

static void set_add(Oop *set, size_t mask, Oop x) {
  size_t i = address_hash(x) & mask;
  while (set[i] && set[i] != x) i = (i + 1) & mask;
  set[i] = x;
}

static bool set_has(const Oop *set, size_t mask, Oop x) {
  size_t i = address_hash(x) & mask;
  while (set[i] && set[i] != x) i = (i + 1) & mask;
  return set[i] == x;
}

/* ---- which object stands for a reference ----------------------------------------------------------------------------- */

static bool is_behavior(const Machine *m, Oop x) {
  if (!oop_is_pointer(x)) return false;
  return oop_has_class(x, CLASS_METACLASS) || oop_has_class(machine_class_of(m, x), CLASS_METACLASS);
}

static bool is_dictionary(const Machine *m, Oop x) {
  return machine_inherits_from(m, machine_class_of(m, x), machine_class_at(m, CLASS_BINDING_DICTIONARY));
}

/* Copies in W that are definitions rather than data. */
static bool is_definition(const Machine *m, Oop copy) {
  if (oop_has_class(copy, CLASS_METHOD_DICTIONARY) || is_behavior(m, copy) || is_dictionary(m, copy)) return true;
  if (!oop_has_class(copy, CLASS_VARIABLE_BINDING)) return false;
  Oop value = oop_to_object(copy)->slots[BINDING_VALUE];
  return is_behavior(m, value) && !address_in_source(value);
}

static bool find_structural(Freezer *f) {
  const Machine *m = f->m;
  size_t count = m->shadows ? m->shadows->count : 0, size = table_size_for(count * 2);
  f->structural = calloc(size, sizeof(Oop));
  f->originals = calloc(size * 2, sizeof(Oop));
  if (!f->structural || !f->originals) return false;
  f->structural_mask = f->originals_mask = size - 1;
  for (uint32_t i = 0; count && i <= m->shadows->mask; i++) {
    ShadowEntry entry = m->shadows->entries[i];
    if (!entry.original || !oop_is_pointer(entry.copy)) continue;
    size_t k = address_hash(entry.copy) & f->originals_mask;
    while (f->originals[2 * k]) k = (k + 1) & f->originals_mask;
    f->originals[2 * k] = entry.copy;
    f->originals[2 * k + 1] = entry.original;
    if (!is_definition(m, entry.copy)) continue;
    set_add(f->structural, f->structural_mask, entry.copy);
    Object *object = oop_to_object(entry.copy); /* and the arrays that it consists of */
    for (size_t s = 0; s < object_pointer_slots(object) && s < CLASS_SLOTS; s++) {
      Oop part = oop_resolve(m, object->slots[s]);
      if (oop_is_pointer(part) && !address_in_source(part) && oop_has_class(part, CLASS_ARRAY) && oop_to_object(part)->header & FLAG_SHADOW)
        set_add(f->structural, f->structural_mask, part);
    }
  }
  return true;
}

static Oop original_of(const Freezer *f, Oop copy) {
  for (size_t i = address_hash(copy) & f->originals_mask; f->originals[2 * i]; i = (i + 1) & f->originals_mask)
    if (f->originals[2 * i] == copy) return f->originals[2 * i + 1];
  return 0;
}

bool freezer_is_structural(const Freezer *f, Oop x) { return set_has(f->structural, f->structural_mask, x); }

static Oop canonical(const Freezer *f, Oop x) {
  if (!oop_is_pointer(x) || !x) return x;
  Oop now = oop_resolve(f->m, x);
  if (f->mode == FREEZE_BASE || address_in_source(now)) return now;
  Oop original = oop_to_object(now)->header & FLAG_SHADOW ? original_of(f, now) : 0;
  return original && !freezer_is_structural(f, now) ? original : now;
}

/* Does it get a place in the new image? */
static bool is_frozen(const Freezer *f, Oop x) {
  if (f->mode == FREEZE_BASE) return true;
  return !address_in_source(x) || source_span_has(&f->m->source->layer, x);
}

/* ---- what an object hands on ------------------------------------------------------------------------------------------- */

static bool is_new(const Freezer *f, Object *object) {
  return !address_in_source(oop_from_object(object)) && !original_of(f, oop_from_object(object));
}

static bool is_unfreezable(const Freezer *f, Oop x) {
  uint32_t class = oop_class_index(x);
  (void)f;
  return class == CLASS_CONTEXT || class == CLASS_PROMISE || class == CLASS_ACTOR_PROXY || class == CLASS_TRANSIENT_PROXY ||
         class == CLASS_ACTOR || class == CLASS_HANDLE || class == CLASS_PROCESS || class == CLASS_CALLIN_PROCESS;
}

/* The value that slot I of OBJECT has in the image: a layer gets initial values, not the present ones, unless only definitions have run so far. */
static Oop handed_on(const Freezer *f, Object *object, size_t i) {
  Oop value = object->slots[i];
  uint32_t class = object_class_index(object);
  if (f->strip && i == CODE_DEBUG && (class == CLASS_COMPILED_METHOD || class == CLASS_COMPILED_BLOCK)) return OOP_NIL;
  if (f->mode == FREEZE_LAYER && !f->m->hands_on_data && !address_in_source(oop_from_object(object))) {
    Oop x = oop_from_object(object);
    if (class == CLASS_VARIABLE_BINDING && i == BINDING_VALUE && !is_behavior(f->m, oop_resolve(f->m, value)) && is_new(f, object))
      value = object->slots[BINDING_INITIAL];
    else if (i >= CLASS_SLOTS && is_behavior(f->m, x) && class != CLASS_METACLASS)
      value = is_new(f, object) ? OOP_NIL : oop_to_object(original_of(f, x))->slots[i];
  }
  if (f->mode == FREEZE_BASE && class == CLASS_VARIABLE_BINDING && i == BINDING_INITIAL) value = object->slots[BINDING_VALUE];
  if (!oop_is_pointer(value) || !value) return value ? value : OOP_NIL;
  value = canonical(f, value);
  if (!oop_is_pointer(value) || !is_unfreezable(f, value)) return value;
  if (f->mode == FREEZE_LAYER || class == CLASS_BLOCK_CLOSURE) return OOP_NIL;
  if (oop_has_class(value, CLASS_CONTEXT) && oop_to_object(value)->slots[CONTEXT_FRAME] == OOP_NIL) return OOP_NIL;
  return value;
}

bool freezer_leaves_out(const Freezer *f, const Object *object) {
  size_t slots = object_pointer_slots(object);
  for (size_t i = 0; i < slots; i++) {
    Oop x = object->slots[i];
    if (oop_is_pointer(x) && x && is_unfreezable(f, oop_resolve(f->m, x))) return true;
  }
  return false;
}

static ImageSection section_of(const Object *object, ImageSection referrer) {
  switch (object_class_index(object)) {
  case CLASS_COMPILED_METHOD:
  case CLASS_COMPILED_BLOCK:
  case CLASS_SYMBOL:
  case CLASS_LARGE_POSITIVE:
  case CLASS_LARGE_NEGATIVE:
  case CLASS_FLOAT: return SECTION_PURE;
  case CLASS_DEBUG_INFO: return SECTION_DEBUG;
  default: return referrer == SECTION_DEBUG ? SECTION_DEBUG : SECTION_SHADOWABLE;
  }
}

/* ---- tracing ------------------------------------------------------------------------------------------------------------ */

static void name_of(const Freezer *f, const FrozenObject *frozen, char *out, size_t size) {
  const Machine *m = f->m;
  Oop x = oop_from_object(frozen->from);
  const char *bytes = NULL;
  size_t length = 0;
  if (oop_has_class(x, CLASS_VARIABLE_BINDING)) oop_try_bytes(m, frozen->from->slots[BINDING_KEY], &bytes, &length);
  else if (is_behavior(m, x) && !oop_has_class(x, CLASS_METACLASS)) oop_try_bytes(m, frozen->from->slots[CLASS_SLOT_NAME], &bytes, &length);
  Object *class = machine_object(m, machine_class_of(m, x));
  if (!bytes && object_class_index(class) != CLASS_METACLASS && oop_try_bytes(m, class->slots[CLASS_SLOT_NAME], &bytes, &length)) {
    snprintf(out, size, "a %.*s", (int)length, bytes);
    return;
  }
  snprintf(out, size, "%.*s", (int)length, bytes ? bytes : "");
}

/* "Registry -> a Dictionary[3] -> a ContextPart" for the object with index I. */
static void describe_path(Freezer *f, size_t i) {
  char name[80], path[200] = "", longer[300];
  for (unsigned hops = 0; i != NO_REFERRER && hops < 6; hops++) {
    name_of(f, &f->objects[i], name, sizeof name);
    snprintf(longer, sizeof longer, "%s%s%s", name, path[0] ? " -> " : "", path);
    snprintf(path, sizeof path, "%.199s", longer);
    if (oop_has_class(oop_from_object(f->objects[i].from), CLASS_VARIABLE_BINDING)) break;
    i = f->objects[i].referrer;
  }
  snprintf(f->error, sizeof f->error, "cannot be frozen: %.190s (belongs to a running actor)", path);
}

static bool reach(Freezer *f, Oop x, uint32_t referrer, uint32_t slot) {
  if (!oop_is_pointer(x) || !x || !is_frozen(f, x) || find_index(f, x)) return true;
  if (f->count == f->capacity) {
    size_t capacity = f->capacity ? f->capacity * 2 : 4096;
    FrozenObject *grown = realloc(f->objects, capacity * sizeof *grown);
    if (!grown) return false;
    f->objects = grown;
    f->capacity = capacity;
  }
  ImageSection from = referrer == NO_REFERRER ? SECTION_SHADOWABLE : (ImageSection)f->objects[referrer].section;
  Object *object = oop_to_object(x);
  f->objects[f->count++] = (FrozenObject){object, 0, referrer, slot, (uint8_t)section_of(object, from), 0};
  if (f->count * 2 > f->index_mask) {
    if (!grow_index(f)) return false;
  } else {
    size_t i = address_hash(x) & f->index_mask;
    while (f->index[i]) i = (i + 1) & f->index_mask;
    f->index[i] = (uint32_t)f->count;
  }
  if (!is_unfreezable(f, x)) return true;
  describe_path(f, f->count - 1);
  return false;
}

/* Room for SIZE more bytes among the texts, or NULL. */
static char *text_room(Freezer *f, size_t size) {
  if (f->texts_size + size > f->texts_capacity) {
    size_t capacity = (f->texts_size + size) * 2;
    char *grown = realloc(f->texts, capacity);
    if (!grown) return NULL;
    f->texts = grown;
    f->texts_capacity = capacity;
  }
  return f->texts + f->texts_size;
}

static bool take_part(Freezer *f, FrozenObject *frozen, unsigned slot, Oop *taken) {
  const char *bytes;
  size_t size;
  if (!debug_info_try_part(f->m, frozen->from, slot, &bytes, &size) || size >> TEXT_SIZE_BITS) return true;
  char *room = text_room(f, size);
  if (!room) return false;
  if (size) memcpy(room, bytes, size);
  *taken = oop_from_small(text_position(f->texts_size, size));
  f->texts_size += size;
  return true;
}

/* An Array of names becomes a text. */
static bool take_names(Freezer *f, FrozenObject *frozen) {
  Oop names = oop_resolve(f->m, frozen->from->slots[DEBUG_NAMES]);
  if (!oop_is_pointer(names) || !oop_has_class(names, CLASS_ARRAY)) return take_part(f, frozen, DEBUG_NAMES, &frozen->names);
  const Object *array = oop_to_object(names);
  size_t count = object_slots(array), start = f->texts_size, length;
  for (size_t i = 0; i < count; i++) {
    const char *name = "";
    Oop symbol = oop_resolve(f->m, array->slots[i]);
    if (!oop_is_pointer(symbol) || !oop_try_bytes(f->m, symbol, &name, &length)) length = 0;
    char *room = text_room(f, length + 1);
    if (!room) return false;
    if (i) *room++ = ' ', f->texts_size++;
    memcpy(room, name, length);
    f->texts_size += length;
  }
  if (count) frozen->names = oop_from_small(text_position(start, f->texts_size - start));
  return true;
}

/* In an image that stands alone the texts of methods, their line tables and names of variables are no objects. */
static bool take_texts(Freezer *f, FrozenObject *frozen) {
  if (f->mode == FREEZE_LAYER || object_class_index(frozen->from) != CLASS_DEBUG_INFO) return true;
  return take_part(f, frozen, DEBUG_SOURCE, &frozen->text) && take_part(f, frozen, DEBUG_LINES, &frozen->lines) && take_names(f, frozen);
}

/* Is slot I of a DebugInfo among the texts? */
static bool is_taken(const FrozenObject *frozen, size_t i) {
  return (frozen->text && i == DEBUG_SOURCE) || (frozen->lines && i == DEBUG_LINES) || (frozen->names && i == DEBUG_NAMES);
}

static bool reach_all(Freezer *f) {
  for (size_t i = 0; i < f->count; i++) {
    Object *object = f->objects[i].from;
    size_t slots = object_pointer_slots(object);
    if (!take_texts(f, &f->objects[i])) return false;
    for (size_t s = 0; s < slots; s++)
      if (is_taken(&f->objects[i], s)) continue;
      else if (!reach(f, handed_on(f, object, s), (uint32_t)i, (uint32_t)s)) return false;
  }
  return true;
}

static Oop image_class(const Freezer *f, uint32_t index) {
  const Machine *m = f->m;
  if (index < m->source->class_count) return m->source->classes[index] ? canonical(f, m->source->classes[index]) : 0;
  uint32_t i = index - m->source->class_count; /* W's classes follow in their order; see number_classes */
  return i < f->w_class_count && f->class_map[i] == index ? oop_to_object(m->roots[ROOT_CLASSES])->slots[i] : 0;
}

static bool number_classes(Freezer *f) {
  const Machine *m = f->m;
  bool genesis = m->source->class_count == 0;
  Oop table = m->roots[ROOT_CLASSES];
  f->w_class_count = table == OOP_NIL ? 0 : (uint32_t)object_slots(oop_to_object(table));
  f->class_map = calloc(f->w_class_count + 1u, sizeof *f->class_map);
  f->class_count = genesis ? 1 : m->source->class_count;
  if (!f->class_map) return false;
  for (uint32_t i = 0; i < f->w_class_count; i++) {
    if (oop_to_object(table)->slots[i] == OOP_NIL) continue;
    f->class_map[i] = genesis ? i : f->class_count++;
    if (genesis) f->class_count = i + 1;
  }
  return true;
}

typedef struct LayerReach {
  Freezer *f;
  bool failed;
} LayerReach;

/* What the machine itself still refers to in the layer that will go (a literal of a method that was replaced, say) is kept. */
static Oop reach_in_layer(void *context, Oop x) {
  LayerReach *reached = context;
  Freezer *f = reached->f;
  if (oop_is_pointer(x) && source_span_has(&f->m->source->layer, x) && !reach(f, canonical(f, x), NO_REFERRER, 0)) reached->failed = true;
  return x;
}

static bool reach_from_machine(Freezer *f) {
  LayerReach reached = {f, false};
  if (f->mode == FREEZE_LAYER && f->m->source->layer.size) heap_map_references(f->m, reach_in_layer, &reached);
  for (uint32_t i = 0; f->m->shadows && i <= f->m->shadows->mask; i++) reach_in_layer(&reached, f->m->shadows->entries[i].original);
  return !reached.failed;
}

bool freezer_trace(Freezer *f, Machine *m, FreezeMode mode) {
  memset(f, 0, sizeof *f);
  f->m = m;
  f->strip = mode == FREEZE_STRIPPED;
  f->mode = mode = f->strip ? FREEZE_BASE : mode;
  f->align = mode == FREEZE_LAYER ? LAYER_ALIGN : IMAGE_ALIGN;
  snprintf(f->error, sizeof f->error, "no memory to freeze");
  if (!grow_index(f) || !find_structural(f) || !number_classes(f)) return false;
  for (unsigned i = 0; i < SPECIAL_COUNT; i++)
    if (!reach(f, m->source->special_selectors[i], NO_REFERRER, 0)) return false;
  for (uint32_t i = 1; i < f->class_count; i++)
    if (!reach(f, image_class(f, i), NO_REFERRER, 0)) return false;
  if (!reach(f, canonical(f, machine_system_dictionary(m)), NO_REFERRER, 0)) return false;
  for (uint32_t i = 0; m->shadows && i <= m->shadows->mask; i++) /* definitions that only S refers to */
    if (m->shadows->entries[i].original && mode == FREEZE_LAYER && freezer_is_structural(f, m->shadows->entries[i].copy) &&
        !reach(f, m->shadows->entries[i].copy, NO_REFERRER, 0))
      return false;
  for (uint32_t i = 0; m->source->replaced && mode == FREEZE_LAYER && i <= m->source->replaced_mask; i++)
    if (m->source->replaced[i].original && !reach(f, canonical(f, m->source->replaced[i].replacement), NO_REFERRER, 0)) return false;
  return reach_from_machine(f) && reach_all(f);
}

/* ---- writing ------------------------------------------------------------------------------------------------------------- */

static uint64_t align_up(uint64_t x, uint64_t align) { return (x + align - 1) & ~(align - 1); }

uint64_t freezer_size_bound(const Freezer *f) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < f->count; i++) bytes += 16 + object_slots(f->objects[i].from) * 8;
  return bytes * 2 + f->count * 64 + f->class_count * 8 + (f->originals_mask + f->m->source->replaced_mask + 64) * 64 + 16 * f->align + 65536 +
         packing_bound(f->texts_size) + IMAGE_ALIGN;
}

static uint32_t image_class_index(const Freezer *f, uint32_t index) {
  if (index >= CLASS_INDEX_W) return f->class_map[index - CLASS_INDEX_W];
  return index;
}

Oop freezer_target(const Freezer *f, Oop x) {
  uint32_t index = find_index(f, x);
  return index ? f->base + f->objects[index - 1].to : 0;
}

static Oop reference(const Freezer *f, Oop x) {
  if (!oop_is_pointer(x) || !x) return x;
  Oop target = freezer_target(f, x);
  return target ? target : x; /* in the base that the layer stands on */
}

static void lay_out(Freezer *f, ImageSectionEntry *sections, uint64_t *at) {
  for (int s = SECTION_PURE; s <= SECTION_DEBUG; s++) {
    sections[s].offset = *at;
    for (size_t i = 0; i < f->count; i++) {
      FrozenObject *frozen = &f->objects[i];
      if (frozen->section != s) continue;
      size_t slots = object_slots(frozen->from);
      if (slots >= OBJECT_SIZE_LARGE) *at += 8;
      frozen->to = *at;
      *at += 8 + slots * 8;
    }
    sections[s].size = *at - sections[s].offset;
    *at = align_up(*at, f->align);
  }
}

static void write_object(Freezer *f, const FrozenObject *frozen) {
  Object *from = frozen->from, *to = (Object *)(f->bytes + frozen->to);
  size_t slots = object_slots(from), pointers = object_pointer_slots(from);
  uint64_t flags = FLAG_GUARD | (frozen->section == SECTION_SHADOWABLE ? FLAG_SHADOWABLE : 0);
  to->header = header_make(image_class_index(f, object_class_index(from)), object_format(from), object_hash(from), slots) | flags;
  if (slots >= OBJECT_SIZE_LARGE) ((uint64_t *)to)[-1] = slots;
  memcpy(to->slots, object_bytes(from), slots * 8);
  for (size_t i = 0; i < pointers; i++) to->slots[i] = is_taken(frozen, i) ? OOP_NIL : reference(f, handed_on(f, from, i));
  if (frozen->text) to->slots[DEBUG_SOURCE] = frozen->text;
  if (frozen->lines) to->slots[DEBUG_LINES] = frozen->lines;
  if (frozen->names) to->slots[DEBUG_NAMES] = frozen->names;
  if (!is_behavior(f->m, oop_from_object(from))) return;
  int64_t spec = oop_to_small(from->slots[BEHAVIOR_SPEC]);
  to->slots[BEHAVIOR_SPEC] = oop_from_small(spec_make(spec_fixed(spec), spec_format(spec), image_class_index(f, spec_class_index(spec)), spec_kind(spec)));
}

static void write_starts(Freezer *f, uint64_t *bitmap) {
  for (size_t i = 0; i < f->count; i++) bitmap[f->objects[i].to >> 9] |= (uint64_t)1 << (f->objects[i].to >> 3 & 63);
}

static size_t count_symbols(const Freezer *f) {
  size_t count = 0;
  for (size_t i = 0; i < f->count; i++) count += object_class_index(f->objects[i].from) == CLASS_SYMBOL;
  return count;
}

static void write_symbols(Freezer *f, Oop *table, size_t mask) {
  for (size_t i = 0; i < f->count; i++) {
    if (object_class_index(f->objects[i].from) != CLASS_SYMBOL) continue;
    size_t k = object_hash(f->objects[i].from) & mask;
    while (table[k]) k = (k + 1) & mask;
    table[k] = f->base + f->objects[i].to;
  }
}

static size_t count_replaced(const Freezer *f) {
  const Machine *m = f->m;
  size_t count = 0;
  if (f->mode == FREEZE_BASE) return 0;
  for (uint32_t i = 0; m->shadows && i <= m->shadows->mask; i++)
    count += m->shadows->entries[i].original && source_span_has(&m->source->base, m->shadows->entries[i].original) &&
             freezer_is_structural(f, m->shadows->entries[i].copy);
  for (uint32_t i = 0; m->source->replaced && i <= m->source->replaced_mask; i++) count += m->source->replaced[i].original != 0;
  return count;
}

static void put_replaced(ReplacedEntry *table, size_t mask, Oop original, Oop replacement) {
  size_t i = address_hash(original) & mask;
  while (table[i].original && table[i].original != original) i = (i + 1) & mask;
  table[i] = (ReplacedEntry){original, replacement};
}

static void write_replaced(Freezer *f, ReplacedEntry *table, size_t mask) {
  const Machine *m = f->m;
  for (uint32_t i = 0; m->source->replaced && i <= m->source->replaced_mask; i++)
    if (m->source->replaced[i].original)
      put_replaced(table, mask, m->source->replaced[i].original, reference(f, canonical(f, m->source->replaced[i].replacement)));
  for (uint32_t i = 0; m->shadows && i <= m->shadows->mask; i++) {
    ShadowEntry entry = m->shadows->entries[i];
    if (entry.original && source_span_has(&m->source->base, entry.original) && freezer_is_structural(f, entry.copy))
      put_replaced(table, mask, entry.original, reference(f, entry.copy));
  }
}

/* The texts of methods packed, their size in front; *SIZE 0: there are none.  False: no memory. */
static bool pack_texts(const Freezer *f, char **packed, size_t *size) {
  *packed = NULL;
  *size = 0;
  if (!f->texts_size) return true;
  *packed = malloc(8 + packing_bound(f->texts_size));
  if (!*packed) return false;
  memcpy(*packed, &(uint64_t){f->texts_size}, 8);
  *size = 8 + packing_pack(*packed + 8, f->texts, f->texts_size);
  return true;
}

/* Places of the sections behind the objects. */
static void lay_out_tables(const Freezer *f, ImageSectionEntry *sections, uint64_t *at, size_t program_size, size_t packed_size) {
  size_t replaced = count_replaced(f);
  uint64_t sizes[SECTION_COUNT] = {[SECTION_STARTS] = (*at / 64 / 8 + 1) * 8, [SECTION_SYMBOLS] = table_size_for(count_symbols(f)) * 8,
                                   [SECTION_CLASSES] = f->class_count * (uint64_t)8, [SECTION_SPECIALS] = SPECIAL_COUNT * (uint64_t)8,
                                   [SECTION_REPLACED] = replaced ? table_size_for(replaced) * sizeof(ReplacedEntry) : 0,
                                   [SECTION_PROGRAM] = program_size, [SECTION_TEXTS] = packed_size};
  for (int s = SECTION_STARTS; s < SECTION_COUNT; s++) {
    sections[s].offset = *at;
    sections[s].size = sizes[s];
    *at = align_up(*at + sizes[s], f->align);
  }
  *at = align_up(*at, f->mode == FREEZE_LAYER ? 4096 : IMAGE_ALIGN);
}

static void write_tables(Freezer *f, const ImageSectionEntry *sections, const char *program, const char *packed) {
  const ImageSectionEntry *replaced = &sections[SECTION_REPLACED];
  Oop *classes = (Oop *)(f->bytes + sections[SECTION_CLASSES].offset), *specials = (Oop *)(f->bytes + sections[SECTION_SPECIALS].offset);
  write_starts(f, (uint64_t *)(f->bytes + sections[SECTION_STARTS].offset));
  write_symbols(f, (Oop *)(f->bytes + sections[SECTION_SYMBOLS].offset), sections[SECTION_SYMBOLS].size / 8 - 1);
  for (uint32_t i = 1; i < f->class_count; i++) {
    Oop class = image_class(f, i);
    classes[i] = class ? reference(f, class) : 0;
  }
  for (unsigned i = 0; i < SPECIAL_COUNT; i++) specials[i] = reference(f, canonical(f, f->m->source->special_selectors[i]));
  if (replaced->size) write_replaced(f, (ReplacedEntry *)(f->bytes + replaced->offset), replaced->size / sizeof(ReplacedEntry) - 1);
  if (sections[SECTION_PROGRAM].size) memcpy(f->bytes + sections[SECTION_PROGRAM].offset, program, sections[SECTION_PROGRAM].size);
  if (packed) memcpy(f->bytes + sections[SECTION_TEXTS].offset, packed, sections[SECTION_TEXTS].size);
}

bool freezer_write(Freezer *f, uint64_t base, const char *program, size_t program_size) {
  ImageHeader header = {.version = IMAGE_VERSION, .word_size = 8, .byte_order = IMAGE_BYTE_ORDER, .primitives = f->m->source->primitives->names_hash,
                        .object_format = image_object_format(), .preferred_base = base, .class_count = f->class_count, .objects = f->count};
  char *packed;
  size_t packed_size;
  if (!pack_texts(f, &packed, &packed_size)) return snprintf(f->error, sizeof f->error, "no memory for the texts of methods"), false;
  header.size = align_up(sizeof header, f->align);
  lay_out(f, header.sections, &header.size);
  lay_out_tables(f, header.sections, &header.size, program_size, packed_size);
  f->base = base;
  f->size = header.size;
  f->bytes = calloc(1, f->size);
  if (!f->bytes) return free(packed), snprintf(f->error, sizeof f->error, "no memory for an image of %zu bytes", f->size), false;
  for (size_t i = 0; i < f->count; i++) write_object(f, &f->objects[i]);
  write_tables(f, header.sections, program, packed);
  free(packed);
  header.system_dictionary = reference(f, canonical(f, machine_system_dictionary(f->m)));
  header.overridden = f->mode == FREEZE_LAYER ? f->m->overridden & ~(uint32_t)OVERRIDDEN_LAYOUTS_HERE : f->m->overridden;
  memcpy(f->bytes, &header, sizeof header);
  return true;
}

/* ---- sealing --------------------------------------------------------------------------------------------------------------- */

static void move_words(Oop *words, size_t count, uint64_t delta) {
  for (size_t i = 0; i < count; i++)
    if (oop_is_pointer(words[i]) && words[i]) words[i] += delta;
}

void image_relocate(char *bytes, uint64_t delta) {
  ImageHeader *header = (ImageHeader *)bytes;
  const uint64_t *starts = (const uint64_t *)(bytes + header->sections[SECTION_STARTS].offset);
  uint64_t end = header->sections[SECTION_STARTS].offset;
  for (uint64_t word = 0; word < end / 64 / 8 + 1 && word * 512 < end; word++)
    for (uint64_t bits = starts[word]; bits; bits &= bits - 1) {
      Object *object = (Object *)(bytes + word * 512 + (uint64_t)__builtin_ctzll(bits) * 8);
      move_words(object->slots, object_pointer_slots(object), delta);
    }
  static const ImageSection tables[] = {SECTION_SYMBOLS, SECTION_CLASSES, SECTION_SPECIALS};
  for (int i = 0; i < 3; i++)
    move_words((Oop *)(bytes + header->sections[tables[i]].offset), header->sections[tables[i]].size / 8, delta);
  header->system_dictionary += delta;
  header->preferred_base += delta;
}

void freezer_seal(Freezer *f) {
  ImageHeader *header = (ImageHeader *)f->bytes;
  header->id = XXH3_64bits(f->bytes + IMAGE_ALIGN, f->size - IMAGE_ALIGN); /* references are offsets here: base is 0 */
  header->id = XXH3_64bits_withSeed(&header->primitives, 16, header->id);
  uint64_t base = window_preferred_address((unsigned)(header->id % WINDOW_SLOTS));
  image_relocate(f->bytes, base - f->base);
  f->base = base;
  for (int s = 0; s < SECTION_COUNT; s++)
    header->sections[s].checksum = XXH3_64bits(f->bytes + header->sections[s].offset, header->sections[s].size);
  memcpy(header->magic, IMAGE_MAGIC, 8);
  header->header_checksum = XXH3_64bits(header, offsetof(ImageHeader, header_checksum));
}

void freezer_free(Freezer *f) {
  free(f->objects);
  free(f->index);
  free(f->structural);
  free(f->originals);
  free(f->class_map);
  free(f->texts);
  free(f->bytes);
  memset(f, 0, sizeof *f);
}
