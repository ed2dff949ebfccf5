/* SPDX-License-Identifier: MIT */
/* child_primitives.c -- child processes for actors.
 *
 * A child belongs to the actor that started it, as a handle: when the actor ends it is killed.  Pipes to its standard streams are files of the actor, so a program reads
 * and writes them as any other. */
#define _GNU_SOURCE /* pipe2 */
#include <fcntl.h>
#include <unistd.h>

#include "handle_primitives.h"

/* Bits of the flags of child_start. */
enum { CHILD_PIPES = 7 /* to stream 0, 1, 2 */, CHILD_MERGE_ERRORS = 8, CHILD_OWN_GROUP = 16 };
enum { ARGUMENTS_MAX = 4096 };

/* The Strings of ARRAY, each with a zero byte behind it. */
static bool try_texts(Machine *m, Oop array, ByteSink *texts, unsigned *count) {
  if (!oop_is_pointer(array) || !oop_has_class(array, CLASS_ARRAY)) return false;
  const Object *arguments = machine_object(m, array);
  *count = (unsigned)object_slots(arguments);
  if (object_slots(arguments) == 0 || object_slots(arguments) > ARGUMENTS_MAX) return false;
  for (unsigned i = 0; i < *count; i++) {
    const char *bytes;
    size_t size;
    if (!oop_try_bytes(m, arguments->slots[i], &bytes, &size) || memchr(bytes, 0, size) || !byte_sink_reserve(texts, size + 1)) return false;
    byte_sink_put_unchecked(texts, bytes, size);
    *texts->at++ = 0;
  }
  return true;
}

static ChildCommand *command_from(Machine *m, Accounts *accounts, Oop arguments, Oop directory) {
  char path[4096];
  unsigned count;
  ChildCommand *command = NULL;
  ByteBuffer texts;
  byte_buffer_init(&texts, accounts);
  if ((directory == OOP_NIL || try_c_string(m, directory, path, sizeof path)) && try_texts(m, arguments, &texts.sink, &count))
    command = child_command_new(accounts, (const char *)texts.sink.start, byte_sink_size(&texts.sink), count, directory == OOP_NIL ? NULL : path);
  byte_buffer_destroy(&texts);
  return command;
}

static void close_all(const int *fds) {
  for (unsigned i = 0; i < CHILD_STREAMS; i++)
    if (fds[i] >= 0) close(fds[i]);
}

/* The child's ends go to COMMAND, ours to OWN (-1: no pipe).  0 or a libuv error; what is open then is still to be closed. */
static int make_pipes(ChildCommand *command, int64_t flags, int own[CHILD_STREAMS]) {
  for (unsigned i = 0; i < CHILD_STREAMS; i++) own[i] = -1;
  for (unsigned i = 0; i < CHILD_STREAMS; i++) {
    int ends[2];
    if (!(flags >> i & 1)) continue;
    if (pipe2(ends, O_CLOEXEC)) return -errno;
    own[i] = ends[i == STDIN_FILENO];
    command->fds[i] = ends[i != STDIN_FILENO];
    fcntl(own[i], F_SETFL, O_NONBLOCK);
  }
  if (!(flags & CHILD_MERGE_ERRORS) || command->fds[STDOUT_FILENO] < 0) return 0;
  command->fds[STDERR_FILENO] = fcntl(command->fds[STDOUT_FILENO], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  return command->fds[STDERR_FILENO] < 0 ? -errno : 0;
}

/* start: arguments directory: string or nil flags: bits.  Answers {number of the child. numbers of the pipes to its input, output and errors, or nil}. */
static Oop child_start_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  int own[CHILD_STREAMS], error = 0;
  if (!oop_is_small(m->args[3])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t flags = oop_to_small(m->args[3]);
  if (is_seeded(s)) return seeded_fail(m, "no child processes can be started under a seed");
  Oop answer = machine_new_array_may_gc(m, 1 + CHILD_STREAMS);
  if (!answer) return OOP_FAIL;
  Object *array = oop_to_object(answer); /* nothing is allocated below */
  ChildCommand *command = command_from(m, s->runtime->accounts, m->args[1], m->args[2]);
  if (!command) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  command->own_group = flags & CHILD_OWN_GROUP;
  error = make_pipes(command, flags, own);
  if (error) return close_all(own), child_command_delete(s->runtime->accounts, command), system_fail(m, error);
  for (unsigned i = 0; i < CHILD_STREAMS; i++) {
    if (own[i] < 0) continue;
    Handle *pipe = handle_new_pipe(s, a, own[i], &error);
    if (pipe) array->slots[1 + i] = oop_from_small((int64_t)pipe->number);
    own[i] = -1;
  }
  if (error) return child_command_delete(s->runtime->accounts, command), system_fail(m, error); /* the pipes that were made are closed with the actor */
  Handle *handle = handle_new_child(s, a, command, &error);
  if (!handle) return system_fail(m, error);
  array->slots[0] = oop_from_small((int64_t)handle->number);
  return answer;
}

/* Waits until the receiver has been started; fails when it cannot be. */
static Oop child_await_start(Machine *m) {
  ACTOR_OR_FAIL(m);
  Handle *handle = receiver_handle(m, HANDLE_CHILD);
  if (!handle || (actor_is(a, ACTOR_PLAIN) && a->reactions)) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (handle->child.state == CHILD_STARTING) return wait_until(a, OOP_NIL);
  wait_over(a);
  return handle->child.state == CHILD_FAILED ? system_fail(m, handle->child.error) : m->args[0];
}

/* Waits until the receiver has ended, at most until DEADLINE: its exit status, or minus the signal that ended it.  NOT_FOUND: it goes on. */
static Oop child_await_end(Machine *m) {
  ACTOR_OR_FAIL(m);
  Handle *handle = receiver_handle(m, HANDLE_CHILD);
  if (!handle || (actor_is(a, ACTOR_PLAIN) && a->reactions)) return primitive_fail(m, FAILURE_WRONG_STATE);
  switch (handle->child.state) {
  case CHILD_ENDED: return wait_over(a), oop_from_small(handle->child.status);
  case CHILD_FAILED: return wait_over(a), system_fail(m, handle->child.error);
  default: break;
  }
  if (wait_timed_out(a, m->args[1])) return wait_over(a), primitive_fail(m, FAILURE_NOT_FOUND);
  return wait_until(a, m->args[1]);
}

static Oop child_signal_primitive(Machine *m) {
  Handle *handle = receiver_handle(m, HANDLE_CHILD);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < 0 || oop_to_small(m->args[1]) > 64) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int error = child_signal(&handle->child, (int)oop_to_small(m->args[1]));
  return error ? system_fail(m, error) : m->args[0];
}

const Primitive child_primitives[] = {
    {"child_start", child_start_primitive, 3, "arguments, directory, flags: numbers of a new child process and of the pipes to it", 0},
    {"child_await_start", child_await_start, 0, "wait until it has been started", 0},
    {"child_await_end", child_await_end, 1, "deadline: wait until it has ended and answer its exit status", 0},
    {"child_signal", child_signal_primitive, 1, "send it a signal", 0},
    {NULL, NULL, 0, NULL, 0}};
