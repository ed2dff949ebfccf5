/* SPDX-License-Identifier: MIT */
/* source_reader.c -- a file as a sequence of events: the top level of bracket and bang files.
 *
 * Both syntaxes are read by one loop, so that they can alternate.  What begins at the present token is told by looking
 * ahead a few tokens (reader_classify); everything that is no definition is a statement up to its period or bang. */
#include <string.h>

#include "source_reader_internal.h"

static bool read_top_level(Reader *r, const Token *namespace_open);

static bool read_eval(Reader *r) {
  SourcePosition at = r->token.at;
  Text text;
  reader_advance(r);
  text.start = r->token.end;
  if (!reader_skip_group(r)) return true;
  text.length = (size_t)(r->group_close - text.start);
  return !r->events->eval || r->events->eval(r->events, text, at);
}

static bool end_class(Reader *r) { return !r->events->class_end || r->events->class_end(r->events); }

/* `Super subclass: Name [` */
static bool read_class(Reader *r) {
  Token superclass = r->token, name, open;
  reader_skip(r, 2);
  name = r->token;
  if (name.kind == TOKEN_SYMBOL) name.text = name.literal.text;
  reader_advance(r);
  open = r->token;
  reader_advance(r);
  if (r->events->class_begin && !r->events->class_begin(r->events, superclass.text, name.text, superclass.at))
    return false;
  return reader_class_body(r, name.text, false, &open) && end_class(r);
}

/* `Name [`, `Name class [`, `Name extend [`, `Name class extend [` */
static bool read_extension(Reader *r) {
  Token name = r->token, open;
  bool class_side;
  reader_advance(r);
  class_side = r->token.kind == TOKEN_IDENTIFIER && text_is(r->token.text, "class");
  while (r->token.kind != TOKEN_OPEN_BRACKET) reader_advance(r);
  open = r->token;
  reader_advance(r);
  if (r->events->extend_begin && !r->events->extend_begin(r->events, name.text, class_side, name.at)) return false;
  return reader_class_body(r, name.text, class_side, &open) && end_class(r);
}

/* `Namespace current: Name [` */
static bool read_namespace(Reader *r) {
  Token name, open;
  bool go_on = true;
  reader_skip(r, 2);
  name = r->token;
  reader_advance(r);
  open = r->token;
  reader_advance(r);
  if (r->events->namespace_begin && !r->events->namespace_begin(r->events, name.text, name.at)) return false;
  if (++r->depth > COMPILER_MAX_DEPTH) {
    reader_error(r, open.at, "nested too deep (more than %d levels)", COMPILER_MAX_DEPTH);
    reader_recover(r, &open);
  } else {
    go_on = read_top_level(r, &open);
  }
  r->depth--;
  return go_on && (!r->events->namespace_end || r->events->namespace_end(r->events));
}

static bool read_temporaries(Reader *r) {
  SourcePosition at = r->token.at;
  Text *names;
  unsigned count;
  if (!reader_names(r, &names, &count)) {
    reader_skip_code(r);
    return true;
  }
  return !count || !r->events->declare_temporaries || r->events->declare_temporaries(r->events, names, count, at);
}

static bool read_statement(Reader *r) {
  Token first = r->token;
  if (!reader_skip_statement(r) || r->unterminated) return true;
  return !r->events->statement || r->events->statement(r->events, reader_text_from(r, first.start), first.at);
}

/* `<import: Foo>` in a namespace. */
static bool read_namespace_pragma(Reader *r) {
  Token keyword;
  const char *start;
  bool go_on = true;
  reader_accept_operator(r);
  keyword = r->token;
  reader_advance(r);
  start = r->token.start;
  while (!reader_at_end(r) && r->token.kind != TOKEN_CLOSE_BRACKET && !reader_at_operator(r, '>')) reader_advance(r);
  if (keyword.kind == TOKEN_KEYWORD && r->events->namespace_pragma)
    go_on = r->events->namespace_pragma(r->events, keyword.text, reader_text_from(r, start), keyword.at);
  if (reader_at_operator(r, '>')) reader_accept_operator(r);
  return go_on;
}

static bool read_definition(Reader *r) {
  switch (reader_classify(r)) {
  case DEFINITION_EVAL: return read_eval(r);
  case DEFINITION_NAMESPACE: return read_namespace(r);
  case DEFINITION_CLASS: return read_class(r);
  case DEFINITION_EXTEND: return read_extension(r);
  case DEFINITION_METHOD: return reader_qualified_method(r, false);
  case DEFINITION_METHODS_FOR: return reader_method_list(r);
  case DEFINITION_COMMENT: return reader_comment_chunk(r);
  case DEFINITION_REORGANIZE: return reader_reorganization(r);
  case DEFINITION_TONEL: return reader_tonel_definition(r);
  default: return read_statement(r);
  }
}

static bool read_item(Reader *r, bool in_namespace) {
  switch (r->token.kind) {
  case TOKEN_BANG:
  case TOKEN_PERIOD: reader_advance(r); return true;
  case TOKEN_CLOSE_BRACKET:
  case TOKEN_CLOSE_PAREN:
  case TOKEN_CLOSE_BRACE:
    reader_expected(r, "a statement or definition (nothing is open here)");
    reader_advance(r);
    return true;
  default:
    if (reader_at_operator(r, '|')) return read_temporaries(r);
    if (in_namespace && reader_at_operator(r, '<')) return read_namespace_pragma(r);
    if (reader_at_metadata(r)) {
      reader_metadata(r);
      return true;
    }
    return read_definition(r);
  }
}

/* The whole file, or the body of a namespace up to its ']', which is skipped. */
static bool read_top_level(Reader *r, const Token *namespace_open) {
  bool go_on = true;
  while (go_on && !reader_at_end(r)) {
    if (namespace_open && r->lost) return true;
    if (namespace_open && r->token.kind == TOKEN_CLOSE_BRACKET) {
      reader_advance(r);
      return true;
    }
    r->lost = false;
    go_on = read_item(r, namespace_open != NULL);
  }
  if (go_on && namespace_open && !r->lost) reader_error(r, namespace_open->at, "this '[' is never closed");
  return go_on;
}

/* `#! /usr/bin/atoll` in the first line is the system's. */
static Text without_shebang(const Source *source) {
  Text text = {source->text, source->length};
  const char *newline;
  if (source->length < 2 || memcmp(source->text, "#!", 2)) return text;
  newline = memchr(source->text, '\n', source->length);
  text.start = newline ? newline : source->text + source->length;
  text.length = (size_t)(source->text + source->length - text.start);
  return text;
}

bool source_read(const Source *source, SourceEvents *events) {
  Reader r;
  bool go_on;
  memset(&r, 0, sizeof r);
  r.arena = arena_new();
  r.source = source;
  r.events = events;
  scanner_init(&r.scanner, r.arena, source, without_shebang(source));
  reader_advance(&r);
  go_on = read_top_level(&r, NULL);
  arena_delete(r.arena);
  return go_on && !r.failed;
}
