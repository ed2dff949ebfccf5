/* SPDX-License-Identifier: MIT */
/* seeded.h -- running under a seed: one thread, virtual time, every choice drawn from the host's generator.
 *
 *   which actor runs      by chance among those that can, each time; or, for every other seed, by weights that change now and then, so that
 *                         some actors are held up for long
 *   how long              1 .. 4096 reductions, short slices as often as long ones
 *   what has arrived      of the messages in a mailbox some are still on their way; those of different senders come in any order, those of
 *                         one sender in the order sent
 *   time                  passes with reductions and looks at the clock; when nobody can run it jumps to the next timer
 *   files                 an operation is over before the next actor runs.  There are no sockets.
 *
 * When nobody can run, no timer is set and the program is not over, it never will be: that is reported, and the run ends. */
#ifndef ATOLL_SEEDED_H
#define ATOLL_SEEDED_H

#include "scheduler.h"

/* Runs actors until the runtime stops. */
void seeded_run(Scheduler *s);

/* What of MAIL (oldest first) A, which is owned, gets now and in which order; the rest goes back to its mailbox. */
Message *seeded_arrivals(Scheduler *s, Actor *a, Message *mail);

/* Writes on standard error who waits for whom. */
void deadlock_report(Scheduler *s);

#endif
