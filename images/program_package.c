/* SPDX-License-Identifier: MIT */
/* program_package.c -- a folder with a package.xml, as GNU Smalltalk's packages have: it says which files belong to the program, in what order and
 * namespace, and which packages come first (looked for in the folders beside it; else PackageLoader is asked when the program runs). */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program_internal.h"
#include "scanner.h"

static Text trimmed(const char *start, const char *end) {
  while (start < end && (unsigned char)*start <= ' ') start++;
  while (end > start && (unsigned char)end[-1] <= ' ') end--;
  return (Text){start, (size_t)(end - start)};
}

/* The next <tag> of a description and the text behind it; inside of comments there is none. */
typedef struct Tag {
  Text name, content;
} Tag;

static bool next_tag(const char **at, Tag *tag) {
  const char *open = strchr(*at, '<');
  while (open && strncmp(open, "<!--", 4) == 0) {
    const char *end = strstr(open, "-->");
    open = end ? strchr(end, '<') : NULL;
  }
  const char *close = open ? strchr(open, '>') : NULL;
  if (!close) return false;
  const char *behind = strchr(close, '<');
  *tag = (Tag){trimmed(open + 1, close), trimmed(close + 1, behind ? behind : close + strlen(close))};
  *at = close + 1;
  return true;
}

static char *path_in(Program *p, const char *folder, Text name) {
  size_t length = strlen(folder);
  while (length > 1 && folder[length - 1] == '/') length--;
  char *path = arena_alloc(p->arena, length + name.length + 2);
  memcpy(path, folder, length);
  path[length] = '/';
  memcpy(path + length + 1, name.start, name.length);
  path[length + 1 + name.length] = 0;
  return path;
}

static char *description_of(Program *p, const char *folder) { return path_in(p, folder, (Text){"package.xml", 11}); }

bool program_is_package(Program *p, const char *folder) { return access(description_of(p, folder), R_OK) == 0; }

/* ---- where a package is ------------------------------------------------------------------------------------------- */

static bool read_description(Program *p, const char *folder, char **text) {
  size_t length;
  char *read = program_read_file(p, description_of(p, folder), &length);
  if (read) *text = arena_strndup(p->arena, read, length);
  free(read);
  return read != NULL;
}

static bool is_named(Program *p, const char *folder, Text name) {
  char *text;
  if (!program_is_package(p, folder) || !read_description(p, folder, &text)) return false;
  const char *at = text;
  for (Tag tag; next_tag(&at, &tag);)
    if (text_is(tag.name, "name")) return tag.content.length == name.length && memcmp(tag.content.start, name.start, name.length) == 0;
  return false;
}

/* The package of that name in a folder inside of FOLDER, or inside of those when DEPTH is 2. */
static char *package_inside(Program *p, const char *folder, Text name, int depth) {
  DIR *d = opendir(folder);
  char *found = NULL;
  for (struct dirent *entry; d && !found && (entry = readdir(d));) {
    if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)) continue;
    char *path = path_in(p, folder, (Text){entry->d_name, strlen(entry->d_name)});
    if (is_named(p, path, name)) found = path;
    else if (depth > 1) found = package_inside(p, path, name, depth - 1);
  }
  if (d) closedir(d);
  return found;
}

/* The folder of a package near FOLDER: beside it, or around. */
static char *package_near(Program *p, const char *folder, Text name) {
  char *real = realpath(folder, NULL), *found = NULL;
  for (int up = 0; real && !found && up < 2; up++) {
    char *slash = strrchr(real, '/');
    if (!slash || slash == real) break;
    *slash = 0;
    found = package_inside(p, real, name, 2);
  }
  free(real);
  return found;
}

static Package *package_find(Program *p, const char *folder) {
  char *real = realpath(folder, NULL);
  Package *found = NULL;
  for (Package *each = p->packages; real && each && !found; each = each->next)
    if (strcmp(each->real_path, real) == 0) found = each;
  free(real);
  return found;
}

/* A package, or the tests of one; NULL: it cannot be read. */
static Package *package_new(Program *p, const char *folder, bool tests) {
  char *real = realpath(folder, NULL);
  Package *package = real ? arena_alloc(p->arena, sizeof *package) : NULL;
  if (package)
    *package = (Package){.folder = arena_strndup(p->arena, folder, strlen(folder)), .real_path = arena_strndup(p->arena, real, strlen(real)), .tests = tests};
  free(real);
  if (!package || !read_description(p, folder, &package->text)) return NULL;
  package->at = package->text;
  package->next = p->packages;
  p->packages = package;
  return package;
}

/* Tells PackageLoader something about a package, as part of the definitions. */
static bool tell_loader(Program *p, const Package *package, const char *keyword, Text name) {
  char *text = NULL;
  if (memchr(name.start, '\'', name.length)) {
    program_complain(p, "%s: '%.*s' cannot be the name of a package, folder or class\n", description_of(p, package->folder), (int)name.length, name.start);
    return true;
  }
  if (asprintf(&text, "PackageLoader extend [ <%s '%.*s'> ]", keyword, (int)name.length, name.start) < 0) return false;
  bool added = program_add_text(p, description_of(p, package->folder), text, strlen(text));
  free(text);
  return added;
}

/* Which test classes of the package are to be run. */
static bool name_tests(Program *p, const Package *package, Text names) {
  return tell_loader(p, package, "testsIn:", (Text){package->folder, strlen(package->folder)}) && tell_loader(p, package, "tests:", names);
}

static bool add_source(Program *p, const Package *package, Text name, Text space) {
  static const SourcePosition begin = {1, 1, 0};
  char *path = path_in(p, package->folder, name);
  bool inside = space.length && !text_is(space, "Smalltalk");
  if (inside && !(program_add_text(p, path, "", 0) && p->events.namespace_begin(&p->events, space, begin))) return false;
  return program_add_file(p, path) && (!inside || p->events.namespace_end(&p->events));
}

/* The files of the package, or those of its tests. */
static bool add_sources(Program *p, const Package *package) {
  const char *at = package->text;
  Text space = {NULL, 0};
  bool in_test = false, done = true;
  for (Tag tag; done && next_tag(&at, &tag);)
    if (text_is(tag.name, "test")) in_test = true;
    else if (text_is(tag.name, "/test")) in_test = false;
    else if (text_is(tag.name, "namespace") && (in_test ? package->tests : !space.length)) space = tag.content; /* tests may have one of their own */
    else if (text_is(tag.name, "name") && !package->tests) done = tell_loader(p, package, "isLoaded:", tag.content);
    else if (text_is(tag.name, "sunit") && package->tests) done = name_tests(p, package, tag.content);
  at = package->text;
  in_test = false;
  for (Tag tag; done && next_tag(&at, &tag);) {
    if (text_is(tag.name, "test")) in_test = true;
    else if (text_is(tag.name, "/test")) in_test = false;
    else if (text_is(tag.name, "filein") && in_test == package->tests) done = add_source(p, package, tag.content, space);
  }
  return done;
}

/* The next package that this one needs and that was not seen before; NULL: there is none, or *DONE is false.  PackageLoader is told of those that are
 * not near. */
static Package *next_needed(Program *p, Package *package, bool *done) {
  for (Tag tag; *done && next_tag(&package->at, &tag);) {
    if (text_is(tag.name, "test")) package->at_test = true;
    else if (text_is(tag.name, "/test")) package->at_test = false;
    if (!text_is(tag.name, "prereq") || package->at_test != package->tests) continue;
    char *folder = package_near(p, package->folder, tag.content);
    if (!folder) {
      *done = tell_loader(p, package, "needs:", tag.content);
    } else if (!package_find(p, folder)) {
      Package *needed = package_new(p, folder, false);
      *done = needed != NULL;
      return needed;
    }
  }
  return NULL;
}

/* Adds a package, and before it what it needs, in its turn: depth first, on a stack of packages that wait for the one above. */
static bool add_with_needed(Program *p, Package *top) {
  bool done = top != NULL;
  while (done && top) {
    Package *needed = next_needed(p, top, &done);
    if (needed) {
      needed->below = top;
      top = needed;
    } else if (done && (done = add_sources(p, top))) {
      top = top->below;
    }
  }
  return done;
}

bool program_add_package(Program *p, const char *folder, bool tests) {
  if (!package_find(p, folder) && !add_with_needed(p, package_new(p, folder, false))) return false;
  return !tests || add_with_needed(p, package_new(p, folder, true));
}
