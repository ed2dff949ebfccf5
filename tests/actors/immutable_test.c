/* SPDX-License-Identifier: MIT */
/* immutable_test.c -- S cannot be written: a store faults, and no program changes a byte of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image.h"
#include "kernel_support.h"
#include "program.h"
#include "runtime.h"

/* In a child: stores into an object of S.  Answers the signal that ended the child, 0 if it lived. */
static int signal_of_store(Oop object) {
  pid_t child = fork();
  if (child == 0) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's own handler would report it */
    volatile Oop *slot = &oop_to_object(object)->slots[0];
    *slot = OOP_NIL;
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void store_into_source_faults(void **state) {
  (void)state;
  assert_int_equal(signal_of_store(source_image_class_at(kernel, CLASS_OBJECT)), SIGSEGV);
  assert_int_equal(signal_of_store(kernel->system_dictionary), SIGSEGV);
  assert_int_equal(signal_of_store(kernel->special_selectors[0]), SIGSEGV);
}

static uint64_t hash_of_source(void) {
  const uint64_t *word = (const uint64_t *)(uintptr_t)kernel->base.start;
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < kernel->base.size / 8; i++) hash = (hash ^ word[i]) * 1099511628211u;
  return hash;
}

static const char vandal[] =
    "Object subclass: Extra [ | a | A := 1. a [ ^a ] ]\n"
    "Integer extend [ doubled [ ^self + self ] ]\n"
    "Smalltalk at: #Transcript2 put: 3.\n"
    "String compile: 'size ^super size'.\n"
    "SmallInteger compile: '+ n ^self - (0 - n)'.\n"
    "#(1 2 3) at: 1 put: 7.\n"
    "'literal' at: 1 put: $L.\n"
    "Object instanceVariableNames: ''.\n"
    "Extra instanceVariableNames: 'a b c'.\n"
    "(Actor spawn: [(3 doubled + 4) printString. Smalltalk at: #Transcript put: nil]) yourself.\n"
    "1 to: 20000 do: [:i | i printString].\n"
    "[nil foo] on: Error do: [:e | e messageText].\n"
    "Actor sleep: 5.\n";

static bool next_frame(void *context, Machine *m) { return program_step(context, m) == PROGRAM_RUN; }
static void freeze_definitions(Machine *m) { source_image_release(machine_freeze_for_spawn_may_gc(m)); }

static void program_that_modifies_everything_leaves_source_as_it_was(void **state) {
  (void)state;
  uint64_t before = hash_of_source();
  Program *program = program_new(stderr);
  RuntimeOptions options = {.schedulers = 2, .freeze_for_spawn_may_gc = machine_freeze_for_spawn_may_gc};
  Runtime *runtime = runtime_new(&options);
  assert_true(program_add_text(program, "vandal", vandal, sizeof vandal - 1));
  program_set_before_statement(program, freeze_definitions);
  assert_non_null(runtime_main_machine(runtime, kernel, next_frame, program));
  assert_int_equal(runtime_run(runtime), 0);
  assert_int_equal(program_errors(program), 0);
  runtime_delete(runtime);
  program_delete(program);
  assert_true(hash_of_source() == before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(store_into_source_faults),
      cmocka_unit_test(program_that_modifies_everything_leaves_source_as_it_was),
  };
  return cmocka_run_group_tests(tests, kernel_load, kernel_release);
}
