/* SPDX-License-Identifier: MIT */
/* tcp.c -- see tcp.h. */
#define _GNU_SOURCE /* accept4 */
#include "tcp.h"

#include <errno.h>
#include <stdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- closing ---------------------------------------------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle) {
  Tcp *tcp = handle->data;
  byte_buffer_destroy(&tcp->in);
  tcp->loop->handles--;
  tcp->events->closed(tcp);
}

static void close_now(Tcp *tcp) {
  if (tcp->closing) return;
  tcp->closing = true;
  uv_close((uv_handle_t *)&tcp->uv, on_closed);
}

void tcp_close(Tcp *tcp, bool now) {
  tcp->close_when_written = true;
  if (now || tcp->out_pending == 0 || tcp->error) close_now(tcp);
}

/* Tells the owner, unless it has closed the connection. */
static void changed(Tcp *tcp) {
  if (!tcp->closing && !tcp->close_when_written) tcp->events->changed(tcp);
}

static void fail(Tcp *tcp, int error) {
  if (!tcp->error) tcp->error = error;
  if (tcp->close_when_written) close_now(tcp);
  else changed(tcp);
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------------ */

static int init(Tcp *tcp, Loop *loop, const TcpEvents *events) {
  memset(tcp, 0, sizeof *tcp);
  tcp->loop = loop;
  tcp->events = events;
  tcp->in_limit = TCP_IN_LIMIT;
  tcp->line_limit = TCP_LINE_LIMIT;
  byte_buffer_init(&tcp->in, loop->accounts);
  int error = uv_tcp_init(&loop->uv, &tcp->uv);
  tcp->uv.data = tcp;
  if (!error) loop->handles++;
  return error;
}

int tcp_open(Tcp *tcp, Loop *loop, const TcpEvents *events, int fd) {
  int error = init(tcp, loop, events);
  if (!error) error = uv_tcp_open(&tcp->uv, fd);
  if (error) return close(fd), error;
  tcp->connected = true;
  uv_tcp_nodelay(&tcp->uv, 1);
  return 0;
}

static void on_connected(uv_connect_t *request, int status) {
  Tcp *tcp = request->data;
  if (status) {
    fail(tcp, status);
    return;
  }
  tcp->connected = true;
  uv_tcp_nodelay(&tcp->uv, 1);
  changed(tcp);
}

/* The name by which a loop that is alone knows a port. */
static socklen_t alone_address(struct sockaddr_un *address, int port) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  int size = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "atoll-%d-%d", (int)getpid(), port);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
}

static int port_of(const struct sockaddr *address) {
  return ntohs(address->sa_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port : ((const struct sockaddr_in6 *)address)->sin6_port);
}

/* It is connected at once, or not at all. */
static int connect_alone(Tcp *tcp, int port) {
  struct sockaddr_un address;
  socklen_t size = alone_address(&address, port);
  int error, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  error = connect(fd, (struct sockaddr *)&address, size) ? (errno == EAGAIN ? UV_ECONNREFUSED : -errno) : uv_tcp_open(&tcp->uv, fd);
  if (error) return close(fd), error;
  tcp->connected = true;
  return 0;
}

int tcp_connect(Tcp *tcp, Loop *loop, const TcpEvents *events, const struct sockaddr *address) {
  int error = init(tcp, loop, events);
  if (error) return error;
  tcp->connect.data = tcp;
  if (loop->is_alone) error = connect_alone(tcp, port_of(address));
  else error = uv_tcp_connect(&tcp->connect, &tcp->uv, address, on_connected);
  if (error) close_now(tcp);
  return error;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
  Loop *loop = ((Tcp *)handle->data)->loop;
  (void)suggested;
  if (!loop->read_buffer) loop->read_buffer = account_alloc_dirty(loop->accounts, ACCOUNT_HANDLE, LOOP_READ_BUFFER);
  *buffer = uv_buf_init(loop->read_buffer, !loop->read_buffer ? 0 : loop->read_most ? loop->read_most : LOOP_READ_BUFFER);
}

static void stop_reading(Tcp *tcp) {
  if (tcp->reading) uv_read_stop((uv_stream_t *)&tcp->uv);
  tcp->reading = false;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
  Tcp *tcp = stream->data;
  if (size == 0) return;
  if (size == UV_EOF) {
    tcp->ended = true;
    stop_reading(tcp);
    changed(tcp);
  } else if (size < 0) {
    stop_reading(tcp);
    fail(tcp, (int)size);
  } else if (!byte_sink_reserve(&tcp->in.sink, (size_t)size)) {
    stop_reading(tcp);
    fail(tcp, UV_ENOMEM);
  } else {
    byte_sink_put_unchecked(&tcp->in.sink, buffer->base, (size_t)size);
    if (tcp_available(tcp) >= tcp->in_limit || tcp->loop->read_most) stop_reading(tcp);
    changed(tcp);
  }
}

void tcp_want_bytes(Tcp *tcp) {
  if (tcp->reading || tcp->ended || tcp->error || tcp->closing || !tcp->connected || tcp_available(tcp) >= tcp->in_limit) return;
  int error = uv_read_start((uv_stream_t *)&tcp->uv, on_room_wanted, on_read);
  if (error) tcp->error = error;
  else tcp->reading = true;
}

/* An idle connection holds no buffer. */
void tcp_take(Tcp *tcp, size_t size) {
  tcp->in_taken += size;
  tcp->in_scanned = tcp->in_scanned > size ? tcp->in_scanned - size : 0;
  tcp->in_limit = TCP_IN_LIMIT;
  if (tcp_available(tcp) == 0) {
    byte_buffer_destroy(&tcp->in);
    tcp->in_taken = 0;
  } else if (tcp->in_taken > TCP_IN_LIMIT) {
    size_t left = tcp_available(tcp);
    memmove(tcp->in.sink.start, tcp_bytes(tcp), left);
    tcp->in.sink.at = tcp->in.sink.start + left;
    tcp->in_taken = 0;
  }
}

size_t tcp_line_size(Tcp *tcp) {
  size_t available = tcp_available(tcp), end = available < tcp->line_limit ? available : tcp->line_limit;
  if (end > tcp->in_scanned) {
    const uint8_t *bytes = tcp_bytes(tcp), *newline = memchr(bytes + tcp->in_scanned, '\n', end - tcp->in_scanned);
    if (newline) return (size_t)(newline - bytes) + 1;
    tcp->in_scanned = end;
  }
  tcp->in_limit = tcp->line_limit > TCP_IN_LIMIT ? tcp->line_limit : TCP_IN_LIMIT;
  return 0;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------------ */

typedef struct Write {
  uv_write_t request;
  size_t size;
  char bytes[];
} Write;

static void on_written(uv_write_t *request, int status) {
  Write *write = (Write *)request;
  Tcp *tcp = request->handle->data;
  tcp->out_pending -= write->size;
  tcp->loop->writes--;
  account_free(tcp->loop->accounts, ACCOUNT_HANDLE, write, sizeof *write + write->size);
  if (status) fail(tcp, status);
  else if (tcp->close_when_written && tcp->out_pending == 0) close_now(tcp);
  else if (tcp->out_pending < TCP_OUT_LIMIT) changed(tcp);
}

int tcp_write(Tcp *tcp, const void *bytes, size_t size) {
  if (tcp->error) return tcp->error;
  if (tcp->closing || tcp->close_when_written || tcp->output_ended) return UV_EPIPE;
  if (tcp->out_pending == 0) {
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)size);
    int sent = uv_try_write((uv_stream_t *)&tcp->uv, &buffer, 1);
    if (sent < 0 && sent != UV_EAGAIN) return tcp->error = sent;
    if (sent > 0) bytes = (const char *)bytes + sent, size -= (size_t)sent;
  }
  if (size == 0) return 0;
  Write *write = account_alloc_dirty(tcp->loop->accounts, ACCOUNT_HANDLE, sizeof *write + size);
  if (!write) return tcp->error = UV_ENOMEM; /* a part may have gone out */
  write->size = size;
  memcpy(write->bytes, bytes, size);
  uv_buf_t buffer = uv_buf_init(write->bytes, (unsigned)size);
  int error = uv_write(&write->request, (uv_stream_t *)&tcp->uv, &buffer, 1, on_written);
  if (error) return account_free(tcp->loop->accounts, ACCOUNT_HANDLE, write, sizeof *write + size), tcp->error = error;
  tcp->out_pending += size;
  tcp->loop->writes++;
  return 0;
}

static void on_output_ended(uv_shutdown_t *request, int status) {
  Tcp *tcp = request->data;
  tcp->loop->writes--;
  if (status && status != UV_ECANCELED && status != UV_ENOTCONN) fail(tcp, status);
}

int tcp_end_output(Tcp *tcp) {
  if (tcp->error || tcp->output_ended) return tcp->error;
  tcp->shutdown.data = tcp;
  int error = uv_shutdown(&tcp->shutdown, (uv_stream_t *)&tcp->uv, on_output_ended);
  tcp->output_ended = !error;
  tcp->loop->writes += !error;
  return error;
}

/* ---- listeners ---------------------------------------------------------------------------------------------------------------------- */

bool tcp_try_address(const char *host, int port, struct sockaddr_storage *address) {
  if (strcmp(host, "localhost") == 0) host = "127.0.0.1";
  return uv_ip4_addr(host, port, (struct sockaddr_in *)address) == 0 || uv_ip6_addr(host, port, (struct sockaddr_in6 *)address) == 0;
}

bool tcp_is_local(const struct sockaddr *address) {
  if (address->sa_family == AF_INET6) {
    const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_UNSPECIFIED(six);
  }
  uint32_t four = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
  return four >> 24 == 127 || four == INADDR_ANY;
}

static int listening_socket(const struct sockaddr *address, int backlog) {
  int one = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  socklen_t size = address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  if (fd < 0) return -errno;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, address, size) == 0 && listen(fd, backlog) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

static int listen_alone(int port, int backlog) {
  struct sockaddr_un address;
  socklen_t size = alone_address(&address, port);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, backlog) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

/* *PORT 0: the first one that is free. */
static int listen_alone_somewhere(int *port, int backlog) {
  enum { FIRST_FREE = 49152, LAST = 65535 };
  int fd = UV_EADDRINUSE;
  if (*port) return listen_alone(*port, backlog);
  for (*port = FIRST_FREE; *port <= LAST; ++*port)
    if ((fd = listen_alone(*port, backlog)) != UV_EADDRINUSE) break;
  return fd;
}

int tcp_listen(TcpListener *listener, Loop *loop, const struct sockaddr *address, int backlog) {
  listener->port = port_of(address);
  int fd = loop->is_alone ? listen_alone_somewhere(&listener->port, backlog) : listening_socket(address, backlog);
  if (fd < 0) return fd;
  int error = uv_poll_init(&loop->uv, &listener->poll, fd);
  if (error) return close(fd), error;
  listener->loop = loop;
  listener->fd = fd;
  listener->waiting = false;
  listener->poll.data = listener;
  loop->handles++;
  return 0;
}

static void on_connection(uv_poll_t *poll, int status, int events) {
  TcpListener *listener = poll->data;
  (void)status, (void)events;
  uv_poll_stop(poll);
  listener->waiting = false;
  listener->changed(listener);
}

int tcp_accept(TcpListener *listener) {
  int fd;
  do fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd >= 0) return fd;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return -2;
  if (!listener->waiting) listener->waiting = uv_poll_start(&listener->poll, UV_READABLE, on_connection) == 0;
  return -1;
}

int tcp_listener_port(const TcpListener *listener) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  if (listener->port) return listener->port;
  return getsockname(listener->fd, (struct sockaddr *)&address, &size) ? 0 : port_of((struct sockaddr *)&address);
}

static void on_listener_closed(uv_handle_t *handle) {
  TcpListener *listener = handle->data;
  close(listener->fd);
  listener->loop->handles--;
  listener->closed(listener);
}

void tcp_listener_close(TcpListener *listener) { uv_close((uv_handle_t *)&listener->poll, on_listener_closed); }
