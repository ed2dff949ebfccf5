/* SPDX-License-Identifier: MIT */
/* genesis.c -- making the first classes by hand.  Everything else of the kernel is Smalltalk. */
#include "genesis.h"

#include <stdlib.h>

#include "class_builder.h"
#include "lookup.h"
#include "source_image.h"

typedef struct WellKnownClass {
  const char *name, *superclass, *variables;
  unsigned format;
} WellKnownClass;

static const WellKnownClass well_known[] = {
#define X(id, name, super, format, variables) {name, super, variables, format},
    WELL_KNOWN_CLASSES(X)
#undef X
};
enum { WELL_KNOWN_COUNT = sizeof well_known / sizeof well_known[0] };

/* The empty S of a genesis machine; special selectors live in handles of the machine and are copied here after each collection. */
typedef struct Void {
  SourceImage image;
  Oop selectors[SPECIAL_COUNT];
} Void;

static void release(SourceImage *image) { free(image); }

static Oop class_named(const Machine *m, const char *name) {
  for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++)
    if (strcmp(well_known[i].name, name) == 0) return machine_class_at(m, i + 1);
  return OOP_NIL;
}

static unsigned own_variable_count(const char *variables) {
  unsigned count = 0;
  for (const char *p = variables; *p; p += *p == ' ') {
    count++;
    p += strcspn(p, " ");
  }
  return count;
}

static unsigned fixed_slots(const WellKnownClass *k) {
  unsigned own = own_variable_count(k->variables);
  for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++)
    if (strcmp(well_known[i].name, k->superclass) == 0) return own + fixed_slots(&well_known[i]);
  return own;
}

/* First all classes get their objects, in the order of the table (which fixes their indices), then the metaclasses. */
static bool make_classes(Machine *m) {
  for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++) {
    Oop class = machine_new_may_gc(m, CLASS_CLASS, FORMAT_FIXED, CLASS_SLOTS);
    if (!class || machine_add_class_may_gc(m, class) != i + 1) return false;
  }
  for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++) {
    Oop meta = machine_new_may_gc(m, CLASS_METACLASS, FORMAT_FIXED, METACLASS_SLOTS);
    uint32_t index = meta ? machine_add_class_may_gc(m, meta) : 0;
    if (!index) return false;
    Object *metaclass = oop_to_object(machine_class_at(m, index)), *class = oop_to_object(machine_class_at(m, i + 1));
    class->header = (class->header & ~CLASS_INDEX_MASK) | index;
    machine_store(m, metaclass, METACLASS_INSTANCE_CLASS, oop_from_object(class));
    machine_store(m, metaclass, BEHAVIOR_SPEC, oop_from_small(spec_make(CLASS_SLOTS, FORMAT_FIXED, index, ELEMENT_UNSIGNED)));
  }
  return true;
}

static bool name_class(Machine *m, unsigned i) {
  const WellKnownClass *k = &well_known[i];
  Oop name = machine_symbol_may_gc(m, k->name, strlen(k->name));
  if (!name) return false;
  machine_store(m, oop_to_object(machine_class_at(m, i + 1)), CLASS_SLOT_NAME, name);
  Oop names = machine_new_array_may_gc(m, own_variable_count(k->variables));
  if (!names) return false;
  machine_store(m, oop_to_object(machine_class_at(m, i + 1)), BEHAVIOR_INSTANCE_VARIABLES, names);
  const char *p = k->variables;
  for (size_t n = 0; *p; n++) {
    size_t length = strcspn(p, " ");
    Oop symbol = machine_symbol_may_gc(m, p, length);
    if (!symbol) return false;
    names = oop_to_object(machine_class_at(m, i + 1))->slots[BEHAVIOR_INSTANCE_VARIABLES];
    machine_store(m, oop_to_object(names), n, symbol);
    p += length + (p[length] == ' ');
  }
  return true;
}

static void connect_class(Machine *m, unsigned i) {
  const WellKnownClass *k = &well_known[i];
  Object *class = oop_to_object(machine_class_at(m, i + 1));
  Object *metaclass = oop_to_object(machine_class_at(m, object_class_index(class)));
  Oop superclass = class_named(m, k->superclass);
  machine_store(m, class, BEHAVIOR_SUPERCLASS, superclass);
  machine_store(m, class, BEHAVIOR_SPEC, oop_from_small(spec_make(fixed_slots(k), k->format, i + 1, ELEMENT_UNSIGNED)));
  Oop above = superclass == OOP_NIL ? machine_class_at(m, CLASS_CLASS)
                                    : machine_class_at(m, object_class_index(oop_to_object(superclass)));
  machine_store(m, metaclass, BEHAVIOR_SUPERCLASS, above);
}

/* ROOT_ACTOR holds the system dictionary until there is an S that names it. */
static bool make_dictionary(Machine *m) {
  Oop name = machine_symbol_may_gc(m, "Smalltalk", 9);
  Oop dictionary = name ? binding_dictionary_new_may_gc(m, CLASS_SYSTEM_DICTIONARY, OOP_NIL, name) : 0;
  if (!dictionary) return false;
  m->roots[ROOT_ACTOR] = dictionary;
  name = machine_find_symbol(m, "Smalltalk", 9);
  if (!binding_dictionary_add_may_gc(m, dictionary, name, dictionary)) return false;
  for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++) {
    Object *class = oop_to_object(machine_class_at(m, i + 1));
    machine_store(m, class, CLASS_SLOT_ENVIRONMENT, m->roots[ROOT_ACTOR]);
    if (!binding_dictionary_add_may_gc(m, m->roots[ROOT_ACTOR], class->slots[CLASS_SLOT_NAME], oop_from_object(class))) return false;
  }
  return true;
}

/* Special selectors must not move while code of this machine runs: they are made first, promoted by two collections, and from then
 * on kept in the old generation; genesis never runs a major collection (its threshold is out of reach). */
static bool make_selectors(Machine *m, Void *empty) {
  static const char *const texts[SPECIAL_COUNT] = {
#define X(name, text, args) text,
      SPECIAL_SELECTORS(X)
#undef X
  };
  for (unsigned i = 0; i < SPECIAL_COUNT; i++) {
    Oop symbol = machine_symbol_may_gc(m, texts[i], strlen(texts[i]));
    if (!symbol) return false;
  }
  if (!machine_promote_all_may_gc(m)) return false;
  for (unsigned i = 0; i < SPECIAL_COUNT; i++) empty->selectors[i] = machine_find_symbol(m, texts[i], strlen(texts[i]));
  return true;
}

bool genesis_init(Machine *m, ThreadContext *thread, const PrimitiveTable *primitives) {
  Void *empty = calloc(1, sizeof *empty);
  if (!empty) return false;
  empty->image.references = 1;
  empty->image.primitives = primitives;
  empty->image.special_selectors = empty->selectors;
  empty->image.release = release;
  if (!machine_init(m, thread, &empty->image, NULL)) return free(empty), false;
  if (!make_selectors(m, empty) || !make_classes(m)) return false;
  for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++)
    if (!name_class(m, i)) return false;
  for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++) connect_class(m, i);
  return make_dictionary(m);
}

void genesis_destroy(Machine *m) {
  const SourceImage *image = m->source;
  machine_destroy(m);
  source_image_release(image);
}
