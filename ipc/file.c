/* SPDX-License-Identifier: MIT */
/* file.c -- see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_on(File *file);

void file_init(File *file, Loop *loop, const FileEvents *events) {
  memset(file, 0, sizeof *file);
  file->loop = loop;
  file->events = events;
  file->fd = -1;
  loop->handles++;
}

/* Pipes, terminals and sockets are waited for by the loop. */
static bool is_pollable(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode) || S_ISSOCK(info.st_mode));
}

/* Others may share the description of FD, and a flag set on it would be theirs too: take one of our own where there can be one. */
void file_use(File *file, int fd) {
  char path[32];
  file->pollable = is_pollable(fd);
  file->keep_open = true;
  file->fd = fd;
  if (!file->pollable) return;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int own = open(path, (fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (own < 0) return;
  file->fd = own;
  file->keep_open = false;
}

void file_adopt_pipe(File *file, int fd) {
  file->fd = fd;
  file->pollable = file->pipe = true;
}

static bool reserve(File *file, size_t size) {
  if (size <= file->capacity) return true;
  char *buffer = account_realloc(file->loop->accounts, ACCOUNT_HANDLE, file->buffer, file->capacity, size);
  if (!buffer) return false;
  file->buffer = buffer;
  file->capacity = size;
  return true;
}

static void finish(File *file, int64_t result) {
  file->result = result;
  file->state = FILE_DONE;
  if (file->closing) close_on(file);
  else file->events->done(file);
}

/* ---- on the pool ------------------------------------------------------------------------------------------------------------------------- */

static void on_pool_done(uv_fs_t *request) {
  File *file = request->data;
  int64_t result = request->result;
  file->in_pool = false;
  if (file->operation == FILE_OPEN && result >= 0) {
    file->fd = (int)result;
    file->pollable = is_pollable(file->fd);
  }
  finish(file, result);
}

static int start_on_pool(File *file, const FileArguments *a) {
  uv_loop_t *loop = &file->loop->uv;
  uv_fs_t *request = &file->request;
  uv_buf_t buffer = uv_buf_init(file->buffer, (unsigned)file->transfer);
  request->data = file;
  switch (file->operation) {
    case FILE_OPEN: return uv_fs_open(loop, request, a->path, a->flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, a->mode, on_pool_done);
    case FILE_READ: return uv_fs_read(loop, request, file->fd, &buffer, 1, a->offset, on_pool_done);
    case FILE_WRITE: return uv_fs_write(loop, request, file->fd, &buffer, 1, a->offset, on_pool_done);
    case FILE_FSTAT: return uv_fs_fstat(loop, request, file->fd, on_pool_done);
    case FILE_FSYNC: return uv_fs_fsync(loop, request, file->fd, on_pool_done);
    case FILE_TRUNCATE: return uv_fs_ftruncate(loop, request, file->fd, a->offset, on_pool_done);
    case FILE_STAT: return uv_fs_stat(loop, request, a->path, on_pool_done);
    case FILE_LSTAT: return uv_fs_lstat(loop, request, a->path, on_pool_done);
    case FILE_UNLINK: return uv_fs_unlink(loop, request, a->path, on_pool_done);
    case FILE_RENAME: return uv_fs_rename(loop, request, a->path, a->other, on_pool_done);
    case FILE_MAKE_DIRECTORY: return uv_fs_mkdir(loop, request, a->path, a->mode, on_pool_done);
    case FILE_REMOVE_DIRECTORY: return uv_fs_rmdir(loop, request, a->path, on_pool_done);
    case FILE_SCAN: return uv_fs_scandir(loop, request, a->path, 0, on_pool_done);
    case FILE_SET_TIMES: return uv_fs_utime(loop, request, a->path, a->accessed, a->modified, on_pool_done);
    case FILE_LINK: return uv_fs_link(loop, request, a->path, a->other, on_pool_done);
    case FILE_SYMLINK: return uv_fs_symlink(loop, request, a->path, a->other, 0, on_pool_done);
    case FILE_READ_LINK: return uv_fs_readlink(loop, request, a->path, on_pool_done);
    case FILE_ACCESS: return uv_fs_access(loop, request, a->path, a->mode, on_pool_done);
    case FILE_SET_MODE: return uv_fs_chmod(loop, request, a->path, a->mode, on_pool_done);
    case FILE_REAL_PATH: return uv_fs_realpath(loop, request, a->path, on_pool_done);
    case FILE_MAKE_TEMPORARY: return uv_fs_mkdtemp(loop, request, a->path, on_pool_done);
    case FILE_COPY: return uv_fs_copyfile(loop, request, a->path, a->other, 0, on_pool_done);
    case FILE_OPERATION_COUNT: break;
  }
  return UV_EINVAL;
}

/* ---- by the loop ------------------------------------------------------------------------------------------------------------------------- */

/* Reads or writes at once.  False: it would have to wait. */
static bool try_transfer(File *file) {
  ssize_t count;
  do {
    count = file->operation == FILE_READ ? read(file->fd, file->buffer, file->transfer) : write(file->fd, file->buffer, file->transfer);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return false;
  file->result = count < 0 ? -errno : count;
  return true;
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  File *file = poll->data;
  (void)events;
  if (status >= 0 && !try_transfer(file)) return;
  uv_poll_stop(&file->poll);
  file->polling = false;
  finish(file, status < 0 ? status : file->result);
}

static int start_by_loop(File *file) {
  if (!file->poll_made) {
    int error = uv_poll_init(&file->loop->uv, &file->poll, file->fd); /* makes it non-blocking */
    if (error) return error;
    file->poll.data = file;
    file->poll_made = true;
  }
  int error = uv_poll_start(&file->poll, file->operation == FILE_READ ? UV_READABLE : UV_WRITABLE, on_ready);
  file->polling = !error;
  return error;
}

/* ---- starting ---------------------------------------------------------------------------------------------------------------------------- */

int file_start(File *file, FileOperation operation, const FileArguments *arguments) {
  if (file->state != FILE_IDLE || file->closing) return UV_EBUSY;
  if (operation < FILE_STAT && (operation == FILE_OPEN) != (file->fd < 0)) return UV_EBADF;
  file->operation = operation;
  file->state = FILE_RUNNING;
  int error = 0;
  if (operation == FILE_READ || operation == FILE_WRITE) {
    file->transfer = arguments->size < FILE_TRANSFER_MAX ? arguments->size : FILE_TRANSFER_MAX;
    if (!reserve(file, file->transfer ? file->transfer : 1)) return file->state = FILE_IDLE, UV_ENOMEM;
    if (operation == FILE_WRITE) memcpy(file->buffer, arguments->bytes, file->transfer);
    if (file->pollable) {
      error = start_by_loop(file);
      if (!error) return 0;
      file->pollable = false; /* a device that is always ready, such as /dev/null */
    }
  }
  error = start_on_pool(file, arguments);
  file->in_pool = !error;
  if (error) file->state = FILE_IDLE;
  return error;
}

void file_take_result(File *file) {
  uv_fs_req_cleanup(&file->request);
  file->request.ptr = NULL;
  file->state = FILE_IDLE;
}

/* ---- closing ----------------------------------------------------------------------------------------------------------------------------- */

static void gone(File *file) {
  account_free(file->loop->accounts, ACCOUNT_HANDLE, file->buffer, file->capacity);
  file->loop->handles--;
  file->events->closed(file);
}

static void on_descriptor_closed(uv_fs_t *request) {
  File *file = request->data;
  uv_fs_req_cleanup(request);
  gone(file);
}

/* The poll handle is gone, no operation runs: close the descriptor, on the pool if that can take long as well. */
static void close_descriptor(File *file) {
  uv_fs_req_cleanup(&file->request);
  if (file->fd < 0 || file->keep_open) {
    gone(file);
    return;
  }
  file->request.data = file;
  if (!file->pipe && uv_fs_close(&file->loop->uv, &file->request, file->fd, on_descriptor_closed) == 0) return;
  close(file->fd);
  gone(file);
}

static void on_poll_closed(uv_handle_t *handle) { close_descriptor(handle->data); }

static void close_on(File *file) {
  if (file->in_pool) return; /* goes on when that is done */
  if (file->poll_made) {
    file->poll_made = false;
    uv_close((uv_handle_t *)&file->poll, on_poll_closed);
  } else {
    close_descriptor(file);
  }
}

void file_close(File *file) {
  if (file->closing) return;
  file->closing = true;
  if (file->in_pool) uv_cancel((uv_req_t *)&file->request);
  close_on(file);
}
