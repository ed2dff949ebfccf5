/* SPDX-License-Identifier: MIT */
/* primitive_set.h -- all primitives of the runtime in their order, which is part of the image format. */
#ifndef ATOLL_PRIMITIVE_SET_H
#define ATOLL_PRIMITIVE_SET_H

#include "primitive.h"

void primitive_set_fill(PrimitiveTable *table);

#endif
