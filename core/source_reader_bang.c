/* SPDX-License-Identifier: MIT */
/* source_reader_bang.c -- `!Foo class methodsFor: 'x'! ... ! !`: methods that are separated by bangs, up to an empty
 * one.
 *
 * As in GNU Smalltalk a bang inside a string or comment is not doubled. */
#include "source_reader_internal.h"

/* What is between the quotes of a string, as written; nothing for another token. */
static Text contents(const Token *string) {
  Text text = {string->start + 1, 0};
  if (string->kind == TOKEN_STRING) text.length = (size_t)(string->end - string->start) - 2;
  return text;
}

/* Reads `Foo class methodsFor: 'x' stamp: 'y'!`; the bang is skipped. */
static void read_header(Reader *r, Text *name, bool *class_side, Text *category) {
  *name = r->token.text;
  reader_advance(r);
  *class_side = r->token.kind == TOKEN_IDENTIFIER;
  reader_skip(r, *class_side ? 2 : 1);
  *category = contents(&r->token);
  while (r->token.kind != TOKEN_BANG) reader_advance(r);
  reader_advance(r);
}

static void skip_to_bang(Reader *r) {
  while (!reader_at_end(r) && r->token.kind != TOKEN_BANG) {
    if (r->token.unterminated) reader_error(r, r->token.at, "%s", r->token.problem);
    reader_advance(r);
  }
}

bool reader_method_list(Reader *r) {
  static const Text no_pattern = {NULL, 0};
  Text name, category;
  bool class_side, go_on = true;
  read_header(r, &name, &class_side, &category);
  while (go_on && !reader_at_end(r) && r->token.kind != TOKEN_BANG) {
    Token first = r->token;
    skip_to_bang(r);
    if (!r->events->method) continue;
    go_on = r->events->method(r->events, name, class_side, no_pattern, reader_text_from(r, first.start), category,
                              first.at);
    if (r->token.kind == TOKEN_BANG) reader_advance(r);
  }
  if (r->token.kind == TOKEN_BANG) reader_advance(r);
  return go_on;
}
