/* SPDX-License-Identifier: MIT */
/* system_primitives.c -- what a program asks of the process around it: the time zone, standard output, arguments. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "primitive.h"

enum { ARGUMENTS_MAX_BYTES = 1 << 17 };

/* Seconds to add to UTC for local time at the wall-clock second in argument 1. */
static Oop clock_local_offset(Machine *m) {
  int64_t seconds;
  struct tm local;
  if (!oop_try_int64(m, m->args[1], &seconds)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  time_t when = (time_t)seconds;
  if (!localtime_r(&when, &local)) return primitive_fail(m, FAILURE_BAD_VALUE);
  return oop_from_small(local.tm_gmtoff);
}

/* Writes all of SIZE bytes; a descriptor set non-blocking is waited for. */
static bool write_all(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = write(fd, bytes, size);
    if (written >= 0) {
      bytes += written;
      size -= (size_t)written;
    } else if (errno == EAGAIN) {
      poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/* fd (1 or 2), bytes, first, last */
static Oop system_write(Machine *m) {
  const char *bytes;
  size_t size;
  if (!oop_try_bytes(m, m->args[2], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!(m->args[1] & m->args[3] & m->args[4] & 1)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t fd = oop_to_small(m->args[1]), first = oop_to_small(m->args[3]), last = oop_to_small(m->args[4]);
  if (fd != STDOUT_FILENO && fd != STDERR_FILENO) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (first < 1 || last > (int64_t)size || last < first - 1) return primitive_fail(m, FAILURE_BAD_INDEX);
  primitive_charge(m, (size_t)(last - first + 1) + 4096);
  if (!write_all((int)fd, bytes + first - 1, (size_t)(last - first + 1))) {
    m->failure_code = errno;
    return primitive_fail(m, FAILURE_SYSTEM);
  }
  return m->args[0];
}

/* The process keeps its arguments in /proc; reading them there needs no variable shared by all machines. */
static Oop system_arguments(Machine *m) {
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return primitive_fail(m, FAILURE_SYSTEM);
  char *text = malloc(ARGUMENTS_MAX_BYTES);
  size_t length = 0, count = 0;
  ssize_t got = 0;
  while (text && length < ARGUMENTS_MAX_BYTES && (got = read(fd, text + length, ARGUMENTS_MAX_BYTES - length)) > 0)
    length += (size_t)got;
  close(fd);
  for (size_t i = 0; i < length; i++) count += text[i] == 0;
  Oop array = text ? machine_new_array_may_gc(m, count) : 0;
  if (array) {
    unsigned handle = machine_push_handle(m, array);
    const char *at = text;
    for (size_t i = 0; i < count && array; i++, at += strlen(at) + 1) {
      Oop string = machine_new_string_may_gc(m, at, strlen(at));
      array = string ? machine_handle(m, handle) : 0;
      if (string) machine_store(m, oop_to_object(array), i, string);
    }
    machine_pop_handles(m, handle);
  }
  free(text);
  return array ? array : OOP_FAIL;
}

static Oop system_environment(Machine *m) {
  const char *name;
  size_t size;
  char text[256];
  if (!oop_try_bytes(m, m->args[1], &name, &size) || size >= sizeof text) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  memcpy(text, name, size);
  text[size] = 0;
  const char *value = getenv(text);
  if (!value) return OOP_NIL;
  Oop answer = machine_new_string_may_gc(m, value, strlen(value));
  return answer ? answer : OOP_FAIL;
}

/* Why the last primitive of this machine failed: SmallInteger, see FAILURE_REASONS. */
static Oop primitive_failure_reason(Machine *m) { return oop_from_small(m->failure); }
static Oop primitive_failure_code(Machine *m) { return oop_from_small(m->failure_code); }

static Oop primitive_failure_text(Machine *m) {
  char buffer[128];
  const char *text = strerror_r(m->failure_code, buffer, sizeof buffer);
  Oop answer = machine_new_string_may_gc(m, text, strlen(text));
  return answer ? answer : OOP_FAIL;
}

const Primitive system_primitives[] = {
    {"clock_local_offset", clock_local_offset, 1, "seconds from UTC to local time at a second since 1970", 0},
    {"system_write", system_write, 4, "fd 1 or 2, bytes, first, last: writes them all", 0},
    {"system_arguments", system_arguments, 0, "Array of the process's arguments, the program first", 0},
    {"system_environment", system_environment, 1, "value of an environment variable, or nil", 0},
    {"primitive_failure_reason", primitive_failure_reason, 0, "why the last primitive failed, as a number", 0},
    {"primitive_failure_code", primitive_failure_code, 0, "errno of the last primitive that failed in the system", 0},
    {"primitive_failure_text", primitive_failure_text, 0, "text of that error", 0},
    {NULL, NULL, 0, NULL, 0}};
