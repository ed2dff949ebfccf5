/* SPDX-License-Identifier: MIT */
/* host_lookup.c -- see host_lookup.h. */
#include "host_lookup.h"

#include <string.h>

static void gone(HostLookup *lookup) {
  if (lookup->addresses) uv_freeaddrinfo(lookup->addresses);
  lookup->loop->handles--;
  lookup->events->closed(lookup);
}

static void on_done(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses) {
  HostLookup *lookup = request->data;
  lookup->running = false;
  lookup->error = status;
  lookup->addresses = addresses;
  if (lookup->closing) gone(lookup);
  else lookup->events->done(lookup);
}

int host_lookup_start(HostLookup *lookup, Loop *loop, const HostLookupEvents *events, const char *name) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  memset(lookup, 0, sizeof *lookup);
  lookup->loop = loop;
  lookup->events = events;
  lookup->request.data = lookup;
  int error = uv_getaddrinfo(&loop->uv, &lookup->request, on_done, name, NULL, &hints);
  lookup->running = !error;
  if (!error) loop->handles++;
  return error;
}

void host_lookup_close(HostLookup *lookup) {
  if (lookup->closing) return;
  lookup->closing = true;
  if (lookup->running) uv_cancel((uv_req_t *)&lookup->request);
  else gone(lookup);
}

bool host_address_text(const struct addrinfo *address, char text[HOST_ADDRESS_SIZE]) {
  switch (address->ai_family) {
  case AF_INET: return uv_ip4_name((const struct sockaddr_in *)(const void *)address->ai_addr, text, HOST_ADDRESS_SIZE) == 0;
  case AF_INET6: return uv_ip6_name((const struct sockaddr_in6 *)(const void *)address->ai_addr, text, HOST_ADDRESS_SIZE) == 0;
  default: return false;
  }
}
