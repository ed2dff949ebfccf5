/* SPDX-License-Identifier: MIT */
/* input_state.h -- is what somebody has typed a whole statement or definition, or does it go on in the next line? */
#ifndef ATOLL_INPUT_STATE_H
#define ATOLL_INPUT_STATE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct InputState {
  enum { INPUT_EMPTY, INPUT_WHOLE, INPUT_UNFINISHED } kind;
  char awaited;  /* INPUT_UNFINISHED: the bracket, quote or bang that is missing; '.' when it is the rest of an expression */
  bool in_block; /* INPUT_UNFINISHED: a '[' is open, of a definition or a block: blank lines may be part of it */
} InputState;

/* Asks the scanner, the reader and the parser: an error at the end of the text is a text that goes on. */
InputState input_state(const char *text, size_t length);

#endif
