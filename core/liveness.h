/* SPDX-License-Identifier: MIT */
/* liveness.h -- which registers of running code may still be read. */
#ifndef ATOLL_LIVENESS_H
#define ATOLL_LIVENESS_H

#include "machine.h"

/* Makes nil of what registers without a name hold and nobody reads any more, so that what only they refer to can be freed.  A variable keeps its object, as
 * Smalltalkers expect: it can be seen in a debugger.  Moves nothing. */
void liveness_clear_dead(Machine *m);

#endif
