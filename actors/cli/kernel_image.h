/* SPDX-License-Identifier: MIT */
/* kernel_image.h -- the kernel image that is part of this executable. */
#ifndef ATOLL_KERNEL_IMAGE_H
#define ATOLL_KERNEL_IMAGE_H

#include "image.h"

/* Maps it from the executable's own file, so that all processes share its pages.  NULL: see ERROR (IMAGE_ERROR_SIZE bytes). */
const SourceImage *kernel_image_load(const PrimitiveTable *primitives, char *error);

#endif
