/* SPDX-License-Identifier: MIT */
/* host.h -- time, chance and choice: everything outside the program that decides what happens next.
 *
 * The runtime asks nothing else.  With a host that counts and one scheduler, the whole run follows from a seed. */
#ifndef ATOLL_HOST_H
#define ATOLL_HOST_H

#include <stdint.h>

typedef struct Host Host;
struct Host {
  uint64_t (*now)(Host *host);    /* nanoseconds, never backwards.  Any thread */
  uint64_t (*random)(Host *host); /* 64 bits.  Any thread */
  void *context;
  _Atomic uint64_t state;
};

/* The real clock, and a generator seeded from SEED (0: from the system). */
void host_init_system(Host *host, uint64_t seed);

static inline uint64_t host_now(Host *host) { return host->now(host); }
static inline uint64_t host_random(Host *host) { return host->random(host); }
/* One of 0 .. N-1. */
static inline uint64_t host_choose(Host *host, uint64_t n) { return n > 1 ? host_random(host) % n : 0; }

#endif
