/* SPDX-License-Identifier: MIT */
/* send_cache.h -- what a send site with a given receiver class ends up running.
 *
 * One table serves all sites: the key is the address of the send instruction and the class index.  The first class that a site sees has a place that
 * the site alone decides, so finding it does not wait for the class of the receiver, which is only compared; further classes have places by site and
 * class.  What perform: finds stands in the same table: the site is its selector then.  A cache that a thread lends to all machines on one S holds
 * sites, classes and methods of that S only; a machine that runs code of its W, or whose classes or methods differ from its S, has a
 * cache of its own.  That one loses what refers to W at every collection (W moves), and everything when behaviour changes. */
#ifndef ATOLL_SEND_CACHE_H
#define ATOLL_SEND_CACHE_H

#include "machine.h"
#include "primitive.h"

typedef struct SendCacheEntry {
  uint64_t key; /* 0: empty */
  Object *code;
  union {
    const uint32_t *words;       /* SEND_METHOD: first instruction */
    PrimitiveFunction primitive; /* SEND_PRIMITIVE, SEND_ANY_MESSAGE */
    Oop constant;                /* SEND_CONSTANT, an immediate */
    size_t slot;                 /* SEND_GETTER, SEND_SETTER */
    uint64_t header;             /* SEND_NEW..: of an instance, its hash excepted */
  };
  uint16_t registers;
  uint8_t kind;
  uint8_t argc;
} SendCacheEntry;

enum SendKind {
  SEND_METHOD,      /* activates code */
  SEND_PRIMITIVE,   /* calls primitive first */
  SEND_QUICK,       /* the same of one that neither moves objects nor changes frames (PRIMITIVE_QUICK) */
  SEND_PERFORM,     /* perform: and its like: the first argument is the selector (PRIMITIVE_PERFORM) */
  SEND_NEW,         /* basicNew of a class whose instances hold references (PRIMITIVE_NEW) */
  SEND_NEW_SIZED,   /* basicNew: of one whose instances have indexed slots as well */
  SEND_ANY_MESSAGE, /* the primitive of doesNotUnderstand: takes it (PRIMITIVE_ANY_MESSAGE) */
  SEND_GETTER,      /* the method is `^ instance variable`: no frame is made */
  SEND_SETTER,      /* the method is `instance variable := its argument` */
  SEND_CONSTANT,    /* the method is `^ nil`, true, false or a small integer */
  SEND_SELF         /* the method is `^ self` */
};

struct SendCache {
  uint32_t mask;  /* capacity - 1 */
  uint32_t fills; /* of a machine's own cache: since it was made; it grows when there are many */
  SendCacheEntry entries[];
};

enum { SEND_CACHE_THREAD = 4096, SEND_CACHE_OWN_FIRST = 16, SEND_CACHE_OWN_MAX = 4096 };

SendCache *send_cache_new(Accounts *accounts, uint32_t capacity);
void send_cache_delete(Accounts *accounts, SendCache *cache);
void send_cache_clear(SendCache *cache);

/* FOUND is what RECEIVER runs for SELECTOR, so the next perform: of it need not look it up.  It takes the place of any entry. */
void send_cache_note_performed(Machine *m, Oop receiver, Oop selector, Oop found);

/* What RECEIVER runs for SELECTOR, a Symbol; 0: nothing. */
Oop send_cache_lookup(Machine *m, Oop receiver, Oop selector);

static inline uint64_t send_key(const uint32_t *site, uint32_t class_index) {
  return (uint64_t)(uintptr_t)site << (CLASS_INDEX_BITS - 2) | class_index;
}
static inline uint64_t send_key_site(uint64_t key) { return key >> CLASS_INDEX_BITS << 2; }
static inline uint32_t send_key_class(uint64_t key) { return (uint32_t)(key & CLASS_INDEX_MASK); }
static inline SendCacheEntry *send_cache_first(SendCache *cache, const uint32_t *site) {
  return &cache->entries[(uintptr_t)site >> 2 & cache->mask];
}
static inline SendCacheEntry *send_cache_second(SendCache *cache, uint64_t key) {
  return &cache->entries[((uint32_t)(key >> CLASS_INDEX_BITS) ^ send_key_class(key) * 0x9e5u) & cache->mask];
}

/* NULL: there is none. */
static inline SendCacheEntry *send_cache_find(SendCache *cache, const uint32_t *site, uint32_t class_index) {
  uint64_t key = send_key(site, class_index);
  SendCacheEntry *entry = send_cache_first(cache, site);
  if (__builtin_expect(entry->key == key, 1)) return entry;
  entry = send_cache_second(cache, key);
  return entry->key == key ? entry : NULL;
}

/* Where the entry for a site and class that has none goes. */
static inline SendCacheEntry *send_cache_place(SendCache *cache, const uint32_t *site, uint32_t class_index) {
  SendCacheEntry *first = send_cache_first(cache, site), *second = send_cache_second(cache, send_key(site, class_index));
  if (!first->key) return first;
  if (!second->key || send_key_site(first->key) == (uint64_t)(uintptr_t)site) return second;
  *send_cache_second(cache, first->key) = *first; /* that of another site gives way */
  return first;
}

#endif
