/* SPDX-License-Identifier: MIT */
/* child.h -- child processes: started on libuv's pool, awaited by the loop.
 *
 * posix_spawn does not copy the page tables of a large process, as fork does, and a pidfd is one more descriptor to poll: no signal handler is needed, and
 * nothing else of the process can take the status away.  When the child has been started, could not be, or has ended, `changed` is called and the owner
 * looks at `state`.
 *
 * Storage is the owner's, and lives until `closed` is called.  Loop's thread only. */
#ifndef ATOLL_CHILD_H
#define ATOLL_CHILD_H

#include <sys/types.h>

#include "loop.h"

typedef enum ChildState { CHILD_STARTING, CHILD_RUNNING, CHILD_ENDED, CHILD_FAILED /* to start: error */ } ChildState;

typedef struct Child Child;
typedef struct ChildEvents {
  void (*changed)(Child *child);
  void (*closed)(Child *child); /* its storage is the owner's again */
} ChildEvents;

enum { CHILD_STREAMS = 3 };

/* What is to be run.  All in one piece of memory of `size` bytes, from child_command_new. */
typedef struct ChildCommand {
  size_t size;
  bool own_group; /* a process group: whatever the child starts ends with it */
  int fds[CHILD_STREAMS]; /* its standard input, output and errors; -1: ours */
  const char *directory;  /* NULL: ours */
  char *arguments[];      /* the program (looked for in PATH) first, NULL at the end */
} ChildCommand;

struct Child {
  uv_work_t work;
  uv_poll_t poll; /* of pidfd */
  Loop *loop;
  const ChildEvents *events;
  ChildCommand *command; /* until it is started */
  ChildState state;
  pid_t pid;
  int pidfd;
  int error;  /* libuv error: it could not be started */
  int status; /* of one that ended: its exit status, or minus the signal */
  bool own_group, closing;
};

/* Copies the strings: COUNT arguments (at least one), each ending with a zero byte, one behind the other in TEXTS of SIZE bytes; DIRECTORY may be NULL.  The
 * descriptors are -1.  NULL: no memory. */
ChildCommand *child_command_new(Accounts *accounts, const char *texts, size_t size, unsigned count, const char *directory);
void child_command_delete(Accounts *accounts, ChildCommand *command);

/* Starts COMMAND, which it takes; its descriptors are closed here as soon as the child has them. */
void child_start(Child *child, Loop *loop, const ChildEvents *events, ChildCommand *command);
/* To one that runs.  0 or a libuv error. */
int child_signal(Child *child, int signal);
/* One that runs is killed.  `closed` is called when it is gone, nothing else any more. */
void child_close(Child *child);

#endif
