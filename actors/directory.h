/* SPDX-License-Identifier: MIT */
/* directory.h -- names of actors, for the whole runtime: a name to an id, and an id to a label for display.
 *
 * Any thread; one lock.  A name whose actor has ended counts as free: nothing has to be undone at an actor's end, and a lookup never answers the dead.
 * Labels are removed with their actor (ACTOR_LABELLED). */
#ifndef ATOLL_DIRECTORY_H
#define ATOLL_DIRECTORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "account.h"

typedef struct DirectoryEntry DirectoryEntry;
typedef struct Runtime Runtime;

typedef struct Directory {
  Accounts *accounts;
  pthread_mutex_t lock;
  DirectoryEntry **names, **labels; /* lock: hashed, chained; both tables have so many heads */
  uint32_t heads, name_count, label_count;
} Directory;

void directory_init(Directory *d, Accounts *accounts);
void directory_destroy(Directory *d);

/* False: a living actor has that name, or there is no memory. */
bool directory_register(Runtime *runtime, const char *name, size_t size, uint64_t id);
bool directory_unregister(Runtime *runtime, const char *name, size_t size);
uint64_t directory_find(Runtime *runtime, const char *name, size_t size); /* 0: nobody */
/* Calls EACH for every name of a living actor, under the lock. */
void directory_each(Runtime *runtime, void (*each)(void *context, const char *name, size_t size), void *context);

/* SIZE 0: none any more. */
bool directory_set_label(Runtime *runtime, uint64_t id, const char *label, size_t size);
/* Copies up to ROOM bytes of the label of ID; answers its size, 0: none. */
size_t directory_label(Runtime *runtime, uint64_t id, char *buffer, size_t room);

/* Is there an actor with that id now? */
bool runtime_is_alive(Runtime *runtime, uint64_t id);

#endif
