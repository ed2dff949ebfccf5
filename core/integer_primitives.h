/* SPDX-License-Identifier: MIT */
/* integer_primitives.h -- integers of any size as Smalltalk values, for the parts of the VM that make or read them. */
#ifndef ATOLL_INTEGER_PRIMITIVES_H
#define ATOLL_INTEGER_PRIMITIVES_H

#include "large_integer.h"
#include "machine.h"

/* Reads any Integer; the view is valid until the next _may_gc call.  False for others. */
bool integer_try_view(const Machine *m, Oop x, LargeView *view);

/* The nearest double of a SmallInteger, large integer or FloatD.  False for others. */
bool number_try_double(const Machine *m, Oop x, double *out);

/* SmallInteger or large integer with this magnitude (copied; LIMBS must not lie in the heap).  0: no memory. */
Oop integer_from_limbs_may_gc(Machine *m, const mp_limb_t *limbs, size_t count, bool negative);

/* The integer that LENGTH digits in RADIX denote ('_' ignored; TEXT must not lie in the heap), for literals.  0: no memory, a
 * character that is no digit, or longer than LARGE_TEXT_MAX_BITS (m->failure says which). */
Oop integer_from_digits_may_gc(Machine *m, const char *text, size_t length, unsigned radix, bool negative);

#endif
