/* SPDX-License-Identifier: MIT */
/* cli.h -- the commands of the `atoll` program.  Each takes the arguments behind its name and answers the exit status: 0 good, 1 the
 * program had errors, 2 the command line was wrong. */
#ifndef ATOLL_CLI_H
#define ATOLL_CLI_H

#include "primitive.h"

typedef struct Cli {
  const char *name; /* argv[0] */
  const PrimitiveTable *primitives;
} Cli;

int command_run(const Cli *cli, int argc, char **argv);
int command_resume(const Cli *cli, int argc, char **argv);
int command_build(const Cli *cli, int argc, char **argv);
int command_image(const Cli *cli, int argc, char **argv);

/* Prints "atoll: message" and how to get help; answers 2. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool cli_has_suffix(const char *path, const char *suffix);

#endif
