/* SPDX-License-Identifier: MIT */
/* seeds.c -- `--seeds A..B`: one process per seed, as many at a time as there are cores.  What a process prints goes to a file in memory and is
 * shown when the seed fails: with an exit status other than 0, by a signal, or by taking too long. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

enum { MAX_WORKERS = 64, SHOWN_BYTES = 16 * 1024, FAILURES_SHOWN = 10 };

typedef struct Worker {
  pid_t pid; /* 0: free */
  uint64_t seed;
  int output; /* file in memory */
} Worker;

typedef struct Search {
  const RunOptions *options;
  int (*run)(void *context, const RunOptions *o);
  void *context;
  const char *command;
  int argc;
  char **argv;
  Worker workers[MAX_WORKERS];
  unsigned worker_count, busy;
  uint64_t next, done, failed;
  uint64_t *hashes; /* shared with the processes: of the schedule of each seed */
  size_t hash_count;
} Search;

/* Somebody has pressed Ctrl-C, or wants the search to end: it does, and says how far it came. */
static volatile sig_atomic_t interrupted;
static void on_signal(int signal) { (void)signal, interrupted = 1; }

static void catch_signals(void (*handler)(int signal)) {
  struct sigaction action = {.sa_handler = handler}; /* without SA_RESTART: waitpid returns */
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void be_worker(Search *search, const Worker *worker) {
  RunOptions o = *search->options;
  o.search = false;
  o.seeded = true;
  o.seed = worker->seed;
  o.schedule_hash = &search->hashes[worker->seed - search->options->seed];
  catch_signals(SIG_DFL);
  dup2(worker->output, STDOUT_FILENO);
  dup2(worker->output, STDERR_FILENO);
  alarm((unsigned)o.seed_seconds);
  int status = search->run(search->context, &o);
  fflush(NULL);
  _exit(status);
}

static bool start(Search *search, Worker *worker) {
  worker->seed = search->next++;
  if (ftruncate(worker->output, 0) || lseek(worker->output, 0, SEEK_SET)) return false;
  fflush(NULL);
  worker->pid = fork();
  if (worker->pid == 0) be_worker(search, worker);
  if (worker->pid < 0) return worker->pid = 0, fprintf(stderr, "atoll: cannot start another process\n"), false;
  search->busy++;
  return true;
}

/* The end of what it printed. */
static void show_output(const Worker *worker) {
  char text[SHOWN_BYTES];
  off_t size = lseek(worker->output, 0, SEEK_END), from = size > SHOWN_BYTES ? size - SHOWN_BYTES : 0;
  ssize_t got = pread(worker->output, text, sizeof text, from);
  if (from) printf("... (%lld bytes are left out)\n", (long long)from);
  if (got > 0) fwrite(text, 1, (size_t)got, stdout);
  if (got > 0 && text[got - 1] != '\n') putchar('\n');
}

static void show_word(const char *word) {
  printf(word[strcspn(word, " \t\n'\"\\$*?[]()&;|<>`")] || !*word ? " '%s'" : " %s", word);
}

/* The command line with --seed in the place of --seeds. */
static void show_command(const Search *search, uint64_t seed) {
  printf("repeat it with: atoll %s --seed %" PRIu64, search->command, seed);
  for (int i = 0; i < search->argc; i++) {
    if (strcmp(search->argv[i], "--seeds") == 0 || strcmp(search->argv[i], "--seed-timeout") == 0) i++;
    else if (strcmp(search->argv[i], "--keep-going") != 0) show_word(search->argv[i]);
  }
  putchar('\n');
}

static void report_failure(Search *search, const Worker *worker, int status) {
  if (search->failed++ >= FAILURES_SHOWN) return;
  printf("seed %" PRIu64 " failed: ", worker->seed);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) printf("not over after %lu s\n", search->options->seed_seconds);
  else if (WIFSIGNALED(status)) printf("%s\n", strsignal(WTERMSIG(status)));
  else printf("exit status %d\n", WEXITSTATUS(status));
  show_output(worker);
  show_command(search, worker->seed);
}

static void kill_workers(Search *search) {
  for (unsigned i = 0; i < search->worker_count; i++)
    if (search->workers[i].pid) kill(search->workers[i].pid, SIGKILL);
}

/* Waits for one process. */
static bool finish_one(Search *search) {
  int status;
  pid_t pid = waitpid(-1, &status, 0);
  if (interrupted) kill_workers(search);
  if (pid < 0 && errno != EINTR) return false;
  for (unsigned i = 0; i < search->worker_count; i++) {
    Worker *worker = &search->workers[i];
    if (pid <= 0 || worker->pid != pid) continue;
    worker->pid = 0;
    search->busy--;
    if (interrupted && WIFSIGNALED(status)) continue; /* that was us, or Ctrl-C */
    search->done++;
    if (status) report_failure(search, worker, status);
  }
  return true;
}

static int ascending(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static uint64_t count_different(Search *search) {
  uint64_t count = 0;
  qsort(search->hashes, search->hash_count, sizeof *search->hashes, ascending);
  for (size_t i = 0; i < search->hash_count; i++) count += search->hashes[i] && (i == 0 || search->hashes[i] != search->hashes[i - 1]);
  return count;
}

static int report(Search *search, double seconds) {
  uint64_t different = count_different(search);
  printf("%" PRIu64 " seed%s, %" PRIu64 " different schedules, %" PRIu64 " failed (%.1f s, %.0f seeds a minute)\n", search->done,
         search->done == 1 ? "" : "s", different, search->failed, seconds, (double)search->done * 60 / seconds);
  return search->failed != 0;
}

static bool prepare(Search *search) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  search->hash_count = (size_t)(search->options->last_seed - search->options->seed + 1);
  search->hashes = mmap(NULL, search->hash_count * sizeof *search->hashes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (search->hashes == MAP_FAILED) return false;
  unsigned wanted = cores < 1 ? 1 : cores > MAX_WORKERS ? MAX_WORKERS : (unsigned)cores;
  for (; search->worker_count < wanted; search->worker_count++) {
    int output = memfd_create("seed", MFD_CLOEXEC);
    if (output < 0) break;
    search->workers[search->worker_count].output = output;
  }
  return search->worker_count > 0;
}

int cli_search_seeds(const RunOptions *o, const char *command, int argc, char **argv, int (*run)(void *context, const RunOptions *o), void *context) {
  Search search = {.options = o, .run = run, .context = context, .command = command, .argc = argc, .argv = argv, .next = o->seed};
  double began = seconds_now();
  if (o->trace) return cli_usage("%s: --trace writes one run: give it one --seed", command);
  if (!prepare(&search)) return fprintf(stderr, "atoll: no memory for so many seeds\n"), 2;
  bool going = true, complete = true;
  catch_signals(on_signal);
  while (going || search.busy) {
    for (unsigned i = 0; going && i < search.worker_count; i++)
      if (!search.workers[i].pid && search.next <= o->last_seed) complete = going = start(&search, &search.workers[i]);
    if (search.busy && !finish_one(&search)) break;
    if (interrupted || (search.failed && !o->keep_going) || (search.next > o->last_seed && !search.busy)) going = false;
  }
  catch_signals(SIG_DFL);
  for (unsigned i = 0; i < search.worker_count; i++) close(search.workers[i].output);
  int status = report(&search, seconds_now() - began);
  munmap(search.hashes, search.hash_count * sizeof *search.hashes);
  return interrupted || !complete ? 1 : status;
}
