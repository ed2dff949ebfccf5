/* SPDX-License-Identifier: MIT */
/* image_format.h -- the image file, byte for byte.  images/README.md describes it in words.
 *
 * Everything is little-endian and aligned; sections begin at multiples of IMAGE_ALIGN, so that the file can be mapped and used as it is.
 * References between objects are addresses as if the image stood in its preferred slot; the content hash is taken over the
 * references as offsets, so it does not depend on that slot (which is derived from it). */
#ifndef ATOLL_IMAGE_FORMAT_H
#define ATOLL_IMAGE_FORMAT_H

#include <stdint.h>

#define IMAGE_MAGIC "ATOLLIMG"
#define IMAGE_BYTE_ORDER ((uint64_t)0x0102030405060708)
enum { IMAGE_VERSION = 2, IMAGE_ALIGN = 65536 };

/* What instructions, classes and object headers mean to this build; an image of another build with the same number can be run. */
uint64_t image_object_format(void);

#define IMAGE_SECTIONS(X)                                                                     \
  X(PURE, "pure", "objects that nobody can modify: code, symbols, numbers")                   \
  X(SHADOWABLE, "shadowable", "objects that an actor may modify in a copy of its own")        \
  X(DEBUG, "debug", "line tables, names, categories")                                         \
  X(STARTS, "object starts", "bitmap, one bit per 8 bytes of the image")                      \
  X(SYMBOLS, "symbol table", "open addressing by hash")                                       \
  X(CLASSES, "class table", "class objects by class index")                                   \
  X(SPECIALS, "special selectors", "selectors behind special instructions")                   \
  X(REPLACED, "replaced objects", "of a layer: what stands for objects of the base")          \
  X(PROGRAM, "program", "name and text of the statements that `atoll run` carries out")       \
  X(TEXTS, "texts", "of the methods: their size in 8 bytes, then packed (packing.h)")

typedef enum ImageSection {
#define X(id, name, doc) SECTION_##id,
  IMAGE_SECTIONS(X)
#undef X
      SECTION_COUNT
} ImageSection;

typedef struct ImageSectionEntry {
  uint64_t offset, size; /* bytes from the start of the image */
  uint64_t checksum;     /* XXH3 of the bytes as they are in the file */
} ImageSectionEntry;

typedef struct ImageHeader {
  char magic[8];
  uint32_t version, word_size;
  uint64_t byte_order;
  uint64_t primitives;     /* hash of the names of all primitives, in order */
  uint64_t object_format;
  uint64_t id;             /* content hash: the identity of this S */
  uint64_t preferred_base; /* address that references assume */
  uint64_t size;           /* of the whole image */
  uint64_t system_dictionary; /* address, as if at preferred_base */
  uint64_t overridden;
  uint64_t class_count;
  uint64_t objects;        /* how many */
  ImageSectionEntry sections[SECTION_COUNT];
  uint64_t header_checksum; /* XXH3 of all before, with magic */
} ImageHeader;

#endif
