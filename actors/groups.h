/* SPDX-License-Identifier: MIT */
/* groups.h -- named groups of actors, as Erlang's pg: an actor may join several, and one several times; it leaves all of them when it ends.
 *
 *     name -> Group -> Membership -> Membership ...       (in the order of joining)
 *               |          ^
 *               |          |  by id of the actor: what to undo at its end
 *               +-> Watch ...                              who is told of joins and leaves
 *
 * Any thread; one lock, under which notices are delivered too, so that everybody hears of the changes of a group in one order. */
#ifndef ATOLL_GROUPS_H
#define ATOLL_GROUPS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "account.h"

typedef struct Group Group;
typedef struct Membership Membership;
typedef struct Runtime Runtime;
typedef struct Scheduler Scheduler;
typedef struct Actor Actor;

typedef struct Groups {
  Accounts *accounts;
  pthread_mutex_t lock;
  Group **groups;         /* lock: hashed by name, chained */
  Membership **members;   /* lock: hashed by id, chained */
  uint32_t group_heads, group_count, member_heads, member_count;
} Groups;

void groups_init(Groups *groups, Accounts *accounts);
void groups_destroy(Groups *groups);

typedef enum GroupResult { GROUP_DONE, GROUP_NO_ACTOR, GROUP_NOT_MEMBER, GROUP_NO_MEMORY } GroupResult;

GroupResult groups_join(Scheduler *s, const char *name, size_t size, uint64_t id);
GroupResult groups_leave(Scheduler *s, const char *name, size_t size, uint64_t id);
/* The actor with that id has ended; its mailbox is closed. */
void groups_leave_all(Scheduler *s, uint64_t id);

/* The ids of the members, each as often as it has joined, freed by the caller with account_free (ACCOUNT_ACTOR).  *IDS NULL and COUNT > 0: no memory.
 * REFERENCE not 0: WATCHER is told of every change from now on. */
uint64_t groups_members(Runtime *runtime, const char *name, size_t size, uint64_t watcher, uint64_t reference, uint64_t **ids);
/* False: it was not watched by that. */
bool groups_unwatch(Runtime *runtime, const char *name, size_t size, uint64_t watcher, uint64_t reference);
/* Calls EACH for every group that has members, under the lock. */
void groups_each(Runtime *runtime, void (*each)(void *context, const char *name, size_t size), void *context);

#endif
