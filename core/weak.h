/* SPDX-License-Identifier: MIT */
/* weak.h -- objects of a machine that do not keep alive all they refer to, and objects that want to know that they die.
 *
 *   m->weak, NULL until a program asks for it
 *   +------------------------------+     +---------------------------+
 *   | entries: old ones, young ones |     | mourners: a queue, strong |   a major collection moves entries there; ObjectMemory class >> mourn
 *   +------------------------------+     +---------------------------+   takes them out, in a process of its own
 *
 * Minor collections take all references for strong.  A major one leaves objects with FLAG_WEAK out until everything that can be reached
 * without them has been; collector_weak.c says what happens then.  Only the machine that owns the objects touches any of this. */
#ifndef ATOLL_WEAK_H
#define ATOLL_WEAK_H

#include "machine.h"

typedef enum WeakKind {
  WEAK_ELEMENTS,  /* indexed slots; nil stands for what has died */
  WEAK_SET,       /* the same for the table of a set: the table itself stands for what has died, so that runs of places stay whole */
  WEAK_KEYS,      /* pairs, the second is only reached through here while the first is alive; the table for the first, nil for the second */
  WEAK_VALUES,    /* pairs, the second does not keep alive; as above */
  WEAK_EPHEMERON, /* slots are only reached through here while the first slot's object is alive; becomes strong and mourns when it dies */
  WEAK_FINAL      /* not weak itself: mourns when nothing refers to it any more */
} WeakKind;

typedef struct WeakEntry {
  Object *object;
  uint8_t kind;  /* WeakKind */
  uint8_t state; /* during a collection */
} WeakEntry;

typedef struct Mourner {
  Oop object;
  bool ephemeron; /* tell it with #mourn, else with #finalize */
} Mourner;

struct WeakTable {
  WeakEntry *entries;  /* the first OLD_COUNT are old objects */
  Mourner *mourners;   /* MOURNED .. MOURNER_COUNT wait; room for all entries as well */
  uint32_t count, old_count, mourned, mourner_count, capacity; /* capacity of both */
  uint32_t cleared;    /* how many references have been cleared: tables look whether it has changed */
  size_t collected;    /* bytes of nurseries since the last major collection */
  bool told;           /* a process has been started for those that wait */
};

/* From now on OBJECT, of this W, is of KIND.  False: no memory, or it is weak already. */
bool weak_watch(Machine *m, Object *object, WeakKind kind);
/* A final object no longer wants to know. */
void weak_forget(Machine *m, const Object *object);

/* Objects have been replaced by what MAP answers for them: entries follow them, those of objects that are in S now are dropped.  False: no memory, and
 * some have been lost. */
bool weak_follow(Machine *m, Oop (*map)(void *context, Oop x), void *context);

/* Takes out the next one that mourns, and says how to tell it; 0: nobody does. */
Oop weak_take_mourner(Machine *m, bool *ephemeron);
/* Between two runs: starts a process for those that mourn, unless one runs already. */
void weak_tell_mourners_may_gc(Machine *m);

void weak_destroy(Machine *m);

#endif
