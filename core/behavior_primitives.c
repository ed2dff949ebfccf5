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

static bool is_names(Oop x) {
  if (!oop_has_class(x, CLASS_ARRAY)) return false;
  Object *names = oop_to_object(x);
  for (size_t i = 0; i < object_slots(names); i++)
    if (!oop_has_class(names->slots[i], CLASS_SYMBOL)) return false;
  return true;
}

/* aClass set_variables: anArrayOfSymbols -> true when slots moved (methods must be compiled again) */
static Oop prim_class_set_variables(Machine *m) {
  bool moved;
  if (!is_behavior(m, m->args[0]) || !is_names(m->args[1])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!class_set_variables_may_gc(m, m->args[0], m->args[1], &moved)) return OOP_FAIL;
  return oop_from_bool(moved);
}

/* aClass set_superclass: aClassOrNil variables: anArrayOfSymbols -> true when methods must be compiled again */
static Oop prim_class_set_superclass(Machine *m) {
  bool moved;
  if (!is_names(m->args[2])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!is_behavior(m, m->args[0]) || !oop_has_class(machine_class_of(m, m->args[0]), CLASS_METACLASS)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (m->args[1] != OOP_NIL && (!is_behavior(m, m->args[1]) || !oop_has_class(machine_class_of(m, m->args[1]), CLASS_METACLASS)))
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (m->args[1] != OOP_NIL && machine_inherits_from(m, m->args[1], m->args[0])) return primitive_fail(m, FAILURE_BAD_VALUE);
  if (!class_set_superclass_may_gc(m, m->args[0], m->args[1], m->args[2], &moved)) return OOP_FAIL;
  return oop_from_bool(moved);
}

/* aClass set_shape: aSymbolOrNil */
static Oop prim_class_set_shape(Machine *m) {
  const char *bytes = "nil";
  size_t size = 3;
  if (!is_behavior(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (m->args[1] != OOP_NIL && !oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  char shape[16];
  if (size >= sizeof shape) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  memcpy(shape, bytes, size);
  return class_set_shape_may_gc(m, m->args[0], shape, size) ? m->args[0] : OOP_FAIL;
}

static Oop prim_class_shape(Machine *m) {
  if (!is_behavior(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  const char *shape = class_shape(m, m->args[0]);
  return strcmp(shape, "nil") == 0 ? OOP_NIL : or_fail(machine_symbol_may_gc(m, shape, strlen(shape)));
}

static Oop prim_class_add_method(Machine *m) {
  if (!is_behavior(m, m->args[0]) || !oop_has_class(m->args[1], CLASS_SYMBOL) || !oop_has_class(m->args[2], CLASS_COMPILED_METHOD))
    return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  /* a method trusts that self has the slots, and is of the kind, that its class says */
  if (!machine_inherits_from(m, m->args[0], oop_to_object(m->args[2])->slots[CODE_CLASS])) return primitive_fail(m, FAILURE_BAD_VALUE);
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

/* aBindingDictionary binding_at: aSymbol -> VariableBinding or nil */
static Oop prim_binding_at(Machine *m) {
  const char *bytes;
  size_t size;
  if (!is_binding_dictionary(m, m->args[0]) || !oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Oop found = binding_dictionary_find(m, m->args[0], bytes, size);
  return found ? oop_resolve(m, found) : OOP_NIL;
}

/* aBindingDictionary binding_add: aSymbol value: anObject -> the binding, new or old (whose value stays) */
static Oop prim_binding_add(Machine *m) {
  if (!is_binding_dictionary(m, m->args[0]) || !oop_has_class(m->args[1], CLASS_SYMBOL)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  return or_fail(binding_define_may_gc(m, m->args[0], m->args[1], m->args[2]));
}

static Oop prim_binding_remove(Machine *m) {
  char name[256];
  const char *bytes;
  size_t size;
  if (!is_binding_dictionary(m, m->args[0]) || !oop_try_bytes(m, m->args[1], &bytes, &size) || size >= sizeof name)
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

/* Argument 5 of prim_compile: nil, or an Array of these. */
enum {
  CONTEXT_FILE,        /* String: name of the file */
  CONTEXT_LINE,        /* SmallInteger: of the first character in the file */
  CONTEXT_TEMPORARIES, /* BindingDictionary of statements: variables that are declared nowhere are made there */
  CONTEXT_SPACE,       /* BindingDictionary: the namespace of statements, looked through after the class */
  COMPILE_CONTEXT_SLOTS
};

typedef struct Scope {
  CompilerScope scope;
  Machine *m;
  Oop klass;       /* while compiling: nothing moves */
  unsigned handle; /* while building: the class, then temporaries and namespace (or nil) */
  Oop temporaries, space; /* while compiling */
  bool recompiling; /* a method that was compiled before: what it names may be gone */
} Scope;

static Oop find_outside(Machine *m, Oop temporaries, Oop space, const char *path, size_t length) {
  Oop found = temporaries != OOP_NIL ? binding_dictionary_find(m, temporaries, path, length) : 0;
  return found || space == OOP_NIL ? found : namespace_find_binding(m, space, path, length);
}

static NameMeaning lookup(CompilerScope *scope, Text path) {
  Scope *s = (Scope *)scope;
  int slot = class_variable_index(s->m, s->klass, path.start, path.length);
  bool guarded = slot >= 0 && !s->recompiling && class_guards_slot(s->m, s->klass, (size_t)slot);
  if (slot >= 0) return (NameMeaning){.kind = NAME_INSTANCE, .index = (unsigned)slot, .read_only = guarded};
  bool found = find_outside(s->m, s->temporaries, s->space, path.start, path.length) || class_find_binding(s->m, s->klass, path.start, path.length);
  return (NameMeaning){.kind = found ? NAME_BINDING : NAME_UNKNOWN};
}

static bool undeclared(CompilerScope *scope, Text name, bool assigned) {
  Scope *s = (Scope *)scope;
  if (s->temporaries != OOP_NIL || s->recompiling) return true;
  return !assigned && name.length && name.start[0] >= 'A' && name.start[0] <= 'Z';
}

static Oop find_binding_may_gc(void *context, Machine *m, const char *path, size_t length) {
  Scope *s = context;
  Oop temporaries = machine_handle(m, s->handle + 1);
  Oop found = find_outside(m, temporaries, machine_handle(m, s->handle + 2), path, length);
  if (!found) found = class_find_binding(m, machine_handle(m, s->handle), path, length);
  if (found) return found;
  if (length > 10 && memcmp(path, "Smalltalk.", 10) == 0) path += 10, length -= 10;
  bool global = path[0] >= 'A' && path[0] <= 'Z';
  Oop symbol = machine_symbol_may_gc(m, path, length);
  temporaries = machine_handle(m, s->handle + 1);
  Oop undeclared = binding_dictionary_find(m, machine_system_dictionary(m), "Undeclared", 10);
  undeclared = undeclared ? oop_resolve(m, machine_object(m, undeclared)->slots[BINDING_VALUE]) : machine_system_dictionary(m);
  return symbol ? binding_dictionary_add_may_gc(m, global || temporaries == OOP_NIL ? undeclared : temporaries, symbol, OOP_NIL) : 0;
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
  machine_push_handle(m, s->temporaries);
  machine_push_handle(m, s->space);
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

/* An Array of line, column, text of the message, and the message as it is shown with the line of the source. */
static Oop failure_may_gc(Machine *m, const CompileError *error, const Source *source) {
  char message[2048];
  unsigned array = machine_push_handle(m, machine_new_array_may_gc(m, 4));
  Oop text = machine_handle(m, array) ? machine_new_string_may_gc(m, error->message, strlen(error->message)) : 0;
  if (text) machine_store(m, oop_to_object(machine_handle(m, array)), 2, text);
  compile_error_format(error, source, message, sizeof message);
  if (text) text = machine_new_string_may_gc(m, message, strlen(message));
  Oop result = text ? machine_handle(m, array) : 0;
  machine_pop_handles(m, array);
  if (!result) return 0;
  machine_store(m, oop_to_object(result), 0, oop_from_small(error->at.line));
  machine_store(m, oop_to_object(result), 1, oop_from_small(error->at.column));
  machine_store(m, oop_to_object(result), 3, text);
  return result;
}

static bool is_compile_context(const Machine *m, Oop x) {
  const char *bytes;
  size_t size;
  if (x == OOP_NIL) return true;
  if (!oop_has_class(x, CLASS_ARRAY)) return false;
  Object *array = machine_object(m, x);
  if (object_slots(array) != COMPILE_CONTEXT_SLOTS || !oop_is_small(array->slots[CONTEXT_LINE]) || oop_to_small(array->slots[CONTEXT_LINE]) < 1) return false;
  for (int i = CONTEXT_TEMPORARIES; i <= CONTEXT_SPACE; i++)
    if (array->slots[i] != OOP_NIL && !is_binding_dictionary(m, array->slots[i])) return false;
  return oop_try_bytes(m, array->slots[CONTEXT_FILE], &bytes, &size) && size < 4096;
}

/* The text to compile with its name and place: those of the context, or of the method that it replaces. */
static Source source_of(Machine *m, Arena *arena) {
  const char *bytes;
  size_t size;
  oop_try_bytes(m, m->args[1], &bytes, &size);
  Source source = {"a String", arena_strndup(arena, bytes, size), size, first_line(m, m->args[4]), false};
  if (m->args[5] == OOP_NIL) return source;
  Object *context = machine_object(m, m->args[5]);
  oop_try_bytes(m, context->slots[CONTEXT_FILE], &bytes, &size);
  source.name = arena_strndup(arena, bytes, size);
  source.first_line = (unsigned)oop_to_small(context->slots[CONTEXT_LINE]);
  return source;
}

/* What is compiled once more may do what it did: store into variables that C trusts, say.  So it has to be the same. */
static bool is_text_of(const Machine *m, Oop method, const char *bytes, size_t size) {
  const char *text;
  size_t length;
  if (!oop_has_class(method, CLASS_COMPILED_METHOD)) return false;
  Oop debug = machine_object(m, method)->slots[CODE_DEBUG];
  return debug != OOP_NIL && debug_info_try_part(m, machine_object(m, debug), DEBUG_SOURCE, &text, &length) && length == size && memcmp(text, bytes, size) == 0;
}

/* aClass compile: aString statements: aBoolean constants: anArray old: aMethod context: anArray -> a CompiledMethod, not installed; an Array that
 * begins with an Integer when it cannot be compiled (failure_may_gc); or, when the text has constants and the Array of their values is nil, an Array of
 * what they are to be made from.  Statements: the method answers the value of the last. OLD: the method that was compiled from this text before; its
 * literals are kept, and what it names that is gone reads nil. */
static Oop prim_compile(Machine *m) {
  const char *bytes;
  size_t size;
  bool statements = m->args[2] == OOP_TRUE;
  if (!is_behavior(m, m->args[0])) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (m->args[4] != OOP_NIL && !is_text_of(m, m->args[4], bytes, size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!is_compile_context(m, m->args[5])) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Arena *arena = arena_new();
  if (!arena) return primitive_fail(m, FAILURE_NO_MEMORY);
  Source source = source_of(m, arena);
  Scope s = {{lookup, undeclared, NULL}, m, m->args[0], 0, OOP_NIL, OOP_NIL, m->args[4] != OOP_NIL};
  if (m->args[5] != OOP_NIL) {
    s.temporaries = machine_object(m, m->args[5])->slots[CONTEXT_TEMPORARIES];
    s.space = machine_object(m, m->args[5])->slots[CONTEXT_SPACE];
  }
  CompileError error;
  Text body = {source.text, size};
  CodeTemplate *code = statements ? compile_statements(arena, &source, body, &s.scope, &error)
                                  : compile_method(arena, &source, (Text){source.text, 0}, body, &s.scope, &error);
  Oop result;
  primitive_charge(m, size * 64);
  if (!code) result = failure_may_gc(m, &error, &source);
  else if (!right_constants(code, m->args[3])) result = primitive_fail(m, FAILURE_BAD_ARGUMENT);
  else result = built_may_gc(m, &source, code, &s);
  arena_delete(arena);
  return or_fail(result);
}

static Oop prim_debug_source(Machine *m) {
  const char *text;
  size_t size;
  if (!oop_has_class(m->args[0], CLASS_DEBUG_INFO)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  const Object *debug = machine_object(m, m->args[0]);
  if (!oop_is_small(debug->slots[DEBUG_SOURCE])) return oop_resolve(m, debug->slots[DEBUG_SOURCE]);
  if (!debug_info_try_part(m, debug, DEBUG_SOURCE, &text, &size)) return OOP_NIL;
  primitive_charge(m, size);
  return or_fail(machine_new_string_may_gc(m, text, size));
}

/* Packed names are separated by spaces; one that is empty stands for nil. */
static Oop prim_debug_names(Machine *m) {
  const char *text;
  size_t size, count = 1;
  if (!oop_has_class(m->args[0], CLASS_DEBUG_INFO)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  const Object *debug = machine_object(m, m->args[0]);
  if (!oop_is_small(debug->slots[DEBUG_NAMES])) return oop_resolve(m, debug->slots[DEBUG_NAMES]);
  if (!debug_info_try_part(m, debug, DEBUG_NAMES, &text, &size)) return OOP_NIL;
  for (size_t i = 0; i < size; i++) count += text[i] == ' ';
  unsigned array = machine_push_handle(m, machine_new_array_may_gc(m, count));
  const char *at = text, *end = text + size; /* of the image: does not move */
  for (size_t i = 0; machine_handle(m, array) && i < count; i++) {
    const char *space = memchr(at, ' ', (size_t)(end - at));
    size_t length = (size_t)((space ? space : end) - at);
    Oop name = length ? machine_symbol_may_gc(m, at, length) : OOP_NIL;
    if (!name) return machine_pop_handles(m, array), OOP_FAIL;
    machine_store(m, oop_to_object(machine_handle(m, array)), i, name);
    at += length + 1;
  }
  Oop names = machine_handle(m, array);
  machine_pop_handles(m, array);
  return or_fail(names);
}

const Primitive behavior_primitives[] = {
    {"class_new", prim_class_new, 1, "a new subclass of the receiver (may be nil), not yet bound to a name", 0},
    {"class_set_variables", prim_class_set_variables, 1, "set own instance variables, reshape instances; answers whether slots moved", 0},
    {"class_set_superclass", prim_class_set_superclass, 2, "another superclass, with own variables; answers whether methods must be compiled again", 0},
    {"class_set_shape", prim_class_set_shape, 1, "set the kind of indexed variables that new instances get; a Symbol or nil", 0},
    {"class_shape", prim_class_shape, 0, "the kind of indexed variables, a Symbol or nil", 0},
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
    {"debug_names", prim_debug_names, 0, "names of the registers, an Array of Symbols and nil", 0},
    {"compile", prim_compile, 5, "compile text, statements or not, with constants, for an old method, in a context; an Array is an error", 0},
    {NULL, NULL, 0, NULL, 0},
};
