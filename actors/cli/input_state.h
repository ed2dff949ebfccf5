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

/* What is known of a text that grows line by line, so that a long one is not looked through anew for each line.  Zero at first. */
enum { INPUT_MOST_DEPTH = 1024 }; /* more than can be compiled */
typedef struct InputScan {
  size_t at;      /* the tokens before it have been taken */
  bool any;       /* token */
  bool wrong;     /* a bracket closes what is not open: more lines do not help */
  unsigned depth;
  char closers[INPUT_MOST_DEPTH]; /* of the brackets that are open */
} InputScan;

/* Asks the scanner, the reader and the parser: an error at the end of the text is a text that goes on.  TEXT begins with what it was the last time. */
InputState input_state(InputScan *scan, const char *text, size_t length);

#endif
