/* SPDX-License-Identifier: MIT */
/* window.c -- the reservation of address space for source images, and who has which slot. */
#define _GNU_SOURCE
#include "window.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "oop.h"

#ifdef ATOLL_SMALL_WINDOW
#define WINDOW_PREFERRED ((uint64_t)0x1000000000)
#else
#define WINDOW_PREFERRED ((uint64_t)0x200000000000)
#endif

/* The only state of this layer that changes: which slots are in use, under its lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char taken[WINDOW_SLOTS];

static void *reserve(uint64_t address) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address ? MAP_FIXED_NOREPLACE : 0);
  void *at = mmap((void *)(uintptr_t)address, WINDOW_SIZE, PROT_NONE, flags, -1, 0);
  if (at == MAP_FAILED) return NULL;
  if (address && (uintptr_t)at != address) { /* a kernel that takes the address as a hint */
    munmap(at, WINDOW_SIZE);
    return NULL;
  }
  return at;
}

bool window_init(void) {
  pthread_mutex_lock(&lock);
  const char *where = getenv("ATOLL_WINDOW");
  if (!window_base) {
    void *at = where && strcmp(where, "elsewhere") == 0 ? NULL : reserve(WINDOW_PREFERRED);
    if (!at) at = reserve(0);
    window_base = (uint64_t)(uintptr_t)at;
  }
  pthread_mutex_unlock(&lock);
  return window_base != 0;
}

uint64_t window_preferred_address(unsigned slot) { return WINDOW_PREFERRED + ((uint64_t)slot << WINDOW_SLOT_SHIFT); }

static bool is_free(unsigned slot, size_t count) {
  if (count > WINDOW_SLOTS - slot) return false;
  for (size_t i = 0; i < count; i++)
    if (taken[slot + i]) return false;
  return true;
}

static size_t slots_for(size_t size) { return (size >> WINDOW_SLOT_SHIFT) + (size % ((size_t)1 << WINDOW_SLOT_SHIFT) != 0); }

uint64_t window_take(unsigned preferred, size_t size) {
  size_t count = slots_for(size);
  uint64_t address = 0;
  assert(window_base); /* window_init comes first */
  pthread_mutex_lock(&lock);
  for (unsigned i = 0; i < WINDOW_SLOTS && !address; i++) {
    unsigned slot = (preferred + i) % WINDOW_SLOTS;
    if (!is_free(slot, count)) continue;
    memset(taken + slot, 1, count);
    address = window_base + ((uint64_t)slot << WINDOW_SLOT_SHIFT);
  }
  pthread_mutex_unlock(&lock);
  return address;
}

void window_give_back(uint64_t address, size_t size) {
  size_t count = slots_for(size);
  unsigned slot = (unsigned)((address - window_base) >> WINDOW_SLOT_SHIFT);
  mmap((void *)(uintptr_t)address, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  pthread_mutex_lock(&lock);
  memset(taken + slot, 0, count);
  pthread_mutex_unlock(&lock);
}
