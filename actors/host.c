/* SPDX-License-Identifier: MIT */
/* host.c -- the real clocks and generator, and those that follow from a seed. */
#include "host.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

/* Where virtual time begins: an hour after the machine was started, on the first day of 2026. */
#define EPOCH_MONOTONIC_NS ((uint64_t)3600 * 1000000000u)
#define EPOCH_WALL_NS ((uint64_t)1767225600 * 1000000000u)

static uint64_t clock_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t system_now(Host *host) { return (void)host, clock_ns(CLOCK_MONOTONIC); }
static uint64_t system_wall(Host *host) { return (void)host, clock_ns(CLOCK_REALTIME); }
static uint64_t virtual_now(Host *host) { return host->virtual_now; }
static uint64_t virtual_wall(Host *host) { return host->virtual_now - EPOCH_MONOTONIC_NS + EPOCH_WALL_NS; }

/* SplitMix64: the state is a counter, so threads may share it. */
static uint64_t next_random(Host *host) {
  uint64_t z = atomic_fetch_add_explicit(&host->state, 0x9e3779b97f4a7c15u, memory_order_relaxed);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

void host_init_system(Host *host, uint64_t seed) {
  if (!seed && getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = 1;
  *host = (Host){.now = system_now, .wall = system_wall, .random = next_random};
  atomic_store(&host->state, seed);
}

void host_init_seeded(Host *host, uint64_t seed) {
  *host = (Host){.now = virtual_now, .wall = virtual_wall, .random = next_random, .virtual_now = EPOCH_MONOTONIC_NS, .seeded = true};
  atomic_store(&host->state, seed * 0xda942042e4dd58b5u + 1);
}
