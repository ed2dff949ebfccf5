/* SPDX-License-Identifier: MIT */
/* host.c -- the real clock and generator. */
#include "host.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

static uint64_t system_now(Host *host) {
  struct timespec t;
  (void)host;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* SplitMix64: the state is a counter, so threads may share it. */
static uint64_t system_random(Host *host) {
  uint64_t z = atomic_fetch_add_explicit(&host->state, 0x9e3779b97f4a7c15u, memory_order_relaxed);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

void host_init_system(Host *host, uint64_t seed) {
  if (!seed && getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = 1;
  host->now = system_now;
  host->random = system_random;
  host->context = 0;
  atomic_store(&host->state, seed);
}
