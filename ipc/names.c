/* SPDX-License-Identifier: MIT */
/* names.c -- paths of classes and globals. */
#include "names.h"

#include <stdio.h>

/* Prepends TEXT to what stands at *AT, growing towards START. */
static bool prepend(char *start, char **at, const char *text, size_t size) {
  if ((size_t)(*at - start) < size) return false;
  *at -= size;
  memcpy(*at, text, size);
  return true;
}

/* NAME, preceded by the names of the namespaces around it; the system dictionary itself is left out. */
static bool path_of(const Machine *m, Oop name, Oop environment, char *path, size_t size) {
  char *at = path + size - 1;
  const char *bytes;
  size_t length;
  *at = 0;
  if (!oop_try_bytes(m, name, &bytes, &length) || !prepend(path, &at, bytes, length)) return false;
  for (unsigned steps = 0; steps < 16; steps++) {
    Oop space = oop_is_pointer(environment) ? oop_resolve(m, environment) : OOP_NIL;
    if (!oop_is_pointer(space) || object_class_index(oop_to_object(space)) != CLASS_BINDING_DICTIONARY) break;
    Object *dictionary = oop_to_object(space);
    if (!oop_try_bytes(m, dictionary->slots[DICTIONARY_NAME], &bytes, &length)) break;
    if (!prepend(path, &at, ".", 1) || !prepend(path, &at, bytes, length)) return false;
    environment = dictionary->slots[DICTIONARY_ENVIRONMENT];
  }
  memmove(path, at, (size_t)(path + size - at));
  return true;
}

bool class_path(const Machine *m, Oop klass, char *name, size_t size) {
  Object *object = machine_object(m, klass);
  if (object_slots(object) < CLASS_SLOTS) return false;
  return path_of(m, object->slots[CLASS_SLOT_NAME], object->slots[CLASS_SLOT_ENVIRONMENT], name, size);
}

bool class_is_named(const Machine *m, Oop klass, const char *name) {
  const char *bytes;
  size_t length;
  Object *object = machine_object(m, klass);
  if (object_slots(object) < CLASS_SLOTS || !oop_try_bytes(m, object->slots[CLASS_SLOT_NAME], &bytes, &length)) return false;
  return length == strlen(name) && memcmp(bytes, name, length) == 0;
}

bool binding_path(const Machine *m, Oop binding, char *name, size_t size) {
  Object *object = machine_object(m, binding);
  return path_of(m, object->slots[BINDING_KEY], object->slots[BINDING_ENVIRONMENT], name, size);
}

Oop binding_at_path(Machine *m, const char *path, size_t length) {
  return machine_global_binding(m, path, length);
}

/* Is X a class?  Its own class is then a metaclass. */
static bool is_class(const Machine *m, Oop x) {
  if (!oop_is_pointer(x)) return false;
  Oop klass = machine_class_of(m, x);
  return klass && oop_class_index(klass) == CLASS_METACLASS;
}

Oop class_at_path(Machine *m, const char *path, size_t length) {
  Oop binding = binding_at_path(m, path, length);
  if (!binding) return 0;
  Oop value = oop_resolve(m, machine_object(m, binding)->slots[BINDING_VALUE]);
  return is_class(m, value) ? value : 0;
}

void class_name_of(const Machine *m, Oop x, char *text, size_t size) {
  char name[NAME_MAX_BYTES];
  Oop klass = machine_class_of(m, x);
  if (is_class(m, x) && class_path(m, x, name, sizeof name)) snprintf(text, size, "class %s", name);
  else if (klass && oop_class_index(klass) != CLASS_METACLASS && class_path(m, klass, name, sizeof name))
    snprintf(text, size, "%s %s", strchr("AEIOU", name[0]) && name[0] ? "an" : "a", name);
  else snprintf(text, size, "an object");
}

static int64_t spec_of(const Machine *m, Oop klass) { return oop_to_small(machine_object(m, klass)->slots[BEHAVIOR_SPEC]); }

unsigned named_slots(const Machine *m, Oop x) {
  Oop klass = machine_class_of(m, x);
  return klass ? spec_fixed(spec_of(m, klass)) : 0;
}

bool instance_variable_name(const Machine *m, Oop x, unsigned slot, char *name, size_t size) {
  const char *bytes;
  size_t length;
  for (Oop c = machine_class_of(m, x); oop_is_pointer(c) && c; c = oop_resolve(m, oop_to_object(c)->slots[BEHAVIOR_SUPERCLASS])) {
    Oop variables = oop_resolve(m, oop_to_object(c)->slots[BEHAVIOR_INSTANCE_VARIABLES]);
    if (!oop_has_class(variables, CLASS_ARRAY)) continue;
    unsigned own = (unsigned)object_slots(oop_to_object(variables)), fixed = spec_fixed(spec_of(m, c));
    if (slot >= fixed || own > fixed) return false;
    if (slot < fixed - own) continue;
    if (!oop_try_bytes(m, oop_to_object(variables)->slots[slot - (fixed - own)], &bytes, &length)) return false;
    snprintf(name, size, "%.*s", (int)length, bytes);
    return true;
  }
  return false;
}

bool block_ignores_receiver(const Machine *m, Oop block) {
  Oop code = oop_resolve(m, oop_to_object(block)->slots[CLOSURE_CODE]);
  return code_flags(oop_to_object(code)) & CODE_CLEAN_BLOCK;
}

/* The method that CODE is written in is one of the program's statements. */
static bool is_statement(const Machine *m, const Object *code) {
  static const char selector[] = "executeStatements";
  const char *bytes;
  size_t length;
  while (code_flags(code) & CODE_IS_BLOCK) {
    Oop outer = oop_resolve(m, code->slots[CODE_OUTER]);
    if (!oop_is_pointer(outer)) return true; /* arrived by value: so it was one */
    code = oop_to_object(outer);
  }
  return oop_try_bytes(m, code->slots[CODE_SELECTOR], &bytes, &length) && length == sizeof selector - 1 && memcmp(bytes, selector, length) == 0;
}

static bool has_variable_name(const Machine *m, Oop binding) {
  const char *bytes;
  size_t length;
  if (!oop_has_class(binding, CLASS_VARIABLE_BINDING)) return false;
  if (!oop_try_bytes(m, machine_object(m, binding)->slots[BINDING_KEY], &bytes, &length) || length == 0) return false;
  return bytes[0] == '_' || (bytes[0] >= 'a' && bytes[0] <= 'z');
}

bool is_statement_variable(const Machine *m, const Object *code, Oop binding) {
  return has_variable_name(m, binding) && is_statement(m, code);
}

bool code_uses_statement_variables(const Machine *m, const Object *code) {
  enum { NESTED = 64 };
  const Object *waiting[NESTED] = {code};
  unsigned count = 1;
  if (!is_statement(m, code)) return false;
  while (count) {
    const Object *each = waiting[--count];
    for (unsigned i = 0; i < code_literals(each); i++) {
      Oop literal = each->slots[CODE_LITERALS + i];
      if (!oop_is_pointer(literal)) continue;
      if (has_variable_name(m, literal)) return true;
      if (!oop_has_class(literal, CLASS_COMPILED_BLOCK)) continue;
      if (count == NESTED) return true; /* to be on the safe side */
      waiting[count++] = oop_to_object(literal);
    }
  }
  return false;
}
