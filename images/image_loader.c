/* SPDX-License-Identifier: MIT */
/* image_loader.c -- checking images, mapping them into the window, and letting them go. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "primitive.h"
#include "whole_file.h"
#include "window.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* What a SourceImage keeps for its release. */
typedef struct Mapping {
  SourceImage image; /* first: the machine sees this */
  uint64_t address, reserved; /* where it is mapped, and how many bytes of the window were taken for it */
  bool relocated;
  const SourceImage *base; /* of a layer: retained */
} Mapping;

static bool refuse(char *error, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool refuse(char *error, const char *name, const char *format, ...) {
  va_list args;
  int n = snprintf(error, IMAGE_ERROR_SIZE, "'%.100s' is not a usable image: ", name);
  va_start(args, format);
  vsnprintf(error + n, IMAGE_ERROR_SIZE - (size_t)n, format, args);
  va_end(args);
  return false;
}

/* ---- checks ---------------------------------------------------------------------------------------------------------- */

/* Sizes of the tables among the sections: what is read without looking at a size again. */
static bool tables_fit(const ImageHeader *h) {
  const ImageSectionEntry *s = h->sections;
  uint64_t symbols = s[SECTION_SYMBOLS].size / 8;
  return h->class_count < CLASS_INDEX_W && s[SECTION_CLASSES].size == h->class_count * 8 && s[SECTION_SPECIALS].size == SPECIAL_COUNT * 8 &&
         symbols && !(symbols & (symbols - 1)) && s[SECTION_SYMBOLS].size % 8 == 0 && symbols <= UINT32_MAX &&
         s[SECTION_STARTS].size >= s[SECTION_STARTS].offset / 64 && s[SECTION_REPLACED].size % sizeof(ReplacedEntry) == 0 &&
         h->system_dictionary - h->preferred_base < s[SECTION_STARTS].offset;
}

static bool check_header(const ImageHeader *h, uint64_t size, const char *name, const PrimitiveTable *primitives, char *error) {
  if (memcmp(h->magic, IMAGE_MAGIC, 8) != 0)
    return refuse(error, name, "expected it to begin with \"%s\"; it is some other file, or was never finished", IMAGE_MAGIC);
  if (h->byte_order != IMAGE_BYTE_ORDER) return refuse(error, name, "it was built for another byte order; build it again here");
  if (h->version != IMAGE_VERSION)
    return refuse(error, name, "expected format version %d, found %u; build it again with this atoll", IMAGE_VERSION, h->version);
  if (h->word_size != 8) return refuse(error, name, "expected 8-byte words, found %u", h->word_size);
  if (XXH3_64bits(h, offsetof(ImageHeader, header_checksum)) != h->header_checksum)
    return refuse(error, name, "the checksum of its header is wrong: it is damaged; build it again");
  if (h->object_format != image_object_format())
    return refuse(error, name, "expected object format %016llx, found %016llx; build it again",
                  (unsigned long long)image_object_format(), (unsigned long long)h->object_format);
  if (h->primitives != primitives->names_hash)
    return refuse(error, name, "it was built for another set of primitives; build it again with this atoll");
  if (h->size != size || size % IMAGE_ALIGN)
    return refuse(error, name, "expected %llu bytes, found %llu: it is truncated or damaged", (unsigned long long)h->size, (unsigned long long)size);
  uint64_t at = IMAGE_ALIGN;
  for (int s = 0; s < SECTION_COUNT; s++) {
    const ImageSectionEntry *section = &h->sections[s];
    if (section->offset != at || section->size > size - at) return refuse(error, name, "section %d lies outside the file", s);
    at = (at + section->size + IMAGE_ALIGN - 1) & ~(uint64_t)(IMAGE_ALIGN - 1);
  }
  return tables_fit(h) || refuse(error, name, "its tables have the wrong size: it is damaged; build it again");
}

/* Between sections there is nothing: a byte that is not zero is damage too. */
static bool is_blank(const char *bytes, uint64_t from, uint64_t to) {
  for (uint64_t i = from; i < to; i++)
    if (bytes[i]) return false;
  return true;
}

static bool check_padding(const ImageHeader *h, const char *bytes, const char *name, char *error) {
  uint64_t end = sizeof *h;
  for (int s = 0; s < SECTION_COUNT; s++) {
    if (!is_blank(bytes, end, h->sections[s].offset)) return refuse(error, name, "there are bytes before section %d: it is damaged; build it again", s);
    end = h->sections[s].offset + h->sections[s].size;
  }
  return is_blank(bytes, end, h->size) || refuse(error, name, "there are bytes behind the last section: it is damaged; build it again");
}

static bool check_sections(const ImageHeader *h, const char *bytes, const char *name, char *error) {
  static const char *const names[] = {
#define X(id, text, doc) text,
      IMAGE_SECTIONS(X)
#undef X
  };
  for (int s = 0; s < SECTION_COUNT; s++)
    if (XXH3_64bits(bytes + h->sections[s].offset, h->sections[s].size) != h->sections[s].checksum)
      return refuse(error, name, "the checksum of section '%s' is wrong: it is damaged; build it again", names[s]);
  return true;
}

/* ---- mapping --------------------------------------------------------------------------------------------------------- */

static void release(SourceImage *image) {
  Mapping *mapping = (Mapping *)image;
  window_give_back(mapping->address, mapping->reserved);
  source_image_release(mapping->base);
  source_image_drop_texts(image);
  free(mapping);
}

static void fill_span(SourceSpan *span, const char *bytes, const ImageHeader *h) {
  span->start = (uint64_t)(uintptr_t)bytes;
  span->size = h->sections[SECTION_STARTS].offset;
  span->object_starts = (const uint64_t *)(bytes + h->sections[SECTION_STARTS].offset);
  span->symbols = (const Oop *)(bytes + h->sections[SECTION_SYMBOLS].offset);
  span->symbol_mask = (uint32_t)(h->sections[SECTION_SYMBOLS].size / 8 - 1);
}

static const SourceImage *new_image(uint64_t address, uint64_t reserved, const PrimitiveTable *primitives, bool relocated, const SourceImage *base) {
  const char *bytes = (const char *)(uintptr_t)address;
  const ImageHeader *h = (const ImageHeader *)bytes;
  Mapping *mapping = calloc(1, sizeof *mapping);
  if (!mapping) return window_give_back(address, reserved), NULL;
  SourceImage *image = &mapping->image;
  mapping->address = address;
  mapping->reserved = reserved;
  mapping->relocated = relocated;
  image->references = 1;
  image->id = h->id;
  image->primitives = primitives;
  image->release = release;
  if (base) {
    mapping->base = image->below = source_image_retain(base);
    image->base = base->base;
    fill_span(&image->layer, bytes, h);
  } else {
    fill_span(&image->base, bytes, h);
  }
  if (h->sections[SECTION_TEXTS].size > 8) {
    image->packed_texts = bytes + h->sections[SECTION_TEXTS].offset + 8;
    image->packed_size = h->sections[SECTION_TEXTS].size - 8;
    image->texts_size = *(const uint64_t *)(bytes + h->sections[SECTION_TEXTS].offset);
  }
  image->classes = (const Oop *)(bytes + h->sections[SECTION_CLASSES].offset);
  image->class_count = (uint32_t)h->class_count;
  image->special_selectors = (const Oop *)(bytes + h->sections[SECTION_SPECIALS].offset);
  image->system_dictionary = h->system_dictionary;
  image->overridden = (uint32_t)h->overridden;
  if (h->sections[SECTION_REPLACED].size)
    source_image_set_replaced(image, (const ReplacedEntry *)(bytes + h->sections[SECTION_REPLACED].offset), h->sections[SECTION_REPLACED].size / sizeof(ReplacedEntry));
  return image;
}

static bool read_fully(int fd, char *bytes, uint64_t size, uint64_t offset) {
  while (size) {
    ssize_t n = pread(fd, bytes, size, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n, offset += (uint64_t)n, size -= (uint64_t)n;
  }
  return true;
}

/* In its own slot the file itself is mapped; elsewhere a private copy is, with every reference moved. */
static bool map_image(int fd, uint64_t offset, const ImageHeader *h, uint64_t address) {
  void *at = (void *)(uintptr_t)address;
  if (address == h->preferred_base)
    return mmap(at, h->size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, (off_t)offset) == at;
  if (mmap(at, h->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at) return false;
  if (!read_fully(fd, at, h->size, offset)) return false;
  image_relocate(at, address - h->preferred_base);
  return mprotect(at, h->size, PROT_READ) == 0;
}

const SourceImage *image_load_at(int fd, uint64_t offset, uint64_t size, const char *name, const PrimitiveTable *primitives, bool verify,
                                 char *error) {
  ImageHeader h;
  if (size < sizeof h || !read_fully(fd, (char *)&h, sizeof h, offset))
    return refuse(error, name, "expected at least %zu bytes, found %llu", sizeof h, (unsigned long long)size), NULL;
  if (!check_header(&h, size, name, primitives, error)) return NULL;
  if (verify) {
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)offset);
    if (bytes == MAP_FAILED) return refuse(error, name, "cannot map it: %s", strerror(errno)), NULL;
    bool good = check_sections(&h, bytes, name, error) && check_padding(&h, bytes, name, error);
    munmap(bytes, size);
    if (!good) return NULL;
  }
  uint64_t address = window_take((unsigned)(h.id % WINDOW_SLOTS), size);
  if (!address) return refuse(error, name, "there is no room in the window for its %llu bytes", (unsigned long long)size), NULL;
  if (!map_image(fd, offset, &h, address)) {
    refuse(error, name, "cannot map it: %s", strerror(errno));
    window_give_back(address, size);
    return NULL;
  }
  const SourceImage *image = new_image(address, size, primitives, address != h.preferred_base, NULL);
  if (!image) refuse(error, name, "no memory");
  return image;
}

static int open_image(const char *path, uint64_t *size, char *error) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is refused below, not waited for */
  if (fd < 0 || fstat(fd, &status) != 0) return refuse(error, path, "cannot open it: %s", strerror(errno)), fd < 0 ? -1 : (close(fd), -1);
  if (!S_ISREG(status.st_mode)) return refuse(error, path, "expected a file, found a %s", S_ISDIR(status.st_mode) ? "directory" : "device or pipe"), close(fd), -1;
  *size = (uint64_t)status.st_size;
  return fd;
}

const SourceImage *image_load_file(const char *path, const PrimitiveTable *primitives, char *error) {
  uint64_t size;
  int fd = open_image(path, &size, error);
  if (fd < 0) return NULL;
  const SourceImage *image = image_load_at(fd, 0, size, path, primitives, true, error);
  close(fd);
  return image;
}

bool image_inspect_file(const char *path, const PrimitiveTable *primitives, ImageHeader *header, char *error) {
  uint64_t size;
  int fd = open_image(path, &size, error);
  if (fd < 0) return false;
  bool good = size >= sizeof *header && read_fully(fd, (char *)header, sizeof *header, 0);
  if (!good) refuse(error, path, "expected at least %zu bytes, found %llu", sizeof *header, (unsigned long long)size);
  good = good && check_header(header, size, path, primitives, error);
  void *bytes = good ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (good && bytes == MAP_FAILED) good = refuse(error, path, "cannot map it: %s", strerror(errno));
  good = good && check_sections(header, bytes, path, error) && check_padding(header, bytes, path, error);
  if (bytes != MAP_FAILED) munmap(bytes, size);
  close(fd);
  return good;
}

bool image_is_relocated(const SourceImage *image) { return ((const Mapping *)image)->relocated; }
const ImageHeader *image_header(const SourceImage *image) {
  return (const ImageHeader *)(uintptr_t)((const Mapping *)image)->address;
}

const char *image_program(const SourceImage *image, size_t *size) {
  const ImageHeader *h = (const ImageHeader *)(uintptr_t)image->base.start;
  *size = h->sections[SECTION_PROGRAM].size;
  return (const char *)h + h->sections[SECTION_PROGRAM].offset;
}

/* ---- writing, and images that never see a file -------------------------------------------------------------------------- */

bool image_write_file(const Freezer *f, const char *path, char *error) {
  return whole_file_write(path, &(FilePart){f->bytes, f->size}, 1, true, error, IMAGE_ERROR_SIZE);
}

/* A layer lives in this process only: its id follows from how many were made before it.  (The hash of eight bytes is one to one, so there are no two of an id; with a
 * seed it would not be.) */
static uint64_t layer_id(void) {
  static _Atomic uint64_t made;
  uint64_t number = atomic_fetch_add(&made, 1);
  return XXH3_64bits(&number, 8);
}

const SourceImage *image_from_freezer(Freezer *f) {
  const SourceImage *base = f->m->source;
  bool layer = f->mode == FREEZE_LAYER;
  uint64_t bound = freezer_size_bound(f), address = window_take(0, bound);
  void *at = (void *)(uintptr_t)address;
  if (!address) return NULL;
  if (!freezer_write(f, layer ? address : 0, NULL, 0) || f->size > bound) return window_give_back(address, bound), NULL;
  ImageHeader *h = (ImageHeader *)f->bytes;
  if (layer) {
    h->id = layer_id();
  } else {
    freezer_seal(f);
    image_relocate(f->bytes, address - f->base);
    f->base = address;
  }
  if (mmap(at, f->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
    return window_give_back(address, bound), NULL;
  memcpy(at, f->bytes, f->size);
  if (mprotect(at, f->size, PROT_READ) != 0) return window_give_back(address, bound), NULL;
  while (layer && base->layer.size) base = ((const Mapping *)base)->base; /* a layer stands on a base, never on a layer */
  return new_image(address, bound, f->m->source->primitives, !layer, layer ? base : NULL);
}
