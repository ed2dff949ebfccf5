/* SPDX-License-Identifier: MIT */
/* main.c -- the `atoll` program: finds the command and calls it. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "cli.h"
#include "debug.h"
#include "image_format.h"
#include "primitive_set.h"
#include "window.h"

#define ATOLL_VERSION "0.1.0"

static int command_version(const Cli *cli, int argc, char **argv) {
  (void)cli, (void)argc, (void)argv;
  printf("atoll %s (image format %d)\n", ATOLL_VERSION, IMAGE_VERSION);
  return 0;
}

static int command_help(const Cli *cli, int argc, char **argv);

typedef struct Command {
  const char *name, *arguments, *doc;
  int (*run)(const Cli *cli, int argc, char **argv);
} Command;

static const Command commands[] = {
    {"run", "PATH... [-- ARGS]", "carry out definitions and statements of files and folders, in order", command_run},
    {"run", "X.image [-- ARGS]", "run the program of an image that `build` wrote", command_run},
    {"resume", "SNAPSHOT", "go on with an actor that `Actor snapshot:` wrote (--image as it had)", command_resume},
    {"test", "PATH...", "run the subclasses of TestCase in files and folders", command_test},
    {"build", "PATH... -o X.image", "put definitions into an image, keep the statements as its program", command_build},
    {"image", "info X.image", "what is in an image: sections, hash, classes, what is shadowable", command_image},
    {"version", "", "print the version", command_version},
    {"help", "", "print this", command_help},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int command_help(const Cli *cli, int argc, char **argv) {
  (void)cli, (void)argc, (void)argv;
  printf("Atoll runs isolated Smalltalk actors over one shared, immutable image.\n\nusage:\n");
  for (int i = 0; i < COMMAND_COUNT; i++) printf("  atoll %-7s %-24s %s\n", commands[i].name, commands[i].arguments, commands[i].doc);
  printf("\noptions of run:\n"
         "  --schedulers N    scheduler threads (default: one per core)\n"
         "  --image X.image   stand on this image instead of the kernel\n"
         "  --heap MIB        heap limit of each actor\n"
         "  --depth KIB       stack limit of each actor\n"
         "\noptions of test, besides those of run:\n"
         "  --filter PATTERN  only tests whose Class>>selector has PATTERN in it; * stands for any characters\n"
         "  --jobs N          test classes at a time, each in an actor of its own (default: scheduler threads)\n"
         "  --timeout SECONDS for each test (default 10)\n"
         "  --junit FILE      write the results as XML, too\n"
         "  --verbose         a line for each test\n"
         "\nSmalltalk sees the words behind -- as `Smalltalk arguments`.  Exit status: 0 good, 1 errors, 2 wrong usage;\n"
         "of test: 1 tests that do not pass, 2 files with errors, or no tests.\n");
  return 0;
}

int cli_usage(const char *format, ...) {
  va_list args;
  fputs("atoll: ", stderr);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputs("\nTry 'atoll help'.\n", stderr);
  return 2;
}

bool cli_has_suffix(const char *path, const char *suffix) {
  size_t length = strlen(path), tail = strlen(suffix);
  return length > tail && strcmp(path + length - tail, suffix) == 0;
}

/* As many connections as the system allows, not as many as the shell suggests. */
static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv) {
  PrimitiveTable *primitives = calloc(1, sizeof *primitives);
  const char *bad = debug_init();
  if (bad) return cli_usage("ATOLL_DEBUG: there is no switch '%s'", bad);
  if (!primitives || !window_init()) return fprintf(stderr, "atoll: no memory, or no address space for images\n"), 1;
  if (argc < 2) return free(primitives), cli_usage("expected a command");
  signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  primitive_set_fill(primitives);
  Cli cli = {argv[0], primitives};
  const char *word = argv[1][0] == '-' && argv[1][1] == '-' ? argv[1] + 2 : argv[1];
  int status = -1;
  for (int i = 0; i < COMMAND_COUNT && status < 0; i++)
    if (strcmp(commands[i].name, word) == 0) status = commands[i].run(&cli, argc - 2, argv + 2);
  if (status < 0 && (cli_has_suffix(argv[1], ".st") || cli_has_suffix(argv[1], ".image")))
    status = cli_usage("'%s' is not a command; did you mean 'atoll run %s'?", argv[1], argv[1]);
  if (status < 0) status = cli_usage("'%s' is not a command", argv[1]);
  free(primitives);
  return status;
}
