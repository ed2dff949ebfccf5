/* SPDX-License-Identifier: MIT */
/* generator_control_test.c -- inlined control messages, word for word.  Each listing also passes code_check. */
#include "compiler_support.h"

static void fib_compares_and_subtracts_constants_in_place(void **state) {
  (void)state;
  assert_method("fib: n n < 2 ifTrue: [^n]. ^(self fib: n - 1) + (self fib: n - 2)", "fib: args=1 registers=8\n"
                                                                                     "  0 LTI_J r2 r1 2\n"
                                                                                     "  1 JUMP_FALSE r2 ->3\n"
                                                                                     "  2 RETURN r1\n"
                                                                                     "  3 MOVE r5 r0\n"
                                                                                     "  4 SUBI r6 r1 1\n"
                                                                                     "  5 SEND r5 1 r2 #fib:\n"
                                                                                     "  7 MOVE r6 r0\n"
                                                                                     "  8 SUBI r7 r1 2\n"
                                                                                     "  9 SEND r6 1 r3 #fib:\n"
                                                                                     "  11 ADD r2 r2 r3\n"
                                                                                     "  12 RETURN r2\n");
}

static void while_loop_is_a_fused_comparison_and_a_backward_jump(void **state) {
  (void)state;
  assert_method("count | i | i := 0. [i < 10] whileTrue: [i := i + 1]. ^i", "count args=0 registers=3\n"
                                                                            "  0 LOADI r1 0\n"
                                                                            "  1 LTI_J r2 r1 10\n"
                                                                            "  2 JUMP_FALSE r2 ->5\n"
                                                                            "  3 ADDI r1 r1 1\n"
                                                                            "  4 LOOP ->1\n"
                                                                            "  5 RETURN r1\n");
}

static void to_do_ends_in_forloop_and_uses_an_argument_as_limit(void **state) {
  (void)state;
  assert_method("sum: n | s | s := 0. 1 to: n do: [:i | s := s + i]. ^s", "sum: args=1 registers=5\n"
                                                                          "  0 LOADI r2 0\n"
                                                                          "  1 LOADI r3 1\n"
                                                                          "  2 LE_J r4 r3 r1\n"
                                                                          "  3 JUMP_FALSE r4 ->9\n"
                                                                          "  4 ADD r2 r2 r3\n"
                                                                          "  5 FORLOOP r3 r1 1\n"
                                                                          "  6 LOOP ->4\n"
                                                                          "  7 ADDI r3 r3 1\n"
                                                                          "  8 LOOP ->2\n"
                                                                          "  9 RETURN r2\n");
}

static void to_by_do_counts_down_and_other_steps_say_which_way(void **state) {
  (void)state;
  assert_method("foo: x 10 to: 1 by: -2 do: [:i | x foo: i]. 1 to: 1000 by: 500 do: [:i | i]",
                "foo: args=1 registers=10\n"
                "  0 LOADI r2 10\n"
                "  1 LOADI r3 1\n"
                "  2 GE_J r4 r2 r3\n"
                "  3 JUMP_FALSE r4 ->12\n"
                "  4 MOVE r7 r1\n"
                "  5 MOVE r8 r2\n"
                "  6 SEND r7 1 r4 #foo:\n"
                "  8 FORLOOP r2 r3 -2\n"
                "  9 LOOP ->4\n"
                "  10 ADDI r2 r2 -2\n"
                "  11 LOOP ->2\n"
                "  12 LOADI r2 1\n"
                "  13 LOADI r3 1000\n"
                "  14 LOADI r4 500\n"
                "  15 MOVE r9 r4\n"
                "  16 SEND r9 0 r5 #isStepUpwards\n"
                "  18 JUMP_NIL r5 ->29\n"
                "  19 JUMP_FALSE r5 ->23\n"
                "  20 LE_J r6 r2 r3\n"
                "  21 JUMP_FALSE r6 ->29\n"
                "  22 JUMP ->25\n"
                "  23 GE_J r6 r2 r3\n"
                "  24 JUMP_FALSE r6 ->29\n"
                "  25 FORSTEP r2 r3 r4\n"
                "  26 LOOP ->25\n"
                "  27 ADD r2 r2 r4\n"
                "  28 LOOP ->19\n"
                "  29 RETURN_SELF\n");
}

static void to_do_copies_a_limit_that_the_body_assigns(void **state) {
  (void)state;
  assert_method("foo | n | n := 3. 1 to: n do: [:i | n := i]", "foo args=0 registers=5\n"
                                                               "  0 LOADI r1 3\n"
                                                               "  1 LOADI r2 1\n"
                                                               "  2 MOVE r3 r1\n"
                                                               "  3 LE_J r4 r2 r3\n"
                                                               "  4 JUMP_FALSE r4 ->10\n"
                                                               "  5 MOVE r1 r2\n"
                                                               "  6 FORLOOP r2 r3 1\n"
                                                               "  7 LOOP ->5\n"
                                                               "  8 ADDI r2 r2 1\n"
                                                               "  9 LOOP ->3\n"
                                                               "  10 RETURN_SELF\n");
}

static void value_of_to_do_is_its_receiver(void **state) {
  (void)state;
  assert_method("foo: x ^x to: 3 do: [:i | i foo]", "foo: args=1 registers=10\n"
                                                    "  0 MOVE r3 r1\n"
                                                    "  1 MOVE r4 r3\n"
                                                    "  2 LOADI r5 3\n"
                                                    "  3 LE_J r6 r3 r5\n"
                                                    "  4 JUMP_FALSE r6 ->12\n"
                                                    "  5 MOVE r9 r3\n"
                                                    "  6 SEND r9 0 r6 #foo\n"
                                                    "  8 FORLOOP r3 r5 1\n"
                                                    "  9 LOOP ->5\n"
                                                    "  10 ADDI r3 r3 1\n"
                                                    "  11 LOOP ->3\n"
                                                    "  12 MOVE r2 r4\n"
                                                    "  13 RETURN r2\n");
}

static void times_repeat_of_a_literal_is_a_loop(void **state) {
  (void)state;
  assert_method("foo 3 timesRepeat: [self foo]. ^3 timesRepeat: []",
                "foo args=0 registers=7\n"
                "  0 LOADI r1 3\n"
                "  1 LOADI r2 1\n"
                "  2 LE_J r3 r2 r1\n"
                "  3 JUMP_FALSE r3 ->11\n"
                "  4 MOVE r6 r0\n"
                "  5 SEND r6 0 r3 #foo\n"
                "  7 FORLOOP r2 r1 1\n"
                "  8 LOOP ->4\n"
                "  9 ADDI r2 r2 1\n"
                "  10 LOOP ->2\n"
                "  11 LOADI r2 3\n"
                "  12 LOADI r3 1\n"
                "  13 LE_J r4 r3 r2\n"
                "  14 JUMP_FALSE r4 ->19\n"
                "  15 FORLOOP r3 r2 1\n"
                "  16 LOOP ->15\n"
                "  17 ADDI r3 r3 1\n"
                "  18 LOOP ->13\n"
                "  19 MOVE r1 r2\n"
                "  20 RETURN r1\n");
}

static void times_repeat_of_anything_else_asks_how_often(void **state) {
  (void)state;
  assert_method("foo: n n timesRepeat: [n foo]",
                "foo: args=1 registers=8\n"
                "  0 MOVE r6 r1\n"
                "  1 SEND r6 0 r2 #repetitions\n"
                "  3 LOADI r3 1\n"
                "  4 LE_J r4 r3 r2\n"
                "  5 JUMP_FALSE r4 ->13\n"
                "  6 MOVE r7 r1\n"
                "  7 SEND r7 0 r4 #foo\n"
                "  9 FORLOOP r3 r2 1\n"
                "  10 LOOP ->6\n"
                "  11 ADDI r3 r3 1\n"
                "  12 LOOP ->4\n"
                "  13 RETURN_SELF\n");
}

static void repeat_is_an_endless_loop(void **state) {
  (void)state;
  assert_method("foo: x [x foo] repeat", "foo: args=1 registers=6\n"
                                         "  0 MOVE r5 r1\n"
                                         "  1 SEND r5 0 r2 #foo\n"
                                         "  3 LOOP ->0\n"
                                         "  4 RETURN_SELF\n");
}

static void conditions_make_no_booleans(void **state) {
  (void)state;
  assert_method("foo: x (x = 3 and: [x ~= 4 or: [x == self]]) ifTrue: [^x]", "foo: args=1 registers=3\n"
                                                                             "  0 EQI_J r2 r1 3\n"
                                                                             "  1 JUMP_FALSE r2 ->7\n"
                                                                             "  2 NEI_J r2 r1 4\n"
                                                                             "  3 JUMP_TRUE r2 ->6\n"
                                                                             "  4 SAME_J r2 r1 r0\n"
                                                                             "  5 JUMP_FALSE r2 ->7\n"
                                                                             "  6 RETURN r1\n"
                                                                             "  7 RETURN_SELF\n");
}

static void value_of_and_or_is_made_at_the_end(void **state) {
  (void)state;
  assert_method("foo: x | y | y := x = 3 and: [x ~= 4 or: [x == y]]. ^y", "foo: args=1 registers=4\n"
                                                                          "  0 LOADNIL r2 0\n"
                                                                          "  1 EQI_J r3 r1 3\n"
                                                                          "  2 JUMP_FALSE r3 ->9\n"
                                                                          "  3 NEI_J r3 r1 4\n"
                                                                          "  4 JUMP_TRUE r3 ->7\n"
                                                                          "  5 SAME r2 r1 r2\n"
                                                                          "  6 JUMP ->8\n"
                                                                          "  7 LOADTRUE r2\n"
                                                                          "  8 JUMP ->10\n"
                                                                          "  9 LOADFALSE r2\n"
                                                                          "  10 RETURN r2\n");
}

static void tests_for_nil_are_jumps(void **state) {
  (void)state;
  assert_method("foo: x x isNil ifTrue: [^1]. x == nil ifFalse: [^2]. nil ~~ x ifTrue: [^3]. x isNil not "
                "ifTrue: [^4]",
                "foo: args=1 registers=3\n"
                "  0 JUMP_NOT_NIL r1 ->3\n"
                "  1 LOADI r2 1\n"
                "  2 RETURN r2\n"
                "  3 JUMP_NIL r1 ->6\n"
                "  4 LOADI r2 2\n"
                "  5 RETURN r2\n"
                "  6 JUMP_NIL r1 ->9\n"
                "  7 LOADI r2 3\n"
                "  8 RETURN r2\n"
                "  9 JUMP_NIL r1 ->12\n"
                "  10 LOADI r2 4\n"
                "  11 RETURN r2\n"
                "  12 RETURN_SELF\n");
}

static void missing_branch_answers_nil(void **state) {
  (void)state;
  assert_method("foo: x | y | y := x ifTrue: [1]. ^y", "foo: args=1 registers=3\n"
                                                       "  0 JUMP_FALSE r1 ->3\n"
                                                       "  1 LOADI r2 1\n"
                                                       "  2 JUMP ->4\n"
                                                       "  3 LOADNIL r2 0\n"
                                                       "  4 RETURN r2\n");
}

static void if_nil_answers_its_receiver(void **state) {
  (void)state;
  assert_method("foo: x ^self bar ifNil: [x]", "foo: args=1 registers=6\n"
                                               "  0 MOVE r5 r0\n"
                                               "  1 SEND r5 0 r2 #bar\n"
                                               "  3 JUMP_NOT_NIL r2 ->5\n"
                                               "  4 MOVE r2 r1\n"
                                               "  5 RETURN r2\n");
}

static void if_not_nil_passes_its_receiver(void **state) {
  (void)state;
  assert_method("foo: x ^(x ifNotNil: [:y | y foo])", "foo: args=1 registers=8\n"
                                                      "  0 MOVE r3 r1\n"
                                                      "  1 JUMP_NIL r3 ->6\n"
                                                      "  2 MOVE r7 r3\n"
                                                      "  3 SEND r7 0 r2 #foo\n"
                                                      "  5 JUMP ->7\n"
                                                      "  6 LOADNIL r2 0\n"
                                                      "  7 RETURN r2\n");
}

static void if_nil_if_not_nil_has_both_branches(void **state) {
  (void)state;
  assert_method("foo: x ^x foo ifNil: [1] ifNotNil: [:y | y]", "foo: args=1 registers=8\n"
                                                               "  0 MOVE r7 r1\n"
                                                               "  1 SEND r7 0 r3 #foo\n"
                                                               "  3 JUMP_NIL r3 ->6\n"
                                                               "  4 MOVE r2 r3\n"
                                                               "  5 JUMP ->7\n"
                                                               "  6 LOADI r2 1\n"
                                                               "  7 RETURN r2\n");
}

static void variables_blocks_and_nonliteral_blocks_are_sent(void **state) {
  (void)state;
  assert_method("foo: b b ifTrue: b. b whileTrue: [b]. 1 to: 2 do: b", "foo: args=1 registers=8\n"
                                                                       "  0 MOVE r5 r1\n"
                                                                       "  1 MOVE r6 r1\n"
                                                                       "  2 SEND r5 1 r2 #ifTrue:\n"
                                                                       "  4 MOVE r5 r1\n"
                                                                       "  5 CLOSURE r6 [block] [r1]\n"
                                                                       "  8 SEND r5 1 r2 #whileTrue:\n"
                                                                       "  10 LOADI r5 1\n"
                                                                       "  11 LOADI r6 2\n"
                                                                       "  12 MOVE r7 r1\n"
                                                                       "  13 SEND r5 2 r2 #to:do:\n"
                                                                       "  15 RETURN_SELF\n"
                                                                       "    [] args=0 registers=2\n"
                                                                       "      0 COPIED r1 0\n"
                                                                       "      1 RETURN r1\n");
}

static void while_true_without_argument_repeats_its_receiver(void **state) {
  (void)state;
  assert_method("foo: x [x foo. x < 3] whileTrue", "foo: args=1 registers=6\n"
                                                   "  0 MOVE r5 r1\n"
                                                   "  1 SEND r5 0 r2 #foo\n"
                                                   "  3 LTI_J r2 r1 3\n"
                                                   "  4 JUMP_FALSE r2 ->6\n"
                                                   "  5 LOOP ->0\n"
                                                   "  6 RETURN_SELF\n");
}

static void while_false_exits_on_true(void **state) {
  (void)state;
  assert_method("foo: x [x foo] whileFalse: [x bar]", "foo: args=1 registers=6\n"
                                                      "  0 MOVE r5 r1\n"
                                                      "  1 SEND r5 0 r2 #foo\n"
                                                      "  3 JUMP_TRUE r2 ->8\n"
                                                      "  4 MOVE r5 r1\n"
                                                      "  5 SEND r5 0 r2 #bar\n"
                                                      "  7 LOOP ->0\n"
                                                      "  8 RETURN_SELF\n");
}

static void equal_literals_are_merged_but_not_strings(void **state) {
  (void)state;
  assert_method("foo ^{#a. #a. 'x'. 'x'. 1e30. 1e30. 1.5. 1.5}", "foo args=0 registers=9\n"
                                                                 "  0 LOADK r1 #a\n"
                                                                 "  1 LOADK r2 #a\n"
                                                                 "  2 LOADK r3 'x'\n"
                                                                 "  3 LOADK r4 'x'\n"
                                                                 "  4 LOADK r5 10r1000000000000000000000000000000\n"
                                                                 "  5 LOADK r6 10r1000000000000000000000000000000\n"
                                                                 "  6 LOADK r7 1.5\n"
                                                                 "  7 LOADK r8 1.5\n"
                                                                 "  8 ARRAY r1 r1 8\n"
                                                                 "  9 RETURN r1\n");
}

static void inlined_block_temporaries_get_registers_again(void **state) {
  (void)state;
  assert_method("foo: a a ifTrue: [| t | t := 1. t foo] ifFalse: [| u | u := 2. u foo]", "foo: args=1 registers=7\n"
                                                                                         "  0 JUMP_FALSE r1 ->6\n"
                                                                                         "  1 LOADI r2 1\n"
                                                                                         "  2 MOVE r6 r2\n"
                                                                                         "  3 SEND r6 0 r3 #foo\n"
                                                                                         "  5 JUMP ->10\n"
                                                                                         "  6 LOADI r2 2\n"
                                                                                         "  7 MOVE r6 r2\n"
                                                                                         "  8 SEND r6 0 r3 #foo\n"
                                                                                         "  10 RETURN_SELF\n");
}

static void declaration_in_the_middle_begins_there(void **state) {
  (void)state;
  assert_method("foo | a | a := 1. | b | b := a. ^b", "foo args=0 registers=3\n"
                                                      "  0 LOADI r1 1\n"
                                                      "  1 MOVE r2 r1\n"
                                                      "  2 RETURN r2\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fib_compares_and_subtracts_constants_in_place),
      cmocka_unit_test(while_loop_is_a_fused_comparison_and_a_backward_jump),
      cmocka_unit_test(to_do_ends_in_forloop_and_uses_an_argument_as_limit),
      cmocka_unit_test(to_by_do_counts_down_and_other_steps_say_which_way),
      cmocka_unit_test(to_do_copies_a_limit_that_the_body_assigns),
      cmocka_unit_test(value_of_to_do_is_its_receiver),
      cmocka_unit_test(times_repeat_of_a_literal_is_a_loop),
      cmocka_unit_test(times_repeat_of_anything_else_asks_how_often),
      cmocka_unit_test(repeat_is_an_endless_loop),
      cmocka_unit_test(conditions_make_no_booleans),
      cmocka_unit_test(value_of_and_or_is_made_at_the_end),
      cmocka_unit_test(tests_for_nil_are_jumps),
      cmocka_unit_test(missing_branch_answers_nil),
      cmocka_unit_test(if_nil_answers_its_receiver),
      cmocka_unit_test(if_not_nil_passes_its_receiver),
      cmocka_unit_test(if_nil_if_not_nil_has_both_branches),
      cmocka_unit_test(variables_blocks_and_nonliteral_blocks_are_sent),
      cmocka_unit_test(while_true_without_argument_repeats_its_receiver),
      cmocka_unit_test(while_false_exits_on_true),
      cmocka_unit_test(equal_literals_are_merged_but_not_strings),
      cmocka_unit_test(inlined_block_temporaries_get_registers_again),
      cmocka_unit_test(declaration_in_the_middle_begins_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
