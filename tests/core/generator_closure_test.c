/* SPDX-License-Identifier: MIT */
/* generator_closure_test.c -- what blocks capture, and how: copied values, vectors, self, home.  Each listing also
 * passes code_check. */
#include "compiler_support.h"

static void argument_is_copied_into_a_closure(void **state) {
  (void)state;
  assert_method("foo: a ^[:x | x + a]", "foo: args=1 registers=3\n"
                                        "  0 CLOSURE r2 [block] [r1]\n"
                                        "  3 RETURN r2\n"
                                        "    [] args=1 registers=4\n"
                                        "      0 COPIED r2 0\n"
                                        "      1 ADD r3 r1 r2\n"
                                        "      2 RETURN r3\n");
}

static void temporary_that_is_not_assigned_after_capture_is_copied(void **state) {
  (void)state;
  assert_method("foo | n | n := 3. ^[n]", "foo args=0 registers=3\n"
                                          "  0 LOADI r1 3\n"
                                          "  1 CLOSURE r2 [block] [r1]\n"
                                          "  4 RETURN r2\n"
                                          "    [] args=0 registers=2\n"
                                          "      0 COPIED r1 0\n"
                                          "      1 RETURN r1\n");
}

static void temporary_assigned_by_a_block_lives_in_a_vector(void **state) {
  (void)state;
  assert_method("foo | n | n := 0. ^[n := n + 1]", "foo args=0 registers=3\n"
                                                   "  0 NEWVEC r1 1\n"
                                                   "  1 LOADI r2 0\n"
                                                   "  2 SETVEC r2 r1 0\n"
                                                   "  3 CLOSURE r2 [block] [r1]\n"
                                                   "  6 RETURN r2\n"
                                                   "    [] args=0 registers=3\n"
                                                   "      0 COPIED r1 0\n"
                                                   "      1 GETVEC r2 r1 0\n"
                                                   "      2 ADDI r2 r2 1\n"
                                                   "      3 SETVEC r2 r1 0\n"
                                                   "      4 RETURN r2\n");
}

static void temporary_assigned_after_capture_lives_in_a_vector(void **state) {
  (void)state;
  assert_method("foo | n b | b := [n]. n := 3. ^b", "foo args=0 registers=4\n"
                                                    "  0 NEWVEC r2 1\n"
                                                    "  1 CLOSURE r1 [block] [r2]\n"
                                                    "  4 LOADI r3 3\n"
                                                    "  5 SETVEC r3 r2 0\n"
                                                    "  6 RETURN r1\n"
                                                    "    [] args=0 registers=3\n"
                                                    "      0 COPIED r1 0\n"
                                                    "      1 GETVEC r2 r1 0\n"
                                                    "      2 RETURN r2\n");
}

static void temporary_assigned_before_capture_in_the_same_loop_lives_in_a_vector(void **state) {
  (void)state;
  assert_method("foo | n | 1 to: 3 do: [:i | n := i. self do: [n]]", "foo args=0 registers=9\n"
                                                                     "  0 NEWVEC r1 1\n"
                                                                     "  1 LOADI r2 1\n"
                                                                     "  2 LOADI r3 3\n"
                                                                     "  3 LE_J r4 r2 r3\n"
                                                                     "  4 JUMP_FALSE r4 ->16\n"
                                                                     "  5 SETVEC r2 r1 0\n"
                                                                     "  6 MOVE r7 r0\n"
                                                                     "  7 CLOSURE r8 [block] [r1]\n"
                                                                     "  10 SEND r7 1 r4 #do:\n"
                                                                     "  12 FORLOOP r2 r3 1\n"
                                                                     "  13 LOOP ->5\n"
                                                                     "  14 ADDI r2 r2 1\n"
                                                                     "  15 LOOP ->3\n"
                                                                     "  16 RETURN_SELF\n"
                                                                     "    [] args=0 registers=3\n"
                                                                     "      0 COPIED r1 0\n"
                                                                     "      1 GETVEC r2 r1 0\n"
                                                                     "      2 RETURN r2\n");
}

static void variables_of_one_scope_share_a_vector(void **state) {
  (void)state;
  assert_method("foo | a b c | c := 1. ^[a := b. b := a. c]", "foo args=0 registers=4\n"
                                                              "  0 NEWVEC r2 2\n"
                                                              "  1 LOADI r1 1\n"
                                                              "  2 CLOSURE r3 [block] [r2 r1]\n"
                                                              "  5 RETURN r3\n"
                                                              "    [] args=0 registers=4\n"
                                                              "      0 COPIED r1 0\n"
                                                              "      1 COPIED r2 1\n"
                                                              "      2 GETVEC r3 r1 1\n"
                                                              "      3 SETVEC r3 r1 0\n"
                                                              "      4 GETVEC r3 r1 0\n"
                                                              "      5 SETVEC r3 r1 1\n"
                                                              "      6 RETURN r2\n");
}

static void loop_body_gets_a_fresh_vector_each_turn(void **state) {
  (void)state;
  assert_method("foo | b | 1 to: 3 do: [:i | | t | b := [t := i]]. ^b", "foo args=0 registers=5\n"
                                                                        "  0 LOADNIL r1 0\n"
                                                                        "  1 LOADI r2 1\n"
                                                                        "  2 LOADI r3 3\n"
                                                                        "  3 LE_J r4 r2 r3\n"
                                                                        "  4 JUMP_FALSE r4 ->13\n"
                                                                        "  5 NEWVEC r4 1\n"
                                                                        "  6 CLOSURE r1 [block] [r2 r4]\n"
                                                                        "  9 FORLOOP r2 r3 1\n"
                                                                        "  10 LOOP ->5\n"
                                                                        "  11 ADDI r2 r2 1\n"
                                                                        "  12 LOOP ->3\n"
                                                                        "  13 RETURN r1\n"
                                                                        "    [] args=0 registers=4\n"
                                                                        "      0 COPIED r1 0\n"
                                                                        "      1 COPIED r2 1\n"
                                                                        "      2 SETVEC r1 r2 0\n"
                                                                        "      3 MOVE r3 r1\n"
                                                                        "      4 RETURN r3\n");
}

static void loop_body_temporary_is_copied_when_assigned_before(void **state) {
  (void)state;
  assert_method("foo | b | 1 to: 3 do: [:i | | t | t := i. b := [t]]. ^b", "foo args=0 registers=5\n"
                                                                           "  0 LOADNIL r1 0\n"
                                                                           "  1 LOADI r2 1\n"
                                                                           "  2 LOADI r3 3\n"
                                                                           "  3 LE_J r4 r2 r3\n"
                                                                           "  4 JUMP_FALSE r4 ->13\n"
                                                                           "  5 MOVE r4 r2\n"
                                                                           "  6 CLOSURE r1 [block] [r4]\n"
                                                                           "  9 FORLOOP r2 r3 1\n"
                                                                           "  10 LOOP ->5\n"
                                                                           "  11 ADDI r2 r2 1\n"
                                                                           "  12 LOOP ->3\n"
                                                                           "  13 RETURN r1\n"
                                                                           "    [] args=0 registers=2\n"
                                                                           "      0 COPIED r1 0\n"
                                                                           "      1 RETURN r1\n");
}

static void loop_body_temporary_is_nil_again_each_turn(void **state) {
  (void)state;
  assert_method("foo [self foo] whileTrue: [| t | self bar: t. t := 1]", "foo args=0 registers=7\n"
                                                                         "  0 MOVE r4 r0\n"
                                                                         "  1 SEND r4 0 r1 #foo\n"
                                                                         "  3 JUMP_FALSE r1 ->11\n"
                                                                         "  4 LOADNIL r1 0\n"
                                                                         "  5 MOVE r5 r0\n"
                                                                         "  6 MOVE r6 r1\n"
                                                                         "  7 SEND r5 1 r2 #bar:\n"
                                                                         "  9 LOADI r1 1\n"
                                                                         "  10 LOOP ->0\n"
                                                                         "  11 RETURN_SELF\n");
}

static void inner_block_copies_through_the_outer_one(void **state) {
  (void)state;
  assert_method("foo: a ^[[a]]", "foo: args=1 registers=3\n"
                                 "  0 CLOSURE r2 [block] [r1]\n"
                                 "  3 RETURN r2\n"
                                 "    [] args=0 registers=3\n"
                                 "      0 COPIED r1 0\n"
                                 "      1 CLOSURE r2 [block] [r1]\n"
                                 "      4 RETURN r2\n"
                                 "        [] args=0 registers=2\n"
                                 "          0 COPIED r1 0\n"
                                 "          1 RETURN r1\n");
}

static void block_fetches_self_only_when_it_uses_it(void **state) {
  (void)state;
  assert_method("foo ^[[self bar]]", "foo args=0 registers=2\n"
                                     "  0 CLOSURE r1 [block] []\n"
                                     "  2 RETURN r1\n"
                                     "    [] args=0 registers=2\n"
                                     "      0 CLOSURE r1 [block] []\n"
                                     "      2 RETURN r1\n"
                                     "        [] args=0 registers=6\n"
                                     "          0 BLOCKSELF r1\n"
                                     "          1 MOVE r5 r1\n"
                                     "          2 SEND r5 0 r2 #bar\n"
                                     "          4 RETURN r2\n");
}

static void block_with_instance_variable_uses_self(void **state) {
  (void)state;
  assert_method("foo ^[iva := ivb + 1]", "foo args=0 registers=2\n"
                                         "  0 CLOSURE r1 [block] []\n"
                                         "  2 RETURN r1\n"
                                         "    [] args=0 registers=3\n"
                                         "      0 BLOCKSELF r1\n"
                                         "      1 GETIVAR r2 r1 1\n"
                                         "      2 ADDI r2 r2 1\n"
                                         "      3 SETIVAR r2 r1 0\n"
                                         "      4 RETURN r2\n");
}

static void block_that_needs_nothing_is_clean(void **state) {
  (void)state;
  assert_method("foo ^[:x | x foo]", "foo args=0 registers=2\n"
                                     "  0 CLOSURE r1 [block] []\n"
                                     "  2 RETURN r1\n"
                                     "    [] args=1 registers=6 clean\n"
                                     "      0 MOVE r5 r1\n"
                                     "      1 SEND r5 0 r2 #foo\n"
                                     "      3 RETURN r2\n");
}

static void return_in_a_block_needs_home(void **state) {
  (void)state;
  assert_method("foo: a a do: [:y | [^y] value]", "foo: args=1 registers=7 home\n"
                                                  "  0 MOVE r5 r1\n"
                                                  "  1 CLOSURE r6 [block] [] home\n"
                                                  "  3 SEND r5 1 r2 #do:\n"
                                                  "  5 RETURN_SELF\n"
                                                  "    [] args=1 registers=6\n"
                                                  "      0 CLOSURE r5 [block] [r1] home\n"
                                                  "      3 BLOCKVALUE r5 0 r2 #value\n"
                                                  "      5 RETURN r2\n"
                                                  "        [] args=0 registers=2\n"
                                                  "          0 COPIED r1 0\n"
                                                  "          1 BLOCKRETURN r1\n");
}

static void branches_return_directly(void **state) {
  (void)state;
  assert_method("foo: x ^x isNil ifTrue: [1] ifFalse: [x foo]", "foo: args=1 registers=6\n"
                                                                "  0 JUMP_NOT_NIL r1 ->3\n"
                                                                "  1 LOADI r2 1\n"
                                                                "  2 RETURN r2\n"
                                                                "  3 MOVE r5 r1\n"
                                                                "  4 SEND r5 0 r2 #foo\n"
                                                                "  6 RETURN r2\n");
}

static void statements_return_with_a_caret(void **state) {
  (void)state;
  assert_statements("^3. 4", "executeStatements args=0 registers=2\n"
                             "  0 LOADI r1 3\n"
                             "  1 RETURN r1\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(argument_is_copied_into_a_closure),
      cmocka_unit_test(temporary_that_is_not_assigned_after_capture_is_copied),
      cmocka_unit_test(temporary_assigned_by_a_block_lives_in_a_vector),
      cmocka_unit_test(temporary_assigned_after_capture_lives_in_a_vector),
      cmocka_unit_test(temporary_assigned_before_capture_in_the_same_loop_lives_in_a_vector),
      cmocka_unit_test(variables_of_one_scope_share_a_vector),
      cmocka_unit_test(loop_body_gets_a_fresh_vector_each_turn),
      cmocka_unit_test(loop_body_temporary_is_copied_when_assigned_before),
      cmocka_unit_test(loop_body_temporary_is_nil_again_each_turn),
      cmocka_unit_test(inner_block_copies_through_the_outer_one),
      cmocka_unit_test(block_fetches_self_only_when_it_uses_it),
      cmocka_unit_test(block_with_instance_variable_uses_self),
      cmocka_unit_test(block_that_needs_nothing_is_clean),
      cmocka_unit_test(return_in_a_block_needs_home),
      cmocka_unit_test(branches_return_directly),
      cmocka_unit_test(statements_return_with_a_caret),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
