/* SPDX-License-Identifier: MIT */
/* image.h -- images as files and as the S of machines: loading, checking, writing, layers. */
#ifndef ATOLL_IMAGE_H
#define ATOLL_IMAGE_H

#include "freezer.h"
#include "image_format.h"
#include "source_image.h"

enum { IMAGE_ERROR_SIZE = 320 };

/* Maps the image in FILE (shared and read-only where its preferred slot is free, else relocated into private memory). The answer
 * has one reference.  NULL: ERROR (IMAGE_ERROR_SIZE bytes) says what was expected, what was found and what to do. */
const SourceImage *image_load_file(const char *path, const PrimitiveTable *primitives, char *error);

/* The image at OFFSET of the open file FD; VERIFY: check the checksums of all sections. */
const SourceImage *image_load_at(int fd, uint64_t offset, uint64_t size, const char *name, const PrimitiveTable *primitives, bool verify, char *error);

/* Reads and checks the header and all checksums without mapping anything. */
bool image_inspect_file(const char *path, const PrimitiveTable *primitives, ImageHeader *header, char *error);

/* Was it mapped from the file as it is, or relocated? */
bool image_is_relocated(const SourceImage *image);
const ImageHeader *image_header(const SourceImage *image);

/* Statements that the image keeps as its program, as program_save wrote them. */
const char *image_program(const SourceImage *image, size_t *size);

/* Writes a sealed image: to a new file that takes PATH's place when it is complete. */
bool image_write_file(const Freezer *f, const char *path, char *error);

/* An S in memory from a traced freezer: a base of its own, or a layer over the machine's base. */
const SourceImage *image_from_freezer(Freezer *f);

/* The S that a child of M stands on: M's own, or, when M has defined something since, a new layer with that.  M then stands on it
 * too: frames, objects and shadow copies go on as they were.  The answer is retained.  NULL: no memory. */
const SourceImage *machine_freeze_for_spawn_may_gc(Machine *m);

#endif
