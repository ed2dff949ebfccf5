/* SPDX-License-Identifier: MIT */
/* handles.c -- see handles.h. */
#include "handles.h"

void handles_close_all(Scheduler *s, Actor *a) { (void)s, (void)a; }

const char *handles_event_selector(const Message *message) { return message->kind == MESSAGE_EVENT ? "handleEvent:" : "unknownMessage:"; }
