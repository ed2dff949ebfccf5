/* SPDX-License-Identifier: MIT */
/* kernel_support.h -- the kernel image for the tests of one program, mapped once: `kernel_load` and `kernel_release` are set-up and tear-down of a
 * cmocka group.  Other tests hold an image of their own (`kernel_image`). */
#ifndef ATOLL_KERNEL_SUPPORT_H
#define ATOLL_KERNEL_SUPPORT_H

#include <stdio.h>

#include "image.h"
#include "primitive_set.h"
#include "window.h"

/* Maps it with all primitives, into TABLE.  NULL after a message if it cannot be loaded. */
static inline const SourceImage *kernel_image(PrimitiveTable *table) {
  char error[IMAGE_ERROR_SIZE];
  if (!window_init()) return NULL;
  primitive_set_fill(table);
  const SourceImage *image = image_load_file(KERNEL_IMAGE, table, error);
  if (!image) fprintf(stderr, "%s\n", error);
  return image;
}

static PrimitiveTable kernel_primitives;
static const SourceImage *kernel;

static inline int kernel_load(void **state) {
  (void)state;
  kernel = kernel_image(&kernel_primitives);
  return kernel ? 0 : -1;
}

static inline int kernel_release(void **state) {
  (void)state;
  source_image_release(kernel);
  return 0;
}

#endif
