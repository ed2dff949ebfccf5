/* SPDX-License-Identifier: MIT */
/* compiler.h -- from Smalltalk text to code templates.
 *
 * The compiler knows no heap and no machine: it reads text, asks a CompilerScope what a name means, and
 * answers a CodeTemplate, plain C data in an arena, that method_build_may_gc (builder.h) turns into a CompiledMethod
 * in one reserved step.  So it cannot be disturbed by a collection, and it is fuzzed and tested alone.
 *
 * Files are read by a SourceReader for each syntax (bracket, bang) that tells a SourceEvents what it met, in the
 * order of the file.  Nesting deeper than COMPILER_MAX_DEPTH is a syntax error, so the C stack is bounded. */
#ifndef ATOLL_COMPILER_H
#define ATOLL_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMPILER_MAX_DEPTH = 400, COMPILER_MAX_ARGUMENTS = 200 };

/* Memory that is freed all at once. */
typedef struct Arena Arena;
Arena *arena_new(void);
void arena_delete(Arena *arena);
void *arena_alloc(Arena *arena, size_t size); /* zeroed; aborts the process only when the system has no memory */
char *arena_strndup(Arena *arena, const char *text, size_t length);

/* Where a scanner began last: the next one counts lines from there and not from the start of the text. */
typedef struct SourceMark {
  const char *at, *line_start;
  unsigned line;
} SourceMark;

/* A text with a name, for messages and positions.  The bytes are borrowed and must outlive the Source. */
typedef struct Source {
  const char *name; /* file name as shown to the user */
  const char *text;
  size_t length;
  unsigned first_line; /* of the text in that file, normally 1 */
  bool chunks;         /* CHUNK_END ends chunks, a bang is a character like any other */
  SourceMark *mark;    /* zero at first; NULL: the text is scanned once, or is short */
} Source;

enum { CHUNK_END = 1 };

/* The bytes of a file as the scanner wants them: without byte order mark, lines ending in LF; where bangs were doubled (files that Squeak or Pharo
 * wrote) they are single, ends of chunks are CHUNK_END, and *CHUNKS is true.  A copy in ARENA, ended with NUL; *LENGTH changes. */
char *source_text_prepare(Arena *arena, const char *text, size_t *length, bool *chunks);

typedef struct SourcePosition {
  unsigned line, column; /* from 1; column counts bytes */
  size_t offset;
} SourcePosition;

/* A syntax or name error: `file:line:column: expected ..., found ...` and the line with a caret. */
typedef struct CompileError {
  SourcePosition at;
  char message[256]; /* what was expected, what was found, what to do */
} CompileError;

/* Writes "name:line:column: error: message\n    source line\n       ^\n" to BUFFER (at most SIZE bytes, ended with NUL). */
void compile_error_format(const CompileError *error, const Source *source, char *buffer, size_t size);

/* A byte range of a source. */
typedef struct Text {
  const char *start;
  size_t length;
} Text;

/* ---- literals -------------------------------------------------------------------------------------- */

typedef enum LiteralKind {
  LITERAL_NIL, LITERAL_TRUE, LITERAL_FALSE,
  LITERAL_INTEGER,       /* fits int64 and SmallInteger: integer */
  LITERAL_LARGE_INTEGER, /* text = digits without sign or radix prefix; radix; negative */
  LITERAL_FLOAT,         /* number (already read exactly) */
  LITERAL_SCALED,        /* text = decimal mantissa with point, e.g. "3.14"; integer = scale; negative */
  LITERAL_CHARACTER,     /* integer = code point */
  LITERAL_STRING, LITERAL_SYMBOL, /* text */
  LITERAL_ARRAY,         /* elements */
  LITERAL_BYTE_ARRAY,    /* text = the bytes */
  LITERAL_BINDING,       /* text = variable name; binding = what the scope answered */
  LITERAL_BINDING_REFERENCE, /* #{Foo}, #{Smalltalk.Foo}: the binding itself as a value; text = path */
  LITERAL_BLOCK,         /* block = template of a CompiledBlock */
  LITERAL_CONSTANT,      /* ##( expr ): constant = template of a method to run once, its answer is the literal */
  LITERAL_SELECTOR       /* selector of a send: a Symbol; kept apart only for listings */
} LiteralKind;

typedef struct CodeTemplate CodeTemplate;

typedef struct Literal {
  LiteralKind kind;
  bool negative;
  unsigned radix;
  unsigned count; /* of elements */
  int64_t integer;
  double number;
  Text text;
  struct Literal *elements;
  void *binding;
  CodeTemplate *code; /* LITERAL_BLOCK, LITERAL_CONSTANT */
  SourcePosition at;
} Literal;

/* ---- code templates --------------------------------------------------------------------------------- */

typedef struct LineEntry {
  uint32_t pc;   /* index of the first instruction word it holds for */
  uint32_t line; /* in the file */
} LineEntry;

typedef struct PragmaTemplate {
  Text selector; /* e.g. "primitive:", "category:", "comment:" */
  unsigned count;
  Literal *arguments;
} PragmaTemplate;

struct CodeTemplate {
  Text selector; /* of a method; blocks: empty.  Statements: "executeStatements" */
  unsigned args, registers, flags; /* flags: CODE_* of code.h */
  Text primitive; /* name in <primitive: name>, or empty */
  unsigned literal_count, word_count, line_count, pragma_count;
  Literal *literals;
  uint32_t *words;
  LineEntry *lines;
  PragmaTemplate *pragmas;
  Text source;            /* the whole method (or block, or statement) */
  SourcePosition at;      /* where it begins */
  Text category;          /* from <category: '...'>, or empty */
  /* Names of arguments and temporaries with their registers, for debuggers: "name" in register i. */
  unsigned name_count;
  Text *names;
  uint8_t *name_registers;
};

/* ---- what names mean --------------------------------------------------------------------------------- */

typedef enum NameKind {
  NAME_UNKNOWN,  /* error: undeclared variable, unless the scope declares it */
  NAME_INSTANCE, /* index = slot in the object */
  NAME_BINDING   /* binding = anything; index unused */
} NameKind;

typedef struct NameMeaning {
  NameKind kind;
  unsigned index;
  void *binding;  /* handed through to LITERAL_BINDING.  May be NULL: the builder then looks the text up again. */
  bool read_only; /* assignment is an error */
} NameMeaning;

typedef struct CompilerScope CompilerScope;
struct CompilerScope {
  /* PATH is "Foo" or "SystemExceptions.NotFound" or "Smalltalk.Foo". */
  NameMeaning (*lookup)(CompilerScope *scope, Text path);
  /* An undeclared variable is used in an expression (ASSIGNED: on the left of :=).  Answers true when the name may be bound
   * late (an Undeclared binding that reads nil, as GNU Smalltalk does), false for an error. */
  bool (*undeclared)(CompilerScope *scope, Text name, bool assigned);
  /* Names near a misspelt one, for the message; may be NULL.  Writes at most SIZE bytes. */
  void (*suggest)(CompilerScope *scope, Text name, char *buffer, size_t size);
};

/* Compiles one method.  PATTERN is its selector and argument names, BODY what follows (without the brackets of bracket syntax); where a
 * file has both in one piece, PATTERN is empty and BODY is all of it.  Both lie inside SOURCE.  NULL and *ERROR on failure.  The answer
 * lives in ARENA and points into SOURCE. */
CodeTemplate *compile_method(Arena *arena, const Source *source, Text pattern, Text body, CompilerScope *scope,
                             CompileError *error);

/* Compiles statements as a method #executeStatements without arguments that answers the value of the last one.  Temporaries declared
 * at top level are looked up through SCOPE (they outlive the statement), not compiled as registers. */
CodeTemplate *compile_statements(Arena *arena, const Source *source, Text text, CompilerScope *scope, CompileError *error);

/* The listing of a template, for tests and `atoll` debugging: one instruction a line. */
void code_template_list(const CodeTemplate *code, char *buffer, size_t size);

/* ---- files ------------------------------------------------------------------------------------------- */

/* What a reader meets, in order.  Every Text points into the source, as written.  Any function may be NULL.  They answer false to stop reading (after an error that the
 * receiver has reported itself). */
typedef struct SourceEvents SourceEvents;
struct SourceEvents {
  /* `Super subclass: Name [`; superclass path may be "nil".  A later event's class is this one until class_end. */
  bool (*class_begin)(SourceEvents *e, Text superclass, Text name, SourcePosition at);
  /* `Name extend [` (CLASS_SIDE: `Name class extend [`), also Name [ ... ] for an existing class. */
  bool (*extend_begin)(SourceEvents *e, Text name, bool class_side, SourcePosition at);
  bool (*class_end)(SourceEvents *e);
  /* `| a b c |` inside a class body; CLASS_SIDE: `Name class [ | a | ]`. */
  bool (*instance_variables)(SourceEvents *e, bool class_side, const Text *names, unsigned count, SourcePosition at);
  /* `Name := expr.` or `Name.` inside a class body: VALUE is the text of expr, empty for none. */
  bool (*class_variable)(SourceEvents *e, Text name, Text value, SourcePosition at);
  /* <comment: '...'>, <shape: #pointer>, <category: ..>, <import: ..> in a class body.  VALUE: text of the argument expression. */
  bool (*class_pragma)(SourceEvents *e, bool class_side, Text keyword, Text value, SourcePosition at);
  /* A method: in a class body, `Name >> selector [ ]`, `Name class >> selector [ ]` or in a bang file.  CLASS_NAME is the text before
   * >> or of the class being defined.  PATTERN and BODY are as compile_method takes them.  CATEGORY may be empty. */
  bool (*method)(SourceEvents *e, Text class_name, bool class_side, Text pattern, Text body, Text category, SourcePosition at);
  /* `| a b |` at top level. */
  bool (*declare_temporaries)(SourceEvents *e, const Text *names, unsigned count, SourcePosition at);
  /* One top-level statement (in bracket files: up to its '.'; in bang files: a chunk). */
  bool (*statement)(SourceEvents *e, Text text, SourcePosition at);
  /* `Eval [ ... ]`: temporaries are local to it. */
  bool (*eval)(SourceEvents *e, Text text, SourcePosition at);
  /* `Namespace current: Foo [ ... ]`. */
  bool (*namespace_begin)(SourceEvents *e, Text name, SourcePosition at);
  bool (*namespace_end)(SourceEvents *e);
  /* A syntax error; the reader goes on behind it. */
  void (*error)(SourceEvents *e, const CompileError *error);
  /* `!Foo methodsFor: 'x' ifTrue: expr!`: methods up to condition_end are for the case that EXPRESSION is true. */
  bool (*condition_begin)(SourceEvents *e, Text expression, SourcePosition at);
  bool (*condition_end)(SourceEvents *e);
  /* <import: Foo>, <comment: 'x'> in the body of a namespace. */
  bool (*namespace_pragma)(SourceEvents *e, Text keyword, Text value, SourcePosition at);
};

/* Reads SOURCE in whichever of the syntaxes it is in (bracket, bang and Tonel may alternate in one file, as in GNU Smalltalk).  Answers false when an
 * event function stopped it or there was a syntax error. */
bool source_read(const Source *source, SourceEvents *events);

/* The shape, for `<shape: ...>`, of a class that Pharo says is of that TYPE (Tonel, FileTree); empty: it has no indexed elements. */
Text source_shape_of_type(Text type);

#endif
