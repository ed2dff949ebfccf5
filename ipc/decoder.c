/* SPDX-License-Identifier: MIT */
/* decoder.c -- from bytes to objects.  measure_* is the first walk, build_* the second; start at decoder_values_may_gc. */
#include "decoder_internal.h"

#include <stdio.h>

#include "lookup.h"
#include "mirrors.h"
#include "names.h"
#include "shared_bytes.h"
#include "wire.h"

enum { SCRATCH_KEPT = 4096 };

void decoder_init(Decoder *d, Accounts *accounts) { *d = (Decoder){.accounts = accounts, .references_allowed = true}; }

static void free_scratch(Decoder *d) {
  account_free(d->accounts, ACCOUNT_CODEC, d->stack, d->stack_capacity * sizeof *d->stack);
  account_free(d->accounts, ACCOUNT_CODEC, d->objects, d->object_capacity * sizeof *d->objects);
  account_free(d->accounts, ACCOUNT_CODEC, d->hashed, d->hashed_capacity * sizeof *d->hashed);
  d->stack = NULL, d->objects = NULL, d->hashed = NULL;
  d->stack_capacity = d->object_capacity = d->hashed_capacity = 0;
}

void decoder_destroy(Decoder *d) { free_scratch(d); }

static CodecStatus fail(Decoder *d, CodecStatus status, const char *what) {
  snprintf(d->error, sizeof d->error, "%s%s%s", codec_status_text(status), what ? ": " : "", what ? what : "");
  return status;
}

/* ---- classes ------------------------------------------------------------------------------------------------------------------ */

/* Does the number mean the same object here as where the message was made? */
static bool same_source(const Decoder *d, uint64_t offset) {
  const SourceImage *mine = d->machine->source;
  return d->source == mine || (!(offset & 1) && d->source->base.start == mine->base.start);
}

/* Objects whose slots the machine itself relies on are never made from bytes. */
static bool may_be_built(const Decoder *d, Oop klass, uint32_t index, unsigned format) {
  const Machine *m = d->machine;
  if (format == FORMAT_CODE || oop_class_index(klass) == CLASS_METACLASS) return false;
  switch (index) {
  case CLASS_SMALL_INTEGER: case CLASS_CHARACTER: case CLASS_FLOAT: case CLASS_UNDEFINED_OBJECT: case CLASS_FALSE: case CLASS_TRUE:
  case CLASS_SYMBOL: case CLASS_LARGE_POSITIVE: case CLASS_LARGE_NEGATIVE: case CLASS_BLOCK_CLOSURE: case CLASS_COMPILED_METHOD:
  case CLASS_COMPILED_BLOCK: case CLASS_CONTEXT: case CLASS_VARIABLE_BINDING: case CLASS_METHOD_DICTIONARY: case CLASS_METACLASS:
  case CLASS_CLASS: case CLASS_BEHAVIOR: case CLASS_CLASS_DESCRIPTION: case CLASS_BINDING_DICTIONARY: case CLASS_SYSTEM_DICTIONARY:
  case CLASS_DEBUG_INFO: case CLASS_COMPILED_CODE: case CLASS_ACTOR_PROXY: return false;
  default: break;
  }
  for (Oop c = klass; oop_is_pointer(c); c = oop_resolve(m, oop_to_object(c)->slots[BEHAVIOR_SUPERCLASS])) {
    uint32_t ancestor = spec_class_index(oop_to_small(oop_to_object(c)->slots[BEHAVIOR_SPEC]));
    if (ancestor == CLASS_BEHAVIOR || ancestor == CLASS_HANDLE || ancestor == CLASS_PROCESS || ancestor == CLASS_SEMAPHORE) return false;
    bool refers = ancestor == CLASS_ACTOR || ancestor == CLASS_ACTOR_PROXY || ancestor == CLASS_TRANSIENT_PROXY || ancestor == CLASS_PROMISE;
    if (refers && !d->references_allowed) return false;
  }
  return true;
}

static HashedKind hashed_kind(Machine *m, Oop klass) {
  Oop rehash = machine_find_symbol(m, "rehash", 6);
  Oop method = rehash ? machine_lookup(m, klass, rehash) : 0;
  if (!method || class_is_named(m, oop_resolve(m, oop_to_object(method)->slots[CODE_CLASS]), "Collection")) return HASHED_NOT; /* which does nothing */
  if (class_is_named(m, klass, "Set")) return HASHED_SET;
  if (class_is_named(m, klass, "Dictionary") || class_is_named(m, klass, "LookupTable")) return HASHED_DICTIONARY;
  if (class_is_named(m, klass, "IdentitySet")) return HASHED_IDENTITY_SET;
  if (class_is_named(m, klass, "IdentityDictionary")) return HASHED_IDENTITY_DICTIONARY;
  return HASHED_OTHER;
}

static bool shape_of_class(Decoder *d, Oop klass, ClassShape *shape) {
  Machine *m = d->machine;
  int64_t spec = oop_to_small(machine_object(m, klass)->slots[BEHAVIOR_SPEC]);
  shape->class_index = spec_class_index(spec);
  shape->fixed = (uint16_t)spec_fixed(spec);
  shape->format = (uint8_t)spec_format(spec);
  if (!may_be_built(d, klass, shape->class_index, shape->format)) return false;
  shape->hashed = (uint8_t)hashed_kind(m, klass);
  return true;
}

/* The class that has NUMBER in the message's S, as this machine knows it; 0 when it has none. */
static Oop class_by_number(Decoder *d, uint32_t number) {
  char name[NAME_MAX_BYTES];
  Oop klass;
  if (!d->source || number >= CLASS_INDEX_W) return 0;
  if (d->source == d->machine->source) {
    if (!source_image_class_at(d->source, number)) return 0;
    return machine_class_at(d->machine, number);
  }
  klass = source_image_class_at(d->source, number);
  if (!klass) return 0;
  if (!class_path(d->machine, klass, name, sizeof name)) return 0;
  klass = class_at_path(d->machine, name, strlen(name));
  if (!klass) snprintf(d->error, sizeof d->error, "%s: %s", codec_status_text(CODEC_UNKNOWN_CLASS), name);
  return klass;
}

CodecStatus decoder_shape_by_number(Decoder *d, uint32_t number, ClassShape *shape) {
  bool cacheable = d->source && d->source == d->machine->source && !d->machine->shadows;
  ClassShape *cached = &d->shapes[number % SHAPE_CACHE];
  if (cacheable && cached->image_id == source_image_id(d->source) && cached->number == number) return *shape = *cached, CODEC_OK;
  d->error[0] = 0;
  Oop klass = class_by_number(d, number);
  if (!klass) return d->error[0] ? CODEC_UNKNOWN_CLASS : fail(d, CODEC_UNKNOWN_CLASS, NULL);
  if (!shape_of_class(d, klass, shape)) return fail(d, CODEC_MALFORMED, "an instance that only the machine may make");
  shape->image_id = cacheable ? source_image_id(d->source) : 0;
  shape->number = number;
  if (cacheable) *cached = *shape;
  return CODEC_OK;
}

static CodecStatus shape_by_name(Decoder *d, const uint8_t *name, size_t size, ClassShape *shape) {
  char text[NAME_MAX_BYTES];
  Oop klass = class_at_path(d->machine, (const char *)name, size);
  snprintf(text, sizeof text, "%.*s", (int)(size < 200 ? size : 200), (const char *)name);
  if (!klass) return fail(d, CODEC_UNKNOWN_CLASS, text);
  return shape_of_class(d, klass, shape) ? CODEC_OK : fail(d, CODEC_MALFORMED, "an instance that only the machine may make");
}

static CodecStatus shape_of_header(Decoder *d, const WireItem *header, ClassShape *shape) {
  if (header->type == WIRE_INSTANCE_NAMED) return shape_by_name(d, header->bytes, header->size, shape);
  if (header->size == 0 || header->size > 4) return fail(d, CODEC_MALFORMED, NULL);
  return decoder_shape_by_number(d, (uint32_t)wire_number(header->bytes, header->size), shape);
}

/* ---- first walk: check and measure ---------------------------------------------------------------------------------------- */

static void need_heap(Decoder *d, size_t slots) {
  if (slots < OBJECT_SIZE_LARGE) d->heap_bytes += 8 + 8 * slots;
  else d->large_bytes += 64 + 8 * slots;
}

static void need_object(Decoder *d, size_t slots) {
  need_heap(d, slots);
  d->object_count++;
}

/* Looks whether an array of N elements begins with a header; reads over it if so. */
static bool try_header(Decoder *d, uint32_t n, WireItem *header) {
  const uint8_t *at = d->at;
  if (n == 0 || at == d->end || *at < 0xc7 || *at > 0xd8 || (*at > 0xc9 && *at < 0xd4)) return false;
  if (!wire_try_read(&at, d->end, header) || !wire_is_header(header->type)) return false;
  d->at = at;
  return true;
}

/* What the item, of TYPE, shares with others; NULL: it is no such item, or refers to nothing. */
static SharedBytes *shared_of(const Decoder *d, const WireItem *item, WireExtension type) {
  if (item->kind != WIRE_KIND_EXTENSION || item->type != type) return NULL;
  uint32_t number = wire_shared_number(item);
  return number < d->shared_count ? d->shared[number] : NULL;
}

/* An instance of bytes or words: its body is the next item. */
static CodecStatus measure_body(Decoder *d, uint32_t n, const ClassShape *shape) {
  WireItem body;
  if (n != 2 || !wire_try_read(&d->at, d->end, &body)) return fail(d, CODEC_MALFORMED, NULL);
  SharedBytes *shared = shape->format >= FORMAT_BYTES ? shared_of(d, &body, WIRE_SHARED_BYTES) : NULL;
  if (!shared && body.kind != WIRE_KIND_BINARY) return fail(d, CODEC_MALFORMED, NULL);
  size_t size = shared ? shared->size : body.size;
  if (size % format_element_size(shape->format)) return fail(d, CODEC_MALFORMED, NULL);
  need_object(d, bytes_to_slots(size));
  return CODEC_OK;
}

static bool is_pointer_format(unsigned format) { return format <= FORMAT_WEAK; }

static CodecStatus measure_instance(Decoder *d, uint32_t n, const WireItem *header, uint64_t *open) {
  ClassShape shape;
  CodecStatus status = shape_of_header(d, header, &shape);
  if (status != CODEC_OK) return status;
  if (!is_pointer_format(shape.format)) return measure_body(d, n, &shape);
  if (n - 1 < shape.fixed || (shape.format == FORMAT_FIXED && n - 1 != shape.fixed)) return fail(d, CODEC_OTHER_SHAPE, NULL);
  d->hashed_count += shape.hashed != HASHED_NOT;
  need_object(d, n - 1);
  *open += n - 1;
  return CODEC_OK;
}

static CodecStatus measure_code(Decoder *d, uint32_t n, uint64_t *open) {
  WireItem words;
  if (!d->source) return fail(d, CODEC_FOREIGN_CODE, NULL);
  if (n < CODE_LITERALS + 2 || !wire_try_read(&d->at, d->end, &words) || words.kind != WIRE_KIND_BINARY || words.size % 8)
    return fail(d, CODEC_MALFORMED, NULL);
  need_object(d, n - 2 + words.size / 8);
  *open += n - 2;
  return CODEC_OK;
}

static CodecStatus measure_array(Decoder *d, uint32_t n, uint64_t *open) {
  WireItem header;
  if (n > (uint64_t)(d->end - d->at)) return fail(d, CODEC_TRUNCATED, NULL);
  if (!try_header(d, n, &header)) return need_object(d, n), *open += n, CODEC_OK;
  switch (header.type) {
  case WIRE_BLOCK:
    if (n < CLOSURE_COPIED) return fail(d, CODEC_MALFORMED, NULL);
    need_object(d, n);
    *open += n - 1;
    return CODEC_OK;
  case WIRE_CODE: return measure_code(d, n, open);
  case WIRE_VARIABLE:
    if (n != 3 || !d->source) return fail(d, CODEC_MALFORMED, NULL);
    need_object(d, BINDING_SLOTS);
    *open += 2;
    return CODEC_OK;
  default: return measure_instance(d, n, &header, open);
  }
}

static CodecStatus measure_source_reference(Decoder *d, const WireItem *item) {
  uint64_t offset = wire_number(item->bytes, item->size);
  if (!d->source || item->size > 8) return fail(d, CODEC_MALFORMED, "a reference into an image");
  if (same_source(d, offset)) return CODEC_OK;
  d->has_symbols = true;
  return CODEC_OK;
}

static CodecStatus measure_extension(Decoder *d, const WireItem *item) {
  switch (item->type) {
  case WIRE_SYMBOL: return d->has_symbols = true, CODEC_OK;
  case WIRE_CHARACTER:
    if (item->size > 4 || wire_number(item->bytes, item->size) > 0x10ffff) return fail(d, CODEC_MALFORMED, "a character");
    return CODEC_OK;
  case WIRE_LARGE_INTEGER:
    if (item->size < 1 || item->bytes[0] > 1) return fail(d, CODEC_MALFORMED, "a large integer");
    return need_heap(d, bytes_to_slots(item->size - 1)), CODEC_OK;
  case WIRE_ACTOR:
    if (item->size != 8 || !d->references_allowed) return fail(d, CODEC_MALFORMED, "an actor");
    return need_heap(d, 1), CODEC_OK;
  case WIRE_PROMISE:
    if ((item->size != 16 && !shared_of(d, item, WIRE_PROMISE)) || !d->references_allowed) return fail(d, CODEC_MALFORMED, "a promise");
    return need_heap(d, PROMISE_SLOTS), CODEC_OK;
  case WIRE_SHARED_BYTES: {
    SharedBytes *shared = shared_of(d, item, WIRE_SHARED_BYTES);
    if (!shared) return fail(d, CODEC_MALFORMED, "shared bytes");
    return need_object(d, bytes_to_slots(shared->size)), CODEC_OK;
  }
  case WIRE_BACK_REFERENCE:
    if (item->size > 4 || wire_number(item->bytes, item->size) >= d->object_count) return fail(d, CODEC_MALFORMED, "a back reference");
    return d->has_back_references = true, CODEC_OK;
  case WIRE_SOURCE_REFERENCE: return measure_source_reference(d, item);
  case WIRE_CLASS:
    if (!d->source || item->size > 4) return fail(d, CODEC_MALFORMED, "a class");
    return class_by_number(d, (uint32_t)wire_number(item->bytes, item->size) >> 1) ? CODEC_OK : fail(d, CODEC_UNKNOWN_CLASS, NULL);
  case WIRE_CLASS_NAMED:
    if (item->size < 2) return fail(d, CODEC_MALFORMED, "a class");
    return class_at_path(d->machine, (const char *)item->bytes + 1, item->size - 1) ? CODEC_OK : fail(d, CODEC_UNKNOWN_CLASS, NULL);
  case WIRE_BINDING_NAMED:
    return binding_at_path(d->machine, (const char *)item->bytes, item->size) ? CODEC_OK : fail(d, CODEC_UNKNOWN_NAME, NULL);
  default: return fail(d, CODEC_MALFORMED, "an unknown extension type");
  }
}

/* As HashedCollection class >> capacityFor:, twice for keys and values. */
static size_t table_size(uint32_t n) {
  size_t size = 8;
  while (size <= (size_t)n * 3 / 2) size *= 2;
  return size * 2;
}

static CodecStatus measure_map(Decoder *d, uint32_t n, uint64_t *open) {
  if (!class_at_path(d->machine, "Dictionary", 10)) return fail(d, CODEC_UNKNOWN_CLASS, "Dictionary");
  need_object(d, DICTIONARY_TABLE + 1);
  need_heap(d, table_size(n));
  d->hashed_count++;
  *open += (uint64_t)n * 2;
  return CODEC_OK;
}

/* OPEN: items still to come inside containers. */
static CodecStatus measure_item(Decoder *d, const WireItem *item, uint64_t *open) {
  switch (item->kind) {
  case WIRE_KIND_UNSIGNED: case WIRE_KIND_NEGATIVE:
    if (item->kind == WIRE_KIND_UNSIGNED ? item->word > (uint64_t)SMALL_INTEGER_MAX : (int64_t)item->word < SMALL_INTEGER_MIN)
      need_heap(d, 1);
    return CODEC_OK;
  case WIRE_KIND_DOUBLE: return need_heap(d, 1), CODEC_OK;
  case WIRE_KIND_STRING: case WIRE_KIND_BINARY: return need_object(d, bytes_to_slots(item->size)), CODEC_OK;
  case WIRE_KIND_EXTENSION: return measure_extension(d, item);
  case WIRE_KIND_ARRAY: return measure_array(d, item->size, open);
  case WIRE_KIND_MAP:
    if (item->size * (uint64_t)2 > (uint64_t)(d->end - d->at)) return fail(d, CODEC_TRUNCATED, NULL);
    return measure_map(d, item->size, open);
  default: return CODEC_OK;
  }
}

/* Bytes behind the first one of an unsigned integer of 8, 16 or 32 bits. */
static inline unsigned short_unsigned_bytes(unsigned code) { return code >= 0xcc && code <= 0xce ? 1u << (code - 0xcc) : 0; }

/* Short integers, nils and short strings inside containers.  Answers how many of the OPEN items are left. */
static uint64_t measure_small_run(Decoder *d, uint64_t open) {
  const uint8_t *at = d->at;
  for (; open && at < d->end; open--) {
    unsigned code = *at;
    if (code < 0x80 || code >= 0xe0 || code == 0xc0) {
      at++;
    } else if (code >= 0xa0 && code < 0xc0 && (size_t)(d->end - at) > (code & 31)) {
      need_object(d, bytes_to_slots(code & 31));
      at += 1 + (code & 31);
    } else if (short_unsigned_bytes(code) && (size_t)(d->end - at) > short_unsigned_bytes(code)) {
      at += 1 + short_unsigned_bytes(code);
    } else {
      break;
    }
  }
  d->at = at;
  return open;
}

static CodecStatus measure(Decoder *d, unsigned max) {
  uint64_t open = 0;
  WireItem item;
  while (d->at < d->end || open) {
    open = measure_small_run(d, open);
    if (open) open--;
    else if (d->at == d->end) break;
    else if (d->value_count++ == max) return fail(d, CODEC_MALFORMED, "too many values");
    if (!wire_try_read(&d->at, d->end, &item)) return fail(d, CODEC_TRUNCATED, NULL);
    CodecStatus status = measure_item(d, &item, &open);
    if (status != CODEC_OK) return status;
    if (open > (uint64_t)(d->end - d->at)) return fail(d, CODEC_TRUNCATED, NULL);
  }
  return CODEC_OK;
}

/* ---- symbols that are new here: before the building, because they allocate --------------------------------------------------- */

static Oop foreign_object(const Decoder *d, uint64_t offset) { return source_image_at(d->source, offset); }

/* Any reference into another S that is not a symbol must be found by name. */
static CodecStatus intern_item_may_gc(Decoder *d, const WireItem *item) {
  if (item->kind != WIRE_KIND_EXTENSION) return CODEC_OK;
  if (item->type == WIRE_SYMBOL)
    return machine_symbol_may_gc(d->machine, (const char *)item->bytes, item->size) ? CODEC_OK : fail(d, CODEC_NO_MEMORY, NULL);
  if (item->type != WIRE_SOURCE_REFERENCE) return CODEC_OK;
  uint64_t offset = wire_number(item->bytes, item->size);
  if (same_source(d, offset)) return CODEC_OK;
  Oop x = foreign_object(d, offset);
  if (!x) return fail(d, CODEC_MALFORMED, "a reference into an image");
  Object *object = oop_to_object(x);
  char name[NAME_MAX_BYTES];
  switch (object_class_index(object)) {
  case CLASS_SYMBOL:
    return machine_symbol_may_gc(d->machine, (const char *)object_bytes(object), object_byte_size(object)) ? CODEC_OK : fail(d, CODEC_NO_MEMORY, NULL);
  case CLASS_VARIABLE_BINDING:
    if (!binding_path(d->machine, x, name, sizeof name) || !binding_at_path(d->machine, name, strlen(name)))
      return fail(d, CODEC_UNKNOWN_NAME, NULL);
    return CODEC_OK;
  default: return fail(d, CODEC_FOREIGN_CODE, NULL);
  }
}

static CodecStatus intern_symbols_may_gc(Decoder *d, const uint8_t *bytes) {
  WireItem item;
  for (d->at = bytes; d->at < d->end;) {
    CodecStatus status = wire_try_read(&d->at, d->end, &item) ? intern_item_may_gc(d, &item) : CODEC_TRUNCATED;
    if (status != CODEC_OK) return status;
  }
  return CODEC_OK;
}

/* ---- second walk: build.  Nothing is checked twice that the first walk has settled ---------------------------------------------- */

static bool push_frame(Decoder *d, Object *object, uint32_t next, uint32_t end) {
  if (d->depth && d->stack[d->depth - 1].next == d->stack[d->depth - 1].end) d->depth--; /* nothing left to do there: long lists need no stack */
  if (d->depth == d->stack_capacity) {
    uint32_t capacity = d->stack_capacity ? d->stack_capacity * 2 : 32;
    DecoderFrame *stack = account_realloc(d->accounts, ACCOUNT_CODEC, d->stack, d->stack_capacity * sizeof *stack, capacity * sizeof *stack);
    if (!stack) return false;
    d->stack = stack;
    d->stack_capacity = capacity;
  }
  d->stack[d->depth++] = (DecoderFrame){object, next, end};
  return true;
}

static Oop new_unchecked(Machine *m, uint32_t class_index, unsigned format, size_t slots) {
  if (slots >= OBJECT_SIZE_LARGE) return machine_new_large_unchecked(m, class_index, format, slots);
  return machine_new_unchecked(m, class_index, format, slots);
}

/* The encoder numbers objects in the same order. */
static Object *number_object(Decoder *d, Object *object) {
  if (d->has_back_references) d->objects[d->object_count] = object;
  d->object_count++;
  return object;
}

static Object *build_object(Decoder *d, uint32_t class_index, unsigned format, size_t slots) {
  Object *object = oop_to_object(new_unchecked(d->machine, class_index, format, slots));
  return object ? number_object(d, object) : NULL;
}

static Oop build_packed(Decoder *d, uint32_t class_index, unsigned format, const uint8_t *bytes, size_t size) {
  size_t slots = bytes_to_slots(size);
  format = packed_format(format, size);
  Oop made = slots >= OBJECT_SIZE_LARGE ? machine_new_large_packed_unchecked(d->machine, class_index, format, slots)
                                        : machine_new_unchecked(d->machine, class_index, format, slots);
  if (!made) return 0;
  Object *object = number_object(d, oop_to_object(made));
  if (size) memcpy(object_bytes(object), bytes, size);
  return made;
}

static Oop build_sharing(Decoder *d, uint32_t class_index, unsigned format, SharedBytes *shared) {
  Oop made = machine_new_large_sharing_unchecked(d->machine, class_index, format, shared);
  if (made) number_object(d, oop_to_object(made));
  return made;
}

static Oop build_bytes(Decoder *d, uint32_t class_index, const uint8_t *bytes, size_t size) {
  return build_packed(d, class_index, FORMAT_BYTES, bytes, size);
}

static Oop build_words(Decoder *d, uint32_t class_index, const uint8_t *bytes, size_t size) {
  Object *object = build_object(d, class_index, FORMAT_WORDS, size / 8);
  if (!object) return 0;
  for (size_t i = 0; i < size / 8; i++) object->slots[i] = wire_be64(bytes + i * 8);
  return oop_from_object(object);
}

static Oop build_large(Machine *m, bool negative, const uint8_t *bytes, size_t size) {
  while (size && *bytes == 0) bytes++, size--;
  if (size <= 8) {
    uint64_t n = wire_number(bytes, size);
    if (n <= (uint64_t)SMALL_INTEGER_MAX + negative) return oop_from_small(negative ? (int64_t)(0 - n) : (int64_t)n);
  }
  Oop large = new_unchecked(m, negative ? CLASS_LARGE_NEGATIVE : CLASS_LARGE_POSITIVE, FORMAT_WORDS, bytes_to_slots(size));
  if (!large) return 0;
  uint64_t *limbs = oop_to_object(large)->slots;
  for (size_t i = 0; i < size; i++) limbs[i / 8] |= (uint64_t)bytes[size - 1 - i] << i % 8 * 8;
  return large;
}

static Oop build_integer(Machine *m, const WireItem *item) {
  uint8_t magnitude[8];
  int64_t n = (int64_t)item->word;
  if (item->kind == WIRE_KIND_NEGATIVE ? n >= SMALL_INTEGER_MIN : item->word <= (uint64_t)SMALL_INTEGER_MAX) return oop_from_small(n);
  wire_put_be64(magnitude, item->kind == WIRE_KIND_NEGATIVE ? 0 - item->word : item->word);
  return build_large(m, item->kind == WIRE_KIND_NEGATIVE, magnitude, 8);
}

static Oop build_double(Machine *m, double number) {
  Oop x;
  if (double_try_small(number, &x)) return x;
  x = machine_new_unchecked(m, CLASS_FLOAT, FORMAT_WORDS, 1);
  memcpy(oop_to_object(x)->slots, &number, 8);
  return x;
}

static Oop build_actor(Machine *m, uint64_t id) {
  Oop proxy = machine_new_unchecked(m, CLASS_ACTOR_PROXY, FORMAT_FIXED, 1);
  oop_to_object(proxy)->slots[PROXY_ID] = oop_from_small((int64_t)(id & (uint64_t)SMALL_INTEGER_MAX));
  return proxy;
}

/* A promise of this actor is itself; another's becomes a mirror that asks its owner when somebody waits for it. */
static Oop build_promise(Decoder *d, uint64_t owner, uint64_t number, SharedBytes *count) {
  Oop known = owner == d->self_id && d->find_promise ? d->find_promise(d->machine, number) : 0;
  if (known) return known;
  Oop x = machine_new_unchecked(d->machine, CLASS_PROMISE, FORMAT_FIXED, PROMISE_SLOTS);
  Object *promise = oop_to_object(x);
  promise->slots[PROMISE_STATE] = oop_from_small(0);
  promise->slots[PROMISE_NUMBER] = oop_from_small((int64_t)(number & (uint64_t)SMALL_INTEGER_MAX));
  promise->slots[PROMISE_OWNER] = oop_from_small((int64_t)(owner & (uint64_t)SMALL_INTEGER_MAX));
  return !count || mirrors_add(d->machine, promise, count) ? x : 0;
}

static Oop build_source_reference(Decoder *d, const WireItem *item) {
  uint64_t offset = wire_number(item->bytes, item->size);
  char name[NAME_MAX_BYTES];
  if (same_source(d, offset)) return source_image_at_unchecked(d->source, offset);
  Oop x = foreign_object(d, offset);
  Object *object = oop_to_object(x);
  if (object_class_index(object) == CLASS_SYMBOL)
    return machine_find_symbol(d->machine, (const char *)object_bytes(object), object_byte_size(object));
  binding_path(d->machine, x, name, sizeof name);
  return binding_at_path(d->machine, name, strlen(name));
}

static Oop build_class(Decoder *d, Oop klass, bool meta) {
  if (!meta || !klass) return klass;
  return machine_class_of(d->machine, klass);
}

Oop decoder_class(Decoder *d, uint32_t number) { return build_class(d, class_by_number(d, number >> 1), number & 1); }

static Oop build_extension(Decoder *d, const WireItem *item) {
  Machine *m = d->machine;
  switch (item->type) {
  case WIRE_SYMBOL: return machine_find_symbol(m, (const char *)item->bytes, item->size);
  case WIRE_CHARACTER: return oop_from_character((uint32_t)wire_number(item->bytes, item->size));
  case WIRE_LARGE_INTEGER: return build_large(m, item->bytes[0], item->bytes + 1, item->size - 1);
  case WIRE_ACTOR: return build_actor(m, wire_be64(item->bytes));
  case WIRE_PROMISE: return build_promise(d, wire_be64(item->bytes), wire_be64(item->bytes + 8), shared_of(d, item, WIRE_PROMISE));
  case WIRE_SHARED_BYTES: return build_sharing(d, item->bytes[0] ? CLASS_STRING : CLASS_BYTE_ARRAY, FORMAT_BYTES, shared_of(d, item, WIRE_SHARED_BYTES));
  case WIRE_BACK_REFERENCE: return oop_from_object(d->objects[wire_number(item->bytes, item->size)]);
  case WIRE_SOURCE_REFERENCE: return build_source_reference(d, item);
  case WIRE_CLASS: return decoder_class(d, (uint32_t)wire_number(item->bytes, item->size));
  case WIRE_CLASS_NAMED: return build_class(d, class_at_path(m, (const char *)item->bytes + 1, item->size - 1), item->bytes[0] == 1);
  case WIRE_BINDING_NAMED: return binding_at_path(m, (const char *)item->bytes, item->size);
  default: return 0;
  }
}

static Oop build_container(Decoder *d, Object *object, uint32_t end) {
  if (!object) return 0;
  return end == 0 || push_frame(d, object, 0, end) ? oop_from_object(object) : 0;
}

static Oop build_instance(Decoder *d, uint32_t n, const WireItem *header) {
  ClassShape shape;
  WireItem body;
  if (shape_of_header(d, header, &shape) != CODEC_OK) return 0;
  if (!is_pointer_format(shape.format)) {
    wire_try_read(&d->at, d->end, &body);
    if (body.kind == WIRE_KIND_EXTENSION) return build_sharing(d, shape.class_index, shape.format, shared_of(d, &body, WIRE_SHARED_BYTES));
    if (shape.format == FORMAT_WORDS) return build_words(d, shape.class_index, body.bytes, body.size);
    return build_packed(d, shape.class_index, shape.format, body.bytes, body.size);
  }
  Object *object = build_object(d, shape.class_index, shape.format, n - 1);
  if (object && shape.hashed) d->hashed[d->hashed_count++] = (HashedObject){oop_from_object(object), (HashedKind)shape.hashed};
  return build_container(d, object, n - 1);
}

static Oop build_code(Decoder *d, uint32_t n, const WireItem *header) {
  WireItem words;
  uint32_t oops = n - 2;
  wire_try_read(&d->at, d->end, &words);
  Object *code = build_object(d, header->bytes[0], FORMAT_CODE, oops + words.size / 8);
  if (!code) return 0;
  uint32_t *to = (uint32_t *)&code->slots[oops];
  for (size_t i = 0; i < words.size / 4; i++) to[i] = wire_be32(words.bytes + i * 4);
  return build_container(d, code, oops);
}

static Oop build_array(Decoder *d, uint32_t n) {
  WireItem header;
  if (!try_header(d, n, &header)) return build_container(d, build_object(d, CLASS_ARRAY, FORMAT_POINTERS, n), n);
  if (header.type == WIRE_BLOCK) return build_container(d, build_object(d, CLASS_BLOCK_CLOSURE, FORMAT_POINTERS, n), n);
  if (header.type == WIRE_CODE) return build_code(d, n, &header);
  if (header.type == WIRE_VARIABLE) return build_container(d, build_object(d, CLASS_VARIABLE_BINDING, FORMAT_FIXED, BINDING_SLOTS), BINDING_VALUE + 1);
  return build_instance(d, n, &header);
}

/* Keys and values stand one after the other until the dictionary is rehashed. */
static Oop build_map(Decoder *d, uint32_t n) {
  Machine *m = d->machine;
  Oop klass = class_at_path(m, "Dictionary", 10);
  Object *dictionary = build_object(d, spec_class_index(oop_to_small(machine_object(m, klass)->slots[BEHAVIOR_SPEC])), FORMAT_FIXED, DICTIONARY_TABLE + 1);
  Oop table = new_unchecked(m, CLASS_ARRAY, FORMAT_POINTERS, table_size(n));
  if (!table) return 0;
  dictionary->slots[DICTIONARY_TALLY] = oop_from_small(n);
  dictionary->slots[DICTIONARY_TABLE] = table;
  d->hashed[d->hashed_count++] = (HashedObject){oop_from_object(dictionary), HASHED_OTHER};
  if (n && !push_frame(d, oop_to_object(table), 0, n * 2)) return 0;
  return oop_from_object(dictionary);
}

static Oop build_item(Decoder *d, const WireItem *item) {
  switch (item->kind) {
  case WIRE_KIND_UNSIGNED: case WIRE_KIND_NEGATIVE: return build_integer(d->machine, item);
  case WIRE_KIND_NIL: return OOP_NIL;
  case WIRE_KIND_FALSE: return OOP_FALSE;
  case WIRE_KIND_TRUE: return OOP_TRUE;
  case WIRE_KIND_DOUBLE: return build_double(d->machine, item->number);
  case WIRE_KIND_STRING: return build_bytes(d, CLASS_STRING, item->bytes, item->size);
  case WIRE_KIND_BINARY: return build_bytes(d, CLASS_BYTE_ARRAY, item->bytes, item->size);
  case WIRE_KIND_EXTENSION: return build_extension(d, item);
  case WIRE_KIND_ARRAY: return build_array(d, item->size);
  case WIRE_KIND_MAP: return build_map(d, item->size);
  }
  return 0;
}

static bool is_compiled_block(Oop x) { return oop_is_pointer(x) && object_class_index(oop_to_object(x)) == CLASS_COMPILED_BLOCK; }

/* Room in the container on top of the stack: the slot for the next value.  It must be taken before the value is built, because
 * that may push or pop frames. */
static Object *next_slot(Decoder *d, uint32_t *slot) {
  while (d->depth && d->stack[d->depth - 1].next == d->stack[d->depth - 1].end) d->depth--;
  if (!d->depth) return NULL;
  DecoderFrame *frame = &d->stack[d->depth - 1];
  *slot = frame->next++;
  if (*slot == CLOSURE_RECEIVER && object_class_index(frame->object) == CLASS_BLOCK_CLOSURE && frame->next < frame->end)
    frame->next = CLOSURE_COPIED; /* the home stays nil */
  return frame->object;
}

static void store(Machine *m, Object *container, uint32_t slot, Oop value) {
  if (container->header & FLAG_GUARD) machine_store(m, container, slot, value);
  else container->slots[slot] = value;
}

/* Short integers, nils and short strings in a row, straight into the container. */
static void build_small_run(Decoder *d) {
  DecoderFrame *frame = &d->stack[d->depth - 1];
  Object *object = frame->object;
  if (frame->next <= CLOSURE_HOME && object_class_index(object) == CLASS_BLOCK_CLOSURE) return; /* its first slots are special */
  const uint8_t *at = d->at;
  uint32_t next = frame->next;
  for (; next < frame->end; next++) {
    unsigned code = *at;
    if (code < 0x80 || code >= 0xe0) {
      object->slots[next] = oop_from_small((int8_t)*at++);
    } else if (code == 0xc0) {
      object->slots[next] = OOP_NIL; /* code objects begin with zeros */
      at++;
    } else if (code >= 0xa0 && code < 0xc0) {
      Oop string = machine_new_short_string_unchecked(d->machine, at + 1, code & 31);
      number_object(d, oop_to_object(string));
      store(d->machine, object, next, string);
      at += 1 + (code & 31);
    } else if (short_unsigned_bytes(code)) {
      object->slots[next] = oop_from_small(code == 0xcd ? wire_be16(at + 1) : code == 0xcc ? at[1] : wire_be32(at + 1));
      at += 1 + short_unsigned_bytes(code);
    } else {
      break;
    }
  }
  d->at = at;
  frame->next = next;
}

/* Is its place the same here as where it came from? */
static inline bool is_placed_by_contents(const Decoder *d, Oop key, bool by_identity) {
  if (!oop_is_pointer(key)) return true;
  uint32_t index = object_class_index(oop_to_object(key));
  if (index == CLASS_STRING) return !by_identity;
  switch (index) {
  case CLASS_SYMBOL: return true;
  case CLASS_FLOAT: case CLASS_LARGE_POSITIVE: case CLASS_LARGE_NEGATIVE: return !by_identity;
  default: return address_in_source(key) && d->source == d->machine->source;
  }
}

static bool must_be_rehashed(const Decoder *d, const HashedObject *hashed) {
  if (hashed->kind == HASHED_OTHER) return true;
  Object *object = oop_to_object(hashed->object);
  Oop table = object_slots(object) > DICTIONARY_TABLE ? object->slots[DICTIONARY_TABLE] : OOP_NIL;
  if (!oop_has_class(table, CLASS_ARRAY)) return true;
  bool by_identity = hashed->kind >= HASHED_IDENTITY_SET;
  unsigned stride = hashed->kind == HASHED_DICTIONARY || hashed->kind == HASHED_IDENTITY_DICTIONARY ? 2 : 1;
  const Object *places = oop_to_object(table);
  for (size_t i = 0, slots = object_slots(places); i < slots; i += stride)
    if (!is_placed_by_contents(d, places->slots[i], by_identity)) return true;
  return false;
}

/* A table that looking for a place in it ends: a power of two of places, some of them free. */
static bool is_sound(const HashedObject *hashed) {
  if (hashed->kind == HASHED_OTHER) return true;
  Object *object = oop_to_object(hashed->object);
  Oop table = object_slots(object) > DICTIONARY_TABLE ? object->slots[DICTIONARY_TABLE] : OOP_NIL;
  if (!oop_has_class(table, CLASS_ARRAY) || !oop_is_small(object->slots[DICTIONARY_TALLY])) return false;
  unsigned stride = hashed->kind == HASHED_DICTIONARY || hashed->kind == HASHED_IDENTITY_DICTIONARY ? 2 : 1;
  size_t slots = object_slots(oop_to_object(table)), used = 0;
  if (slots < 2 * stride || (slots & (slots - 1))) return false;
  for (size_t i = 0; i < slots; i += stride) used += oop_to_object(table)->slots[i] != OOP_NIL;
  return used * stride < slots && oop_to_small(object->slots[DICTIONARY_TALLY]) == (int64_t)used;
}

static bool all_sound(const Decoder *d) {
  for (uint32_t i = 0; i < d->hashed_count; i++)
    if (!is_sound(&d->hashed[i])) return false;
  return true;
}

void decoder_drop_well_placed(Decoder *d) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < d->hashed_count; i++)
    if (must_be_rehashed(d, &d->hashed[i])) d->hashed[kept++] = d->hashed[i];
  d->hashed_count = kept;
}

static CodecStatus finish(Decoder *d) {
  if (!d->source && !all_sound(d)) return fail(d, CODEC_MALFORMED, "a hashed collection");
  decoder_drop_well_placed(d);
  return CODEC_OK;
}

void decoder_note_receiver(Machine *m, const Object *closure, Oop self) {
  const Object *code = oop_to_object(closure->slots[CLOSURE_CODE]);
  Oop klass = oop_resolve(m, code->slots[CODE_CLASS]);
  if (code_flags(code) & CODE_CLEAN_BLOCK || klass == OOP_NIL || oop_same(m, machine_class_of(m, self), klass)) return;
  if (!machine_is_kind_of(m, self, klass)) machine_distrust_layouts(m, OVERRIDDEN_LAYOUTS_HERE);
}

static CodecStatus build(Decoder *d, Oop *values, unsigned *count) {
  WireItem item;
  uint32_t slot = 0;
  *count = 0;
  for (;;) {
    Object *container = next_slot(d, &slot);
    if (!container && d->at == d->end) return finish(d);
    wire_try_read(&d->at, d->end, &item);
    Oop value = build_item(d, &item);
    if (!value) return fail(d, CODEC_NO_MEMORY, NULL);
    if (!container) values[(*count)++] = value;
    else if (slot == CLOSURE_CODE && object_class_index(container) == CLASS_BLOCK_CLOSURE && !is_compiled_block(value))
      return fail(d, CODEC_MALFORMED, "a block without code");
    else if (slot == CLOSURE_RECEIVER && object_class_index(container) == CLASS_BLOCK_CLOSURE)
      decoder_note_receiver(d->machine, container, value), store(d->machine, container, slot, value);
    else store(d->machine, container, slot, value);
    if (d->depth && d->at < d->end) build_small_run(d);
  }
}

static bool ensure_scratch(Decoder *d, void **memory, uint32_t *capacity, uint32_t wanted, size_t size) {
  if (*capacity >= wanted) return true;
  void *grown = account_realloc(d->accounts, ACCOUNT_CODEC, *memory, *capacity * size, wanted * size);
  if (!grown) return false;
  *memory = grown;
  *capacity = wanted;
  return true;
}

bool decoder_note_hashed(Decoder *d, Oop object, HashedKind kind) {
  if (d->hashed_count == d->hashed_capacity && !ensure_scratch(d, (void **)&d->hashed, &d->hashed_capacity, d->hashed_count + 8, sizeof *d->hashed)) return false;
  d->hashed[d->hashed_count++] = (HashedObject){object, kind};
  return true;
}

static bool prepare_build(Decoder *d, const uint8_t *bytes) {
  bool ok = true;
  if (d->has_back_references) ok = ensure_scratch(d, (void **)&d->objects, &d->object_capacity, d->object_count, sizeof *d->objects);
  if (ok && d->hashed_count) ok = ensure_scratch(d, (void **)&d->hashed, &d->hashed_capacity, d->hashed_count, sizeof *d->hashed);
  d->at = bytes;
  d->object_count = d->hashed_count = d->depth = 0;
  return ok;
}

/* The common message: a selector of our own S and a few small values.  Needs no heap and one walk.  False: take the long way. */
static bool try_small_values(const Decoder *d, const uint8_t *at, size_t size, Oop *values, unsigned max, unsigned *count) {
  const uint8_t *end = at + size;
  unsigned n = 0;
  if (!d->source || d->source != d->machine->source) return false;
  while (at < end) {
    if (n == max) return false;
    unsigned code = *at;
    if (code < 0x80 || code >= 0xe0) values[n++] = oop_from_small((int8_t)code), at++;
    else if (code == 0xd6 && end - at >= 6 && at[1] == WIRE_SOURCE_REFERENCE) values[n++] = source_image_at_unchecked(d->source, wire_be32(at + 2)), at += 6;
    else if (code == 0xcd && end - at >= 3) values[n++] = oop_from_small(wire_be16(at + 1)), at += 3;
    else if (code == 0xce && end - at >= 5) values[n++] = oop_from_small(wire_be32(at + 1)), at += 5;
    else if (code == 0xcc && end - at >= 2) values[n++] = oop_from_small(at[1]), at += 2;
    else if (code == 0xc0) values[n++] = OOP_NIL, at++;
    else if (code == 0xc2 || code == 0xc3) values[n++] = oop_from_bool(code == 0xc3), at++;
    else return false;
  }
  *count = n;
  return true;
}

CodecStatus decoder_values_may_gc(Decoder *d, Machine *m, const uint8_t *bytes, size_t size, Oop *values, unsigned max, unsigned *count) {
  d->machine = m;
  d->hashed_count = 0;
  if (try_small_values(d, bytes, size, values, max, count) || decoder_try_quick(d, bytes, size, values, max, count)) return CODEC_OK;
  d->at = bytes;
  d->end = bytes + size;
  d->object_count = d->hashed_count = d->depth = 0;
  d->heap_bytes = d->large_bytes = 0;
  d->value_count = 0;
  d->has_back_references = d->has_symbols = false;
  *count = 0;
  if (d->stack_capacity > SCRATCH_KEPT || d->object_capacity > SCRATCH_KEPT) free_scratch(d);
  CodecStatus status = measure(d, max);
  if (status == CODEC_OK && d->has_symbols) status = intern_symbols_may_gc(d, bytes);
  if (status != CODEC_OK) return status;
  m->budget -= (int32_t)(size >> 8);
  if (d->hashed_count) need_heap(d, d->hashed_count + 1), need_heap(d, d->value_count);
  if (d->large_bytes && !machine_reserve_large_may_gc(m, d->large_bytes)) return fail(d, CODEC_NO_MEMORY, NULL);
  if (d->heap_bytes && !machine_reserve_may_gc(m, d->heap_bytes)) return fail(d, CODEC_NO_MEMORY, NULL);
  if (!prepare_build(d, bytes)) return fail(d, CODEC_NO_MEMORY, NULL);
  return build(d, values, count);
}
