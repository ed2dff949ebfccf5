/* SPDX-License-Identifier: MIT */
/* command_build.c -- `atoll build`: definitions become an image, statements its program. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "debug.h"
#include "image.h"
#include "kernel_image.h"
#include "program.h"
#include "thread_context.h"

/* Class-body initialisers run; statements do not. */
static bool define(Program *program, Machine *m) {
  ProgramStatus status;
  while ((status = program_step(program, m)) == PROGRAM_RUN) {
    RunStatus run;
    while ((run = machine_run(m, 1000000)) == RUN_BUDGET) continue;
    if (run == RUN_DONE) continue;
    fprintf(stderr, "atoll: a class-body initialiser waits for something; an image can only be built from values\n");
    print_stack(m);
    return false;
  }
  return status == PROGRAM_END;
}

static bool freeze(Machine *m, Program *program, const char *path, bool strip) {
  char error[IMAGE_ERROR_SIZE];
  size_t size;
  char *kept = program_save(program, &size);
  Freezer f = {0};
  machine_clear_stack(m);
  bool done = kept && freezer_trace(&f, m, strip ? FREEZE_STRIPPED : FREEZE_BASE) && freezer_write(&f, 0, kept, size);
  if (done) {
    freezer_seal(&f);
    done = image_write_file(&f, path, error);
    if (!done) fprintf(stderr, "atoll: %s\n", error);
  } else {
    fprintf(stderr, "atoll: build: %s\n", f.error);
  }
  freezer_free(&f);
  free(kept);
  return done;
}

static int build(const Cli *cli, Program *program, const char *path, bool strip) {
  char error[IMAGE_ERROR_SIZE];
  const SourceImage *source = kernel_image_load(cli->primitives, error);
  if (!source) return fprintf(stderr, "atoll: %s\n", error), 1;
  Accounts *accounts = calloc(1, sizeof *accounts);
  ThreadContext *thread = accounts ? thread_context_new(accounts) : NULL;
  Machine m;
  bool done = thread && machine_init(&m, thread, source, NULL);
  if (done) {
    program_keep_statements(program);
    done = define(program, &m) && !program_errors(program) && !m.unhandled && freeze(&m, program, path, strip);
    machine_destroy(&m);
  }
  thread_context_delete(thread);
  free(accounts);
  source_image_release(source);
  return done ? 0 : 1;
}

int command_build(const Cli *cli, int argc, char **argv) {
  const char *path = NULL;
  Program *program = program_new(stderr);
  int files = 0, status = 0;
  bool strip = false;
  for (int i = 0; i < argc && !status; i++) {
    if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) path = argv[++i];
    else if (strcmp(argv[i], "--strip") == 0) strip = true;
    else if (argv[i][0] == '-') status = cli_wrong_option("build", argv[i]);
    else if (!program_add_path(program, argv[i], NULL)) status = 1;
    else files++;
  }
  if (!status && (!files || !path)) status = cli_usage("build: expected FILE.st... -o X.image");
  if (!status) status = build(cli, program, path, strip);
  program_delete(program);
  return status;
}
