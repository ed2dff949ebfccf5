/* SPDX-License-Identifier: MIT */
/* program.c -- see program.h.  Reading collects items; stepping carries them out.  A method or statement with ##( ) or scaled
 * literals needs those values first: each is run as a small statement of its own, its answer kept in a handle. */
#define _GNU_SOURCE
#include "program.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "class_builder.h"
#include "lookup.h"
#include "program_internal.h"
#include "scanner.h"
#include "statement_kind.h"
#include "whole_file.h"

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static void report(Program *p, const Source *source, const CompileError *error) {
  size_t size = strlen(source->name) + sizeof error->message + 512;
  char *buffer = malloc(size);
  if (buffer) compile_error_format(error, source, buffer, size);
  fputs(buffer ? buffer : error->message, p->errors);
  free(buffer);
  p->error_count++;
}

static Item *add(SourceEvents *e, ItemKind kind, SourcePosition at) {
  Program *p = (Program *)e;
  if (p->count == p->capacity) {
    size_t capacity = p->capacity ? p->capacity * 2 : 64;
    Item *grown = realloc(p->items, capacity * sizeof *grown);
    if (!grown) return NULL;
    p->items = grown;
    p->capacity = capacity;
  }
  Item *item = &p->items[p->count++];
  *item = (Item){.kind = kind, .source = p->reading, .class_name = p->reading_class, .class_side = p->reading_class_side, .at = at};
  return item;
}

static bool copy_names(Program *p, Item *item, const Text *names, unsigned count) {
  if (!item) return false;
  item->names = arena_alloc(p->arena, (count + 1) * sizeof *names);
  memcpy(item->names, names, count * sizeof *names);
  item->count = count;
  return true;
}

/* A comment like "---- printing ----" between two methods names the protocol of those that follow. */
static void look_for_protocol(Program *p, const char *to) {
  const char *at = p->scanned, *end;
  for (; at && at + 8 < to && (at = memchr(at, '"', (size_t)(to - at))); at = end + 1) {
    end = memchr(at + 1, '"', (size_t)(to - at - 1));
    if (!end) break;
    if (end - at < 10 || memcmp(at + 1, "---- ", 5) != 0 || memcmp(end - 5, " ----", 5) != 0) continue;
    p->protocol = (Text){at + 6, (size_t)(end - at - 11)};
  }
  p->scanned = to;
}

static void begin_protocols(Program *p, const char *from) {
  p->protocol = (Text){NULL, 0};
  p->scanned = from;
}

static bool on_class_begin(SourceEvents *e, Text superclass, Text name, SourcePosition at) {
  Program *p = (Program *)e;
  p->reading_class = name;
  p->reading_class_side = false;
  p->reading_first[false] = p->reading_first[true] = true;
  begin_protocols(p, name.start);
  Item *item = add(e, ITEM_CLASS, at);
  if (!item) return false;
  item->value = superclass;
  return true;
}

static bool on_extend_begin(SourceEvents *e, Text name, bool class_side, SourcePosition at) {
  Program *p = (Program *)e;
  p->reading_class = name;
  p->reading_class_side = class_side;
  p->reading_first[false] = p->reading_first[true] = false;
  begin_protocols(p, name.start);
  return add(e, ITEM_EXTEND, at) != NULL;
}

static bool on_class_end(SourceEvents *e) {
  ((Program *)e)->reading_class = (Text){NULL, 0};
  begin_protocols((Program *)e, NULL);
  return true;
}

static bool on_variables(SourceEvents *e, bool class_side, const Text *names, unsigned count, SourcePosition at) {
  Program *p = (Program *)e;
  Item *item = add(e, ITEM_VARIABLES, at);
  if (!copy_names(p, item, names, count)) return false;
  item->class_side = class_side;
  item->first = p->reading_first[class_side];
  p->reading_first[class_side] = false;
  return true;
}

static bool on_class_variable(SourceEvents *e, Text name, Text value, SourcePosition at) {
  Item *item = add(e, ITEM_CLASS_VARIABLE, at);
  if (!item) return false;
  item->name = name;
  item->value = value;
  return true;
}

static bool on_pragma(SourceEvents *e, bool class_side, Text keyword, Text value, SourcePosition at) {
  Item *item = add(e, ITEM_PRAGMA, at);
  if (!item) return false;
  item->class_side = class_side;
  item->name = keyword;
  item->value = value;
  return true;
}

static bool on_method(SourceEvents *e, Text class_name, bool class_side, Text pattern, Text body, Text category, SourcePosition at) {
  Program *p = (Program *)e;
  Item *item = add(e, ITEM_METHOD, at);
  if (!item) return false;
  if (p->scanned && pattern.start) look_for_protocol(p, pattern.start);
  if (p->scanned) p->scanned = body.start + body.length;
  item->category = category.length ? category : p->protocol;
  item->class_name = class_name;
  item->class_side = class_side;
  item->name = pattern;
  item->value = body;
  if (class_side && category.length && !p->reading->chunks) /* in Tonel or FileTree */
    item->initializes = text_is(pattern_selector(p->reading, pattern.length ? pattern : body), "initialize");
  return true;
}

static bool on_temporaries(SourceEvents *e, const Text *names, unsigned count, SourcePosition at) {
  return copy_names((Program *)e, add(e, ITEM_TEMPORARIES, at), names, count);
}

static bool on_text(SourceEvents *e, ItemKind kind, Text text, SourcePosition at) {
  Item *item = add(e, kind, at);
  if (!item) return false;
  item->value = text;
  return true;
}

static bool on_statement(SourceEvents *e, Text text, SourcePosition at) {
  return on_text(e, statement_is_definition(((Program *)e)->reading, text) ? ITEM_DEFINITION : ITEM_STATEMENT, text, at);
}
static bool on_condition(SourceEvents *e, Text text, SourcePosition at) { return on_text(e, ITEM_CONDITION, text, at); }
static bool on_condition_end(SourceEvents *e) { return add(e, ITEM_CONDITION_END, (SourcePosition){0, 0, 0}) != NULL; }
static bool on_namespace_pragma(SourceEvents *e, Text keyword, Text value, SourcePosition at) {
  Item *item = add(e, ITEM_NAMESPACE_PRAGMA, at);
  if (!item) return false;
  item->name = keyword;
  item->value = value;
  return true;
}
static bool on_eval(SourceEvents *e, Text text, SourcePosition at) { return on_text(e, ITEM_EVAL, text, at); }
static bool on_namespace(SourceEvents *e, Text name, SourcePosition at) { return on_text(e, ITEM_NAMESPACE, name, at); }
static bool on_namespace_end(SourceEvents *e) { return add(e, ITEM_NAMESPACE_END, (SourcePosition){0, 0, 0}) != NULL; }
static void on_error(SourceEvents *e, const CompileError *error) {
  Program *p = (Program *)e;
  report(p, p->reading, error);
}

Program *program_new(FILE *errors) {
  Program *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->events = (SourceEvents){on_class_begin, on_extend_begin, on_class_end, on_variables, on_class_variable, on_pragma, on_method,
                             on_temporaries, on_statement, on_eval, on_namespace, on_namespace_end, on_error, on_condition, on_condition_end, on_namespace_pragma};
  p->errors = errors;
  p->arena = arena_new();
  if (!p->arena) return free(p), NULL;
  return p;
}

void program_delete(Program *p) {
  if (!p) return;
  if (p->code_arena) arena_delete(p->code_arena);
  arena_delete(p->arena);
  free(p->items);
  name_set_destroy(&p->refused);
  name_set_destroy(&p->assigned);
  free(p);
}

static const Source *add_source_at(Program *p, const char *name, unsigned line, const char *text, size_t length) {
  Source *source = arena_alloc(p->arena, sizeof *source);
  bool chunks = false;
  const char *prepared = source_text_prepare(p->arena, text, &length, &chunks);
  *source = (Source){arena_strndup(p->arena, name, strlen(name)), prepared, length, line, chunks, arena_alloc(p->arena, sizeof(SourceMark))};
  p->reading = source;
  p->reading_class = (Text){NULL, 0};
  return add(&p->events, ITEM_FILE, (SourcePosition){1, 1, 0}) ? source : NULL;
}

const Source *program_add_source(Program *p, const char *name, const char *text, size_t length) { return add_source_at(p, name, 1, text, length); }

static bool add_text_at(Program *p, const char *name, unsigned line, const char *text, size_t length) {
  const Source *source = add_source_at(p, name, line, text, length);
  if (source) source_read(source, &p->events);
  return source != NULL;
}

bool program_add_text(Program *p, const char *name, const char *text, size_t length) {
  return add_text_at(p, name, 1, text, length);
}

/* ---- kept statements: one line "length of name:line:length\n", the name and the text for each -------------------------------- */

static void save_text(FILE *out, const Item *item, const char *before, Text text, const char *behind) {
  const char *name = item->source->name;
  fprintf(out, "%zu:%u:%zu\n%s%s", strlen(name), item->at.line, strlen(before) + text.length + strlen(behind), name, before);
  fwrite(text.start, 1, text.length, out); /* there may be a NUL in it */
  fputs(behind, out);
}

static void save_item(FILE *out, const Item *item) {
  switch (item->kind) {
  case ITEM_STATEMENT: save_text(out, item, "", item->value, "."); break;
  case ITEM_EVAL: save_text(out, item, "Eval [ ", item->value, " ]"); break;
  case ITEM_TEMPORARIES:
    for (unsigned i = 0; i < item->count; i++) save_text(out, item, "| ", item->names[i], " |");
    break;
  default: break;
  }
}

char *program_save(const Program *p, size_t *size) {
  char *bytes = NULL;
  FILE *out = open_memstream(&bytes, size);
  if (!out) return NULL;
  for (size_t i = 0; i < p->count; i++) save_item(out, &p->items[i]);
  bool written = !ferror(out);
  if (fclose(out) != 0 || !written) return free(bytes), NULL;
  return bytes;
}

bool program_add_initializers(Program *p, size_t first) {
  for (size_t i = first, count = p->count; i < count; i++) {
    Item item = p->items[i];
    if (item.kind != ITEM_METHOD || !item.initializes) continue;
    size_t length = item.class_name.length + strlen(" initialize");
    char *text = arena_alloc(p->arena, length + 1);
    memcpy(text, item.class_name.start, item.class_name.length);
    strcpy(text + item.class_name.length, " initialize");
    const Source *source = add_source_at(p, item.source->name, item.at.line, text, length);
    Item *added = source ? add(&p->events, ITEM_DEFINITION, (SourcePosition){item.at.line, 1, 0}) : NULL;
    if (!added) return false;
    added->source = source;
    added->class_name = item.class_name;
    added->initializes = true;
    added->value = (Text){source->text, source->length};
  }
  return true;
}

/* The decimal number at *AT, which is moved behind it and the byte END. */
static bool take_number(const char **at, const char *limit, char end, size_t *out) {
  const char *start = *at;
  for (*out = 0; *at < limit && **at >= '0' && **at <= '9' && *out < SIZE_MAX / 100; ++*at) *out = *out * 10 + (size_t)(**at - '0');
  return *at > start && *at < limit && *(*at)++ == end;
}

bool program_add_saved(Program *p, const char *bytes, size_t size) {
  const char *end = bytes + size;
  size_t name_length, line, length;
  while (bytes < end) {
    if (!take_number(&bytes, end, ':', &name_length) || !take_number(&bytes, end, ':', &line) || !take_number(&bytes, end, '\n', &length) ||
        name_length > (size_t)(end - bytes) || length > (size_t)(end - bytes) - name_length)
      return fprintf(p->errors, "atoll: the program in the image is damaged: build it again\n"), false;
    const char *name = arena_strndup(p->arena, bytes, name_length);
    if (!add_text_at(p, name, (unsigned)line, bytes + name_length, length)) return false;
    bytes += name_length + length;
  }
  return true;
}

bool program_add_file(Program *p, const char *path) {
  return program_add_file_as(p, path, strcmp(path, "-") ? path : "standard input");
}

char *program_read_file(Program *p, const char *path, size_t *length) {
  char *text = strcmp(path, "-") == 0 ? whole_file_read(stdin, length) : whole_file_read_path(path, length);
  if (!text) fprintf(p->errors, "atoll: cannot read '%s': %s\n", path, strerror(errno));
  return text;
}

bool program_add_file_as(Program *p, const char *path, const char *name) {
  size_t length;
  char *text = program_read_file(p, path, &length);
  if (!text) return false;
  bool added = program_add_text(p, name, text, length);
  free(text);
  return added;
}

void program_complain(Program *p, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(p->errors, format, args);
  va_end(args);
  p->error_count++;
}

void program_keep_statements(Program *p) { p->only_definitions = true; }
unsigned program_errors(const Program *p) { return p->error_count; }

void program_set_before_statement(Program *p, void (*before_statement)(Machine *m)) { p->before_statement = before_statement; }

static bool is_assigned(void *context, Text name) { return program_assigns(context, name); }

/* ---- stepping ----------------------------------------------------------------------------------------------------- */

/* Says behind the message which method it is about. */
static void name_method(const Item *item, CompileError *error) {
  size_t used = strlen(error->message);
  Text text = item->name.length ? item->name : item->value;
  Text selector = pattern_selector(item->source, text);
  snprintf(error->message + used, sizeof error->message - used, " (in %.*s%s>>%.*s)", (int)item->class_name.length, item->class_name.start,
           item->class_side ? " class" : "", (int)selector.length, selector.start);
}

static bool fail_at(Program *p, const Item *item, CompileError *error) {
  if (item->quiet) return true;
  if (!error->at.line) error->at = item->at;
  if (item->kind == ITEM_METHOD) name_method(item, error);
  report(p, item->source, error);
  return true;
}

static bool fail_with(Program *p, const Item *item, const char *message) {
  CompileError error = {.at = item->at};
  snprintf(error.message, sizeof error.message, "%s", message);
  return fail_at(p, item, &error);
}

static Oop class_of_item(Program *p, const Item *item) {
  Oop klass = definer_class(&p->definer, item->class_name);
  if (!klass && name_set_has(&p->refused, item->class_name)) return 0;
  if (!klass) {
    CompileError error = {.at = item->at};
    snprintf(error.message, sizeof error.message, "there is no class '%.*s'", (int)item->class_name.length, item->class_name.start);
    fail_at(p, item, &error);
    return 0;
  }
  return item->class_side ? machine_class_of(p->definer.m, klass) : klass;
}

/* Code in the body of a class, which is its receiver. */
static bool is_of_class(const Item *item) { return item->kind == ITEM_CLASS_VARIABLE || item->kind == ITEM_PRAGMA; }

static Oop metaclass_of_item(Program *p, const Item *item) {
  Oop klass = class_of_item(p, item);
  return klass && !item->class_side ? machine_class_of(p->definer.m, klass) : klass;
}

static void count_constant(void *context, const Literal *literal) {
  (void)literal;
  ++*(size_t *)context;
}

typedef struct Nth {
  size_t wanted, at;
  const Literal *found;
} Nth;

static void pick_constant(void *context, const Literal *literal) {
  Nth *nth = context;
  if (nth->at++ == nth->wanted) nth->found = literal;
}

/* Starts working out the next constant of the template; false when all are there (or one cannot be started). */
static bool start_constant(Program *p, const Item *item) {
  Machine *m = p->definer.m;
  size_t total = 0;
  literal_walk(p->code, count_constant, &total);
  if (p->constants_done == total) return false;
  Nth nth = {p->constants_done, 0, NULL};
  literal_walk(p->code, pick_constant, &nth);
  if (nth.found->kind == LITERAL_CONSTANT) {
    Oop klass = item->kind == ITEM_METHOD ? class_of_item(p, item) : is_of_class(item) ? metaclass_of_item(p, item) : 0;
    Oop method = definer_build(&p->definer, item->source, klass, nth.found->code, 0);
    return method && machine_start_code_may_gc(m, OOP_NIL, method);
  }
  /* 3.14s2: ScaledDecimal class >> literal: digits scale: aSmallInteger negative: aBoolean */
  Oop arguments[3];
  unsigned text = machine_push_handle(m, machine_new_string_may_gc(m, nth.found->text.start, nth.found->text.length));
  Oop selector = machine_symbol_may_gc(m, "literal:scale:negative:", 23);
  arguments[0] = machine_handle(m, text);
  arguments[1] = oop_from_small(nth.found->integer);
  arguments[2] = oop_from_bool(nth.found->negative);
  machine_pop_handles(m, text);
  return arguments[0] && selector && machine_start_may_gc(m, machine_global_value(m, "ScaledDecimal"), selector, 3, arguments);
}

static void end_code(Program *p) {
  machine_pop_handles(p->definer.m, p->constants);
  arena_delete(p->code_arena);
  p->code_arena = NULL;
  p->code = NULL;
}

static bool start_statement(Program *p, Oop method) {
  Machine *m = p->definer.m;
  if (!p->evaluator) return machine_start_code_may_gc(m, OOP_NIL, method);
  unsigned handle = machine_push_handle(m, method);
  Oop selector = machine_symbol_may_gc(m, p->evaluator_selector, strlen(p->evaluator_selector));
  method = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  return selector && machine_start_may_gc(m, machine_global_value(m, p->evaluator), selector, 1, &method);
}

/* KLASS is a trait, or the class of one, that has a new method: has those that use it get it.  True when there is a frame to run. */
static bool update_trait_users(Program *p, Oop klass) {
  Machine *m = p->definer.m;
  Oop trait = machine_global_value(m, "Trait"), selector;
  bool class_side = oop_has_class(klass, CLASS_METACLASS);
  if (class_side) klass = oop_resolve(m, machine_object(m, klass)->slots[METACLASS_INSTANCE_CLASS]);
  if (trait == OOP_NIL || oop_same(m, klass, trait) || !machine_inherits_from(m, klass, trait)) return false;
  if (machine_object(m, klass)->slots[CLASS_SLOT_TRAIT_USE] == OOP_NIL) return false;
  unsigned handle = machine_push_handle(m, klass);
  selector = machine_symbol_may_gc(m, "updateTraitUsers", 16);
  klass = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  return selector && machine_start_may_gc(m, klass, selector, 0, NULL);
}

/* The template is complete: installs the method, or pushes the statement.  True when there is a frame to run. */
static bool finish_code(Program *p, const Item *item) {
  Machine *m = p->definer.m;
  bool is_method = item->kind == ITEM_METHOD, started = false;
  Oop klass = 0;
  if (is_method || is_of_class(item)) klass = is_method ? class_of_item(p, item) : metaclass_of_item(p, item);
  if (!klass && (is_method || is_of_class(item))) return end_code(p), false; /* its constants have removed the class */
  if (is_method && !p->code->category.length) p->code->category = item->category;
  bool of_class = is_of_class(item);
  unsigned class = machine_push_handle(m, klass);
  Oop method = definer_build(&p->definer, item->source, klass, p->code, p->constants);
  klass = machine_handle(m, class);
  if (!method && m->failure == FAILURE_NOT_FOUND) fail_with(p, item, "the primitive it names does not exist, or reads more arguments");
  else if (!method && m->failure == FAILURE_WRONG_STATE) fail_with(p, item, "expected a namespace in front of each '.' of a name, found something else there");
  else if (!method) fail_with(p, item, "it cannot be built: no memory, or a literal or method that is too large");
  else if (is_method && !definer_install(&p->definer, klass, p->code, method)) fail_with(p, item, "no memory for the method");
  else if (of_class) started = machine_start_code_may_gc(m, machine_object(m, klass)->slots[METACLASS_INSTANCE_CLASS], method);
  else if (item->kind == ITEM_CONDITION || item->kind == ITEM_NAMESPACE_PRAGMA) started = machine_start_code_may_gc(m, OOP_NIL, method);
  else if (!is_method) started = p->running_statement = start_statement(p, method);
  else started = update_trait_users(p, machine_handle(m, class));
  machine_pop_handles(m, class);
  end_code(p);
  p->running_variable = started && item->kind == ITEM_CLASS_VARIABLE;
  p->running_condition = started && item->kind == ITEM_CONDITION;
  return started;
}

/* True when there is a frame to run. */
static bool go_on_with_code(Program *p, const Item *item) {
  if (start_constant(p, item)) return p->running_constant = true;
  return finish_code(p, item);
}

static bool begin_code(Program *p, const Item *item) {
  CompileError error = {.message = ""};
  Oop klass = 0;
  if (item->kind == ITEM_METHOD || is_of_class(item)) {
    klass = is_of_class(item) ? metaclass_of_item(p, item) : class_of_item(p, item);
    if (!klass) return false;
  }
  p->code_arena = arena_new();
  if (item->kind == ITEM_METHOD)
    p->code = definer_compile_method(&p->definer, p->code_arena, item->source, klass, item->name, item->value, &error);
  else
    p->code = definer_compile_statements(&p->definer, p->code_arena, item->source, klass, item->value, &error);
  p->constants = p->definer.m->handle_count;
  p->constants_done = 0;
  if (p->code && !p->code->category.length) p->code->category = item->category;
  if (p->code) return go_on_with_code(p, item);
  fail_at(p, item, &error);
  end_code(p);
  return false;
}

/* <keyword: value>: the message is sent to the class, or namespace. */
static bool begin_pragma(Program *p, Item *item, const char *receiver) {
  Source *source = arena_alloc(p->arena, sizeof *source);
  bool lists = item->name.length == 15 && memcmp(item->name.start, "reorganizeFrom:", 15) == 0; /* what a chunk holds, without the frame of a literal */
  const char *colon = item->name.length && item->name.start[item->name.length - 1] != ':' && item->value.length ? ":" : "";
  const char *side = lists && item->class_side ? " class" : "";
  size_t size = strlen(receiver) + item->name.length + item->value.length + 13;
  char *text = arena_alloc(p->arena, size);
  snprintf(text, size, "%s%s %.*s%s %s%.*s%s", receiver, side, (int)item->name.length, item->name.start, colon, lists ? "#(" : "", (int)item->value.length,
           item->value.start, lists ? ")" : "");
  *source = (Source){item->source->name, text, strlen(text), item->at.line, false};
  item->source = source;
  item->value = (Text){text, source->length};
  return begin_code(p, item);
}

/* Are all traits defined that `T1 + (T2 - {#a})` names? */
static bool traits_are_there(Program *p, const Item *item) {
  const char *at = item->value.start, *end = at + item->value.length;
  for (; at < end; at++) {
    const char *start = at;
    bool symbol = at > item->value.start && at[-1] == '#';
    while (at < end && (is_name_char(*at) || (*at == '.' && at + 1 < end && is_name_char(at[1])))) at++;
    Text name = {start, (size_t)(at - start)};
    if (symbol || !name.length || *start < 'A' || *start > 'Z' || definer_class(&p->definer, name)) continue;
    CompileError error = {.at = item->at};
    snprintf(error.message, sizeof error.message, "there is no trait '%.*s' for '%.*s' to use", (int)name.length, name.start, (int)item->class_name.length, item->class_name.start);
    return fail_at(p, item, &error), false;
  }
  return true;
}

static bool is_uses(Text keyword) { return keyword.length >= 4 && memcmp(keyword.start, "uses", 4) == 0; }

static bool is_blank(Text text) {
  for (size_t i = 0; i < text.length; i++)
    if ((unsigned char)text.start[i] > ' ') return false;
  return true;
}

static void store_class_variable(Program *p, const Item *item, Oop value) {
  Machine *m = p->definer.m;
  unsigned handle = machine_push_handle(m, value);
  Oop klass = definer_class(&p->definer, item->class_name);
  Oop binding = klass ? definer_class_variable(&p->definer, klass, item->name) : 0;
  Oop writable = binding ? machine_writable_may_gc(m, oop_resolve(m, binding)) : 0;
  if (writable) {
    machine_store(m, oop_to_object(writable), BINDING_VALUE, machine_handle(m, handle));
    machine_store(m, oop_to_object(writable), BINDING_INITIAL, machine_handle(m, handle));
  }
  machine_pop_handles(m, handle);
}

/* Carries out one item.  True when there is a frame to run. */
static bool carry_out(Program *p, const Item *item) {
  Definer *d = &p->definer;
  CompileError error = {.message = ""};
  bool done = true;
  switch (item->kind) {
  case ITEM_FILE: definer_set_file(d, item->source->name); return false;
  case ITEM_CLASS: done = definer_class_begin(d, item->value, item->class_name, &error); break;
  case ITEM_EXTEND: class_of_item(p, item); return false;
  case ITEM_VARIABLES: {
    Oop klass = class_of_item(p, item);
    if (klass) done = definer_add_variables(d, klass, item->names, item->count, item->first, &error);
    break;
  }
  case ITEM_CLASS_VARIABLE: {
    Oop klass = definer_class(d, item->class_name);
    if (klass && !definer_class_variable(d, klass, item->name)) fail_with(p, item, "no memory");
    return !is_blank(item->value) && begin_code(p, item);
  }
  case ITEM_PRAGMA: {
    if (is_uses(item->name) && !traits_are_there(p, item)) return false;
    if (!definer_knows_pragma(item->name, item->value)) return begin_pragma(p, &p->items[p->next - 1], "self");
    Oop klass = definer_class(d, item->class_name);
    if (klass) done = definer_pragma(d, klass, item->name, item->value, &error);
    break;
  }
  case ITEM_TEMPORARIES:
    for (unsigned i = 0; i < item->count; i++) definer_declare_temporary(d, item->names[i]);
    return false;
  case ITEM_STATEMENT:
  case ITEM_EVAL:
    if (p->only_definitions || is_blank(item->value)) return false;
    if (p->before_statement && !statement_runs_no_code(item->source, item->value) && !statement_initializes_class(item->source, item->value)) {
      p->before_statement(d->m);
      d->m->hands_on_data = 0;
    }
    return begin_code(p, item);
  case ITEM_DEFINITION: return (!item->initializes || definer_class(d, item->class_name)) && begin_code(p, item);
  case ITEM_METHOD: return !p->skipping && begin_code(p, item);
  case ITEM_CONDITION: return p->skipping = true, begin_code(p, item);
  case ITEM_CONDITION_END: p->skipping = false; return false;
  case ITEM_NAMESPACE:
    if (p->space_depth < COMPILER_MAX_DEPTH) p->spaces[p->space_depth++] = item->value;
    done = definer_namespace(d, item->value, &error);
    break;
  case ITEM_NAMESPACE_END:
    if (p->space_depth) p->space_depth--;
    done = definer_namespace(d, p->space_depth ? p->spaces[p->space_depth - 1] : (Text){NULL, 0}, &error);
    break;
  case ITEM_NAMESPACE_PRAGMA: return begin_pragma(p, &p->items[p->next - 1], "Namespace current");
  }
  if (!done) {
    if (!error.message[0]) snprintf(error.message, sizeof error.message, "no memory");
    fail_at(p, item, &error);
    if (item->kind == ITEM_CLASS && !item->quiet) name_set_add(&p->refused, item->class_name); /* nothing more is said about its methods */
  }
  return false;
}

/* What `Foo initialize` gave to class variables is part of the definition of Foo. */
static bool keep_variables(Program *p, const Item *item) {
  size_t length = 0;
  while (length < item->value.length && (unsigned char)item->value.start[length] > ' ') length++;
  Oop klass = definer_class(&p->definer, (Text){item->value.start, length});
  return !klass || definer_keep_class_variables(&p->definer, klass);
}

/* Code that was pushed by the last step has returned: takes its answer.  True when there is another frame to run. */
static bool take_answer(Program *p, Machine *m) {
  const Item *item = &p->items[p->next - 1];
  Oop answer = m->roots[ROOT_RESULT];
  m->roots[ROOT_RESULT] = OOP_NIL;
  if (p->running_variable) {
    p->running_variable = false;
    store_class_variable(p, item, answer);
  }
  if (p->running_condition) {
    p->running_condition = false;
    p->skipping = answer != OOP_TRUE;
  }
  if (!p->running_constant) {
    if (p->next && item->kind == ITEM_DEFINITION && !keep_variables(p, item)) fail_with(p, item, "no memory");
    return false;
  }
  p->running_constant = false;
  machine_push_handle(m, answer);
  p->constants_done++;
  return go_on_with_code(p, item);
}

/* The names of classes that the items not looked at yet define at top level are the program's. */
static bool free_names(Program *p) {
  unsigned depth = 0;
  bool done = true;
  for (; done && p->freed < p->count; p->freed++) {
    const Item *item = &p->items[p->freed];
    Text superclass, name = item->class_name;
    if (item->kind == ITEM_NAMESPACE) depth++;
    if (item->kind == ITEM_NAMESPACE_END && depth) depth--;
    if (depth || (item->kind != ITEM_CLASS && item->kind != ITEM_DEFINITION)) continue;
    if (item->kind == ITEM_DEFINITION && !statement_defines_class(item->source, item->value, &superclass, &name)) continue;
    done = definer_free_name(&p->definer, name);
  }
  return done;
}

ProgramStatus program_step(Program *p, Machine *m) {
  if (!p->begun) {
    p->begun = true;
    if (!definer_begin(&p->definer, m)) return PROGRAM_NO_MEMORY;
    p->definer.is_assigned = is_assigned;
    m->hands_on_data = 1; /* until the program does more than define itself */
    p->definer.context = p;
  } else if (p->running_statement && p->evaluator) {
    p->running_statement = false;
    return PROGRAM_ANSWER;
  } else if (take_answer(p, m)) {
    return PROGRAM_RUN;
  }
  if (!free_names(p)) return PROGRAM_NO_MEMORY;
  definer_take_current_space(&p->definer);
  while (p->next < p->count) {
    const Item *item = &p->items[p->next++];
    if (!item->done && carry_out(p, item)) return PROGRAM_RUN;
  }
  return PROGRAM_END;
}

/* ---- typed in piece by piece -------------------------------------------------------------------------------------------- */

void program_evaluate_by(Program *p, const char *global, const char *selector) {
  p->evaluator = global;
  p->evaluator_selector = selector;
}

bool program_is_done(const Program *p) { return p->next == p->count; }

void program_skip(Program *p) {
  if (p->code_arena) end_code(p);
  p->running_constant = p->running_variable = p->running_statement = false;
  p->next = p->count;
}

bool program_set_variable_may_gc(Program *p, const char *name, Oop value) {
  Machine *m = p->definer.m;
  Text text = {name, strlen(name)};
  unsigned handle = machine_push_handle(m, value);
  bool set = definer_declare_temporary(&p->definer, text);
  Oop binding = set ? binding_dictionary_find(m, machine_handle(m, p->definer.temporaries), text.start, text.length) : 0;
  Oop writable = binding ? machine_writable_may_gc(m, oop_resolve(m, binding)) : 0;
  if (writable) machine_store(m, oop_to_object(writable), BINDING_VALUE, machine_handle(m, handle));
  machine_pop_handles(m, handle);
  return writable != 0;
}
