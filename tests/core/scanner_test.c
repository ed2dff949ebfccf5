/* SPDX-License-Identifier: MIT */
/* scanner_test.c -- tokens and literals, as the compiler sees them. */
#include "compiler_support.h"
#include "oop.h"
#include "scanner.h"

static Arena *arena;

static int begin(void **state) { return (void)state, arena = arena_new(), 0; }
static int end(void **state) { return (void)state, arena_delete(arena), 0; }

static Scanner over(const char *text, Source *source) {
  Scanner scanner;
  *source = (Source){"test.st", text, strlen(text), 1};
  scanner_init(&scanner, arena, source, test_text(text));
  return scanner;
}

static Token first(const char *text) {
  static Source source;
  Scanner scanner = over(text, &source);
  return scanner_next(&scanner);
}

/* The texts of the tokens, with bars between them. */
static void assert_tokens(const char *text, const char *expected) {
  static char found[1000];
  Source source;
  Scanner scanner = over(text, &source);
  size_t used = 0;
  for (Token t = scanner_next(&scanner); t.kind != TOKEN_END; t = scanner_next(&scanner))
    used += (size_t)snprintf(found + used, sizeof found - used, "%s%.*s", used ? "|" : "", (int)t.text.length,
                             t.text.start);
  found[used] = 0;
  assert_string_equal(found, expected);
}

static void assert_integer(const char *text, int64_t value) {
  Token t = first(text);
  assert_int_equal(t.kind, TOKEN_NUMBER);
  assert_int_equal(t.literal.kind, LITERAL_INTEGER);
  assert_true(t.literal.integer == value);
}

static void assert_large(const char *text, unsigned radix, const char *digits) {
  Token t = first(text);
  assert_int_equal(t.literal.kind, LITERAL_LARGE_INTEGER);
  assert_int_equal(t.literal.radix, radix);
  assert_true(text_is(t.literal.text, digits));
}

static void assert_float(const char *text, double value) {
  Token t = first(text);
  assert_int_equal(t.literal.kind, LITERAL_FLOAT);
  assert_true(t.literal.number == value);
}

static void assert_scaled(const char *text, const char *mantissa, int scale) {
  Token t = first(text);
  assert_int_equal(t.literal.kind, LITERAL_SCALED);
  assert_true(text_is(t.literal.text, mantissa));
  assert_int_equal(t.literal.integer, scale);
}

static void assert_problem(const char *text, const char *problem) {
  Token t = first(text);
  assert_int_equal(t.kind, TOKEN_ERROR);
  if (!strstr(t.problem, problem)) fail_msg("found: %s", t.problem);
}

static void integers_have_radix_and_exponent(void **state) {
  (void)state;
  assert_integer("0", 0);
  assert_integer("42", 42);
  assert_integer("1_000_000", 1000000);
  assert_integer("16r1F", 31);
  assert_integer("16r-1F", -31);
  assert_integer("36rZZ", 1295);
  assert_integer("2r1e8", 256);
  assert_integer("1e10", 10000000000);
  assert_integer("0e9999", 0);
  assert_integer("4611686018427387903", SMALL_INTEGER_MAX);
  assert_integer("16r-4000000000000000", SMALL_INTEGER_MIN);
  assert_large("4611686018427387904", 10, "4611686018427387904");
  assert_large("16rFFFFFFFFFFFFFFFFF", 16, "FFFFFFFFFFFFFFFFF");
  assert_large("15e20", 10, "1500000000000000000000");
}

static void floats_are_read_exactly(void **state) {
  (void)state;
  assert_float("1.5", 1.5);
  assert_float("0.1", 0.1);
  assert_float("1.5e10", 1.5e10);
  assert_float("1.0d0", 1.0);
  assert_float("1.0q0", 1.0);
  assert_float("2.5q", 2.5);
  assert_float("1d2", 100.0);
  assert_float("1e-3", 1e-3);
  assert_float("1.7976931348623157e308", 1.7976931348623157e308);
  assert_float("4.9e-324", 4.9e-324);
  assert_float("3.14159265358979323846264338327950288", 3.141592653589793);
  assert_float("16r1.8", 1.5);
  assert_float("16r-1.8", -1.5);
  assert_float("2r1.1e2", 6.0);
}

static void scaled_decimals_keep_their_digits(void **state) {
  (void)state;
  assert_scaled("3.14s2", "3.14", 2);
  assert_scaled("3s2", "3", 2);
  assert_scaled("3s", "3", 0);
  assert_scaled("3.140s", "3.140", 3);
}

static void number_ends_before_names_and_periods(void **state) {
  (void)state;
  assert_tokens("3.foo", "3|.|foo");
  assert_tokens("3. 4", "3|.|4");
  assert_tokens("3 sqrt", "3|sqrt");
  assert_tokens("3sqrt", "3|sqrt");
  assert_tokens("3even", "3|even");
  assert_tokens("1e-x", "1e|-|x");
}

static void wrong_numbers_are_explained(void **state) {
  (void)state;
  assert_problem("37r1", "radix of a number must be from 2 to 36");
  assert_problem("1r1", "radix of a number must be from 2 to 36");
  assert_problem("2r3", "expected digits of that radix");
  assert_problem("16r", "expected digits of that radix");
  assert_problem("1e1000000", "exponent of this integer is too large");
}

static void minus_before_digit_ends_an_operator(void **state) {
  (void)state;
  assert_tokens("3--4", "3|-|-|4");
  assert_tokens("a>-1", "a|>|-|1");
  assert_tokens("a ==> b ~~ c >= d -> e", "a|==>|b|~~|c|>=|d|->|e");
  assert_tokens("a,b", "a|,|b");
}

static void names_and_paths(void **state) {
  (void)state;
  assert_tokens("Smalltalk.Foo bar", "Smalltalk.Foo|bar");
  assert_tokens("SystemExceptions.NotFound new", "SystemExceptions.NotFound|new");
  assert_tokens("A::B::C", "A.B.C");
  assert_tokens("foo.bar", "foo|.|bar");
  assert_tokens("Foo. Bar", "Foo|.|Bar");
  assert_tokens("Foo.bar: 3", "Foo|.|bar:|3");
  assert_tokens("x:=3", "x|:=|3");
  assert_tokens("x _ 3", "x|_|3");
  assert_tokens("_private x_y", "_private|x_y");
  assert_tokens("a:b", "a:|b");
}

static void symbols_of_every_kind(void **state) {
  (void)state;
  assert_true(text_is(first("#foo").literal.text, "foo"));
  assert_true(text_is(first("#foo:bar:").literal.text, "foo:bar:"));
  assert_true(text_is(first("#+").literal.text, "+"));
  assert_true(text_is(first("#->").literal.text, "->"));
  assert_true(text_is(first("#'hello world'").literal.text, "hello world"));
  assert_true(text_is(first("#'it''s'").literal.text, "it's"));
  assert_int_equal(first("#(").kind, TOKEN_HASH);
  assert_int_equal(first("##(").kind, TOKEN_HASH);
}

static void characters_and_code_points(void **state) {
  (void)state;
  assert_int_equal(first("$a").literal.integer, 'a');
  assert_int_equal(first("$ ").literal.integer, ' ');
  assert_int_equal(first("$'").literal.integer, '\'');
  assert_int_equal(first("$<16r41>").literal.integer, 'A');
  assert_int_equal(first("$<65>").literal.integer, 'A');
  assert_int_equal(first("$<").literal.integer, '<');
  assert_int_equal(first("$\xc3\xa9").literal.integer, 0xe9);
  assert_int_equal(first("$\xff").literal.integer, 0xff);
  assert_problem("$<1114112>", "not the code point of a character");
  assert_problem("$", "expected a character after '$'");
}

static void strings_halve_doubled_quotes(void **state) {
  (void)state;
  assert_true(text_is(first("'it''s'").literal.text, "it's"));
  assert_true(text_is(first("''").literal.text, ""));
  assert_true(text_is(first("''''").literal.text, "'"));
  assert_problem("'abc", "no closing quote");
  assert_true(first("'abc").unterminated);
  assert_problem("\"abc", "this comment has no closing quote");
}

static void positions_count_lines_and_columns(void **state) {
  Source source;
  Scanner scanner = over("a\n  \"x\n\" 'y\nz' bc", &source);
  Token t;
  (void)state;
  scanner_next(&scanner);
  t = scanner_next(&scanner);
  assert_int_equal(t.at.line, 3);
  assert_int_equal(t.at.column, 3);
  t = scanner_next(&scanner);
  assert_int_equal(t.at.line, 4);
  assert_int_equal(t.at.column, 4);
  assert_int_equal(t.at.offset, 15);
}

static void zero_bytes_and_empty_text_are_harmless(void **state) {
  Source source = {"test.st", "a\0b", 3, 1};
  Scanner scanner;
  (void)state;
  scanner_init(&scanner, arena, &source, (Text){source.text, 3});
  assert_int_equal(scanner_next(&scanner).kind, TOKEN_IDENTIFIER);
  assert_int_equal(scanner_next(&scanner).kind, TOKEN_IDENTIFIER);
  assert_int_equal(scanner_next(&scanner).kind, TOKEN_END);
  assert_int_equal(first("").kind, TOKEN_END);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_have_radix_and_exponent),
      cmocka_unit_test(floats_are_read_exactly),
      cmocka_unit_test(scaled_decimals_keep_their_digits),
      cmocka_unit_test(number_ends_before_names_and_periods),
      cmocka_unit_test(wrong_numbers_are_explained),
      cmocka_unit_test(minus_before_digit_ends_an_operator),
      cmocka_unit_test(names_and_paths),
      cmocka_unit_test(symbols_of_every_kind),
      cmocka_unit_test(characters_and_code_points),
      cmocka_unit_test(strings_halve_doubled_quotes),
      cmocka_unit_test(positions_count_lines_and_columns),
      cmocka_unit_test(zero_bytes_and_empty_text_are_harmless),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
