/* SPDX-License-Identifier: MIT */
/* handles.h -- sockets and listeners that an actor holds. */
#ifndef ATOLL_HANDLES_H
#define ATOLL_HANDLES_H

#include "actor.h"

/* The actor ends: all its handles are closed (and freed when their loop says so). */
void handles_close_all(Scheduler *s, Actor *a);

/* What a behaviour is sent for an EVENT message. */
const char *handles_event_selector(const Message *message);

#endif
