/* SPDX-License-Identifier: MIT */
/* encoder.h -- from objects of one machine to the bytes of a message.
 *
 * An Encoder belongs to a thread and is used for one message after another; what it holds between messages is scratch memory.
 * Encoding allocates nothing in the machine's heap, so nothing moves while it runs.  It does not recurse: containers that are being
 * written stand on an explicit stack, which is also where the path to an unsendable object is read from. */
#ifndef ATOLL_ENCODER_H
#define ATOLL_ENCODER_H

#include "byte_sink.h"
#include "codec_status.h"
#include "machine.h"
#include "source_image.h"

typedef enum FrameKind {
  FRAME_SLOTS,   /* all slots as they are */
  FRAME_SPECIAL, /* blocks, code, exceptions: some are left out or replaced */
  FRAME_TABLE    /* the table of a dictionary: key, value, key, value; free places (nil keys) are left out */
} FrameKind;

typedef struct EncoderFrame {
  Oop container;
  uint32_t next, end; /* slots */
  FrameKind kind;
} EncoderFrame;

typedef enum ClassTreatment { /* how instances of a class without a format of its own travel */
  TREAT_UNKNOWN, TREAT_GENERIC, TREAT_CLASS, TREAT_UNSENDABLE, TREAT_EXCEPTION, TREAT_DICTIONARY, TREAT_PROMISE
} ClassTreatment;

enum { ENCODER_ERROR_MAX = 400, TREATMENT_CACHE = 256 };

typedef struct Encoder {
  Accounts *accounts;

  /* set by the caller for each message */
  ByteSink *sink;
  Machine *machine;
  uint64_t self_id; /* the actor that encodes; owner of its promises */
  Oop self_object;  /* travels as a reference to self_id (a behaviour is never copied); 0: none */
  bool portable;    /* names instead of numbers and offsets of S: for other processes */
  /* The counted reference of a promise (mirrors.h), which goes with it into a sink that shares.  NULL: it has none. */
  SharedBytes *(*count_of_promise)(Machine *machine, Object *promise);

  /* results */
  bool refers_to_source; /* the receiver needs the S of this machine to decode */
  Oop unnumbered;        /* CODEC_NEEDS_EXPORT: the promise */
  char error[ENCODER_ERROR_MAX];

  /* scratch */
  EncoderFrame *stack;
  uint32_t depth, stack_capacity;
  Oop *objects; /* by number */
  uint32_t object_count, object_capacity;
  uint64_t seen[4]; /* a bit by address for each of the objects: most that were not there before are told so by it, while there are few */
  uint32_t *index; /* open addressing by address, number + 1; used from INDEX_FROM objects on */
  uint32_t index_capacity;
  struct {
    uint64_t image_id;
    uint32_t class_index;
    uint8_t treatment;
  } treatments[TREATMENT_CACHE];
} Encoder;

void encoder_init(Encoder *encoder, Accounts *accounts);
void encoder_destroy(Encoder *encoder);

/* Starts a message: MACHINE's objects into SINK. */
void encoder_begin(Encoder *encoder, Machine *machine, ByteSink *sink);
/* Appends one value.  ARGUMENT is its number for the error's path (0: not an argument).  On failure the sink's position is
 * undefined; encoder->error has the text. */
CodecStatus encoder_put(Encoder *encoder, Oop value, unsigned argument);
/* Ends the message: scratch that grew large is given back. */
void encoder_end(Encoder *encoder);

#endif
