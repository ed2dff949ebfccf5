/* SPDX-License-Identifier: MIT */
/* genesis.h -- the machine before there is any image: it stands on an empty S and holds the well-known classes in its W. */
#ifndef ATOLL_GENESIS_H
#define ATOLL_GENESIS_H

#include "machine.h"
#include "primitive.h"

/* Makes M a machine with the classes of classes.h, the system dictionary Smalltalk and the special selectors, all in W.
 * False: no memory. */
bool genesis_init(Machine *m, ThreadContext *thread, const PrimitiveTable *primitives);
void genesis_destroy(Machine *m);

#endif
