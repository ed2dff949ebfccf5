/* SPDX-License-Identifier: MIT */
/* actor_table.c -- chunks of actor records. */
#include "actor_table.h"

static size_t directory_size(const ActorTable *table) {
  return (table->max_actors + ACTORS_PER_CHUNK - 1) / ACTORS_PER_CHUNK * sizeof *table->chunks;
}

bool actor_table_init(ActorTable *table, Accounts *accounts, uint32_t max_actors) {
  table->accounts = accounts;
  table->max_actors = max_actors;
  table->used = 0;
  table->free = NULL;
  table->chunks = account_alloc(accounts, ACCOUNT_ACTOR, directory_size(table));
  if (!table->chunks) return false;
  pthread_mutex_init(&table->lock, NULL);
  return true;
}

void actor_table_destroy(ActorTable *table) {
  if (!table->chunks) return;
  for (uint32_t i = 0; i < table->used; i += ACTORS_PER_CHUNK)
    account_free(table->accounts, ACCOUNT_ACTOR, table->chunks[i / ACTORS_PER_CHUNK], ACTORS_PER_CHUNK * sizeof(Actor));
  account_free(table->accounts, ACCOUNT_ACTOR, table->chunks, directory_size(table));
  pthread_mutex_destroy(&table->lock);
}

/* The generation of a fresh record is 1, so no id is ever 0. */
static Actor *fresh_record_locked(ActorTable *table) {
  uint32_t index = table->used;
  if (index >= table->max_actors) return NULL;
  _Atomic(Actor *) *place = &table->chunks[index / ACTORS_PER_CHUNK];
  Actor *chunk = atomic_load_explicit(place, memory_order_relaxed);
  if (!chunk) {
    chunk = account_alloc(table->accounts, ACCOUNT_ACTOR, ACTORS_PER_CHUNK * sizeof *chunk);
    if (!chunk) return NULL;
    atomic_store_explicit(place, chunk, memory_order_release);
  }
  table->used++;
  Actor *record = &chunk[index % ACTORS_PER_CHUNK];
  atomic_store_explicit(&record->id, (uint64_t)1 << ACTOR_INDEX_BITS | index, memory_order_relaxed);
  return record;
}

uint32_t actor_table_take_batch(ActorTable *table, Actor **free) {
  uint32_t count = 0;
  pthread_mutex_lock(&table->lock);
  while (count < ACTOR_BATCH) {
    Actor *record = table->free;
    if (record) table->free = record->next;
    else record = fresh_record_locked(table);
    if (!record) break;
    record->next = *free;
    *free = record;
    count++;
  }
  pthread_mutex_unlock(&table->lock);
  return count;
}

void actor_table_give_list(ActorTable *table, Actor *first, Actor *last) {
  pthread_mutex_lock(&table->lock);
  last->next = table->free;
  table->free = first;
  pthread_mutex_unlock(&table->lock);
}
