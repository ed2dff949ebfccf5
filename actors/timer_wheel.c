/* SPDX-License-Identifier: MIT */
/* timer_wheel.c -- see timer_wheel.h. */
#include "timer_wheel.h"

#include <stddef.h>
#include <string.h>

enum { LEVEL_BITS = 8, FETCH_AHEAD = 4 };

void timer_wheel_init(TimerWheel *wheel, uint64_t now_ns) {
  memset(wheel->occupied, 0, sizeof wheel->occupied);
  wheel->count = 0;
  wheel->now = now_ns / TIMER_TICK_NS;
}

/* The level whose digit is the highest in which DEADLINE and the wheel's time differ. */
static unsigned level_of(const TimerWheel *wheel, uint64_t deadline) {
  uint64_t differs = (deadline ^ wheel->now) | 1;
  unsigned level = (63 - (unsigned)__builtin_clzll(differs)) / LEVEL_BITS;
  return level < WHEEL_LEVELS ? level : WHEEL_LEVELS - 1;
}

static bool is_occupied(const TimerWheel *wheel, unsigned level, unsigned slot) { return wheel->occupied[level][slot / 64] >> slot % 64 & 1; }

/* NODE, the last in its slot with its list beginning at FIRST, is what the one some places before it looks ahead to. */
static void announce(TimerNode **first, TimerNode *node) {
  TimerNode *early = node;
  for (unsigned n = 0; n < FETCH_AHEAD; n++) {
    if (early->back == first) return;
    early = (TimerNode *)((char *)early->back - offsetof(TimerNode, next));
  }
  early->ahead = node;
}

static void insert(TimerWheel *wheel, TimerNode *node) {
  unsigned level = level_of(wheel, node->deadline);
  unsigned slot = node->deadline >> level * LEVEL_BITS & (WHEEL_SLOTS - 1);
  node->level = (uint8_t)level;
  node->slot = (uint8_t)slot;
  node->next = node->ahead = NULL;
  node->back = is_occupied(wheel, level, slot) ? &wheel->last[level][slot]->next : &wheel->slots[level][slot];
  *node->back = node;
  announce(&wheel->slots[level][slot], node);
  wheel->last[level][slot] = node;
  wheel->occupied[level][slot / 64] |= (uint64_t)1 << slot % 64;
}

static void vacate(TimerWheel *wheel, unsigned level, unsigned slot) { wheel->occupied[level][slot / 64] &= ~((uint64_t)1 << slot % 64); }

static void unlink_node(TimerWheel *wheel, TimerNode *node) {
  TimerNode **head = &wheel->slots[node->level][node->slot];
  *node->back = node->next;
  if (node->next) node->next->back = node->back;
  else if (*head) wheel->last[node->level][node->slot] = (TimerNode *)((char *)node->back - offsetof(TimerNode, next));
  node->back = NULL;
  if (!*head) vacate(wheel, node->level, node->slot);
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

/* How many slots ahead of FROM, turning round, the next one is that is occupied.  False: none is. */
static bool slots_ahead(const uint64_t *occupied, unsigned from, unsigned *ahead) {
  for (unsigned n = 0; n <= WHEEL_WORDS; n++) {
    unsigned word = (from / 64 + n) % WHEEL_WORDS;
    uint64_t bits = occupied[word];
    if (n == 0) bits &= ~(uint64_t)0 << from % 64;
    if (!bits) continue;
    *ahead = (word * 64 + (unsigned)__builtin_ctzll(bits) - from) & (WHEEL_SLOTS - 1);
    return true;
  }
  return false;
}

/* The next tick at which a slot is due or has to move down, and which. */
static bool next_slot(const TimerWheel *wheel, uint64_t *tick, unsigned *level_out, unsigned *slot_out) {
  bool found = false;
  for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
    unsigned shift = level * LEVEL_BITS, digit = wheel->now >> shift & (WHEEL_SLOTS - 1), ahead;
    if (!slots_ahead(wheel->occupied[level], digit, &ahead)) continue;
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
  vacate(wheel, level, slot);
  for (TimerNode *next; node; node = next) {
    next = node->next;
    __builtin_prefetch(node->ahead, 1);
    insert(wheel, node);
  }
}

static TimerNode *take_first(TimerWheel *wheel, unsigned slot, TimerNode **next) {
  TimerNode *node = wheel->slots[0][slot];
  if (next) *next = node->next;
  timer_wheel_stop(wheel, node);
  return node;
}

TimerNode *timer_wheel_take_due(TimerWheel *wheel, uint64_t now_ns, TimerNode **next) {
  uint64_t now = now_ns / TIMER_TICK_NS, tick;
  unsigned level, slot = wheel->now & (WHEEL_SLOTS - 1);
  if (!wheel->count) return wheel->now = now > wheel->now ? now : wheel->now, NULL;
  if (wheel->now <= now && is_occupied(wheel, 0, slot)) return take_first(wheel, slot, next);
  while (next_slot(wheel, &tick, &level, &slot) && tick <= now) {
    if (tick > wheel->now) wheel->now = tick;
    if (level == 0) return take_first(wheel, slot, next);
    move_down(wheel, level, slot);
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
