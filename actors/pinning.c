/* SPDX-License-Identifier: MIT */
/* pinning.c -- `--pin`: scheduler threads on cores of their own. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "runtime_internal.h"

_Static_assert(sizeof(cpu_set_t) <= sizeof((Runtime *)0)->cores, "a set of cores fits");

void pinning_begin(Runtime *runtime) { sched_getaffinity(0, sizeof(cpu_set_t), (cpu_set_t *)runtime->cores); }

void pin_thread(const Runtime *runtime, unsigned number) {
  const cpu_set_t *cores = (const cpu_set_t *)runtime->cores;
  int count = CPU_COUNT(cores);
  unsigned skip = count ? number % (unsigned)count : 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    cpu_set_t one;
    if (!CPU_ISSET(cpu, cores) || skip--) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    return;
  }
}

void pinning_end(const Runtime *runtime) { pthread_setaffinity_np(pthread_self(), sizeof(cpu_set_t), (const cpu_set_t *)runtime->cores); }
