/* SPDX-License-Identifier: MIT */
/* codec_primitives.c -- MessagePack for programs: objects to bytes and back, for files, sockets and other languages. */
#include "primitives.h"
#include "runtime_internal.h"

/* Encodes X; PORTABLE: with names.  False: failed with UNSUPPORTED; the text is the actor's last error. */
static bool encode(Actor *a, Oop x, bool portable, ByteBuffer *buffer) {
  Encoder *e = &a->scheduler->encoder;
  encoder_begin(e, &a->machine, &buffer->sink);
  e->portable = portable;
  e->self_id = actor_id(a);
  e->self_object = 0;
  CodecStatus status = encoder_put(e, x, 0);
  e->portable = false;
  encoder_end(e);
  if (status == CODEC_OK) return true;
  actor_set_error(a, status == CODEC_NEEDS_EXPORT ? "a pending promise can only be sent in a message" : e->error);
  return a->machine.failure = FAILURE_UNSUPPORTED, false;
}

/* MessagePack class >> encode: object named: aBoolean.  Answers a ByteArray.  NAMED: classes and symbols by name, dictionaries as maps, as other
 * languages and processes need it; else as messages between actors on one S. */
static Oop codec_encode(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  ByteBuffer buffer;
  byte_buffer_init(&buffer, a->scheduler->runtime->accounts);
  Oop bytes = OOP_FAIL;
  if (encode(a, m->args[1], m->args[2] == OOP_TRUE, &buffer)) {
    bytes = machine_new_bytes_may_gc(m, CLASS_BYTE_ARRAY, byte_sink_size(&buffer.sink));
    if (!bytes) bytes = primitive_fail(m, FAILURE_NO_MEMORY);
    else if (byte_sink_size(&buffer.sink)) memcpy(object_bytes(oop_to_object(bytes)), buffer.sink.start, byte_sink_size(&buffer.sink));
  }
  byte_buffer_destroy(&buffer);
  return bytes;
}

/* {value. collections to rehash or nil} of SIZE bytes, which do not move.  SOURCE: the S that their numbers are of; NULL: they may come from anywhere.  Fails with
 * BAD_VALUE; the text is the actor's last error. */
static Oop decoded_may_gc(Actor *a, const uint8_t *bytes, size_t size, const SourceImage *source) {
  Machine *m = &a->machine;
  Scheduler *s = a->scheduler;
  Decoder *d = &s->decoder;
  Oop value = OOP_NIL;
  unsigned count = 0;
  d->source = source;
  d->references_allowed = source != NULL;
  d->self_id = actor_id(a);
  d->shared_count = 0;
  CodecStatus status = size ? decoder_values_may_gc(d, m, bytes, size, &value, 1, &count) : CODEC_TRUNCATED;
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

/* MessagePack class >> decode: bytes */
static Oop codec_decode(Machine *m) {
  Actor *a = actor_of_machine(m);
  const char *bytes;
  size_t size;
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  if (!oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Message *copy = message_new(&a->scheduler->messages, MESSAGE_PLAIN, size); /* the bytes must not move */
  if (!copy) return primitive_fail(m, FAILURE_NO_MEMORY);
  memcpy(copy->bytes, bytes, size);
  Oop answer = decoded_may_gc(a, copy->bytes, size, NULL);
  message_free(&a->scheduler->messages, copy);
  return answer;
}

/* MessagePack class >> copy: object.  What arrives when it is sent.  There is no primitive that takes such bytes: what they say of code and of places in
 * the image is not checked. */
static Oop codec_copy(Machine *m) {
  Actor *a = actor_of_machine(m);
  if (!a) return primitive_fail(m, FAILURE_WRONG_STATE);
  ByteBuffer buffer;
  byte_buffer_init(&buffer, a->scheduler->runtime->accounts);
  Oop answer = OOP_FAIL;
  if (encode(a, m->args[1], false, &buffer)) answer = decoded_may_gc(a, buffer.sink.start, byte_sink_size(&buffer.sink), m->source);
  byte_buffer_destroy(&buffer);
  return answer;
}

const Primitive codec_primitives[] = {
    {"codec_encode", codec_encode, 2, "object, whether by names: its MessagePack bytes", 0},
    {"codec_decode", codec_decode, 1, "bytes: {value. collections to rehash}", 0},
    {"codec_copy", codec_copy, 1, "object: {what arrives when it is sent. collections to rehash}", 0},
    {NULL, NULL, 0, NULL, 0}};
