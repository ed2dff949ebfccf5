/* SPDX-License-Identifier: MIT */
/* object_format.c -- one number for all that an image's bytes mean to this build: instructions, special selectors, well-known classes and the
 * layout of objects.  Made from the tables themselves, so that nobody has to remember to raise it. */
#include "image_format.h"

#include "classes.h"
#include "code.h"
#include "object.h"
#include "opcodes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char tables[] =
#define OP(name, operands, doc) #name operands ";"
    OPCODES(OP)
#undef OP
#define PAIR(name, first, second) #name #first #second ";"
    JUMP_PAIRS(PAIR) ARITHMETIC_PAIRS(PAIR) PAIRS(PAIR)
#undef PAIR
#define X(name, text, args) #name text #args ";"
    SPECIAL_SELECTORS(X)
#undef X
#define X(name, text, superclass, format, variables) #name text superclass #format variables ";"
    WELL_KNOWN_CLASSES(X)
#undef X
    ;

static const uint32_t layout[] = {
    /* the parts of object.h and code.h that have numbers; raise the first one when a meaning changes that has none */
    1, CLASS_INDEX_BITS, FORMAT_SHIFT, FLAG_SHIFT, HASH_SHIFT, HASH_BITS, SIZE_SHIFT, OBJECT_SIZE_LARGE, CODE_LITERALS, CODE_ARGS_SHIFT,
    CODE_REGS_SHIFT, CODE_LITERALS_SHIFT, CODE_PRIMITIVE_SHIFT, CODE_FLAGS_SHIFT, CODE_BARRIER};

uint64_t image_object_format(void) { return XXH3_64bits_withSeed(tables, sizeof tables, XXH3_64bits(layout, sizeof layout)); }
