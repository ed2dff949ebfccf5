/* SPDX-License-Identifier: MIT */
/* source_image.h -- an S as the machine sees it: one base image and at most one layer over it.
 *
 * Nothing here changes after source_image_new, so any thread may read it.  The images library maps files and freezes
 * machines into these; core only reads them.
 *
 * A layer may replace objects of the base.  References to a replaced object that stand in the base cannot be patched: oop_resolve looks
 * them up in `replaced`, an open-addressing table from base object to layer object.  Objects of the layer never refer to a
 * replaced object. */
#ifndef ATOLL_SOURCE_IMAGE_H
#define ATOLL_SOURCE_IMAGE_H

#include <stdatomic.h>

#include "machine.h"

typedef struct ReplacedEntry {
  Oop original, replacement; /* original 0: empty */
} ReplacedEntry;

/* One contiguous image in the window. */
typedef struct SourceSpan {
  uint64_t start, size;           /* addresses */
  const uint64_t *object_starts;  /* bitmap, one bit per 8 bytes from start: an object header is there */
  const Oop *symbols;             /* open addressing by hash; 0: empty */
  uint32_t symbol_mask;           /* capacity - 1, or 0 with symbols NULL */
} SourceSpan;

struct SourceImage {
  _Atomic int64_t references;
  bool pinned;                 /* never released: set before any other thread sees it */
  uint64_t id;                 /* names the contents; equal ids mean equal S */
  SourceSpan base, layer;      /* layer.size 0: none */
  const Oop *classes;          /* by class index; 0: unused.  Of the layer when there is one */
  uint32_t class_count;
  const ReplacedEntry *replaced;
  uint32_t replaced_mask;      /* capacity - 1; replaced NULL when the layer replaces nothing */
  uint64_t replaced_filter[16]; /* a bit by address_hash: is an original perhaps in `replaced`?  Most objects of S are told by it not to be */
  uint32_t overridden;         /* special selectors that no longer have the built-in meaning in this S */
  Oop system_dictionary;
  const Oop *special_selectors; /* SPECIAL_COUNT Symbols */
  const PrimitiveTable *primitives;
  const SourceImage *below;    /* of a layer: the image that its base is; else NULL */
  const void *packed_texts;    /* texts of methods (packing.h); NULL: none are packed.  Of a layer: see below */
  size_t packed_size, texts_size;
  _Atomic(char *) texts;       /* unpacked when first asked for */
  void (*release)(SourceImage *image); /* called with the last reference */
  void *mapping;                       /* of the images library */
};

/* An S that the process keeps for good is pinned: counting costs nothing then. */
static inline const SourceImage *source_image_retain(const SourceImage *image) {
  SourceImage *counted = (SourceImage *)image; /* the count is the only field that changes */
  if (!image->pinned) atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
  return image;
}
static inline void source_image_release(const SourceImage *image) {
  SourceImage *counted = (SourceImage *)image;
  if (!image || image->pinned) return;
  if (atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) == 1) counted->release(counted);
}

static inline uint64_t source_image_id(const SourceImage *image) { return image->id; }

static inline bool source_span_has(const SourceSpan *span, Oop x) { return x - span->start < span->size; }
static inline bool source_image_has(const SourceImage *image, Oop x) {
  return source_span_has(&image->base, x) || source_span_has(&image->layer, x);
}

/* Position of an object of this S, the same in every process that has the same S: byte offset << 1, bit 0 set for the layer. */
static inline bool source_image_offset(const SourceImage *image, Oop x, uint64_t *offset) {
  if (source_span_has(&image->base, x)) return *offset = (x - image->base.start) << 1, true;
  if (source_span_has(&image->layer, x)) return *offset = (x - image->layer.start) << 1 | 1, true;
  return false;
}
/* For offsets that this process made against this very S. */
static inline Oop source_image_at_unchecked(const SourceImage *image, uint64_t offset) {
  return (offset & 1 ? image->layer.start : image->base.start) + (offset >> 1);
}
Oop source_image_at(const SourceImage *image, uint64_t offset); /* any number: 0 when no object starts there */

/* The class object as this S has it, 0 when the index is not used. */
static inline Oop source_image_class_at(const SourceImage *image, uint32_t class_index) {
  return class_index < image->class_count ? image->classes[class_index] : 0;
}

static inline uint32_t address_hash(Oop x) { return (uint32_t)((x >> 3) * 0x9e3779b97f4a7c15ull >> 40); }

static inline bool source_image_may_replace(const SourceImage *image, Oop x) {
  uint32_t hash = address_hash(x);
  return image->replaced_filter[hash >> 6 & 15] >> (hash & 63) & 1;
}
/* The layer's replacement of an object of the base, or X. */
Oop source_image_replacement(const SourceImage *image, Oop x);
/* Takes over what the layer replaces: COUNT entries, a power of two. */
void source_image_set_replaced(SourceImage *image, const ReplacedEntry *entries, size_t count);

/* oop_resolve of an object of S. */
static inline Oop oop_resolve_source(const Machine *m, Oop x) {
  return m->shadows || source_image_may_replace(m->source, x) ? oop_resolve_slow(m, x) : x;
}

/* Symbol with these bytes, or 0. */
Oop source_image_symbol(const SourceImage *image, const char *text, size_t length, uint32_t hash);

/* Texts of methods are packed together; a DebugInfo has a SmallInteger in place of its text then. */
enum { TEXT_SIZE_BITS = 24 };
static inline int64_t text_position(uint64_t offset, size_t size) { return (int64_t)(offset << TEXT_SIZE_BITS | size); }
/* The text at POSITION; it lives as long as the image.  NULL: there is none, no memory, or it cannot be unpacked. */
const char *source_image_text(const SourceImage *image, int64_t position, size_t *size);
void source_image_drop_texts(SourceImage *image);

/* Hash of the bytes of a symbol: HASH_BITS wide, never depends on the process. */
uint32_t symbol_hash(const char *text, size_t length);

#endif
