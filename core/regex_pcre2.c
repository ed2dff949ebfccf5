/* SPDX-License-Identifier: MIT */
/* regex_pcre2.c -- regular expressions: the one file that knows PCRE2.
 *
 * A pattern is compiled (to machine code where PCRE2 can) when it is first used on a scheduler thread and kept in that thread's cache,
 * found by the bytes of the pattern; so Smalltalk has patterns as plain strings, which can be sent and frozen.  A search tries a
 * limited number of positions in one call (slice_starts) and then answers where to go on: the method loops, and the actor can be pre-empted in
 * between.  What one position may cost is limited (MATCH_LIMIT): a pattern that backtracks without end fails as a Smalltalk error. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "primitive.h"
#include "regex.h"
#include "thread_context.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
  CACHE_SIZE = 64,
  PATTERN_MAX = 1 << 16,
  MATCH_LIMIT = 1000000,
  HEAP_LIMIT_KIB = 8 * 1024,
  JIT_STACK_MAX = 256 * 1024,
  SLICE_STEPS = 16 * 1024 * 1024, SLICE_STARTS_MIN = 64, SLICE_STARTS_MAX = 64 * 1024,
  ERROR_REDUCTIONS = 4000, /* what a match that ran into its limit has cost, about */
  BLOCK_HEADER = 16        /* PCRE2 frees without telling the size */
};

enum { OPTION_ANCHORED = 1, OPTION_CASELESS = 2, OPTION_UTF = 4, OPTIONS = 8 };

typedef struct CachedRegex {
  uint64_t hash;
  char *pattern;
  size_t size;
  unsigned options;
  pcre2_code *code;
  pcre2_match_data *data;
} CachedRegex;

struct RegexCache {
  Accounts *accounts;
  pcre2_general_context *general;
  pcre2_compile_context *compile;
  pcre2_match_context *match;
  pcre2_jit_stack *stack;
  CachedRegex entries[CACHE_SIZE];
};

/* ---- the cache -------------------------------------------------------------------------------------------------------------------------- */

static void *allocate(size_t size, void *accounts) {
  char *block = account_alloc_dirty(accounts, ACCOUNT_CACHE, size + BLOCK_HEADER);
  if (!block) return NULL;
  memcpy(block, &size, sizeof size);
  return block + BLOCK_HEADER;
}

static void release(void *memory, void *accounts) {
  size_t size;
  if (!memory) return;
  char *block = (char *)memory - BLOCK_HEADER;
  memcpy(&size, block, sizeof size);
  account_free(accounts, ACCOUNT_CACHE, block, size + BLOCK_HEADER);
}

static void clear_entry(RegexCache *cache, CachedRegex *entry) {
  pcre2_code_free(entry->code);
  pcre2_match_data_free(entry->data);
  release(entry->pattern, cache->accounts);
  *entry = (CachedRegex){0};
}

void regex_cache_delete(RegexCache *cache) {
  if (!cache) return;
  for (unsigned i = 0; i < CACHE_SIZE; i++) clear_entry(cache, &cache->entries[i]);
  pcre2_match_context_free(cache->match);
  pcre2_compile_context_free(cache->compile);
  pcre2_jit_stack_free(cache->stack);
  pcre2_general_context_free(cache->general);
  account_free(cache->accounts, ACCOUNT_CACHE, cache, sizeof *cache);
}

static RegexCache *cache_new(Accounts *accounts) {
  RegexCache *cache = account_alloc(accounts, ACCOUNT_CACHE, sizeof *cache);
  if (!cache) return NULL;
  cache->accounts = accounts;
  cache->general = pcre2_general_context_create(allocate, release, accounts);
  cache->compile = cache->general ? pcre2_compile_context_create(cache->general) : NULL;
  cache->match = cache->general ? pcre2_match_context_create(cache->general) : NULL;
  if (!cache->compile || !cache->match) {
    regex_cache_delete(cache);
    return NULL;
  }
  cache->stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_MAX, cache->general);
  if (cache->stack) pcre2_jit_stack_assign(cache->match, NULL, cache->stack);
  pcre2_set_max_pattern_length(cache->compile, PATTERN_MAX);
  pcre2_set_match_limit(cache->match, MATCH_LIMIT);
  pcre2_set_heap_limit(cache->match, HEAP_LIMIT_KIB);
  return cache;
}

static RegexCache *machine_regexes(Machine *m) {
  RegexCache **place = thread_context_regexes(m->thread);
  if (!*place) *place = cache_new(thread_context_accounts(m->thread));
  return *place;
}

static pcre2_code *compile(RegexCache *cache, const char *pattern, size_t size, unsigned options, int *error, PCRE2_SIZE *at) {
  uint32_t flags = PCRE2_MULTILINE | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C;
  if (options & OPTION_ANCHORED) flags |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  if (options & OPTION_CASELESS) flags |= PCRE2_CASELESS;
  flags |= options & OPTION_UTF ? PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF : PCRE2_NEVER_UTF;
  return pcre2_compile((PCRE2_SPTR)pattern, size, flags, error, at, cache->compile);
}

/* The pattern in the cache, compiled now if need be; NULL: it is no pattern, or there is no memory. */
static CachedRegex *find_regex(Machine *m, RegexCache *cache, const char *pattern, size_t size, unsigned options) {
  uint64_t hash = XXH3_64bits_withSeed(pattern, size, options);
  CachedRegex *entry = &cache->entries[hash % CACHE_SIZE];
  int error;
  PCRE2_SIZE at;
  if (entry->code && entry->hash == hash && entry->size == size && entry->options == options && memcmp(entry->pattern, pattern, size) == 0) return entry;
  clear_entry(cache, entry);
  primitive_charge(m, (size + 16) * 256); /* compiling takes about a microsecond a character */
  entry->code = compile(cache, pattern, size, options, &error, &at);
  if (!entry->code) return NULL;
  pcre2_jit_compile(entry->code, PCRE2_JIT_COMPLETE); /* without it PCRE2 interprets */
  entry->data = pcre2_match_data_create_from_pattern(entry->code, cache->general);
  entry->pattern = allocate(size ? size : 1, cache->accounts);
  if (!entry->data || !entry->pattern) {
    clear_entry(cache, entry);
    return NULL;
  }
  memcpy(entry->pattern, pattern, size);
  entry->size = size;
  entry->hash = hash;
  entry->options = options;
  return entry;
}

/* ---- primitives ---------------------------------------------------------------------------------------------------------------------------- */

/* First and last index of the whole match and of each group, nil for those that took no part. */
static Oop registers_may_gc(Machine *m, const CachedRegex *regex) {
  uint32_t count = pcre2_get_ovector_count(regex->data);
  Oop array = machine_new_array_may_gc(m, count * 2);
  if (!array) return OOP_FAIL;
  const PCRE2_SIZE *at = pcre2_get_ovector_pointer(regex->data);
  Object *object = oop_to_object(array);
  for (uint32_t i = 0; i < count; i++) {
    if (at[2 * i] == PCRE2_UNSET) continue;
    size_t last = at[2 * i + 1] < at[2 * i] ? at[2 * i] : at[2 * i + 1];
    object->slots[2 * i] = oop_from_small((int64_t)at[2 * i] + 1);
    object->slots[2 * i + 1] = oop_from_small((int64_t)last);
  }
  return array;
}

/* How many positions to try in one call: each may have to look at all of the REMAINING bytes. */
static size_t slice_starts(size_t remaining) {
  size_t starts = SLICE_STEPS / (remaining + 1);
  if (starts < SLICE_STARTS_MIN) return SLICE_STARTS_MIN;
  return starts > SLICE_STARTS_MAX ? SLICE_STARTS_MAX : starts;
}

static Oop match_failed(Machine *m, int error) {
  m->budget -= ERROR_REDUCTIONS;
  m->failure_code = error;
  return primitive_fail(m, error == PCRE2_ERROR_NOMEMORY ? FAILURE_NO_MEMORY : FAILURE_TOO_LARGE);
}

/* subject regex_search: pattern from: first to: last options: 1 the whole range must match, 2 whatever the case, 4 UTF-8.
 * Answers the registers, nil when there is no match, or the index from which to go on. */
static Oop regex_search(Machine *m) {
  const char *subject, *pattern;
  size_t subject_size, pattern_size;
  if (!oop_try_bytes(m, m->args[0], &subject, &subject_size)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  if (!oop_try_bytes(m, m->args[1], &pattern, &pattern_size)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  if (!(m->args[2] & m->args[3] & m->args[4] & 1)) return primitive_fail(m, FAILURE_BAD_ARGUMENT);
  int64_t first = oop_to_small(m->args[2]), last = oop_to_small(m->args[3]), options = oop_to_small(m->args[4]);
  if (first < 1 || last > (int64_t)subject_size || first > last + 1 || last < 0) return primitive_fail(m, FAILURE_BAD_INDEX);
  if (options < 0 || options >= OPTIONS) return primitive_fail(m, FAILURE_BAD_VALUE);
  RegexCache *cache = machine_regexes(m);
  if (!cache) return primitive_fail(m, FAILURE_NO_MEMORY);
  CachedRegex *regex = find_regex(m, cache, pattern, pattern_size, (unsigned)options);
  if (!regex) return primitive_fail(m, FAILURE_BAD_VALUE);

  size_t start = (size_t)first - 1, stop = start + slice_starts((size_t)last - start);
  bool whole = (options & OPTION_ANCHORED) || stop >= (size_t)last;
  pcre2_set_offset_limit(cache->match, whole ? PCRE2_UNSET : stop);
  int found = pcre2_match(regex->code, (PCRE2_SPTR)subject, (size_t)last, start, 0, regex->data, cache->match);
  size_t reached = found > 0 ? pcre2_get_ovector_pointer(regex->data)[0] : whole ? (size_t)last : stop;
  primitive_charge(m, (reached > start ? reached - start : 0) * 4 + 256);
  if (found >= 0) return registers_may_gc(m, regex);
  if (found == PCRE2_ERROR_NOMATCH) return whole ? OOP_NIL : oop_from_small((int64_t)stop + 2);
  return match_failed(m, found);
}

/* pattern regex_error: what is wrong with the pattern, nil when nothing is. */
static Oop regex_error(Machine *m) {
  const char *pattern;
  size_t size;
  int error = 0;
  PCRE2_SIZE at = 0;
  unsigned char text[256];
  if (!oop_try_bytes(m, m->args[0], &pattern, &size)) return primitive_fail(m, FAILURE_BAD_RECEIVER);
  RegexCache *cache = machine_regexes(m);
  if (!cache) return primitive_fail(m, FAILURE_NO_MEMORY);
  pcre2_code *code = compile(cache, pattern, size, 0, &error, &at);
  pcre2_code_free(code);
  if (code) return OOP_NIL;
  int length = pcre2_get_error_message(error, text, sizeof text - 32);
  if (length < 0) length = 0;
  length += snprintf((char *)text + length, 32, " at index %zu", (size_t)at + 1);
  Oop answer = machine_new_string_may_gc(m, (char *)text, (size_t)length);
  return answer ? answer : OOP_FAIL;
}

const Primitive regex_primitives[] = {
    {"regex_search", regex_search, 4, "pattern, first, last, options: registers of the first match, nil, or where to go on", 0},
    {"regex_error", regex_error, 0, "what is wrong with a pattern, or nil", 0},
    {NULL, NULL, 0, NULL, 0}};
