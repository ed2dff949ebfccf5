/* SPDX-License-Identifier: MIT */
/* collector_test.c -- random programs on a machine's memory, against a model: whatever is stored, copied from S, collected, packed or refused for
 * lack of memory, the objects that can be reached stay what they were. */
#include "machine_support.h"

enum { ROOTS = 24, MODELS = 4096, SEEN_SLOTS = 8, OPERATIONS = 3000 };

/* What an object of W, or the copy of one of S, should look like: of its slots the first SEEN_SLOTS. */
typedef struct Model {
  size_t size;
  bool bytes;
  uint32_t hash;
  unsigned filler;          /* of byte objects */
  int kind[SEEN_SLOTS];     /* 0 nil, 1 integer, 2 another model */
  int value[SEEN_SLOTS];
} Model;

typedef struct Walk {
  TestMachine t;
  Model models[MODELS];
  int model_count, roots[ROOTS]; /* model or -1 */
  unsigned table;                /* handle of an Array of ROOTS */
  uint32_t seed;
} Walk;

static uint32_t chance(Walk *w, uint32_t below) {
  w->seed = w->seed * 1664525u + 1013904223u;
  return (w->seed >> 8) % below;
}

static Object *root(Walk *w, int i) { return machine_object(&w->t.m, machine_object(&w->t.m, machine_handle(&w->t.m, w->table))->slots[i]); }

static void set_root(Walk *w, int i, Oop x, int model) {
  machine_store(&w->t.m, oop_to_object(machine_handle(&w->t.m, w->table)), (size_t)i, x);
  w->roots[i] = model;
}

static size_t seen(const Model *model) { return model->size < SEEN_SLOTS ? model->size : SEEN_SLOTS; }

static void make_object(Walk *w, int i) {
  static const size_t sizes[] = {0, 1, 2, 3, 5, 8, 30, 200, 4094, 4095, 5000};
  if (w->model_count == MODELS) return;
  Model model = {.size = sizes[chance(w, chance(w, 8) ? 7 : 11)], .bytes = !chance(w, 4), .filler = chance(w, 256)};
  Machine *m = &w->t.m;
  Oop x = model.bytes ? machine_new_bytes_may_gc(m, CLASS_BYTE_ARRAY, model.size) : machine_new_array_may_gc(m, model.size);
  if (!x) return;
  model.hash = object_hash(oop_to_object(x));
  if (model.bytes) memset(object_bytes(oop_to_object(x)), (int)model.filler, model.size);
  w->models[w->model_count] = model;
  set_root(w, i, x, w->model_count++);
}

static void store_something(Walk *w, int i) {
  if (w->roots[i] < 0) return;
  Model *model = &w->models[w->roots[i]];
  if (model->bytes || !model->size) return;
  size_t slot = chance(w, (uint32_t)seen(model));
  int other = (int)chance(w, ROOTS);
  Machine *m = &w->t.m;
  if (chance(w, 3) && w->roots[other] >= 0) {
    machine_store(m, root(w, i), slot, oop_from_object(root(w, other)));
    model->kind[slot] = 2;
    model->value[slot] = w->roots[other];
  } else {
    model->kind[slot] = 1;
    model->value[slot] = (int)chance(w, 1000);
    machine_store(m, root(w, i), slot, oop_from_small(model->value[slot]));
  }
}

/* Follows a reference, so that what only other objects lead to is reached and modified too. */
static void follow(Walk *w, int i) {
  if (w->roots[i] < 0) return;
  Model *model = &w->models[w->roots[i]];
  for (size_t slot = 0; slot < seen(model); slot++)
    if (model->kind[slot] == 2) {
      set_root(w, (int)chance(w, ROOTS), oop_resolve(&w->t.m, root(w, i)->slots[slot]), model->value[slot]);
      return;
    }
}

/* A modified object of S is a root like any other, though this model forgets it when nothing else leads to it. */
static void modify_source(Walk *w, int i) {
  static const char *const names[] = {"List", "Wide"};
  Machine *m = &w->t.m;
  Oop original = machine_global_value(m, names[chance(w, 2)]);
  if (!address_in_source(original) || w->model_count == MODELS) return;
  Oop copy = machine_writable_may_gc(m, original);
  if (!copy) return;
  Object *object = oop_to_object(copy);
  Model model = {.size = object_slots(object), .hash = object_hash(oop_to_object(original))};
  for (size_t slot = 0; slot < seen(&model); slot++) {
    machine_store(m, object, slot, oop_from_small((int64_t)slot));
    model.kind[slot] = 1;
    model.value[slot] = (int)slot;
  }
  w->models[w->model_count] = model;
  set_root(w, i, original, w->model_count++); /* the reference to S on purpose */
}

static void collect(Walk *w) {
  switch (chance(w, 12)) {
  case 0: machine_collect_all_may_gc(&w->t.m); break;
  case 1: machine_pack_may_gc(&w->t.m); break;
  default: machine_collect_may_gc(&w->t.m, chance(w, 3000), 0, false);
  }
}

static void check(Walk *w) {
  static Oop at[MODELS];
  static int queue[MODELS];
  int done = 0, count = 0;
  Machine *m = &w->t.m;
  memset(at, 0, sizeof at);
  for (int i = 0; i < ROOTS; i++) {
    Oop x = oop_resolve(m, machine_object(m, machine_handle(m, w->table))->slots[i]);
    int model = w->roots[i];
    if (model < 0) {
      assert_int_equal(x, OOP_NIL);
      continue;
    }
    if (at[model]) assert_int_equal(at[model], x);
    else queue[count++] = model;
    at[model] = x;
  }
  while (done < count) {
    Model *model = &w->models[queue[done]];
    Object *object = oop_to_object(at[queue[done++]]);
    assert_int_equal(object_hash(object), model->hash);
    assert_int_equal(object_class_index(object), model->bytes ? CLASS_BYTE_ARRAY : CLASS_ARRAY);
    assert_int_equal(model->bytes ? object_byte_size(object) : object_slots(object), model->size);
    for (size_t i = 0; model->bytes && i < model->size; i += 1 + model->size / 16) assert_int_equal(object_bytes(object)[i], model->filler);
    for (size_t i = 0; !model->bytes && i < seen(model); i++) {
      Oop x = oop_resolve(m, object->slots[i]);
      if (model->kind[i] == 0) assert_int_equal(x, OOP_NIL);
      if (model->kind[i] == 1) assert_int_equal(x, oop_from_small(model->value[i]));
      if (model->kind[i] != 2) continue;
      if (at[model->value[i]]) assert_int_equal(at[model->value[i]], x);
      else queue[count++] = model->value[i];
      at[model->value[i]] = x;
    }
  }
}

static void walk(Walk *w, uint32_t seed, const SourceImage *image, int64_t fail_at, int operations) {
  w->seed = seed;
  w->model_count = 0;
  if (image) test_machine_on(&w->t, source_image_retain(image));
  else test_machine_genesis(&w->t);
  Machine *m = &w->t.m;
  w->table = machine_push_handle(m, machine_new_array_may_gc(m, ROOTS));
  for (int i = 0; i < 8; i++) machine_push_handle(m, OOP_NIL); /* room for C's temporary roots, which cannot fail */
  machine_pop_handles(m, w->table + 1);
  for (int i = 0; i < ROOTS; i++) w->roots[i] = -1;
  atomic_store(&w->t.accounts.fail_at, fail_at);
  for (int k = 0; k < operations; k++) {
    int i = (int)chance(w, ROOTS);
    switch (chance(w, 16)) {
    case 0: set_root(w, i, OOP_NIL, -1); break;
    case 1: follow(w, i); break;
    case 2: if (chance(w, 4) == 0 && image) modify_source(w, i); break;
    case 3: if (chance(w, 4) == 0) collect(w); break;
    case 4: case 5: case 6: case 7: make_object(w, i); break;
    default: store_something(w, i);
    }
    if (k % 16 == 0) check(w);
  }
  check(w);
}

static void objects_survive_random_programs(void **state) {
  (void)state;
  static Walk w;
  const SourceImage *image = freeze_genesis(NULL);
  for (uint32_t seed = 1; seed <= 60; seed++) {
    walk(&w, seed, seed % 4 ? image : NULL, 0, OPERATIONS);
    test_machine_destroy(&w.t);
  }
  source_image_release(image);
}

/* The n-th allocation fails, for n = 1, 2, ... until nothing is refused: what was there before is there afterwards, and nothing leaks. */
static void nothing_is_lost_when_memory_is_refused(void **state) {
  (void)state;
  static Walk w;
  const SourceImage *image = freeze_genesis(NULL);
  for (uint32_t seed = 1; seed <= 3; seed++) {
    int64_t n = 1;
    for (bool refused = true; refused; n++) {
      walk(&w, seed, image, n, 700);
      refused = atomic_load(&w.t.accounts.fail_at) <= 0;
      atomic_store(&w.t.accounts.fail_at, 0);
      machine_collect_all_may_gc(&w.t.m);
      check(&w);
      test_machine_destroy(&w.t);
    }
    assert_true(n > 3); /* blocks come from pools; under ASan each is an allocation */
  }
  source_image_release(image);
}

static void the_heap_limit_refuses_and_keeps_what_is_there(void **state) {
  (void)state;
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  Machine *m = &t.m;
  m->heap_limit = 1 << 20;
  unsigned list = machine_push_handle(m, OOP_NIL);
  int made = 0;
  for (;; made++) {
    Oop pair = machine_new_array_may_gc(m, 50);
    if (!pair) break;
    machine_store(m, oop_to_object(pair), 0, machine_handle(m, list));
    machine_store(m, oop_to_object(pair), 1, oop_from_small(made));
    machine_set_handle(m, list, pair);
  }
  assert_int_equal(m->failure, FAILURE_NO_MEMORY);
  assert_true(made > 1500 && made < 2700); /* of 408 bytes each */
  for (Oop x = machine_handle(m, list); x != OOP_NIL; x = oop_to_object(x)->slots[0]) assert_int_equal(oop_to_object(x)->slots[1], oop_from_small(--made));
  assert_int_equal(made, 0);
  assert_false(machine_new_array_may_gc(m, 100000000));
  machine_set_handle(m, list, OOP_NIL);
  assert_true(machine_new_array_may_gc(m, 50)); /* there is room again */
  test_machine_destroy(&t);
}

static void a_packed_machine_is_small(void **state) {
  (void)state;
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  Machine *m = &t.m;
  unsigned kept = machine_push_handle(m, machine_new_array_may_gc(m, 3));
  for (int i = 0; i < 10000; i++) assert_true(machine_new_array_may_gc(m, 10));
  assert_true(machine_heap_used(m) > 10000 || debug_on(DEBUG_GC_STRESS));
  machine_collect_all_may_gc(m);
  machine_pack_may_gc(m);
  assert_true(machine_heap_used(m) < 512);
  assert_int_equal(object_slots(oop_to_object(machine_handle(m, kept))), 3);
  test_machine_destroy(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(objects_survive_random_programs),
      cmocka_unit_test(nothing_is_lost_when_memory_is_refused),
      cmocka_unit_test(the_heap_limit_refuses_and_keeps_what_is_there),
      cmocka_unit_test(a_packed_machine_is_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
