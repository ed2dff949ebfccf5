/* SPDX-License-Identifier: MIT */
/* builder.c -- CompiledMethods from the compiler's templates.
 *
 * Literals are made one by one, each kept in a handle; then the code object is allocated and filled.  The recursion (literal arrays,
 * blocks in blocks) is as deep as the compiler lets programs nest: COMPILER_MAX_DEPTH. */
#include "builder.h"

#include <stdlib.h>

#include "large_integer.h"
#include "memory_internal.h"
#include "primitive.h"
#include "source_image.h"

typedef struct Builder {
  Machine *m;
  const MethodContext *context;
  unsigned next_constant, klass, file;
} Builder;

static Oop build_code_may_gc(Builder *b, const CodeTemplate *code, bool block, unsigned old);
static Oop build_literal_may_gc(Builder *b, const Literal *literal);

static Oop fail(Builder *b, FailureReason reason) { return b->m->failure = (uint16_t)reason, (Oop)0; }

static Oop build_large_may_gc(Builder *b, const Literal *literal) {
  size_t most = large_from_text_limbs(literal->text.length, literal->radix);
  if (most > LARGE_MAX_LIMBS) return fail(b, FAILURE_TOO_LARGE);
  mp_limb_t *limbs = malloc((most + 1) * sizeof *limbs + literal->text.length);
  size_t count;
  if (!limbs) return fail(b, FAILURE_NO_MEMORY);
  if (!large_from_text(limbs, &count, (unsigned char *)(limbs + most + 1), literal->text.start, literal->text.length, literal->radix))
    return free(limbs), fail(b, FAILURE_BAD_VALUE);
  int64_t small;
  Oop result;
  if (large_try_int64(limbs, count, literal->negative, &small)) {
    result = machine_new_integer_may_gc(b->m, small);
  } else {
    result = machine_new_may_gc(b->m, literal->negative ? CLASS_LARGE_NEGATIVE : CLASS_LARGE_POSITIVE, FORMAT_WORDS, count);
    if (result) memcpy(oop_to_object(result)->slots, limbs, count * 8);
  }
  free(limbs);
  return result;
}

static Oop build_bytes_may_gc(Builder *b, uint32_t class_index, Text text) {
  Oop bytes = machine_new_bytes_may_gc(b->m, class_index, text.length);
  if (bytes && text.length) memcpy(object_bytes(oop_to_object(bytes)), text.start, text.length);
  return bytes;
}

static Oop build_array_may_gc(Builder *b, const Literal *literal) {
  Machine *m = b->m;
  Oop array = machine_new_array_may_gc(m, literal->count);
  if (!array) return 0;
  unsigned handle = machine_push_handle(m, array);
  for (unsigned i = 0; i < literal->count; i++) {
    Oop element = build_literal_may_gc(b, &literal->elements[i]);
    if (!element) return machine_pop_handles(m, handle), 0;
    machine_store(m, oop_to_object(machine_handle(m, handle)), i, element);
  }
  array = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  return array;
}

static Oop build_literal_may_gc(Builder *b, const Literal *literal) {
  Machine *m = b->m;
  switch (literal->kind) {
  case LITERAL_NIL: return OOP_NIL;
  case LITERAL_TRUE: return OOP_TRUE;
  case LITERAL_FALSE: return OOP_FALSE;
  case LITERAL_INTEGER: return machine_new_integer_may_gc(m, literal->integer);
  case LITERAL_LARGE_INTEGER: return build_large_may_gc(b, literal);
  case LITERAL_FLOAT: return machine_new_float_may_gc(m, literal->number);
  case LITERAL_CHARACTER: return oop_from_character((uint32_t)literal->integer);
  case LITERAL_STRING: return build_bytes_may_gc(b, CLASS_STRING, literal->text);
  case LITERAL_BYTE_ARRAY: return build_bytes_may_gc(b, CLASS_BYTE_ARRAY, literal->text);
  case LITERAL_SYMBOL:
  case LITERAL_SELECTOR: return machine_symbol_may_gc(m, literal->text.start, literal->text.length);
  case LITERAL_ARRAY: return build_array_may_gc(b, literal);
  case LITERAL_BINDING:
  case LITERAL_BINDING_REFERENCE:
    return b->context->find_binding_may_gc(b->context->context, m, literal->text.start, literal->text.length);
  case LITERAL_BLOCK: return build_code_may_gc(b, literal->code, true, NO_OLD_METHOD);
  case LITERAL_CONSTANT:
  case LITERAL_SCALED:
    if (!b->context->constants) return fail(b, FAILURE_UNSUPPORTED);
    return machine_handle(m, b->next_constant++);
  }
  return fail(b, FAILURE_UNSUPPORTED);
}

/* ---- debug information ------------------------------------------------------------------------------------------ */

static size_t put_leb(uint8_t *out, uint32_t value) {
  size_t n = 0;
  do {
    out[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>= 7;
  } while (value);
  return n;
}

static Oop build_lines_may_gc(Builder *b, const CodeTemplate *code) {
  uint8_t *bytes = malloc(code->line_count * 10 + 1);
  size_t n = 0;
  uint32_t pc = 0, line = code->at.line;
  if (!bytes) return fail(b, FAILURE_NO_MEMORY);
  for (unsigned i = 0; i < code->line_count; i++) {
    int32_t delta = (int32_t)(code->lines[i].line - line);
    n += put_leb(bytes + n, code->lines[i].pc - pc);
    n += put_leb(bytes + n, (uint32_t)delta << 1 ^ (uint32_t)(delta >> 31));
    pc = code->lines[i].pc;
    line = code->lines[i].line;
  }
  Oop lines = build_bytes_may_gc(b, CLASS_BYTE_ARRAY, (Text){(char *)bytes, n});
  free(bytes);
  return lines;
}

/* An Array of names by register - 1, nil for those without. */
static Oop build_names_may_gc(Builder *b, const CodeTemplate *code) {
  Machine *m = b->m;
  unsigned size = 0;
  for (unsigned i = 0; i < code->name_count; i++)
    if (code->name_registers[i] > size) size = code->name_registers[i];
  if (!size) return OOP_NIL;
  Oop array = machine_new_array_may_gc(m, size);
  if (!array) return 0;
  unsigned handle = machine_push_handle(m, array);
  for (unsigned i = 0; i < code->name_count; i++) {
    if (!code->name_registers[i]) continue;
    Oop name = machine_symbol_may_gc(m, code->names[i].start, code->names[i].length);
    if (!name) return machine_pop_handles(m, handle), 0;
    machine_store(m, oop_to_object(machine_handle(m, handle)), code->name_registers[i] - 1u, name);
  }
  array = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  return array;
}

static Oop build_pragma_may_gc(Builder *b, const PragmaTemplate *pragma) {
  Machine *m = b->m;
  Literal arguments = {.kind = LITERAL_ARRAY, .count = pragma->count, .elements = pragma->arguments};
  unsigned selector = machine_push_handle(m, machine_symbol_may_gc(m, pragma->selector.start, pragma->selector.length));
  unsigned array = machine_push_handle(m, build_array_may_gc(b, &arguments));
  Oop message = machine_handle(m, selector) && machine_handle(m, array)
                    ? machine_new_may_gc(m, CLASS_MESSAGE, FORMAT_FIXED, 2) : 0;
  if (message) {
    machine_store(m, oop_to_object(message), MESSAGE_SELECTOR, machine_handle(m, selector));
    machine_store(m, oop_to_object(message), MESSAGE_ARGUMENTS, machine_handle(m, array));
  }
  machine_pop_handles(m, selector);
  return message;
}

static Oop build_pragmas_may_gc(Builder *b, const CodeTemplate *code) {
  Machine *m = b->m;
  if (!code->pragma_count) return OOP_NIL;
  Oop array = machine_new_array_may_gc(m, code->pragma_count);
  if (!array) return 0;
  unsigned handle = machine_push_handle(m, array);
  for (unsigned i = 0; i < code->pragma_count; i++) {
    Oop message = build_pragma_may_gc(b, &code->pragmas[i]);
    if (!message) return machine_pop_handles(m, handle), 0;
    machine_store(m, oop_to_object(machine_handle(m, handle)), i, message);
  }
  array = machine_handle(m, handle);
  machine_pop_handles(m, handle);
  return array;
}

static Oop build_debug_may_gc(Builder *b, const CodeTemplate *code, bool block) {
  Machine *m = b->m;
  unsigned parts[5] = {0};
  Text category = code->category;
  parts[0] = machine_push_handle(m, block ? OOP_NIL : build_bytes_may_gc(b, CLASS_STRING, code->source));
  parts[1] = machine_push_handle(m, build_lines_may_gc(b, code));
  parts[2] = machine_push_handle(m, build_names_may_gc(b, code));
  parts[3] = machine_push_handle(m, category.length ? build_bytes_may_gc(b, CLASS_STRING, category) : OOP_NIL);
  parts[4] = machine_push_handle(m, build_pragmas_may_gc(b, code));
  bool complete = true;
  for (int i = 0; i < 5; i++) complete &= machine_handle(m, parts[i]) != 0;
  Oop debug = complete ? machine_new_may_gc(m, CLASS_DEBUG_INFO, FORMAT_FIXED, DEBUG_SLOTS) : 0;
  if (debug) {
    Object *object = oop_to_object(debug);
    machine_store(m, object, DEBUG_FILE, machine_handle(m, b->file));
    machine_store(m, object, DEBUG_SOURCE, machine_handle(m, parts[0]));
    machine_store(m, object, DEBUG_LINE, oop_from_small(code->at.line));
    machine_store(m, object, DEBUG_LINES, machine_handle(m, parts[1]));
    machine_store(m, object, DEBUG_NAMES, machine_handle(m, parts[2]));
    machine_store(m, object, DEBUG_CATEGORY, machine_handle(m, parts[3]));
    machine_store(m, object, DEBUG_PRAGMAS, machine_handle(m, parts[4]));
  }
  machine_pop_handles(m, parts[0]);
  return debug;
}

/* ---- code ---------------------------------------------------------------------------------------------------------- */

/* Does a method of S with primitive NUMBER run for instances of KLASS?  A primitive may count on the receivers that the kernel gave it. */
static bool is_used_above(const Machine *m, Oop klass, unsigned number) {
  const SourceSpan *spans[] = {&m->source->base, &m->source->layer};
  for (int s = 0; s < 2; s++)
    for (uint64_t word = 0; word < spans[s]->size / 8; word++) {
      uint64_t starts = spans[s]->object_starts[word >> 6] >> (word & 63);
      if (!starts) word |= 63;
      if (!(starts & 1)) continue;
      Object *code = oop_to_object(spans[s]->start + word * 8);
      if (object_class_index(code) != CLASS_COMPILED_METHOD || code_primitive(code) != number) continue;
      if (machine_inherits_from(m, klass, code->slots[CODE_CLASS])) return true;
    }
  return false;
}

/* That of another system, with fewer arguments, or of another kind of receivers: then the body runs.  In the kernel it is an error. */
static bool primitive_number(Builder *b, const CodeTemplate *code, unsigned *number) {
  *number = 0;
  if (!code->primitive.length) return true;
  int found = primitive_table_find(b->m->source->primitives, code->primitive.start, code->primitive.length, code->args);
  if (b->m->source->class_count == 0) return *number = (unsigned)(found + 1), found >= 0;
  if (found >= 0 && is_used_above(b->m, machine_handle(b->m, b->klass), (unsigned)found + 1)) *number = (unsigned)(found + 1);
  return true;
}

/* Literal I of the code in handle OLD in place of a new one; 0 when it has to be made. */
static Oop old_literal_may_gc(Builder *b, const Literal *literal, unsigned old, unsigned i) {
  Oop kept = machine_object(b->m, machine_handle(b->m, old))->slots[CODE_LITERALS + i];
  switch (literal->kind) {
  case LITERAL_STRING:
  case LITERAL_ARRAY:
  case LITERAL_BYTE_ARRAY:
  case LITERAL_CONSTANT:
  case LITERAL_SCALED: return oop_resolve(b->m, kept);
  case LITERAL_BLOCK:
    if (!oop_is_pointer(kept) || !oop_has_class(kept, CLASS_COMPILED_BLOCK)) return 0;
    unsigned handle = machine_push_handle(b->m, kept);
    Oop made = build_code_may_gc(b, literal->code, true, handle);
    machine_pop_handles(b->m, handle);
    return made;
  default: return 0;
  }
}

static Oop build_code_may_gc(Builder *b, const CodeTemplate *code, bool block, unsigned old) {
  Machine *m = b->m;
  unsigned first = m->handle_count, primitive;
  if (!primitive_number(b, code, &primitive)) return fail(b, FAILURE_NOT_FOUND);
  if (old != NO_OLD_METHOD && code_literals(machine_object(m, machine_handle(m, old))) != code->literal_count) old = NO_OLD_METHOD;
  for (unsigned i = 0; i < code->literal_count; i++) {
    Oop literal = old != NO_OLD_METHOD ? old_literal_may_gc(b, &code->literals[i], old, i) : 0;
    if (!literal) literal = build_literal_may_gc(b, &code->literals[i]);
    if (!literal) return machine_pop_handles(m, first), 0;
    machine_push_handle(m, literal);
  }
  unsigned selector = machine_push_handle(m, OOP_NIL);
  if (!block) machine_set_handle(m, selector, machine_symbol_may_gc(m, code->selector.start, code->selector.length));
  unsigned debug = machine_push_handle(m, build_debug_may_gc(b, code, block));
  if (!machine_handle(m, selector) || !machine_handle(m, debug)) return machine_pop_handles(m, first), 0;
  size_t slots = CODE_LITERALS + code->literal_count + (code->word_count + 1) / 2;
  Oop result = slots < OBJECT_SIZE_LARGE ? machine_new_may_gc(m, block ? CLASS_COMPILED_BLOCK : CLASS_COMPILED_METHOD, FORMAT_CODE, slots)
                                         : fail(b, FAILURE_TOO_LARGE);
  if (!result) return machine_pop_handles(m, first), 0;
  Object *object = oop_to_object(result);
  unsigned flags = code->flags | (block ? (unsigned)CODE_IS_BLOCK : 0u);
  object->slots[CODE_HEADER] = oop_from_small(code_header_make(code->args, code->registers, code->literal_count, primitive, flags));
  object->slots[CODE_SELECTOR] = machine_handle(m, selector);
  object->slots[CODE_CLASS] = machine_handle(m, b->klass);
  object->slots[CODE_DEBUG] = machine_handle(m, debug);
  for (unsigned i = 0; i < code->literal_count; i++) {
    Oop literal = machine_handle(m, first + i);
    object->slots[CODE_LITERALS + i] = literal;
    if (code->literals[i].kind == LITERAL_BLOCK) machine_store(m, oop_to_object(literal), CODE_OUTER, result);
  }
  memcpy((uint32_t *)code_words(object), code->words, code->word_count * sizeof(uint32_t));
  machine_pop_handles(m, first);
  return result;
}

Oop method_build_may_gc(Machine *m, Oop klass, const CodeTemplate *code, const MethodContext *context) {
  Builder b = {m, context, context->constants, 0, context->file_name};
  b.klass = machine_push_handle(m, klass);
  Oop method = build_code_may_gc(&b, code, false, context->old_method);
  machine_pop_handles(m, b.klass);
  return method;
}

static void walk_literals(const Literal *literals, unsigned count, void (*visit)(void *, const Literal *), void *context) {
  for (unsigned i = 0; i < count; i++) {
    const Literal *literal = &literals[i];
    if (literal->kind == LITERAL_CONSTANT || literal->kind == LITERAL_SCALED) visit(context, literal);
    if (literal->kind == LITERAL_ARRAY) walk_literals(literal->elements, literal->count, visit, context);
    if (literal->kind == LITERAL_BLOCK) literal_walk(literal->code, visit, context);
  }
}

void literal_walk(const CodeTemplate *code, void (*visit)(void *context, const Literal *literal), void *context) {
  walk_literals(code->literals, code->literal_count, visit, context);
}
