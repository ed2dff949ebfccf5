/* SPDX-License-Identifier: MIT */
/* endings.c -- a ring of exit reasons. */
#include "endings.h"

void endings_init(Endings *endings) { pthread_mutex_init(&endings->lock, NULL); }

void endings_destroy(Endings *endings, MessagePool *pool) {
  for (unsigned i = 0; i < ENDINGS_KEPT; i++)
    if (endings->kept[i].reason) message_free(pool, endings->kept[i].reason);
  pthread_mutex_destroy(&endings->lock);
}

void endings_note(Endings *endings, MessagePool *pool, uint64_t id, const Message *reason) {
  if (!reason || !reason->size || reason->size > ENDINGS_LARGEST) return;
  Message *copy = message_copy(pool, reason);
  if (!copy) return;
  pthread_mutex_lock(&endings->lock);
  unsigned place = endings->next++ % ENDINGS_KEPT;
  Message *old = endings->kept[place].reason;
  endings->kept[place].id = id;
  endings->kept[place].reason = copy;
  pthread_mutex_unlock(&endings->lock);
  if (old) message_free(pool, old);
}

Message *endings_find(Endings *endings, MessagePool *pool, uint64_t id) {
  Message *copy = NULL;
  pthread_mutex_lock(&endings->lock);
  for (unsigned i = 0; i < ENDINGS_KEPT && !copy; i++)
    if (endings->kept[i].id == id && endings->kept[i].reason) copy = message_copy(pool, endings->kept[i].reason);
  pthread_mutex_unlock(&endings->lock);
  return copy;
}
