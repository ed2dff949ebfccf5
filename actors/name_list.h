/* SPDX-License-Identifier: MIT */
/* name_list.h -- the names that a table of the runtime holds, for a program: one String with a newline behind each name. */
#ifndef ATOLL_NAME_LIST_H
#define ATOLL_NAME_LIST_H

#include <string.h>

#include "primitives.h"
#include "runtime_internal.h"

typedef void (*NameVisitor)(void *context, const char *name, size_t size);

typedef struct NameList {
  size_t bytes, room;
  char *text; /* NULL: names are only measured */
} NameList;

static inline void name_list_add(void *context, const char *name, size_t size) {
  NameList *list = context;
  if (list->text && list->bytes + size + 1 <= list->room) { /* else it came after they were measured */
    memcpy(list->text + list->bytes, name, size);
    list->text[list->bytes + size] = '\n';
  }
  list->bytes += size + 1;
}

/* EACH visits all names of the table, under its lock; so it is called twice, and memory is taken in between. */
static inline Oop name_list_string_may_gc(Machine *m, void (*each)(Runtime *runtime, NameVisitor visitor, void *context)) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  NameList list = {0};
  each(a->scheduler->runtime, name_list_add, &list);
  Oop string = machine_new_bytes_may_gc(m, CLASS_STRING, list.bytes);
  if (!string) return primitive_fail(m, FAILURE_NO_MEMORY);
  list = (NameList){.room = list.bytes, .text = (char *)object_bytes(oop_to_object(string))};
  memset(list.text, '\n', list.room);
  each(a->scheduler->runtime, name_list_add, &list);
  return string;
}

#endif
