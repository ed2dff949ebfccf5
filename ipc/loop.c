/* SPDX-License-Identifier: MIT */
/* loop.c -- a libuv loop and its eventfd. */
#include "loop.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

static void on_wakeup(uv_poll_t *poll, int status, int events) {
  Loop *loop = poll->data;
  uint64_t count;
  (void)status, (void)events;
  ssize_t size = read(loop->event_fd, &count, sizeof count);
  (void)size; /* EAGAIN: somebody was quicker */
}

/* libuv may fire it before it polls, when a millisecond has just begun; without uv_stop it would then wait without a limit. */
static void on_timer(uv_timer_t *timer) { uv_stop(timer->loop); }

void loop_prepare_process(void) {
  struct rlimit limit;
  signal(SIGPIPE, SIG_IGN);
  if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int loop_init(Loop *loop, Accounts *accounts) {
  int error = uv_loop_init(&loop->uv);
  loop->accounts = accounts;
  loop->handles = loop->busy = 0;
  loop->read_buffer = NULL;
  if (error) return error;
  loop->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (loop->event_fd < 0) {
    uv_loop_close(&loop->uv);
    return UV_EMFILE;
  }
  uv_poll_init(&loop->uv, &loop->wakeup, loop->event_fd);
  uv_timer_init(&loop->uv, &loop->timer);
  loop->wakeup.data = loop->uv.data = loop;
  uv_poll_start(&loop->wakeup, UV_READABLE, on_wakeup);
  uv_unref((uv_handle_t *)&loop->wakeup);
  return 0;
}

void loop_destroy(Loop *loop) {
  uv_close((uv_handle_t *)&loop->wakeup, NULL);
  uv_close((uv_handle_t *)&loop->timer, NULL);
  while (uv_run(&loop->uv, UV_RUN_DEFAULT)) {
  }
  close(loop->event_fd);
  uv_loop_close(&loop->uv);
  account_free(loop->accounts, ACCOUNT_HANDLE, loop->read_buffer, loop->read_buffer ? LOOP_READ_BUFFER : 0);
}

void loop_poll(Loop *loop) { uv_run(&loop->uv, UV_RUN_NOWAIT); }

void loop_finish_requests(Loop *loop) {
  while (loop->uv.active_reqs.count) uv_run(&loop->uv, UV_RUN_ONCE);
}

/* libuv counts milliseconds and rounds down what is left of them, so ask for one more than needed. */
void loop_wait(Loop *loop, uint64_t timeout_ns) {
  if (timeout_ns != UINT64_MAX) {
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->timer, on_timer, (timeout_ns + 999999) / 1000000, 0);
  }
  uv_ref((uv_handle_t *)&loop->wakeup);
  uv_run(&loop->uv, UV_RUN_ONCE);
  uv_unref((uv_handle_t *)&loop->wakeup);
  if (timeout_ns != UINT64_MAX) uv_timer_stop(&loop->timer);
}

void loop_wake(Loop *loop) {
  uint64_t one = 1;
  ssize_t size = write(loop->event_fd, &one, sizeof one);
  (void)size; /* EAGAIN: it is awake */
}
