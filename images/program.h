/* SPDX-License-Identifier: MIT */
/* program.h -- source files as a program: definitions and statements, carried out one after the other in one machine.
 *
 * The files are read first (all syntax errors are reported then), so a Program is a list of items; program_step carries out
 * definitions by itself and stops whenever Smalltalk code has to run, which is the caller's business: run the machine until
 * the frame that was pushed returns, then step again.  So the same program runs under a bare loop (the image builder) and as an
 * actor among others. */
#ifndef ATOLL_PROGRAM_H
#define ATOLL_PROGRAM_H

#include <stdio.h>

#include "machine.h"

typedef struct Program Program;

typedef enum ProgramStatus {
  PROGRAM_RUN,      /* a frame was pushed: run the machine, then step again */
  PROGRAM_ANSWER,   /* a statement has returned: its value is in roots[ROOT_RESULT].  Only after program_evaluate_by */
  PROGRAM_END,      /* all items are done */
  PROGRAM_NO_MEMORY /* cannot go on */
} ProgramStatus;

/* Messages go to ERRORS (not owned).  NULL: no memory. */
Program *program_new(FILE *errors);
void program_delete(Program *program);

/* Reads a file ("-": standard input).  False: it cannot be opened or read; the reason has been printed.  Syntax errors do not make it false. */
bool program_add_file(Program *program, const char *path);
/* The same under another name in messages. */
bool program_add_file_as(Program *program, const char *path, const char *name);
/* A file, or a folder: all NAME.st in it and in folders inside, sorted by path.  LEFT_OUT: if there is a file NAME and this suffix (".out"), NAME.st is
 * left out; NULL for all.  A folder with a package.xml, as GNU Smalltalk's packages have, is what that says, with its files of tests unless LEFT_OUT is NULL. */
bool program_add_path(Program *program, const char *path, const char *left_out);
/* The same of several that belong together: superclasses may be in a later one. */
bool program_add_paths(Program *program, const char *const *paths, int count, const char *left_out);
/* NAME is what error messages call it; both are copied. */
bool program_add_text(Program *program, const char *name, const char *text, size_t length);

/* Only definitions are carried out; the statements can be kept with program_save, for `build`. */
void program_keep_statements(Program *program);

/* The statements as bytes (malloc'ed, *SIZE of them) that program_add_saved reads again.  NULL: no memory. */
char *program_save(const Program *program, size_t *size);
bool program_add_saved(Program *program, const char *bytes, size_t size);

/* The machine must be the same each time. */
ProgramStatus program_step(Program *program, Machine *m);

/* Prints to where errors go; counts as an error of the sources. */
void program_complain(Program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Errors found in the sources so far. */
unsigned program_errors(const Program *program);

/* BEFORE_STATEMENT is called before each statement, when the definitions in front of it have been carried out: time to freeze them. */
void program_set_before_statement(Program *program, void (*before_statement)(Machine *m));

/* For a program that is typed in piece by piece: a statement runs as `GLOBAL SELECTOR: its method`, and program_step tells when it has returned. */
void program_evaluate_by(Program *program, const char *global, const char *selector);
/* Has everything been begun? */
bool program_is_done(const Program *program);
/* Leaves out what has not been begun. */
void program_skip(Program *program);
/* Is a top-level variable NAME declared, or made now, and has VALUE?  False: no memory. */
bool program_set_variable_may_gc(Program *program, const char *name, Oop value);

#endif
