/* SPDX-License-Identifier: MIT */
/* groups.c -- see groups.h. */
#include "groups.h"

#include <string.h>

#include "hashing.h"
#include "runtime_internal.h"
#include "wire.h"

struct Membership {
  Membership *next, **back;  /* of the group */
  Membership *next_with_id;  /* of the same bucket of ids */
  Group *group;
  uint64_t id;
  uint32_t count; /* times joined */
};

typedef struct Watch Watch;
struct Watch {
  Watch *next;
  uint64_t watcher, reference;
};

struct Group {
  Group *next; /* of the same bucket */
  Membership *first, **last;
  Watch *watches;
  uint32_t watch_count, watch_limit; /* how many there may be until those of the dead are looked for */
  size_t size;
  char name[];
};

enum { FIRST_HEADS = 16, LEAST_WATCHES = 8 };

void groups_init(Groups *g, Accounts *accounts) {
  *g = (Groups){.accounts = accounts};
  pthread_mutex_init(&g->lock, NULL);
}

static void free_group(Groups *g, Group *group) {
  for (Membership *each = group->first, *next; each; each = next) next = each->next, account_free(g->accounts, ACCOUNT_ACTOR, each, sizeof *each);
  for (Watch *each = group->watches, *next; each; each = next) next = each->next, account_free(g->accounts, ACCOUNT_ACTOR, each, sizeof *each);
  account_free(g->accounts, ACCOUNT_ACTOR, group, sizeof *group + group->size);
}

void groups_destroy(Groups *g) {
  for (uint32_t i = 0; i < g->group_heads; i++)
    for (Group *each = g->groups[i], *next; each; each = next) next = each->next, free_group(g, each);
  account_free(g->accounts, ACCOUNT_ACTOR, g->groups, g->group_heads * sizeof *g->groups);
  account_free(g->accounts, ACCOUNT_ACTOR, g->members, g->member_heads * sizeof *g->members);
  pthread_mutex_destroy(&g->lock);
}

/* ---- tables -------------------------------------------------------------------------------------------------------------------------- */

static void **grown_heads(Groups *g, uint32_t *count) {
  uint32_t wanted = *count ? *count * 2 : FIRST_HEADS;
  void **grown = account_alloc(g->accounts, ACCOUNT_ACTOR, wanted * sizeof *grown);
  if (grown) *count = wanted;
  return grown;
}

static void drop_if_empty_locked(Groups *g, Group *group) {
  if (group->first || group->watches) return;
  Group **at = &g->groups[hash_text(group->name, group->size) & (g->group_heads - 1)];
  while (*at != group) at = &(*at)->next;
  *at = group->next;
  g->group_count--;
  free_group(g, group);
}

static void drop_watch_locked(Groups *g, Group *group, Watch **at) {
  Watch *watch = *at;
  *at = watch->next;
  group->watch_count--;
  account_free(g->accounts, ACCOUNT_ACTOR, watch, sizeof *watch);
}

static void drop_dead_watches_locked(Runtime *runtime, Group *group) {
  for (Watch **at = &group->watches; *at;) {
    if (runtime_is_alive(runtime, (*at)->watcher)) at = &(*at)->next;
    else drop_watch_locked(&runtime->groups, group, at);
  }
  group->watch_limit = group->watch_count * 2 + LEAST_WATCHES;
}

/* Groups that nobody is in, and whose watchers have all ended, go. */
static void drop_forgotten_groups_locked(Runtime *runtime) {
  Groups *g = &runtime->groups;
  for (uint32_t i = 0; i < g->group_heads; i++)
    for (Group *each = g->groups[i], *next; each; each = next) {
      next = each->next;
      drop_dead_watches_locked(runtime, each);
      drop_if_empty_locked(g, each);
    }
}

static bool make_room_for_group_locked(Runtime *runtime) {
  Groups *g = &runtime->groups;
  if (g->group_count < g->group_heads) return true;
  drop_forgotten_groups_locked(runtime);
  if (g->group_count < g->group_heads / 2) return true;
  uint32_t heads = g->group_heads;
  Group **grown = (Group **)grown_heads(g, &heads);
  if (!grown) return g->group_heads != 0;
  for (uint32_t i = 0; i < g->group_heads; i++)
    for (Group *each = g->groups[i], *next; each; each = next) {
      Group **head = &grown[hash_text(each->name, each->size) & (heads - 1)];
      next = each->next;
      each->next = *head;
      *head = each;
    }
  account_free(g->accounts, ACCOUNT_ACTOR, g->groups, g->group_heads * sizeof *g->groups);
  g->groups = grown;
  g->group_heads = heads;
  return true;
}

static bool make_room_for_member_locked(Groups *g) {
  if (g->member_count < g->member_heads) return true;
  uint32_t heads = g->member_heads;
  Membership **grown = (Membership **)grown_heads(g, &heads);
  if (!grown) return g->member_heads != 0;
  for (uint32_t i = 0; i < g->member_heads; i++)
    for (Membership *each = g->members[i], *next; each; each = next) {
      Membership **head = &grown[hash_id(each->id) & (heads - 1)];
      next = each->next_with_id;
      each->next_with_id = *head;
      *head = each;
    }
  account_free(g->accounts, ACCOUNT_ACTOR, g->members, g->member_heads * sizeof *g->members);
  g->members = grown;
  g->member_heads = heads;
  return true;
}

static Group *find_group_locked(Groups *g, const char *name, size_t size) {
  Group *each = g->group_heads ? g->groups[hash_text(name, size) & (g->group_heads - 1)] : NULL;
  while (each && (each->size != size || memcmp(each->name, name, size) != 0)) each = each->next;
  return each;
}

static Group *ensure_group_locked(Runtime *runtime, const char *name, size_t size) {
  Groups *g = &runtime->groups;
  Group *group = find_group_locked(g, name, size);
  if (group || !make_room_for_group_locked(runtime)) return group;
  group = account_alloc(g->accounts, ACCOUNT_ACTOR, sizeof *group + size);
  if (!group) return NULL;
  group->last = &group->first;
  group->size = size;
  memcpy(group->name, name, size);
  Group **head = &g->groups[hash_text(name, size) & (g->group_heads - 1)];
  group->next = *head;
  *head = group;
  g->group_count++;
  return group;
}

static Membership *find_member_locked(Groups *g, const Group *group, uint64_t id) {
  Membership *each = g->member_heads ? g->members[hash_id(id) & (g->member_heads - 1)] : NULL;
  while (each && (each->id != id || each->group != group)) each = each->next_with_id;
  return each;
}

static Membership *enter_member_locked(Groups *g, Group *group, uint64_t id) {
  Membership *member = make_room_for_member_locked(g) ? account_alloc(g->accounts, ACCOUNT_ACTOR, sizeof *member) : NULL;
  if (!member) return NULL;
  Membership **head = &g->members[hash_id(id) & (g->member_heads - 1)];
  *member = (Membership){.back = group->last, .next_with_id = *head, .group = group, .id = id};
  *head = *group->last = member;
  group->last = &member->next;
  g->member_count++;
  return member;
}

/* It is out of its bucket already. */
static void remove_member_locked(Groups *g, Membership *member) {
  *member->back = member->next;
  if (member->next) member->next->back = member->back;
  else member->group->last = member->back;
  g->member_count--;
  account_free(g->accounts, ACCOUNT_ACTOR, member, sizeof *member);
}

/* ---- notices ------------------------------------------------------------------------------------------------------------------------- */

/* {#joined or #left. name. proxy. reference}, a plain message. */
static bool notify(Scheduler *s, const Group *group, const Watch *watch, const char *what, uint64_t id) {
  size_t length = strlen(what);
  Message *message = message_new(&s->messages, MESSAGE_PLAIN, 5 * WIRE_SCALAR_MAX + length + group->size);
  uint8_t *at = wire_put_array(message->bytes, 4);
  at = wire_put_extension(at, WIRE_SYMBOL, (uint32_t)length);
  memcpy(at, what, length);
  at = wire_put_string(at + length, (uint32_t)group->size);
  memcpy(at, group->name, group->size);
  at = wire_put_extension64(at + group->size, WIRE_ACTOR, id);
  at = wire_put_unsigned(at, watch->reference);
  message->size = (uint32_t)(at - message->bytes);
  message->detail = MESSAGE_NOTICE;
  if (actor_try_deliver(s, watch->watcher, message)) return true;
  message_free(&s->messages, message);
  return false;
}

/* Watches of the dead go. */
static void notify_all_locked(Scheduler *s, Group *group, const char *what, uint64_t id, uint32_t times) {
  Groups *g = &s->runtime->groups;
  for (Watch **at = &group->watches, *each; (each = *at);) {
    bool there = true;
    for (uint32_t i = 0; i < times && there; i++) there = notify(s, group, each, what, id);
    if (there) {
      at = &each->next;
    } else {
      drop_watch_locked(g, group, at);
    }
  }
}

/* ---- joining and leaving ---------------------------------------------------------------------------------------------------------------- */

/* Says that the actor has to leave its groups at its end, then looks whether it is there: who ends closes the mailbox, then looks at what is said here. */
static bool claim(Runtime *runtime, uint64_t id) {
  Actor *a = actor_table_at(&runtime->table, id);
  if (!a) return false;
  atomic_store(&a->grouped, 1);
  return runtime_is_alive(runtime, id);
}

static GroupResult join_locked(Scheduler *s, const char *name, size_t size, uint64_t id) {
  Groups *g = &s->runtime->groups;
  if (!claim(s->runtime, id)) return GROUP_NO_ACTOR;
  Group *group = ensure_group_locked(s->runtime, name, size);
  if (!group) return GROUP_NO_MEMORY;
  Membership *member = find_member_locked(g, group, id);
  if (!member) member = enter_member_locked(g, group, id);
  if (!member) return drop_if_empty_locked(g, group), GROUP_NO_MEMORY;
  member->count++;
  notify_all_locked(s, group, "joined", id, 1);
  return GROUP_DONE;
}

GroupResult groups_join(Scheduler *s, const char *name, size_t size, uint64_t id) {
  Groups *g = &s->runtime->groups;
  pthread_mutex_lock(&g->lock);
  GroupResult result = join_locked(s, name, size, id);
  pthread_mutex_unlock(&g->lock);
  return result;
}

static void leave_bucket_locked(Groups *g, const Membership *member) {
  Membership **at = &g->members[hash_id(member->id) & (g->member_heads - 1)];
  while (*at != member) at = &(*at)->next_with_id;
  *at = member->next_with_id;
}

GroupResult groups_leave(Scheduler *s, const char *name, size_t size, uint64_t id) {
  Groups *g = &s->runtime->groups;
  pthread_mutex_lock(&g->lock);
  Group *group = find_group_locked(g, name, size);
  Membership *member = group ? find_member_locked(g, group, id) : NULL;
  if (member) {
    if (--member->count == 0) leave_bucket_locked(g, member), remove_member_locked(g, member);
    notify_all_locked(s, group, "left", id, 1);
    drop_if_empty_locked(g, group);
  }
  pthread_mutex_unlock(&g->lock);
  return member ? GROUP_DONE : GROUP_NOT_MEMBER;
}

void groups_leave_all(Scheduler *s, uint64_t id) {
  Groups *g = &s->runtime->groups;
  pthread_mutex_lock(&g->lock);
  for (Membership **at = g->member_heads ? &g->members[hash_id(id) & (g->member_heads - 1)] : NULL, *each; at && (each = *at);) {
    if (each->id != id) {
      at = &each->next_with_id;
      continue;
    }
    Group *group = each->group;
    uint32_t times = each->count;
    *at = each->next_with_id;
    remove_member_locked(g, each);
    notify_all_locked(s, group, "left", id, times);
    drop_if_empty_locked(g, group);
  }
  pthread_mutex_unlock(&g->lock);
}

/* ---- asking -------------------------------------------------------------------------------------------------------------------------------- */

static bool watch_locked(Runtime *runtime, const char *name, size_t size, uint64_t watcher, uint64_t reference) {
  Groups *g = &runtime->groups;
  Group *group = ensure_group_locked(runtime, name, size);
  if (group && group->watch_count >= group->watch_limit) drop_dead_watches_locked(runtime, group);
  Watch *watch = group ? account_alloc(g->accounts, ACCOUNT_ACTOR, sizeof *watch) : NULL;
  if (group && !watch) drop_if_empty_locked(g, group);
  if (!watch) return false;
  *watch = (Watch){group->watches, watcher, reference};
  group->watches = watch;
  group->watch_count++;
  return true;
}

static uint64_t count_members(const Group *group) {
  uint64_t count = 0;
  for (const Membership *each = group ? group->first : NULL; each; each = each->next) count += each->count;
  return count;
}

uint64_t groups_members(Runtime *runtime, const char *name, size_t size, uint64_t watcher, uint64_t reference, uint64_t **ids) {
  Groups *g = &runtime->groups;
  pthread_mutex_lock(&g->lock);
  bool ok = !reference || watch_locked(runtime, name, size, watcher, reference);
  const Group *group = find_group_locked(g, name, size);
  uint64_t count = count_members(group), at = 0;
  *ids = ok && count ? account_alloc_dirty(g->accounts, ACCOUNT_ACTOR, count * sizeof **ids) : NULL;
  for (const Membership *each = *ids ? group->first : NULL; each; each = each->next)
    for (uint32_t i = 0; i < each->count; i++) (*ids)[at++] = each->id;
  pthread_mutex_unlock(&g->lock);
  return ok ? count : 1;
}

bool groups_unwatch(Runtime *runtime, const char *name, size_t size, uint64_t watcher, uint64_t reference) {
  Groups *g = &runtime->groups;
  bool found = false;
  pthread_mutex_lock(&g->lock);
  Group *group = find_group_locked(g, name, size);
  for (Watch **at = group ? &group->watches : NULL, *each; at && !found && (each = *at); at = &each->next) {
    if (each->watcher != watcher || each->reference != reference) continue;
    found = true;
    drop_watch_locked(g, group, at);
    break;
  }
  if (found) drop_if_empty_locked(g, group);
  pthread_mutex_unlock(&g->lock);
  return found;
}

void groups_each(Runtime *runtime, void (*each)(void *context, const char *name, size_t size), void *context) {
  Groups *g = &runtime->groups;
  pthread_mutex_lock(&g->lock);
  for (uint32_t i = 0; i < g->group_heads; i++)
    for (const Group *group = g->groups[i]; group; group = group->next)
      if (group->first) each(context, group->name, group->size);
  pthread_mutex_unlock(&g->lock);
}
