/* SPDX-License-Identifier: MIT */
/* loop.h -- one libuv loop, woken from other threads through an eventfd and by time through a timerfd, with one read buffer for all its
 * handles.
 *
 * (uv_async_t spins in libuv 1.44 while a sender is inside uv_async_send; an eventfd with a flag of our own does not.  uv_timer_t counts
 * milliseconds and is up to two of them late; a timerfd is exact to some ten microseconds.)  Everything but loop_wake belongs to the loop's thread. */
#ifndef ATOLL_LOOP_H
#define ATOLL_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "account.h"

enum { LOOP_READ_BUFFER = 64 * 1024 };

typedef struct Loop {
  Accounts *accounts;
  uv_loop_t uv;
  uv_poll_t wakeup, alarm;
  int event_fd, timer_fd;
  bool armed; /* the timerfd will still go off */
  uint32_t handles; /* open or closing: those of the upper layers */
  uint32_t busy;    /* of these, how many wait for something now */
  uint32_t writes;  /* to sockets, that have not gone out yet */
  char *read_buffer;
  uint32_t read_most; /* so many bytes are read from a socket, and then no more until somebody asks: 0: as many as there are */
  bool is_alone;    /* sockets lead to nobody but this process (tcp.h) */
} Loop;

/* What a process with many sockets needs: as many descriptors as it may have, and no death by SIGPIPE. Once, at start. */
void loop_prepare_process(void);

/* 0 or a libuv error. */
int loop_init(Loop *loop, Accounts *accounts);
/* All handles must have been closed (their close callbacks run here). */
void loop_destroy(Loop *loop);

/* Handles what has happened; does not wait. */
void loop_poll(Loop *loop);
/* Waits for something to happen, at most TIMEOUT_NS (UINT64_MAX: no limit). */
void loop_wait(Loop *loop, uint64_t timeout_ns);
/* Waits until nothing that was handed to the pool (operations on files) is under way. */
void loop_finish_requests(Loop *loop);
/* Any thread: makes the loop return from loop_wait, now or the next time. */
void loop_wake(Loop *loop);

#endif
