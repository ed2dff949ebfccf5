/* SPDX-License-Identifier: MIT */
/* source_reader_bang.c -- `!Foo class methodsFor: 'x'! ... ! !`: methods that are separated by bangs, up to an empty
 * one; and the other chunks of Squeak's file-outs that are no code.
 *
 * As in GNU Smalltalk a bang inside a string or comment is not doubled; source_text.c has seen to files where it is. */
#include "source_reader_internal.h"

#include <string.h>

/* What is between the quotes of a string, as written; nothing for another token. */
static Text contents(const Token *string) {
  Text text = {string->start + 1, 0};
  if (string->kind == TOKEN_STRING) text.length = (size_t)(string->end - string->start) - 2;
  return text;
}

static void read_class_name(Reader *r, Text *name, bool *class_side) {
  *name = r->token.text;
  reader_advance(r);
  *class_side = reader_is_class_side(&r->token);
  if (*class_side) reader_advance(r);
}

static void skip_header(Reader *r) {
  while (!reader_at_end(r) && r->token.kind != TOKEN_BANG) reader_advance(r);
}

/* Reads `Foo class methodsFor: 'x' stamp: 'y'!`, the bang too.  What stands behind ifTrue: or ifFalse: is the condition. */
static void read_header(Reader *r, Text *name, bool *class_side, Text *category, Token *condition, Text *expression) {
  read_class_name(r, name, class_side);
  reader_advance(r);
  *category = contents(&r->token);
  condition->kind = TOKEN_END;
  while (!reader_at_end(r) && r->token.kind != TOKEN_BANG) {
    if (r->token.kind == TOKEN_KEYWORD && (text_is(r->token.text, "ifTrue:") || text_is(r->token.text, "ifFalse:"))) {
      *condition = r->token;
      skip_header(r);
      *expression = reader_text_from(r, condition->end);
    } else {
      reader_advance(r);
    }
  }
  reader_advance(r);
}

static void skip_to_bang(Reader *r) {
  while (!reader_at_end(r) && r->token.kind != TOKEN_BANG) {
    if (r->token.unterminated) reader_error(r, r->token.at, "%s", r->token.problem);
    reader_advance(r);
  }
}

static bool read_methods(Reader *r, Text name, bool class_side, Text category) {
  static const Text no_pattern = {NULL, 0};
  bool go_on = true;
  while (go_on && !reader_at_end(r) && r->token.kind != TOKEN_BANG) {
    Token first = r->token;
    skip_to_bang(r);
    if (r->events->method)
      go_on = r->events->method(r->events, name, class_side, no_pattern, reader_text_from(r, first.start), category, first.at);
    if (r->token.kind == TOKEN_BANG) reader_advance(r);
  }
  if (r->token.kind == TOKEN_BANG) reader_advance(r);
  return go_on;
}

bool reader_method_list(Reader *r) {
  Text name, category, expression = {NULL, 0};
  Token condition;
  bool class_side;
  read_header(r, &name, &class_side, &category, &condition, &expression);
  bool conditional = condition.kind != TOKEN_END && r->events->condition_begin;
  if (conditional && !r->events->condition_begin(r->events, expression, condition.at)) return false;
  bool go_on = read_methods(r, name, class_side, category);
  return go_on && (!conditional || !r->events->condition_end || r->events->condition_end(r->events));
}

/* The bytes from FROM to the end of the chunk; the reader goes on behind it. */
static Text take_raw_chunk(Reader *r, const char *from) {
  const char *end = r->source->text + r->source->length, *close = memchr(from, r->source->chunks ? CHUNK_END : '!', (size_t)(end - from));
  Text chunk = {from, (size_t)((close ? close : end) - from)}, rest = {close ? close : end, 0};
  rest.length = (size_t)(end - rest.start);
  scanner_init(&r->scanner, r->arena, r->source, rest);
  reader_advance(r);
  return chunk;
}

/* `Foo commentStamp: 'ab 1/2/2003' prior: 0!`, then the comment. */
bool reader_comment_chunk(Reader *r) {
  static const Text keyword = {"commentText:", 12}; /* lives longer than any source */
  Token first = r->token;
  Text name, comment;
  bool class_side;
  SourceEvents *e = r->events;
  read_class_name(r, &name, &class_side);
  skip_header(r);
  comment = take_raw_chunk(r, r->token.end);
  while (comment.length && (*comment.start == '\n' || *comment.start == ' ')) comment.start++, comment.length--;
  if (class_side) return true;
  if (e->extend_begin && !e->extend_begin(e, name, class_side, first.at)) return false;
  if (e->class_pragma && !e->class_pragma(e, class_side, keyword, comment, first.at)) return false;
  return !e->class_end || e->class_end(e);
}

/* `Foo reorganize!`, then lists of selectors by category, as the elements of a literal array. */
bool reader_reorganization(Reader *r) {
  static const Text keyword = {"reorganizeFrom:", 15};
  Token first = r->token;
  Text name, lists;
  bool class_side;
  SourceEvents *e = r->events;
  read_class_name(r, &name, &class_side);
  skip_header(r);
  lists = take_raw_chunk(r, r->token.end);
  if (e->extend_begin && !e->extend_begin(e, name, class_side, first.at)) return false;
  if (e->class_pragma && !e->class_pragma(e, class_side, keyword, lists, first.at)) return false;
  return !e->class_end || e->class_end(e);
}
