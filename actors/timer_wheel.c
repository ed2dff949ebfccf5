/* SPDX-License-Identifier: MIT */
/* timer_wheel.c -- see timer_wheel.h. */
#include "timer_wheel.h"

#include <stddef.h>
#include <string.h>

enum { LEVEL_BITS = 6 };

void timer_wheel_init(TimerWheel *wheel, uint64_t now_ns) {
  memset(wheel, 0, sizeof *wheel);
  wheel->now = now_ns / TIMER_TICK_NS;
}

/* The level whose digit is the highest in which DEADLINE and the wheel's time differ. */
static unsigned level_of(const TimerWheel *wheel, uint64_t deadline) {
  uint64_t differs = (deadline ^ wheel->now) | 1;
  unsigned level = (63 - (unsigned)__builtin_clzll(differs)) / LEVEL_BITS;
  return level < WHEEL_LEVELS ? level : WHEEL_LEVELS - 1;
}

static void insert(TimerWheel *wheel, TimerNode *node) {
  unsigned level = level_of(wheel, node->deadline);
  unsigned slot = node->deadline >> level * LEVEL_BITS & (WHEEL_SLOTS - 1);
  TimerNode **head = &wheel->slots[level][slot];
  node->level = (uint8_t)level;
  node->slot = (uint8_t)slot;
  node->next = NULL;
  node->back = *head ? &wheel->last[level][slot]->next : head;
  *node->back = node;
  wheel->last[level][slot] = node;
  wheel->occupied[level] |= (uint64_t)1 << slot;
}

static void unlink_node(TimerWheel *wheel, TimerNode *node) {
  TimerNode **head = &wheel->slots[node->level][node->slot];
  *node->back = node->next;
  if (node->next) node->next->back = node->back;
  else if (*head) wheel->last[node->level][node->slot] = (TimerNode *)((char *)node->back - offsetof(TimerNode, next));
  node->back = NULL;
  if (!*head) wheel->occupied[node->level] &= ~((uint64_t)1 << node->slot);
}

/* Farther than the wheel turns: as far as it goes; taking it out early only puts it back. */
static uint64_t horizon(const TimerWheel *wheel) { return wheel->now + ((uint64_t)1 << (WHEEL_LEVELS * LEVEL_BITS - 1)); }

void timer_wheel_start(TimerWheel *wheel, TimerNode *node, uint64_t deadline_ns) {
  uint64_t deadline = deadline_ns / TIMER_TICK_NS + (deadline_ns % TIMER_TICK_NS != 0);
  if (deadline <= wheel->now) deadline = wheel->now + 1;
  if (deadline > horizon(wheel)) deadline = horizon(wheel);
  node->deadline = deadline;
  insert(wheel, node);
  wheel->count++;
}

void timer_wheel_stop(TimerWheel *wheel, TimerNode *node) {
  unlink_node(wheel, node);
  wheel->count--;
}

/* The next tick at which a slot is due or has to move down, and which. */
static bool next_slot(const TimerWheel *wheel, uint64_t *tick, unsigned *level_out, unsigned *slot_out) {
  bool found = false;
  for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
    if (!wheel->occupied[level]) continue;
    unsigned shift = level * LEVEL_BITS, digit = wheel->now >> shift & (WHEEL_SLOTS - 1);
    uint64_t turned = wheel->occupied[level] >> digit | (digit ? wheel->occupied[level] << (WHEEL_SLOTS - digit) : 0);
    unsigned ahead = (unsigned)__builtin_ctzll(turned);
    uint64_t at = ((wheel->now >> shift) + ahead) << shift;
    if (at < wheel->now) at = wheel->now;
    if (found && at >= *tick) continue;
    found = true;
    *tick = at;
    *level_out = level;
    *slot_out = (digit + ahead) & (WHEEL_SLOTS - 1);
  }
  return found;
}

static void move_down(TimerWheel *wheel, unsigned level, unsigned slot) {
  TimerNode *node = wheel->slots[level][slot];
  wheel->slots[level][slot] = NULL;
  wheel->occupied[level] &= ~((uint64_t)1 << slot);
  for (TimerNode *next; node; node = next) {
    next = node->next;
    insert(wheel, node);
  }
}

TimerNode *timer_wheel_take_due(TimerWheel *wheel, uint64_t now_ns) {
  uint64_t now = now_ns / TIMER_TICK_NS, tick;
  unsigned level, slot;
  while (wheel->count && next_slot(wheel, &tick, &level, &slot) && tick <= now) {
    if (tick > wheel->now) wheel->now = tick;
    TimerNode *node = wheel->slots[level][slot];
    if (level > 0) {
      move_down(wheel, level, slot);
    } else {
      timer_wheel_stop(wheel, node);
      return node;
    }
  }
  if (now > wheel->now) wheel->now = now;
  return NULL;
}

bool timer_wheel_next(const TimerWheel *wheel, uint64_t *deadline_ns) {
  uint64_t tick;
  unsigned level, slot;
  if (!wheel->count || !next_slot(wheel, &tick, &level, &slot)) return false;
  *deadline_ns = tick * TIMER_TICK_NS;
  return true;
}
