/* SPDX-License-Identifier: MIT */
/* definer.h -- carrying out the definitions of a source file in a machine: classes, variables, methods.
 *
 * Names are looked up anew each time, so nothing is held across steps.  Functions answer false when there is no memory, or with
 * a message in *ERROR when the source asks for something impossible. */
#ifndef ATOLL_DEFINER_H
#define ATOLL_DEFINER_H

#include "builder.h"
#include "compiler.h"
#include "machine.h"

/* Where names are looked up besides the class: handles in the machine. */
typedef struct Definer {
  Machine *m;
  unsigned space;       /* handle: current namespace (BindingDictionary) */
  unsigned temporaries; /* handle: BindingDictionary of top-level variables */
  unsigned undeclared;  /* handle: BindingDictionary of names used before they are defined */
  unsigned file_name;   /* handle: String */
  bool (*is_assigned)(void *context, Text name); /* does a statement somewhere assign that variable?  May be NULL */
  void *context;
} Definer;

/* Pushes the handles.  They stay until the machine goes or definer_end. */
bool definer_begin(Definer *d, Machine *m);
void definer_end(Definer *d);
bool definer_set_file(Definer *d, const char *name);

/* The class that PATH names, or 0. */
Oop definer_class(const Definer *d, Text path);

/* NAME is about to be defined at top level.  If a class of Atoll's own has it, one that no other Smalltalk has (its category begins with Atoll-), or NAME is a second
 * name of a class, the name is free from now on, and the kernel goes on with its class.  Classes of that name that others know are changed, as in other Smalltalks. */
bool definer_free_name(Definer *d, Text name);
bool definer_class_begin(Definer *d, Text superclass, Text name, CompileError *error);
/* FIRST: those of a class body that defines the class (again): they replace the ones it had. */
bool definer_add_variables(Definer *d, Oop klass, const Text *names, unsigned count, bool first, CompileError *error);
/* Binding of a class variable, made if need be; 0: no memory. */
Oop definer_class_variable(Definer *d, Oop klass, Text name);
/* The values that the class variables have now are their initial ones: what actors that are spawned later begin with. */
bool definer_keep_class_variables(Definer *d, Oop klass);
/* <keyword: value> in the body of a class: can it be carried out without running code? */
bool definer_knows_pragma(Text keyword, Text value);
bool definer_pragma(Definer *d, Oop klass, Text keyword, Text value, CompileError *error);
bool definer_declare_temporary(Definer *d, Text name);
bool definer_namespace(Definer *d, Text name, CompileError *error);
/* Statements may have changed it: `Namespace current: Foo`. */
void definer_take_current_space(Definer *d);

/* Compiles; the template lives in ARENA.  KLASS is a class or metaclass; for statements 0 or the class whose variables are in sight. */
CodeTemplate *definer_compile_method(Definer *d, Arena *arena, const Source *source, Oop klass, Text pattern, Text body, CompileError *error);
CodeTemplate *definer_compile_statements(Definer *d, Arena *arena, const Source *source, Oop klass, Text text, CompileError *error);

/* Builds a compiled template. CONSTANTS as in MethodContext. 0: see m->failure. */
Oop definer_build(Definer *d, const Source *source, Oop klass, const CodeTemplate *code, unsigned constants);

/* Installs a built method under the selector of its template. */
bool definer_install(Definer *d, Oop klass, const CodeTemplate *code, Oop method);

#endif
