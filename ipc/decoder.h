/* SPDX-License-Identifier: MIT */
/* decoder.h -- from the bytes of a message to objects in one machine.
 *
 * The bytes are walked twice.  The first walk checks them and adds up the heap that they need; a count is believed only as far as
 * bytes are left.  Then room is reserved once, and the second walk builds, so nothing moves meanwhile.  Neither walk recurses.  No bytes
 * can do more than fail: bytes from outside (source NULL) cannot name places in S, code or promises.
 *
 * A Decoder belongs to a thread; between messages it holds scratch memory only. */
#ifndef ATOLL_DECODER_H
#define ATOLL_DECODER_H

#include "codec_status.h"
#include "machine.h"
#include "source_image.h"

typedef struct DecoderFrame {
  Object *object;
  uint32_t next, end; /* slots */
} DecoderFrame;

enum { DECODER_ERROR_MAX = 400, SHAPE_CACHE = 256 };

/* How a class of hashed collections finds its elements; tells whether they must be placed anew on arrival. */
typedef enum HashedKind { HASHED_NOT, HASHED_SET, HASHED_DICTIONARY, HASHED_IDENTITY_SET, HASHED_IDENTITY_DICTIONARY, HASHED_OTHER } HashedKind;

typedef struct HashedObject {
  Oop object;
  HashedKind kind;
} HashedObject;

/* What instances of a class look like to this machine. */
typedef struct ClassShape {
  uint64_t image_id; /* 0: empty */
  uint32_t number;   /* in the S of the message */
  uint32_t class_index;
  uint16_t fixed;
  uint8_t format, hashed;
} ClassShape;

typedef struct Decoder Decoder;
struct Decoder {
  Accounts *accounts;

  /* set by the caller for each message */
  const SourceImage *source; /* the S that it was made against; NULL for bytes from outside */
  uint64_t self_id;          /* the actor that decodes */
  bool references_allowed;   /* actor ids and promises may come in */
  SharedBytes *const *shared; /* what the message holds references to, by number */
  unsigned shared_count;
  /* A promise of this actor by number; 0 when there is none (any more). */
  Oop (*find_promise)(Machine *machine, uint64_t number);

  /* results */
  uint32_t hashed_count; /* of `hashed`: collections that must be rehashed before use.  When there are any, room for an Array of
                            them and one more, and for an Array of the values, is still reserved */
  uint32_t value_count;
  char error[DECODER_ERROR_MAX];

  /* scratch, and state of the walk */
  Machine *machine;
  const uint8_t *at, *end;
  DecoderFrame *stack;
  uint32_t depth, stack_capacity;
  Object **objects; /* by number; only when there are back references */
  uint32_t object_count, object_capacity;
  HashedObject *hashed;
  uint32_t hashed_capacity;
  size_t heap_bytes, large_bytes;
  bool has_back_references, has_symbols;
  ClassShape shapes[SHAPE_CACHE];
};

void decoder_init(Decoder *decoder, Accounts *accounts);
void decoder_destroy(Decoder *decoder);

/* Decodes all values that stand one after another in BYTES, at most MAX of them, into VALUES, and their number to *COUNT.  The oops are good
 * until the next allocation.  On failure nothing was made, whatever stands in VALUES, and decoder->error has the text.  Do not call while another message of the same decoder is
 * being used. */
CodecStatus decoder_values_may_gc(Decoder *decoder, Machine *machine, const uint8_t *bytes, size_t size, Oop *values,
                                  unsigned max, unsigned *count);

#endif
