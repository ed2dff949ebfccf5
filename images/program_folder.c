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

/* Paths that were found.  Folders are listed where they stand and expanded later, so nothing recurses. */
typedef struct PathList {
  char **paths;
  size_t count, capacity;
} PathList;

typedef struct FileId {
  dev_t device;
  ino_t number;
} FileId;

/* What is found below one path. */
typedef struct Search {
  Program *program;
  PathList files, folders, *packages;
  FileId *seen; /* of each of the folders: links may lead back to one */
} Search;

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
  return asprintf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name) < 0 ? NULL : path;
}

/* A file NAME.st, or a link to nowhere, which is complained about when it is read; no pipe or device, which might never end. */
static bool is_source(const char *path) {
  struct stat s;
  size_t length = strlen(path);
  return length > 3 && strcmp(path + length - 3, ".st") == 0 && (stat(path, &s) != 0 || S_ISREG(s.st_mode));
}

/* NAME.st beside NAME and SUFFIX? */
static bool has_companion(const char *path, const char *suffix) {
  char *other = NULL;
  bool found = asprintf(&other, "%.*s%s", (int)strlen(path) - 3, path, suffix) >= 0 && access(other, F_OK) == 0;
  free(other);
  return found;
}

/* Takes PATH. */
static bool add_folder(Search *search, char *path) {
  struct stat s;
  size_t count = search->folders.count;
  if (!path || stat(path, &s) != 0) return free(path), false;
  for (size_t i = 0; i < count; i++)
    if (search->seen[i].device == s.st_dev && search->seen[i].number == s.st_ino) return free(path), true;
  FileId *grown = realloc(search->seen, (count + 1) * sizeof *grown);
  if (!grown) return free(path), false;
  search->seen = grown;
  grown[count] = (FileId){s.st_dev, s.st_ino};
  return add_path(&search->folders, path);
}

static bool add_entry(Search *search, const char *folder, const char *name) {
  char *path = join(folder, name);
  if (!path) return false;
  if (is_folder(path)) return program_is_filetree_class(path) ? add_path(&search->files, path) : add_folder(search, path);
  if (is_source(path)) return add_path(&search->files, path);
  return free(path), true;
}

static bool list_folder(Search *search, const char *folder) {
  if (program_is_package(search->program, folder)) return add_path(search->packages, strdup(folder));
  DIR *d = opendir(folder);
  struct dirent *entry = NULL;
  bool done = d != NULL;
  while (done && (errno = 0, entry = readdir(d)))
    if (entry->d_name[0] != '.') done = add_entry(search, folder, entry->d_name);
  if (done && errno) done = false;
  int error = errno;
  if (d) closedir(d);
  errno = error;
  return done;
}

static int by_path(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Adds the packages among what was found, sorted by path. */
static bool add_packages(Program *p, PathList *packages, bool tests) {
  bool done = true;
  if (packages->count) qsort(packages->paths, packages->count, sizeof *packages->paths, by_path);
  for (size_t i = 0; done && i < packages->count; i++) done = program_add_package(p, packages->paths[i], tests);
  return done;
}

static bool add_files(Program *p, PathList *files, const char *left_out) {
  bool done = true;
  if (files->count) qsort(files->paths, files->count, sizeof *files->paths, by_path);
  for (size_t i = 0; done && i < files->count; i++)
    if (program_is_filetree_class(files->paths[i])) done = program_add_filetree_class(p, files->paths[i]);
    else if (!left_out || !has_companion(files->paths[i], left_out)) done = program_add_file(p, files->paths[i]);
  return done;
}

/* Adds the file PATH, or the files of the folder PATH and of those inside; packages among them are listed only. */
static bool add_files_of(Program *p, const char *path, const char *left_out, PathList *packages) {
  Search search = {.program = p, .packages = packages};
  size_t first = p->count;
  if (!is_folder(path)) return program_add_file(p, path) && program_add_initializers(p, first);
  char *folder = strdup(path);
  for (size_t length = strlen(path); folder && length > 1 && folder[length - 1] == '/';) folder[--length] = 0;
  bool filetree = folder && program_is_filetree_class(folder);
  bool done = filetree ? add_path(&search.files, folder) : add_folder(&search, folder);
  const char *at = path;
  for (size_t i = 0; done && i < search.folders.count; i++) done = list_folder(&search, at = search.folders.paths[i]);
  if (!done) program_complain(p, "atoll: cannot read the folder '%s': %s\n", at, strerror(errno));
  done = done && add_files(p, &search.files, left_out) && program_add_initializers(p, first);
  free_paths(&search.files);
  free_paths(&search.folders);
  free(search.seen);
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
