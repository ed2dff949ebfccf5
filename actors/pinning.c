/* SPDX-License-Identifier: MIT */
/* pinning.c -- scheduler threads and the system's scheduler: `--pin`, cores of their own; always, short slices. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* struct sched_attr, which not every libc has. */
typedef struct ThreadAttributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period; /* runtime: of an ordinary thread, its slice (Linux 6.12; before that it is not looked at) */
} ThreadAttributes;

enum { SLICE_NS = 100000, RESET_ON_FORK = 1 };

void ask_for_short_slices(void) {
  ThreadAttributes now = {0};
  if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) || now.policy != SCHED_OTHER) return;
  ThreadAttributes wanted = {.size = sizeof wanted, .policy = now.policy, .flags = RESET_ON_FORK, .nice = now.nice, .runtime = SLICE_NS};
  syscall(SYS_sched_setattr, 0, &wanted, 0);
}
