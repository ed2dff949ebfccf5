/* SPDX-License-Identifier: MIT */
/* primitives.h -- the primitive tables of this layer, in the order in which they follow those of core; and how primitives of actors begin. */
#ifndef ATOLL_ACTOR_PRIMITIVES_H
#define ATOLL_ACTOR_PRIMITIVES_H

#include "primitive.h"

extern const Primitive actor_primitives[];   /* actor_primitives.c: spawning, sending, receiving, ending */
extern const Primitive promise_primitives[]; /* promise_primitives.c */
extern const Primitive timer_primitives[];   /* timer_primitives.c: clock and sleeping */
extern const Primitive socket_primitives[];  /* socket_primitives.c */
extern const Primitive terminal_primitives[]; /* terminal.c: the person at the terminal */
extern const Primitive directory_primitives[]; /* directory_primitives.c: names and labels */
extern const Primitive limit_primitives[];     /* limit_primitives.c: limits, priority, what an actor is doing */
extern const Primitive group_primitives[];     /* group_primitives.c: named groups */
extern const Primitive file_primitives[];    /* file_primitives.c */
extern const Primitive child_primitives[];   /* child_primitives.c */
extern const Primitive codec_primitives[];   /* codec_primitives.c: MessagePack for programs */

/* At the beginning of a primitive: the running actor and its scheduler.  Machines that no scheduler runs (the image builder's) have none: it fails there. */
#define ACTOR_OR_FAIL(m)                                                \
  Actor *a = actor_of_machine(m);                                       \
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);                \
  Scheduler *s = a->scheduler;                                          \
  (void)s

#endif
