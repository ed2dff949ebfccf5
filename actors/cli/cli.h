/* SPDX-License-Identifier: MIT */
/* cli.h -- the commands of the `atoll` program.  Each takes the arguments behind its name and answers the exit status: 0 good, 1 the
 * program had errors, 2 the command line was wrong. */
#ifndef ATOLL_CLI_H
#define ATOLL_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "primitive.h"
#include "program.h"
#include "runtime.h"
#include "source_image.h"

typedef struct Cli {
  const char *name; /* argv[0] */
  const PrimitiveTable *primitives;
} Cli;

#define ATOLL_VERSION "0.1.0"

int command_repl(const Cli *cli, int argc, char **argv);
int command_run(const Cli *cli, int argc, char **argv);
int command_resume(const Cli *cli, int argc, char **argv);
int command_build(const Cli *cli, int argc, char **argv);
int command_image(const Cli *cli, int argc, char **argv);

int command_test(const Cli *cli, int argc, char **argv);
int command_doc(const Cli *cli, int argc, char **argv);

/* What the commands that run something have in common. */
typedef struct RunOptions {
  const char *image; /* NULL: the kernel */
  unsigned schedulers;
  unsigned long heap_mib, depth_kib;
  const char *trace; /* the file; may be NULL */
  bool pin; /* scheduler threads to cores */
  bool hand_on_data; /* what the program has set before it first spawns is there in other actors */
  bool seeded, search, keep_going;  /* one seed; all seeds of a range; to its end, whatever fails */
  uint64_t seed, last_seed; /* the seed or the first one; the last one */
  unsigned long seed_seconds; /* real time for each */
  uint64_t *schedule_hash; /* where the hash of the schedule goes; may be NULL */
  int files; /* argv[0 .. files) */
} RunOptions;

/* If argv[*i] is an option that RunOptions has: takes it with its value, and answers true. */
bool cli_take_run_option(RunOptions *o, int argc, char **argv, int *i);

/* ARGV as it is now: parsing moves the files to its front.  The caller frees it.  NULL: no memory. */
char **cli_copy_arguments(int argc, char **argv);

/* Writes TEXT as a Smalltalk literal; nil for NULL. */
void cli_write_literal(FILE *out, const char *text);

/* The most that options with a number take. */
enum { CLI_MOST_SCHEDULERS = 1024, CLI_MOST_HEAP_MIB = 1 << 24, CLI_MOST_DEPTH_KIB = 1 << 22, CLI_MOST_JOBS = 1 << 16, CLI_MOST_SECONDS = 1 << 24 };

/* The word behind option argv[*i] as a number from 1 to MOST.  False: it is none, and *i stays. */
bool cli_take_number(int argc, char **argv, int *i, unsigned long most, unsigned long *out);

/* What the options mean to a runtime.  HOST is used under a seed. */
void cli_set_runtime_options(RuntimeOptions *options, const RunOptions *o, Host *host, Accounts *accounts);
/* The file that --trace names.  False: the reason has been printed. */
bool cli_open_trace(const RunOptions *o, RuntimeOptions *options);
bool cli_close_trace(const RunOptions *o, RuntimeOptions *options);

/* NULL: the reason has been printed. */
const SourceImage *cli_load_image(const Cli *cli, const RunOptions *o);

/* seeds.c: calls RUN for each seed from o->seed to o->last_seed, each in a process of its own, until one fails.  Answers 0, or 1 when a seed failed.
 * COMMAND and its arguments are printed to say how to repeat it. */
int cli_search_seeds(const RunOptions *o, const char *command, int argc, char **argv, int (*run)(void *context, const RunOptions *o), void *context);

/* Runs PROGRAM in the main actor over SOURCE.  Answers the exit status; *ERRORS: those of the sources and those that statements did not handle.
 * ANSWER, if not NULL, gets the value of the last statement, nothing if that is no String. */
int cli_run_program(Program *program, const SourceImage *source, const RunOptions *o, unsigned *errors, FILE *answer);

/* Prints "atoll: message" and how to get help; answers 2. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for an option that COMMAND does not have, or that lacks its value; suggests what was meant. */
int cli_wrong_option(const char *command, const char *option);

bool cli_has_suffix(const char *path, const char *suffix);

#endif
