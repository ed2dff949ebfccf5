/* SPDX-License-Identifier: MIT */
/* definer.c -- see definer.h. */
#define _GNU_SOURCE
#include "definer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "class_builder.h"
#include "frames.h"
#include "lookup.h"
#include "memory_internal.h"

static bool refuse(CompileError *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error->message, sizeof error->message, format, args);
  va_end(args);
  return false;
}

static Oop slot_of(const Machine *m, Oop x, unsigned slot) { return machine_object(m, x)->slots[slot]; }

/* A class, not a metaclass.  Programs can put anything where one was. */
static bool is_class(const Machine *m, Oop x) { return oop_is_pointer(x) && x && oop_has_class(machine_class_of(m, x), CLASS_METACLASS); }

/* A namespace dictionary that is a global of its own; made on first use. */
static Oop named_dictionary_may_gc(Machine *m, const char *name) {
  Oop found = binding_dictionary_find(m, machine_system_dictionary(m), name, strlen(name));
  Oop value = found ? oop_resolve(m, slot_of(m, found, BINDING_VALUE)) : 0;
  if (found) return is_binding_dictionary(m, value) ? value : machine_system_dictionary(m);
  unsigned symbol = machine_push_handle(m, machine_symbol_may_gc(m, name, strlen(name)));
  Oop made = machine_handle(m, symbol) ? binding_dictionary_new_may_gc(m, CLASS_BINDING_DICTIONARY, OOP_NIL, machine_handle(m, symbol)) : 0;
  Oop binding = made ? binding_dictionary_add_may_gc(m, machine_system_dictionary(m), machine_handle(m, symbol), made) : 0;
  machine_pop_handles(m, symbol);
  return binding ? slot_of(m, binding, BINDING_VALUE) : 0;
}

bool definer_begin(Definer *d, Machine *m) {
  d->m = m;
  d->space = machine_push_handle(m, machine_system_dictionary(m));
  d->temporaries = machine_push_handle(m, OOP_NIL);
  d->undeclared = machine_push_handle(m, OOP_NIL);
  d->file_name = machine_push_handle(m, OOP_NIL);
  Oop made = binding_dictionary_new_may_gc(m, CLASS_BINDING_DICTIONARY, OOP_NIL, OOP_NIL);
  if (!made) return false;
  machine_set_handle(m, d->temporaries, made);
  made = named_dictionary_may_gc(m, "Undeclared");
  if (!made) return false;
  machine_set_handle(m, d->undeclared, made);
  return true;
}

void definer_end(Definer *d) { machine_pop_handles(d->m, d->space); }

bool definer_set_file(Definer *d, const char *name) {
  Oop string = machine_new_string_may_gc(d->m, name, strlen(name));
  if (string) machine_set_handle(d->m, d->file_name, string);
  return string != 0;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static Oop find_in_space(const Definer *d, Text path) {
  return namespace_find_binding(d->m, machine_handle(d->m, d->space), path.start, path.length);
}

static Oop find_binding(const Definer *d, Oop klass, Text path) {
  Oop found = klass ? class_find_binding(d->m, klass, path.start, path.length) : 0;
  if (!found) found = find_in_space(d, path);
  if (!found) found = binding_dictionary_find(d->m, machine_handle(d->m, d->temporaries), path.start, path.length);
  return found;
}

Oop definer_class(const Definer *d, Text path) {
  Oop found = find_in_space(d, path);
  if (!found) found = class_find_binding(d->m, OOP_NIL, path.start, path.length);
  if (!found) return 0;
  Oop value = oop_resolve(d->m, slot_of(d->m, found, BINDING_VALUE));
  return is_class(d->m, value) ? value : 0;
}

typedef struct DefinerScope {
  CompilerScope scope;
  Definer *d;
  Oop klass; /* does not move: nothing is allocated in the machine while it is compiled */
  bool statement;
  bool recompiling; /* a method that was compiled before: what it names may be gone */
} DefinerScope;

static NameMeaning lookup(CompilerScope *scope, Text path) {
  DefinerScope *s = (DefinerScope *)scope;
  if (s->klass) {
    int slot = class_variable_index(s->d->m, s->klass, path.start, path.length);
    bool guarded = slot >= 0 && !s->recompiling && class_guards_slot(s->d->m, s->klass, (size_t)slot);
    if (slot >= 0) return (NameMeaning){.kind = NAME_INSTANCE, .index = (unsigned)slot, .read_only = guarded};
  }
  if (s->statement && binding_dictionary_find(s->d->m, machine_handle(s->d->m, s->d->temporaries), path.start, path.length))
    return (NameMeaning){.kind = NAME_BINDING};
  return (NameMeaning){.kind = find_binding(s->d, s->klass, path) ? NAME_BINDING : NAME_UNKNOWN};
}

/* A statement may name top-level variables that nothing declares, if something assigns them, be it later; they are nil until then. */
static bool undeclared(CompilerScope *scope, Text name, bool assigned) {
  DefinerScope *s = (DefinerScope *)scope;
  bool global = name.length && name.start[0] >= 'A' && name.start[0] <= 'Z';
  if (global || s->recompiling) return true;
  return s->statement && (assigned || (s->d->is_assigned && s->d->is_assigned(s->d->context, name)));
}

static Oop undeclared_dictionary(const Machine *m) {
  Oop found = binding_dictionary_find(m, machine_system_dictionary(m), "Undeclared", 10);
  Oop value = found ? oop_resolve(m, slot_of(m, found, BINDING_VALUE)) : 0;
  return is_binding_dictionary(m, value) ? value : machine_system_dictionary(m);
}

/* `SystemExceptions.NotFound` before it is defined: a nil binding in that namespace, which is made if it is not there yet. */
static Oop make_scoped_binding_may_gc(Machine *m, const char *path, size_t length) {
  const char *dot = memchr(path, '.', length);
  unsigned space = machine_push_handle(m, machine_system_dictionary(m));
  Oop symbol = 0, result = 0;
  for (; dot; length -= (size_t)(dot + 1 - path), path = dot + 1, dot = memchr(path, '.', length)) {
    Oop found = binding_dictionary_find(m, machine_handle(m, space), path, (size_t)(dot - path));
    Oop inner = found ? oop_resolve(m, slot_of(m, found, BINDING_VALUE)) : OOP_NIL;
    if (inner == OOP_NIL) {
      unsigned name = machine_push_handle(m, machine_symbol_may_gc(m, path, (size_t)(dot - path)));
      inner = machine_handle(m, name) ? binding_dictionary_new_may_gc(m, CLASS_BINDING_DICTIONARY, machine_handle(m, space), machine_handle(m, name)) : 0;
      if (!inner || !binding_dictionary_add_may_gc(m, machine_handle(m, space), machine_handle(m, name), inner)) goto done;
      found = binding_dictionary_find(m, machine_handle(m, space), path, (size_t)(dot - path));
      inner = oop_resolve(m, slot_of(m, found, BINDING_VALUE));
      machine_pop_handles(m, name);
    }
    if (!is_binding_dictionary(m, inner)) {
      m->failure = FAILURE_WRONG_STATE;
      goto done;
    }
    machine_set_handle(m, space, inner);
  }
  symbol = machine_symbol_may_gc(m, path, length);
  if (oop_same(m, machine_handle(m, space), machine_system_dictionary(m))) machine_set_handle(m, space, undeclared_dictionary(m)); /* as without Smalltalk. */
  if (symbol) result = binding_dictionary_add_may_gc(m, machine_handle(m, space), symbol, OOP_NIL);
done:
  machine_pop_handles(m, space);
  return result;
}

static Oop find_or_make_binding_may_gc(void *context, Machine *m, const char *path, size_t length) {
  DefinerScope *s = context;
  Text text = {path, length};
  Oop found = 0;
  if (s->statement) found = binding_dictionary_find(m, machine_handle(m, s->d->temporaries), path, length);
  if (!found) found = find_binding(s->d, s->klass ? machine_handle(m, (unsigned)s->klass) : 0, text);
  if (found) return found;
  bool global = path[0] >= 'A' && path[0] <= 'Z';
  if (global && memchr(path, '.', length)) return make_scoped_binding_may_gc(m, path, length);
  Oop symbol = machine_symbol_may_gc(m, path, length);
  return symbol ? binding_dictionary_add_may_gc(m, machine_handle(m, global ? s->d->undeclared : s->d->temporaries), symbol, OOP_NIL) : 0;
}

CodeTemplate *definer_compile_method(Definer *d, Arena *arena, const Source *source, Oop klass, Text pattern, Text body, CompileError *error) {
  DefinerScope s = {{lookup, undeclared, NULL}, d, klass, false, false};
  return compile_method(arena, source, pattern, body, &s.scope, error);
}

CodeTemplate *definer_compile_statements(Definer *d, Arena *arena, const Source *source, Oop klass, Text text, CompileError *error) {
  DefinerScope s = {{lookup, undeclared, NULL}, d, klass, true, false};
  return compile_statements(arena, source, text, &s.scope, error);
}

static Oop build(Definer *d, const Source *source, Oop klass, const CodeTemplate *code, unsigned constants, unsigned old) {
  unsigned class = machine_push_handle(d->m, klass ? klass : machine_class_at(d->m, CLASS_UNDEFINED_OBJECT));
  /* while building, objects move: the scope's class is a handle */
  DefinerScope s = {{lookup, undeclared, NULL}, d, klass ? class : 0, strncmp(code->selector.start, "executeStatements", code->selector.length) == 0, false};
  MethodContext context = {source, find_or_make_binding_may_gc, &s, constants, d->file_name, old};
  Oop method = method_build_may_gc(d->m, machine_handle(d->m, class), code, &context);
  machine_pop_handles(d->m, class);
  return method;
}

Oop definer_build(Definer *d, const Source *source, Oop klass, const CodeTemplate *code, unsigned constants) {
  return build(d, source, klass, code, constants, NO_OLD_METHOD);
}

bool definer_install(Definer *d, Oop klass, const CodeTemplate *code, Oop method) {
  Machine *m = d->m;
  unsigned class = machine_push_handle(m, klass), built = machine_push_handle(m, method);
  Oop selector = machine_symbol_may_gc(m, code->selector.start, code->selector.length);
  bool done = selector && class_add_method_may_gc(m, machine_handle(m, class), selector, machine_handle(m, built));
  machine_pop_handles(m, class);
  return done;
}

/* ---- classes ------------------------------------------------------------------------------------------------------ */

static Oop binding_for_definition_may_gc(Definer *d, Text name) {
  Oop symbol = machine_symbol_may_gc(d->m, name.start, name.length);
  return symbol ? binding_define_may_gc(d->m, machine_handle(d->m, d->space), symbol, OOP_NIL) : 0;
}

static bool make_class(Definer *d, Oop superclass, Text name) {
  Machine *m = d->m;
  const char *dot = memrchr(name.start, '.', name.length);
  Text simple = dot ? (Text){dot + 1, name.length - (size_t)(dot + 1 - name.start)} : name;
  Oop made = class_new_may_gc(m, superclass, simple.start, simple.length);
  if (!made) return false;
  unsigned class = machine_push_handle(m, made);
  machine_store(m, oop_to_object(made), CLASS_SLOT_ENVIRONMENT, machine_handle(m, d->space));
  Oop binding = binding_for_definition_may_gc(d, simple);
  unsigned handle = machine_push_handle(m, binding);
  Oop writable = binding ? machine_writable_may_gc(m, oop_resolve(m, binding)) : 0;
  if (writable) {
    machine_store(m, oop_to_object(writable), BINDING_VALUE, machine_handle(m, class));
    machine_store(m, oop_to_object(writable), BINDING_INITIAL, machine_handle(m, class));
    machine_store(m, oop_to_object(writable), BINDING_ENVIRONMENT, machine_handle(m, d->space));
  }
  (void)handle;
  machine_pop_handles(m, class);
  return writable != 0;
}

/* `Smalltalk.Foo`, `SystemExceptions.Foo`: goes on in that namespace. */
static bool enter_space_of(Definer *d, Text name, CompileError *error) {
  const char *dot = memrchr(name.start, '.', name.length);
  if (!dot) return true;
  Oop found = class_find_binding(d->m, OOP_NIL, name.start, (size_t)(dot - name.start));
  Oop space = found ? oop_resolve(d->m, slot_of(d->m, found, BINDING_VALUE)) : 0;
  if (!is_binding_dictionary(d->m, space))
    return refuse(error, "there is no namespace '%.*s'", (int)(dot - name.start), name.start);
  machine_set_handle(d->m, d->space, space);
  return true;
}

/* The class that is defined by that name in the current namespace itself, or 0. */
static Oop class_in_space(Definer *d, Text name) {
  const char *dot = memrchr(name.start, '.', name.length);
  if (dot) name = (Text){dot + 1, name.length - (size_t)(dot + 1 - name.start)};
  Oop found = binding_dictionary_find(d->m, machine_handle(d->m, d->space), name.start, name.length);
  Oop value = found ? oop_resolve(d->m, slot_of(d->m, found, BINDING_VALUE)) : 0;
  return is_class(d->m, value) ? value : 0;
}

static bool recompile_hierarchy(Definer *d, Oop klass, CompileError *error);

/* A class that is defined again below another superclass keeps its variables and methods. */
static bool change_superclass(Definer *d, Oop klass, Oop superclass, Text name, CompileError *error) {
  Machine *m = d->m;
  bool moved;
  if (oop_same(m, slot_of(m, klass, BEHAVIOR_SUPERCLASS), superclass)) return true;
  if (superclass != OOP_NIL && machine_inherits_from(m, superclass, klass))
    return refuse(error, "'%.*s' cannot be below itself", (int)name.length, name.start);
  unsigned class = machine_push_handle(m, klass);
  bool done = class_set_superclass_may_gc(m, klass, superclass, 0, &moved);
  if (done && moved) done = recompile_hierarchy(d, machine_class_of(m, oop_resolve(m, machine_handle(m, class))), error);
  if (done && moved) done = recompile_hierarchy(d, oop_resolve(m, machine_handle(m, class)), error);
  machine_pop_handles(m, class);
  return done;
}

/* Is KLASS one that a program may have a namesake of?  Of Atoll's own classes the category begins with Atoll-; or NAME is only one more name of it. */
static bool is_own_or_alias(const Machine *m, Oop klass, Text name) {
  const Object *own = machine_object(m, slot_of(m, klass, CLASS_SLOT_NAME));
  if (object_byte_size(own) != name.length || memcmp(object_bytes(own), name.start, name.length) != 0) return true;
  if (!oop_same(m, slot_of(m, klass, CLASS_SLOT_ENVIRONMENT), machine_system_dictionary(m))) return true;
  Oop category = oop_resolve(m, slot_of(m, klass, CLASS_SLOT_CATEGORY));
  if (!oop_has_class(category, CLASS_STRING)) return false;
  const Object *text = oop_to_object(category);
  return object_byte_size(text) >= 6 && memcmp(object_bytes(text), "Atoll-", 6) == 0;
}

bool definer_free_name(Definer *d, Text name) {
  Machine *m = d->m;
  Oop found = m->source->class_count ? binding_dictionary_find(m, machine_system_dictionary(m), name.start, name.length) : 0;
  Oop value = found ? oop_resolve(m, slot_of(m, found, BINDING_VALUE)) : OOP_NIL;
  if (!is_class(m, value)) return true;
  if (!oop_has_class(oop_resolve(m, slot_of(m, value, CLASS_SLOT_NAME)), CLASS_SYMBOL)) return true;
  return !is_own_or_alias(m, value, name) || binding_dictionary_remove_may_gc(m, machine_system_dictionary(m), name.start, name.length);
}

bool definer_class_begin(Definer *d, Text superclass, Text name, CompileError *error) {
  Machine *m = d->m;
  Oop super = OOP_NIL;
  if (superclass.length != 3 || memcmp(superclass.start, "nil", 3) != 0) {
    super = definer_class(d, superclass);
    if (!super) return refuse(error, "the superclass '%.*s' is not defined", (int)superclass.length, superclass.start);
  }
  unsigned keep = machine_push_handle(m, machine_handle(m, d->space)), above = machine_push_handle(m, super);
  bool done = enter_space_of(d, name, error);
  Oop existing = done ? class_in_space(d, name) : 0;
  if (existing) done = change_superclass(d, existing, machine_handle(m, above), name, error);
  else if (done) m->failure = FAILURE_NO_MEMORY, done = make_class(d, machine_handle(m, above), name);
  if (!done && !error->message[0] && m->failure == FAILURE_TOO_LARGE) refuse(error, "expected at most %d classes, their metaclasses included", CLASS_INDEX_W - 1);
  machine_set_handle(m, d->space, machine_handle(m, keep));
  machine_pop_handles(m, keep);
  return done;
}

/* Methods that name slots by number are compiled again from their source. */
static bool recompile_class(Definer *d, Oop klass, CompileError *error) {
  Machine *m = d->m;
  unsigned class = machine_push_handle(m, klass);
  Oop methods = slot_of(m, klass, BEHAVIOR_METHODS);
  bool done = true;
  unsigned dictionary = machine_push_handle(m, oop_resolve(m, methods));
  if (methods != OOP_NIL)
    for (size_t i = METHODS_FIRST_KEY + 1; done && i < object_slots(oop_to_object(machine_handle(m, dictionary))); i += 2) {
      Oop method = oop_to_object(machine_handle(m, dictionary))->slots[i];
      if (method == OOP_NIL) continue;
      Oop debug = oop_to_object(method)->slots[CODE_DEBUG];
      const char *bytes;
      size_t size;
      if (debug == OOP_NIL || !debug_info_try_part(m, machine_object(m, debug), DEBUG_SOURCE, &bytes, &size)) continue;
      char *text = malloc(size + 1);
      Arena *arena = arena_new();
      if (!text) {
        arena_delete(arena);
        done = false;
        break;
      }
      memcpy(text, bytes, size);
      Source source = {"(recompiled)", text, size, (unsigned)oop_to_small(slot_of(m, debug, DEBUG_LINE))};
      unsigned old = machine_push_handle(m, method), file = machine_push_handle(m, machine_handle(m, d->file_name));
      machine_set_handle(m, d->file_name, slot_of(m, debug, DEBUG_FILE));
      DefinerScope scope = {{lookup, undeclared, NULL}, d, machine_handle(m, class), false, true};
      CodeTemplate *code = compile_method(arena, &source, (Text){text, 0}, (Text){text, size}, &scope.scope, error);
      Oop built = code ? build(d, &source, machine_handle(m, class), code, 0, old) : 0;
      done = built && definer_install(d, machine_handle(m, class), code, built);
      machine_set_handle(m, d->file_name, machine_handle(m, file));
      machine_pop_handles(m, old);
      arena_delete(arena);
      free(text);
    }
  machine_pop_handles(m, class);
  return done;
}

static bool recompile_hierarchy(Definer *d, Oop klass, CompileError *error) {
  Machine *m = d->m;
  unsigned top = machine_push_handle(m, klass);
  bool done = true;
  uint32_t w_end = m->roots[ROOT_CLASSES] == OOP_NIL ? 0 : (uint32_t)object_slots(oop_to_object(m->roots[ROOT_CLASSES]));
  bool genesis = m->source->class_count == 0;
  for (uint32_t i = 1; done && i < m->source->class_count; i++) {
    Oop c = machine_class_at(m, i);
    if (c && machine_inherits_from(m, c, machine_handle(m, top))) done = recompile_class(d, c, error);
  }
  for (uint32_t i = genesis; done && i < w_end; i++) {
    Oop c = machine_class_at(m, genesis ? i : CLASS_INDEX_W + i);
    if (c && c != OOP_NIL && machine_inherits_from(m, c, machine_handle(m, top))) done = recompile_class(d, c, error);
  }
  machine_pop_handles(m, top);
  return done;
}

bool definer_add_variables(Definer *d, Oop klass, const Text *names, unsigned count, bool first, CompileError *error) {
  Machine *m = d->m;
  unsigned class = machine_push_handle(m, klass);
  const Object *old = machine_try_array(m, slot_of(m, klass, BEHAVIOR_INSTANCE_VARIABLES));
  size_t had = old && !first ? object_slots(old) : 0, total = had;
  bool replaces = first && old && object_slots(old);
  bool moved = false, done = false;
  unsigned array = machine_push_handle(m, machine_new_array_may_gc(m, had + count));
  if (!machine_handle(m, array)) goto done;
  old = machine_try_array(m, slot_of(m, machine_handle(m, class), BEHAVIOR_INSTANCE_VARIABLES));
  for (size_t i = 0; i < had; i++) machine_store(m, oop_to_object(machine_handle(m, array)), i, old->slots[i]);
  for (unsigned i = 0; i < count; i++) {
    if (!replaces && class_variable_index(m, machine_handle(m, class), names[i].start, names[i].length) >= 0) continue;
    Oop symbol = machine_symbol_may_gc(m, names[i].start, names[i].length);
    if (!symbol) goto done;
    machine_store(m, oop_to_object(machine_handle(m, array)), total++, symbol);
  }
  done = true;
  if (total == had && !replaces) goto done;
  if (total < had + count) {
    Oop exact = machine_new_array_may_gc(m, total);
    done = exact != 0;
    for (size_t i = 0; done && i < total; i++) machine_store(m, oop_to_object(exact), i, oop_to_object(machine_handle(m, array))->slots[i]);
    if (done) machine_set_handle(m, array, exact);
  }
  done = done && class_set_variables_may_gc(m, machine_handle(m, class), machine_handle(m, array), &moved);
  if (done && moved) done = recompile_hierarchy(d, oop_resolve(m, machine_handle(m, class)), error);
done:
  machine_pop_handles(m, class);
  if (!done && !error->message[0])
    refuse(error, m->failure == FAILURE_WRONG_STATE  ? "the virtual machine relies on the layout of this class: make a subclass, and give that the variables"
                  : m->failure == FAILURE_UNSUPPORTED ? "expected no instance variables: instances of the class or of a subclass are made of bits (see its shape)"
                  : m->failure == FAILURE_TOO_LARGE  ? "a class can have at most 256 instance variables, with those it inherits"
                                                     : "no memory for the instance variables");
  return done;
}

Oop definer_class_variable(Definer *d, Oop klass, Text name) {
  Machine *m = d->m;
  unsigned class = machine_push_handle(m, klass);
  Oop binding = 0;
  if (slot_of(m, klass, CLASS_SLOT_VARIABLES) == OOP_NIL) {
    Oop made = binding_dictionary_new_may_gc(m, CLASS_BINDING_DICTIONARY, OOP_NIL, OOP_NIL);
    unsigned handle = machine_push_handle(m, made);
    Oop writable = made ? machine_writable_may_gc(m, machine_handle(m, class)) : 0;
    if (!writable) goto done;
    machine_store(m, oop_to_object(writable), CLASS_SLOT_VARIABLES, machine_handle(m, handle));
    machine_set_handle(m, class, writable);
  }
  Oop symbol = machine_symbol_may_gc(m, name.start, name.length);
  if (symbol) binding = binding_dictionary_add_may_gc(m, slot_of(m, machine_handle(m, class), CLASS_SLOT_VARIABLES), symbol, OOP_NIL);
done:
  machine_pop_handles(m, class);
  return binding;
}

bool definer_keep_class_variables(Definer *d, Oop klass) {
  Machine *m = d->m;
  Oop variables = slot_of(m, klass, CLASS_SLOT_VARIABLES);
  bool done = true;
  if (!is_binding_dictionary(m, variables)) return true;
  unsigned table = machine_push_handle(m, oop_resolve(m, slot_of(m, variables, DICTIONARY_TABLE)));
  for (size_t i = 0; done && i < object_slots(oop_to_object(machine_handle(m, table))); i++) {
    Oop binding = oop_to_object(machine_handle(m, table))->slots[i];
    if (!oop_has_class(binding, CLASS_VARIABLE_BINDING)) continue;
    Oop writable = machine_writable_may_gc(m, oop_resolve(m, binding));
    done = writable != 0;
    if (done) machine_store(m, oop_to_object(writable), BINDING_INITIAL, slot_of(m, writable, BINDING_VALUE));
  }
  machine_pop_handles(m, table);
  return done;
}

/* ---- pragmas of classes -------------------------------------------------------------------------------------------- */

static bool text_is(Text text, const char *word) { return text.length == strlen(word) && memcmp(text.start, word, text.length) == 0; }

/* 'text' or "text" or #word: what stands between.  *QUOTE: the one that is doubled inside, or 0. */
static Text unquote(Text value, char *quote) {
  while (value.length && (unsigned char)value.start[0] <= ' ') value.start++, value.length--;
  while (value.length && (unsigned char)value.start[value.length - 1] <= ' ') value.length--;
  if (value.length && value.start[0] == '#') value.start++, value.length--;
  *quote = value.length >= 2 && (value.start[0] == '\'' || value.start[0] == '"') ? value.start[0] : 0;
  return *quote ? (Text){value.start + 1, value.length - 2} : value;
}

/* A String of TEXT, doubled QUOTEs made single. */
static Oop new_unquoted_may_gc(Machine *m, Text text, char quote) {
  if (!quote || !memchr(text.start, quote, text.length)) return machine_new_string_may_gc(m, text.start, text.length);
  char *copy = malloc(text.length), *out = copy;
  if (!copy) return 0;
  for (size_t i = 0; i < text.length; i++) {
    *out++ = text.start[i];
    if (text.start[i] == quote && i + 1 < text.length && text.start[i + 1] == quote) i++;
  }
  Oop string = machine_new_string_may_gc(m, copy, (size_t)(out - copy));
  free(copy);
  return string;
}

static bool set_class_slot(Definer *d, Oop klass, unsigned slot, Text value, char quote) {
  Machine *m = d->m;
  unsigned class = machine_push_handle(m, klass);
  unsigned string = machine_push_handle(m, new_unquoted_may_gc(m, value, quote));
  Oop writable = machine_handle(m, string) ? machine_writable_may_gc(m, machine_handle(m, class)) : 0;
  if (writable) machine_store(m, oop_to_object(writable), slot, machine_handle(m, string));
  machine_pop_handles(m, class);
  return writable != 0;
}

static bool set_shape(Definer *d, Oop klass, Text shape, CompileError *error) {
  if (class_set_shape_may_gc(d->m, klass, shape.start, shape.length)) return true;
  if (d->m->failure == FAILURE_NO_MEMORY) return false;
  if (d->m->failure == FAILURE_WRONG_STATE)
    return refuse(error, "expected #pointer or #weak, since instances have named variables, found '%.*s'", (int)shape.length, shape.start);
  return refuse(error, "expected a shape (#pointer, #byte, #character, #int8, #short, #ushort, #int, #uint, #int64, #uint64, #word, #float, #double, #utf32, "
                       "#weak, #inherit or nil), found '%.*s'", (int)shape.length, shape.start);
}

bool definer_pragma(Definer *d, Oop klass, Text keyword, Text value, CompileError *error) {
  char quote;
  Text text = unquote(value, &quote);
  if (keyword.length && keyword.start[keyword.length - 1] == ':') keyword.length--;
  if (text_is(keyword, "commentText")) return set_class_slot(d, klass, CLASS_SLOT_COMMENT, value, 0);
  if (text_is(keyword, "comment")) return set_class_slot(d, klass, CLASS_SLOT_COMMENT, text, quote);
  if (text_is(keyword, "category")) return set_class_slot(d, klass, CLASS_SLOT_CATEGORY, text, quote);
  if (text_is(keyword, "shape")) return set_shape(d, klass, text, error);
  return true;
}

bool definer_knows_pragma(Text keyword, Text value) {
  char quote;
  Text text = unquote(value, &quote);
  if (keyword.length && keyword.start[keyword.length - 1] == ':') keyword.length--;
  if (text_is(keyword, "commentText")) return true;
  if (!text_is(keyword, "comment") && !text_is(keyword, "category") && !text_is(keyword, "shape")) return false;
  return quote || !memchr(text.start, '(', text.length);
}

bool definer_declare_temporary(Definer *d, Text name) {
  Machine *m = d->m;
  Oop found = binding_dictionary_find(m, machine_handle(m, d->temporaries), name.start, name.length);
  if (found) { /* declared again: nil again */
    Oop writable = machine_writable_may_gc(m, oop_resolve(m, found));
    if (writable) machine_store(m, oop_to_object(writable), BINDING_VALUE, OOP_NIL);
    return writable != 0;
  }
  Oop symbol = machine_symbol_may_gc(m, name.start, name.length);
  return symbol && binding_dictionary_add_may_gc(m, machine_handle(m, d->temporaries), symbol, OOP_NIL);
}

/* The variable in which class Namespace keeps the current namespace, or 0 while there is none. */
static Oop current_variable(const Machine *m) {
  Oop found = binding_dictionary_find(m, machine_system_dictionary(m), "Namespace", 9);
  Oop klass = found ? oop_resolve(m, slot_of(m, found, BINDING_VALUE)) : OOP_NIL;
  if (!is_class(m, klass)) return 0;
  found = binding_dictionary_find(m, slot_of(m, klass, CLASS_SLOT_VARIABLES), "Current", 7);
  return found ? oop_resolve(m, found) : 0;
}

void definer_take_current_space(Definer *d) {
  Machine *m = d->m;
  Oop variable = current_variable(m);
  if (!variable) return;
  Oop space = oop_resolve(m, slot_of(m, variable, BINDING_VALUE));
  if (space == OOP_NIL) space = machine_system_dictionary(m);
  if (is_binding_dictionary(m, space)) machine_set_handle(m, d->space, space);
}

/* Has code that runs see the current namespace. */
static bool publish_space(Definer *d) {
  Machine *m = d->m;
  Oop variable = current_variable(m), space = machine_handle(m, d->space);
  if (!variable) return true;
  if (oop_same(m, space, machine_system_dictionary(m))) space = OOP_NIL;
  if (oop_same(m, slot_of(m, variable, BINDING_VALUE), space)) return true;
  Oop writable = machine_writable_may_gc(m, variable);
  if (!writable) return false;
  space = oop_same(m, machine_handle(m, d->space), machine_system_dictionary(m)) ? OOP_NIL : machine_handle(m, d->space);
  machine_store(m, oop_to_object(writable), BINDING_VALUE, space);
  return true;
}

/* What BINDING holds becomes the current namespace. */
static bool go_into(Definer *d, Oop binding, Text name, CompileError *error) {
  Oop space = oop_resolve(d->m, slot_of(d->m, binding, BINDING_VALUE));
  if (!is_binding_dictionary(d->m, space)) return refuse(error, "expected a namespace, but '%.*s' is something else", (int)name.length, name.start);
  machine_set_handle(d->m, d->space, space);
  return true;
}

static bool is_bound(const Machine *m, Oop binding) { return binding && slot_of(m, binding, BINDING_VALUE) != OOP_NIL; }

/* Goes into the namespace NAME of the one that is current, which gets a new one if it has none. */
static bool enter_inner_may_gc(Definer *d, Text name, CompileError *error) {
  Machine *m = d->m;
  Oop found = binding_dictionary_find(m, machine_handle(m, d->space), name.start, name.length);
  if (is_bound(m, found)) return go_into(d, found, name, error);
  unsigned symbol = machine_push_handle(m, machine_symbol_may_gc(m, name.start, name.length)), made = machine_push_handle(m, OOP_NIL);
  Oop space = machine_handle(m, symbol) ? binding_dictionary_new_may_gc(m, CLASS_BINDING_DICTIONARY, machine_handle(m, d->space), machine_handle(m, symbol)) : 0;
  machine_set_handle(m, made, space ? space : OOP_NIL);
  Oop binding = space ? binding_for_definition_may_gc(d, name) : 0;
  Oop writable = binding ? machine_writable_may_gc(m, oop_resolve(m, binding)) : 0;
  if (writable) {
    machine_store(m, oop_to_object(writable), BINDING_VALUE, machine_handle(m, made));
    machine_store(m, oop_to_object(writable), BINDING_INITIAL, machine_handle(m, made));
    machine_set_handle(m, d->space, machine_handle(m, made));
  }
  machine_pop_handles(m, symbol);
  return writable != 0;
}

/* A path begins at Smalltalk; what it names is made if it is not there. */
static bool enter_namespace(Definer *d, Text name, CompileError *error) {
  Machine *m = d->m;
  Oop found = name.length ? class_find_binding(m, OOP_NIL, name.start, name.length) : 0;
  if (is_bound(m, found)) return go_into(d, found, name, error);
  machine_set_handle(m, d->space, machine_system_dictionary(m));
  for (const char *end = name.start + name.length, *at = name.start, *dot; at < end; at = dot + 1) {
    dot = memchr(at, '.', (size_t)(end - at));
    if (!dot) dot = end;
    Text part = {at, (size_t)(dot - at)};
    if (!text_is(part, "Smalltalk") && !enter_inner_may_gc(d, part, error)) return false;
  }
  return true;
}

bool definer_namespace(Definer *d, Text name, CompileError *error) { return enter_namespace(d, name, error) && publish_space(d); }
