/* SPDX-License-Identifier: MIT */
/* main.c -- the `atoll` program: finds the command and calls it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"
#include "debug.h"
#include "image_format.h"
#include "primitive_set.h"
#include "window.h"

typedef struct Command {
  const char *name, *arguments, *doc;
  int (*run)(const Cli *cli, int argc, char **argv);
  const char *options; /* a line each, for `atoll help NAME` */
} Command;

static int command_version(const Cli *cli, int argc, char **argv);
static int command_help(const Cli *cli, int argc, char **argv);

#define RUN_OPTIONS                                                    \
  "  --schedulers N    scheduler threads (default: one per core)\n"    \
  "  --pin             bind each of them to a core\n"                  \
  "  --trace FILE      write what actors do, for ui.perfetto.dev\n"    \
  "  --image X.image   stand on this image instead of the kernel\n"    \
  "  --heap MIB        heap limit of each actor\n"                     \
  "  --depth KIB       stack limit of each actor\n"
#define SEED_OPTIONS                                                                                    \
  "  --seed N          one thread, virtual time, every choice drawn from N: N decides the whole run\n"  \
  "  --seeds A..B      a run for each seed, until one fails; says how to repeat that one\n"            \
  "  --keep-going      with --seeds: to the end, whatever fails\n"                                     \
  "  --seed-timeout S  with --seeds: real seconds for each (default 60)\n"

static const Command commands[] = {
    {"repl", "[-i]", "a person types, Atoll answers; also what `atoll` alone does", command_repl,
     "  -i                even if standard input is no terminal\n" RUN_OPTIONS
     "Piped input is carried out as a program, without prompts.  At the prompt, :help lists the commands.\n"
     "Lines are remembered in $XDG_STATE_HOME/atoll/history (~/.local/state/atoll/history).\n"},
    {"run", "PATH... [-- ARGS]", "carry out definitions and statements of files and folders, in order", command_run,
     RUN_OPTIONS SEED_OPTIONS "A file called - is standard input.  Smalltalk sees the words behind -- as `Smalltalk arguments`.\n"},
    {"run", "X.image [-- ARGS]", "run the program of an image that `build` wrote", command_run, ""},
    {"resume", "SNAPSHOT", "go on with an actor that `Actor snapshot:` wrote", command_resume,
     RUN_OPTIONS "The image must be the one that the actor stood on.  Its own limits are in the snapshot; --heap and --depth are for actors that it spawns.\n"},
    {"test", "PATH...", "run the subclasses of TestCase in files and folders", command_test,
     "  --filter PATTERN  only tests whose Class>>selector has PATTERN in it; * stands for any characters\n"
     "  --jobs N          test classes at a time, each in an actor of its own (default: scheduler threads)\n"
     "  --timeout SECONDS for each test (default 10)\n"
     "  --junit FILE      write the results as XML, too\n"
     "  --verbose         a line for each test\n" RUN_OPTIONS SEED_OPTIONS
     "Exit status: 1 tests that do not pass, 2 files with errors, or no tests.\n"},
    {"build", "PATH... -o X.image", "put definitions into an image, keep the statements as its program", command_build,
     "  -o X.image        the file to write\n"
     "  --strip           leave out texts of methods, line tables, names of variables, categories and pragmas\n"},
    {"doc", "-o DIRECTORY [PATH...]", "write pages of HTML about all classes, those that files define among them", command_doc,
     "  -o DIRECTORY      where to; it is made if it is not there\n"
     "  --image X.image   document the classes of this image instead of the kernel's\n"},
    {"image", "info X.image", "what is in an image: sections, hash, classes, what is shadowable", command_image, ""},
    {"version", "", "print the version", command_version, ""},
    {"help", "[COMMAND]", "print this, or what a command takes", command_help, ""},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int command_version(const Cli *cli, int argc, char **argv) {
  (void)cli, (void)argc, (void)argv;
  printf("atoll %s (image format %d)\n", ATOLL_VERSION, IMAGE_VERSION);
  return 0;
}

/* ---- what was mistyped ---------------------------------------------------------------------------------------------------- */

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* How many characters have to be put in, taken out, changed or exchanged with the next to make one word of the other. */
static unsigned distance(const char *a, const char *b) {
  enum { LONGEST = 30 };
  unsigned d[LONGEST + 2][LONGEST + 2];
  size_t n = strlen(a), m = strlen(b);
  if (n > LONGEST || m > LONGEST) return LONGEST;
  for (size_t i = 0; i <= n; i++) d[i][0] = (unsigned)i;
  for (size_t j = 0; j <= m; j++) d[0][j] = (unsigned)j;
  for (size_t i = 1; i <= n; i++)
    for (size_t j = 1; j <= m; j++) {
      d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[n][m];
}

/* The command that WORD is most like, or NULL. */
static const char *similar_command(const char *word) {
  static const char *const others[][2] = {{"exec", "run"}, {"start", "run"}, {"eval", "repl"}, {"shell", "repl"}, {"compile", "build"}, {"docs", "doc"}};
  const char *best = NULL;
  unsigned best_distance = 3;
  for (int i = 0; i < COMMAND_COUNT; i++) {
    unsigned d = distance(word, commands[i].name);
    if (d < best_distance && d < strlen(commands[i].name)) best_distance = d, best = commands[i].name;
  }
  for (unsigned i = 0; !best && i < sizeof others / sizeof others[0]; i++)
    if (strcmp(others[i][0], word) == 0) best = others[i][1];
  return best;
}

/* An option of COMMAND's help text that WORD is like: copied to FOUND. */
static bool similar_option(const char *options, const char *word, char *found, size_t size) {
  unsigned best = 4;
  found[0] = 0;
  for (const char *line = options; *line; line = strchr(line, '\n') + 1) {
    char option[32];
    if (sscanf(line, "  %31[-a-z]", option) != 1 || option[0] != '-') continue;
    unsigned d = distance(word, option);
    if (d >= best || d >= strlen(option) - 1) continue;
    best = d;
    snprintf(found, size, "%s", option);
  }
  return found[0] != 0;
}

int cli_wrong_option(const char *command, const char *option) {
  char found[32];
  for (int i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(commands[i].name, command) != 0) continue;
    if (similar_option(commands[i].options, option, found, sizeof found) && strcmp(found, option) == 0) {
      const char *line = strstr(commands[i].options, option);
      return cli_usage("%s: '%s' lacks its value, or cannot have that one; expected\n  %.*s", command, option, (int)strcspn(line, "\n"), line);
    }
    if (found[0]) return cli_usage("%s: '%s' is not an option; did you mean '%s'?", command, option, found);
    break;
  }
  return cli_usage("%s: '%s' is not an option; see 'atoll help %s'", command, option, command);
}

static int unknown_command(const char *word) {
  const char *similar = similar_command(word[0] == '-' ? word + strspn(word, "-") : word);
  if (cli_has_suffix(word, ".st") || cli_has_suffix(word, ".image")) return cli_usage("'%s' is not a command; did you mean 'atoll run %s'?", word, word);
  if (similar) return cli_usage("'%s' is not a command; did you mean '%s'?", word, similar);
  return cli_usage("'%s' is not a command", word);
}

/* ---- help -------------------------------------------------------------------------------------------------------------------- */

static int help_for(const char *name) {
  bool found = false;
  for (int i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(commands[i].name, name) != 0) continue;
    printf("%s  atoll %s %s\n         %s\n", found ? "" : "usage:\n", name, commands[i].arguments, commands[i].doc);
    if (commands[i].options[0]) printf("%s%s", commands[i].options[0] == ' ' ? "options:\n" : "", commands[i].options);
    found = true;
  }
  return found ? 0 : unknown_command(name);
}

static int command_help(const Cli *cli, int argc, char **argv) {
  (void)cli;
  if (argc > 0) return help_for(argv[0]);
  printf("Atoll runs isolated Smalltalk actors over one shared, immutable image.\n\nusage:\n"
         "  atoll                                   a person types, Atoll answers; piped input is a program\n");
  for (int i = 0; i < COMMAND_COUNT; i++) printf("  atoll %-7s %-24s %s\n", commands[i].name, commands[i].arguments, commands[i].doc);
  printf("\noptions of run:\n" RUN_OPTIONS SEED_OPTIONS
         "\n'atoll help COMMAND' tells more.  Smalltalk sees the words behind -- as `Smalltalk arguments`.\n"
         "Exit status: 0 good, 1 errors, 2 wrong usage, 3 deadlock under a seed.\n");
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

enum { LEAST_FILES = 12 }; /* those of the process and of one scheduler */

/* As many connections as the system allows, not as many as the shell suggests.  False: so few that event loops cannot be made. */
static bool raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max >= LEAST_FILES) return true;
  fprintf(stderr, "atoll: expected a limit of at least %d open files, found %llu; see 'ulimit -n'\n", LEAST_FILES, (unsigned long long)limit.rlim_max);
  return false;
}

/* `--version` is `version`, `-h` is `help`; options before any command are the terminal's. */
static const char *command_word(int argc, char **argv) {
  if (argc < 2) return "repl";
  const char *word = argv[1];
  if (strcmp(word, "-h") == 0 || strcmp(word, "-?") == 0) return "help";
  if (strcmp(word, "-V") == 0 || strcmp(word, "-v") == 0) return "version";
  return word[0] == '-' && word[1] == '-' ? word + 2 : word;
}

/* `atoll run --help`; behind -- stand the program's own words. */
static bool asks_for_help(int argc, char **argv) {
  for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
  return false;
}

/* Files that are opened later must not take the numbers of standard input, output and errors when the process was started without these. */
static void open_standard_files(void) {
  for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = open("/dev/null", O_RDWR))
    if (fd > STDERR_FILENO) {
      close(fd);
      return;
    }
}

/* What commands have printed reaches standard output, or that is said; nothing when nobody reads it any more. */
static int close_output(int status) {
  bool failed = ferror(stdout) != 0;
  if (fflush(stdout) == 0 && !failed) return status;
  if (errno != EPIPE) fprintf(stderr, "atoll: cannot write standard output: %s\n", strerror(errno));
  return status ? status : 1;
}

int main(int argc, char **argv) {
  PrimitiveTable *primitives = calloc(1, sizeof *primitives);
  const char *bad = debug_init();
  if (bad) return free(primitives), cli_usage("ATOLL_DEBUG: there is no switch '%s'", bad);
  if (!primitives) return fprintf(stderr, "atoll: no memory\n"), 1;
  if (!window_init()) {
    fprintf(stderr, "atoll: expected %llu GiB of address space to reserve for images (it costs no memory), found less; see 'ulimit -v'\n",
            (unsigned long long)(WINDOW_SIZE >> 30));
    return free(primitives), 1;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a file that gets too large is an error of the one who writes it */
  open_standard_files();
  if (!raise_file_limit()) return free(primitives), 1;
  primitive_set_fill(primitives);
  Cli cli = {argv[0], primitives};
  const char *word = command_word(argc, argv);
  int status = -1;
  for (int i = 0; i < COMMAND_COUNT && status < 0; i++)
    if (strcmp(commands[i].name, word) == 0) status = asks_for_help(argc, argv) ? help_for(word) : commands[i].run(&cli, argc > 2 ? argc - 2 : 0, argv + 2);
  if (status < 0 && (strcmp(argv[1], "-i") == 0 || strcmp(argv[1], "--image") == 0)) status = command_repl(&cli, argc - 1, argv + 1);
  if (status < 0) status = unknown_command(argv[1]);
  free(primitives);
  return close_output(status);
}
