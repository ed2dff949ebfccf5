/* SPDX-License-Identifier: MIT */
/* host.h -- time, chance and choice: everything outside the program that decides what happens next.
 *
 * The runtime asks nothing else.  With a host that counts and one scheduler, the whole run follows from a seed. */
#ifndef ATOLL_HOST_H
#define ATOLL_HOST_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Host Host;
struct Host {
  uint64_t (*now)(Host *host);    /* nanoseconds, never backwards.  Any thread */
  uint64_t (*wall)(Host *host);   /* nanoseconds since 1970-01-01 UTC.  Any thread */
  uint64_t (*random)(Host *host); /* 64 bits.  Any thread */
  _Atomic uint64_t state;         /* of the generator */
  uint64_t virtual_now;           /* one thread only */
  bool seeded;
};

/* The real clocks, and a generator seeded from SEED (0: from the system). */
void host_init_system(Host *host, uint64_t seed);

/* Virtual time, which passes only in host_advance, and a generator that makes all choices from SEED.  For one scheduler (seeded.h). */
void host_init_seeded(Host *host, uint64_t seed);
static inline void host_advance(Host *host, uint64_t nanoseconds) { host->virtual_now += nanoseconds; }

static inline uint64_t host_now(Host *host) { return host->now(host); }
static inline uint64_t host_wall(Host *host) { return host->wall(host); }
static inline uint64_t host_random(Host *host) { return host->random(host); }
/* One of 0 .. N-1. */
static inline uint64_t host_choose(Host *host, uint64_t n) { return n > 1 ? host_random(host) % n : 0; }

#endif
