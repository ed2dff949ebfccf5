/* SPDX-License-Identifier: MIT */
/* parser_test.c -- what is refused, where, and in which words; and what a template knows about its method. */
#include "code.h"
#include "compiler_support.h"

#define assert_error(text, expected) assert_fails_with(text, true, expected)

static void error_shows_file_line_column_and_caret(void **state) {
  (void)state;
  assert_string_equal(test_compile("foo: a\n\ta bar: [ 3 + ].\n\t^a", true),
                      "test.st:2:15: error: expected an expression, found ']'\n"
                      "    \ta bar: [ 3 + ].\n"
                      "    \t             ^\n");
}

static void unmatched_brackets_name_the_opening_one(void **state) {
  (void)state;
  assert_error("foo\n  ^self bar: [ 3",
               ":2:17: error: expected ']' to close the '[' of line 2, column 14, found end of text");
  assert_error("foo ^(3 + 4", "expected ')' to close the '(' of line 1, column 6, found end of text");
  assert_error("foo ^{3. 4", "expected '}' to close the '{' of line 1, column 6");
  assert_error("foo ^#(1 2", "expected ')' to close the '(' of line 1, column 7");
  assert_error("foo ^#(1 2]", "expected ')' to close the '(' of line 1, column 7, found ']'");
  assert_error("foo ^[3)", "expected ']' to close the '[' of line 1, column 6, found ')'");
  assert_error("foo ^3]", "expected the end of the method, found ']'");
  assert_error("foo <category: 'x' ^3", "expected '>' to close the '<' of line 1, column 5");
}

static void missing_pieces_are_named(void **state) {
  (void)state;
  assert_error("", "expected a message pattern (the method's selector and arguments), found end of text");
  assert_error("foo: ^3", "expected an argument name, found '^'");
  assert_error("foo ^", "expected an expression, found end of text");
  assert_error("foo self bar: ", "expected an expression, found end of text");
  assert_error("foo self + ", "expected an expression, found end of text");
  assert_error("foo self bar;", "expected a message after ';', found end of text");
  assert_error("foo self; bar", "expected a message before ';', found ';'");
  assert_error("foo 3 4", "expected '.' or the end of the statements, found number '4'");
  assert_error("foo | a ^a", "expected a variable name or '|', found '^'");
  assert_error("foo ^[:3]", "expected an argument name, found number '3'");
  assert_error("foo ^[:x x]", "expected '|' or ']' after the arguments of a block, found name 'x'");
  assert_error("foo ^# foo", "after '#', found name 'foo'");
  assert_error("foo ^#[1 256]", "expected a byte (an integer from 0 to 255), found number '256'");
  assert_error("foo ^#[1 $a]", "expected a byte or ']'");
  assert_error("foo <3 4> ^3", "expected the name of a pragma after '<', found number '3'");
  assert_error("foo <primitive: (3)> ^3", "expected the name of a primitive");
  assert_error("foo ^'abc", "this string has no closing quote");
  assert_error("foo \"abc", "this comment has no closing quote");
  assert_error("foo ^`", "this character has no meaning in Smalltalk text");
  assert_error("foo ^16r", "expected digits of that radix");
  assert_error("foo ^-16r-1", "expected positive numeric literal");
}

static void undeclared_variable_suggests_another(void **state) {
  (void)state;
  assert_error("foo\n  ^qux bar", ":2:4: error: undefined variable qux referenced; did you mean 'quux'?");
  assert_error("foo ^zork", "undefined variable zork referenced\n");
  assert_error("foo zork := 3", "undefined variable zork referenced\n");
  assert_error("foo ^a. | a | a := 1", "undefined variable a referenced");
  assert_error("foo ^##(iva)", "an instance variable has no value in ##( )");
  assert_error("foo | a | a := 1. ^##(a)", "undefined variable a referenced");
}

static void only_variables_can_be_assigned(void **state) {
  (void)state;
  assert_error("foo: a a := 3", "1:8: error: 'a' is an argument and cannot be assigned");
  assert_error("foo ^[:x | x := 3]", "'x' is an argument and cannot be assigned");
  assert_error("foo self := 3", "'self' cannot be assigned");
  assert_error("foo super := 3", "'super' cannot be assigned");
  assert_error("foo true := 3", "'true' cannot be assigned");
  assert_error("foo thisContext := 3", "'thisContext' cannot be assigned");
  assert_error("foo Fixed := 3", "'Fixed' is read-only and cannot be assigned");
  assert_error("foo (iva) := 3", "expected '.' or the end of the statements, found ':='");
  assert_error("foo 3 := 4", "found ':='");
}

static void names_are_declared_once_and_are_not_reserved(void **state) {
  (void)state;
  assert_error("foo | a a | ^a", "'a' is declared twice (first in line 1)");
  assert_error("foo: a | a | ^a", "'a' is declared twice");
  assert_error("foo ^[:x :x | x]", "'x' is declared twice");
  assert_error("foo | self | ^self", "'self' is reserved and cannot name a variable");
  assert_error("foo | A.B | ^3", "expected a simple variable name");
}

/* ---- what is accepted ---- */

static void assert_accepted(const char *text) {
  const char *found = test_compile(text, true);
  if (!strncmp(found, "test.st:", 8)) fail_msg("%s", found);
}

static void every_form_of_expression_is_accepted(void **state) {
  (void)state;
  assert_accepted("+ a ^a");
  assert_accepted("| a ^a");
  assert_accepted("foo: a bar: b ^a , b");
  assert_accepted("foo ^self foo; bar; baz: 3; + 4");
  assert_accepted(
      "foo ^#(1 -2 $a 'x' #y z at:put: + #+ true nil (1 2) #(3) [1 2] #[3] {Foo} #{Foo.Bar} ##(3) 1.5 2s2)");
  assert_accepted("foo | | ^3");
  assert_accepted("foo || ^3");
  assert_accepted("foo ^[:x || y | y := x]");
  assert_accepted("foo ^[:x | | y | y := x]");
  assert_accepted("foo ^[ :x || y | y ]");
  assert_accepted("foo ^[:x]");
  assert_accepted("foo | a b | a := b := 3. ^a");
  assert_accepted("foo | a | a _ 3. ^a");
  assert_accepted("foo ..3. ..^4.");
  assert_accepted("foo ^3 - -4 + 3--4 - 4");
  assert_accepted("foo ^-16rFF + - 5");
  assert_accepted("foo ^(iva > 3) | (iva < 4) & (iva ~= 5)");
  assert_accepted("foo ^{1. 2. }");
  assert_accepted("foo <category: 'a'><other: #b><third> ^3");
  assert_accepted("foo <cCall: 'x' returning: #int args: #(#int)> <pragma: 3 + 4> <type: Foo> ^3");
  assert_accepted("foo \"comment\" \"another\" ^3 \"end\"");
  assert_accepted("foo [ ^[:x | x] ]");
  assert_accepted("foo ^[3] value");
  assert_accepted("foo ^##(| a | a := 3. a + 4)");
}

static CodeTemplate *compile(Arena *arena, const char *text) {
  static Source source;
  CompileError error;
  source = (Source){"test.st", text, strlen(text), 10};
  return compile_method(arena, &source, (Text){NULL, 0}, test_text(text), &test_scope, &error);
}

static void template_describes_its_method(void **state) {
  Arena *arena = arena_new();
  CodeTemplate *code = compile(
      arena,
      "at: a put: b\n  <primitive: Foo_bar>\n  <category: 'x y'>\n  <exceptionHandler>\n  | c |\n  c := a.\n  ^c");
  (void)state;
  assert_non_null(code);
  assert_memory_equal(code->selector.start, "at:put:", code->selector.length);
  assert_int_equal(code->args, 2);
  assert_int_equal(code->flags, CODE_HANDLER);
  assert_memory_equal(code->primitive.start, "Foo_bar", 7);
  assert_int_equal(code->category.length, 3);
  assert_int_equal(code->pragma_count, 3);
  assert_memory_equal(code->pragmas[1].selector.start, "category:", 9);
  assert_int_equal(code->pragmas[1].arguments[0].kind, LITERAL_STRING);
  assert_int_equal(code->name_count, 3);
  assert_int_equal(code->name_registers[2], 3);
  assert_int_equal(code->at.line, 10);
  assert_int_equal(code->lines[0].line, 15);
  assert_int_equal(code->lines[1].line, 16);
  arena_delete(arena);
}

static void pattern_and_body_may_be_apart(void **state) {
  const char *text = "foo: a [ ^a ]";
  Source source = {"test.st", text, strlen(text), 1};
  Arena *arena = arena_new();
  CompileError error;
  CodeTemplate *code = compile_method(arena, &source, (Text){text, 6}, (Text){text + 8, 4}, &test_scope, &error);
  (void)state;
  assert_non_null(code);
  assert_int_equal(code->source.length, strlen(text));
  assert_ptr_equal(code->source.start, text);
  arena_delete(arena);
}

static void smallest_integer_is_not_large(void **state) {
  Arena *arena = arena_new();
  CodeTemplate *code = compile(arena, "foo ^{-4611686018427387904. -4611686018427387905}");
  (void)state;
  assert_int_equal(code->literals[0].kind, LITERAL_INTEGER);
  assert_true(code->literals[0].integer == -4611686018427387904);
  assert_int_equal(code->literals[1].kind, LITERAL_LARGE_INTEGER);
  assert_true(code->literals[1].negative);
  arena_delete(arena);
}

static void long_lines_are_cut_around_the_caret(void **state) {
  char text[1000] = "foo ^3 + ", out[1000];
  Source source = {"test.st", text, 0, 1};
  CompileError error = {.at = {1, 301, 300}, .message = "m"};
  (void)state;
  memset(text + 9, 'x', 600);
  source.length = strlen(text);
  compile_error_format(&error, &source, out, sizeof out);
  assert_true(strlen(out) < 300);
  compile_error_format(&error, &source, out, 10);
  assert_int_equal(strlen(out), 9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(error_shows_file_line_column_and_caret),
      cmocka_unit_test(unmatched_brackets_name_the_opening_one),
      cmocka_unit_test(missing_pieces_are_named),
      cmocka_unit_test(undeclared_variable_suggests_another),
      cmocka_unit_test(only_variables_can_be_assigned),
      cmocka_unit_test(names_are_declared_once_and_are_not_reserved),
      cmocka_unit_test(every_form_of_expression_is_accepted),
      cmocka_unit_test(template_describes_its_method),
      cmocka_unit_test(pattern_and_body_may_be_apart),
      cmocka_unit_test(smallest_integer_is_not_large),
      cmocka_unit_test(long_lines_are_cut_around_the_caret),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
