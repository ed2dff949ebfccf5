/* SPDX-License-Identifier: MIT */
/* names.h -- classes, globals and variables by name: for messages that leave an S, and for error texts.
 *
 * All of it reads through oop_resolve and allocates nothing. */
#ifndef ATOLL_NAMES_H
#define ATOLL_NAMES_H

#include "machine.h"

enum { NAME_MAX_BYTES = 256 };

/* "Foo" or "SystemExceptions.NotFound".  False when it has no name or does not fit. */
bool class_path(const Machine *m, Oop klass, char *name, size_t size);
bool class_is_named(const Machine *m, Oop klass, const char *name); /* without namespace */
/* The class (no metaclass) of that path as this machine sees it, or 0. */
Oop class_at_path(Machine *m, const char *path, size_t length);
bool binding_path(const Machine *m, Oop binding, char *name, size_t size);
Oop binding_at_path(Machine *m, const char *path, size_t length); /* or 0 */

/* "a Foo" / "an Array" of any value; for error texts. */
void class_name_of(const Machine *m, Oop x, char *text, size_t size);
unsigned named_slots(const Machine *m, Oop x);
bool instance_variable_name(const Machine *m, Oop x, unsigned slot, char *name, size_t size);

/* True for blocks that never use self (directly or in a block inside). */
bool block_ignores_receiver(const Machine *m, Oop block);

/* Is BINDING, a literal of CODE, a variable of the program's statements (`| x |` at top level)?  Such variables are no globals: a block that uses
 * them takes copies along. */
bool is_statement_variable(const Machine *m, const Object *code, Oop binding);
/* Does CODE, or a block inside it, use such variables? */
bool code_uses_statement_variables(const Machine *m, const Object *code);

/* Work in proportion to SIZE bytes, in reductions. */
static inline void primitive_charge_encode(Machine *m, size_t size) { m->budget -= (int32_t)(size >> 8); }

#endif
