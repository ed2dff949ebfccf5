/* SPDX-License-Identifier: MIT */
/* program_assigned.c -- which top-level variables do the statements of a program assign?  Each text is looked through once, however many names are
 * asked for. */
#include <stdlib.h>
#include <string.h>

#include "source_image.h"
#include "program_internal.h"
#include "scanner.h"

static Text *find(const AssignedNames *assigned, Text name) {
  size_t i = symbol_hash(name.start, name.length) & assigned->mask;
  while (assigned->names[i].start && !text_equal(assigned->names[i], name)) i = (i + 1) & assigned->mask;
  return &assigned->names[i];
}

static bool grow(AssignedNames *assigned) {
  AssignedNames grown = *assigned;
  size_t size = assigned->names ? (assigned->mask + 1) * 2 : 64;
  if (assigned->names && assigned->count * 2 < assigned->mask) return true;
  grown.mask = size - 1;
  grown.names = calloc(size, sizeof *grown.names);
  if (!grown.names) return false;
  for (size_t i = 0; assigned->names && i <= assigned->mask; i++)
    if (assigned->names[i].start) *find(&grown, assigned->names[i]) = assigned->names[i];
  free(assigned->names);
  *assigned = grown;
  return true;
}

/* The name in front of AT, with blanks between, is assigned. */
static bool note(AssignedNames *assigned, const char *start, const char *at) {
  while (at > start && (unsigned char)at[-1] <= ' ') at--;
  const char *end = at;
  while (at > start && is_name_char(at[-1])) at--;
  Text name = {at, (size_t)(end - at)};
  if (!name.length) return true;
  if (!grow(assigned)) return false;
  Text *place = find(assigned, name);
  if (!place->start) assigned->count++;
  *place = name;
  return true;
}

/* `name :=` and `name _ `, wherever they stand. */
static bool note_text(AssignedNames *assigned, Text text) {
  const char *end = text.start + text.length;
  bool done = true;
  for (const char *at = text.start; done && at + 1 < end; at++) {
    bool arrow = *at == '_' && at > text.start && (unsigned char)at[-1] <= ' ' && (unsigned char)at[1] <= ' ';
    if (arrow || (*at == ':' && at[1] == '=')) done = note(assigned, text.start, at);
  }
  return done;
}

bool program_assigns(Program *p, Text name) {
  AssignedNames *assigned = &p->assigned;
  for (; assigned->seen < p->count; assigned->seen++) {
    const Item *item = &p->items[assigned->seen];
    if ((item->kind == ITEM_STATEMENT || item->kind == ITEM_EVAL) && !note_text(assigned, item->value)) return false;
  }
  return assigned->names && find(assigned, name)->start;
}
