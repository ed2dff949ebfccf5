/* SPDX-License-Identifier: MIT */
/* program_assigned.c -- which top-level variables do the statements of a program assign?  Each text is looked through once, however many names are
 * asked for. */
#include "program_internal.h"
#include "scanner.h"

/* The name in front of AT, with blanks between, is assigned. */
static bool note(NameSet *assigned, const char *start, const char *at) {
  while (at > start && (unsigned char)at[-1] <= ' ') at--;
  const char *end = at;
  while (at > start && is_name_char(at[-1])) at--;
  return at == end || name_set_add(assigned, (Text){at, (size_t)(end - at)});
}

/* `name :=` and `name _ `, wherever they stand. */
static bool note_text(NameSet *assigned, Text text) {
  const char *end = text.start + text.length;
  bool done = true;
  for (const char *at = text.start; done && at + 1 < end; at++) {
    bool arrow = *at == '_' && at > text.start && (unsigned char)at[-1] <= ' ' && (unsigned char)at[1] <= ' ';
    if (arrow || (*at == ':' && at[1] == '=')) done = note(assigned, text.start, at);
  }
  return done;
}

bool program_assigns(Program *p, Text name) {
  for (; p->assigned_seen < p->count; p->assigned_seen++) {
    const Item *item = &p->items[p->assigned_seen];
    if ((item->kind == ITEM_STATEMENT || item->kind == ITEM_EVAL) && !note_text(&p->assigned, item->value)) return false;
  }
  return name_set_has(&p->assigned, name);
}
