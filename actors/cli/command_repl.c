/* SPDX-License-Identifier: MIT */
/* command_repl.c -- `atoll` with no arguments: a person types, the main actor answers.
 *
 * The main actor has a frame for each thing that happens: `Repl ask: prompt` waits for a line (terminal.h), `Repl interpret: text` carries
 * out commands, the program's statements run as `Repl evaluate: method`, `Repl print: value` shows what they answered.  Whenever one has
 * returned, next_frame decides what comes next: that is the state machine below.  Everything that can be is in images/kernel/system/Repl.st. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "image.h"
#include "input_state.h"
#include "program.h"
#include "runtime.h"
#include "terminal.h"

typedef enum ReplPhase {
  REPL_BEGIN,   /* nothing has happened */
  REPL_ASK,     /* a line is wanted */
  REPL_READ,    /* Repl ask: has answered */
  REPL_COMMAND, /* Repl interpret: has answered */
  REPL_STEP,    /* the program goes on */
  REPL_PRINTED, /* Repl print: has returned */
  REPL_STOP
} ReplPhase;

typedef struct Repl {
  Program *program;
  ReplPhase phase;
  char *text; /* what was typed, not yet carried out */
  size_t length;
  InputScan scan; /* of it */
  unsigned inputs;    /* number of the next one */
  bool typed;         /* what runs was typed, and is no file */
  bool timed, no_memory, hint_given;
  unsigned errors, unhandled; /* before it began */
  struct timespec started;
} Repl;

typedef struct ReplOptions {
  RunOptions run;
  bool interactive;
} ReplOptions;

static bool send_may_gc(Machine *m, const char *selector, unsigned argc, const Oop *arguments) {
  unsigned handle = machine_push_handle(m, argc ? arguments[0] : OOP_NIL);
  Oop symbol = machine_symbol_may_gc(m, selector, strlen(selector)), argument = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  return symbol && machine_start_may_gc(m, machine_global_value(m, "Repl"), symbol, argc, &argument);
}

static bool send_text_may_gc(Machine *m, const char *selector, const char *text, size_t length) {
  Oop string = machine_new_string_may_gc(m, text, length);
  return string && send_may_gc(m, selector, 1, &string);
}

/* The last frame's answer. */
static Oop take_answer(Machine *m) {
  Oop answer = m->roots[ROOT_RESULT];
  m->roots[ROOT_RESULT] = OOP_NIL;
  return answer;
}

static bool append(Repl *r, const char *text, size_t length) {
  char *grown = realloc(r->text, r->length + length + 2);
  if (!grown) return false;
  if (r->length) grown[r->length++] = '\n';
  memcpy(grown + r->length, text, length);
  r->text = grown;
  r->length += length;
  r->text[r->length] = 0;
  return true;
}

static void forget_text(Repl *r) {
  r->length = 0;
  r->scan = (InputScan){.at = 0};
}

/* ---- running what was typed -------------------------------------------------------------------------------------------------- */

static void begin_input(Repl *r, Machine *m, bool typed) {
  r->errors = program_errors(r->program);
  r->unhandled = m->unhandled;
  r->typed = typed;
  r->hint_given = false;
  clock_gettime(CLOCK_MONOTONIC, &r->started);
  r->phase = REPL_STEP;
}

static void add_text(Repl *r, Machine *m, const char *text, size_t length) {
  char name[32];
  snprintf(name, sizeof name, "input %u", r->inputs++);
  begin_input(r, m, true);
  if (!program_add_text(r->program, name, text, length)) r->no_memory = true;
}

static void add_file(Repl *r, Machine *m, const char *path) {
  begin_input(r, m, false);
  r->phase = program_add_file(r->program, path) ? REPL_STEP : REPL_ASK;
  forget_text(r);
}

static void tell_time(Repl *r) {
  struct timespec now;
  if (!r->timed) return;
  r->timed = false;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double ms = (double)(now.tv_sec - r->started.tv_sec) * 1e3 + (double)(now.tv_nsec - r->started.tv_nsec) / 1e6;
  printf("%.3f ms\n", ms);
  fflush(stdout);
}

/* A statement has answered: its value becomes _, and that of the last one is printed, unless it ended in an error. */
static bool statement_done_may_gc(Repl *r, Machine *m) {
  Oop value = take_answer(m);
  bool failed = m->unhandled != r->unhandled;
  tell_time(r);
  if (failed && r->typed) program_skip(r->program);
  r->phase = REPL_STEP;
  if (failed || !r->typed) return false;
  bool last = program_is_done(r->program);
  unsigned handle = machine_push_handle(m, value);
  program_set_variable_may_gc(r->program, "_", value);
  value = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  if (!last) return false;
  r->phase = REPL_PRINTED;
  return send_may_gc(m, "print:", 1, &value);
}

/* All that was typed is done.  After an error the Smalltalk side may know what was meant. */
static bool input_done_may_gc(Repl *r, Machine *m) {
  bool failed = program_errors(r->program) != r->errors || m->unhandled != r->unhandled;
  fflush(stderr);
  tell_time(r);
  r->phase = REPL_ASK;
  if (!r->typed || !r->length) return false;
  size_t length = r->length;
  forget_text(r);
  return send_text_may_gc(m, failed ? "explain:" : "carriedOut:", r->text, length);
}

static bool step_may_gc(Repl *r, Machine *m) {
  switch (program_step(r->program, m)) {
  case PROGRAM_RUN: return true;
  case PROGRAM_ANSWER: return statement_done_may_gc(r, m);
  case PROGRAM_END: return input_done_may_gc(r, m);
  default: r->no_memory = true, r->phase = REPL_STOP; return false;
  }
}

/* ---- reading --------------------------------------------------------------------------------------------------------------------- */

static bool ask_may_gc(Repl *r, Machine *m) {
  char prompt[32];
  InputState state = r->length ? input_state(&r->scan, r->text, r->length) : (InputState){INPUT_EMPTY, 0, false};
  int width = snprintf(prompt, sizeof prompt, "P%u> ", r->inputs);
  if (r->length) snprintf(prompt, sizeof prompt, "P%*c> ", width - 3, state.awaited ? state.awaited : '.');
  r->phase = REPL_READ;
  return send_text_may_gc(m, "ask:", prompt, strlen(prompt));
}

static bool is_blank(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] > ' ') return false;
  return true;
}

/* A line has come: L or M (more of them wait, as when text is pasted: then a blank line is part of it) and the text, or I. */
static bool read_may_gc(Repl *r, Machine *m) {
  Oop event = take_answer(m);
  const char *bytes;
  size_t size;
  if (!oop_is_pointer(event) || !oop_try_bytes(m, event, &bytes, &size) || !size) return r->phase = REPL_STOP, false;
  r->phase = REPL_ASK;
  if (bytes[0] == 'I') {
    if (!r->length && size == 1) return send_may_gc(m, "interruptedAtPrompt", 0, NULL);
    return forget_text(r), false;
  }
  bool blank = is_blank(bytes + 1, size - 1), go = blank && bytes[0] == 'L' && r->length;
  bool second = go && r->length > 1 && r->text[r->length - 1] == '\n' && r->text[r->length - 2] == '\n';
  if (!append(r, bytes + 1, size - 1)) return r->no_memory = true, r->phase = REPL_STOP, false;
  InputState state = input_state(&r->scan, r->text, r->length);
  if (second && state.in_block) return send_may_gc(m, "bracketIsOpen", 0, NULL);
  if (state.in_block) go = false; /* methods stand apart, and so may statements */
  bool command = r->text[strspn(r->text, " \t")] == ':' || r->text[0] == '?';
  if (state.kind == INPUT_UNFINISHED && !go && !command) return false;
  if (is_blank(r->text, r->length)) return forget_text(r), false;
  r->phase = REPL_COMMAND;
  return send_text_may_gc(m, "interpret:", r->text, r->length);
}

/* Repl interpret: answers nil for what is to be compiled, false to end, true when all is done, or "time TEXT", "load PATH". */
static void obey(Repl *r, Machine *m) {
  Oop answer = take_answer(m);
  const char *bytes;
  size_t size;
  r->phase = REPL_ASK;
  if (answer == OOP_FALSE) r->phase = REPL_STOP;
  else if (answer == OOP_NIL) add_text(r, m, r->text, r->length);
  else if (oop_is_pointer(answer) && oop_try_bytes(m, answer, &bytes, &size) && size > 5) {
    char *word = strndup(bytes, size);
    if (!word) return;
    r->timed = word[0] == 't';
    if (r->timed) add_text(r, m, word + 5, strlen(word + 5));
    else add_file(r, m, word + 5);
    free(word);
    return;
  } else {
    forget_text(r);
  }
}

/* Definitions are frozen before a statement runs, so that it runs on an S of its own at full speed. */
static void freeze_definitions(Machine *m) { source_image_release(machine_freeze_for_spawn_may_gc(m)); }

/* The runtime calls this whenever the main actor has nothing to run.  False: it is over. */
static bool next_frame(void *context, Machine *m) {
  Repl *r = context;
  for (;;) {
    bool pushed = false;
    switch (r->phase) {
    case REPL_BEGIN:
      program_step(r->program, m); /* there is nothing yet: makes the variables */
      program_set_variable_may_gc(r->program, "_", OOP_NIL);
      r->phase = REPL_ASK;
      break;
    case REPL_ASK: pushed = ask_may_gc(r, m); break;
    case REPL_READ: pushed = read_may_gc(r, m); break;
    case REPL_COMMAND: obey(r, m); break;
    case REPL_PRINTED: take_answer(m), r->phase = REPL_STEP; /* fall through */
    case REPL_STEP: pushed = step_may_gc(r, m); break;
    case REPL_STOP: return false;
    }
    if (pushed) return true;
    if (r->no_memory) return false;
  }
}

/* ---- starting ---------------------------------------------------------------------------------------------------------------------- */

/* $XDG_STATE_HOME/atoll/history, its folders made.  NULL: there is no home, or it does not fit. */
static const char *history_path(char *path, size_t size) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  int n = state && state[0] == '/' ? snprintf(path, size, "%s/atoll/history", state)
          : home && home[0]        ? snprintf(path, size, "%s/.local/state/atoll/history", home)
                                   : -1;
  if (n < 0 || (size_t)n >= size) return NULL;
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(path, 0700);
    *slash = '/';
  }
  return path;
}

static int run_runtime(Repl *r, const SourceImage *source, const RuntimeOptions *options) {
  Runtime *runtime = runtime_new(options);
  Machine *m = runtime ? runtime_main_machine(runtime, source, next_frame, r) : NULL;
  int status = m ? runtime_run(runtime) : 1;
  terminal_delete(options->terminal);
  if (!m || r->no_memory) fprintf(stderr, "atoll: no memory, or too many open files\n"), status = 1;
  if (runtime) runtime_delete(runtime);
  return status;
}

static int run(Repl *r, const SourceImage *source, const ReplOptions *o) {
  char path[4096];
  const char *term = getenv("TERM");
  bool edit = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
  TerminalOptions terminal_options = {edit, edit ? history_path(path, sizeof path) : NULL};
  RuntimeOptions options;
  cli_set_runtime_options(&options, &o->run, NULL, NULL);
  if (!cli_open_trace(&o->run, &options)) return 1;
  printf("Atoll " ATOLL_VERSION ", Smalltalk actors. :help lists the commands, :quit or Ctrl-D ends.\n");
  options.terminal = terminal_new(&terminal_options);
  int status = options.terminal ? run_runtime(r, source, &options) : 1;
  if (!options.terminal) fprintf(stderr, "atoll: cannot take over the terminal: no memory or descriptors\n");
  return cli_close_trace(&o->run, &options) ? status : 1;
}

static int repl(const SourceImage *source, const ReplOptions *o) {
  Repl r = {.program = program_new(stderr), .inputs = 1};
  if (!r.program) return fprintf(stderr, "atoll: no memory\n"), 1;
  program_evaluate_by(r.program, "Repl", "evaluate:");
  program_set_before_statement(r.program, freeze_definitions);
  int status = run(&r, source, o);
  program_delete(r.program);
  free(r.text);
  return status;
}

/* Answers 0, or the exit status of a wrong command line. */
static int parse(int argc, char **argv, ReplOptions *o) {
  for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (strcmp(argv[i], "-i") == 0) o->interactive = true;
    else if (!cli_take_run_option(&o->run, argc, argv, &i)) return cli_wrong_option("repl", argv[i]);
  }
  return o->run.seeded || o->run.search ? cli_usage("repl: --seed and --seeds are for run and test") : 0;
}

/* What is piped in is a program: `atoll run -` with the same options. */
static int run_standard_input(const Cli *cli, int argc, char **argv) {
  static char input[] = "-";
  char **words = calloc((size_t)argc + 2, sizeof *words);
  int count = 0;
  if (!words) return fprintf(stderr, "atoll: no memory\n"), 1;
  words[count++] = input;
  for (int i = 0; i < argc; i++) words[count++] = argv[i];
  int status = command_run(cli, count, words);
  free(words);
  return status;
}

int command_repl(const Cli *cli, int argc, char **argv) {
  ReplOptions o = {.interactive = isatty(STDIN_FILENO)};
  int status = parse(argc, argv, &o);
  if (status) return status;
  if (!o.interactive) return run_standard_input(cli, argc, argv);
  const SourceImage *source = cli_load_image(cli, &o.run);
  if (!source) return 1;
  status = repl(source, &o);
  source_image_release(source);
  return status;
}
