/* SPDX-License-Identifier: MIT */
/* source_primitives.c -- reading source text for running programs: what the readers of files meet, as an Array of messages to a FileLoader.
 *
 * The events are noted in an arena first: nothing in the heap moves while the text is read. */
#include "compiler.h"
#include "primitive.h"

enum { MOST_ARGUMENTS = 5 };

typedef struct Argument {
  enum { IS_TEXT, IS_NUMBER, IS_BOOLEAN, IS_NAMES } kind;
  Text text;
  int64_t number;
  const Text *names; /* NUMBER of them */
} Argument;

typedef struct Note {
  const char *selector;
  unsigned count;
  Argument arguments[MOST_ARGUMENTS];
  struct Note *next;
} Note;

typedef struct Notes {
  SourceEvents events; /* first: the reader hands back a pointer to it */
  Arena *arena;
  Note *first, **last;
  size_t count;
} Notes;

static Argument text_argument(Text text) { return (Argument){IS_TEXT, text, 0, NULL}; }
static Argument number_argument(int64_t number) { return (Argument){IS_NUMBER, {NULL, 0}, number, NULL}; }
static Argument boolean_argument(bool value) { return (Argument){IS_BOOLEAN, {NULL, 0}, value, NULL}; }

static bool add_note(SourceEvents *e, const char *selector, unsigned count, const Argument *arguments) {
  Notes *n = (Notes *)e;
  Note *note = arena_alloc(n->arena, sizeof *note);
  note->selector = selector;
  note->count = count;
  for (unsigned i = 0; i < count; i++) note->arguments[i] = arguments[i];
  *n->last = note;
  n->last = &note->next;
  n->count++;
  return true;
}

#define NOTE(e, selector, ...) \
  add_note(e, selector, sizeof((Argument[]){__VA_ARGS__}) / sizeof(Argument), (Argument[]){__VA_ARGS__})

static Argument names_argument(SourceEvents *e, const Text *names, unsigned count) {
  Text *copy = arena_alloc(((Notes *)e)->arena, (count + 1) * sizeof *copy);
  memcpy(copy, names, count * sizeof *copy);
  return (Argument){IS_NAMES, {NULL, 0}, count, copy};
}

static bool on_class_begin(SourceEvents *e, Text superclass, Text name, SourcePosition at) {
  return NOTE(e, "classBegin:superclass:line:", text_argument(name), text_argument(superclass), number_argument(at.line));
}
static bool on_extend_begin(SourceEvents *e, Text name, bool class_side, SourcePosition at) {
  return NOTE(e, "extendBegin:classSide:line:", text_argument(name), boolean_argument(class_side), number_argument(at.line));
}
static bool on_class_end(SourceEvents *e) { return add_note(e, "classEnd", 0, NULL); }
static bool on_variables(SourceEvents *e, bool class_side, const Text *names, unsigned count, SourcePosition at) {
  return NOTE(e, "variables:classSide:line:", names_argument(e, names, count), boolean_argument(class_side), number_argument(at.line));
}
static bool on_class_variable(SourceEvents *e, Text name, Text value, SourcePosition at) {
  return NOTE(e, "classVariable:value:line:", text_argument(name), text_argument(value), number_argument(at.line));
}
static bool on_pragma(SourceEvents *e, bool class_side, Text keyword, Text value, SourcePosition at) {
  return NOTE(e, "attribute:value:classSide:line:", text_argument(keyword), text_argument(value), boolean_argument(class_side), number_argument(at.line));
}
static bool on_method(SourceEvents *e, Text class_name, bool class_side, Text pattern, Text body, Text category, SourcePosition at) {
  Text text = body;
  if (pattern.length) text = (Text){pattern.start, (size_t)(body.start + body.length + 1 - pattern.start)}; /* with the brackets */
  return NOTE(e, "method:of:classSide:category:line:", text_argument(text), text_argument(class_name), boolean_argument(class_side),
              text_argument(category), number_argument(at.line));
}
static bool on_temporaries(SourceEvents *e, const Text *names, unsigned count, SourcePosition at) {
  (void)at;
  return NOTE(e, "declare:", names_argument(e, names, count));
}
static bool on_statement(SourceEvents *e, Text text, SourcePosition at) {
  return NOTE(e, "statement:line:", text_argument(text), number_argument(at.line));
}
static bool on_eval(SourceEvents *e, Text text, SourcePosition at) { return NOTE(e, "statement:line:", text_argument(text), number_argument(at.line)); }
static bool on_namespace_begin(SourceEvents *e, Text name, SourcePosition at) {
  return NOTE(e, "namespaceBegin:line:", text_argument(name), number_argument(at.line));
}
static bool on_namespace_end(SourceEvents *e) { return add_note(e, "namespaceEnd", 0, NULL); }
static bool on_namespace_pragma(SourceEvents *e, Text keyword, Text value, SourcePosition at) {
  return NOTE(e, "namespaceAttribute:value:line:", text_argument(keyword), text_argument(value), number_argument(at.line));
}
static bool on_condition_begin(SourceEvents *e, Text text, SourcePosition at) {
  return NOTE(e, "conditionBegin:line:", text_argument(text), number_argument(at.line));
}
static bool on_condition_end(SourceEvents *e) { return add_note(e, "conditionEnd", 0, NULL); }
static void on_error(SourceEvents *e, const CompileError *error) {
  Notes *n = (Notes *)e;
  size_t length = strlen(error->message);
  NOTE(e, "error:line:", text_argument((Text){arena_strndup(n->arena, error->message, length), length}), number_argument(error->at.line));
}

static Oop value_may_gc(Machine *m, const Argument *a) {
  switch (a->kind) {
  case IS_TEXT: return machine_new_string_may_gc(m, a->text.start ? a->text.start : "", a->text.length);
  case IS_NUMBER: return oop_from_small(a->number);
  case IS_BOOLEAN: return oop_from_bool(a->number);
  case IS_NAMES: break;
  }
  unsigned array = machine_push_handle(m, machine_new_array_may_gc(m, (size_t)a->number));
  bool done = machine_handle(m, array) != 0;
  for (int64_t i = 0; done && i < a->number; i++) {
    Oop name = machine_new_string_may_gc(m, a->names[i].start, a->names[i].length);
    done = name != 0;
    if (done) machine_store(m, oop_to_object(machine_handle(m, array)), (size_t)i, name);
  }
  Oop result = done ? machine_handle(m, array) : 0;
  machine_pop_handles(m, array);
  return result;
}

static Oop message_may_gc(Machine *m, const Note *note) {
  unsigned message = machine_push_handle(m, machine_new_may_gc(m, CLASS_MESSAGE, FORMAT_FIXED, 2));
  unsigned arguments = machine_push_handle(m, machine_handle(m, message) ? machine_new_array_may_gc(m, note->count) : 0);
  bool done = machine_handle(m, arguments) != 0;
  for (unsigned i = 0; done && i < note->count; i++) {
    Oop value = value_may_gc(m, &note->arguments[i]);
    done = value != 0;
    if (done) machine_store(m, oop_to_object(machine_handle(m, arguments)), i, value);
  }
  Oop selector = done ? machine_symbol_may_gc(m, note->selector, strlen(note->selector)) : 0;
  Oop result = selector ? machine_handle(m, message) : 0;
  if (result) {
    machine_store(m, oop_to_object(result), MESSAGE_SELECTOR, selector);
    machine_store(m, oop_to_object(result), MESSAGE_ARGUMENTS, machine_handle(m, arguments));
  }
  machine_pop_handles(m, message);
  return result;
}

static Oop messages_may_gc(Machine *m, const Notes *notes) {
  unsigned array = machine_push_handle(m, machine_new_array_may_gc(m, notes->count));
  bool done = machine_handle(m, array) != 0;
  size_t i = 0;
  for (const Note *note = notes->first; done && note; note = note->next, i++) {
    Oop message = message_may_gc(m, note);
    done = message != 0;
    if (done) machine_store(m, oop_to_object(machine_handle(m, array)), i, message);
  }
  Oop result = done ? machine_handle(m, array) : 0;
  machine_pop_handles(m, array);
  return result;
}

/* anything read_source: aString -> an Array of Messages, in the order of the text */
static Oop prim_read_source(Machine *m) {
  const char *bytes;
  size_t size;
  if (!oop_try_bytes(m, m->args[1], &bytes, &size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  Arena *arena = arena_new();
  if (!arena) return primitive_fail(m, FAILURE_NO_MEMORY);
  bool chunks = false;
  primitive_charge(m, size * 8);
  const char *text = source_text_prepare(arena, bytes, &size, &chunks);
  SourceMark mark = {0};
  Source source = {"a String", text, size, 1, chunks, &mark};
  Notes notes = {.events = {on_class_begin, on_extend_begin, on_class_end, on_variables, on_class_variable, on_pragma, on_method, on_temporaries,
                            on_statement, on_eval, on_namespace_begin, on_namespace_end, on_error, on_condition_begin, on_condition_end,
                            on_namespace_pragma},
                 .arena = arena};
  notes.last = &notes.first;
  source_read(&source, &notes.events);
  Oop result = messages_may_gc(m, &notes);
  arena_delete(arena);
  return result ? result : OOP_FAIL;
}

const Primitive source_primitives[] = {
    {"read_source", prim_read_source, 1, "what a source text says, as Messages to a FileLoader", 0},
    {NULL, NULL, 0, NULL, 0},
};
