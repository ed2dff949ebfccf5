/* SPDX-License-Identifier: MIT */
/* snapshots.h -- a plain actor as bytes: its machine (images/snapshot.h) and the messages that wait for it.
 *
 * What belongs to the running system stays behind: links, timers, sockets, promises that somebody else is to answer. */
#ifndef ATOLL_SNAPSHOTS_H
#define ATOLL_SNAPSHOTS_H

#include "actor.h"

enum { SNAPSHOT_MESSAGE_SIZE = 320 };

/* The primitive `actor_snapshot` asks for it: the running actor waits, and its scheduler writes it to the file that it named. */
void snapshot_begin(Actor *a, char *path);
bool snapshot_is_asked_for(const Actor *a);
/* Writes the file; the waiting primitive answers false, or a String with the reason why it could not be written. */
void snapshot_take_may_gc(Scheduler *s, Actor *a);

/* Makes A (new, its machine not started) from a file's bytes; it goes on where it was, the primitive there answers true.
 * False: ERROR (SNAPSHOT_MESSAGE_SIZE bytes) says why. */
bool snapshot_restore(Scheduler *s, Actor *a, const char *bytes, size_t size, char *error);

#endif
