/* SPDX-License-Identifier: MIT */
/* child.c -- see child.h. */
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#ifdef __SANITIZE_THREAD__
#include <sys/eventfd.h>
#endif
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- commands -------------------------------------------------------------------------------------------------------------------------- */

ChildCommand *child_command_new(Accounts *accounts, const char *texts, size_t size, unsigned count, const char *directory) {
  size_t pointers = (count + 1) * sizeof(char *), place = directory ? strlen(directory) + 1 : 0;
  ChildCommand *command = account_alloc(accounts, ACCOUNT_HANDLE, sizeof *command + pointers + size + place);
  if (!command) return NULL;
  command->size = sizeof *command + pointers + size + place;
  for (unsigned i = 0; i < CHILD_STREAMS; i++) command->fds[i] = -1;
  char *at = (char *)command->arguments + pointers;
  memcpy(at, texts, size);
  if (directory) command->directory = memcpy(at + size, directory, place);
  for (unsigned i = 0; i < count; i++, at += strlen(at) + 1) command->arguments[i] = at;
  return command;
}

void child_command_delete(Accounts *accounts, ChildCommand *command) {
  for (unsigned i = 0; i < CHILD_STREAMS; i++)
    if (command->fds[i] >= 0) close(command->fds[i]);
  account_free(accounts, ACCOUNT_HANDLE, command, command->size);
}

/* ---- starting, on the pool ------------------------------------------------------------------------------------------------------------- */

/* All signals as a program expects them: we ignore SIGPIPE, and threads may block some. */
static int prepare(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions, const ChildCommand *command) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  int error = posix_spawnattr_setsigdefault(attributes, &all);
  if (!error) error = posix_spawnattr_setsigmask(attributes, &none);
  if (!error) error = posix_spawnattr_setflags(attributes, (short)(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (command->own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  for (int i = 0; i < CHILD_STREAMS && !error; i++)
    if (command->fds[i] >= 0) error = posix_spawn_file_actions_adddup2(actions, command->fds[i], i);
  if (!error && command->directory) error = posix_spawn_file_actions_addchdir_np(actions, command->directory);
  return error;
}

static int spawn(Child *child) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  if (posix_spawnattr_init(&attributes)) return ENOMEM;
  if (posix_spawn_file_actions_init(&actions)) return posix_spawnattr_destroy(&attributes), ENOMEM;
  int error = prepare(&attributes, &actions, child->command);
  if (!error) error = posix_spawnp(&child->pid, child->command->arguments[0], &actions, &attributes, child->command->arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

static void reap(Child *child) {
  int status;
  while (waitpid(child->pid, &status, 0) < 0)
    if (errno != EINTR) return;
  child->status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void kill_child(Child *child) { kill(child->own_group ? -child->pid : child->pid, SIGKILL); }

static int open_pidfd(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
#ifdef __SANITIZE_THREAD__ /* which sees neither that call nor how libuv closes, and takes the descriptor for another thread's that had its number: it is to see this one begin */
  int seen = fd < 0 ? -1 : eventfd(0, EFD_CLOEXEC);
  if (seen >= 0) {
    syscall(SYS_dup3, fd, seen, O_CLOEXEC);
    syscall(SYS_close, fd);
    fd = seen;
  }
#endif
  return fd;
}

static void spawn_on_pool(uv_work_t *work) {
  Child *child = work->data;
  child->error = -spawn(child);
  if (child->error) return;
  child->pidfd = open_pidfd(child->pid);
  if (child->pidfd >= 0) return;
  child->error = -errno;
  kill_child(child);
  reap(child);
}

/* ---- ending ---------------------------------------------------------------------------------------------------------------------------- */

static void set_state(Child *child, ChildState state) {
  child->state = state;
  if (!child->closing) {
    child->events->changed(child);
  } else if (state != CHILD_RUNNING) {
    child->loop->handles--;
    child->events->closed(child);
  } else {
    kill_child(child);
  }
}

static void on_poll_closed(uv_handle_t *handle) {
  Child *child = handle->data;
  close(child->pidfd);
  set_state(child, child->error ? CHILD_FAILED : CHILD_ENDED);
}

static void on_end(uv_poll_t *poll, int status, int events) {
  Child *child = poll->data;
  (void)status, (void)events;
  reap(child);
  uv_close((uv_handle_t *)poll, on_poll_closed);
}

/* It runs, but cannot be awaited. */
static void give_up(Child *child, int error, bool poll_made) {
  child->error = error;
  kill_child(child);
  reap(child);
  if (poll_made) {
    uv_close((uv_handle_t *)&child->poll, on_poll_closed);
    return;
  }
  close(child->pidfd);
  set_state(child, CHILD_FAILED);
}

static void on_spawned(uv_work_t *work, int status) {
  Child *child = work->data;
  child_command_delete(child->loop->accounts, child->command);
  child->command = NULL;
  if (status) child->error = status; /* cancelled */
  if (child->error) {
    set_state(child, CHILD_FAILED);
    return;
  }
  int error = uv_poll_init(&child->loop->uv, &child->poll, child->pidfd);
  child->poll.data = child;
  bool made = !error;
  if (made) error = uv_poll_start(&child->poll, UV_READABLE, on_end);
  if (error) give_up(child, error, made);
  else set_state(child, CHILD_RUNNING);
}

/* ---- for the owner --------------------------------------------------------------------------------------------------------------------- */

void child_start(Child *child, Loop *loop, const ChildEvents *events, ChildCommand *command) {
  memset(child, 0, sizeof *child);
  child->loop = loop;
  child->events = events;
  child->command = command;
  child->own_group = command->own_group;
  child->work.data = child;
  loop->handles++;
  int error = uv_queue_work(&loop->uv, &child->work, spawn_on_pool, on_spawned); /* fails for lack of a function only */
  if (!error) return;
  child->error = error;
  child_command_delete(loop->accounts, command);
  child->state = CHILD_FAILED;
}

int child_signal(Child *child, int signal) {
  if (child->state != CHILD_RUNNING) return UV_ESRCH;
  return kill(child->own_group ? -child->pid : child->pid, signal) ? -errno : 0;
}

void child_close(Child *child) {
  if (child->closing) return;
  child->closing = true;
  if (child->state == CHILD_STARTING) uv_cancel((uv_req_t *)&child->work);
  else set_state(child, child->state);
}
