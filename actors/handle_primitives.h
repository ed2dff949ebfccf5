/* SPDX-License-Identifier: MIT */
/* handle_primitives.h -- what the primitives of sockets and files share. */
#ifndef ATOLL_HANDLE_PRIMITIVES_H
#define ATOLL_HANDLE_PRIMITIVES_H

#include <errno.h>

#include "handles.h"
#include "primitives.h"
#include "runtime_internal.h"
#include "waiting.h"

/* A libuv error, told by Actor lastError. */
static inline Oop system_fail(Machine *m, int uv_error) {
  m->failure_code = -uv_error;
  actor_set_error(actor_of_machine(m), uv_strerror(uv_error));
  return primitive_fail(m, FAILURE_SYSTEM);
}

/* What comes from outside does not follow from a seed. */
static inline bool is_seeded(const Scheduler *s) { return s->runtime->host->seeded; }
static inline Oop seeded_fail(Machine *m, const char *text) {
  m->failure_code = EPERM;
  actor_set_error(actor_of_machine(m), text);
  return primitive_fail(m, FAILURE_SYSTEM);
}

/* X as a C string of less than SIZE bytes; false: it is none, or has a zero byte in it. */
static inline bool try_c_string(Machine *m, Oop x, char *text, size_t size) {
  const char *bytes;
  size_t length;
  if (!oop_try_bytes(m, x, &bytes, &length) || length >= size || memchr(bytes, 0, length)) return false;
  memcpy(text, bytes, length);
  text[length] = 0;
  return true;
}

/* The receiver's handle. */
static inline Handle *receiver_handle(Machine *m, HandleKind kind) {
  Actor *a = actor_of_machine(m);
  Object *object = oop_to_object(m->args[0]);
  if (!a || !oop_is_pointer(m->args[0]) || object_slots(object) < 1 || !oop_is_small(object->slots[0])) return NULL;
  return handle_find(a->scheduler, a, (uint64_t)oop_to_small(object->slots[0]), kind);
}

#endif
