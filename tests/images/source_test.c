/* SPDX-License-Identifier: MIT */
/* source_test.c -- an S cannot be written, and what a machine does instead: copies of its own.  Death tests fork. */
#include "machine_support.h"

#include <sys/wait.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static char directory[] = "/tmp/atoll-source-XXXXXX", path[64];

/* The signal that ends a process which stores a word at ADDRESS; 0: it lives. */
static int death_by_store(uint64_t address) {
  pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL); /* sanitizers catch it */
    *(volatile uint64_t *)(uintptr_t)address = 0x0bad0bad;
    _exit(0);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static uint64_t hash_of(const SourceImage *image) { return XXH3_64bits(image_header(image), image_header(image)->size); }

static void assert_sealed(const SourceImage *image) {
  const ImageHeader *h = image_header(image);
  uint64_t start = (uint64_t)(uintptr_t)h;
  assert_int_equal(death_by_store(start), SIGSEGV);
  for (int s = 0; s < SECTION_COUNT; s++) {
    if (!h->sections[s].size) continue;
    assert_int_equal(death_by_store(start + h->sections[s].offset), SIGSEGV);
    assert_int_equal(death_by_store(start + ((h->sections[s].offset + h->sections[s].size - 8) & ~(uint64_t)7)), SIGSEGV);
  }
}

static void store_into_an_image_in_memory_faults(void **state) {
  (void)state;
  uint64_t in_own_memory = 0;
  assert_int_equal(death_by_store((uint64_t)(uintptr_t)&in_own_memory), 0);
  const SourceImage *image = freeze_genesis(NULL);
  assert_sealed(image);
  source_image_release(image);
}

static void store_into_an_image_mapped_from_a_file_faults(void **state) {
  (void)state;
  const SourceImage *image = freeze_genesis(path);
  assert_false(image_is_relocated(image));
  assert_sealed(image);
  source_image_release(image);
}

static void store_into_a_relocated_image_faults(void **state) {
  (void)state;
  char error[IMAGE_ERROR_SIZE];
  const SourceImage *image = freeze_genesis(path), *again = image_load_file(path, &test_primitives, error);
  assert_non_null(again);
  assert_true(image_is_relocated(again));
  assert_sealed(again);
  source_image_release(again);
  source_image_release(image);
}

static void store_into_a_layer_faults(void **state) {
  (void)state;
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  unsigned value = machine_push_handle(&t.m, oop_from_small(7));
  define_global(&t.m, "Fresh", value);
  assert_true(t.m.definitions);
  const SourceImage *layered = machine_freeze_for_spawn_may_gc(&t.m);
  assert_non_null(layered);
  assert_true(layered->layer.size > 0);
  for (uint64_t at = 0; at < layered->layer.size; at += 4096) assert_int_equal(death_by_store(layered->layer.start + at), SIGSEGV);
  source_image_release(layered);
  t.image = t.m.source;
  test_machine_destroy(&t);
}

static bool in(const SourceSpan *span, Oop x) { return source_span_has(span, x); }

/* Every reference of an image leads to the beginning of an object of the same image. */
static void assert_closed(const SourceImage *image) {
  const SourceSpan *span = &image->base;
  size_t references = 0;
  for (uint64_t word = 0; word < span->size / 8; word++) {
    if (!(span->object_starts[word >> 6] >> (word & 63) & 1)) continue;
    Object *object = oop_to_object(span->start + word * 8);
    assert_true(object->header & FLAG_GUARD);
    for (size_t i = 0; i < object_pointer_slots(object); i++) {
      Oop x = object->slots[i];
      if (!oop_is_pointer(x) || !x) continue;
      assert_true(in(span, x));
      uint64_t target = (x - span->start) / 8;
      assert_true(span->object_starts[target >> 6] >> (target & 63) & 1);
      references++;
    }
  }
  assert_true(references > 500);
}

/* What threads remember of an image they find by its id, so two must never share one, wherever they lie. */
static void no_two_layers_have_one_id(void **state) {
  (void)state;
  enum { LAYERS = 200, KEPT = 20 };
  const SourceImage *kept[KEPT] = {NULL};
  uint64_t ids[LAYERS];
  char name[24];
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  for (int i = 0; i < LAYERS; i++) {
    unsigned value = machine_push_handle(&t.m, oop_from_small(i));
    snprintf(name, sizeof name, "Fresh%d", i);
    define_global(&t.m, name, value);
    machine_pop_handles(&t.m, value);
    const SourceImage *layered = machine_freeze_for_spawn_may_gc(&t.m);
    assert_non_null(layered);
    ids[i] = layered->id;
    for (int k = 0; k < i; k++) assert_int_not_equal(ids[k], ids[i]);
    int place = i * 7 % KEPT; /* so places in the window are taken and given back in some order */
    source_image_release(kept[place]);
    kept[place] = layered;
  }
  for (int i = 0; i < KEPT; i++) source_image_release(kept[i]);
  t.image = t.m.source;
  test_machine_destroy(&t);
}

static void references_of_an_image_stay_inside_wherever_it_is_mapped(void **state) {
  (void)state;
  char error[IMAGE_ERROR_SIZE];
  const SourceImage *image = freeze_genesis(path), *again = image_load_file(path, &test_primitives, error);
  assert_closed(image);
  assert_closed(again);
  assert_int_equal(image->id, again->id);
  source_image_release(again);
  source_image_release(image);
}

static void the_same_objects_make_the_same_bytes(void **state) {
  (void)state;
  const SourceImage *image = freeze_genesis(path);
  uint64_t first = hash_of(image), id = image->id;
  source_image_release(image);
  image = freeze_genesis(path);
  assert_int_equal(hash_of(image), first);
  assert_int_equal(image->id, id);
  source_image_release(image);
}

/* ---- copies ----------------------------------------------------------------------------------------------------------- */

static Oop global(TestMachine *t, const char *name) { return machine_global_value(&t->m, name); }

static void first_store_makes_a_copy_and_leaves_the_image_as_it_was(void **state) {
  (void)state;
  static const char *const names[] = {"List", "Wide", "Bytes"};
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  uint64_t before = hash_of(t.image);
  for (unsigned i = 0; i < 3; i++) {
    Oop original = global(&t, names[i]);
    assert_true(address_in_source(original));
    uint32_t hash = object_hash(oop_to_object(original)), class = oop_class_index(original);
    size_t slots = object_slots(oop_to_object(original));
    Oop copy = machine_writable_may_gc(&t.m, original);
    assert_false(address_in_source(copy));
    assert_int_equal(machine_writable_may_gc(&t.m, original), copy); /* only once */
    assert_int_equal(machine_writable_may_gc(&t.m, copy), copy);
    assert_int_equal(oop_resolve(&t.m, original), copy);
    assert_true(oop_same(&t.m, original, copy) && oop_same(&t.m, copy, original));
    assert_int_equal(object_hash(oop_to_object(copy)), hash);
    assert_int_equal(oop_class_index(copy), class);
    assert_int_equal(object_slots(oop_to_object(copy)), slots);
    assert_memory_equal(oop_to_object(copy)->slots, oop_to_object(original)->slots, slots * 8);
    assert_int_equal(shadow_original(&t.m, copy), original);
    assert_int_equal(t.m.shadows->count, i + 1);
  }
  assert_int_equal(global(&t, "List"), oop_resolve(&t.m, global(&t, "List")));
  machine_store(&t.m, oop_to_object(global(&t, "List")), 0, oop_from_small(99));
  assert_int_equal(hash_of(t.image), before);
  test_machine_destroy(&t);
}

static void pure_objects_are_never_copied(void **state) {
  (void)state;
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  Oop pure[] = {global(&t, "Title"), global(&t, "Big")};
  for (unsigned i = 0; i < 2; i++) {
    assert_true(address_in_source(pure[i]));
    assert_int_equal(machine_writable_may_gc(&t.m, pure[i]), 0);
    assert_int_equal(t.m.failure, FAILURE_READ_ONLY);
  }
  assert_null(t.m.shadows);
  test_machine_destroy(&t);
}

static void references_on_the_stack_and_in_handles_are_the_copy_at_once(void **state) {
  (void)state;
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  Oop original = global(&t, "List");
  unsigned handle = machine_push_handle(&t.m, original);
  t.m.roots[ROOT_SELF] = original;
  Oop copy = machine_writable_may_gc(&t.m, original);
  assert_int_equal(machine_handle(&t.m, handle), copy);
  assert_int_equal(t.m.roots[ROOT_SELF], copy);
  test_machine_destroy(&t);
}

static void copies_live_as_long_as_the_machine_whatever_is_collected(void **state) {
  (void)state;
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  Oop original = global(&t, "List");
  unsigned holder = machine_push_handle(&t.m, machine_new_array_may_gc(&t.m, 1));
  machine_store(&t.m, oop_to_object(machine_handle(&t.m, holder)), 0, original); /* a reference to S in W */
  machine_store(&t.m, oop_to_object(machine_writable_may_gc(&t.m, original)), 1, oop_from_small(42));
  for (int i = 0; i < 6; i++) {
    if (i % 2) machine_collect_all_may_gc(&t.m);
    else assert_true(machine_collect_may_gc(&t.m, 4096, 0, false));
    Oop copy = oop_resolve(&t.m, original);
    assert_false(address_in_source(copy));
    assert_int_equal(oop_to_object(copy)->slots[1], oop_from_small(42));
    assert_int_equal(oop_to_object(machine_handle(&t.m, holder))->slots[0], copy); /* collapsed */
  }
  machine_pack_may_gc(&t.m);
  assert_int_equal(oop_to_object(oop_resolve(&t.m, original))->slots[1], oop_from_small(42));
  test_machine_destroy(&t);
}

static void machines_on_one_image_see_only_their_own_copies(void **state) {
  (void)state;
  enum { MACHINES = 100 };
  static TestMachine t[MACHINES];
  const SourceImage *image = freeze_genesis(NULL);
  for (int i = 0; i < MACHINES; i++) test_machine_on(&t[i], source_image_retain(image));
  Oop original = global(&t[0], "List");
  for (int i = 0; i < MACHINES; i += 2) machine_store(&t[i].m, oop_to_object(machine_writable_may_gc(&t[i].m, original)), 0, oop_from_small(i));
  for (int i = 0; i < MACHINES; i++) {
    assert_int_equal(machine_object(&t[i].m, original)->slots[0], oop_from_small(i % 2 ? 1 : i));
    test_machine_destroy(&t[i]);
  }
  source_image_release(image);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(store_into_an_image_in_memory_faults),
      cmocka_unit_test(store_into_an_image_mapped_from_a_file_faults),
      cmocka_unit_test(store_into_a_relocated_image_faults),
      cmocka_unit_test(store_into_a_layer_faults),
      cmocka_unit_test(no_two_layers_have_one_id),
      cmocka_unit_test(references_of_an_image_stay_inside_wherever_it_is_mapped),
      cmocka_unit_test(the_same_objects_make_the_same_bytes),
      cmocka_unit_test(first_store_makes_a_copy_and_leaves_the_image_as_it_was),
      cmocka_unit_test(pure_objects_are_never_copied),
      cmocka_unit_test(references_on_the_stack_and_in_handles_are_the_copy_at_once),
      cmocka_unit_test(copies_live_as_long_as_the_machine_whatever_is_collected),
      cmocka_unit_test(machines_on_one_image_see_only_their_own_copies),
  };
  if (!mkdtemp(directory)) return 1;
  snprintf(path, sizeof path, "%s/test.image", directory);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  unlink(path);
  rmdir(directory);
  return failed;
}
