/* SPDX-License-Identifier: MIT */
/* source_reader_tonel.c -- Tonel, the files of Pharo's packages: `Class { #name : #Foo, #superclass : #Object, ... }` with the comment in
 * front, then methods as `{ #category : #x }` and `Foo >> bar [ ... ]`.  A `Trait { ... }` is a class below Trait; of `#classTraits` nothing is read, since
 * who uses a trait uses its class side. */
#include <string.h>

#include "source_reader_internal.h"

enum { MAX_VALUES = 256 };

/* What is said of a class.  All texts lie in the source. */
typedef struct Description {
  Text name, superclass, category, type, traits;
  Text variables[MAX_VALUES], class_variables[MAX_VALUES], class_side[MAX_VALUES], pools[MAX_VALUES];
  unsigned variable_count, class_variable_count, class_side_count, pool_count;
} Description;

/* The token's name without # and quotes. */
static Text bare(const Token *token) {
  Text text = {token->start, (size_t)(token->end - token->start)};
  if (text.length && *text.start == '#') text.start++, text.length--;
  if (text.length >= 2 && *text.start == '\'') text.start++, text.length -= 2;
  if (text.length && text.start[text.length - 1] == ':') text.length--;
  return text;
}

static bool is_value(const Reader *r) {
  TokenKind kind = r->token.kind;
  return kind == TOKEN_SYMBOL || kind == TOKEN_STRING || kind == TOKEN_IDENTIFIER || kind == TOKEN_NUMBER;
}

/* A value, or values in brackets; other groups are passed over. */
static void read_values(Reader *r, Text *values, unsigned *count) {
  bool list = r->token.kind == TOKEN_OPEN_BRACKET;
  *count = 0;
  if (list) reader_advance(r);
  do {
    if (is_value(r)) {
      if (*count < MAX_VALUES) values[(*count)++] = bare(&r->token);
      else reader_error(r, r->token.at, "too many names (more than %d)", MAX_VALUES);
      reader_advance(r);
    } else if (r->token.kind == TOKEN_OPEN_BRACE || r->token.kind == TOKEN_OPEN_PAREN) {
      reader_skip_group(r);
    } else if (list && reader_at_operator(r, ',')) {
      reader_advance(r);
    } else {
      break;
    }
  } while (list);
  if (list && r->token.kind == TOKEN_CLOSE_BRACKET) reader_advance(r);
  else if (list) reader_expected(r, "a name, ',' or ']'");
}

static void read_value(Reader *r, Text *value) {
  Text values[MAX_VALUES];
  unsigned count;
  read_values(r, values, &count);
  *value = count ? values[0] : (Text){NULL, 0};
}

static void read_entry(Reader *r, Text key, Description *d) {
  Text ignored;
  if (text_is(key, "name")) read_value(r, &d->name);
  else if (text_is(key, "superclass")) read_value(r, &d->superclass);
  else if (text_is(key, "category") || text_is(key, "package")) read_value(r, d->category.length ? &ignored : &d->category);
  else if (text_is(key, "type")) read_value(r, &d->type);
  else if (text_is(key, "traits")) read_value(r, &d->traits);
  else if (text_is(key, "instVars")) read_values(r, d->variables, &d->variable_count);
  else if (text_is(key, "classVars")) read_values(r, d->class_variables, &d->class_variable_count);
  else if (text_is(key, "classInstVars")) read_values(r, d->class_side, &d->class_side_count);
  else if (text_is(key, "pools") || text_is(key, "poolDictionaries")) read_values(r, d->pools, &d->pool_count);
  else read_value(r, &ignored);
}

/* `{ #key : value, ... }`; the token is the brace.  False: it could not be read to its end. */
static bool read_description(Reader *r, Description *d) {
  Token open = r->token;
  memset(d, 0, sizeof *d);
  reader_advance(r);
  while (r->token.kind == TOKEN_SYMBOL || r->token.kind == TOKEN_STRING) {
    Text key = bare(&r->token);
    reader_advance(r);
    if (r->token.kind == TOKEN_COLON) reader_advance(r);
    read_entry(r, key, d);
    if (!reader_at_operator(r, ',')) break;
    reader_advance(r);
  }
  if (r->token.kind == TOKEN_CLOSE_BRACE) return reader_advance(r), true;
  reader_expected(r, "',' and '#name : value', or '}'");
  reader_recover(r, &open);
  return false;
}

bool reader_at_metadata(const Reader *r) {
  Scanner ahead = r->scanner;
  if (r->token.kind != TOKEN_OPEN_BRACE) return false;
  Token key = scanner_next(&ahead);
  if (key.kind != TOKEN_SYMBOL) return false;
  return scanner_next(&ahead).kind == TOKEN_COLON || key.end[-1] == ':';
}

void reader_metadata(Reader *r) {
  Description d;
  if (read_description(r, &d)) r->category = d.category;
}

/* ---- classes ---- */

/* The comment between the token before and TOKEN, its quotes included. */
static Text comment_before(const Reader *r, const char *token) {
  const char *from = r->previous ? r->previous : r->source->text;
  const char *open = from < token ? memchr(from, '"', (size_t)(token - from)) : NULL, *close = token;
  if (!open) return (Text){NULL, 0};
  while (close[-1] != '"') close--;
  return (Text){open, (size_t)(close - open)};
}

/* Texts that live longer than any source. */
#define FIXED_TEXT(string) ((Text){string, sizeof string - 1})

Text source_shape_of_type(Text type) {
  static const struct {
    const char *type, *shape;
  } shapes[] = {{"variable", "pointer"}, {"bytes", "byte"}, {"words", "uint"}, {"doubleBytes", "ushort"}, {"doubleWords", "uint64"},
                {"weak", "weak"}, {"ephemeron", "pointer"}, {"immediate", ""}, {"normal", ""}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    if (text_is(type, shapes[i].type)) return (Text){shapes[i].shape, strlen(shapes[i].shape)};
  return (Text){NULL, 0};
}

static bool tell_pragma(Reader *r, Text keyword, Text value, SourcePosition at) {
  return !value.length || !r->events->class_pragma || r->events->class_pragma(r->events, false, keyword, value, at);
}

static bool tell_variables(Reader *r, bool class_side, const Text *names, unsigned count, SourcePosition at) {
  return !count || !r->events->instance_variables || r->events->instance_variables(r->events, class_side, names, count, at);
}

static bool tell_class(Reader *r, const Description *d, Text comment, SourcePosition at) {
  SourceEvents *e = r->events;
  bool go_on = !e->class_begin || e->class_begin(e, d->superclass.length ? d->superclass : FIXED_TEXT("nil"), d->name, at);
  go_on = go_on && tell_pragma(r, FIXED_TEXT("shape:"), source_shape_of_type(d->type), at) && tell_variables(r, false, d->variables, d->variable_count, at) &&
          tell_variables(r, true, d->class_side, d->class_side_count, at);
  for (unsigned i = 0; go_on && e->class_variable && i < d->class_variable_count; i++)
    go_on = e->class_variable(e, d->class_variables[i], (Text){NULL, 0}, at);
  for (unsigned i = 0; go_on && i < d->pool_count; i++) go_on = tell_pragma(r, FIXED_TEXT("import:"), d->pools[i], at);
  if (d->traits.length && !text_is(d->traits, "{}")) go_on = go_on && tell_pragma(r, FIXED_TEXT("uses:"), d->traits, at);
  go_on = go_on && tell_pragma(r, FIXED_TEXT("category:"), d->category, at) && tell_pragma(r, FIXED_TEXT("comment:"), comment, at);
  return go_on && (!e->class_end || e->class_end(e));
}

bool reader_tonel_definition(Reader *r) {
  Token kind = r->token;
  Text comment = comment_before(r, kind.start);
  Description d;
  reader_advance(r);
  if (!read_description(r, &d)) return true;
  if (text_is(kind.text, "Package") || text_is(kind.text, "Extension")) return true;
  if (!d.name.length) {
    reader_error(r, kind.at, "expected '#name : #Foo' in the description of a class");
    return true;
  }
  if (text_is(kind.text, "Trait")) d.superclass = FIXED_TEXT("Trait");
  return tell_class(r, &d, comment, kind.at);
}
