/* SPDX-License-Identifier: MIT */
/* command_build.c -- `atoll build`: definitions become an image, statements its program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "debug.h"
#include "image.h"
#include "kernel_image.h"
#include "program.h"
#include "thread_context.h"

typedef struct BuildOptions {
  const char *path; /* of the image */
  bool strip;
  int files; /* argv[0 .. files) */
} BuildOptions;

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
  if (status != PROGRAM_END) fprintf(stderr, "atoll: build: no memory\n");
  return status == PROGRAM_END;
}

static bool freeze(Machine *m, Program *program, const BuildOptions *o) {
  char error[IMAGE_ERROR_SIZE];
  size_t size;
  char *kept = program_save(program, &size);
  Freezer f = {.error = "no memory for the statements"};
  machine_clear_stack(m);
  bool done = kept && freezer_trace(&f, m, o->strip ? FREEZE_STRIPPED : FREEZE_BASE) && freezer_write(&f, 0, kept, size);
  if (done) {
    freezer_seal(&f);
    done = image_write_file(&f, o->path, error);
    if (!done) fprintf(stderr, "atoll: %s\n", error);
  } else {
    fprintf(stderr, "atoll: build: %s\n", f.error);
  }
  freezer_free(&f);
  free(kept);
  return done;
}

static int build(const Cli *cli, Program *program, const BuildOptions *o) {
  char error[IMAGE_ERROR_SIZE];
  const SourceImage *source = kernel_image_load(cli->primitives, error);
  if (!source) return fprintf(stderr, "atoll: %s\n", error), 1;
  Accounts *accounts = calloc(1, sizeof *accounts);
  ThreadContext *thread = accounts ? thread_context_new(accounts) : NULL;
  Machine m;
  bool begun = thread && machine_init(&m, thread, source, NULL), done = false;
  if (begun) {
    program_keep_statements(program);
    done = define(program, &m) && !program_errors(program) && !m.unhandled && freeze(&m, program, o);
    machine_destroy(&m);
  } else {
    fprintf(stderr, "atoll: build: no memory\n");
  }
  thread_context_delete(thread);
  free(accounts);
  source_image_release(source);
  return done ? 0 : 1;
}

/* Answers 0, or the exit status of a wrong command line. */
static int parse(int argc, char **argv, BuildOptions *o) {
  *o = (BuildOptions){.files = 0};
  for (int i = 0; i < argc; i++) {
    if (strcmp(argv[i], "-o") == 0 && i + 1 < argc && argv[i + 1][0]) o->path = argv[++i];
    else if (strcmp(argv[i], "--strip") == 0) o->strip = true;
    else if (argv[i][0] == '-' && argv[i][1]) return cli_wrong_option("build", argv[i]);
    else argv[o->files++] = argv[i];
  }
  return o->files && o->path ? 0 : cli_usage("build: expected FILE.st... -o X.image");
}

static bool is_same_file(const char *a, const char *b) {
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int command_build(const Cli *cli, int argc, char **argv) {
  BuildOptions o;
  int status = parse(argc, argv, &o);
  if (status) return status;
  for (int i = 0; i < o.files; i++)
    if (is_same_file(argv[i], o.path)) return cli_usage("build: '%s' would be overwritten: it is a source", o.path);
  Program *program = program_new(stderr);
  if (!program) return fprintf(stderr, "atoll: no memory\n"), 1;
  for (int i = 0; i < o.files && !status; i++) status = !program_add_path(program, argv[i], NULL);
  if (!status) status = build(cli, program, &o);
  program_delete(program);
  return status;
}
