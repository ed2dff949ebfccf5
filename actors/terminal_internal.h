/* SPDX-License-Identifier: MIT */
/* terminal_internal.h -- between the terminal (terminal.c) and what edits lines (terminal_edit.c, the only file that knows libedit). */
#ifndef ATOLL_TERMINAL_INTERNAL_H
#define ATOLL_TERMINAL_INTERNAL_H

#include "terminal.h"

typedef struct LineEditor LineEditor;

/* What the editor wants from the terminal.  All on the terminal's thread. */
typedef struct LineEditorHost {
  void *context;
  int (*next_byte)(void *context); /* of the keyboard; -1: stop editing */
  /* What could stand at the end of LINE: how many bytes of it to complete, a newline, and the candidates, each with a newline.  malloc'ed, or NULL. */
  char *(*complete)(void *context, const char *line, size_t length);
} LineEditorHost;

/* NULL: built without libedit, or the terminal cannot be used so. */
LineEditor *line_editor_new(int in, int out, const char *history, LineEditorHost host);
void line_editor_delete(LineEditor *editor);
/* A line without its newline, malloc'ed; NULL: end of input, or next_byte said stop. */
char *line_editor_read(LineEditor *editor, const char *prompt);
/* Puts the lines read since the last time into the file of the history. */
void line_editor_save(LineEditor *editor);
/* Gives the keyboard back as it was. */
void line_editor_restore(LineEditor *editor);
/* Had anything been typed when next_byte said stop? */
bool line_editor_was_begun(const LineEditor *editor);
/* Shows the line that is being edited again, after something else was written. */
void line_editor_show(LineEditor *editor);

#endif
