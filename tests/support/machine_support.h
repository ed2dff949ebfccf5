/* SPDX-License-Identifier: MIT */
/* machine_support.h -- machines for tests: one on no image (genesis), and one on an image frozen from it that holds a few objects of each
 * kind under global names. */
#ifndef ATOLL_MACHINE_SUPPORT_H
#define ATOLL_MACHINE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "class_builder.h"
#include "debug.h"
#include "genesis.h"
#include "image.h"
#include "lookup.h"
#include "memory_internal.h"
#include "primitive.h"
#include "window.h"

static PrimitiveTable test_primitives;

typedef struct TestMachine {
  Accounts accounts;
  ThreadContext *thread;
  const SourceImage *image; /* NULL: genesis */
  Machine m;
} TestMachine;

static inline void define_global(Machine *m, const char *name, unsigned value_handle) {
  Oop symbol = machine_symbol_may_gc(m, name, strlen(name));
  assert_true(binding_dictionary_add_may_gc(m, machine_system_dictionary(m), symbol, machine_handle(m, value_handle)));
}

/* Globals: List = #(1 2 #('inner' $c) 'text'), Wide = an Array of 5000, Bytes, Title = a Symbol, Big = a boxed float. */
static inline void define_objects(Machine *m) {
  unsigned list = machine_push_handle(m, machine_new_array_may_gc(m, 4)), inner = machine_push_handle(m, machine_new_array_may_gc(m, 2));
  machine_store(m, oop_to_object(machine_handle(m, list)), 0, oop_from_small(1));
  machine_store(m, oop_to_object(machine_handle(m, list)), 1, oop_from_small(2));
  machine_store(m, oop_to_object(machine_handle(m, list)), 2, machine_handle(m, inner));
  unsigned text = machine_push_handle(m, machine_new_string_may_gc(m, "text", 4));
  machine_store(m, oop_to_object(machine_handle(m, list)), 3, machine_handle(m, text));
  text = machine_push_handle(m, machine_new_string_may_gc(m, "inner", 5));
  machine_store(m, oop_to_object(machine_handle(m, inner)), 0, machine_handle(m, text));
  machine_store(m, oop_to_object(machine_handle(m, inner)), 1, oop_from_character('c'));
  define_global(m, "List", list);
  define_global(m, "Wide", machine_push_handle(m, machine_new_array_may_gc(m, 5000)));
  define_global(m, "Bytes", machine_push_handle(m, machine_new_bytes_may_gc(m, CLASS_BYTE_ARRAY, 13)));
  define_global(m, "Title", machine_push_handle(m, machine_symbol_may_gc(m, "aSymbolOfTheTest", 16)));
  define_global(m, "Big", machine_push_handle(m, machine_new_float_may_gc(m, 1e300)));
  machine_pop_handles(m, list);
}

static inline void test_machine_genesis(TestMachine *t) {
  if (!test_primitives.count) {
    primitive_table_add(&test_primitives, object_primitives);
    assert_null(debug_init());
  }
  memset(t, 0, sizeof *t);
  assert_true(window_init());
  t->thread = thread_context_new(&t->accounts);
  assert_true(genesis_init(&t->m, t->thread, &test_primitives));
  define_objects(&t->m);
}

/* Everything that the genesis machine has, frozen; PATH not NULL: written to a file and mapped from there. */
static inline const SourceImage *freeze_genesis(const char *path) {
  TestMachine t;
  Freezer f;
  char error[IMAGE_ERROR_SIZE] = "";
  const SourceImage *image;
  test_machine_genesis(&t);
  if (!freezer_trace(&f, &t.m, FREEZE_BASE)) fail_msg("%s", f.error);
  if (path) {
    assert_true(freezer_write(&f, 0, NULL, 0));
    freezer_seal(&f);
    if (!image_write_file(&f, path, error)) fail_msg("%s", error);
    image = image_load_file(path, &test_primitives, error);
  } else {
    image = image_from_freezer(&f);
  }
  if (!image) fail_msg("no image: %s", error);
  freezer_free(&f);
  genesis_destroy(&t.m);
  thread_context_delete(t.thread);
  assert_int_equal(account_total(&t.accounts), 0);
  return image;
}

/* A machine that stands on IMAGE (the reference is taken). */
static inline void test_machine_on(TestMachine *t, const SourceImage *image) {
  memset(t, 0, sizeof *t);
  t->thread = thread_context_new(&t->accounts);
  t->image = image;
  assert_true(machine_init(&t->m, t->thread, image, NULL));
}

static inline void test_machine_destroy(TestMachine *t) {
  if (t->image) {
    machine_destroy(&t->m);
    source_image_release(t->image);
  } else {
    genesis_destroy(&t->m);
  }
  thread_context_delete(t->thread);
  for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++)
    if (atomic_load(&t->accounts.bytes[kind])) fail_msg("%lld bytes are left of %s", (long long)t->accounts.bytes[kind], account_kind_name(kind));
}

#endif
