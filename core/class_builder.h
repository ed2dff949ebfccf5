/* SPDX-License-Identifier: MIT */
/* class_builder.h -- making and changing classes: one place for the definer of source files and for messages like
 * subclass:instanceVariableNames:.. that a running program sends. */
#ifndef ATOLL_CLASS_BUILDER_H
#define ATOLL_CLASS_BUILDER_H

#include "machine.h"

/* A new class with its metaclass: no methods, no variables of its own; format and named slots inherited.  SUPERCLASS may be nil (then the metaclass
 * inherits from Class).  0: no memory. */
Oop class_new_may_gc(Machine *m, Oop superclass, const char *name, size_t length);

/* The indexed variables of instances that are made from now on: "pointer", "byte", "uint", "double" .. (class_shapes), "nil" for none, "inherit": as
 * the superclass.  False: no such shape (m->failure BAD_ARGUMENT), or no memory. */
bool class_set_shape_may_gc(Machine *m, Oop klass, const char *shape, size_t length);
/* The name of the shape of KLASS, "nil" for none. */
const char *class_shape(const Machine *m, Oop klass);

/* Replaces the instance variables that KLASS itself adds (NAMES: Array of Symbols).  Instances in W are reshaped, so are subclasses; methods
 * must be recompiled by the caller when slots moved (answers that in *MOVED).  False: no memory. */
bool class_set_variables_may_gc(Machine *m, Oop klass, Oop names, bool *moved);

/* The same, and below SUPERCLASS (of the same kind: a class or a metaclass).  Slots of the same name keep their values. *MOVED is true also when only the
 * superclass is another. */
bool class_change_may_gc(Machine *m, Oop klass, Oop superclass, Oop names, bool *moved);
/* Another superclass (or nil) and own variables NAMES (an Array; 0: those it has) for a class, and for its metaclass that one's. The caller sees to it that SUPERCLASS does not inherit from KLASS. */
bool class_set_superclass_may_gc(Machine *m, Oop klass, Oop superclass, Oop names, bool *moved);

/* May references to the class (or metaclass) A become references to B?  Their instances have the same layout, C does not rely on them, and no class comes
 * to inherit from itself. */
bool class_may_stand_for(const Machine *m, Oop a, Oop b);

/* Puts METHOD under SELECTOR; the machine's caches follow.  False: no memory. */
bool class_add_method_may_gc(Machine *m, Oop klass, Oop selector, Oop method);
bool class_remove_method_may_gc(Machine *m, Oop klass, Oop selector); /* False: was not there, or no memory */

/* The method that KLASS itself has for SELECTOR, or 0. */
Oop class_own_method(const Machine *m, Oop klass, Oop selector);

/* Slot of instance variable NAME, or -1. */
int class_variable_index(const Machine *m, Oop klass, const char *name, size_t length);

/* Does C rely on what instances of KLASS have in SLOT?  Then programs read it, but only the kernel's own methods store there. */
bool class_guards_slot(const Machine *m, Oop klass, size_t slot);

/* The binding of NAME in DICTIONARY (a BindingDictionary), made with value VALUE if it is new. 0: no memory. */
Oop binding_dictionary_add_may_gc(Machine *m, Oop dictionary, Oop symbol, Oop value);
/* The same for a global or namespace: takes over the binding that code used before the definition. */
Oop binding_define_may_gc(Machine *m, Oop dictionary, Oop symbol, Oop value);
Oop binding_dictionary_new_may_gc(Machine *m, uint32_t class_index, Oop environment, Oop name);
bool binding_dictionary_insert_may_gc(Machine *m, Oop dictionary, Oop binding); /* an existing binding */
bool binding_dictionary_remove_may_gc(Machine *m, Oop dictionary, const char *name, size_t length);

/* What PATH ("Foo", "Smalltalk.Foo", "SystemExceptions.NotFound") means in a method of KLASS: class variables up the
 * superclass chain, pools, the class's namespace and those around it, the system dictionary.  0: nothing. */
Oop class_find_binding(Machine *m, Oop klass, const char *path, size_t length);

/* The same in a namespace, those around it and what they import, for statements. */
Oop namespace_find_binding(const Machine *m, Oop space, const char *path, size_t length);

#endif
