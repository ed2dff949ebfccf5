/* SPDX-License-Identifier: MIT */
/* file_primitives.c -- files and directories for actors.
 *
 * A program starts an operation and then waits for its result (waiting.h); meanwhile other actors run.  An open file is a handle that its actor
 * holds and that is closed when the actor ends; an operation on a path has a handle only until its result is taken. */
#include <fcntl.h>
#include <unistd.h>

#include "handle_primitives.h"

enum { PATH_SIZE = 4096, STAT_FIELDS = 10 };

static Oop started(Machine *m, Scheduler *s, Handle *handle, FileOperation operation, const FileArguments *arguments) {
  int error = file_start(&handle->file, operation, arguments);
  if (!error) return oop_from_small((int64_t)handle->number);
  if (operation == FILE_OPEN || operation >= FILE_STAT) handle_close(s, handle, true);
  return system_fail(m, error);
}

/* FileHandle class: operation path: path other: path or nil number: n number: n.  Answers the number of a handle whose result is to be waited for. */
static Oop file_start_path(Machine *m) {
  ACTOR_OR_FAIL(m);
  char path[PATH_SIZE], other[PATH_SIZE];
  int error;
  if (!(m->args[1] & m->args[4] & m->args[5] & 1)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t operation = oop_to_small(m->args[1]);
  if (operation < 0 || operation >= FILE_OPERATION_COUNT || (operation != FILE_OPEN && operation < FILE_STAT)) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (!try_c_string(m, m->args[2], path, sizeof path) || (m->args[3] != OOP_NIL && !try_c_string(m, m->args[3], other, sizeof other))) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if ((operation == FILE_RENAME || operation == FILE_LINK || operation == FILE_SYMLINK || operation == FILE_COPY) && m->args[3] == OOP_NIL)
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t first = oop_to_small(m->args[4]), second = oop_to_small(m->args[5]);
  FileArguments arguments = {.path = path, .other = other, .flags = (int)first, .mode = (int)second, .accessed = (double)first / 1e9, .modified = (double)second / 1e9};
  Handle *handle = handle_new_file(s, a, &error);
  return handle ? started(m, s, handle, (FileOperation)operation, &arguments) : system_fail(m, error);
}

/* FileHandle: operation bytes: bytes or nil first: n count: n offset: n (< 0: where the file is).  Answers the receiver. */
static Oop file_start_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  const char *bytes = NULL;
  size_t size = 0;
  Handle *handle = receiver_handle(m, HANDLE_FILE);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!(m->args[1] & m->args[3] & m->args[4] & m->args[5] & 1)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t operation = oop_to_small(m->args[1]), first = oop_to_small(m->args[3]), count = oop_to_small(m->args[4]);
  if (operation <= FILE_OPEN || operation >= FILE_STAT) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (operation == FILE_WRITE && !oop_try_bytes(m, m->args[2], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (first < 1 || count < 0 || (operation == FILE_WRITE && ((uint64_t)first - 1 > size || (uint64_t)count > size - (size_t)(first - 1))))
    return primitive_fail(m, FAILURE_BAD_INDEX);
  FileArguments arguments = {.bytes = bytes + (bytes ? first - 1 : 0), .size = (size_t)count, .offset = oop_to_small(m->args[5])};
  primitive_charge(m, operation == FILE_WRITE ? (size_t)count + 4096 : 4096);
  Oop answer = started(m, s, handle, (FileOperation)operation, &arguments);
  return answer == OOP_FAIL ? OOP_FAIL : m->args[0];
}

/* FileHandle class: the handle of standard input (0), output or errors. */
static Oop file_use_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  int error;
  if (!oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < STDIN_FILENO || oop_to_small(m->args[1]) > STDERR_FILENO)
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Handle *handle = handle_new_file(s, a, &error);
  if (!handle) return system_fail(m, error);
  file_use(&handle->file, (int)oop_to_small(m->args[1]));
  return oop_from_small((int64_t)handle->number);
}

/* ---- results ------------------------------------------------------------------------------------------------------------------------------ */

static int64_t nanoseconds(uv_timespec_t time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

/* mode, size, times of modification, access, change of status, birth in nanoseconds since 1970, links, number, owner, group */
static Oop stat_may_gc(Machine *m, const uv_stat_t *info) {
  int64_t fields[STAT_FIELDS] = {(int64_t)info->st_mode,       (int64_t)info->st_size,           nanoseconds(info->st_mtim), nanoseconds(info->st_atim),
                                 nanoseconds(info->st_ctim),   nanoseconds(info->st_birthtim),   (int64_t)info->st_nlink,    (int64_t)(info->st_ino >> 1),
                                 (int64_t)info->st_uid,        (int64_t)info->st_gid};
  Oop array = machine_new_array_may_gc(m, STAT_FIELDS);
  for (unsigned i = 0; array && i < STAT_FIELDS; i++) oop_to_object(array)->slots[i] = oop_from_small(fields[i]);
  return array;
}

/* name, type, name, type ..: 1 a file, 2 a directory, 3 a symbolic link, else something else */
static Oop entries_may_gc(Machine *m, File *file) {
  size_t count = (size_t)file->result;
  uv_dirent_t entry;
  Oop array = machine_new_array_may_gc(m, count * 2);
  if (!array) return 0;
  unsigned handle = machine_push_handle(m, array);
  for (size_t i = 0; uv_fs_scandir_next(&file->request, &entry) == 0 && i < count; i++) { /* to its end, or libuv keeps the last name */
    Oop name = machine_new_string_may_gc(m, entry.name, strlen(entry.name));
    if (!name) return machine_pop_handles(m, handle), 0;
    Object *object = oop_to_object(machine_handle(m, handle));
    machine_store(m, object, i * 2, name);
    object->slots[i * 2 + 1] = oop_from_small(entry.type);
  }
  array = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  primitive_charge(m, count * 256);
  return array;
}

static Oop result_may_gc(Machine *m, File *file) {
  const char *text = NULL;
  size_t size = 0;
  switch (file->operation) {
    case FILE_FSTAT:
    case FILE_STAT:
    case FILE_LSTAT: return stat_may_gc(m, &file->request.statbuf);
    case FILE_SCAN: return entries_may_gc(m, file);
    case FILE_READ: text = file->buffer, size = (size_t)file->result; break;
    case FILE_READ_LINK:
    case FILE_REAL_PATH: text = file->request.ptr, size = strlen(text); break;
    case FILE_MAKE_TEMPORARY: text = file->request.path, size = strlen(text); break;
    default: return oop_from_small(file->operation == FILE_OPEN ? 0 : file->result);
  }
  primitive_charge(m, size);
  return machine_new_string_may_gc(m, text, size);
}

/* FileHandle: waits for the result of what was started. */
static Oop file_result(Machine *m) {
  ACTOR_OR_FAIL(m);
  Handle *handle = receiver_handle(m, HANDLE_FILE);
  if (!handle || (actor_is(a, ACTOR_PLAIN) && a->reactions)) return primitive_fail(m, FAILURE_WRONG_STATE);
  File *file = &handle->file;
  if (file->state == FILE_IDLE) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (file->state == FILE_RUNNING) return wait_until(a, OOP_NIL);
  wait_over(a);
  int64_t result = file->result;
  Oop answer = result < 0 ? 0 : result_may_gc(m, file);
  bool over = file->operation >= FILE_STAT || (file->operation == FILE_OPEN && result < 0);
  file_take_result(file);
  if (over) handle_close(s, handle, true);
  if (result < 0) return system_fail(m, (int)result);
  return answer ? answer : primitive_fail(m, FAILURE_NO_MEMORY);
}

/* ---- the process -------------------------------------------------------------------------------------------------------------------------- */

static Oop working_directory(Machine *m) {
  char path[PATH_SIZE];
  if (!getcwd(path, sizeof path)) return primitive_fail(m, FAILURE_SYSTEM);
  Oop answer = machine_new_string_may_gc(m, path, strlen(path));
  return answer ? answer : OOP_FAIL;
}

/* For the whole process: all actors share it. */
static Oop set_working_directory(Machine *m) {
  char path[PATH_SIZE];
  if (!actor_of_machine(m) || !try_c_string(m, m->args[1], path, sizeof path)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int error = uv_chdir(path);
  return error ? system_fail(m, error) : m->args[0];
}

const Primitive file_primitives[] = {
    {"file_start_path", file_start_path, 5, "operation, path, other path, two numbers: number of a handle to wait for", 0},
    {"file_start", file_start_primitive, 5, "operation, bytes, first, count, offset: starts it on an open file", 0},
    {"file_use", file_use_primitive, 1, "handle of standard input, output or errors", 0},
    {"file_result", file_result, 0, "wait for the operation that was started and answer its result", 0},
    {"working_directory", working_directory, 0, "the process's working directory", 0},
    {"set_working_directory", set_working_directory, 1, "change the process's working directory", 0},
    {NULL, NULL, 0, NULL, 0}};
