/* SPDX-License-Identifier: MIT */
/* program_order.c -- the classes of a folder, superclasses first, whatever the files are called.
 *
 * Copies of the items that make classes and their variables are put in front of all others.  Carried out a second time, where they stand in their
 * files, they find everything done.  Classes that are defined by a message move. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "program_internal.h"
#include "statement_kind.h"

typedef enum Visit { NOT_VISITED, ON_PATH, DONE } Visit;

typedef struct ClassNode {
  Text name, superclass; /* without namespaces */
  size_t item;
  Visit visit;
} ClassNode;

typedef struct Ordering {
  Program *program;
  size_t first;
  ClassNode *nodes; /* in the order of the files */
  ClassNode **by_name;
  size_t count;
  Text *spaces; /* of each item from first on: the namespace it stands in, or empty */
  Item *out;
  size_t out_count;
  size_t last_source; /* index + 1 of the item whose source the last ITEM_FILE in out is for; 0: none */
} Ordering;

static Text last_part(Text path) {
  const char *dot = path.length ? memrchr(path.start, '.', path.length) : NULL;
  return dot ? (Text){dot + 1, path.length - (size_t)(dot + 1 - path.start)} : path;
}

static int compare_texts(Text a, Text b) {
  int order = memcmp(a.start, b.start, a.length < b.length ? a.length : b.length);
  return order ? order : a.length < b.length ? -1 : a.length > b.length;
}

static int by_name(const void *a, const void *b) {
  const ClassNode *x = *(ClassNode *const *)a, *y = *(ClassNode *const *)b;
  int order = compare_texts(x->name, y->name);
  return order ? order : x->item < y->item ? -1 : x->item > y->item;
}

/* The first class of that name, or NULL. */
static ClassNode *find(const Ordering *o, Text name) {
  size_t low = 0, high = o->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (compare_texts(o->by_name[middle]->name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low < o->count && compare_texts(o->by_name[low]->name, name) == 0 ? o->by_name[low] : NULL;
}

static void note_class(Ordering *o, size_t index) {
  const Item *item = &o->program->items[index];
  Text superclass = item->value, name = item->class_name;
  if (item->kind == ITEM_DEFINITION && !statement_defines_class(item->source, item->value, &superclass, &name)) return;
  o->nodes[o->count++] = (ClassNode){last_part(name), last_part(superclass), index, NOT_VISITED};
}

static void note_items(Ordering *o) {
  const Program *p = o->program;
  Text open[COMPILER_MAX_DEPTH + 1] = {{NULL, 0}};
  unsigned depth = 0;
  for (size_t i = o->first; i < p->count; i++) {
    ItemKind kind = p->items[i].kind;
    if (kind == ITEM_NAMESPACE && depth < COMPILER_MAX_DEPTH) open[++depth] = p->items[i].value;
    if (kind == ITEM_NAMESPACE_END && depth) depth--;
    o->spaces[i - o->first] = open[depth];
    if (kind == ITEM_CLASS || kind == ITEM_DEFINITION) note_class(o, i);
  }
}

/* Puts a copy of an item behind what is there, in its namespace and with its file's name. */
static Item *emit(Ordering *o, size_t index) {
  const Item *item = &o->program->items[index];
  Text space = o->spaces[index - o->first];
  if (!o->last_source || o->program->items[o->last_source - 1].source != item->source)
    o->out[o->out_count++] = (Item){.kind = ITEM_FILE, .source = item->source, .at = {1, 1, 0}};
  o->last_source = index + 1;
  if (space.length) o->out[o->out_count++] = (Item){.kind = ITEM_NAMESPACE, .source = item->source, .value = space, .at = item->at};
  Item *copy = &o->out[o->out_count++];
  *copy = *item;
  copy->quiet = true;
  if (space.length) o->out[o->out_count++] = (Item){.kind = ITEM_NAMESPACE_END, .source = item->source};
  return copy;
}

static void emit_class(Ordering *o, ClassNode *node) {
  Item *original = &o->program->items[node->item];
  node->visit = DONE;
  Item *copy = emit(o, node->item);
  if (original->kind != ITEM_DEFINITION) return;
  copy->quiet = false;
  original->done = true;
}

/* NODE is its own superclass, at some distance. */
static void report_circle(Ordering *o, ClassNode *node) {
  const Item *item = &o->program->items[node->item];
  program_complain(o->program, "%s:%u:%u: error: the superclasses of '%.*s' go in a circle: %.*s", item->source->name, item->at.line, item->at.column,
                   (int)node->name.length, node->name.start, (int)node->name.length, node->name.start);
  FILE *errors = o->program->errors;
  for (ClassNode *n = find(o, node->superclass); n; n = n == node ? NULL : find(o, n->superclass))
    fprintf(errors, ", %.*s", (int)n->name.length, n->name.start);
  fputc('\n', errors);
}

/* NODE's superclasses that are in the folder, then NODE.  The way up is kept in PATH, which has room for all nodes. */
static void visit(Ordering *o, ClassNode *node, ClassNode **path) {
  size_t length = 0;
  for (; node && node->visit == NOT_VISITED; node = find(o, node->superclass)) {
    node->visit = ON_PATH;
    path[length++] = node;
  }
  if (node && node->visit == ON_PATH) report_circle(o, node);
  while (length) emit_class(o, path[--length]);
}

static void emit_variables(Ordering *o) {
  const Program *p = o->program;
  for (size_t i = o->first; i < p->count; i++) {
    if (p->items[i].kind != ITEM_VARIABLES && p->items[i].kind != ITEM_CLASS_VARIABLE) continue;
    Item *copy = emit(o, i);
    if (copy->kind == ITEM_CLASS_VARIABLE) copy->value = (Text){NULL, 0};
  }
}

static bool uses_traits(const Item *item) {
  return item->kind == ITEM_PRAGMA && item->name.length == 5 && memcmp(item->name.start, "uses:", 5) == 0;
}

/* Methods may name variables that a class has from its traits: what is used is said before all methods, and again where it stands. */
static void emit_traits(Ordering *o) {
  const Program *p = o->program;
  for (size_t i = o->first; i < p->count; i++) {
    if (!uses_traits(&p->items[i])) continue;
    emit(o, i)->name = (Text){"usesIfDefined:", 14}; /* what is wrong is said later */
  }
}

/* The program's items up to first, those made here, the others. */
static bool splice(Ordering *o) {
  Program *p = o->program;
  size_t rest = p->count - o->first, count = p->count + o->out_count;
  Item *grown = realloc(p->items, (count + 1) * sizeof *grown);
  if (!grown) return false;
  p->items = grown;
  p->capacity = count + 1;
  memmove(p->items + o->first + o->out_count, p->items + o->first, rest * sizeof *grown);
  memcpy(p->items + o->first, o->out, o->out_count * sizeof *grown);
  p->count = count;
  return true;
}

bool program_order_classes(Program *p, size_t first) {
  size_t items = p->count - first;
  Ordering o = {.program = p, .first = first};
  bool done = false;
  ClassNode **path = malloc((items + 1) * sizeof *path);
  o.nodes = malloc((items + 1) * sizeof *o.nodes);
  o.by_name = malloc((items + 1) * sizeof *o.by_name);
  o.spaces = malloc((items + 1) * sizeof *o.spaces);
  o.out = malloc((items * 4 + 1) * sizeof *o.out);
  if (!path || !o.nodes || !o.by_name || !o.spaces || !o.out) goto cleanup;
  note_items(&o);
  for (size_t i = 0; i < o.count; i++) o.by_name[i] = &o.nodes[i];
  if (o.count) qsort(o.by_name, o.count, sizeof *o.by_name, by_name);
  for (size_t i = 0; i < o.count; i++) visit(&o, &o.nodes[i], path);
  emit_variables(&o);
  emit_traits(&o);
  done = splice(&o);
cleanup:
  free(path);
  free(o.nodes);
  free(o.by_name);
  free(o.spaces);
  free(o.out);
  return done;
}
