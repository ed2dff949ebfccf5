/* SPDX-License-Identifier: MIT */
/* decoder_internal.h -- what decoder.c and decoder_quick.c share. */
#ifndef ATOLL_DECODER_INTERNAL_H
#define ATOLL_DECODER_INTERNAL_H

#include "decoder.h"

/* decoder_quick.c: the same as decoder_values_may_gc for most messages of this process, in one walk.  False: take the long way; nothing has happened then. */
bool decoder_try_quick(Decoder *decoder, const uint8_t *bytes, size_t size, Oop *values, unsigned max, unsigned *count);

/* decoder.c */
CodecStatus decoder_shape_by_number(Decoder *decoder, uint32_t number, ClassShape *shape);
/* False: no memory. */
bool decoder_note_hashed(Decoder *decoder, Oop object, HashedKind kind);
/* The class NUMBER >> 1, or the metaclass of that if the lowest bit is set; 0: there is none. */
Oop decoder_class(Decoder *decoder, uint32_t number);
/* SELF is that of the block CLOSURE, which is being built.  Where it was made, self may have become something that lacks what the code reads. */
void decoder_note_receiver(Machine *m, const Object *closure, Oop self);
/* Leaves those in `hashed` that must be rehashed. */
void decoder_drop_well_placed(Decoder *decoder);

#endif
