/* SPDX-License-Identifier: MIT */
/* socket_primitives.c -- TCP. */
#include "primitives.h"

const Primitive socket_primitives[] = {{NULL, NULL, 0, NULL, 0}};
