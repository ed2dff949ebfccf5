/* SPDX-License-Identifier: MIT */
/* codec_primitives.c -- MessagePack for programs: objects to bytes and back, for files, sockets and other languages. */
#include "primitives.h"
#include "runtime_internal.h"

/* MessagePack class >> encode: object named: aBoolean.  Answers a ByteArray.  NAMED: classes and symbols by name, dictionaries as maps, as other
 * languages and processes need it; else as messages between actors on one S.  Fails with UNSUPPORTED; the text is the actor's last error. */
static Oop codec_encode(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  Encoder *e = &a->scheduler->encoder;
  ByteBuffer buffer;
  byte_buffer_init(&buffer, a->scheduler->runtime->accounts);
  encoder_begin(e, m, &buffer.sink);
  e->portable = m->args[2] == OOP_TRUE;
  e->self_id = actor_id(a);
  e->self_object = 0;
  CodecStatus status = encoder_put(e, m->args[1], 0);
  e->portable = false;
  encoder_end(e);
  Oop bytes = 0;
  if (status == CODEC_OK) bytes = machine_new_bytes_may_gc(m, CLASS_BYTE_ARRAY, byte_sink_size(&buffer.sink));
  else actor_set_error(a, status == CODEC_NEEDS_EXPORT ? "a pending promise can only be sent in a message" : e->error);
  if (bytes && byte_sink_size(&buffer.sink)) memcpy(object_bytes(oop_to_object(bytes)), buffer.sink.start, byte_sink_size(&buffer.sink));
  byte_buffer_destroy(&buffer);
  return bytes ? bytes : primitive_fail(m, status == CODEC_OK ? FAILURE_NO_MEMORY : FAILURE_UNSUPPORTED);
}

/* MessagePack class >> decode: bytes trusted: aBoolean.  Answers {value. collections to rehash or nil}.  TRUSTED: bytes that this process made
 * with encode:named: false.  Fails with BAD_VALUE; the text is the actor's last error. */
static Oop codec_decode(Machine *m) {
  Actor *a = actor_of_machine(m);
  const char *bytes;
  size_t size;
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Scheduler *s = a->scheduler;
  Message *copy = message_new(&s->messages, MESSAGE_PLAIN, size); /* the bytes must not move */
  if (!copy) return primitive_fail(m, FAILURE_NO_MEMORY);
  memcpy(copy->bytes, bytes, size);
  Decoder *d = &s->decoder;
  Oop value = OOP_NIL;
  unsigned count = 0;
  d->source = m->args[2] == OOP_TRUE ? m->source : NULL;
  d->references_allowed = m->args[2] == OOP_TRUE;
  d->self_id = actor_id(a);
  d->shared_count = 0;
  CodecStatus status = size ? decoder_values_may_gc(d, m, copy->bytes, size, &value, 1, &count) : CODEC_TRUNCATED;
  message_free(&s->messages, copy);
  if (status != CODEC_OK) {
    actor_set_error(a, size ? d->error : codec_status_text(status));
    return primitive_fail(m, FAILURE_BAD_VALUE);
  }
  unsigned first = machine_push_handle(m, value);
  machine_push_handle(m, d->hashed_count ? actor_hashed_list(s, a, OOP_NIL) : OOP_NIL);
  Oop answer = machine_new_array_may_gc(m, 2);
  if (answer) {
    oop_to_object(answer)->slots[0] = machine_handle(m, first);
    oop_to_object(answer)->slots[1] = machine_handle(m, first + 1);
  }
  machine_pop_handles(m, first);
  return answer ? answer : primitive_fail(m, FAILURE_NO_MEMORY);
}

const Primitive codec_primitives[] = {
    {"codec_encode", codec_encode, 2, "object, whether by names: its MessagePack bytes", 0},
    {"codec_decode", codec_decode, 2, "bytes, whether from this process: {value. collections to rehash}", 0},
    {NULL, NULL, 0, NULL, 0}};
