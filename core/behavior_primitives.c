/* SPDX-License-Identifier: MIT */
/* behavior_primitives.c -- classes and methods for running programs: what the reader of source files does, as messages. */
#include "builder.h"
#include "class_builder.h"
#include "frames.h"
#include "lookup.h"
#include "memory_internal.h"
#include "primitive.h"

static bool is_behavior(const Machine *m, Oop x) {
  return oop_is_pointer(x) && machine_is_kind_of(m, x, machine_class_at(m, CLASS_BEHAVIOR));
}

static Oop or_fail(Oop x) { return x ? x : OOP_FAIL; }

/* superclass new_class: aSymbol -> a class that no name refers to yet */
static Oop prim_class_new(Machine *m) {
  char name[256];
  const char *bytes;
  size_t size;
  if (m->args[0] != OOP_NIL && !is_behavior(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_try_bytes(m, m->args[1], &bytes, &size) || size >= sizeof name) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  memcpy(name, bytes, size);
  return or_fail(class_new_may_gc(m, m->args[0], name, size));
}

/* aClass set_variables: anArrayOfSymbols -> true when slots moved (methods must be compiled again) */
static Oop prim_class_set_variables(Machine *m) {
  bool moved;
  if (!is_behavior(m, m->args[0]) || !oop_has_class(m->args[1], CLASS_ARRAY)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Object *names = oop_to_object(m->args[1]);
  for (size_t i = 0; i < object_slots(names); i++)
    if (!oop_has_class(names->slots[i], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!class_set_variables_may_gc(m, m->args[0], m->args[1], &moved)) return OOP_FAIL;
  return oop_from_bool(moved);
}

static Oop prim_class_set_format(Machine *m) {
  if (!is_behavior(m, m->args[0]) || !oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < 0 || oop_to_small(m->args[1]) > FORMAT_BYTES)
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return class_set_format_may_gc(m, m->args[0], (unsigned)oop_to_small(m->args[1])) ? m->args[0] : OOP_FAIL;
}

static Oop prim_class_add_method(Machine *m) {
  if (!is_behavior(m, m->args[0]) || !oop_has_class(m->args[1], CLASS_SYMBOL) || !oop_has_class(m->args[2], CLASS_COMPILED_METHOD))
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return class_add_method_may_gc(m, m->args[0], m->args[1], m->args[2]) ? m->args[2] : OOP_FAIL;
}

static Oop prim_class_remove_method(Machine *m) {
  if (!is_behavior(m, m->args[0]) || !oop_has_class(m->args[1], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return class_remove_method_may_gc(m, m->args[0], m->args[1]) ? m->args[0] : primitive_fail(m, FAILURE_NOT_FOUND);
}

/* aClass method_at: aSymbol -> its own method, or nil */
static Oop prim_class_method_at(Machine *m) {
  if (!is_behavior(m, m->args[0]) || !oop_has_class(m->args[1], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop found = class_own_method(m, m->args[0], m->args[1]);
  return found ? found : OOP_NIL;
}

/* aClass lookup: aSymbol -> the method that instances run, or nil */
static Oop prim_class_lookup(Machine *m) {
  if (!is_behavior(m, m->args[0]) || !oop_has_class(m->args[1], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop found = machine_lookup(m, m->args[0], m->args[1]);
  return found ? found : OOP_NIL;
}

static Oop prim_class_inherits_from(Machine *m) {
  if (!is_behavior(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  return oop_from_bool(is_behavior(m, m->args[1]) && machine_inherits_from(m, m->args[0], m->args[1]));
}

/* A class by class index, nil for unused ones; fails behind the last.  For walking all classes. */
static Oop prim_class_by_number(Machine *m) {
  if (!oop_is_small(m->args[1]) || oop_to_small(m->args[1]) < 1) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  uint64_t i = (uint64_t)oop_to_small(m->args[1]), own = m->source->class_count ? m->source->class_count : 1;
  Oop table = m->roots[ROOT_CLASSES];
  if (i < m->source->class_count) return m->source->classes[i] ? machine_class_at(m, (uint32_t)i) : OOP_NIL;
  if (m->source->class_count == 0) own = 0;
  if (table == OOP_NIL || i - own >= object_slots(oop_to_object(table))) return primitive_fail(m, FAILURE_BAD_INDEX);
  return oop_to_object(table)->slots[i - own];
}

/* ---- bindings --------------------------------------------------------------------------------------------------------- */

static bool is_dictionary(const Machine *m, Oop x) {
  return oop_is_pointer(x) && machine_is_kind_of(m, x, machine_class_at(m, CLASS_BINDING_DICTIONARY));
}

/* aBindingDictionary binding_at: aSymbol -> VariableBinding or nil */
static Oop prim_binding_at(Machine *m) {
  const char *bytes;
  size_t size;
  if (!is_dictionary(m, m->args[0]) || !oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop found = binding_dictionary_find(m, m->args[0], bytes, size);
  return found ? oop_resolve(m, found) : OOP_NIL;
}

/* aBindingDictionary binding_add: aSymbol value: anObject -> the binding, new or old (whose value stays) */
static Oop prim_binding_add(Machine *m) {
  if (!is_dictionary(m, m->args[0]) || !oop_has_class(m->args[1], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return or_fail(binding_define_may_gc(m, m->args[0], m->args[1], m->args[2]));
}

static Oop prim_binding_remove(Machine *m) {
  char name[256];
  const char *bytes;
  size_t size;
  if (!is_dictionary(m, m->args[0]) || !oop_try_bytes(m, m->args[1], &bytes, &size) || size >= sizeof name)
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  memcpy(name, bytes, size);
  return binding_dictionary_remove_may_gc(m, m->args[0], name, size) ? m->args[0] : primitive_fail(m, FAILURE_NOT_FOUND);
}

/* name new_dictionary: environment -> a BindingDictionary of the receiver's class */
static Oop prim_binding_dictionary_new(Machine *m) {
  if (!is_behavior(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  uint32_t index = spec_class_index(oop_to_small(oop_to_object(m->args[0])->slots[BEHAVIOR_SPEC]));
  return or_fail(binding_dictionary_new_may_gc(m, index, m->args[1], m->args[2]));
}

/* ---- compiling -------------------------------------------------------------------------------------------------------- */

typedef struct Scope {
  CompilerScope scope;
  Machine *m;
  Oop klass;       /* while compiling: nothing moves */
  unsigned handle; /* while building */
} Scope;

static NameMeaning lookup(CompilerScope *scope, Text path) {
  Scope *s = (Scope *)scope;
  int slot = class_variable_index(s->m, s->klass, path.start, path.length);
  if (slot >= 0) return (NameMeaning){.kind = NAME_INSTANCE, .index = (unsigned)slot};
  return (NameMeaning){.kind = class_find_binding(s->m, s->klass, path.start, path.length) ? NAME_BINDING : NAME_UNKNOWN};
}

static bool undeclared(CompilerScope *scope, Text name, bool assigned) {
  (void)scope;
  return !assigned && name.length && name.start[0] >= 'A' && name.start[0] <= 'Z';
}

static Oop find_binding_may_gc(void *context, Machine *m, const char *path, size_t length) {
  Scope *s = context;
  Oop found = class_find_binding(m, machine_handle(m, s->handle), path, length);
  if (found) return found;
  if (length > 10 && memcmp(path, "Smalltalk.", 10) == 0) path += 10, length -= 10;
  Oop symbol = machine_symbol_may_gc(m, path, length);
  Oop undeclared = binding_dictionary_find(m, machine_system_dictionary(m), "Undeclared", 10);
  undeclared = undeclared ? oop_resolve(m, machine_object(m, undeclared)->slots[BINDING_VALUE]) : machine_system_dictionary(m);
  return symbol ? binding_dictionary_add_may_gc(m, undeclared, symbol, OOP_NIL) : 0;
}

/* What the literals that need a running program are made from: for ##( ) a CompiledMethod, for 3.14s2 an Array of digits, scale, sign. */
typedef struct Constants {
  Machine *m;
  Scope *scope;
  const Source *source;
  unsigned file, array; /* handles */
  size_t count;
  bool failed;
} Constants;

static void count_constant(void *context, const Literal *literal) {
  (void)literal;
  ((Constants *)context)->count++;
}

static Oop scaled_parts_may_gc(Machine *m, const Literal *literal) {
  unsigned array = machine_push_handle(m, machine_new_array_may_gc(m, 3));
  Oop digits = machine_handle(m, array) ? machine_new_string_may_gc(m, literal->text.start, literal->text.length) : 0;
  Oop parts = machine_handle(m, array);
  machine_pop_handles(m, array);
  if (!digits) return 0;
  machine_store(m, oop_to_object(parts), 0, digits);
  machine_store(m, oop_to_object(parts), 1, oop_from_small(literal->integer));
  machine_store(m, oop_to_object(parts), 2, oop_from_bool(literal->negative));
  return parts;
}

static void note_constant(void *context, const Literal *literal) {
  Constants *c = context;
  if (c->failed) return;
  MethodContext method = {c->source, find_binding_may_gc, c->scope, 0, c->file, NO_OLD_METHOD};
  Oop klass = machine_class_at(c->m, CLASS_UNDEFINED_OBJECT);
  Oop part = literal->kind == LITERAL_SCALED ? scaled_parts_may_gc(c->m, literal) : method_build_may_gc(c->m, klass, literal->code, &method);
  c->failed = !part;
  if (part) machine_store(c->m, oop_to_object(machine_handle(c->m, c->array)), c->count++, part);
}

/* An Array of parts when the template needs constants, else 0 with m->failure NONE. */
static Oop constants_may_gc(Machine *m, const Source *source, const CodeTemplate *code, Scope *s, unsigned file) {
  Constants c = {m, s, source, file, 0, 0, false};
  literal_walk(code, count_constant, &c);
  m->failure = FAILURE_NONE;
  if (!c.count) return 0;
  c.array = machine_push_handle(m, machine_new_array_may_gc(m, c.count));
  c.count = 0;
  if (machine_handle(m, c.array)) literal_walk(code, note_constant, &c);
  Oop result = c.failed ? 0 : machine_handle(m, c.array);
  machine_pop_handles(m, c.array);
  return result;
}

static Oop built_may_gc(Machine *m, const Source *source, const CodeTemplate *code, Scope *s) {
  unsigned first = s->handle = machine_push_handle(m, m->args[0]), old = NO_OLD_METHOD, constants = 0;
  Oop result = 0;
  unsigned file = machine_push_handle(m, machine_new_string_may_gc(m, source->name, strlen(source->name)));
  if (!machine_handle(m, file)) goto done;
  if (m->args[4] != OOP_NIL) {
    old = machine_push_handle(m, m->args[4]);
    Oop debug = machine_object(m, m->args[4])->slots[CODE_DEBUG];
    if (debug != OOP_NIL) machine_set_handle(m, file, machine_object(m, debug)->slots[DEBUG_FILE]);
  } else if (m->args[3] == OOP_NIL) {
    result = constants_may_gc(m, source, code, s, file);
    if (result || m->failure != FAILURE_NONE) goto done;
  } else {
    Object *values = oop_to_object(m->args[3]);
    constants = m->handle_count;
    for (size_t i = 0; i < object_slots(values); i++) machine_push_handle(m, values->slots[i]);
  }
  MethodContext context = {source, find_binding_may_gc, s, constants, file, old};
  result = method_build_may_gc(m, machine_handle(m, s->handle), code, &context);
done:
  machine_pop_handles(m, first);
  return result;
}

static bool right_constants(const CodeTemplate *code, Oop values) {
  Constants c = {0};
  literal_walk(code, count_constant, &c);
  return values == OOP_NIL || (oop_has_class(values, CLASS_ARRAY) && object_slots(oop_to_object(values)) == c.count);
}

/* The first line of the text when it replaces a method of that place in a file. */
static unsigned first_line(const Machine *m, Oop old) {
  Oop debug = old == OOP_NIL ? OOP_NIL : machine_object(m, old)->slots[CODE_DEBUG];
  Oop line = debug == OOP_NIL ? OOP_NIL : machine_object(m, debug)->slots[DEBUG_LINE];
  return oop_is_small(line) ? (unsigned)oop_to_small(line) : 1;
}

/* aClass compile: aString statements: aBoolean constants: anArray old: aMethod -> a CompiledMethod, not installed; or a String with the error
 * message; or, when the text has constants and the Array of their values is nil, an Array of what they are to be made from.  Statements: the
 * method answers the value of the last. OLD: the method that was compiled from this text before; its literals are kept. */
static Oop prim_compile(Machine *m) {
  const char *bytes;
  size_t size;
  char *text, message[1024];
  bool statements = m->args[2] == OOP_TRUE;
  if (!is_behavior(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (m->args[4] != OOP_NIL && !oop_has_class(m->args[4], CLASS_COMPILED_METHOD)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Arena *arena = arena_new();
  if (!arena) return primitive_fail(m, FAILURE_NO_MEMORY);
  text = arena_strndup(arena, bytes, size);
  Source source = {statements ? "a String" : "(compiled)", text, size, first_line(m, m->args[4])};
  Scope s = {{lookup, undeclared, NULL}, m, m->args[0], 0};
  CompileError error;
  Text body = {text, size};
  CodeTemplate *code = statements ? compile_statements(arena, &source, body, &s.scope, &error)
                                  : compile_method(arena, &source, (Text){text, 0}, body, &s.scope, &error);
  Oop result;
  primitive_charge(m, size * 64);
  if (!code) {
    compile_error_format(&error, &source, message, sizeof message);
    result = machine_new_string_may_gc(m, message, strlen(message));
  } else if (!right_constants(code, m->args[3])) {
    result = primitive_fail(m, FAILURE_BAD_ARGUMENT);
  } else {
    result = built_may_gc(m, &source, code, &s);
  }
  arena_delete(arena);
  return or_fail(result);
}

static Oop prim_debug_source(Machine *m) {
  const char *text;
  size_t size;
  if (!oop_has_class(m->args[0], CLASS_DEBUG_INFO)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  const Object *debug = machine_object(m, m->args[0]);
  if (!oop_is_small(debug->slots[DEBUG_SOURCE])) return oop_resolve(m, debug->slots[DEBUG_SOURCE]);
  if (!debug_info_try_text(m, debug, &text, &size)) return OOP_NIL;
  primitive_charge(m, size);
  return or_fail(machine_new_string_may_gc(m, text, size));
}

const Primitive behavior_primitives[] = {
    {"class_new", prim_class_new, 1, "a new subclass of the receiver (may be nil), not yet bound to a name", 0},
    {"class_set_variables", prim_class_set_variables, 1, "set own instance variables, reshape instances; answers whether slots moved", 0},
    {"class_set_format", prim_class_set_format, 1, "set the format of instances, Format", 0},
    {"class_add_method", prim_class_add_method, 2, "install a CompiledMethod under a selector", 0},
    {"class_remove_method", prim_class_remove_method, 1, "remove the method of a selector", 0},
    {"class_method_at", prim_class_method_at, 1, "the receiver's own method, or nil", 0},
    {"class_lookup", prim_class_lookup, 1, "the method that instances run, or nil", 0},
    {"class_inherits_from", prim_class_inherits_from, 1, "is it the argument or a descendant of it", 0},
    {"class_by_number", prim_class_by_number, 1, "class by number from 1, nil for gaps, fails behind the last", 0},
    {"binding_at", prim_binding_at, 1, "the binding of a name, or nil", 0},
    {"binding_add", prim_binding_add, 2, "the binding of a name, made with a value if it is new", 0},
    {"binding_remove", prim_binding_remove, 1, "forget a name", 0},
    {"binding_dictionary_new", prim_binding_dictionary_new, 2, "a new dictionary of bindings in an environment, with a name", 0},
    {"debug_source", prim_debug_source, 0, "text of the method of a DebugInfo, or nil", 0},
    {"compile", prim_compile, 4, "compile text, statements or not, with constants, for an old method; a String is the error message", 0},
    {NULL, NULL, 0, NULL, 0},
};
