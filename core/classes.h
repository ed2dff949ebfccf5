/* SPDX-License-Identifier: MIT */
/* classes.h -- the classes that C knows by index, and the slots of the objects that C reads.
 *
 * The builder makes these classes before it reads the first kernel source (images/genesis.c); the .st files of images/kernel then
 * defines them in full, with the same superclass and instance variables.  The order fixes the class indices:
 * new entries go to the end. */
#ifndef ATOLL_CLASSES_H
#define ATOLL_CLASSES_H

#include "object.h"

/* X(enum, Smalltalk name, superclass, format of instances, instance variables) */
#define WELL_KNOWN_CLASSES(X)                                                                              \
  X(SMALL_INTEGER, "SmallInteger", "Integer", FORMAT_FIXED, "")                                            \
  X(CHARACTER, "Character", "Magnitude", FORMAT_FIXED, "")                                                 \
  X(FLOAT, "FloatD", "Float", FORMAT_WORDS, "")                                                            \
  X(UNDEFINED_OBJECT, "UndefinedObject", "Object", FORMAT_FIXED, "")                                       \
  X(FALSE, "False", "Boolean", FORMAT_FIXED, "")                                                           \
  X(TRUE, "True", "Boolean", FORMAT_FIXED, "")                                                             \
  X(ARRAY, "Array", "ArrayedCollection", FORMAT_POINTERS, "")                                              \
  X(BYTE_ARRAY, "ByteArray", "ArrayedCollection", FORMAT_BYTES, "")                                        \
  X(STRING, "String", "CharacterArray", FORMAT_BYTES, "")                                                  \
  X(SYMBOL, "Symbol", "String", FORMAT_BYTES, "")                                                          \
  X(LARGE_POSITIVE, "LargePositiveInteger", "Integer", FORMAT_WORDS, "")                                   \
  X(LARGE_NEGATIVE, "LargeNegativeInteger", "LargePositiveInteger", FORMAT_WORDS, "")                      \
  X(BLOCK_CLOSURE, "BlockClosure", "Object", FORMAT_POINTERS, "code receiver home")                        \
  X(COMPILED_METHOD, "CompiledMethod", "CompiledCode", FORMAT_CODE, "")                                    \
  X(COMPILED_BLOCK, "CompiledBlock", "CompiledCode", FORMAT_CODE, "")                                      \
  X(CONTEXT, "ContextPart", "Object", FORMAT_FIXED, "frame code receiver")                                 \
  X(ASSOCIATION, "Association", "LookupKey", FORMAT_FIXED, "value")                                        \
  X(VARIABLE_BINDING, "VariableBinding", "LookupKey", FORMAT_FIXED, "value environment initial")           \
  X(METHOD_DICTIONARY, "MethodDictionary", "Object", FORMAT_POINTERS, "tally")                             \
  X(METACLASS, "Metaclass", "ClassDescription", FORMAT_FIXED, "instanceClass")                             \
  X(CLASS, "Class", "ClassDescription", FORMAT_FIXED,                                                      \
    "name comment category environment classVariables sharedPools pragmas")                                \
  X(OBJECT, "Object", "nil", FORMAT_FIXED, "")                                                             \
  X(BEHAVIOR, "Behavior", "Object", FORMAT_FIXED, "superclass methods spec instanceVariables")             \
  X(CLASS_DESCRIPTION, "ClassDescription", "Behavior", FORMAT_FIXED, "")                                   \
  X(MESSAGE, "Message", "Object", FORMAT_FIXED, "selector args")                                           \
  X(DIRECTED_MESSAGE, "DirectedMessage", "Message", FORMAT_FIXED, "receiver")                              \
  X(BINDING_DICTIONARY, "BindingDictionary", "Object", FORMAT_FIXED, "tally table environment name imports")       \
  X(SYSTEM_DICTIONARY, "SystemDictionary", "BindingDictionary", FORMAT_FIXED, "")                          \
  X(DEBUG_INFO, "DebugInfo", "Object", FORMAT_FIXED, "file source line lines names category pragmas")      \
  X(COMPILED_CODE, "CompiledCode", "Object", FORMAT_CODE, "")                                              \
  X(LOOKUP_KEY, "LookupKey", "Magnitude", FORMAT_FIXED, "key")                                             \
  X(MAGNITUDE, "Magnitude", "Object", FORMAT_FIXED, "")                                                    \
  X(NUMBER, "Number", "Magnitude", FORMAT_FIXED, "")                                                       \
  X(INTEGER, "Integer", "Number", FORMAT_FIXED, "")                                                        \
  X(FLOAT_ABSTRACT, "Float", "Number", FORMAT_FIXED, "")                                                   \
  X(BOOLEAN, "Boolean", "Object", FORMAT_FIXED, "")                                                        \
  X(ITERABLE, "Iterable", "Object", FORMAT_FIXED, "")                                                      \
  X(COLLECTION, "Collection", "Iterable", FORMAT_FIXED, "")                                                \
  X(SEQUENCEABLE_COLLECTION, "SequenceableCollection", "Collection", FORMAT_FIXED, "")                     \
  X(ARRAYED_COLLECTION, "ArrayedCollection", "SequenceableCollection", FORMAT_FIXED, "")                   \
  X(CHARACTER_ARRAY, "CharacterArray", "ArrayedCollection", FORMAT_FIXED, "")                              \
  X(UNICODE_STRING, "UnicodeString", "CharacterArray", FORMAT_BYTES, "")                                   \
  X(ACTOR_PROXY, "ActorProxy", "nil", FORMAT_FIXED, "id")                                                  \
  X(TRANSIENT_PROXY, "TransientProxy", "nil", FORMAT_FIXED, "id mode delay")                               \
  X(ACTOR, "Actor", "Object", FORMAT_FIXED, "id")                                                          \
  X(PROMISE, "Promise", "Object", FORMAT_FIXED, "state value reactions number owner")                      \
  X(HANDLE, "Handle", "Object", FORMAT_FIXED, "id")                                                        \
  X(LINK, "Link", "Object", FORMAT_FIXED, "nextLink")                                                      \
  X(PROCESS, "Process", "Link", FORMAT_FIXED,                                                              \
    "previousLink list listIndex priority frames frame pc grace deadline granted name environment interruptLock interrupts block") \
  X(CALLIN_PROCESS, "CallinProcess", "Process", FORMAT_FIXED, "")                                          \
  X(LINKED_LIST, "LinkedList", "SequenceableCollection", FORMAT_FIXED, "firstLink lastLink")               \
  X(SEMAPHORE, "Semaphore", "LinkedList", FORMAT_FIXED, "signals name")                                    \
  X(MESSAGE_LOOKUP, "MessageLookup", "Message", FORMAT_FIXED, "startingClass")

typedef enum ClassIndex {
  CLASS_INDEX_NONE = 0,
#define X(name, text, super, format, ivars) CLASS_##name,
  WELL_KNOWN_CLASSES(X)
#undef X
      CLASS_WELL_KNOWN_END
} ClassIndex;

/* Slots of Behavior, ClassDescription, Class and Metaclass objects. */
enum {
  BEHAVIOR_SUPERCLASS, /* class or nil */
  BEHAVIOR_METHODS,    /* MethodDictionary or nil */
  BEHAVIOR_SPEC,       /* SmallInteger: SPEC_* */
  BEHAVIOR_INSTANCE_VARIABLES, /* Array of Symbols, own ones only, or nil */
  METACLASS_INSTANCE_CLASS = 4,
  METACLASS_SLOTS,
  CLASS_SLOT_NAME = 4, /* Symbol */
  CLASS_SLOT_COMMENT,
  CLASS_SLOT_CATEGORY,
  CLASS_SLOT_ENVIRONMENT, /* BindingDictionary it is defined in */
  CLASS_SLOT_VARIABLES,   /* BindingDictionary of class variables, or nil */
  CLASS_SLOT_POOLS,       /* Array of BindingDictionaries, or nil */
  CLASS_SLOT_TRAIT_USE,    /* TraitUse, or nil */
  CLASS_SLOTS /* class-side instance variables follow */
};

/* What the bits of indexed elements mean; String and UnicodeString see to theirs themselves. */
typedef enum ElementKind { ELEMENT_UNSIGNED, ELEMENT_SIGNED, ELEMENT_FLOAT, ELEMENT_CHARACTER } ElementKind;

/* Fields of BEHAVIOR_SPEC. */
enum {
  SPEC_FIXED_SHIFT = 0,   /* 16 bits: named slots */
  SPEC_FORMAT_SHIFT = 16, /* 5 bits */
  SPEC_INDEX_SHIFT = 24,  /* 19 bits */
  SPEC_KIND_SHIFT = 44    /* 2 bits: ElementKind */
};
static inline int64_t spec_make(unsigned fixed, unsigned format, uint32_t class_index, ElementKind kind) {
  return (int64_t)fixed | (int64_t)format << SPEC_FORMAT_SHIFT | (int64_t)class_index << SPEC_INDEX_SHIFT | (int64_t)kind << SPEC_KIND_SHIFT;
}
static inline ElementKind spec_kind(int64_t spec) { return (ElementKind)(spec >> SPEC_KIND_SHIFT & 3); }
static inline unsigned spec_fixed(int64_t spec) { return (unsigned)spec & 0xffff; }
static inline unsigned spec_format(int64_t spec) { return (unsigned)(spec >> SPEC_FORMAT_SHIFT) & 31; }
static inline uint32_t spec_class_index(int64_t spec) { return (uint32_t)(spec >> SPEC_INDEX_SHIFT) & (uint32_t)CLASS_INDEX_MASK; }

/* Slots of other objects that C reads. */
enum { BINDING_KEY, BINDING_VALUE, BINDING_ENVIRONMENT, BINDING_INITIAL, BINDING_SLOTS };
enum { ASSOCIATION_KEY, ASSOCIATION_VALUE };
/* MethodDictionary: tally, then key, method, key, method..: open addressing by symbol hash, capacity a power of two. */
enum { METHODS_TALLY, METHODS_FIRST_KEY };
/* BindingDictionary: table is an Array of nil or VariableBinding, open addressing by the key's hash, capacity a power of two. */
enum { DICTIONARY_TALLY, DICTIONARY_TABLE, DICTIONARY_ENVIRONMENT, DICTIONARY_NAME, DICTIONARY_IMPORTS /* Array of BindingDictionaries, or nil */, DICTIONARY_SLOTS };
enum { MESSAGE_SELECTOR, MESSAGE_ARGUMENTS, DIRECTED_MESSAGE_RECEIVER, MESSAGE_STARTING_CLASS = DIRECTED_MESSAGE_RECEIVER };
enum { PROXY_ID, PROXY_MODE, PROXY_DELAY };
enum { PROMISE_STATE, PROMISE_VALUE, PROMISE_REACTIONS, PROMISE_NUMBER, PROMISE_OWNER, PROMISE_SLOTS };
enum { CONTEXT_FRAME /* SmallInteger offset of FP from the stack base, nil when it has returned */, CONTEXT_CODE, CONTEXT_RECEIVER, CONTEXT_SLOTS };
/* See processes.h.  PROCESS_FP: offset of the saved frame pointer, nil while it is active and when it is over; PROCESS_HEAD: slot of the first
 * element in PROCESS_LIST; PROCESS_GRANTED: the semaphore whose signal it got last. */
enum {
  PROCESS_NEXT, PROCESS_PREVIOUS, PROCESS_LIST, PROCESS_HEAD, PROCESS_PRIORITY, PROCESS_STACK, PROCESS_FP, PROCESS_PC, PROCESS_GRACE,
  PROCESS_DEADLINE, PROCESS_GRANTED, PROCESS_NAME, PROCESS_ENVIRONMENT, PROCESS_INTERRUPT_LOCK, PROCESS_INTERRUPTS, PROCESS_BLOCK, PROCESS_SLOTS
};
enum { SEMAPHORE_FIRST, SEMAPHORE_LAST, SEMAPHORE_SIGNALS };
enum {
  DEBUG_FILE,     /* String */
  DEBUG_SOURCE,   /* String, text of the method */
  DEBUG_LINE,     /* SmallInteger, line of the method's first character in the file */
  DEBUG_LINES,    /* ByteArray: pairs of LEB128 (pc delta, line delta) */
  DEBUG_NAMES,    /* Array of Strings, names of registers 1.. or nil */
  DEBUG_CATEGORY, /* String or nil */
  DEBUG_PRAGMAS,  /* Array of Messages or nil */
  DEBUG_SLOTS
};

#endif
