/* SPDX-License-Identifier: MIT */
/* command_run.c -- `atoll run`: the main actor carries out source files, or the program that an image keeps. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "debug.h"
#include "image.h"
#include "image_format.h"
#include "kernel_image.h"
#include "program.h"
#include "runtime.h"
#include "snapshots.h"
#include "whole_file.h"

typedef struct MainProgram {
  Program *program;
  unsigned unhandled; /* errors in statements */
  bool no_memory;
  FILE *answer; /* gets the answer of the last statement, nothing if it is no String; may be NULL */
} MainProgram;

/* What was defined is frozen before a statement runs, so that it runs on an S of its own at full speed. */
static void freeze_definitions(Machine *m) { source_image_release(machine_freeze_for_spawn_may_gc(m)); }

static void keep_answer(MainProgram *p, Machine *m) {
  const char *bytes;
  size_t size;
  if (!p->answer) return;
  rewind(p->answer);
  if (oop_try_bytes(m, m->roots[ROOT_RESULT], &bytes, &size)) fwrite(bytes, 1, size, p->answer);
}

/* The runtime calls this whenever the main actor has nothing to run. */
static bool next_frame(void *context, Machine *m) {
  MainProgram *p = context;
  keep_answer(p, m);
  ProgramStatus status = program_step(p->program, m);
  p->unhandled = m->unhandled;
  p->no_memory = status == PROGRAM_NO_MEMORY;
  return status == PROGRAM_RUN;
}

char **cli_copy_arguments(int argc, char **argv) {
  char **copy = calloc((size_t)argc + 1, sizeof *copy);
  if (copy) memcpy(copy, argv, (size_t)argc * sizeof *copy);
  return copy;
}

void cli_write_literal(FILE *out, const char *text) {
  if (!text) {
    fputs("nil", out);
    return;
  }
  fputc('\'', out);
  for (; *text; text++) fputs(*text == '\'' ? "''" : (char[]){*text, 0}, out);
  fputc('\'', out);
}

/* Digits only; *END is where they end. */
static bool try_number(const char *text, uint64_t most, uint64_t *out, char **end) {
  errno = 0;
  *out = *text >= '0' && *text <= '9' ? strtoull(text, end, 10) : 0;
  return *text >= '0' && *text <= '9' && !errno && *out <= most;
}

bool cli_take_number(int argc, char **argv, int *i, unsigned long most, unsigned long *out) {
  uint64_t number;
  char *end;
  if (*i + 1 >= argc || !try_number(argv[*i + 1], most, &number, &end) || *end || !number) return false;
  *out = number;
  return ++*i, true;
}

static bool take_seed(int argc, char **argv, int *i, uint64_t *out) {
  char *end;
  if (*i + 1 >= argc || !try_number(argv[*i + 1], UINT64_MAX, out, &end) || *end) return false;
  return ++*i, true;
}

/* 1..1000 */
static bool take_seed_range(RunOptions *o, int argc, char **argv, int *i) {
  char *end;
  if (*i + 1 >= argc || !try_number(argv[*i + 1], UINT64_MAX, &o->seed, &end) || strncmp(end, "..", 2) != 0) return false;
  if (!try_number(end + 2, UINT64_MAX, &o->last_seed, &end) || *end || o->last_seed < o->seed || o->last_seed - o->seed >= UINT32_MAX) return false;
  o->search = true;
  return ++*i, true;
}

static bool take_seed_option(RunOptions *o, int argc, char **argv, int *i) {
  const char *word = argv[*i];
  if (strcmp(word, "--keep-going") == 0) return o->keep_going = true;
  if (strcmp(word, "--seed-timeout") == 0) return cli_take_number(argc, argv, i, CLI_MOST_SECONDS, &o->seed_seconds);
  if (strcmp(word, "--seed") == 0) return o->seeded = take_seed(argc, argv, i, &o->seed);
  return strcmp(word, "--seeds") == 0 && take_seed_range(o, argc, argv, i);
}

bool cli_take_run_option(RunOptions *o, int argc, char **argv, int *i) {
  unsigned long number = 0;
  const char *word = argv[*i];
  if (strcmp(word, "--image") == 0 && *i + 1 < argc) return (o->image = argv[++*i]) != NULL;
  if (strncmp(word, "--seed", 6) == 0 || strcmp(word, "--keep-going") == 0) return take_seed_option(o, argc, argv, i);
  if (strcmp(word, "--trace") == 0 && *i + 1 < argc) return (o->trace = argv[++*i]) != NULL;
  if (strcmp(word, "--pin") == 0) return o->pin = true;
  if (strcmp(word, "--heap") == 0) return cli_take_number(argc, argv, i, CLI_MOST_HEAP_MIB, &o->heap_mib);
  if (strcmp(word, "--depth") == 0) return cli_take_number(argc, argv, i, CLI_MOST_DEPTH_KIB, &o->depth_kib);
  if (strcmp(word, "--schedulers") != 0 || !cli_take_number(argc, argv, i, CLI_MOST_SCHEDULERS, &number)) return false;
  o->schedulers = (unsigned)number;
  return true;
}

/* An image is known by its name, or by how it begins: nothing else begins so. */
static bool is_image(const char *path) {
  char magic[sizeof IMAGE_MAGIC - 1];
  if (cli_has_suffix(path, ".image")) return true;
  struct stat status;
  FILE *in = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "rb") : NULL;
  bool found = in && fread(magic, 1, sizeof magic, in) == sizeof magic && memcmp(magic, IMAGE_MAGIC, sizeof magic) == 0;
  if (in) fclose(in);
  return found;
}

/* Answers 0, or the exit status of a wrong command line. */
static int parse(const char *command, int argc, char **argv, RunOptions *o) {
  *o = (RunOptions){.seed_seconds = 60};
  for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (argv[i][0] != '-' || argv[i][1] == 0) argv[o->files++] = argv[i];
    else if (cli_take_run_option(o, argc, argv, &i)) continue;
    else return cli_wrong_option(command, argv[i]);
  }
  return 0;
}

/* An image is named alone, in place of files. */
static int take_image(char **argv, RunOptions *o) {
  if (!o->files) return cli_usage("run: expected FILE.st..., folders or X.image");
  if (o->files > 1 || !is_image(argv[0])) return 0;
  o->image = argv[0];
  o->files = 0;
  return 0;
}

const SourceImage *cli_load_image(const Cli *cli, const RunOptions *o) {
  char error[IMAGE_ERROR_SIZE];
  const SourceImage *source = o->image ? image_load_file(o->image, cli->primitives, error) : kernel_image_load(cli->primitives, error);
  if (!source) fprintf(stderr, "atoll: %s\n", error);
  return source;
}

/* What is still accounted for when everything is gone. */
static int report_leak(const Accounts *accounts) {
  if (account_total(accounts) == 0) return 0;
  fprintf(stderr, "atoll: %lld bytes were left behind:", (long long)account_total(accounts));
  for (unsigned kind = 0; kind < ACCOUNT_KIND_COUNT; kind++) {
    long long bytes = atomic_load(&accounts->bytes[kind]);
    if (bytes) fprintf(stderr, " %s %lld", account_kind_name((AccountKind)kind), bytes);
  }
  fprintf(stderr, "\n");
  return 1;
}

void cli_set_runtime_options(RuntimeOptions *options, const RunOptions *o, Host *host, Accounts *accounts) {
  *options = (RuntimeOptions){.schedulers = o->schedulers, .heap_limit = o->heap_mib << 20, .depth_limit_kb = (uint32_t)o->depth_kib,
                              .pin = o->pin, .accounts = accounts,
                              .freeze_for_spawn_may_gc = machine_freeze_for_spawn_may_gc};
  if (!o->seeded) return;
  host_init_seeded(host, o->seed);
  options->host = host;
}

bool cli_open_trace(const RunOptions *o, RuntimeOptions *options) {
  if (!o->trace || (options->trace = fopen(o->trace, "w"))) return true;
  return fprintf(stderr, "atoll: cannot write '%s': %s\n", o->trace, strerror(errno)), false;
}

bool cli_close_trace(const RunOptions *o, RuntimeOptions *options) {
  if (!options->trace) return true;
  errno = 0;
  bool written = !ferror(options->trace);
  if (fclose(options->trace) == 0 && written) return true;
  return fprintf(stderr, "atoll: cannot write '%s': %s\n", o->trace, strerror(errno ? errno : EIO)), false;
}

/* ---- being told to stop ---- */

static Runtime *_Atomic told_to_stop;

/* The first time the program is told; the second time it ends. */
static void on_signal(int number) {
  Runtime *runtime = atomic_exchange(&told_to_stop, NULL);
  if (runtime) {
    runtime_interrupt(runtime, number);
    return;
  }
  signal(number, SIG_DFL);
  raise(number);
}

static const int stopping_signals[] = {SIGTERM, SIGINT, SIGHUP};

static void watch_signals(Runtime *runtime) {
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  atomic_store(&told_to_stop, runtime);
  for (unsigned i = 0; i < sizeof stopping_signals / sizeof *stopping_signals; i++)
    if (sigaction(stopping_signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(stopping_signals[i], &action, NULL);
}

static void unwatch_signals(void) {
  struct sigaction before;
  atomic_store(&told_to_stop, NULL);
  for (unsigned i = 0; i < sizeof stopping_signals / sizeof *stopping_signals; i++)
    if (sigaction(stopping_signals[i], NULL, &before) == 0 && before.sa_handler == on_signal) signal(stopping_signals[i], SIG_DFL);
}

int cli_run_program(Program *program, const SourceImage *source, const RunOptions *o, unsigned *errors, FILE *answer) {
  RuntimeOptions options;
  Host host;
  Accounts accounts = {0};
  cli_set_runtime_options(&options, o, &host, &accounts);
  debug_set_failing_allocation(&accounts);
  if (!cli_open_trace(o, &options)) return 1;
  Runtime *runtime = runtime_new(&options);
  if (!runtime) return cli_close_trace(o, &options), fprintf(stderr, "atoll: cannot start the schedulers: no memory, or too many open files\n"), 1;
  MainProgram main_program = {program, 0, false, answer};
  if (!o->hand_on_data) program_set_before_statement(program, freeze_definitions);
  Machine *m = runtime_main_machine(runtime, source, next_frame, &main_program);
  if (!o->seeded) watch_signals(runtime);
  int status = m ? runtime_run(runtime) : 1;
  unwatch_signals();
  if (!m || main_program.no_memory) fprintf(stderr, "atoll: no memory\n"), status = 1;
  *errors = program_errors(program) + main_program.unhandled;
  if (o->schedule_hash) *o->schedule_hash = runtime_schedule_hash(runtime);
  runtime_delete(runtime);
  int leaked = report_leak(&accounts);
  if (!cli_close_trace(o, &options)) leaked = 1;
  return status ? status : leaked;
}

typedef struct RunCall {
  const Cli *cli;
  const SourceImage *source;
  char **argv;
} RunCall;

static int run_files(void *context, const RunOptions *o) {
  const RunCall *call = context;
  Program *program = program_new(stderr);
  bool readable = program != NULL;
  for (int i = 0; readable && i < o->files; i++) readable = program_add_path(program, call->argv[i], NULL);
  if (readable && !o->files) {
    size_t size;
    const char *kept = image_program(call->source, &size);
    readable = program_add_saved(program, kept, size);
  }
  static const char last[] = "Stream flushAll.";
  readable = readable && program_add_text(program, "(end of the program)", last, sizeof last - 1);
  unsigned errors = 0;
  int status = readable ? cli_run_program(program, call->source, o, &errors, NULL) : 1;
  if (errors && status == 0) status = 1;
  program_delete(program);
  return status;
}

int command_run(const Cli *cli, int argc, char **argv) {
  RunOptions o;
  char **original = cli_copy_arguments(argc, argv);
  int status = original ? parse("run", argc, argv, &o) : 1;
  if (!status) status = take_image(argv, &o);
  RunCall call = {cli, NULL, argv};
  if (!status) call.source = cli_load_image(cli, &o);
  if (!status && !call.source) status = 1;
  if (!status) status = o.search ? cli_search_seeds(&o, "run", argc, original, run_files, &call) : run_files(&call, &o);
  source_image_release(call.source);
  free(original);
  return status;
}

/* ---- resume --------------------------------------------------------------------------------------------------------------- */

static int resume(const SourceImage *source, const RunOptions *o, const char *path) {
  char error[SNAPSHOT_MESSAGE_SIZE];
  size_t size;
  Accounts accounts = {0};
  RuntimeOptions options;
  char *bytes = whole_file_read_path(path, &size);
  if (!bytes) return fprintf(stderr, "atoll: cannot read '%s': %s\n", path, strerror(errno)), 1;
  cli_set_runtime_options(&options, o, NULL, &accounts);
  if (!cli_open_trace(o, &options)) return free(bytes), 1;
  Runtime *runtime = runtime_new(&options);
  int status = 1;
  if (!runtime) {
    fprintf(stderr, "atoll: cannot start the schedulers: no memory, or too many open files\n");
  } else if (runtime_resume_main(runtime, source, bytes, size, error)) {
    watch_signals(runtime);
    status = runtime_run(runtime);
    unwatch_signals();
  } else {
    fprintf(stderr, "atoll: '%s': %s\n", path, error);
  }
  if (runtime) runtime_delete(runtime);
  free(bytes);
  int leaked = report_leak(&accounts);
  if (!cli_close_trace(o, &options)) leaked = 1;
  return status ? status : leaked;
}

int command_resume(const Cli *cli, int argc, char **argv) {
  RunOptions o;
  int status = parse("resume", argc, argv, &o);
  if (status) return status;
  if (o.files != 1) return cli_usage("resume: expected one SNAPSHOT");
  if (o.seeded || o.search) return cli_usage("resume: --seed and --seeds are for run and test");
  const SourceImage *source = cli_load_image(cli, &o);
  if (!source) return 1;
  status = resume(source, &o, argv[0]);
  source_image_release(source);
  return status;
}
