/* SPDX-License-Identifier: MIT */
/* generator_value_test.c -- expressions, sends, cascades, literals, limits, word for word.  Each listing also passes
 * code_check. */
#include "compiler_support.h"

/* Opcodes as the interpreter sees them. */
static void assert_opcodes(const char *text, const uint8_t *expected, unsigned count) {
  CompileError error;
  Arena *arena = arena_new();
  Source source = {"test.st", text, strlen(text), 1};
  CodeTemplate *code = compile_method(arena, &source, (Text){NULL, 0}, test_text(text), &test_scope, &error);
  assert_non_null(code);
  for (unsigned i = 0; i < count; i++) assert_int_equal(code->words[i] & 0xff, expected[i]);
  arena_delete(arena);
}

static void pairs_are_named_by_their_first_word(void **state) {
  static const uint8_t send[] = {OP_MOVE_MOVE_SEND, OP_MOVE_SEND, OP_SEND};
  static const uint8_t loop[] = {OP_LOADI, OP_LE_JF, OP_JUMP_FALSE, OP_ADDI_FORLOOP1, OP_FORLOOP1, OP_LOOP, OP_ADDI_LOOP, OP_LOOP};
  static const uint8_t down[] = {OP_LOADI, OP_GE_JF, OP_JUMP_FALSE, OP_ADDI, OP_FORLOOP};
  (void)state;
  assert_opcodes("foo: x ^x bar: x", send, 3);
  assert_opcodes("foo: x 1 to: x do: [:i | i + 1]", loop, 8);
  assert_opcodes("foo: x 1 to: x by: -1 do: [:i | i + 1]", down, 5);
}

static void cascade_keeps_its_receiver(void **state) {
  (void)state;
  assert_method("foo: s s nextPut: 1; nextPut: 2; yourself", "foo: args=1 registers=7\n"
                                                             "  0 MOVE r5 r1\n"
                                                             "  1 LOADI r6 1\n"
                                                             "  2 SEND r5 1 r2 #nextPut:\n"
                                                             "  4 MOVE r5 r1\n"
                                                             "  5 LOADI r6 2\n"
                                                             "  6 SEND r5 1 r2 #nextPut:\n"
                                                             "  8 MOVE r5 r1\n"
                                                             "  9 SEND r5 0 r2 #yourself\n"
                                                             "  11 RETURN_SELF\n");
}

static void cascade_to_an_expression_keeps_it_in_a_register(void **state) {
  (void)state;
  assert_method("foo ^self bar add: 1; yourself", "foo args=0 registers=7\n"
                                                  "  0 MOVE r4 r0\n"
                                                  "  1 SEND r4 0 r1 #bar\n"
                                                  "  3 MOVE r5 r1\n"
                                                  "  4 LOADI r6 1\n"
                                                  "  5 SEND r5 1 r2 #add:\n"
                                                  "  7 MOVE r5 r1\n"
                                                  "  8 SEND r5 0 r1 #yourself\n"
                                                  "  10 RETURN r1\n");
}

static void cascade_to_super_sends_all_to_super(void **state) {
  (void)state;
  assert_method("foo ^super foo: 3; bar", "foo args=0 registers=6\n"
                                          "  0 MOVE r4 r0\n"
                                          "  1 LOADI r5 3\n"
                                          "  2 SUPERSEND r4 1 r1 #foo:\n"
                                          "  4 MOVE r4 r0\n"
                                          "  5 SUPERSEND r4 0 r1 #bar\n"
                                          "  7 RETURN r1\n");
}

static void chain_of_sends_reuses_its_frame(void **state) {
  (void)state;
  assert_method("foo: x ^x foo bar: (x baz: 1) + 2", "foo: args=1 registers=11\n"
                                                     "  0 MOVE r5 r1\n"
                                                     "  1 SEND r5 0 r5 #foo\n"
                                                     "  3 MOVE r9 r1\n"
                                                     "  4 LOADI r10 1\n"
                                                     "  5 SEND r9 1 r6 #baz:\n"
                                                     "  7 ADDI r6 r6 2\n"
                                                     "  8 SEND r5 1 r2 #bar:\n"
                                                     "  10 RETURN r2\n");
}

static void not_of_another_value_is_an_instruction(void **state) {
  (void)state;
  assert_method("foo: x x not ifTrue: [x foo]", "foo: args=1 registers=6\n"
                                                "  0 NOT r2 r1\n"
                                                "  1 JUMP_FALSE r2 ->5\n"
                                                "  2 MOVE r5 r1\n"
                                                "  3 SEND r5 0 r2 #foo\n"
                                                "  5 RETURN_SELF\n");
}

static void operand_that_is_assigned_later_is_copied(void **state) {
  (void)state;
  assert_method("foo | y | y := 1. ^y + (y := 3)", "foo args=0 registers=3\n"
                                                   "  0 LOADI r1 1\n"
                                                   "  1 MOVE r2 r1\n"
                                                   "  2 LOADI r1 3\n"
                                                   "  3 ADD r2 r2 r1\n"
                                                   "  4 RETURN r2\n");
}

static void at_put_is_an_instruction_for_effect_and_for_value(void **state) {
  (void)state;
  assert_method("foo: x x at: 1 put: 2. ^x at: 1 put: 3",
                "foo: args=1 registers=4\n"
                "  0 LOADI r2 1\n"
                "  1 LOADI r3 2\n"
                "  2 ATPUT r1 r2 r3\n"
                "  3 LOADI r2 1\n"
                "  4 LOADI r3 3\n"
                "  5 ATPUT_VALUE r1 r2 r3\n"
                "  6 MOVE r2 r3\n"
                "  7 RETURN r2\n");
}

static void special_instructions_use_variables_in_place(void **state) {
  (void)state;
  assert_method("foo: a ^((a at: 1) + a size * 3) // 2 bitAnd: a class == a", "foo: args=1 registers=4\n"
                                                                              "  0 LOADI r2 1\n"
                                                                              "  1 AT r2 r1 r2\n"
                                                                              "  2 SIZE r3 r1\n"
                                                                              "  3 ADD r2 r2 r3\n"
                                                                              "  4 LOADI r3 3\n"
                                                                              "  5 MUL r2 r2 r3\n"
                                                                              "  6 LOADI r3 2\n"
                                                                              "  7 DIV r2 r2 r3\n"
                                                                              "  8 CLASS r3 r1\n"
                                                                              "  9 SAME r3 r3 r1\n"
                                                                              "  10 BITAND r2 r2 r3\n"
                                                                              "  11 RETURN r2\n");
}

static void block_evaluation_is_a_special_send(void **state) {
  (void)state;
  assert_method("foo: b ^(b value: 1 value: 2) + b value", "foo: args=1 registers=8\n"
                                                           "  0 MOVE r5 r1\n"
                                                           "  1 LOADI r6 1\n"
                                                           "  2 LOADI r7 2\n"
                                                           "  3 BLOCKVALUE r5 2 r2 #value:value:\n"
                                                           "  5 MOVE r6 r1\n"
                                                           "  6 BLOCKVALUE r6 0 r3 #value\n"
                                                           "  8 ADD r2 r2 r3\n"
                                                           "  9 RETURN r2\n");
}

static void instance_variables_and_globals(void **state) {
  (void)state;
  assert_method("foo iva := ivb. Foo := Bar.Baz. ^iva", "foo args=0 registers=2\n"
                                                        "  0 GETIVAR r1 r0 1\n"
                                                        "  1 SETIVAR r1 r0 0\n"
                                                        "  2 GETGLOBAL r1 Bar.Baz\n"
                                                        "  3 SETGLOBAL r1 Foo\n"
                                                        "  4 GETIVAR r1 r0 0\n"
                                                        "  5 RETURN r1\n");
}

static void brace_array_collects_registers(void **state) {
  (void)state;
  assert_method("foo: a ^{1. a. {}}", "foo: args=1 registers=5\n"
                                      "  0 LOADI r2 1\n"
                                      "  1 MOVE r3 r1\n"
                                      "  2 ARRAY r4 r4 0\n"
                                      "  3 ARRAY r2 r2 3\n"
                                      "  4 RETURN r2\n");
}

static void literals_are_loaded(void **state) {
  (void)state;
  assert_method("foo ^{nil. true. false. 70000. 1.5. $a. 'str'. #sym. #(1 $a #b (c true) #[1 2]). #[3]. "
                "3.14s2. 1e30. #{Foo.Bar}}",
                "foo args=0 registers=14\n"
                "  0 LOADNIL r1 0\n"
                "  1 LOADTRUE r2\n"
                "  2 LOADFALSE r3\n"
                "  3 LOADK r4 70000\n"
                "  4 LOADK r5 1.5\n"
                "  5 LOADK r6 $<97>\n"
                "  6 LOADK r7 'str'\n"
                "  7 LOADK r8 #sym\n"
                "  8 LOADK r9 #(1 $<97> #b #(#c true) #[1 2])\n"
                "  9 LOADK r10 #[3]\n"
                "  10 LOADK r11 3.14s2\n"
                "  11 LOADK r12 10r1000000000000000000000000000000\n"
                "  12 LOADK r13 #{Foo.Bar}\n"
                "  13 ARRAY r1 r1 13\n"
                "  14 RETURN r1\n");
}

static void compile_time_constant_is_a_template(void **state) {
  (void)state;
  assert_method("foo ^##(3 + 4)", "foo args=0 registers=2\n"
                                  "  0 LOADK r1 ##(constant)\n"
                                  "  1 RETURN r1\n"
                                  "    executeStatements args=0 registers=2\n"
                                  "      0 LOADI r1 3\n"
                                  "      1 ADDI r1 r1 4\n"
                                  "      2 RETURN r1\n");
}

static void this_context_is_loaded(void **state) {
  (void)state;
  assert_method("foo ^thisContext", "foo args=0 registers=2\n"
                                    "  0 THISCONTEXT r1\n"
                                    "  1 RETURN r1\n");
}

static void pragmas_set_flags_primitive_and_category(void **state) {
  (void)state;
  assert_method("foo: a <primitive: SomeName> <category: 'x'> | b | <exceptionHandler> <unwindBlock> "
                "<hidden> <exceptionBarrier> <other: 3> b := a. ^b",
                "foo: args=1 registers=3 handler unwind hidden barrier primitive=SomeName\n"
                "  0 MOVE r2 r1\n"
                "  1 RETURN r2\n");
}

static void empty_method_answers_self(void **state) {
  (void)state;
  assert_method("foo", "foo args=0 registers=1\n"
                       "  0 RETURN_SELF\n");
}

static void empty_block_answers_nil(void **state) {
  (void)state;
  assert_method("foo ^{[]. [:x]. [:x | ]}", "foo args=0 registers=4\n"
                                            "  0 CLOSURE r1 [block] []\n"
                                            "  2 CLOSURE r2 [block] []\n"
                                            "  4 CLOSURE r3 [block] []\n"
                                            "  6 ARRAY r1 r1 3\n"
                                            "  7 RETURN r1\n"
                                            "    [] args=0 registers=1 clean\n"
                                            "      0 RETURN_NIL\n"
                                            "    [] args=1 registers=2 clean\n"
                                            "      0 RETURN_NIL\n"
                                            "    [] args=1 registers=2 clean\n"
                                            "      0 RETURN_NIL\n");
}

static void statements_answer_the_last_value(void **state) {
  (void)state;
  assert_statements("| x | x := 3. x foo. x + 1", "executeStatements args=0 registers=6\n"
                                                  "  0 LOADI r1 3\n"
                                                  "  1 MOVE r5 r1\n"
                                                  "  2 SEND r5 0 r2 #foo\n"
                                                  "  4 ADDI r2 r1 1\n"
                                                  "  5 RETURN r2\n");
}

static void no_statements_answer_nil(void **state) {
  (void)state;
  assert_statements("", "executeStatements args=0 registers=1\n"
                        "  0 RETURN_NIL\n");
}

/* Code that code_check must find wrong, so that its silence elsewhere means something. */
static void checker_finds_clobbered_registers(void **state) {
  uint32_t words[] = {op_make_abx(OP_LOADI, 2, 1),  op_make_abc(OP_MOVE, 4, 1, 0),  op_make_abc(OP_SEND, 4, 0, 3), 0,
                      op_make_abc(OP_ADD, 3, 3, 2), op_make_abc(OP_RETURN, 3, 0, 0)};
  Literal selector = {.kind = LITERAL_SELECTOR};
  CodeTemplate code = {
      .args = 1, .registers = 5, .literals = &selector, .literal_count = 1, .words = words, .word_count = 6};
  char problem[200];
  (void)state;
  assert_false(code_check(&code, problem, sizeof problem));
  assert_string_equal(problem, "word 4: reads a register that holds nothing: 2");
}

static void many_elements_of_a_brace_array_are_joined(void **state) {
  char text[4000] = "foo ^{0";
  const char *listing;
  (void)state;
  for (int i = 1; i < 250; i++) snprintf(text + strlen(text), 20, ". %d", i);
  strcat(text, "}");
  listing = test_compile(text, true);
  assert_non_null(strstr(listing, "ARRAY r4 r4 100\n"));
  assert_non_null(strstr(listing, "ARRAY r5 r5 50\n"));
  assert_non_null(strstr(listing, "SEND r4 1 r1 #,\n"));
}

/* What does not fit is refused. */
static void assert_refused(const char *before, const char *piece, int times, const char *after, const char *message) {
  char *text = calloc(1, strlen(before) + strlen(piece) * (size_t)times + strlen(after) + 1), *end = text;
  end += sprintf(end, "%s", before);
  for (int i = 0; i < times; i++) end += sprintf(end, "%s", piece);
  sprintf(end, "%s", after);
  assert_fails_with(text, true, message);
  free(text);
}

static void too_many_registers_are_refused(void **state) {
  char text[8000] = "foo ^{";
  (void)state;
  for (int level = 0; level < 3; level++) {
    for (int i = 0; i < 90; i++) strcat(text, "1. ");
    strcat(text, "{");
  }
  strcat(text, "}}}}");
  assert_fails_with(text, true, "this method needs too many registers");
}

static void methods_that_do_not_fit_are_refused(void **state) {
  (void)state;
  assert_refused("foo", " self foo: 1.", 9000, "", "this method is too long");
  assert_refused("foo ^", "(", 500, "", "nested too deep");
  assert_refused("foo ^", "#(", 500, "", "nested too deep");
  assert_refused("foo ^", "[", 500, "", "nested too deep");
  assert_refused("foo ^", "{", 500, "", "nested too deep");
  assert_refused("foo ^##(", "##(", 500, "", "nested too deep");
  assert_refused("foo ^self", " bar", 2000, "", "expression is too long");
  assert_refused("foo ^1", " + 1", 2000, "", "expression is too long");
  assert_refused("foo ^self", " a: 1", 300, "", "too many arguments");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pairs_are_named_by_their_first_word),
      cmocka_unit_test(cascade_keeps_its_receiver),
      cmocka_unit_test(cascade_to_an_expression_keeps_it_in_a_register),
      cmocka_unit_test(cascade_to_super_sends_all_to_super),
      cmocka_unit_test(chain_of_sends_reuses_its_frame),
      cmocka_unit_test(not_of_another_value_is_an_instruction),
      cmocka_unit_test(operand_that_is_assigned_later_is_copied),
      cmocka_unit_test(at_put_is_an_instruction_for_effect_and_for_value),
      cmocka_unit_test(special_instructions_use_variables_in_place),
      cmocka_unit_test(block_evaluation_is_a_special_send),
      cmocka_unit_test(instance_variables_and_globals),
      cmocka_unit_test(brace_array_collects_registers),
      cmocka_unit_test(literals_are_loaded),
      cmocka_unit_test(compile_time_constant_is_a_template),
      cmocka_unit_test(this_context_is_loaded),
      cmocka_unit_test(pragmas_set_flags_primitive_and_category),
      cmocka_unit_test(empty_method_answers_self),
      cmocka_unit_test(empty_block_answers_nil),
      cmocka_unit_test(statements_answer_the_last_value),
      cmocka_unit_test(no_statements_answer_nil),
      cmocka_unit_test(checker_finds_clobbered_registers),
      cmocka_unit_test(many_elements_of_a_brace_array_are_joined),
      cmocka_unit_test(too_many_registers_are_refused),
      cmocka_unit_test(methods_that_do_not_fit_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
