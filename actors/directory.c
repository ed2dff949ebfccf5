/* SPDX-License-Identifier: MIT */
/* directory.c -- see directory.h. */
#include "directory.h"

#include <string.h>

#include "hashing.h"
#include "runtime_internal.h"

struct DirectoryEntry {
  DirectoryEntry *next;
  uint64_t id;
  size_t size;
  char text[];
};

void directory_init(Directory *d, Accounts *accounts) {
  *d = (Directory){.accounts = accounts};
  pthread_mutex_init(&d->lock, NULL);
}

static void free_entry(Directory *d, DirectoryEntry *e) { account_free(d->accounts, ACCOUNT_ACTOR, e, sizeof *e + e->size); }

static void free_table(Directory *d, DirectoryEntry **table) {
  for (uint32_t i = 0; table && i < d->heads; i++)
    for (DirectoryEntry *e = table[i], *next; e; e = next) next = e->next, free_entry(d, e);
  account_free(d->accounts, ACCOUNT_ACTOR, table, d->heads * sizeof *table);
}

void directory_destroy(Directory *d) {
  free_table(d, d->names);
  free_table(d, d->labels);
  pthread_mutex_destroy(&d->lock);
}

bool runtime_is_alive(Runtime *runtime, uint64_t id) {
  Actor *a = actor_table_at(&runtime->table, id);
  if (!a) return false;
  uint64_t head = atomic_load(&a->mailbox.head);
  return (head & MAILBOX_POINTER) != MAILBOX_DEAD && head >> MAILBOX_TAG_SHIFT == actor_tag(id);
}

/* Those of OLD that live into HEADS new lists; the dead are left behind.  Answers how many there are now. */
static uint32_t rehash(Runtime *runtime, Directory *d, DirectoryEntry **old, DirectoryEntry **new, uint32_t heads, bool by_text) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < d->heads; i++)
    for (DirectoryEntry *e = old[i], *next; e; e = next) {
      next = e->next;
      if (!runtime_is_alive(runtime, e->id)) {
        free_entry(d, e);
        continue;
      }
      DirectoryEntry **head = &new[(by_text ? hash_text(e->text, e->size) : hash_id(e->id)) & (heads - 1)];
      e->next = *head;
      *head = e;
      count++;
    }
  return count;
}

static bool resize_locked(Runtime *runtime, Directory *d, uint32_t heads) {
  DirectoryEntry **names = account_alloc(d->accounts, ACCOUNT_ACTOR, heads * sizeof *names);
  DirectoryEntry **labels = account_alloc(d->accounts, ACCOUNT_ACTOR, heads * sizeof *labels);
  if (!names || !labels) {
    account_free(d->accounts, ACCOUNT_ACTOR, names, heads * sizeof *names);
    account_free(d->accounts, ACCOUNT_ACTOR, labels, heads * sizeof *labels);
    return false;
  }
  d->name_count = rehash(runtime, d, d->names, names, heads, true);
  d->label_count = rehash(runtime, d, d->labels, labels, heads, false);
  account_free(d->accounts, ACCOUNT_ACTOR, d->names, d->heads * sizeof *names);
  account_free(d->accounts, ACCOUNT_ACTOR, d->labels, d->heads * sizeof *labels);
  d->names = names;
  d->labels = labels;
  d->heads = heads;
  return true;
}

static bool is_full(const Directory *d, uint32_t heads) { return d->name_count >= heads || d->label_count >= heads; }

/* Names of the dead go first. */
static bool make_room_locked(Runtime *runtime, Directory *d) {
  if (!is_full(d, d->heads)) return true;
  if (d->heads) resize_locked(runtime, d, d->heads);
  if (is_full(d, d->heads / 2)) resize_locked(runtime, d, d->heads ? d->heads * 2 : 16);
  return d->heads != 0;
}

static DirectoryEntry **find_name_locked(Directory *d, const char *name, size_t size) {
  static DirectoryEntry *none;
  if (!d->heads) return &none;
  DirectoryEntry **at = &d->names[hash_text(name, size) & (d->heads - 1)];
  while (*at && ((*at)->size != size || memcmp((*at)->text, name, size) != 0)) at = &(*at)->next;
  return at;
}

static DirectoryEntry *new_entry(Directory *d, const char *text, size_t size, uint64_t id) {
  DirectoryEntry *e = account_alloc_dirty(d->accounts, ACCOUNT_ACTOR, sizeof *e + size);
  if (!e) return NULL;
  *e = (DirectoryEntry){NULL, id, size};
  memcpy(e->text, text, size);
  return e;
}

bool directory_register(Runtime *runtime, const char *name, size_t size, uint64_t id) {
  Directory *d = &runtime->directory;
  bool done = false;
  pthread_mutex_lock(&d->lock);
  if (make_room_locked(runtime, d)) {
    DirectoryEntry **at = find_name_locked(d, name, size), *e;
    if (*at) {
      done = (*at)->id == id || !runtime_is_alive(runtime, (*at)->id);
      if (done) (*at)->id = id;
    } else if ((e = new_entry(d, name, size, id))) {
      *at = e;
      d->name_count++;
      done = true;
    }
  }
  pthread_mutex_unlock(&d->lock);
  return done;
}

bool directory_unregister(Runtime *runtime, const char *name, size_t size) {
  Directory *d = &runtime->directory;
  pthread_mutex_lock(&d->lock);
  DirectoryEntry **at = find_name_locked(d, name, size), *e = *at;
  if (e) {
    *at = e->next;
    d->name_count--;
    free_entry(d, e);
  }
  pthread_mutex_unlock(&d->lock);
  return e != NULL;
}

uint64_t directory_find(Runtime *runtime, const char *name, size_t size) {
  Directory *d = &runtime->directory;
  pthread_mutex_lock(&d->lock);
  DirectoryEntry *e = *find_name_locked(d, name, size);
  uint64_t id = e && runtime_is_alive(runtime, e->id) ? e->id : 0;
  pthread_mutex_unlock(&d->lock);
  return id;
}

void directory_each(Runtime *runtime, void (*each)(void *context, const char *name, size_t size), void *context) {
  Directory *d = &runtime->directory;
  pthread_mutex_lock(&d->lock);
  for (uint32_t i = 0; i < d->heads; i++)
    for (DirectoryEntry *e = d->names[i]; e; e = e->next)
      if (runtime_is_alive(runtime, e->id)) each(context, e->text, e->size);
  pthread_mutex_unlock(&d->lock);
}

static DirectoryEntry **find_label_locked(Directory *d, uint64_t id) {
  DirectoryEntry **at = &d->labels[hash_id(id) & (d->heads - 1)];
  while (*at && (*at)->id != id) at = &(*at)->next;
  return at;
}

bool directory_set_label(Runtime *runtime, uint64_t id, const char *label, size_t size) {
  Directory *d = &runtime->directory;
  DirectoryEntry *e = NULL;
  bool done = false;
  pthread_mutex_lock(&d->lock);
  if (make_room_locked(runtime, d) && (!size || (e = new_entry(d, label, size, id)))) {
    DirectoryEntry **at = find_label_locked(d, id), *old = *at;
    if (old) *at = old->next, d->label_count--, free_entry(d, old);
    if (e) e->next = *at, *at = e, d->label_count++;
    done = true;
  }
  pthread_mutex_unlock(&d->lock);
  return done;
}

size_t directory_label(Runtime *runtime, uint64_t id, char *buffer, size_t room) {
  Directory *d = &runtime->directory;
  size_t size = 0;
  pthread_mutex_lock(&d->lock);
  DirectoryEntry *e = d->label_count ? *find_label_locked(d, id) : NULL;
  if (e) memcpy(buffer, e->text, size = e->size < room ? e->size : room);
  pthread_mutex_unlock(&d->lock);
  return size;
}
