/* SPDX-License-Identifier: MIT */
/* program_filetree.c -- a class as FileTree keeps it, the format of Monticello packages on disk: a folder Foo.class with properties.json (what the
 * class is), README.md (its comment), and a file for each method in the folders instance and class: its category in the first line, then its text.
 * Foo.extension has only methods, for a class that is elsewhere; Foo.trait is a trait. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program_internal.h"
#include "scanner.h"

enum { MAX_VALUES = 256 };

/* "key" : "value", or "key" : [ "value", ... ] of a properties.json. */
typedef struct Property {
  Text key, values[MAX_VALUES];
  unsigned count;
} Property;

typedef struct Description {
  Text name, superclass, category, type, traits;
  Property variables, class_side, class_variables, pools;
} Description;

static Text fixed(const char *word) { return (Text){word, strlen(word)}; }

bool program_is_filetree_class(const char *folder) {
  static const char *const suffixes[] = {".class", ".extension", ".trait"};
  size_t length = strlen(folder);
  char *path = NULL;
  bool found = false;
  for (size_t i = 0; !found && i < sizeof suffixes / sizeof *suffixes; i++) {
    size_t tail = strlen(suffixes[i]);
    found = length > tail && strcmp(folder + length - tail, suffixes[i]) == 0;
  }
  found = found && asprintf(&path, "%s/properties.json", folder) >= 0 && access(path, R_OK) == 0;
  free(path);
  return found;
}

/* ---- properties.json --------------------------------------------------------------------------------------------- */

static const char *skip_space(const char *at) {
  while (*at && (unsigned char)*at <= ' ') at++;
  return at;
}

/* The string at *AT, which is moved behind it; false: there is none. */
static bool read_string(const char **at, Text *string) {
  const char *end = *at + 1;
  if (**at != '"') return false;
  while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
  if (!*end) return false;
  *string = (Text){*at + 1, (size_t)(end - *at - 1)};
  *at = skip_space(end + 1);
  return true;
}

/* Strings between brackets, or one string; of any other value nothing is kept.  False: a list has no end, or is too long. */
static bool read_values(const char **at, Property *property) {
  Text value;
  property->count = 0;
  if (**at != '[') {
    if (read_string(at, &property->values[0])) return property->count = 1, true;
    *at += strcspn(*at, ",}");
    return true;
  }
  for (*at = skip_space(*at + 1); read_string(at, &value);) {
    if (property->count == MAX_VALUES) return false;
    property->values[property->count++] = value;
    if (**at == ',') *at = skip_space(*at + 1);
  }
  if (**at != ']') return false;
  *at = skip_space(*at + 1);
  return true;
}

static void keep(Description *d, const Property *property) {
  Text value = property->count ? property->values[0] : (Text){NULL, 0};
  if (text_is(property->key, "name")) d->name = value;
  else if (text_is(property->key, "super")) d->superclass = value;
  else if (text_is(property->key, "category")) d->category = value;
  else if (text_is(property->key, "type")) d->type = value;
  else if (text_is(property->key, "traitcomposition")) d->traits = value;
  else if (text_is(property->key, "instvars")) d->variables = *property;
  else if (text_is(property->key, "classinstvars")) d->class_side = *property;
  else if (text_is(property->key, "classvars")) d->class_variables = *property;
  else if (text_is(property->key, "pools")) d->pools = *property;
}

/* False: *AT is where it cannot be read. */
static bool read_description(const char **at, Description *d) {
  Property *property = malloc(sizeof *property);
  bool done = property != NULL;
  *at = skip_space(*at);
  done = done && **at == '{';
  if (done) *at = skip_space(*at + 1);
  while (done && read_string(at, &property->key)) {
    done = **at == ':';
    if (done) *at = skip_space(*at + 1), done = read_values(at, property);
    if (done) keep(d, property);
    if (done && **at == ',') *at = skip_space(*at + 1);
  }
  free(property);
  return done && **at == '}' && d->name.length;
}

/* ---- the class ---------------------------------------------------------------------------------------------------- */

static bool tell_pragma(SourceEvents *e, const char *keyword, Text value) {
  return !value.length || e->class_pragma(e, false, fixed(keyword), value, (SourcePosition){1, 1, 0});
}

static bool tell_class(SourceEvents *e, const Description *d, bool is_trait, Text comment) {
  SourcePosition at = {1, 1, 0};
  Text superclass = is_trait ? fixed("Trait") : d->superclass.length ? d->superclass : fixed("nil");
  bool done = e->class_begin(e, superclass, d->name, at) && tell_pragma(e, "shape:", source_shape_of_type(d->type));
  if (done && d->variables.count) done = e->instance_variables(e, false, d->variables.values, d->variables.count, at);
  if (done && d->class_side.count) done = e->instance_variables(e, true, d->class_side.values, d->class_side.count, at);
  for (unsigned i = 0; done && i < d->class_variables.count; i++) done = e->class_variable(e, d->class_variables.values[i], (Text){NULL, 0}, at);
  for (unsigned i = 0; done && i < d->pools.count; i++) done = tell_pragma(e, "import:", d->pools.values[i]);
  if (done && !text_is(d->traits, "{}")) done = tell_pragma(e, "uses:", d->traits);
  return done && tell_pragma(e, "category:", d->category) && tell_pragma(e, "commentText", comment) && e->class_end(e);
}

/* ---- methods ------------------------------------------------------------------------------------------------------ */

static int is_method_file(const struct dirent *entry) {
  size_t length = strlen(entry->d_name);
  return length > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 3, ".st") == 0;
}

/* The file's first line is the category; all behind it is the method. */
static bool add_method(Program *p, const char *path, Text class_name, bool class_side) {
  size_t length;
  char *text = program_read_file(p, path, &length);
  const Source *source = text ? program_add_source(p, path, text, length) : NULL;
  free(text);
  if (!source) return false;
  const char *end = source->text + source->length, *line = memchr(source->text, '\n', source->length);
  if (!line) return program_complain(p, "%s:1:1: error: expected the category of the method, then its text from line 2 on\n", path), true;
  Text category = {source->text, (size_t)(line - source->text)}, body = {line + 1, (size_t)(end - line - 1)};
  return p->events.method(&p->events, class_name, class_side, (Text){NULL, 0}, body, category, (SourcePosition){2, 1, (size_t)(body.start - source->text)});
}

static bool add_methods(Program *p, const char *folder, Text class_name, bool class_side) {
  struct dirent **entries = NULL;
  char *side = NULL;
  bool done = asprintf(&side, "%s/%s", folder, class_side ? "class" : "instance") >= 0;
  int count = done ? scandir(side, &entries, is_method_file, alphasort) : 0;
  if (count < 0 && errno != ENOENT) done = false, program_complain(p, "atoll: cannot read the folder '%s': %s\n", side, strerror(errno));
  for (int i = 0; i < count; i++) {
    char *path = NULL;
    if (done) done = asprintf(&path, "%s/%s", side, entries[i]->d_name) >= 0 && add_method(p, path, class_name, class_side);
    free(path);
    free(entries[i]);
  }
  free(entries);
  free(side);
  return done;
}

/* The text of FOLDER/README.md, kept as long as the program; empty without one. */
static Text comment_of(Program *p, const char *folder) {
  char *path = NULL, *text = NULL;
  size_t length = 0;
  if (asprintf(&path, "%s/README.md", folder) >= 0 && access(path, R_OK) == 0) text = program_read_file(p, path, &length);
  Text comment = text ? (Text){arena_strndup(p->arena, text, length), length} : (Text){NULL, 0};
  free(path);
  free(text);
  return comment;
}

bool program_add_filetree_class(Program *p, const char *folder) {
  Description *d = calloc(1, sizeof *d);
  char *path = NULL, *text = NULL;
  size_t length;
  bool done = d && asprintf(&path, "%s/properties.json", folder) >= 0 && (text = program_read_file(p, path, &length));
  const Source *source = done ? program_add_source(p, path, text, length) : NULL;
  const char *at = source ? source->text : NULL;
  if (source && !read_description(&at, d)) {
    unsigned line = 1;
    for (const char *c = source->text; c < at; c++) line += *c == '\n';
    program_complain(p, "%s:%u:1: error: expected { \"name\" : \"Foo\", ... } with strings and lists of at most %d strings\n", path, line, MAX_VALUES);
  } else if (source) {
    const char *kind = strrchr(folder, '.');
    if (strcmp(kind, ".extension") != 0) done = tell_class(&p->events, d, strcmp(kind, ".trait") == 0, comment_of(p, folder));
    done = done && add_methods(p, folder, d->name, false) && add_methods(p, folder, d->name, true);
  }
  free(text);
  free(path);
  free(d);
  return done && source;
}
