/* SPDX-License-Identifier: MIT */
/* directory_primitives.c -- registered names, labels, and who is there. */
#include "directory.h"
#include "name_list.h"
#include "primitives.h"
#include "runtime_internal.h"

enum { LABEL_ROOM = 256 };

#define NAME_OR_FAIL(m, x)                                                                                        \
  Actor *a = actor_of_machine(m);                                                                                 \
  const char *name;                                                                                               \
  size_t size;                                                                                                    \
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);                                                          \
  if (!oop_try_bytes(m, x, &name, &size) || size == 0) return primitive_fail(m, FAILURE_BAD_ARGUMENT)

static Oop name_register(Machine *m) {
  NAME_OR_FAIL(m, m->args[1]);
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t id = (uint64_t)oop_to_small(m->args[2]);
  Runtime *runtime = a->scheduler->runtime;
  return oop_from_bool(runtime_is_alive(runtime, id) && directory_register(runtime, name, size, id));
}

static Oop name_unregister(Machine *m) {
  NAME_OR_FAIL(m, m->args[1]);
  return oop_from_bool(directory_unregister(a->scheduler->runtime, name, size));
}

static Oop name_find(Machine *m) {
  NAME_OR_FAIL(m, m->args[1]);
  return oop_from_small((int64_t)directory_find(a->scheduler->runtime, name, size));
}

/* A String of all names, each with a newline behind it. */
static Oop name_all(Machine *m) { return name_list_string_may_gc(m, directory_each); }

/* Own label. */
static Oop label_set(Machine *m) {
  NAME_OR_FAIL(m, m->args[1]);
  if (!directory_set_label(a->scheduler->runtime, actor_id(a), name, size < LABEL_ROOM ? size : LABEL_ROOM)) return primitive_fail(m, FAILURE_NO_MEMORY);
  a->flags |= ACTOR_LABELLED;
  return m->args[0];
}

/* The label of an actor that is there and has none yet. */
static Oop label_set_of(Machine *m) {
  char buffer[LABEL_ROOM];
  NAME_OR_FAIL(m, m->args[1]);
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Runtime *runtime = a->scheduler->runtime;
  uint64_t id = (uint64_t)oop_to_small(m->args[2]);
  if (!runtime_is_alive(runtime, id) || directory_label(runtime, id, buffer, sizeof buffer)) return m->args[0];
  return directory_set_label(runtime, id, name, size < LABEL_ROOM ? size : LABEL_ROOM) ? m->args[0] : primitive_fail(m, FAILURE_NO_MEMORY);
}

static Oop label_of(Machine *m) {
  char buffer[LABEL_ROOM];
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  size_t size = directory_label(a->scheduler->runtime, (uint64_t)oop_to_small(m->args[1]), buffer, sizeof buffer);
  if (!size) return OOP_NIL;
  Oop string = machine_new_string_may_gc(m, buffer, size);
  return string ? string : primitive_fail(m, FAILURE_NO_MEMORY);
}

static bool is_alive(Actor *a) { return (atomic_load(&a->mailbox.head) & MAILBOX_POINTER) != MAILBOX_DEAD; }

/* The first COUNT elements of ARRAY. */
static Oop shortened_may_gc(Machine *m, Oop array, size_t count) {
  unsigned whole = machine_push_handle(m, array);
  Oop part = machine_new_array_may_gc(m, count);
  for (size_t i = 0; part && i < count; i++) oop_to_object(part)->slots[i] = oop_to_object(machine_handle(m, whole))->slots[i];
  machine_pop_handles(m, whole);
  return part;
}

/* The ids of all actors alive, as an Array. */
static Oop actor_all(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  ActorTable *table = &a->scheduler->runtime->table;
  pthread_mutex_lock(&table->lock);
  uint64_t used = table->used;
  pthread_mutex_unlock(&table->lock);
  size_t count = 0, at = 0;
  primitive_charge(m, used * 16);
  for (uint64_t i = 0; i < used; i++) count += is_alive(actor_table_at(table, i));
  Oop array = machine_new_array_may_gc(m, count);
  for (uint64_t i = 0; array && i < used && at < count; i++) {
    Actor *each = actor_table_at(table, i);
    if (is_alive(each)) oop_to_object(array)->slots[at++] = oop_from_small((int64_t)actor_id(each));
  }
  if (array && at < count) array = shortened_may_gc(m, array, at); /* others have ended meanwhile */
  return array ? array : primitive_fail(m, FAILURE_NO_MEMORY);
}

/* {what ActorInfo is made of. ids of the actors that the running one is linked with} */
static Oop actor_own_info(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  const ActorExtra *extra = a->extra;
  uint32_t count = 0, at = 0;
  for (uint32_t i = 0; extra && i < extra->link_capacity; i++) count += extra->links[i].kind == LINK_PEER;
  Oop x = machine_new_array_may_gc(m, count);
  if (!x) return primitive_fail(m, FAILURE_NO_MEMORY);
  for (uint32_t i = 0; extra && i < extra->link_capacity; i++)
    if (extra->links[i].kind == LINK_PEER) oop_to_object(x)->slots[at++] = oop_from_small((int64_t)extra->links[i].peer);
  unsigned links = machine_push_handle(m, x), info = machine_push_handle(m, OOP_NIL);
  x = inspection_own_may_gc(a);
  machine_set_handle(m, info, x ? x : OOP_NIL);
  Oop pair = x ? machine_new_array_may_gc(m, 2) : 0;
  if (pair) {
    oop_to_object(pair)->slots[0] = machine_handle(m, info);
    oop_to_object(pair)->slots[1] = machine_handle(m, links);
  }
  machine_pop_handles(m, links);
  return pair ? pair : primitive_fail(m, FAILURE_NO_MEMORY);
}

const Primitive directory_primitives[] = {
    {"name_register", name_register, 2, "name, actor id: answers whether the name was free and the actor lives", 0},
    {"name_unregister", name_unregister, 1, "name: answers whether it was taken", 0},
    {"name_find", name_find, 1, "name: id of the living actor that has it, or 0", 0},
    {"name_all", name_all, 0, "a String of all names, each with a newline behind it", 0},
    {"label_set_of", label_set_of, 2, "label, id: what an actor that has said nothing is called", 0},
    {"label_set", label_set, 1, "a text for display with the running actor", 0},
    {"label_of", label_of, 1, "actor id: its label, or nil", 0},
    {"actor_own_info", actor_own_info, 0, "{what ActorInfo is made of. ids of linked actors}", 0},
    {"actor_all", actor_all, 0, "ids of all actors alive", 0},
    {NULL, NULL, 0, NULL, 0}};
