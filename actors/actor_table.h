/* SPDX-License-Identifier: MIT */
/* actor_table.h -- from an actor's id to its record, without locks.
 *
 *   directory: chunk pointers        chunk: ACTORS_PER_CHUNK records
 *   +---+---+---+---+
 *   | o | o | . | . |  ----------->  | Actor | Actor | Actor | ...
 *   +---+---+---+---+
 *
 * Chunks are made when they are first needed and stay until the table goes.  Free records wait in lists of the schedulers; the lock is taken
 * once per batch. */
#ifndef ATOLL_ACTOR_TABLE_H
#define ATOLL_ACTOR_TABLE_H

#include "actor.h"

enum { ACTORS_PER_CHUNK = 512, ACTOR_BATCH = 64 };

typedef struct ActorTable {
  Accounts *accounts;
  uint32_t max_actors;
  _Atomic(Actor *) *chunks; /* any thread */
  pthread_mutex_t lock;
  uint32_t used; /* lock: records ever handed out */
  Actor *free;   /* lock */
} ActorTable;

bool actor_table_init(ActorTable *table, Accounts *accounts, uint32_t max_actors);
void actor_table_destroy(ActorTable *table);

/* Fills the list *FREE with up to ACTOR_BATCH records; answers how many. */
uint32_t actor_table_take_batch(ActorTable *table, Actor **free);
/* Takes a whole list back. */
void actor_table_give_list(ActorTable *table, Actor *first, Actor *last);

/* The record that ID once named, or NULL.  Whether it still does, only the mailbox knows. */
static inline Actor *actor_table_at(ActorTable *table, uint64_t id) {
  uint64_t index = id & (((uint64_t)1 << ACTOR_INDEX_BITS) - 1);
  if (index >= table->max_actors) return NULL;
  Actor *chunk = atomic_load_explicit(&table->chunks[index / ACTORS_PER_CHUNK], memory_order_acquire);
  return chunk ? &chunk[index % ACTORS_PER_CHUNK] : NULL;
}

/* Does that actor live, or has it ended a moment ago? */
static inline bool actor_table_lives(ActorTable *table, uint64_t id) {
  const Actor *a = actor_table_at(table, id);
  return a && actor_id(a) == id;
}

#endif
