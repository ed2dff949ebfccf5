/* SPDX-License-Identifier: MIT */
/* endings.h -- why actors have ended that failed lately.
 *
 * A request to an actor that is gone breaks with its exit reason if that is among the last ENDINGS_KEPT ones (small enough, and no normal ends), else
 * with #noActor.  Links and monitors get #noActor, as in Erlang.  Any thread. */
#ifndef ATOLL_ENDINGS_H
#define ATOLL_ENDINGS_H

#include <pthread.h>

#include "message.h"

enum { ENDINGS_KEPT = 64, ENDINGS_LARGEST = 16384 };

typedef struct Endings {
  pthread_mutex_t lock;
  struct {
    uint64_t id;
    Message *reason;
  } kept[ENDINGS_KEPT]; /* lock */
  uint32_t next;        /* lock */
} Endings;

void endings_init(Endings *endings);
void endings_destroy(Endings *endings, MessagePool *pool);

/* The actor with that id ends with REASON (borrowed; NULL: normally). */
void endings_note(Endings *endings, MessagePool *pool, uint64_t id, const Message *reason);
/* A copy of the reason of that actor, owned by the caller; NULL: not known. */
Message *endings_find(Endings *endings, MessagePool *pool, uint64_t id);

#endif
