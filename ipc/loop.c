/* SPDX-License-Identifier: MIT */
/* loop.c -- a libuv loop, its eventfd and its timerfd. */
#include "loop.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void on_wakeup(uv_poll_t *poll, int status, int events) {
  Loop *loop = poll->data;
  uint64_t count;
  (void)status, (void)events;
  ssize_t size = read(loop->event_fd, &count, sizeof count);
  (void)size; /* EAGAIN: somebody was quicker */
}

static void on_alarm(uv_poll_t *poll, int status, int events) {
  Loop *loop = poll->data;
  uint64_t count;
  (void)status, (void)events;
  loop->armed = loop->armed && read(loop->timer_fd, &count, sizeof count) != sizeof count;
}

static void set_alarm(Loop *loop, uint64_t timeout_ns) {
  struct itimerspec in = {.it_value = {.tv_sec = (time_t)(timeout_ns / 1000000000), .tv_nsec = (long)(timeout_ns % 1000000000)}};
  timerfd_settime(loop->timer_fd, 0, &in, NULL); /* 0: not at all */
  loop->armed = timeout_ns > 0;
}

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
  loop->handles = loop->busy = loop->writes = loop->read_most = 0;
  loop->is_alone = false;
  loop->read_buffer = NULL;
  if (error) return error;
  loop->armed = false;
  loop->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (loop->event_fd < 0 || loop->timer_fd < 0) {
    if (loop->event_fd >= 0) close(loop->event_fd);
    if (loop->timer_fd >= 0) close(loop->timer_fd);
    uv_loop_close(&loop->uv);
    return UV_EMFILE;
  }
  uv_poll_init(&loop->uv, &loop->wakeup, loop->event_fd);
  uv_poll_init(&loop->uv, &loop->alarm, loop->timer_fd);
  loop->wakeup.data = loop->alarm.data = loop->uv.data = loop;
  uv_poll_start(&loop->wakeup, UV_READABLE, on_wakeup);
  uv_poll_start(&loop->alarm, UV_READABLE, on_alarm);
  uv_unref((uv_handle_t *)&loop->wakeup);
  uv_unref((uv_handle_t *)&loop->alarm);
  return 0;
}

void loop_destroy(Loop *loop) {
  uv_close((uv_handle_t *)&loop->wakeup, NULL);
  uv_close((uv_handle_t *)&loop->alarm, NULL);
  while (uv_run(&loop->uv, UV_RUN_DEFAULT)) {
  }
  close(loop->event_fd);
  close(loop->timer_fd);
  uv_loop_close(&loop->uv);
  account_free(loop->accounts, ACCOUNT_HANDLE, loop->read_buffer, loop->read_buffer ? LOOP_READ_BUFFER : 0);
}

void loop_poll(Loop *loop) { uv_run(&loop->uv, UV_RUN_NOWAIT); }

void loop_finish_requests(Loop *loop) {
  while (loop->uv.active_reqs.count > loop->writes) uv_run(&loop->uv, UV_RUN_ONCE);
}

void loop_wait(Loop *loop, uint64_t timeout_ns) {
  if (timeout_ns != UINT64_MAX) set_alarm(loop, timeout_ns ? timeout_ns : 1);
  else if (loop->armed) set_alarm(loop, 0);
  uv_ref((uv_handle_t *)&loop->wakeup);
  uv_run(&loop->uv, UV_RUN_ONCE);
  uv_unref((uv_handle_t *)&loop->wakeup);
}

void loop_wake(Loop *loop) {
  uint64_t one = 1;
  ssize_t size = write(loop->event_fd, &one, sizeof one);
  (void)size; /* EAGAIN: it is awake */
}
