/* SPDX-License-Identifier: MIT */
/* statement_kind.h -- what a piece of text is about, told from its tokens alone. */
#ifndef ATOLL_STATEMENT_KIND_H
#define ATOLL_STATEMENT_KIND_H

#include "compiler.h"

/* Is the statement a definition by message, to be carried out while an image is built?
 *   Object subclass: #Foo instanceVariableNames: '' ... category: ''
 *   Foo class instanceVariableNames: ''
 *   Foo comment: 'text'
 *   Foo initialize, in a file of chunks that Squeak or Pharo wrote */
bool statement_is_definition(const Source *source, Text text);

/* `Foo initialize`: what it gives to variables of the class is part of the definition. */
bool statement_initializes_class(const Source *source, Text text);

/* The superclass and name of a class that the statement defines by message; false: it defines none. */
bool statement_defines_class(const Source *source, Text text, Text *superclass, Text *name);

/* `Smalltalk at: #Foo put: 0` with a literal, or a literal alone: runs no code of the program. */
bool statement_runs_no_code(const Source *source, Text text);

/* The selector in a message pattern: `at: x put: y` is `at:`, enough to find it. */
Text pattern_selector(const Source *source, Text text);

#endif
