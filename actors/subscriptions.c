/* SPDX-License-Identifier: MIT */
/* subscriptions.c -- somebody else's promises that are to be settled by this actor: when one of its own is, when it answers a request that it has put off, at its end.
 *
 *     buckets: last subscription + 1, or 0        subscriptions: promise, actor, number, next in the bucket (or of the free ones)
 *
 * Found by our promise, or by whose request it is.  When all places are taken, those of actors that have ended in the meantime are given up before there are more. */
#include "runtime_internal.h"

enum { LEAST_PLACES = 4 };

static uint32_t bucket_of(const ActorExtra *extra, const Subscription *x) {
  uint64_t key = x->promise && x->promise != SUBSCRIBE_END ? x->promise : x->actor ^ x->number * 3;
  return (uint32_t)(key * 0x9e3779b97f4a7c15u >> 32) & (extra->subscription_capacity - 1);
}

static void link_in(ActorExtra *extra, uint32_t place) {
  uint32_t *bucket = &extra->subscription_buckets[bucket_of(extra, &extra->subscriptions[place])];
  extra->subscriptions[place].next = *bucket;
  *bucket = place + 1;
}

static void free_place(ActorExtra *extra, uint32_t place) {
  extra->subscriptions[place] = (Subscription){.next = extra->subscription_free};
  extra->subscription_free = place + 1;
}

/* All that are in use into their buckets, all others on the free list. */
static void rebuild(Actor *a, bool (*is_kept)(Runtime *runtime, uint64_t actor)) {
  ActorExtra *extra = a->extra;
  memset(extra->subscription_buckets, 0, extra->subscription_capacity * sizeof *extra->subscription_buckets);
  extra->subscription_free = extra->subscription_count = 0;
  for (uint32_t place = extra->subscription_capacity; place-- > 0;) {
    uint64_t actor = extra->subscriptions[place].actor;
    if (!actor || !is_kept(a->scheduler->runtime, actor)) free_place(extra, place);
    else extra->subscription_count++, link_in(extra, place);
  }
}

static bool is_any(Runtime *runtime, uint64_t actor) { return (void)runtime, actor != 0; }

static bool grow(Actor *a) {
  ActorExtra *extra = a->extra;
  Accounts *accounts = a->scheduler->runtime->accounts;
  uint32_t old = extra->subscription_capacity, capacity = old ? old * 2 : LEAST_PLACES;
  if (capacity > UINT32_MAX / 4) return false;
  uint32_t *buckets = account_alloc(accounts, ACCOUNT_ACTOR, capacity * sizeof *buckets);
  Subscription *grown = buckets ? account_realloc(accounts, ACCOUNT_ACTOR, extra->subscriptions, old * sizeof *grown, capacity * sizeof *grown) : NULL;
  if (!grown) return account_free(accounts, ACCOUNT_ACTOR, buckets, capacity * sizeof *buckets), false;
  account_free(accounts, ACCOUNT_ACTOR, extra->subscription_buckets, old * sizeof *buckets);
  memset(grown + old, 0, (capacity - old) * sizeof *grown);
  extra->subscriptions = grown;
  extra->subscription_buckets = buckets;
  extra->subscription_capacity = capacity;
  rebuild(a, is_any);
  return true;
}

static bool ensure_place(Actor *a) {
  ActorExtra *extra = actor_extra(a);
  if (extra->subscription_free) return true;
  if (extra->subscription_capacity) rebuild(a, runtime_is_alive);
  return extra->subscription_count * 4 < extra->subscription_capacity * 3 || grow(a);
}

bool promise_subscribe(Actor *a, uint64_t promise, uint64_t actor, uint64_t number) {
  if (!ensure_place(a)) return false;
  ActorExtra *extra = a->extra;
  uint32_t place = extra->subscription_free - 1;
  extra->subscription_free = extra->subscriptions[place].next;
  extra->subscriptions[place] = (Subscription){promise, actor, number, 0};
  extra->subscription_count++;
  link_in(extra, place);
  return true;
}

/* The first one in its bucket that is like WANTED; ACTOR 0: any of that promise. */
static bool take(Actor *a, const Subscription *wanted, Subscription *taken) {
  ActorExtra *extra = a->extra;
  if (!extra || !extra->subscription_count) return false;
  for (uint32_t *at = &extra->subscription_buckets[bucket_of(extra, wanted)]; *at; at = &extra->subscriptions[*at - 1].next) {
    uint32_t place = *at - 1;
    const Subscription *x = &extra->subscriptions[place];
    if (x->promise != wanted->promise || (wanted->actor && (x->actor != wanted->actor || x->number != wanted->number))) continue;
    *taken = *x;
    *at = x->next;
    free_place(extra, place);
    extra->subscription_count--;
    return true;
  }
  return false;
}

bool subscriptions_take(Actor *a, uint64_t promise, Subscription *taken) { return take(a, &(Subscription){.promise = promise}, taken); }

bool subscriptions_take_detached(Actor *a, uint64_t actor, uint64_t number) {
  Subscription taken;
  return take(a, &(Subscription){.actor = actor, .number = number}, &taken);
}

bool subscriptions_take_end(Actor *a, uint64_t actor, uint64_t number) {
  Subscription taken;
  return take(a, &(Subscription){.promise = SUBSCRIBE_END, .actor = actor, .number = number}, &taken);
}

bool subscriptions_include(const Actor *a, uint64_t promise) {
  const ActorExtra *extra = a->extra;
  if (!extra || !extra->subscription_count) return false;
  const Subscription wanted = {.promise = promise}, *x;
  for (uint32_t at = extra->subscription_buckets[bucket_of(extra, &wanted)]; at; at = x->next) {
    x = &extra->subscriptions[at - 1];
    if (x->promise == promise) return true;
  }
  return false;
}

bool subscriptions_has_detached(const Actor *a, uint64_t actor, uint64_t number) {
  const ActorExtra *extra = a->extra;
  if (!extra || !extra->subscription_count) return false;
  if (!actor) {
    for (uint32_t place = 0; place < extra->subscription_capacity; place++)
      if (extra->subscriptions[place].actor && !extra->subscriptions[place].promise) return true;
    return false;
  }
  const Subscription wanted = {.actor = actor, .number = number}, *x;
  for (uint32_t at = extra->subscription_buckets[bucket_of(extra, &wanted)]; at; at = x->next) {
    x = &extra->subscriptions[at - 1];
    if (!x->promise && x->actor == actor && x->number == number) return true;
  }
  return false;
}

void subscriptions_destroy(Actor *a) {
  Accounts *accounts = a->scheduler->runtime->accounts;
  ActorExtra *extra = a->extra;
  account_free(accounts, ACCOUNT_ACTOR, extra->subscriptions, extra->subscription_capacity * sizeof *extra->subscriptions);
  account_free(accounts, ACCOUNT_ACTOR, extra->subscription_buckets, extra->subscription_capacity * sizeof *extra->subscription_buckets);
  extra->subscriptions = NULL;
  extra->subscription_buckets = NULL;
  extra->subscription_count = extra->subscription_capacity = extra->subscription_free = 0;
}
