/* SPDX-License-Identifier: MIT */
/* bootstrap.c -- the program that builds the kernel image, before there is an atoll with one inside. */
#include <stdlib.h>

#include "debug.h"
#include "kernel_builder.h"
#include "primitive_set.h"
#include "window.h"

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: atoll-bootstrap KERNEL_DIRECTORY IMAGE\n"), 2;
  PrimitiveTable *primitives = calloc(1, sizeof *primitives);
  debug_init();
  if (!primitives || !window_init()) return fprintf(stderr, "atoll: no memory, or no address space for images\n"), 1;
  primitive_set_fill(primitives);
  bool built = kernel_build(argv[1], argv[2], primitives, stderr);
  free(primitives);
  return built ? 0 : 1;
}
