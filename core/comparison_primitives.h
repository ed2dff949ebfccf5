/* SPDX-License-Identifier: MIT */
/* comparison_primitives.h -- the six comparisons of numbers of one kind, made of one function
 *   static bool try_compare(Machine *m, int *order, bool *unordered)
 * that compares receiver and argument: ORDER is below, at or above 0; UNORDERED when one of them is not a number (NaN); false for what it cannot compare. */
#ifndef ATOLL_COMPARISON_PRIMITIVES_H
#define ATOLL_COMPARISON_PRIMITIVES_H

#include "primitive.h"

#define COMPARISON_PRIMITIVE(name, test)                                                     \
  static Oop name(Machine *m) {                                                              \
    int order;                                                                               \
    bool unordered;                                                                          \
    if (!try_compare(m, &order, &unordered)) return primitive_fail(m, FAILURE_BAD_ARGUMENT); \
    return oop_from_bool(test);                                                              \
  }

/* KIND_less, KIND_greater, ... */
#define COMPARISON_PRIMITIVES(kind)                                    \
  COMPARISON_PRIMITIVE(kind##_less, !unordered && order < 0)           \
  COMPARISON_PRIMITIVE(kind##_greater, !unordered && order > 0)        \
  COMPARISON_PRIMITIVE(kind##_less_equal, !unordered && order <= 0)    \
  COMPARISON_PRIMITIVE(kind##_greater_equal, !unordered && order >= 0) \
  COMPARISON_PRIMITIVE(kind##_equal, !unordered && order == 0)         \
  COMPARISON_PRIMITIVE(kind##_not_equal, unordered || order != 0)

#endif
