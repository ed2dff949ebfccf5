/* SPDX-License-Identifier: MIT */
/* kernel_builder.h -- from images/kernel/ to the kernel image. */
#ifndef ATOLL_KERNEL_BUILDER_H
#define ATOLL_KERNEL_BUILDER_H

#include <stdio.h>

#include "primitive.h"

/* Reads DIRECTORY/manifest and the sources that it lists, carries them out in a first machine, checks that sources and primitives agree, and
 * writes the image to PATH.  Messages go to ERRORS.  Answers whether all went well. */
bool kernel_build(const char *directory, const char *path, const PrimitiveTable *primitives, FILE *errors);

#endif
