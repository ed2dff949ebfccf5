/* SPDX-License-Identifier: MIT */
/* mirrors.h -- the pending promises of other actors that a machine knows.
 *
 * Each keeps a counted reference (SharedBytes without bytes) of its promise until the collector finds that it is dead, or the machine ends: so the owner of
 * the promise learns that nobody outside can ask for it any more, when its own reference is the only one.
 *
 *   mirror: state 0, value, reactions (place in the table), number, owner       m->mirrors: entries, old ones first -> mirror, counted
 *
 * Only the machine that owns the objects touches any of this. */
#ifndef ATOLL_MIRRORS_H
#define ATOLL_MIRRORS_H

#include "machine.h"

typedef struct MirrorEntry {
  Object *mirror;
  SharedBytes *counted;
} MirrorEntry;

struct MirrorTable {
  MirrorEntry *entries; /* the first OLD_COUNT are old objects */
  uint32_t count, old_count, capacity;
};

/* MIRROR, a new promise of this W, keeps a reference to COUNTED from now on.  False: no memory. */
bool mirrors_add(Machine *m, Object *mirror, SharedBytes *counted);
/* What it keeps; NULL: nothing. */
SharedBytes *mirrors_find(const Machine *m, const Object *mirror);
/* Objects have been replaced by what MAP answers for them: see weak_follow. */
void mirrors_follow(Machine *m, Oop (*map)(void *context, Oop x), void *context);
void mirrors_destroy(Machine *m);

#endif
