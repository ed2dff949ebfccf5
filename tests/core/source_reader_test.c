/* SPDX-License-Identifier: MIT */
/* source_reader_test.c -- files as sequences of events, one line each. */
#include "compiler_support.h"

typedef struct Log {
  SourceEvents events;
  char text[8192];
  unsigned stop_after; /* statements; 0: never */
} Log;

static void put(SourceEvents *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(SourceEvents *e, const char *format, ...) {
  Log *log = (Log *)e;
  size_t used = strlen(log->text);
  va_list args;
  va_start(args, format);
  vsnprintf(log->text + used, sizeof log->text - used, format, args);
  va_end(args);
}

#define T(text) (int)(text).length, (text).start

static bool on_class_begin(SourceEvents *e, Text superclass, Text name, SourcePosition at) {
  put(e, "class %.*s < %.*s @%u:%u\n", T(name), T(superclass), at.line, at.column);
  return true;
}
static bool on_extend_begin(SourceEvents *e, Text name, bool class_side, SourcePosition at) {
  (void)at;
  put(e, "extend %.*s%s\n", T(name), class_side ? " class" : "");
  return true;
}
static bool on_class_end(SourceEvents *e) { return put(e, "end\n"), true; }
static bool on_instance_variables(SourceEvents *e, bool class_side, const Text *names, unsigned count,
                                  SourcePosition at) {
  (void)at;
  put(e, class_side ? "class-side variables" : "variables");
  for (unsigned i = 0; i < count; i++) put(e, " %.*s", T(names[i]));
  return put(e, "\n"), true;
}
static bool on_class_variable(SourceEvents *e, Text name, Text value, SourcePosition at) {
  (void)at;
  return put(e, "class variable %.*s = {%.*s}\n", T(name), T(value)), true;
}
static bool on_class_pragma(SourceEvents *e, bool class_side, Text keyword, Text value, SourcePosition at) {
  (void)at;
  return put(e, "pragma%s %.*s {%.*s}\n", class_side ? " class" : "", T(keyword), T(value)), true;
}
static bool on_method(SourceEvents *e, Text class_name, bool class_side, Text pattern, Text body, Text category,
                      SourcePosition at) {
  put(e, "method %.*s%s {%.*s} {%.*s} {%.*s} @%u\n", T(class_name), class_side ? " class" : "", T(pattern), T(body),
      T(category), at.line);
  return true;
}
static bool on_temporaries(SourceEvents *e, const Text *names, unsigned count, SourcePosition at) {
  (void)at;
  put(e, "temporaries");
  for (unsigned i = 0; i < count; i++) put(e, " %.*s", T(names[i]));
  return put(e, "\n"), true;
}
static bool on_statement(SourceEvents *e, Text text, SourcePosition at) {
  Log *log = (Log *)e;
  put(e, "statement {%.*s} @%u:%u\n", T(text), at.line, at.column);
  return !log->stop_after || --log->stop_after;
}
static bool on_eval(SourceEvents *e, Text text, SourcePosition at) {
  (void)at;
  return put(e, "eval {%.*s}\n", T(text)), true;
}
static bool on_namespace_begin(SourceEvents *e, Text name, SourcePosition at) {
  (void)at;
  return put(e, "namespace %.*s\n", T(name)), true;
}
static bool on_namespace_end(SourceEvents *e) { return put(e, "namespace end\n"), true; }
static void on_error(SourceEvents *e, const CompileError *error) {
  put(e, "error %u:%u %s\n", error->at.line, error->at.column, error->message);
}

static const SourceEvents all_events = {
    on_class_begin, on_extend_begin, on_class_end, on_instance_variables, on_class_variable, on_class_pragma, on_method,
    on_temporaries, on_statement,    on_eval,      on_namespace_begin,    on_namespace_end,  on_error};

static void assert_events(const char *text, const char *expected) {
  Log log = {all_events, "", 0};
  Source source = {"test.st", text, strlen(text), 1};
  bool good = source_read(&source, &log.events);
  assert_string_equal(log.text, expected);
  assert_int_equal(good, !strstr(expected, "error "));
}

static void class_definition_tells_its_parts_in_order(void **state) {
  (void)state;
  assert_events("Object subclass: Foo [\n"
                "  | a b |\n"
                "  <comment: 'x'>\n"
                "  <shape: #pointer>\n"
                "  Count := 3 + (4. 5).\n"
                "  Other.\n"
                "  Foo class >> make [ ^self new ]\n"
                "  Foo class [ | registry | <note: 1 + 2> all [ ^registry ] ]\n"
                "  bar [ <category: 'y'> ^a ]\n"
                "  + other [ ^b ]\n"
                "  at: i put: x [ ^#($[ 'x]' #(1)) ]\n"
                "  | other [ ^1 ]\n"
                "  < other [ ^2 ]\n"
                "]\n",
                "class Foo < Object @1:1\n"
                "variables a b\n"
                "pragma comment: {'x'}\n"
                "pragma shape: {#pointer}\n"
                "class variable Count = {3 + (4. 5)}\n"
                "class variable Other = {}\n"
                "method Foo class {make} { ^self new } {} @7\n"
                "class-side variables registry\n"
                "pragma class note: {1 + 2}\n"
                "method Foo class {all} { ^registry } {} @8\n"
                "method Foo {bar} { <category: 'y'> ^a } {} @9\n"
                "method Foo {+ other} { ^b } {} @10\n"
                "method Foo {at: i put: x} { ^#($[ 'x]' #(1)) } {} @11\n"
                "method Foo {| other} { ^1 } {} @12\n"
                "method Foo {< other} { ^2 } {} @13\n"
                "end\n");
}

static void extensions_and_single_methods(void **state) {
  (void)state;
  assert_events("Foo extend [ a [ ^1 ] ]\n"
                "Foo class extend [ | x | b [ ^2 ] ]\n"
                "Foo [ c [ ] ]\n"
                "Foo class [ d [ ] ]\n"
                "Foo class >> e: x [ ^x ]\n"
                "A.Foo >> == y [ ^3 ]\n",
                "extend Foo\nmethod Foo {a} { ^1 } {} @1\nend\n"
                "extend Foo class\nclass-side variables x\nmethod Foo class {b} { ^2 } {} @2\nend\n"
                "extend Foo\nmethod Foo {c} { } {} @3\nend\n"
                "extend Foo class\nmethod Foo class {d} { } {} @4\nend\n"
                "method Foo class {e: x} { ^x } {} @5\n"
                "method A.Foo {== y} { ^3 } {} @6\n");
}

static void statements_end_at_periods(void **state) {
  (void)state;
  assert_events("| a b |\na foo. b bar: [1. 2]; baz: #(3. 4).\n^a . 'x.y' size\n",
                "temporaries a b\n"
                "statement {a foo} @2:1\n"
                "statement {b bar: [1. 2]; baz: #(3. 4)} @2:8\n"
                "statement {^a} @3:1\n"
                "statement {'x.y' size} @3:6\n");
}

static void definition_is_told_from_a_message(void **state) {
  (void)state;
  assert_events("Object subclass: #Foo.\n"
                "Object subclass: #Bar instanceVariableNames: 'a' category: ''.\n"
                "Object subclass: x name.\n"
                "(Foo >> #bar) printNl.\n"
                "Foo >> #bar.\n"
                "Foo extend: [ 3 ].\n"
                "Foo class extend.\n"
                "Namespace current: x.\n"
                "nil subclass: Root [ ]\n",
                "statement {Object subclass: #Foo} @1:1\n"
                "statement {Object subclass: #Bar instanceVariableNames: 'a' category: ''} @2:1\n"
                "statement {Object subclass: x name} @3:1\n"
                "statement {(Foo >> #bar) printNl} @4:1\n"
                "statement {Foo >> #bar} @5:1\n"
                "statement {Foo extend: [ 3 ]} @6:1\n"
                "statement {Foo class extend} @7:1\n"
                "statement {Namespace current: x} @8:1\n"
                "class Root < nil @9:1\nend\n");
}

static void eval_and_namespace(void **state) {
  (void)state;
  assert_events("#! /usr/bin/atoll\nEval [ | a | a := 3. a ]\n"
                "Namespace current: A.B [ <comment: 'x'> Object subclass: C [ ] Eval [ 1 ] 3 foo. ]\n",
                "eval { | a | a := 3. a }\n"
                "namespace A.B\nclass C < Object @3:41\nend\neval { 1 }\nstatement {3 foo} @3:75\nnamespace end\n");
}

static void bang_files(void **state) {
  (void)state;
  assert_events("Object subclass: #Foo\n  category: 'x'!\n\n"
                "!Foo methodsFor: 'a b' stamp: 'me'!\n"
                "bar\n  ^'!' , \"!\" $! asString!\n\n"
                "baz: x\n  ^x! !\n\n"
                "!Foo class methodsFor: nil!\nnew\n  ^3\n! !\n"
                "Foo new bar!\nFoo new!\n",
                "statement {Object subclass: #Foo\n  category: 'x'} @1:1\n"
                "method Foo {} {bar\n  ^'!' , \"!\" $! asString} {a b} @5\n"
                "method Foo {} {baz: x\n  ^x} {a b} @8\n"
                "method Foo class {} {new\n  ^3} {} @12\n"
                "statement {Foo new bar} @15:1\n"
                "statement {Foo new} @16:1\n");
}

static void both_syntaxes_alternate(void **state) {
  (void)state;
  assert_events("Eval [ 1 ]\n!Foo methodsFor: 'x'!\na ^1! !\nFoo extend [ b [ ^2 ] ]\n3 foo!",
                "eval { 1 }\nmethod Foo {} {a ^1} {x} @3\nextend Foo\nmethod Foo {b} { ^2 } {} @4\nend\nstatement {3 "
                "foo} @5:1\n");
}

static void bare_string_is_the_comment(void **state) {
  (void)state;
  assert_events("Object subclass: A [ \"not this\" 'this' || ]",
                "class A < Object @1:1\npragma comment: {'this'}\nend\n");
}

static void reader_goes_on_behind_an_error(void **state) {
  (void)state;
  assert_events(
      "Object subclass: A [\n  foo bar baz.\n  a [ ^1 ]\n  3 [ ^2 ]\n  b [ ^3 ]\n]\n) 4 foo.\n",
      "class A < Object @1:1\n"
      "error 2:3 expected a method, a variable declaration, a pragma or ']' in a class body, found name 'foo'\n"
      "method A {a} { ^1 } {} @3\n"
      "error 4:3 expected a method, a variable declaration, a pragma or ']' in a class body, found number '3'\n"
      "method A {b} { ^3 } {} @5\n"
      "end\n"
      "error 7:1 expected a statement or definition (nothing is open here), found ')'\n"
      "statement {4 foo} @7:3\n");
}

static void mismatched_bracket_stays_in_its_method(void **state) {
  (void)state;
  assert_events("Object subclass: A [\n  a [ ^(1 + 2 ]\n  b [ ^3) ]\n  c [ ^4 ]\n]\n",
                "class A < Object @1:1\n"
                "method A {a} { ^(1 + 2 } {} @2\n"
                "method A {b} { ^3) } {} @3\n"
                "method A {c} { ^4 } {} @4\n"
                "end\n");
}

static void unclosed_bracket_is_named_and_the_next_definition_read(void **state) {
  (void)state;
  assert_events("Object subclass: A [\n  a [ ^[1 ]\n  b [ ^2 ]\n]\n\nObject subclass: B [\n  c [ ^3 ]\n]\n",
                "class A < Object @1:1\n"
                "method A {a} { ^[1 ]\n  b [ ^2 ]\n} {} @2\n"
                "error 1:20 this '[' is never closed; found name 'Object' in line 6\n"
                "end\n"
                "class B < Object @6:1\n"
                "method B {c} { ^3 } {} @7\n"
                "end\n");
  assert_events("Object subclass: A [\n  a [ ^[[1 ]\n]\n\nObject subclass: B [\n  c [ ^3 ]\n]\n",
                "class A < Object @1:1\n"
                "error 2:5 this '[' is never closed; found end of text in line 8\n"
                "end\n"
                "class B < Object @5:1\n"
                "method B {c} { ^3 } {} @6\n"
                "end\n");
}

static void unterminated_string_is_reported_once(void **state) {
  (void)state;
  assert_events("3 foo. 4 bar: 'abc.\n", "statement {3 foo} @1:1\nerror 1:15 this string has no closing quote\n");
  assert_events("'a foo.\nb foo: 'c'\n", "error 2:10 this string has no closing quote; or one is missing in line 1, where a string begins that goes on over lines\n");
}

static void event_that_answers_false_stops_reading(void **state) {
  Log log = {all_events, "", 2};
  Source source = {"test.st", "1. 2. 3. 4.", 11, 1};
  (void)state;
  assert_false(source_read(&source, &log.events));
  assert_string_equal(log.text, "statement {1} @1:1\nstatement {2} @1:4\n");
}

static void missing_event_functions_are_skipped(void **state) {
  const char *text =
      "| a | 3 foo. Object subclass: A [ |b| C := 3. <d: 4> e [ ] ] Eval [ ] A extend [ ] Namespace current: F [ ] )";
  Source source = {"test.st", text, strlen(text), 1};
  SourceEvents none;
  (void)state;
  memset(&none, 0, sizeof none);
  assert_false(source_read(&source, &none));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(class_definition_tells_its_parts_in_order),
      cmocka_unit_test(extensions_and_single_methods),
      cmocka_unit_test(statements_end_at_periods),
      cmocka_unit_test(definition_is_told_from_a_message),
      cmocka_unit_test(eval_and_namespace),
      cmocka_unit_test(bang_files),
      cmocka_unit_test(both_syntaxes_alternate),
      cmocka_unit_test(bare_string_is_the_comment),
      cmocka_unit_test(reader_goes_on_behind_an_error),
      cmocka_unit_test(mismatched_bracket_stays_in_its_method),
      cmocka_unit_test(unclosed_bracket_is_named_and_the_next_definition_read),
      cmocka_unit_test(unterminated_string_is_reported_once),
      cmocka_unit_test(event_that_answers_false_stops_reading),
      cmocka_unit_test(missing_event_functions_are_skipped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
