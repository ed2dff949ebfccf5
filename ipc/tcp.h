/* SPDX-License-Identifier: MIT */
/* tcp.h -- TCP connections and listeners on a loop; or, if the loop is alone, what behaves like them within this process, whatever the address, and depends on
 * nothing but what this process does.
 *
 * A Tcp holds what has been received until its owner takes it and stops reading when that is much; written bytes go out at once when the
 * kernel takes them, else they are queued.  Whenever something has changed -- bytes came, bytes went out, connected, ended -- it calls
 * `changed`, and the owner looks.  It never calls up in the middle of the owner's own call.
 *
 * Storage is the owner's, and lives until `closed` is called (libuv goes on using it until then).  Loop's thread only. */
#ifndef ATOLL_TCP_H
#define ATOLL_TCP_H

#include "byte_sink.h"
#include "loop.h"

enum {
  TCP_IN_LIMIT = 64 * 1024, /* bytes that are read ahead */
  TCP_OUT_LIMIT = 64 * 1024,
  TCP_WRITE_MAX = 256 * 1024, /* bytes that are written at once */
  TCP_LINE_LIMIT = 1024 * 1024, TCP_LINE_LIMIT_MAX = 1024 * 1024 * 1024
};

typedef struct Tcp Tcp;
typedef struct TcpEvents {
  void (*changed)(Tcp *tcp);
  void (*closed)(Tcp *tcp); /* its storage is the owner's again */
} TcpEvents;

struct Tcp {
  uv_tcp_t uv;
  uv_connect_t connect;
  uv_shutdown_t shutdown;
  Loop *loop;
  const TcpEvents *events;
  ByteBuffer in; /* received */
  size_t in_taken; /* of it, already taken */
  size_t in_scanned; /* of the rest: there is no newline in them */
  size_t in_limit;   /* no more than that is read ahead: TCP_IN_LIMIT, or, while a line is looked for, line_limit */
  size_t line_limit; /* bytes of a line */
  size_t out_pending; /* bytes written but not yet gone out */
  int error;     /* libuv error that ended it, 0: none */
  bool connected, reading, ended /* by the other side */, closing, close_when_written, output_ended;
};

/* A connection whose file descriptor FD is already connected; FD is taken even on failure.  0 or a libuv error. */
int tcp_open(Tcp *tcp, Loop *loop, const TcpEvents *events, int fd);
/* Starts connecting to ADDRESS; `changed` is called when connected or error is set.  On failure `closed` is still called. */
int tcp_connect(Tcp *tcp, Loop *loop, const TcpEvents *events, const struct sockaddr *address);

/* Bytes that wait to be taken. */
static inline size_t tcp_available(const Tcp *tcp) { return byte_sink_size(&tcp->in.sink) - tcp->in_taken; }
static inline const uint8_t *tcp_bytes(const Tcp *tcp) { return tcp->in.sink.start + tcp->in_taken; }
/* SIZE of them have been used. */
void tcp_take(Tcp *tcp, size_t size);
/* Bytes up to and including the first newline.  0: no whole line is there; up to line_limit bytes are read to find one. */
size_t tcp_line_size(Tcp *tcp);
/* What is there is as long as a line may be, and none has ended. */
static inline bool tcp_line_is_too_long(const Tcp *tcp) { return tcp->in_scanned >= tcp->line_limit; }
/* Reads on until the other side ends or much is waiting. */
void tcp_want_bytes(Tcp *tcp);

/* Sends or queues a copy of BYTES, TCP_WRITE_MAX at most.  0 or a libuv error. */
int tcp_write(Tcp *tcp, const void *bytes, size_t size);

/* Nothing more will be written: the other side comes to the end when it has read what is queued.  0 or a libuv error. */
int tcp_end_output(Tcp *tcp);

/* Closes when what is queued has gone out (NOW: at once).  Nothing but `closed` is called any more. */
void tcp_close(Tcp *tcp, bool now);

/* ---- listeners ---- */

typedef struct TcpListener TcpListener;
struct TcpListener {
  uv_poll_t poll;
  Loop *loop;
  int fd;
  int port;     /* 0: ask the system */
  bool waiting; /* for a connection */
  void (*changed)(TcpListener *listener);
  void (*closed)(TcpListener *listener);
};

/* 0 or a libuv error.  On failure nothing needs to be closed. */
int tcp_listen(TcpListener *listener, Loop *loop, const struct sockaddr *address, int backlog);
/* The descriptor of a new connection; -1: there is none now, `changed` will be called when there may be; -2: error (errno). */
int tcp_accept(TcpListener *listener);
int tcp_listener_port(const TcpListener *listener);
void tcp_listener_close(TcpListener *listener);

/* Does it lead to this machine? */
bool tcp_is_local(const struct sockaddr *address);
/* Reads "127.0.0.1", "::1" or "localhost".  False: none of these. */
bool tcp_try_address(const char *host, int port, struct sockaddr_storage *address);

#endif
