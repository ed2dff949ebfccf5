/* SPDX-License-Identifier: MIT */
/* group_primitives.c -- groups of actors: joining, leaving, members, watching. */
#include "groups.h"
#include "name_list.h"
#include "primitives.h"
#include "runtime_internal.h"

/* args[1] is the name of a group. */
#define GROUP_OR_FAIL(m)                                                                                \
  Actor *a = actor_of_machine(m);                                                                       \
  const char *name;                                                                                     \
  size_t size;                                                                                          \
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);                                                \
  if (!oop_try_bytes(m, m->args[1], &name, &size) || size > 4096) return primitive_fail(m, FAILURE_BAD_ARGUMENT)

static Oop change(Machine *m, GroupResult (*operation)(Scheduler *s, const char *name, size_t size, uint64_t id)) {
  GROUP_OR_FAIL(m);
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  GroupResult result = operation(a->scheduler, name, size, (uint64_t)oop_to_small(m->args[2]));
  return result == GROUP_NO_MEMORY ? primitive_fail(m, FAILURE_NO_MEMORY) : oop_from_bool(result == GROUP_DONE);
}

static Oop group_join(Machine *m) { return change(m, groups_join); }
static Oop group_leave(Machine *m) { return change(m, groups_leave); }

/* The ids of the members; with a reference that is not nil, changes are told to this actor from now on. */
static Oop group_members(Machine *m) {
  GROUP_OR_FAIL(m);
  uint64_t *ids, reference = oop_is_small(m->args[2]) ? (uint64_t)oop_to_small(m->args[2]) : 0;
  Runtime *runtime = a->scheduler->runtime;
  uint64_t count = groups_members(runtime, name, size, actor_id(a), reference, &ids);
  Oop array = count && !ids ? 0 : machine_new_array_may_gc(m, count);
  for (uint64_t i = 0; array && i < count; i++) oop_to_object(array)->slots[i] = oop_from_small((int64_t)ids[i]);
  account_free(runtime->accounts, ACCOUNT_ACTOR, ids, count * sizeof *ids);
  return array ? array : primitive_fail(m, FAILURE_NO_MEMORY);
}

static Oop group_unwatch(Machine *m) {
  GROUP_OR_FAIL(m);
  if (!oop_is_small(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return oop_from_bool(groups_unwatch(a->scheduler->runtime, name, size, actor_id(a), (uint64_t)oop_to_small(m->args[2])));
}

/* A String of the names of all groups that have members, each with a newline behind it. */
static Oop group_names(Machine *m) { return name_list_string_may_gc(m, groups_each); }

const Primitive group_primitives[] = {
    {"group_join", group_join, 2, "name, actor id: answers whether the actor lives", 0},
    {"group_leave", group_leave, 2, "name, actor id: answers whether it was a member", 0},
    {"group_members", group_members, 2, "name, reference or nil: ids of the members; changes are told from now on", 0},
    {"group_unwatch", group_unwatch, 2, "name, reference: changes are told no longer", 0},
    {"group_names", group_names, 0, "a String of the names of all groups that have members, each with a newline behind it", 0},
    {NULL, NULL, 0, NULL, 0}};
