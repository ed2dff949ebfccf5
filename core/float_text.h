/* SPDX-License-Identifier: MIT */
/* float_text.h -- doubles to decimal digits and back, exactly: the fewest digits that read back as the same double. */
#ifndef ATOLL_FLOAT_TEXT_H
#define ATOLL_FLOAT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FLOAT_MAX_DIGITS = 17, FLOAT_TEXT_SIZE = 96 };

/* A finite double other than zero, without its sign: 0.d1d2d3.. * 10^point.  Answers the number of digits written (not ended by NUL). */
size_t float_shortest_digits(double value, char digits[FLOAT_MAX_DIGITS], int *point);

/* The same for a value that was rounded to single precision. */
size_t float_shortest_single_digits(float value, char digits[FLOAT_MAX_DIGITS], int *point);

/* Reads "12", "1.5", "1e10", "-1.5e-3" to the nearest double, ties to even; too large gives infinity, too small zero.  The text
 * must be used up, else false. */
bool float_try_read(const char *text, size_t length, double *out);

/* As GNU Smalltalk prints it: 3.25, 1000000.0, 1.5d100, Inf, NaN.  TEXT has FLOAT_TEXT_SIZE bytes; answers the length. */
size_t float_print(char *text, double value);
size_t float_print_single(char *text, float value); /* 1.5e30 */

#ifdef __cplusplus
}
#endif

#endif
