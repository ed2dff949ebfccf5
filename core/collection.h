/* SPDX-License-Identifier: MIT */
/* collection.h -- what collector.c and collector_weak.c share about the collection that runs. */
#ifndef ATOLL_COLLECTION_H
#define ATOLL_COLLECTION_H

#include "memory_internal.h"

typedef struct Collection {
  Machine *m;
  OldSpace *old;
  const char *from, *from_end, *aged; /* the young objects being left */
  char *to, *scan, *to_start, *to_end; /* where they go */
  bool major, promote;
  LargeObject **gray; /* large objects reached and not yet scanned (major) */
  size_t gray_count;
} Collection;

/* The new place of what X refers to; what was not reached before is now, and will be scanned. */
Oop collection_forward(Collection *c, Oop x);
/* Forwards slots FROM .. TO - 1 of OBJECT, which is where it will stay; an old one with young references is remembered. */
void collection_forward_slots(Collection *c, Object *object, size_t from, size_t to);
/* Scans until everything that has been reached is scanned. */
void collection_scan(Collection *c);
/* Has the object that was at this address been reached?  Its new place, or NULL. */
Object *collection_survivor(const Collection *c, Object *object);
/* The same for any reference as it stands in an object that was not scanned yet. */
bool collection_is_reached(const Collection *c, Oop x);

/* Before anything is scanned: references of the weak table that are strong. */
void collection_forward_weak_roots(Collection *c);
/* When all that strong references lead to has been scanned: what weak objects refer to, who mourns, and the table itself. */
void collection_finish_weak(Collection *c);
/* The same for the promises of other actors (mirrors.h). */
void collection_finish_mirrors(Collection *c);

#endif
