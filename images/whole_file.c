/* SPDX-License-Identifier: MIT */
/* whole_file.c -- see whole_file.h. */
#define _GNU_SOURCE
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static char *give_up(char *bytes, int error) {
  free(bytes);
  errno = error;
  return NULL;
}

char *whole_file_read(FILE *file, size_t *size) {
  size_t capacity = 4096, used = 0;
  char *bytes = malloc(capacity);
  while (bytes) {
    used += fread(bytes + used, 1, capacity - 1 - used, file);
    if (ferror(file) && errno == EINTR) {
      clearerr(file);
      continue;
    }
    if (ferror(file)) return give_up(bytes, errno);
    if (used < capacity - 1) break;
    if (capacity > WHOLE_FILE_MOST) return give_up(bytes, EFBIG);
    char *grown = realloc(bytes, capacity *= 2);
    if (!grown) return give_up(bytes, ENOMEM);
    bytes = grown;
  }
  if (bytes) bytes[used] = 0;
  *size = used;
  return bytes;
}

char *whole_file_read_path(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  char *bytes = file ? whole_file_read(file, size) : NULL;
  int error = errno;
  if (file) fclose(file);
  errno = error;
  return bytes;
}

/* ---- writing ---------------------------------------------------------------------------------------------------------- */

static bool write_fully(int fd, const char *bytes, size_t size) {
  while (size) {
    ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n, size -= (size_t)n;
  }
  return true;
}

/* A new file beside PATH, whose name goes to *NAME. */
static int open_beside(const char *path, char **name) {
  static _Atomic unsigned made;
  for (unsigned tries = 0; tries < 100; tries++) {
    if (asprintf(name, "%s.tmp%ld.%u", path, (long)getpid(), atomic_fetch_add(&made, 1)) < 0) return *name = NULL, errno = ENOMEM, -1;
    int fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd; /* EEXIST: somebody of the same number was killed while writing */
    free(*name);
    *name = NULL;
  }
  return -1;
}

static bool write_parts(int fd, const FilePart *parts, size_t count, bool durable) {
  for (size_t i = 0; i < count; i++)
    if (!write_fully(fd, parts[i].bytes, parts[i].size)) return false;
  return !durable || fsync(fd) == 0;
}

/* TARGET is no link. */
static bool replace(const char *target, const struct stat *before, const FilePart *parts, size_t count, bool durable) {
  char *name;
  int fd = open_beside(target, &name);
  bool done = fd >= 0 && (!before || fchmod(fd, before->st_mode & 07777) == 0) && write_parts(fd, parts, count, durable);
  int error = errno;
  if (fd >= 0 && close(fd) != 0 && done) done = false, error = errno;
  if (done && rename(name, target) != 0) done = false, error = errno;
  if (!done && fd >= 0) unlink(name);
  free(name);
  errno = error;
  return done;
}

bool whole_file_write(const char *path, const FilePart *parts, size_t count, bool durable, char *error, size_t size) {
  struct stat before;
  char *real = realpath(path, NULL);
  bool there = real && stat(real, &before) == 0, done = false;
  if (there && !S_ISREG(before.st_mode)) {
    snprintf(error, size, "cannot write '%.200s': expected a file, or a name that is free, found a %s", path, S_ISDIR(before.st_mode) ? "directory" : "device");
  } else {
    done = replace(real ? real : path, there ? &before : NULL, parts, count, durable);
    if (!done) snprintf(error, size, "cannot write '%.200s': %s", path, strerror(errno));
  }
  free(real);
  return done;
}
