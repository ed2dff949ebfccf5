/* SPDX-License-Identifier: MIT */
/* debug.c -- debug switches, the heap verifier, printing for humans in trouble. */
#include "debug.h"

#include <stdio.h>
#include <stdlib.h>

#include "frames.h"
#include "memory_internal.h"

#ifdef ATOLL_DEBUG_CHECKS
uint32_t debug_switches;
uint32_t debug_seed = 1;
#endif

const char *debug_init(void) {
#ifdef ATOLL_DEBUG_CHECKS
  static const char *const names[] = {
#define X(name, text, doc) text,
      DEBUG_SWITCHES(X)
#undef X
  };
  const char *p = getenv("ATOLL_DEBUG"), *seed = getenv("ATOLL_SEED");
  if (seed) debug_seed = (uint32_t)strtoul(seed, NULL, 10);
  debug_switches = 1u << DEBUG_VERIFY_HEAP;
  while (p && *p) {
    size_t length = strcspn(p, ",");
    unsigned i = 0;
    while (i < DEBUG_SWITCH_COUNT && (strlen(names[i]) != length || memcmp(names[i], p, length) != 0)) i++;
    if (i == DEBUG_SWITCH_COUNT) return p;
    debug_switches |= 1u << i;
    p += length + (p[length] == ',');
  }
#endif
  return NULL;
}

void debug_set_failing_allocation(Accounts *accounts) {
  (void)accounts;
#ifdef ATOLL_DEBUG_CHECKS
  const char *n = getenv("ATOLL_FAIL_AT");
  if (n) atomic_store(&accounts->fail_at, strtoll(n, NULL, 10));
#endif
}

void print_oop(const Machine *m, Oop x) {
  const char *bytes;
  size_t size;
  double number;
  if (oop_is_small(x))
    fprintf(stderr, "%lld", (long long)oop_to_small(x));
  else if (oop_is_character(x))
    fprintf(stderr, "$<%u>", oop_to_character(x));
  else if (oop_try_double(m, x, &number))
    fprintf(stderr, "%g", number);
  else if (!oop_is_pointer(x))
    fputs(x == OOP_NIL ? "nil" : x == OOP_TRUE ? "true" : x == OOP_FALSE ? "false" : "?", stderr);
  else if (!x)
    fputs("(null)", stderr);
  else if (oop_try_bytes(m, x, &bytes, &size))
    fprintf(stderr, "'%.*s'", (int)(size < 60 ? size : 60), bytes);
  else
    fprintf(stderr, "object of class %u at %#llx", object_class_index(oop_to_object(x)), (unsigned long long)x);
}

static void print_class_name(const Machine *m, Oop class) {
  Object *behavior = machine_object(m, class);
  bool meta = object_class_index(behavior) == CLASS_METACLASS;
  if (meta) behavior = machine_object(m, behavior->slots[METACLASS_INSTANCE_CLASS]);
  print_oop(m, behavior->slots[CLASS_SLOT_NAME]);
  if (meta) fputs(" class", stderr);
}

void print_stack(const Machine *m) {
  unsigned depth = 0;
  for (Oop *fp = m->fp; fp && depth < 60; fp = frame_caller(m, fp), depth++) {
    Object *code = frame_code(fp);
    unsigned line = code_line(m, code, frame_pc(m, fp));
    fputs(code_flags(code) & CODE_IS_BLOCK ? "  [] in " : "  ", stderr);
    while (code_flags(code) & CODE_IS_BLOCK && oop_is_pointer(code->slots[CODE_OUTER])) code = oop_to_object(code->slots[CODE_OUTER]);
    if (code_flags(code) & CODE_IS_BLOCK) { /* it came without the method around it */
      fprintf(stderr, "a method that is not here, line %u\n", line);
      continue;
    }
    print_class_name(m, code->slots[CODE_CLASS]);
    fputs(">>", stderr);
    print_oop(m, code->slots[CODE_SELECTOR]);
    fprintf(stderr, " line %u\n", line);
  }
}

_Noreturn void fatal(const Machine *m, const char *message) {
  fprintf(stderr, "atoll: internal error: %s\nSmalltalk stack of the running actor:\n", message);
  if (m) print_stack(m);
  abort();
}

/* ---- the verifier ----------------------------------------------------------------------------------------------- */

typedef struct Extent {
  const char *start, *end;
} Extent;

static bool points_to_object(const Machine *m, Oop x) {
  if (!oop_is_pointer(x) || !x) return true;
  if (address_in_source(x)) return source_image_has(m->source, x);
  const char *p = (const char *)(uintptr_t)x;
  if (p >= m->nursery && p < m->alloc) return true;
  if (!m->old) return false;
  for (OldChunk *chunk = m->old->chunks; chunk; chunk = chunk->next)
    if (p >= (char *)chunk->data && p < chunk->alloc) return true;
  for (LargeObject *large = m->old->large; large; large = large->next)
    if (p == (char *)&large->object) return true;
  return false;
}

static void verify_object(const Machine *m, Object *object) {
  size_t count = object_pointer_slots(object);
  bool young = false;
  if (object_class_index(object) == CLASS_INDEX_NONE) fatal(m, "heap verifier: object without a class");
  for (size_t i = 0; i < count; i++) {
    if (!points_to_object(m, object->slots[i])) fatal(m, "heap verifier: slot does not point to an object of this actor");
    bool is_young = machine_is_young(m, object->slots[i]);
    if (is_young && object_is_large(object) && !*large_card(large_of(object), i)) fatal(m, "heap verifier: card of a large object is not marked");
    young |= is_young;
  }
  if (young && object->header & FLAG_OLD && object->header & FLAG_GUARD && !object_is_large(object) && !m->old->forgetful) fatal(m, "heap verifier: old object with young reference is not remembered");
}

static void verify_range(const Machine *m, char *p, const char *end) {
  while (p < end) {
    verify_object(m, (Object *)p);
    p += object_total_bytes((Object *)p);
  }
  if (p != end) fatal(m, "heap verifier: objects overlap");
}

void verify_heap(const Machine *m) {
  for (Oop *fp = m->fp; fp; fp = frame_caller(m, fp)) {
    if (fp < m->stack || fp > m->stack_limit) fatal(m, "heap verifier: frame outside the stack");
    if (object_format(frame_code(fp)) != FORMAT_CODE) fatal(m, "heap verifier: frame without code");
  }
  for (Oop *slot = m->stack; slot < machine_stack_top(m) && slot < m->stack_limit; slot++)
    if (!points_to_object(m, *slot)) fatal(m, "heap verifier: stack slot does not point to an object of this actor");
  for (int i = 0; i < ROOT_COUNT; i++)
    if (!points_to_object(m, m->roots[i])) fatal(m, "heap verifier: root does not point to an object of this actor");
  verify_range(m, m->nursery, m->alloc);
  if (!m->old) return;
  for (OldChunk *chunk = m->old->chunks; chunk; chunk = chunk->next) verify_range(m, (char *)chunk->data, chunk->alloc);
  for (LargeObject *large = m->old->large; large; large = large->next) verify_object(m, &large->object);
}
