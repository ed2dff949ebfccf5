/* SPDX-License-Identifier: MIT */
/* command_test.c -- `atoll test`: reads files, then has TestRunner (images/kernel/sunit/TestRunner.st) run the test classes that they define. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"

typedef struct TestOptions {
  RunOptions run;
  const char *filter, *junit;
  unsigned long jobs, seconds;
  bool verbose;
} TestOptions;

/* Answers 0, or the exit status of a wrong command line. */
static int parse(int argc, char **argv, TestOptions *o) {
  *o = (TestOptions){.seconds = 10, .run.seed_seconds = 60};
  for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (argv[i][0] != '-' || argv[i][1] == 0) argv[o->run.files++] = argv[i];
    else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc && argv[i + 1][0]) o->filter = argv[++i];
    else if (strcmp(argv[i], "--junit") == 0 && i + 1 < argc) o->junit = argv[++i];
    else if (strcmp(argv[i], "--jobs") == 0 && cli_take_number(argc, argv, &i, CLI_MOST_JOBS, &o->jobs)) continue;
    else if (strcmp(argv[i], "--timeout") == 0 && cli_take_number(argc, argv, &i, CLI_MOST_SECONDS, &o->seconds)) continue;
    else if (strcmp(argv[i], "--verbose") == 0) o->verbose = true;
    else if (!cli_take_run_option(&o->run, argc, argv, &i)) return cli_wrong_option("test", argv[i]);
  }
  return o->run.files ? 0 : cli_usage("test: expected files or folders");
}

static void write_number(FILE *out, unsigned long number, bool present) {
  if (present) fprintf(out, "%lu", number);
  else fputs("nil", out);
}

/* The statement that is carried out behind the files.  It answers the exit status, one digit, and the results as XML. */
static bool add_runner(Program *program, const TestOptions *o) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) return false;
  fputs("TestRunner jobs: ", out);
  write_number(out, o->jobs, o->jobs);
  fputs(" filter: ", out);
  cli_write_literal(out, o->filter);
  fprintf(out, " seconds: %lu verbose: %s live: %s.", o->seconds, o->verbose ? "true" : "false", isatty(1) ? "true" : "false");
  bool added = fclose(out) == 0 && program_add_text(program, "(the test runner)", text, size);
  free(text);
  return added;
}

static bool write_report(const char *path, const char *text, size_t size) {
  FILE *out = fopen(path, "wb");
  bool done = out && fwrite(text, 1, size, out) == size;
  if (out && fclose(out) != 0) done = false;
  if (!done) fprintf(stderr, "atoll: cannot write '%s': %s\n", path, strerror(errno));
  return done;
}

static int test(Program *program, const SourceImage *source, const TestOptions *o, char **paths) {
  char *answer = NULL;
  size_t size = 0;
  unsigned errors = 0;
  FILE *out = open_memstream(&answer, &size);
  if (!out) return 2;
  bool readable = program_add_paths(program, (const char *const *)paths, o->run.files, ".out");
  int status = readable && add_runner(program, o) ? cli_run_program(program, source, &o->run, &errors, out) : 2;
  fclose(out);
  if (errors) fprintf(stderr, "atoll: %u error%s in the files (above)\n", errors, errors == 1 ? "" : "s");
  if (status == 0) status = size && answer[0] >= '0' && answer[0] <= '2' ? answer[0] - '0' : 2;
  if (o->junit && size && !write_report(o->junit, answer + 1, size - 1)) status = 2;
  free(answer);
  return errors ? 2 : status;
}

typedef struct TestCall {
  const TestOptions *options;
  const SourceImage *source;
  char **paths;
} TestCall;

static int test_files(void *context, const RunOptions *run) {
  const TestCall *call = context;
  TestOptions o = *call->options;
  o.run = *run;
  o.run.hand_on_data = true;
  Program *program = program_new(stderr);
  int status = program ? test(program, call->source, &o, call->paths) : 2;
  program_delete(program);
  return status;
}

int command_test(const Cli *cli, int argc, char **argv) {
  TestOptions o;
  char **original = cli_copy_arguments(argc, argv);
  int status = original ? parse(argc, argv, &o) : 2;
  TestCall call = {&o, NULL, argv};
  if (!status) call.source = cli_load_image(cli, &o.run);
  if (!status && !call.source) status = 2;
  if (!status) status = o.run.search ? cli_search_seeds(&o.run, "test", argc, original, test_files, &call) : test_files(&call, &o.run);
  source_image_release(call.source);
  free(original);
  return status;
}
