/* SPDX-License-Identifier: MIT */
/* encoder.c -- from objects to bytes.  Start at encoder_put; put_value tells the kinds of objects apart. */
#include "encoder.h"

#include <stdarg.h>
#include <stdio.h>

#include "names.h"
#include "wire.h"

enum { INDEX_FROM = 16, SCRATCH_KEPT = 4096 };

/* Slots of Exception (images/kernel/exceptions): creator messageText, then what refers to frames. */
enum { EXCEPTION_FIRST_FRAME = 2, EXCEPTION_LAST = 4 };

void encoder_init(Encoder *e, Accounts *accounts) { *e = (Encoder){.accounts = accounts}; }

static void free_scratch(Encoder *e) {
  account_free(e->accounts, ACCOUNT_CODEC, e->stack, e->stack_capacity * sizeof *e->stack);
  account_free(e->accounts, ACCOUNT_CODEC, e->objects, e->object_capacity * sizeof *e->objects);
  account_free(e->accounts, ACCOUNT_CODEC, e->index, e->index_capacity * sizeof *e->index);
  e->stack = NULL, e->objects = NULL, e->index = NULL;
  e->stack_capacity = e->object_capacity = e->index_capacity = 0;
}

void encoder_destroy(Encoder *e) { free_scratch(e); }

void encoder_begin(Encoder *e, Machine *machine, ByteSink *sink) {
  e->machine = machine;
  e->sink = sink;
  e->depth = e->object_count = 0;
  memset(e->seen, 0, sizeof e->seen);
  e->refers_to_source = false;
  e->unnumbered = 0;
}

void encoder_end(Encoder *e) {
  if (e->object_capacity > SCRATCH_KEPT || e->stack_capacity > SCRATCH_KEPT) free_scratch(e);
}

/* ---- identity: objects met in this message, by number --------------------------------------------------------------------- */

static void index_insert(Encoder *e, uint32_t number) {
  uint32_t mask = e->index_capacity - 1, i = address_hash(e->objects[number]) & mask;
  while (e->index[i]) i = (i + 1) & mask;
  e->index[i] = number + 1;
}

/* address_hash has 24 bits; larger tables only get longer runs. */
static bool index_rebuild(Encoder *e) {
  uint32_t wanted = e->index_capacity ? e->index_capacity : 64;
  while (wanted < e->object_count * 2 + 2) wanted *= 2;
  if (wanted != e->index_capacity) {
    account_free(e->accounts, ACCOUNT_CODEC, e->index, e->index_capacity * sizeof *e->index);
    e->index_capacity = 0;
    e->index = account_alloc_dirty(e->accounts, ACCOUNT_CODEC, wanted * sizeof *e->index);
    if (!e->index) return false;
    e->index_capacity = wanted;
  }
  memset(e->index, 0, e->index_capacity * sizeof *e->index);
  for (uint32_t n = 0; n < e->object_count; n++) index_insert(e, n);
  return true;
}

/* Its place among the bits of those seen. */
static inline unsigned seen_bit(Oop x) { return address_hash(x) & 255; }
static inline bool may_be_seen(const Encoder *e, Oop x) { return e->seen[seen_bit(x) >> 6] >> (seen_bit(x) & 63) & 1; }

static int64_t find_object(const Encoder *e, Oop x) {
  if (e->object_count < INDEX_FROM) {
    if (!may_be_seen(e, x)) return -1;
    for (uint32_t n = 0; n < e->object_count; n++)
      if (e->objects[n] == x) return n;
    return -1;
  }
  uint32_t mask = e->index_capacity - 1;
  for (uint32_t i = address_hash(x) & mask; e->index[i]; i = (i + 1) & mask)
    if (e->objects[e->index[i] - 1] == x) return e->index[i] - 1;
  return -1;
}

static bool grow_objects(Encoder *e) {
  uint32_t capacity = e->object_capacity ? e->object_capacity * 2 : 32;
  Oop *objects = account_realloc(e->accounts, ACCOUNT_CODEC, e->objects, e->object_capacity * sizeof *objects, capacity * sizeof *objects);
  if (!objects) return false;
  e->objects = objects;
  e->object_capacity = capacity;
  return true;
}

static bool index_object(Encoder *e) {
  if (e->object_count == INDEX_FROM || e->object_count * 2 > e->index_capacity) return index_rebuild(e);
  index_insert(e, e->object_count - 1);
  return true;
}

/* Gives X the next number.  The decoder counts the same way: strings, binaries, arrays and maps that stand for objects. */
static inline bool number_object(Encoder *e, Oop x) {
  if (e->object_count == e->object_capacity && !grow_objects(e)) return false;
  e->objects[e->object_count++] = x;
  e->seen[seen_bit(x) >> 6] |= (uint64_t)1 << (seen_bit(x) & 63);
  return e->object_count < INDEX_FROM || index_object(e);
}

static bool push_frame(Encoder *e, Oop container, uint32_t end, FrameKind kind) {
  if (e->depth == e->stack_capacity) {
    uint32_t capacity = e->stack_capacity ? e->stack_capacity * 2 : 32;
    EncoderFrame *stack =
        account_realloc(e->accounts, ACCOUNT_CODEC, e->stack, e->stack_capacity * sizeof *stack, capacity * sizeof *stack);
    if (!stack) return false;
    e->stack = stack;
    e->stack_capacity = capacity;
  }
  e->stack[e->depth++] = (EncoderFrame){container, 0, end, kind};
  return true;
}

/* ---- errors: the path from the argument to the culprit --------------------------------------------------------------------- */

typedef struct TextOut {
  char *at, *end;
} TextOut;

__attribute__((format(printf, 2, 3))) static void text_add(TextOut *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(out->at, (size_t)(out->end - out->at), format, arguments);
  va_end(arguments);
  out->at = n < out->end - out->at ? out->at + n : out->end - 1;
}

static void text_add_step(Encoder *e, TextOut *out, const EncoderFrame *frame) {
  char class_name[96], variable[64];
  const char *bytes;
  size_t size;
  Object *container = oop_to_object(frame->container);
  uint32_t slot = frame->next - 1;
  if (object_class_index(container) == CLASS_VARIABLE_BINDING && oop_try_bytes(e->machine, container->slots[BINDING_KEY], &bytes, &size)) {
    text_add(out, "variable '%.*s'", (int)(size < 60 ? size : 60), bytes);
    return;
  }
  class_name_of(e->machine, frame->container, class_name, sizeof class_name);
  if (object_class_index(container) == CLASS_BLOCK_CLOSURE && slot >= CLOSURE_COPIED)
    text_add(out, "variable %u of a block", slot - CLOSURE_COPIED + 1);
  else if (instance_variable_name(e->machine, frame->container, slot, variable, sizeof variable))
    text_add(out, "instance variable '%s' of %s", variable, class_name);
  else
    text_add(out, "at: %u", slot + 1 - named_slots(e->machine, frame->container));
}

static CodecStatus refuse(Encoder *e, Oop x, unsigned argument, const char *why) {
  TextOut out = {e->error, e->error + sizeof e->error};
  char class_name[96];
  uint32_t shown = e->depth > 6 ? 3 : e->depth;
  if (argument) text_add(&out, "argument %u: ", argument);
  for (uint32_t i = 0; i < shown; i++) text_add_step(e, &out, &e->stack[i]), text_add(&out, " -> ");
  if (shown < e->depth) {
    text_add(&out, "... -> ");
    for (uint32_t i = e->depth - 3; i < e->depth; i++) text_add_step(e, &out, &e->stack[i]), text_add(&out, " -> ");
  }
  class_name_of(e->machine, x, class_name, sizeof class_name);
  text_add(&out, "%s %s", class_name, why);
  return CODEC_UNSENDABLE;
}

/* ---- kinds of values --------------------------------------------------------------------------------------------------------- */

static bool put_bytes(Encoder *e, const void *bytes, size_t size) {
  if (!byte_sink_reserve(e->sink, size + WIRE_SCALAR_MAX)) return false;
  primitive_charge_encode(e->machine, size);
  byte_sink_put_unchecked(e->sink, bytes, size);
  return true;
}

static CodecStatus put_extension_bytes(Encoder *e, WireExtension type, const void *bytes, size_t size) {
  if (!byte_sink_reserve(e->sink, size + WIRE_SCALAR_MAX)) return CODEC_NO_MEMORY;
  e->sink->at = wire_put_extension(e->sink->at, type, (uint32_t)size);
  byte_sink_put_unchecked(e->sink, bytes, size);
  return CODEC_OK;
}

/* True and done when X was in this message before. */
static bool put_back_reference(Encoder *e, Oop x) {
  int64_t number = e->object_count ? find_object(e, x) : -1;
  if (number < 0) return false;
  e->sink->at = wire_put_extension32(e->sink->at, WIRE_BACK_REFERENCE, (uint32_t)number);
  return true;
}

static CodecStatus put_source_reference(Encoder *e, uint64_t offset) {
  e->refers_to_source = true;
  if (offset <= UINT32_MAX) e->sink->at = wire_put_extension32(e->sink->at, WIRE_SOURCE_REFERENCE, (uint32_t)offset);
  else e->sink->at = wire_put_extension64(e->sink->at, WIRE_SOURCE_REFERENCE, offset);
  return CODEC_OK;
}

static CodecStatus put_symbol(Encoder *e, Oop x) {
  uint64_t offset;
  Object *symbol = oop_to_object(x);
  if (!e->portable && source_image_offset(e->machine->source, x, &offset)) return put_source_reference(e, offset);
  return put_extension_bytes(e, WIRE_SYMBOL, object_bytes(symbol), object_byte_size(symbol));
}

/* The bytes of X as a str or bin, or as a reference to them if they are many and stay in this process. */
static CodecStatus put_packed(Encoder *e, const Object *x, bool is_string) {
  size_t size = object_byte_size(x);
  if (size > UINT32_MAX || !byte_sink_reserve(e->sink, WIRE_SCALAR_MAX)) return CODEC_NO_MEMORY;
  int number = !e->portable && e->sink->share && object_body_is_elsewhere(x) ? e->sink->share(e->sink, shared_bytes_of(x)) : -1;
  if (number >= 0) {
    e->sink->at = wire_put_extension(e->sink->at, WIRE_SHARED_BYTES, 5);
    *e->sink->at++ = is_string;
    e->sink->at = wire_put_be32(e->sink->at, (uint32_t)number);
    return CODEC_OK;
  }
  e->sink->at = is_string ? wire_put_string(e->sink->at, (uint32_t)size) : wire_put_binary(e->sink->at, (uint32_t)size);
  return put_bytes(e, object_bytes(x), size) ? CODEC_OK : CODEC_NO_MEMORY;
}

static CodecStatus put_string(Encoder *e, Oop x) {
  if (put_back_reference(e, x)) return CODEC_OK;
  return number_object(e, x) ? put_packed(e, oop_to_object(x), true) : CODEC_NO_MEMORY;
}

static CodecStatus put_byte_array(Encoder *e, Oop x) {
  if (put_back_reference(e, x)) return CODEC_OK;
  return number_object(e, x) ? put_packed(e, oop_to_object(x), false) : CODEC_NO_MEMORY;
}

static CodecStatus put_array(Encoder *e, Oop x) {
  if (put_back_reference(e, x)) return CODEC_OK;
  size_t n = object_slots(oop_to_object(x));
  if (n > UINT32_MAX || !number_object(e, x)) return CODEC_NO_MEMORY;
  e->sink->at = wire_put_array(e->sink->at, (uint32_t)n);
  return n == 0 || push_frame(e, x, (uint32_t)n, FRAME_SLOTS) ? CODEC_OK : CODEC_NO_MEMORY;
}

static CodecStatus put_float(Encoder *e, Oop x) {
  double d;
  memcpy(&d, oop_to_object(x)->slots, 8);
  e->sink->at = wire_put_double(e->sink->at, d);
  return CODEC_OK;
}

/* Limbs are least significant first in the object, most significant byte first in the message. */
static CodecStatus put_large_integer(Encoder *e, Oop x, bool negative) {
  Object *large = oop_to_object(x);
  size_t limbs = object_slots(large);
  const uint64_t *limb = large->slots;
  while (limbs && !limb[limbs - 1]) limbs--; /* basicNew: makes such */
  size_t size = limbs * 8;
  if (limbs == 1 && !negative) return e->sink->at = wire_put_unsigned(e->sink->at, limb[0]), CODEC_OK;
  if (limbs == 1 && limb[0] <= (uint64_t)1 << 63)
    return e->sink->at = wire_put_integer(e->sink->at, (int64_t)(0 - limb[0])), CODEC_OK;
  if (!byte_sink_reserve(e->sink, size + WIRE_SCALAR_MAX)) return CODEC_NO_MEMORY;
  primitive_charge_encode(e->machine, size);
  size_t skip = size ? (size_t)__builtin_clzll(limb[limbs - 1]) / 8 : 0;
  e->sink->at = wire_put_extension(e->sink->at, WIRE_LARGE_INTEGER, (uint32_t)(1 + size - skip));
  *e->sink->at++ = negative;
  for (size_t i = size - skip; i-- > 0;) *e->sink->at++ = (uint8_t)(limb[i / 8] >> i % 8 * 8);
  return CODEC_OK;
}

static CodecStatus put_actor(Encoder *e, uint64_t id) {
  e->sink->at = wire_put_extension64(e->sink->at, WIRE_ACTOR, id);
  return CODEC_OK;
}

static CodecStatus put_generic(Encoder *e, Oop x, ClassTreatment treatment, unsigned argument);
static ClassTreatment class_treatment(Encoder *e, uint32_t index);

/* Is what is being encoded part of an object that is treated so? */
static bool is_inside(Encoder *e, ClassTreatment treatment) {
  return e->depth && class_treatment(e, object_class_index(oop_to_object(e->stack[e->depth - 1].container))) == treatment;
}

static bool is_pending(const Object *promise) { return promise->slots[PROMISE_STATE] == oop_from_small(0); }

/* Settled promises are copied with their value (a mirror whose actor has been told the value is as good); pending ones travel as a reference to the actor
 * that will settle them, together with their count: who is to answer for it must know that others may ask. */
static CodecStatus put_promise(Encoder *e, Oop x, unsigned argument) {
  Object *promise = oop_to_object(x);
  uint64_t owner = oop_is_small(promise->slots[PROMISE_OWNER]) ? (uint64_t)oop_to_small(promise->slots[PROMISE_OWNER]) : e->self_id;
  Oop followed = owner != e->self_id ? promise->slots[PROMISE_VALUE] : OOP_NIL;
  if (!is_pending(promise)) return put_generic(e, x, TREAT_PROMISE, argument);
  if (oop_has_class(followed, CLASS_PROMISE) && !is_pending(oop_to_object(followed))) return put_generic(e, followed, TREAT_PROMISE, argument);
  bool counts = e->sink->share && e->count_of_promise;
  SharedBytes *count = counts ? e->count_of_promise(e->machine, promise) : NULL;
  if (!oop_is_small(promise->slots[PROMISE_NUMBER]) || (counts && !count && owner == e->self_id)) {
    e->unnumbered = x;
    return CODEC_NEEDS_EXPORT;
  }
  int number = count ? e->sink->share(e->sink, count) : 0;
  if (number < 0) return CODEC_NO_MEMORY;
  e->sink->at = wire_put_extension(e->sink->at, WIRE_PROMISE, count ? 20 : 16);
  e->sink->at = wire_put_be64(e->sink->at, owner);
  e->sink->at = wire_put_be64(e->sink->at, (uint64_t)oop_to_small(promise->slots[PROMISE_NUMBER]));
  if (count) e->sink->at = wire_put_be32(e->sink->at, (uint32_t)number);
  return CODEC_OK;
}

static CodecStatus put_name(Encoder *e, WireExtension type, int prefix, const char *name) {
  char bytes[NAME_MAX_BYTES + 1];
  size_t size = strlen(name);
  bytes[0] = (char)prefix;
  memcpy(bytes + 1, name, size);
  return prefix < 0 ? put_extension_bytes(e, type, name, size) : put_extension_bytes(e, type, bytes, size + 1);
}

/* The class (or metaclass) KLASS as a value. */
static CodecStatus put_class(Encoder *e, Oop klass, unsigned argument) {
  Machine *m = e->machine;
  char name[NAME_MAX_BYTES];
  bool meta = object_class_index(oop_to_object(klass)) == CLASS_METACLASS;
  Oop sole = meta ? oop_resolve(m, oop_to_object(klass)->slots[METACLASS_INSTANCE_CLASS]) : klass;
  if (!oop_is_pointer(sole)) return refuse(e, klass, argument, "that has no class");
  uint32_t index = spec_class_index(oop_to_small(oop_to_object(sole)->slots[BEHAVIOR_SPEC]));
  if (!e->portable && index < CLASS_INDEX_W) {
    e->refers_to_source = true;
    e->sink->at = wire_put_extension32(e->sink->at, WIRE_CLASS, index << 1 | meta);
    return CODEC_OK;
  }
  if (!class_path(m, sole, name, sizeof name)) return refuse(e, klass, argument, "that has no name");
  return put_name(e, WIRE_CLASS_NAMED, meta, name);
}

/* What S calls the object that X refers to: itself, or what it is the copy of. */
static Oop source_of(const Encoder *e, Oop x) {
  Oop original = address_in_source(x) ? 0 : shadow_original(e->machine, x);
  return original ? original : x;
}

static CodecStatus put_binding(Encoder *e, Oop original, Oop x, unsigned argument) {
  uint64_t offset;
  char name[NAME_MAX_BYTES];
  original = source_of(e, original);
  if (!e->portable && source_image_offset(e->machine->source, original, &offset)) return put_source_reference(e, offset);
  if (!binding_path(e->machine, x, name, sizeof name)) return refuse(e, x, argument, "that is no global");
  return put_name(e, WIRE_BINDING_NAMED, -1, name);
}

/* The head of an array that stands for an instance: N elements follow the class. */
static CodecStatus put_instance_head(Encoder *e, Oop x, uint32_t n, unsigned argument) {
  uint32_t index = object_class_index(oop_to_object(x));
  char name[NAME_MAX_BYTES];
  e->sink->at = wire_put_array(e->sink->at, n + 1);
  if (!e->portable && index < CLASS_INDEX_W) {
    e->refers_to_source = true;
    e->sink->at = index < 256 ? wire_put_extension(e->sink->at, WIRE_INSTANCE, 1) : wire_put_extension(e->sink->at, WIRE_INSTANCE, 4);
    if (index < 256) *e->sink->at++ = (uint8_t)index;
    else e->sink->at = wire_put_be32(e->sink->at, index);
    return CODEC_OK;
  }
  if (!class_path(e->machine, machine_class_of(e->machine, x), name, sizeof name)) return refuse(e, x, argument, "of a class without a name");
  return put_name(e, WIRE_INSTANCE_NAMED, -1, name);
}

static CodecStatus put_instance_bytes(Encoder *e, Oop x, unsigned argument) {
  Object *object = oop_to_object(x);
  CodecStatus status = put_instance_head(e, x, 1, argument);
  size_t size = object_slots(object) * 8;
  if (status != CODEC_OK) return status;
  if (object_is_packed(object)) return put_packed(e, object, false);
  if (size > UINT32_MAX || !byte_sink_reserve(e->sink, size + WIRE_SCALAR_MAX)) return CODEC_NO_MEMORY;
  e->sink->at = wire_put_binary(e->sink->at, (uint32_t)size);
  primitive_charge_encode(e->machine, size);
  for (size_t i = 0; i < object_slots(object); i++) e->sink->at = wire_put_be64(e->sink->at, object->slots[i]);
  return CODEC_OK;
}

static CodecStatus put_generic(Encoder *e, Oop x, ClassTreatment treatment, unsigned argument) {
  if (put_back_reference(e, x)) return CODEC_OK;
  Object *object = oop_to_object(x);
  size_t n = object_slots(object);
  if (n >= UINT32_MAX || !number_object(e, x)) return CODEC_NO_MEMORY;
  if (!object_is_pointers(object)) return put_instance_bytes(e, x, argument);
  CodecStatus status = put_instance_head(e, x, (uint32_t)n, argument);
  if (status != CODEC_OK || n == 0) return status;
  return push_frame(e, x, (uint32_t)n, treatment == TREAT_EXCEPTION || treatment == TREAT_PROMISE ? FRAME_SPECIAL : FRAME_SLOTS) ? CODEC_OK : CODEC_NO_MEMORY;
}

/* For readers in other languages: a map. */
static CodecStatus put_dictionary(Encoder *e, Oop x, unsigned argument) {
  Object *dictionary = oop_to_object(x);
  Oop table = object_slots(dictionary) == 2 ? oop_resolve(e->machine, dictionary->slots[1]) : OOP_NIL;
  if (!oop_has_class(table, CLASS_ARRAY) || !oop_is_small(dictionary->slots[0])) return put_generic(e, x, TREAT_GENERIC, argument);
  if (put_back_reference(e, x)) return CODEC_OK;
  if (!number_object(e, x)) return CODEC_NO_MEMORY;
  e->sink->at = wire_put_map(e->sink->at, (uint32_t)oop_to_small(dictionary->slots[0]));
  return push_frame(e, table, (uint32_t)object_slots(oop_to_object(table)) & ~1u, FRAME_TABLE) ? CODEC_OK : CODEC_NO_MEMORY;
}

static bool home_is_live(Encoder *e, Oop home) {
  if (home == OOP_NIL || !oop_is_pointer(home)) return false;
  Object *context = machine_object(e->machine, home);
  return object_class_index(context) != CLASS_CONTEXT || context->slots[CONTEXT_FRAME] != OOP_NIL;
}

/* [header, code, receiver, copied values]; the home is left out. */
static CodecStatus put_block(Encoder *e, Oop x, unsigned argument) {
  if (put_back_reference(e, x)) return CODEC_OK;
  Object *block = oop_to_object(x);
  uint32_t n = (uint32_t)object_slots(block);
  if (home_is_live(e, block->slots[CLOSURE_HOME])) return refuse(e, x, argument, "that returns from the method around it (^)");
  if (!number_object(e, x)) return CODEC_NO_MEMORY;
  e->sink->at = wire_put_array(e->sink->at, n); /* header instead of the home */
  e->sink->at = wire_put_extension(e->sink->at, WIRE_BLOCK, 0);
  return push_frame(e, x, n, FRAME_SPECIAL) ? CODEC_OK : CODEC_NO_MEMORY;
}

static bool put_code_words(Encoder *e, const Object *code) {
  size_t oops = CODE_LITERALS + code_literals(code), size = (object_slots(code) - oops) * 8;
  const uint32_t *words = code_words(code);
  if (!byte_sink_reserve(e->sink, size + WIRE_SCALAR_MAX)) return false;
  e->sink->at = wire_put_binary(e->sink->at, (uint32_t)size);
  for (size_t i = 0; i < size / 4; i++) e->sink->at = wire_put_be32(e->sink->at, words[i]);
  return true;
}

/* Code of S is a reference, unless it uses variables of the program's statements, of which it takes copies along.  Code of this W travels by value, without the source text; what is around the outermost piece stays behind. */
static CodecStatus put_code(Encoder *e, Oop x, unsigned argument) {
  uint64_t offset;
  Object *code = oop_to_object(x);
  uint32_t oops = CODE_LITERALS + code_literals(code);
  (void)argument;
  if (!e->portable && source_image_offset(e->machine->source, x, &offset) && !code_uses_statement_variables(e->machine, code))
    return put_source_reference(e, offset);
  if (put_back_reference(e, x)) return CODEC_OK;
  if (!number_object(e, x)) return CODEC_NO_MEMORY;
  e->sink->at = wire_put_array(e->sink->at, oops + 2);
  e->sink->at = wire_put_extension(e->sink->at, WIRE_CODE, 1);
  *e->sink->at++ = (uint8_t)object_class_index(code);
  if (!put_code_words(e, code)) return CODEC_NO_MEMORY;
  return push_frame(e, x, oops, FRAME_SPECIAL) ? CODEC_OK : CODEC_NO_MEMORY;
}

/* ---- objects without a format of their own ----------------------------------------------------------------------------------- */

static ClassTreatment treatment_by_walk(Encoder *e, Oop klass) {
  Machine *m = e->machine;
  if (oop_class_index(klass) == CLASS_METACLASS) return TREAT_CLASS;
  for (Oop c = klass; oop_is_pointer(c); c = oop_resolve(m, oop_to_object(c)->slots[BEHAVIOR_SUPERCLASS])) {
    switch (spec_class_index(oop_to_small(oop_to_object(c)->slots[BEHAVIOR_SPEC]))) {
    case CLASS_HANDLE: case CLASS_PROCESS: case CLASS_SEMAPHORE: return TREAT_UNSENDABLE;
    case CLASS_BEHAVIOR: return TREAT_CLASS;
    default: break;
    }
    if (class_is_named(m, c, "Exception")) return TREAT_EXCEPTION;
    if (c == klass && (class_is_named(m, c, "Dictionary") || class_is_named(m, c, "LookupTable"))) return TREAT_DICTIONARY;
  }
  return TREAT_GENERIC;
}

static ClassTreatment class_treatment(Encoder *e, uint32_t index) {
  uint64_t id = source_image_id(e->machine->source);
  unsigned slot = index % TREATMENT_CACHE;
  if (e->treatments[slot].class_index == index && e->treatments[slot].image_id == id) return e->treatments[slot].treatment;
  ClassTreatment treatment = treatment_by_walk(e, machine_class_at(e->machine, index));
  if (index < CLASS_INDEX_W && !e->machine->shadows) {
    e->treatments[slot].image_id = id;
    e->treatments[slot].class_index = index;
    e->treatments[slot].treatment = (uint8_t)treatment;
  }
  return treatment;
}

static CodecStatus put_other(Encoder *e, Oop original, Oop x, unsigned argument) {
  uint64_t offset;
  if (e->self_object && oop_same(e->machine, x, e->self_object)) return put_actor(e, e->self_id);
  ClassTreatment treatment = class_treatment(e, object_class_index(oop_to_object(x)));
  switch (treatment) {
  case TREAT_CLASS: return put_class(e, x, argument);
  case TREAT_UNSENDABLE: return refuse(e, x, argument, "that belongs to this actor");
  case TREAT_DICTIONARY:
    if (e->portable) return put_dictionary(e, x, argument);
    break;
  default: break;
  }
  switch (object_class_index(oop_to_object(x))) {
  case CLASS_METHOD_DICTIONARY: case CLASS_BINDING_DICTIONARY: case CLASS_SYSTEM_DICTIONARY:
    if (!e->portable && source_image_offset(e->machine->source, source_of(e, original), &offset)) return put_source_reference(e, offset);
    return refuse(e, x, argument, "that belongs to this actor");
  case CLASS_OBJECT: /* nothing but an identity: `Unique := Object new` in a class */
    if (!e->portable && source_image_offset(e->machine->source, source_of(e, original), &offset)) return put_source_reference(e, offset);
    return put_generic(e, x, treatment, argument);
  default: return put_generic(e, x, treatment, argument);
  }
}

static CodecStatus put_pointer(Encoder *e, Oop original, unsigned argument) {
  if (object_class_index(oop_to_object(original)) == CLASS_SYMBOL) return put_symbol(e, original); /* symbols are never modified */
  Oop x = oop_resolve(e->machine, original);
  switch (object_class_index(oop_to_object(x))) {
  case CLASS_SYMBOL: return put_symbol(e, x);
  case CLASS_STRING: return put_string(e, x);
  case CLASS_ARRAY: return put_array(e, x);
  case CLASS_BYTE_ARRAY: return put_byte_array(e, x);
  case CLASS_FLOAT: return put_float(e, x);
  case CLASS_LARGE_POSITIVE: return put_large_integer(e, x, false);
  case CLASS_LARGE_NEGATIVE: return put_large_integer(e, x, true);
  case CLASS_ACTOR_PROXY: return put_actor(e, (uint64_t)oop_to_small(oop_to_object(x)->slots[PROXY_ID]));
  case CLASS_PROMISE: return put_promise(e, x, argument);
  case CLASS_BLOCK_CLOSURE: return put_block(e, x, argument);
  case CLASS_COMPILED_METHOD: case CLASS_COMPILED_BLOCK: return put_code(e, x, argument);
  case CLASS_VARIABLE_BINDING: return put_binding(e, original, x, argument);
  case CLASS_METACLASS: return put_class(e, x, argument);
  case CLASS_CONTEXT:
    if (is_inside(e, TREAT_EXCEPTION)) return e->sink->at = wire_put_nil(e->sink->at), CODEC_OK;
    return refuse(e, x, argument, "that is a frame of this actor");
  default: return put_other(e, original, x, argument);
  }
}

static CodecStatus put_value(Encoder *e, Oop x, unsigned argument) {
  if (!byte_sink_reserve(e->sink, WIRE_SCALAR_MAX)) return CODEC_NO_MEMORY;
  if (oop_is_small(x)) return e->sink->at = wire_put_integer(e->sink->at, oop_to_small(x)), CODEC_OK;
  switch (x & OOP_TAG_MASK) {
  case OOP_TAG_POINTER: return put_pointer(e, x, argument);
  case OOP_TAG_CHARACTER:
    return e->sink->at = wire_put_extension32(e->sink->at, WIRE_CHARACTER, oop_to_character(x)), CODEC_OK;
  case OOP_TAG_FLOAT: return e->sink->at = wire_put_double(e->sink->at, oop_small_to_double(x)), CODEC_OK;
  default: break;
  }
  e->sink->at = x == OOP_NIL ? wire_put_nil(e->sink->at) : wire_put_bool(e->sink->at, x == OOP_TRUE);
  return CODEC_OK;
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------- */

/* What an exception was about and where it was signaled stays here, unless it is plain. */
static Oop exception_slot(const Encoder *e, const Object *exception, uint32_t slot) {
  Oop x = oop_is_pointer(exception->slots[slot]) ? oop_resolve(e->machine, exception->slots[slot]) : exception->slots[slot];
  if (slot >= EXCEPTION_FIRST_FRAME) return OOP_NIL;
  if (!oop_is_pointer(x)) return x;
  uint32_t index = object_class_index(oop_to_object(x));
  return index == CLASS_STRING || index == CLASS_SYMBOL ? x : OOP_NIL;
}

/* A variable of the program's statements, with its value. */
static CodecStatus put_variable(Encoder *e, Oop binding) {
  if (!byte_sink_reserve(e->sink, WIRE_SCALAR_MAX)) return CODEC_NO_MEMORY;
  if (put_back_reference(e, binding)) return CODEC_OK;
  if (!number_object(e, binding)) return CODEC_NO_MEMORY;
  e->sink->at = wire_put_array(e->sink->at, 3);
  e->sink->at = wire_put_extension(e->sink->at, WIRE_VARIABLE, 0);
  return push_frame(e, binding, BINDING_VALUE + 1, FRAME_SPECIAL) ? CODEC_OK : CODEC_NO_MEMORY;
}

/* The next element of a container of which some are left out or replaced. */
static CodecStatus put_special_element(Encoder *e, EncoderFrame *frame, unsigned argument) {
  uint32_t slot = frame->next++;
  Object *container = oop_to_object(frame->container);
  switch (object_class_index(container)) {
  case CLASS_BLOCK_CLOSURE:
    if (slot == CLOSURE_HOME) return CODEC_OK;
    if (slot == CLOSURE_RECEIVER && block_ignores_receiver(e->machine, frame->container)) return put_value(e, OOP_NIL, argument);
    break;
  case CLASS_COMPILED_METHOD: case CLASS_COMPILED_BLOCK:
    if (slot == CODE_OUTER && (code_flags(container) & CODE_IS_BLOCK)) {
      Oop outer = oop_resolve(e->machine, container->slots[slot]);
      return put_value(e, oop_is_pointer(outer) && find_object(e, outer) >= 0 ? outer : OOP_NIL, argument);
    }
    if (slot == CODE_DEBUG) return put_value(e, OOP_NIL, argument);
    if (slot >= CODE_LITERALS && oop_is_pointer(container->slots[slot]) && is_statement_variable(e->machine, container, container->slots[slot]))
      return put_variable(e, oop_resolve(e->machine, container->slots[slot]));
    break;
  case CLASS_VARIABLE_BINDING: break;
  case CLASS_PROMISE: /* settled: its blocks, which have not run yet, and its number mean nothing elsewhere */
    if (slot == PROMISE_REACTIONS || slot == PROMISE_NUMBER) return put_value(e, OOP_NIL, argument);
    break;
  default:
    if (slot <= EXCEPTION_LAST) return put_value(e, exception_slot(e, container, slot), argument);
  }
  return put_value(e, container->slots[slot], argument);
}

/* NilElement stands for nil as a key; it is the only plain Object among keys. */
static CodecStatus put_table_element(Encoder *e, EncoderFrame *frame, unsigned argument) {
  const Object *table = oop_to_object(frame->container);
  Oop x = table->slots[frame->next];
  if (frame->next % 2 == 0 && x == OOP_NIL) return frame->next += 2, CODEC_OK;
  bool is_nil_key = frame->next++ % 2 == 0 && oop_is_pointer(x) && object_class_index(oop_to_object(x)) == CLASS_OBJECT;
  return put_value(e, is_nil_key ? OOP_NIL : x, argument);
}

/* A String of this W with less than 32 bytes that was not in the message before, at AT: what is behind it.  NULL: it is none, or there is no memory. */
enum { SHORT_STRING_MAX = 40 };
static inline uint8_t *put_short_string(Encoder *e, Oop x, uint8_t *at) {
  if (!oop_is_pointer(x) || address_in_source(x)) return NULL;
  const Object *string = oop_to_object(x);
  size_t size = object_byte_size(string), slots = bytes_to_slots(size);
  if (object_class_index(string) != CLASS_STRING || size >= 32) return NULL;
  if (((e->object_count >= INDEX_FROM || may_be_seen(e, x)) && find_object(e, x) >= 0) || !number_object(e, x)) return NULL;
  *at = (uint8_t)(0xa0 | size);
  for (size_t i = 0; i < slots; i++) memcpy(at + 1 + i * 8, &string->slots[i], 8); /* whole words; what is too much is written over */
  return at + 1 + size;
}

/* Small integers, nils and short strings in a row, without looking at the stack in between. */
static CodecStatus put_slots(Encoder *e, EncoderFrame *frame, unsigned argument) {
  const Oop *slots = oop_to_object(frame->container)->slots;
  uint32_t next = frame->next, end = frame->end;
  uint8_t *at = e->sink->at, *limit = e->sink->end - SHORT_STRING_MAX, *behind;
  for (; next < end; next++) {
    Oop x = slots[next];
    if (at > limit) {
      e->sink->at = at;
      if (!byte_sink_reserve(e->sink, SHORT_STRING_MAX)) return CODEC_NO_MEMORY;
      at = e->sink->at, limit = e->sink->end - SHORT_STRING_MAX;
    }
    if (oop_is_small(x)) at = wire_put_integer(at, oop_to_small(x));
    else if (x == OOP_NIL) at = wire_put_nil(at);
    else if ((behind = put_short_string(e, x, at))) at = behind;
    else break;
  }
  e->sink->at = at;
  e->machine->budget -= (int32_t)((next - frame->next) >> 4);
  frame->next = next;
  if (next == end) return CODEC_OK;
  frame->next++;
  return put_value(e, slots[next], argument);
}

static CodecStatus put_element(Encoder *e, EncoderFrame *frame, unsigned argument) {
  switch (frame->kind) {
  case FRAME_SLOTS: return put_slots(e, frame, argument);
  case FRAME_TABLE: return put_table_element(e, frame, argument);
  default: return put_special_element(e, frame, argument);
  }
}

CodecStatus encoder_put(Encoder *e, Oop value, unsigned argument) {
  CodecStatus status = put_value(e, value, argument);
  uint32_t steps = 0;
  while (e->depth && status == CODEC_OK) {
    EncoderFrame *frame = &e->stack[e->depth - 1];
    if (frame->next == frame->end) e->depth--;
    else status = put_element(e, frame, argument);
    steps++;
  }
  e->machine->budget -= (int32_t)(steps >> 4);
  if (status == CODEC_NO_MEMORY) snprintf(e->error, sizeof e->error, "no memory to encode the message");
  return status;
}
