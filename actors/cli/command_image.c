/* SPDX-License-Identifier: MIT */
/* command_image.c -- `atoll image info`: what an image holds. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "image.h"

typedef struct ClassCount {
  uint32_t index;
  size_t objects, bytes, shadowable;
} ClassCount;

static int by_bytes(const void *a, const void *b) {
  const ClassCount *x = a, *y = b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return (x->index > y->index) - (x->index < y->index);
}

static void print_class_name(const SourceImage *image, uint32_t index) {
  Object *class = oop_to_object(image->classes[index]);
  bool meta = object_class_index(class) == CLASS_METACLASS;
  if (meta) class = oop_to_object(class->slots[METACLASS_INSTANCE_CLASS]);
  Object *name = oop_to_object(class->slots[CLASS_SLOT_NAME]);
  printf("%.*s%s\n", (int)object_byte_size(name), (const char *)object_bytes(name), meta ? " class" : "");
}

static void print_classes(const SourceImage *image) {
  const SourceSpan *span = &image->base;
  ClassCount *counts = calloc(image->class_count + 1u, sizeof *counts);
  if (!counts) return;
  for (uint32_t i = 0; i <= image->class_count; i++) counts[i].index = i;
  for (uint64_t word = 0; word < span->size / 8; word++) {
    if (!(span->object_starts[word >> 6] >> (word & 63) & 1)) continue;
    Object *object = (Object *)(uintptr_t)(span->start + word * 8);
    uint32_t index = object_class_index(object);
    counts[index].objects++;
    counts[index].bytes += 8 + object_slots(object) * 8;
    counts[index].shadowable += (object->header & FLAG_SHADOWABLE) != 0;
  }
  qsort(counts, image->class_count + 1u, sizeof *counts, by_bytes);
  printf("\n%10s %12s %12s  class\n", "objects", "bytes", "shadowable");
  for (uint32_t i = 0; i <= image->class_count && counts[i].objects; i++) {
    printf("%10zu %12zu %12zu  ", counts[i].objects, counts[i].bytes, counts[i].shadowable);
    print_class_name(image, counts[i].index);
  }
  free(counts);
}

static void print_sections(const ImageHeader *h) {
  static const char *const texts[][2] = {
#define X(id, text, doc) {text, doc},
      IMAGE_SECTIONS(X)
#undef X
  };
  printf("\n%-18s %10s %10s\n", "section", "offset", "bytes");
  for (int s = 0; s < SECTION_COUNT; s++)
    printf("%-18s %10llu %10llu  %s\n", texts[s][0], (unsigned long long)h->sections[s].offset, (unsigned long long)h->sections[s].size, texts[s][1]);
}

static int info(const Cli *cli, const char *path) {
  char error[IMAGE_ERROR_SIZE];
  const SourceImage *image = image_load_file(path, cli->primitives, error);
  if (!image) return fprintf(stderr, "atoll: %s\n", error), 1;
  const ImageHeader *h = image_header(image);
  printf("image      %s\nhash       %016llx\nformat     %u, object format %016llx\nsize       %llu bytes\nobjects    %llu\nclasses    %llu\n", path,
         (unsigned long long)h->id, h->version, (unsigned long long)h->object_format, (unsigned long long)h->size,
         (unsigned long long)h->objects, (unsigned long long)h->class_count);
  printf("mapped     %s\n", image_is_relocated(image) ? "relocated into private memory: its preferred slot is taken or elsewhere"
                                                      : "from the file, shared and read-only");
  print_sections(h);
  print_classes(image);
  source_image_release(image);
  return 0;
}

int command_image(const Cli *cli, int argc, char **argv) {
  if (argc == 2 && strcmp(argv[0], "info") == 0) return info(cli, argv[1]);
  return cli_usage("image: expected info X.image");
}
