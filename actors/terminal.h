/* SPDX-License-Identifier: MIT */
/* terminal.h -- the person at the terminal: a thread that reads lines and writes what everybody prints.
 *
 *    main actor (scheduler 0)                    terminal's thread
 *    terminal_ask "P1> " ---- request --------->  shows the prompt, reads a line (libedit, or plainly)
 *    waits: OOP_YIELD                             copies output of all actors to the screen meanwhile
 *    answers the event   <--- event, eventfd ---  "Lline" ("M" when more wait), "Cline up to the cursor" (Tab), "I" (Ctrl-C; "I." in a line), or the end
 *
 * A request "N" has what is printed next begin a line; "Awords" answers a "C".
 *
 * Reading never holds up a scheduler.  Standard output and errors of the process are a pipe to this thread, so that what an actor prints while
 * a line is being typed does not break it up: the line is taken away, the output written, the line shown again.  Ctrl-C while a statement runs
 * is counted here; the main actor looks at the count between two slices (terminal_interrupted). */
#ifndef ATOLL_TERMINAL_H
#define ATOLL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Terminal Terminal;

typedef struct TerminalOptions {
  bool edit;           /* lines can be edited: standard input and output are terminals */
  const char *history; /* file for it; NULL: none */
} TerminalOptions;

/* Takes over standard output and errors, and SIGINT and SIGTERM of threads that are started from now on.  NULL: no memory, descriptors or thread. */
Terminal *terminal_new(const TerminalOptions *options);

/* Writes what is left, gives standard output and errors back.  After runtime_run, before runtime_delete. */
void terminal_delete(Terminal *terminal);

/* How often Ctrl-C was pressed in this statement, if it was since the last call; else 0.  The main actor's thread. */
int terminal_interrupted(Terminal *terminal);

#endif
