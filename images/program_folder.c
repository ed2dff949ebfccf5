/* SPDX-License-Identifier: MIT */
/* program_folder.c -- a folder as a program: which files are in it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program_internal.h"

enum { MAX_FOLDER_DEPTH = 64 };

/* Paths that were found.  Folders are listed where they stand and expanded later, so nothing recurses. */
typedef struct PathList {
  char **paths;
  size_t count, capacity;
} PathList;

static bool add_path(PathList *list, char *path) {
  if (!path) return false;
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 32;
    char **grown = realloc(list->paths, capacity * sizeof *grown);
    if (!grown) return free(path), false;
    list->paths = grown;
    list->capacity = capacity;
  }
  list->paths[list->count++] = path;
  return true;
}

static void free_paths(PathList *list) {
  for (size_t i = 0; i < list->count; i++) free(list->paths[i]);
  free(list->paths);
}

static bool is_folder(const char *path) {
  struct stat s;
  return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static char *join(const char *folder, const char *name) {
  char *path = NULL;
  size_t length = strlen(folder);
  while (length > 1 && folder[length - 1] == '/') length--;
  return asprintf(&path, "%.*s/%s", (int)length, folder, name) < 0 ? NULL : path;
}

static bool is_source(const char *name) {
  size_t length = strlen(name);
  return length > 3 && strcmp(name + length - 3, ".st") == 0;
}

/* NAME.st beside NAME and SUFFIX? */
static bool has_companion(const char *path, const char *suffix) {
  char *other = NULL;
  bool found = asprintf(&other, "%.*s%s", (int)strlen(path) - 3, path, suffix) >= 0 && access(other, F_OK) == 0;
  free(other);
  return found;
}

static bool list_folder(Program *p, const char *folder, PathList *files, PathList *folders, PathList *packages) {
  DIR *d = opendir(folder);
  struct dirent *entry;
  bool done = d != NULL;
  if (done && program_is_package(p, folder)) return closedir(d), add_path(packages, strdup(folder));
  while (done && (entry = readdir(d))) {
    if (entry->d_name[0] == '.') continue;
    char *path = join(folder, entry->d_name);
    if (path && is_folder(path)) done = add_path(program_is_filetree_class(path) ? files : folders, path);
    else if (path && is_source(entry->d_name)) done = add_path(files, path);
    else done = path != NULL, free(path);
  }
  if (d) closedir(d);
  return done;
}

static int by_path(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static unsigned depth_of(const char *path) {
  unsigned depth = 0;
  for (; *path; path++) depth += *path == '/';
  return depth;
}

/* Adds the packages among what was found, sorted by path. */
static bool add_packages(Program *p, PathList *packages, bool tests) {
  bool done = true;
  if (packages->count) qsort(packages->paths, packages->count, sizeof *packages->paths, by_path);
  for (size_t i = 0; done && i < packages->count; i++) done = program_add_package(p, packages->paths[i], tests);
  return done;
}

/* Adds the file PATH, or the files of the folder PATH and of those inside; packages among them are listed only. */
static bool add_files_of(Program *p, const char *path, const char *left_out, PathList *packages) {
  PathList files = {0}, folders = {0};
  if (!is_folder(path)) return program_add_file(p, path);
  bool done = add_path(program_is_filetree_class(path) ? &files : &folders, strdup(path));
  for (size_t i = 0; done && i < folders.count; i++)
    if (depth_of(folders.paths[i]) < depth_of(path) + MAX_FOLDER_DEPTH) done = list_folder(p, folders.paths[i], &files, &folders, packages);
  if (!done) program_complain(p, "atoll: cannot read the folder '%s': %s\n", path, strerror(errno));
  if (files.count) qsort(files.paths, files.count, sizeof *files.paths, by_path);
  for (size_t i = 0; done && i < files.count; i++)
    if (program_is_filetree_class(files.paths[i])) done = program_add_filetree_class(p, files.paths[i]);
    else if (!left_out || !has_companion(files.paths[i], left_out)) done = program_add_file(p, files.paths[i]);
  free_paths(&files);
  free_paths(&folders);
  return done;
}

bool program_add_paths(Program *p, const char *const *paths, int count, const char *left_out) {
  PathList packages = {0};
  size_t first = p->count;
  bool done = true, several = count > 1 || (count && is_folder(paths[0]));
  for (int i = 0; done && i < count; i++) done = add_files_of(p, paths[i], left_out, &packages);
  if (done && several && !program_order_classes(p, first)) done = false, program_complain(p, "atoll: no memory\n");
  if (done) done = add_packages(p, &packages, left_out != NULL);
  free_paths(&packages);
  return done;
}

bool program_add_path(Program *p, const char *path, const char *left_out) { return program_add_paths(p, &path, 1, left_out); }
