/* SPDX-License-Identifier: MIT */
/* socket_primitives.c -- TCP and names of hosts for actors.  Reading, writing, connecting and accepting wait without holding a thread (waiting.h). */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "handle_primitives.h"

static const char no_network[] = "under a seed sockets lead no further than this process: connect to localhost";

static bool read_address(Machine *m, Oop host, Oop port, struct sockaddr_storage *address) {
  char text[HOST_ADDRESS_SIZE];
  if (!oop_is_small(port) || oop_to_small(port) < 0 || oop_to_small(port) > 65535) return false;
  return try_c_string(m, host, text, sizeof text) && tcp_try_address(text, (int)oop_to_small(port), address);
}

/* ---- names of hosts ---------------------------------------------------------------------------------------------------------------------- */

/* lookUp: name.  Answers the number of a handle whose result is to be waited for. */
static Oop host_look_up(Machine *m) {
  ACTOR_OR_FAIL(m);
  char name[256]; /* the longest name that DNS knows, and its end */
  int error;
  if (!try_c_string(m, m->args[1], name, sizeof name) || !name[0]) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (is_seeded(s)) return seeded_fail(m, no_network);
  Handle *handle = handle_new_lookup(s, a, name, &error);
  return handle ? oop_from_small((int64_t)handle->number) : system_fail(m, error);
}

/* One String: a line for each address. */
static Oop addresses_may_gc(Machine *m, const struct addrinfo *first) {
  char text[HOST_ADDRESS_SIZE], all[32 * HOST_ADDRESS_SIZE];
  size_t size = 0;
  for (const struct addrinfo *each = first; each && size + HOST_ADDRESS_SIZE < sizeof all; each = each->ai_next) {
    if (!host_address_text(each, text)) continue;
    size += (size_t)snprintf(all + size, sizeof all - size, "%s\n", text);
  }
  return machine_new_string_may_gc(m, all, size);
}

/* Waits for the addresses. */
static Oop host_addresses(Machine *m) {
  ACTOR_OR_FAIL(m);
  Handle *handle = receiver_handle(m, HANDLE_LOOKUP);
  if (!handle || (actor_is(a, ACTOR_PLAIN) && a->reactions)) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (handle->lookup.running) return wait_until(a, OOP_NIL);
  wait_over(a);
  int error = handle->lookup.error;
  Oop answer = error ? 0 : addresses_may_gc(m, handle->lookup.addresses);
  handle_close(s, handle, true);
  if (error) return system_fail(m, error);
  return answer ? answer : primitive_fail(m, FAILURE_NO_MEMORY);
}

/* ---- listening ------------------------------------------------------------------------------------------------------------------------ */

/* listen: port host: host backlog: n.  Answers the handle's number. */
static Oop tcp_listen_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  struct sockaddr_storage address;
  int error;
  if (!read_address(m, m->args[2], m->args[1], &address) || !oop_is_small(m->args[3])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Handle *handle = handle_new_listener(s, a, (struct sockaddr *)&address, (int)oop_to_small(m->args[3]), &error);
  return handle ? oop_from_small((int64_t)handle->number) : system_fail(m, error);
}

static Oop tcp_port(Machine *m) {
  Handle *handle = receiver_handle(m, HANDLE_LISTENER);
  return handle ? oop_from_small(tcp_listener_port(&handle->listener)) : primitive_fail(m, FAILURE_WRONG_STATE);
}

/* A new connection's descriptor; < 0: *ANSWER is the primitive's answer for now. */
static int accept_or_wait(Machine *m, Oop *answer) {
  Actor *a = actor_of_machine(m);
  Handle *handle = receiver_handle(m, HANDLE_LISTENER);
  if (!handle) return *answer = primitive_fail(m, FAILURE_WRONG_STATE), -1;
  if (actor_is(a, ACTOR_PLAIN) && a->reactions) return *answer = primitive_fail(m, FAILURE_WRONG_STATE), -1;
  int fd = tcp_accept(&handle->listener);
  if (fd == -1) *answer = wait_until(a, OOP_NIL);
  if (fd == -2) *answer = system_fail(m, -errno);
  return fd;
}

/* accept: a connection that this actor holds; answers its number. */
static Oop tcp_accept_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  Oop answer;
  int error, fd = accept_or_wait(m, &answer);
  if (fd < 0) return answer;
  Handle *handle = handle_new_socket(s, a, fd, &error);
  return handle ? oop_from_small((int64_t)handle->number) : system_fail(m, error);
}

/* acceptFor: receiver selector: selector flags: flags.  A new actor starts with that send and the connection as its argument; answers the actor. */
static Oop tcp_accept_spawn(Machine *m) {
  ACTOR_OR_FAIL(m);
  Oop answer;
  if (!oop_has_class(m->args[2], CLASS_SYMBOL) || !oop_is_small(m->args[3])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int fd = accept_or_wait(m, &answer);
  if (fd < 0) return answer;
  return actor_spawn_with_connection_may_gc(m, fd, (unsigned)oop_to_small(m->args[3]));
}

/* ---- connections ---------------------------------------------------------------------------------------------------------------------- */

/* connectTo: host port: port.  Answers the number of a connection that is being made. */
static Oop tcp_connect_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  struct sockaddr_storage address;
  int error;
  if (!read_address(m, m->args[1], m->args[2], &address)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (is_seeded(s) && !tcp_is_local((struct sockaddr *)&address)) return seeded_fail(m, no_network);
  Handle *handle = handle_new_connection(s, a, (struct sockaddr *)&address, &error);
  return handle ? oop_from_small((int64_t)handle->number) : system_fail(m, error);
}

/* Why waiting on a socket cannot begin or go on: closed, or blocks of promises come first. */
static Handle *usable_socket(Machine *m) {
  Actor *a = actor_of_machine(m);
  Handle *handle = receiver_handle(m, HANDLE_SOCKET);
  if (!handle || (actor_is(a, ACTOR_PLAIN) && a->reactions)) {
    if (a) wait_over(a);
    return NULL;
  }
  return handle;
}

/* Waits until it is connected. */
static Oop tcp_await_connected(Machine *m) {
  Handle *handle = usable_socket(m);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (handle->tcp.error) return system_fail(m, handle->tcp.error);
  return handle->tcp.connected ? m->args[0] : wait_until(handle->actor, OOP_NIL);
}

/* SIZE bytes of what has come, as a String; takes them. */
static Oop take_string_may_gc(Machine *m, Handle *handle, size_t size, size_t shown) {
  wait_over(handle->actor);
  Oop string = machine_new_bytes_may_gc(m, CLASS_STRING, shown);
  if (!string) return primitive_fail(m, FAILURE_NO_MEMORY);
  if (shown) memcpy(object_bytes(oop_to_object(string)), tcp_bytes(&handle->tcp), shown);
  tcp_take(&handle->tcp, size);
  primitive_charge(m, size);
  return string;
}

/* Nothing (or not enough) has come: nil at the end, else wait until DEADLINE; NOT_FOUND when it has passed. */
static Oop end_or_wait(Machine *m, Handle *handle, Oop deadline) {
  Actor *a = handle->actor;
  if (handle->tcp.error) return wait_over(a), system_fail(m, handle->tcp.error);
  if (handle->tcp.ended) return wait_over(a), OOP_NIL;
  if (wait_timed_out(a, deadline)) return wait_over(a), primitive_fail(m, FAILURE_NOT_FOUND);
  tcp_want_bytes(&handle->tcp);
  return wait_until(a, deadline);
}

/* read: max until: deadline.  Answers what has come as a String, nil at the end. */
static Oop tcp_read(Machine *m) {
  Handle *handle = usable_socket(m);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  size_t available = tcp_available(&handle->tcp);
  if (oop_is_small(m->args[1]) && oop_to_small(m->args[1]) > 0 && available > (size_t)oop_to_small(m->args[1])) available = (size_t)oop_to_small(m->args[1]);
  if (available) return take_string_may_gc(m, handle, available, available);
  return end_or_wait(m, handle, m->args[2]);
}

/* readLineUntil: deadline.  Answers a line without its end, nil when there is none any more. */
static Oop tcp_read_line(Machine *m) {
  Handle *handle = usable_socket(m);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  size_t size = tcp_line_size(&handle->tcp), available = tcp_available(&handle->tcp);
  if (!size && tcp_line_is_too_long(&handle->tcp)) return wait_over(handle->actor), primitive_fail(m, FAILURE_TOO_LARGE);
  if (!size && available && handle->tcp.ended) size = available;
  if (!size) return end_or_wait(m, handle, m->args[1]);
  const uint8_t *bytes = tcp_bytes(&handle->tcp);
  size_t shown = size;
  if (bytes[shown - 1] == '\n') shown--;
  if (shown && bytes[shown - 1] == '\r') shown--;
  return take_string_may_gc(m, handle, size, shown);
}

/* write: bytes.  Waits while much is still on its way. */
static Oop tcp_write_primitive(Machine *m) {
  const char *bytes;
  size_t size;
  Handle *handle = usable_socket(m);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (size > TCP_WRITE_MAX) return primitive_fail(m, FAILURE_TOO_LARGE);
  if (handle->tcp.error) return system_fail(m, handle->tcp.error);
  if (!handle->tcp.connected || handle->tcp.out_pending >= TCP_OUT_LIMIT) return wait_until(handle->actor, OOP_NIL);
  int error = tcp_write(&handle->tcp, bytes, size);
  primitive_charge(m, size);
  m->budget -= 4; /* a system call */
  return error ? system_fail(m, error) : m->args[0];
}

/* flush: waits until everything has gone out. */
static Oop tcp_flush(Machine *m) {
  Handle *handle = usable_socket(m);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (handle->tcp.error) return system_fail(m, handle->tcp.error);
  return handle->tcp.out_pending ? wait_until(handle->actor, OOP_NIL) : m->args[0];
}

static Oop tcp_end_output_primitive(Machine *m) {
  Handle *handle = receiver_handle(m, HANDLE_SOCKET);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  int error = tcp_end_output(&handle->tcp);
  return error ? system_fail(m, error) : m->args[0];
}

/* maxLine: bytes.  Answers what it was. */
static Oop tcp_max_line(Machine *m) {
  Handle *handle = receiver_handle(m, HANDLE_SOCKET);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < 1 || oop_to_small(m->args[1]) > TCP_LINE_LIMIT_MAX) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  handle->tcp.line_limit = (size_t)oop_to_small(m->args[1]);
  return m->args[0];
}

/* deliver: 0 nothing, 1 chunks, 2 lines, as turns of a behaviour. */
static Oop tcp_deliver(Machine *m) {
  Handle *handle = receiver_handle(m, HANDLE_SOCKET);
  if (!handle) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_is_small(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  handle_deliver(handle, (HandleDelivery)(oop_to_small(m->args[1]) % 3));
  return m->args[0];
}

static Oop handle_close_primitive(Machine *m) {
  ACTOR_OR_FAIL(m);
  Handle *handle = receiver_handle(m, HANDLE_SOCKET);
  if (!handle) handle = receiver_handle(m, HANDLE_LISTENER);
  if (!handle) handle = receiver_handle(m, HANDLE_FILE);
  if (!handle) handle = receiver_handle(m, HANDLE_CHILD);
  if (!handle) return OOP_FALSE;
  wait_over(a);
  handle_close(s, handle, false);
  return OOP_TRUE;
}

const Primitive socket_primitives[] = {
    {"host_look_up", host_look_up, 1, "name of a host: number of a handle to wait for", 0},
    {"host_addresses", host_addresses, 0, "wait for the addresses of that host, a String of lines", 0},
    {"tcp_listen", tcp_listen_primitive, 3, "port, address, backlog: number of a new listener", 0},
    {"tcp_port", tcp_port, 0, "the port a listener listens on", 0},
    {"tcp_accept", tcp_accept_primitive, 0, "wait for a connection and answer its number", 0},
    {"tcp_accept_spawn", tcp_accept_spawn, 3, "receiver, selector, flags: wait for a connection and start an actor with it", 0},
    {"tcp_connect", tcp_connect_primitive, 2, "address, port: number of a connection that is being made", 0},
    {"tcp_await_connected", tcp_await_connected, 0, "wait until it is connected", 0},
    {"tcp_read", tcp_read, 2, "most bytes or nil, deadline: wait for bytes; nil at the end", 0},
    {"tcp_read_line", tcp_read_line, 1, "deadline: wait for a line; nil at the end", 0},
    {"tcp_write", tcp_write_primitive, 1, "bytes: send, waiting while much is on its way", 0},
    {"tcp_flush", tcp_flush, 0, "wait until all that was written has gone out", 0},
    {"tcp_end_output", tcp_end_output_primitive, 0, "nothing more is written; the other side comes to the end", 0},
    {"tcp_max_line", tcp_max_line, 1, "bytes: the longest line that may come", 0},
    {"tcp_deliver", tcp_deliver, 1, "0, 1 chunks or 2 lines: have what comes delivered as turns", 0},
    {"handle_close", handle_close_primitive, 0, "close a socket, listener or file, what was written still goes out; or kill a child process", 0},
    {NULL, NULL, 0, NULL, 0}};
