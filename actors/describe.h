/* SPDX-License-Identifier: MIT */
/* describe.h -- a message as a line of text, for traces and crash reports: what it is and, shortened, what is in it.  Needs no machine. */
#ifndef ATOLL_DESCRIBE_H
#define ATOLL_DESCRIBE_H

#include "message.h"

/* Writes at most ROOM - 1 bytes and a NUL. */
void message_describe(const Message *message, char *out, size_t room);

/* The same for values alone: those of MESSAGE, without its kind. */
void message_describe_values(const Message *message, char *out, size_t room);

#endif
