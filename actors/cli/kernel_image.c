/* SPDX-License-Identifier: MIT */
/* kernel_image.c -- see kernel_image.h. */
#define _GNU_SOURCE
#include "kernel_image.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <unistd.h>

extern const char atoll_kernel_image[], atoll_kernel_image_end[];

typedef struct Place {
  uintptr_t address;
  uint64_t offset;
  bool found;
} Place;

/* The first object that the dynamic linker lists is the executable itself. */
static int find_segment(struct dl_phdr_info *info, size_t size, void *data) {
  Place *place = data;
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + p->p_vaddr;
    if (p->p_type != PT_LOAD || place->address < start || place->address >= start + p->p_filesz) continue;
    place->offset = p->p_offset + (place->address - start);
    place->found = true;
  }
  return 1;
}

const SourceImage *kernel_image_load(const PrimitiveTable *primitives, char *error) {
  Place place = {(uintptr_t)atoll_kernel_image, 0, false};
  dl_iterate_phdr(find_segment, &place);
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || !place.found) {
    snprintf(error, IMAGE_ERROR_SIZE, "cannot read the kernel image inside the executable (is /proc mounted?)");
    if (fd >= 0) close(fd);
    return NULL;
  }
  const SourceImage *image = image_load_at(fd, place.offset, (uint64_t)(atoll_kernel_image_end - atoll_kernel_image), "the kernel image",
                                           primitives, false, error);
  close(fd);
  return image;
}
