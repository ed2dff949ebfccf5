/* SPDX-License-Identifier: MIT */
/* kill_test.c -- a program is stopped, or an actor killed, at every safe point there is; nothing is left behind.
 *
 * With slices of one reduction and a single scheduler every safe point is the end of a slice.  A run is stopped after 1, 2, 3 ... slices until
 * the program ends by itself; then an actor is killed from outside after the others have had 0, 1, 2 ... turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "kernel_support.h"
#include "program.h"
#include "runtime.h"

enum { SAFE_POINTS_MAX = 100000 };

static const char definitions[] =
    "ActorBehavior subclass: Slow [\n"
    "  later: ms [ Actor sleep: ms. ^ms ]\n"
    "  never [ ^Promise new ]\n"
    "  fail [ ^Promise rejected: #onPurpose ]\n"
    "  linkedPeer: a terminatedWith: b []\n"
    "]\n"
    "Object subclass: Victim [\n"
    "  Changed := nil.\n"
    "  Victim class >> wait [ [[Actor receive] repeat] ensure: [Changed := #killed] ]\n"
    "  Victim class >> talk [\n"
    "    | server client peer |\n"
    "    server := TcpServer listenOn: 0 host: '127.0.0.1'.\n"
    "    client := TcpSocket connectTo: '127.0.0.1' port: server port.\n"
    "    peer := server accept.\n"
    "    client writeLine: 'a line'.\n"
    "    peer nextLine = 'a line' ifFalse: [Actor halt: 1].\n"
    "    client deliverLines.\n"
    "    peer writeLine: 'never read'.\n"
    "    server close\n"
    "  ]\n"
    "  Victim class >> work [\n"
    "    | slow pending children big |\n"
    "    slow := Slow spawn.\n"
    "    [pending := slow never.\n"
    "    (slow future: 3600000) later: 1.\n"
    "    children := (1 to: 2) collect: [:i | Actor spawnLink: [Victim wait]].\n"
    "    big := Array new: 5000.\n"
    "    Changed := big.\n"
    "    #(1 2 3) at: 1 put: 'shadow'.\n"
    "    self talk.\n"
    "    [Actor sleep: 1] ensure: [Changed := OrderedCollection new. Changed add: big].\n"
    "    [slow fail wait] on: Error do: [:e | e return: nil].\n"
    "    (slow later: 1) wait.\n"
    "    pending waitFor: 1 ifTimedOut: [nil].\n"
    "    children do: [:each | each send: big; send: Victim]]\n"
    "      ensure: [[Actor yield. Changed := 1] ensure: [Actor yield]]\n"
    "  ]\n"
    "]\n";

static const char runs_by_itself[] = "Victim work.\n";

/* %u turns for the others, then the victim is killed; children linked to it end with it. */
static const char kills_from_outside[] =
    "| victim |\n"
    "victim := Actor spawn: [Victim work].\n"
    "%u timesRepeat: [Actor yield].\n"
    "victim isAlive ifTrue: [victim kill] ifFalse: [Actor halt: 3].\n"
    "3 timesRepeat: [Actor yield].\n"
    "victim isAlive ifTrue: [Actor halt: 1].\n";

/* Time passes only by being looked at, so what sleeps wakes soon. */
static uint64_t counting_now(Host *host) { return atomic_fetch_add(&host->state, 2000000); }
static uint64_t no_chance(Host *host) { return (void)host, 4; }

static unsigned open_descriptors(void) {
  unsigned count = 0;
  DIR *directory = opendir("/proc/self/fd");
  while (readdir(directory)) count++;
  closedir(directory);
  return count;
}

static void freeze_definitions(Machine *m) {
  if (m->definitions) source_image_release(machine_freeze_for_spawn_may_gc(m));
}

static bool next_frame(void *context, Machine *m) {
  return program_step(context, m) == PROGRAM_RUN;
}

static void assert_nothing_left(const Accounts *accounts, uint64_t stop_after) {
  for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++)
    if (accounts->bytes[kind] || accounts->count[kind])
      fail_msg("stopped at %llu: %lld bytes in %lld pieces left of %s", (unsigned long long)stop_after, (long long)accounts->bytes[kind],
               (long long)accounts->count[kind], account_kind_name((AccountKind)kind));
}

/* Runs the definitions and STATEMENTS.  Answers the exit status, or -1 when it was stopped. */
static int run(const char *statements, uint64_t stop_after) {
  Accounts accounts = {0};
  Host host = {counting_now, no_chance, NULL, 1};
  RuntimeOptions options = {.schedulers = 1, .slice = 1, .stop_after = stop_after, .host = &host, .accounts = &accounts,
                            .freeze_for_spawn_may_gc = machine_freeze_for_spawn_may_gc};
  char last[] = "Actor halt: 42.";
  Program *program = program_new(stderr);
  program_set_before_statement(program, freeze_definitions);
  program_add_text(program, "definitions", definitions, sizeof definitions - 1);
  program_add_text(program, "statements", statements, strlen(statements));
  program_add_text(program, "end", last, sizeof last - 1);
  Runtime *runtime = runtime_new(&options);
  assert_non_null(runtime);
  assert_non_null(runtime_main_machine(runtime, kernel, next_frame, program));
  int status = runtime_run(runtime);
  runtime_delete(runtime);
  assert_int_equal(program_errors(program), 0);
  program_delete(program);
  assert_nothing_left(&accounts, stop_after);
  return status ? status : -1;
}

static void a_program_stopped_at_any_safe_point_leaves_nothing(void **state) {
  uint64_t points = 0;
  run(runs_by_itself, 1); /* libuv opens a pipe once and for all */
  unsigned open = open_descriptors();
  int status = -1;
  (void)state;
  while (status == -1 && points < SAFE_POINTS_MAX) status = run(runs_by_itself, ++points);
  printf("stopped at %llu safe points\n", (unsigned long long)points);
  assert_int_equal(status, 42);
  assert_int_equal(open_descriptors(), open);
}

static void an_actor_killed_at_any_safe_point_leaves_nothing(void **state) {
  char statements[sizeof kills_from_outside + 20];
  unsigned turns = 0, open = open_descriptors();
  int status = 42;
  (void)state;
  for (; status == 42 && turns < SAFE_POINTS_MAX; turns++) {
    snprintf(statements, sizeof statements, kills_from_outside, turns);
    status = run(statements, 0);
  }
  printf("killed after up to %u turns\n", turns);
  assert_int_equal(status, 3);
  assert_int_equal(open_descriptors(), open);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_program_stopped_at_any_safe_point_leaves_nothing),
      cmocka_unit_test(an_actor_killed_at_any_safe_point_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, kernel_load, kernel_release);
}
