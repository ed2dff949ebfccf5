/* SPDX-License-Identifier: MIT */
/* host_lookup.h -- the addresses that the name of a host stands for, found out on libuv's pool (getaddrinfo).
 *
 * When they are known, or there are none, `done` is called and the owner looks at `error` and `addresses`.  Storage is the owner's, and lives until
 * `closed` is called.  Loop's thread only. */
#ifndef ATOLL_HOST_LOOKUP_H
#define ATOLL_HOST_LOOKUP_H

#include "loop.h"

typedef struct HostLookup HostLookup;
typedef struct HostLookupEvents {
  void (*done)(HostLookup *lookup);
  void (*closed)(HostLookup *lookup); /* its storage is the owner's again */
} HostLookupEvents;

struct HostLookup {
  uv_getaddrinfo_t request;
  Loop *loop;
  const HostLookupEvents *events;
  struct addrinfo *addresses; /* of TCP, in the order in which they should be tried; NULL when error is not 0 */
  int error;                  /* libuv error */
  bool running, closing;
};

/* Looks for NAME.  0 or a libuv error; there is nothing to close then. */
int host_lookup_start(HostLookup *lookup, Loop *loop, const HostLookupEvents *events, const char *name);
/* `closed` is called as soon as nothing is under way, perhaps at once. */
void host_lookup_close(HostLookup *lookup);

enum { HOST_ADDRESS_SIZE = 64 };
/* ADDRESS in numbers, as tcp_try_address reads it.  False: neither IPv4 nor IPv6. */
bool host_address_text(const struct addrinfo *address, char text[HOST_ADDRESS_SIZE]);

#endif
