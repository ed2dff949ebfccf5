/* SPDX-License-Identifier: MIT */
/* terminal.c -- the terminal's thread, and the primitive by which the main actor talks with it.  See terminal.h. */
#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "primitives.h"
#include "runtime_internal.h"
#include "terminal_internal.h"
#include "waiting.h"

enum { STANDARD_INPUT_SIZE = 4096, OUTPUT_AT_ONCE = 16 /* reads: as much as a pipe holds, a few times */ };

struct Terminal {
  /* constant while the thread runs */
  pthread_t thread;
  bool interactive_input; /* a person types, and may paste */
  int screen, screen_errors; /* what descriptors 1 and 2 were */
  int output, request_fd, event_fd, signal_fd;

  /* both threads, under the lock */
  pthread_mutex_t lock;
  char *request, *event;
  size_t event_size;
  bool has_event, waiting; /* for a request, or reading for one */
  bool stopping;
  int presses; /* of Ctrl-C in this statement */

  /* main actor's thread */
  bool asked, attached;
  int seen_presses;
  uv_poll_t poll;
  Loop *loop;
  Actor *actor;

  /* terminal's thread */
  LineEditor *editor;
  const char *prompt; /* on the screen now, or NULL */
  bool mid_line;      /* the screen's last line is not finished */
  bool interrupted, ended;
  bool line_begun; /* when it was interrupted, there was something in the line */
  char input[STANDARD_INPUT_SIZE];
  size_t input_at, input_end;
};

static void signal_fd(int fd) {
  uint64_t one = 1;
  ssize_t size = write(fd, &one, sizeof one);
  (void)size;
}

static void drain_fd(int fd) {
  uint64_t count;
  ssize_t size = read(fd, &count, sizeof count);
  (void)size;
}

/* ---- the screen (terminal's thread) ---------------------------------------------------------------------------------------- */

static void put(Terminal *t, const char *bytes, size_t size) {
  while (size) {
    ssize_t n = write(t->screen, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      poll(&(struct pollfd){.fd = t->screen, .events = POLLOUT}, 1, -1);
      continue;
    }
    if (n <= 0) return;
    bytes += n, size -= (size_t)n;
  }
}

static void put_text(Terminal *t, const char *text) { put(t, text, strlen(text)); }

/* What actors have printed goes to the screen; a line that is being typed moves below it.  Not all at once: who prints without end must not keep the
 * terminal from Ctrl-C. */
static void copy_output(Terminal *t, unsigned most) {
  char bytes[16384];
  ssize_t size;
  bool hidden = false;
  for (unsigned i = 0; i < most && (size = read(t->output, bytes, sizeof bytes)) > 0; i++) {
    if (t->prompt && !hidden) put_text(t, t->editor ? "\r\033[K" : "\n");
    hidden = t->prompt != NULL;
    put(t, bytes, (size_t)size);
    t->mid_line = bytes[size - 1] != '\n';
  }
  if (!hidden) return;
  if (t->mid_line) put_text(t, "\n");
  t->mid_line = false;
  if (t->editor) line_editor_show(t->editor);
  else put_text(t, t->prompt);
}

/* ---- events for the main actor (terminal's thread) ------------------------------------------------------------------------- */

/* KIND and the text; 0: the end. */
static void post_event(Terminal *t, char kind, const char *text, size_t size) {
  char *event = malloc(size + 1);
  if (!event) return;
  event[0] = kind;
  memcpy(event + 1, text, size);
  pthread_mutex_lock(&t->lock);
  free(t->event);
  t->event = event;
  t->event_size = kind ? size + 1 : 0;
  t->has_event = true;
  if (kind != 'C') t->waiting = false;
  pthread_mutex_unlock(&t->lock);
  signal_fd(t->event_fd);
}

static char *take_request(Terminal *t) {
  pthread_mutex_lock(&t->lock);
  char *request = t->request;
  t->request = NULL;
  pthread_mutex_unlock(&t->lock);
  return request;
}

static bool is_stopping(Terminal *t) {
  pthread_mutex_lock(&t->lock);
  bool stopping = t->stopping;
  pthread_mutex_unlock(&t->lock);
  return stopping;
}

/* The process ends by signal NUMBER, as if nobody had taken it, but leaves the keyboard as it was. */
static void end_by(Terminal *t, int number) {
  sigset_t set;
  if (t->editor) line_editor_save(t->editor), line_editor_restore(t->editor);
  sigemptyset(&set);
  sigaddset(&set, number);
  signal(number, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
}

/* Ctrl-C: at the prompt it is for the line, else for the statement. */
static void take_signal(Terminal *t) {
  struct signalfd_siginfo info;
  if (read(t->signal_fd, &info, sizeof info) != sizeof info) return;
  if (info.ssi_signo != SIGINT) end_by(t, (int)info.ssi_signo);
  pthread_mutex_lock(&t->lock);
  bool at_prompt = t->waiting;
  if (!at_prompt) t->presses++;
  pthread_mutex_unlock(&t->lock);
  if (at_prompt) t->interrupted = true;
  else signal_fd(t->event_fd);
}

/* Waits for the keyboard (if READING) or a request, seeing to output and Ctrl-C meanwhile.  True: bytes can be read. */
static bool wait_for(Terminal *t, bool reading) {
  for (;;) {
    struct pollfd fds[] = {{.fd = t->output, .events = POLLIN}, {.fd = t->signal_fd, .events = POLLIN},
                           {.fd = t->request_fd, .events = POLLIN}, {.fd = reading ? STDIN_FILENO : -1, .events = POLLIN}};
    if (poll(fds, 4, -1) < 0 && errno != EINTR) return false;
    if (fds[0].revents) copy_output(t, OUTPUT_AT_ONCE);
    if (fds[1].revents) take_signal(t);
    if (fds[2].revents) {
      drain_fd(t->request_fd);
      return false;
    }
    if (reading && (t->interrupted || is_stopping(t))) return false;
    if (fds[3].revents) return true;
  }
}

/* ---- reading (terminal's thread) --------------------------------------------------------------------------------------------- */

static int next_byte(void *context) {
  Terminal *t = context;
  if (t->input_at == t->input_end) {
    while (!wait_for(t, true))
      if (t->interrupted || is_stopping(t)) return -1;
    ssize_t size = read(STDIN_FILENO, t->input, t->editor ? 1 : sizeof t->input);
    if (size <= 0) return t->ended = true, -1;
    t->input_at = 0;
    t->input_end = (size_t)size;
  }
  return (unsigned char)t->input[t->input_at++];
}

/* The main actor knows the names; it answers with a request that begins with A. */
static char *complete(void *context, const char *line, size_t length) {
  Terminal *t = context;
  char *answer = NULL;
  post_event(t, 'C', line, length);
  while (!(answer = take_request(t)) && !is_stopping(t)) wait_for(t, false);
  if (answer && answer[0] == 'A') memmove(answer, answer + 1, strlen(answer));
  return answer;
}

static char *read_plainly(Terminal *t) {
  size_t capacity = 256, length = 0;
  char *line = malloc(capacity);
  int c = 0;
  put_text(t, t->prompt);
  while (line && (c = next_byte(t)) >= 0 && c != '\n') {
    if (length + 2 > capacity) {
      char *grown = realloc(line, capacity *= 2);
      if (!grown) free(line);
      if (!(line = grown)) break;
    }
    line[length++] = (char)c;
  }
  t->line_begun = length != 0;
  if (line && c < 0 && (t->interrupted || !length)) return free(line), NULL;
  if (line) line[length] = 0;
  return line;
}

static bool more_is_waiting(Terminal *t) {
  struct pollfd keyboard = {.fd = STDIN_FILENO, .events = POLLIN};
  return t->interactive_input && (t->input_at < t->input_end || poll(&keyboard, 1, 0) > 0);
}

/* What is written next begins a line. */
static void begin_line(Terminal *t) {
  copy_output(t, OUTPUT_AT_ONCE);
  if (t->mid_line) put_text(t, "\n");
  t->mid_line = false;
}

static void post_line(Terminal *t, const char *line) {
  bool more = more_is_waiting(t);
  if (t->editor && !more) line_editor_save(t->editor);
  post_event(t, more ? 'M' : 'L', line, strlen(line));
}

static void read_line(Terminal *t, const char *prompt) {
  begin_line(t);
  t->interrupted = false;
  t->prompt = prompt;
  char *line = t->ended ? NULL : t->editor ? line_editor_read(t->editor, prompt) : read_plainly(t);
  t->prompt = NULL;
  if (t->editor) t->line_begun = line_editor_was_begun(t->editor);
  if (t->interrupted || (!line && t->interactive_input)) put_text(t, "\n");
  if (t->interrupted) post_event(t, 'I', t->line_begun ? "." : "", t->line_begun);
  else if (!line) post_event(t, 0, "", 0);
  else post_line(t, line);
  t->interrupted = false;
  free(line);
}

static void *terminal_main(void *context) {
  Terminal *t = context;
  while (!is_stopping(t)) {
    char *request = take_request(t);
    if (!request) wait_for(t, false);
    else if (request[0] == 'P') read_line(t, request + 1);
    else begin_line(t), post_event(t, 'N', "", 0);
    free(request);
  }
  return NULL;
}

/* ---- making and ending --------------------------------------------------------------------------------------------------------- */

static bool open_descriptors(Terminal *t) {
  int pipes[2] = {-1, -1};
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  fflush(NULL);
  t->screen = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  t->screen_errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  t->request_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  t->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  t->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (t->screen < 0 || t->request_fd < 0 || t->event_fd < 0 || t->signal_fd < 0 || pipe2(pipes, O_CLOEXEC) != 0) return false;
  t->output = pipes[0];
  fcntl(t->output, F_SETFL, O_NONBLOCK);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  bool done = dup2(pipes[1], STDOUT_FILENO) >= 0 && dup2(pipes[1], STDERR_FILENO) >= 0;
  close(pipes[1]);
  return done;
}

static void close_descriptors(Terminal *t) {
  int fds[] = {t->screen, t->screen_errors, t->output, t->request_fd, t->event_fd, t->signal_fd};
  for (unsigned i = 0; i < sizeof fds / sizeof fds[0]; i++)
    if (fds[i] >= 0) close(fds[i]);
}

static void give_back_output(Terminal *t) {
  fflush(NULL);
  if (t->screen >= 0) dup2(t->screen, STDOUT_FILENO);
  if (t->screen_errors >= 0) dup2(t->screen_errors, STDERR_FILENO);
  if (t->output >= 0) copy_output(t, UINT_MAX);
}

Terminal *terminal_new(const TerminalOptions *options) {
  Terminal *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->screen = t->screen_errors = t->output = t->request_fd = t->event_fd = t->signal_fd = -1;
  pthread_mutex_init(&t->lock, NULL);
  t->interactive_input = isatty(STDIN_FILENO);
  if (open_descriptors(t)) {
    LineEditorHost host = {t, next_byte, complete};
    if (options->edit) t->editor = line_editor_new(STDIN_FILENO, t->screen, options->history, host);
    if (pthread_create(&t->thread, NULL, terminal_main, t) == 0) return t;
    if (t->editor) line_editor_delete(t->editor);
  }
  give_back_output(t);
  close_descriptors(t);
  free(t);
  return NULL;
}

static void detach(Terminal *t) {
  if (!t->attached) return;
  uv_close((uv_handle_t *)&t->poll, NULL);
  t->loop->handles--;
  loop_poll(t->loop);
}

void terminal_delete(Terminal *t) {
  pthread_mutex_lock(&t->lock);
  t->stopping = true;
  pthread_mutex_unlock(&t->lock);
  signal_fd(t->request_fd);
  pthread_join(t->thread, NULL);
  detach(t);
  give_back_output(t);
  if (t->editor) line_editor_save(t->editor), line_editor_delete(t->editor);
  close_descriptors(t);
  free(t->request);
  free(t->event);
  pthread_mutex_destroy(&t->lock);
  free(t);
}

/* ---- the main actor's side ----------------------------------------------------------------------------------------------------- */

int terminal_interrupted(Terminal *t) {
  pthread_mutex_lock(&t->lock);
  int presses = t->presses;
  pthread_mutex_unlock(&t->lock);
  if (presses == t->seen_presses) return 0;
  return t->seen_presses = presses;
}

/* The main actor is pinned to this loop's thread, and not running now. */
static void on_event(uv_poll_t *poll, int status, int events) {
  Terminal *t = poll->data;
  Actor *a = t->actor;
  (void)status, (void)events;
  drain_fd(t->event_fd);
  a->flags |= ACTOR_WAKE;
  if (mailbox_try_wake(&a->mailbox, actor_tag(actor_id(a)))) scheduler_enqueue(a->scheduler, a);
}

static bool attach(Terminal *t, Actor *a) {
  if (t->attached) return true;
  t->loop = &a->scheduler->loop;
  t->actor = a;
  t->poll.data = t;
  if (uv_poll_init(&t->loop->uv, &t->poll, t->event_fd)) return false;
  uv_poll_start(&t->poll, UV_READABLE, on_event);
  t->loop->handles++;
  return t->attached = true;
}

static bool post_request(Terminal *t, const char *bytes, size_t size) {
  char *request = strndup(bytes, size);
  if (!request) return false;
  pthread_mutex_lock(&t->lock);
  free(t->request);
  t->request = request;
  t->waiting = true;
  t->presses = 0;
  pthread_mutex_unlock(&t->lock);
  t->seen_presses = 0;
  signal_fd(t->request_fd);
  return true;
}

/* Answers the next event, a String, or nil at the end of the input.  Fails with WRONG_STATE when blocks of settled promises are to run: its body
 * runs them and asks again, which goes on waiting. */
static Oop terminal_ask(Machine *m) {
  Actor *a = actor_of_machine(m);
  Terminal *t = a && actor_is(a, ACTOR_MAIN) ? a->scheduler->runtime->options.terminal : NULL;
  const char *bytes;
  size_t size;
  if (!t) return primitive_fail(m, FAILURE_UNSUPPORTED);
  if (!oop_try_bytes(m, m->args[1], &bytes, &size) || !size) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!t->asked && (!attach(t, a) || !post_request(t, bytes, size))) return primitive_fail(m, FAILURE_NO_MEMORY);
  t->asked = true;
  wait_read_mail_may_gc(a);
  if (a->reactions) return primitive_fail(m, FAILURE_WRONG_STATE);
  pthread_mutex_lock(&t->lock);
  char *event = t->event;
  bool come = t->has_event;
  t->event = NULL;
  t->has_event = false;
  pthread_mutex_unlock(&t->lock);
  if (!come) return OOP_YIELD;
  t->asked = false;
  Oop answer = t->event_size ? machine_new_string_may_gc(m, event, t->event_size) : OOP_NIL;
  free(event);
  return answer ? answer : primitive_fail(m, FAILURE_NO_MEMORY);
}

const Primitive terminal_primitives[] = {
    {"terminal_ask", terminal_ask, 1, "tell the terminal's thread something and wait for what it says", 0},
    {NULL, NULL, 0, NULL, 0}};
