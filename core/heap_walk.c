/* SPDX-License-Identifier: MIT */
/* heap_walk.c -- see heap_walk.h. */
#include "heap_walk.h"

#include "memory_internal.h"
#include "weak.h"

static void each_in_range(char *p, const char *end, void (*visit)(void *, Object *), void *context) {
  while (p < end) {
    Object *object = (Object *)p;
    p += object_total_bytes(object);
    visit(context, object);
  }
}

void heap_each_object(Machine *m, void (*visit)(void *context, Object *object), void *context) {
  each_in_range(m->nursery, m->alloc, visit, context);
  if (!m->old) return;
  for (OldChunk *chunk = m->old->chunks; chunk; chunk = chunk->next) each_in_range((char *)chunk->data, chunk->alloc, visit, context);
  for (LargeObject *large = m->old->large; large; large = large->next) visit(context, &large->object);
}

void heap_each_source_object(Machine *m, void (*visit)(void *context, Object *object), void *context) {
  const SourceSpan *spans[] = {&m->source->base, &m->source->layer};
  for (int s = 0; s < 2; s++)
    for (uint64_t word = 0; word < spans[s]->size / 8; word++)
      if (spans[s]->object_starts[word >> 6] >> (word & 63) & 1) {
        Oop x = spans[s]->start + word * 8;
        if (oop_resolve(m, x) == x) visit(context, oop_to_object(x));
      }
}

typedef struct Mapping {
  Machine *m;
  OopMap map;
  void *context;
} Mapping;

static void map_object(void *context, Object *object) {
  Mapping *mapping = context;
  size_t count = object_pointer_slots(object);
  for (size_t i = 0; i < count; i++) {
    Oop x = object->slots[i], y = mapping->map(mapping->context, x);
    if (y != x) machine_store(mapping->m, object, i, y);
  }
}

void heap_map_references(Machine *m, OopMap map, void *context) {
  Mapping mapping = {m, map, context};
  Oop *top = machine_stack_top(m);
  if (top > m->stack_limit) top = m->stack_limit;
  for (Oop *slot = m->stack; slot < top; slot++) *slot = map(context, *slot);
  for (int i = 0; i < ROOT_COUNT; i++) m->roots[i] = map(context, m->roots[i]);
  for (unsigned i = 0; i < m->handle_count; i++) m->handles[i] = map(context, m->handles[i]);
  m->selector = map(context, m->selector);
  for (uint32_t i = m->weak ? m->weak->mourned : 0; m->weak && i < m->weak->mourner_count; i++)
    m->weak->mourners[i].object = map(context, m->weak->mourners[i].object);
  heap_each_object(m, map_object, &mapping);
  if (!m->shadows) return;
  for (uint32_t i = 0; i <= m->shadows->mask; i++)
    if (m->shadows->entries[i].original) m->shadows->entries[i].copy = map(context, m->shadows->entries[i].copy);
}
