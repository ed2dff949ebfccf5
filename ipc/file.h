/* SPDX-License-Identifier: MIT */
/* file.h -- files on a loop: one operation at a time, none of which holds up the loop's thread.
 *
 * What may block (opening, regular files, directories) runs on libuv's pool.  Pipes, terminals and sockets are read and written when the loop
 * says that they are ready, so that one that never is does not hold up the pool either.  When an operation is done, `done` is called and the
 * owner looks at `result`; paths and bytes to write are copied, what was read stays in `buffer` until the next operation.
 *
 * Storage is the owner's, and lives until `closed` is called.  Loop's thread only. */
#ifndef ATOLL_FILE_H
#define ATOLL_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "loop.h"

enum { FILE_TRANSFER_MAX = 1024 * 1024, FILE_NO_OFFSET = -1 };

typedef enum FileOperation {
  FILE_OPEN, FILE_READ, FILE_WRITE, FILE_FSTAT, FILE_FSYNC, FILE_TRUNCATE, /* these need or make an open file */
  FILE_STAT, FILE_LSTAT, FILE_UNLINK, FILE_RENAME, FILE_MAKE_DIRECTORY, FILE_REMOVE_DIRECTORY, FILE_SCAN, FILE_SET_TIMES, FILE_LINK,
  FILE_SYMLINK, FILE_READ_LINK, FILE_ACCESS, FILE_SET_MODE, FILE_REAL_PATH, FILE_MAKE_TEMPORARY, FILE_COPY,
  FILE_OPERATION_COUNT
} FileOperation;

typedef enum FileState { FILE_IDLE, FILE_RUNNING, FILE_DONE } FileState;

typedef struct File File;
typedef struct FileEvents {
  void (*done)(File *file);
  void (*closed)(File *file); /* its storage is the owner's again */
} FileEvents;

struct File {
  uv_fs_t request;
  uv_poll_t poll;
  Loop *loop;
  const FileEvents *events;
  int fd; /* -1: none is open */
  FileState state;
  FileOperation operation;
  int64_t result; /* of an operation that is done: 0, a count, a descriptor, or a libuv error */
  char *buffer;
  size_t capacity, transfer;
  bool in_pool, polling, poll_made, pollable /* pipe, terminal, socket */, pipe /* to a child process: closing takes no time */, keep_open /* the descriptor is not ours */, closing;
};

/* What an operation needs; each uses some of it. */
typedef struct FileArguments {
  const char *path, *other;
  int flags, mode;
  int64_t offset;
  const void *bytes;
  size_t size;
  double accessed, modified;
} FileArguments;

void file_init(File *file, Loop *loop, const FileEvents *events);
/* An existing descriptor, which stays open: standard input and output. */
void file_use(File *file, int fd);
/* One end of a pipe, which is the file's from now on. */
void file_adopt_pipe(File *file, int fd);

/* Starts an operation of an idle file.  0, or a libuv error when it could not be started (`done` is not called then). */
int file_start(File *file, FileOperation operation, const FileArguments *arguments);
/* The owner has taken the result. */
void file_take_result(File *file);

/* After whatever is still running; `closed` is called later, nothing else any more. */
void file_close(File *file);

#endif
