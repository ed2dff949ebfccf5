/* SPDX-License-Identifier: MIT */
/* source_image.c -- reading an S: symbols, offsets, replaced objects. */
#include "source_image.h"

#include <stdlib.h>

#include "packing.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t window_base; /* set by window_init before any machine exists, constant from then on */

uint32_t symbol_hash(const char *text, size_t length) { return (uint32_t)(XXH3_64bits(text, length) & HASH_MASK); }

static Oop span_symbol(const SourceSpan *span, const char *text, size_t length, uint32_t hash) {
  if (!span->symbols) return 0;
  for (uint32_t i = hash & span->symbol_mask; span->symbols[i]; i = (i + 1) & span->symbol_mask) {
    Object *symbol = oop_to_object(span->symbols[i]);
    if (object_hash(symbol) == hash && object_byte_size(symbol) == length && memcmp(object_bytes(symbol), text, length) == 0)
      return span->symbols[i];
  }
  return 0;
}

Oop source_image_symbol(const SourceImage *image, const char *text, size_t length, uint32_t hash) {
  Oop found = span_symbol(&image->base, text, length, hash);
  return found ? found : span_symbol(&image->layer, text, length, hash);
}

Oop source_image_at(const SourceImage *image, uint64_t offset) {
  const SourceSpan *span = offset & 1 ? &image->layer : &image->base;
  uint64_t at = offset >> 1, word = at >> 3;
  if (at >= span->size || at & 7) return 0;
  if (!(span->object_starts[word >> 6] >> (word & 63) & 1)) return 0;
  return span->start + at;
}

void source_image_set_replaced(SourceImage *image, const ReplacedEntry *entries, size_t count) {
  image->replaced = entries;
  image->replaced_mask = (uint32_t)(count - 1);
  for (size_t i = 0; i < count; i++) {
    uint32_t hash = address_hash(entries[i].original);
    if (entries[i].original) image->replaced_filter[hash >> 6 & 15] |= (uint64_t)1 << (hash & 63);
  }
}

Oop source_image_replacement(const SourceImage *image, Oop x) {
  if (!source_image_may_replace(image, x)) return x;
  for (uint32_t i = address_hash(x) & image->replaced_mask; image->replaced[i].original; i = (i + 1) & image->replaced_mask)
    if (image->replaced[i].original == x) return image->replaced[i].replacement;
  return x;
}

/* ---- texts of methods ----------------------------------------------------------------------------------------------------------- */

/* Threads may unpack at the same time; the first to be ready is kept. */
static const char *texts(SourceImage *image) {
  char *known = atomic_load_explicit(&image->texts, memory_order_acquire);
  if (known || !image->packed_texts) return known;
  char *made = malloc(image->texts_size + 1);
  if (!made || !packing_unpack(made, image->texts_size, image->packed_texts, image->packed_size)) return free(made), NULL;
  if (atomic_compare_exchange_strong(&image->texts, &known, made)) return made;
  free(made);
  return known;
}

const char *source_image_text(const SourceImage *image, int64_t position, size_t *size) {
  while (image->below) image = image->below;
  uint64_t offset = (uint64_t)position >> TEXT_SIZE_BITS;
  *size = (size_t)position & (((size_t)1 << TEXT_SIZE_BITS) - 1);
  if (position < 0 || offset > image->texts_size || *size > image->texts_size - offset) return NULL;
  const char *all = texts((SourceImage *)image); /* what is unpacked is the only thing that changes */
  return all ? all + offset : NULL;
}

void source_image_drop_texts(SourceImage *image) { free(atomic_load(&image->texts)); }
