/* SPDX-License-Identifier: MIT */
/* freezer.h -- turning (part of) a machine's W into an image: an S is a frozen W.
 *
 * FREEZE_BASE writes everything that the machine sees, data included, as an image that stands alone (what `build` does).
 * FREEZE_LAYER writes what the machine has *defined* on top of its base: new classes, changed classes and methods, new variables with their
 * initial values.  Values given to variables that existed before stay the machine's own.
 * FREEZE_STRIPPED is FREEZE_BASE without what only people and debuggers want to know about code: texts, lines, names, categories, pragmas. */
#ifndef ATOLL_FREEZER_H
#define ATOLL_FREEZER_H

#include "image_format.h"
#include "machine.h"

typedef enum FreezeMode { FREEZE_BASE, FREEZE_LAYER, FREEZE_STRIPPED } FreezeMode;

typedef struct FrozenObject {
  Object *from;
  uint64_t to;       /* offset in the image */
  uint32_t referrer; /* index of the object that it was first reached from */
  uint32_t slot;     /* and through which slot */
  uint8_t section;
  Oop text, lines, names; /* of a DebugInfo: the SmallIntegers in place of those, which are among the texts; else 0 */
} FrozenObject;

typedef struct Freezer {
  Machine *m;
  FreezeMode mode;          /* FREEZE_BASE also where that is stripped */
  bool strip;
  FrozenObject *objects;
  size_t count, capacity;
  uint32_t *index;          /* open addressing: object address -> index + 1 */
  size_t index_mask;
  Oop *structural;          /* open addressing set: W copies that are definitions */
  size_t structural_mask;
  Oop *originals;           /* open addressing: W copy, original, ... */
  size_t originals_mask;
  uint32_t *class_map;      /* W class number -> class index in the image */
  uint32_t class_count, w_class_count;
  char *texts;              /* of methods, for FREEZE_BASE */
  size_t texts_size, texts_capacity;
  char *bytes;              /* the image, made by freezer_write */
  size_t size;
  uint64_t align;           /* of sections: IMAGE_ALIGN for files, less for layers, which are never mapped from one */
  uint64_t base;            /* address that references in bytes assume */
  char error[256];          /* why it failed, with the path to what cannot be frozen */
} Freezer;

/* Traces.  False: see error. */
bool freezer_trace(Freezer *f, Machine *m, FreezeMode mode);

/* Lays the image out and fills bytes, as if at address BASE. PROGRAM: kept statements, may be NULL. */
bool freezer_write(Freezer *f, uint64_t base, const char *program, size_t program_size);

/* At least as many bytes as freezer_write will need. */
uint64_t freezer_size_bound(const Freezer *f);

/* BASE mode: gives the image its hash and moves it to the preferred slot.  Then bytes are what the file holds. */
void freezer_seal(Freezer *f);

/* Moves an image in memory by DELTA: every reference in it. */
void image_relocate(char *bytes, uint64_t delta);

/* Address of the frozen form of an object, or 0 when it was not frozen. */
Oop freezer_target(const Freezer *f, Oop x);

/* Is X, a W copy, frozen as a definition? */
bool freezer_is_structural(const Freezer *f, Oop x);
/* Does OBJECT hold something that is nil in a layer: an actor, a promise, a process, a frame? */
bool freezer_leaves_out(const Freezer *f, const Object *object);

void freezer_free(Freezer *f);

#endif
