/* SPDX-License-Identifier: MIT */
/* program_internal.h -- what a Program is made of: shared by the files program*.c. */
#ifndef ATOLL_PROGRAM_INTERNAL_H
#define ATOLL_PROGRAM_INTERNAL_H

#include "compiler.h"
#include "definer.h"
#include "name_set.h"
#include "program.h"

typedef enum ItemKind {
  ITEM_FILE, ITEM_CLASS, ITEM_EXTEND, ITEM_VARIABLES, ITEM_CLASS_VARIABLE, ITEM_PRAGMA, ITEM_METHOD, ITEM_TEMPORARIES,
  ITEM_STATEMENT, ITEM_DEFINITION, ITEM_EVAL, ITEM_NAMESPACE, ITEM_NAMESPACE_END, ITEM_NAMESPACE_PRAGMA, ITEM_CONDITION, ITEM_CONDITION_END
} ItemKind;

typedef struct Item {
  ItemKind kind;
  bool class_side;
  bool first; /* variables: the first of a body that defines the class */
  bool done;  /* carried out before its turn */
  bool quiet; /* a copy that is carried out before its turn: the original complains */
  bool initializes; /* ITEM_METHOD: `initialize` of a class in Tonel or FileTree; ITEM_DEFINITION: its call */
  unsigned count;
  const Source *source;
  Text class_name, name, value; /* by kind: superclass and name, pattern and body, keyword and value .. */
  Text category;                /* of a method, where the file says it outside of the method */
  Text *names;
  SourcePosition at;
} Item;

/* A folder with a package.xml, or the tests in one.  In the program's arena. */
typedef struct Package Package;
struct Package {
  Package *next;  /* that was seen before it */
  Package *below; /* that waits for it */
  char *folder, *real_path, *text;
  const char *at; /* in the text: what it needs has been looked for up to here */
  bool tests, at_test;
};

struct Program {
  SourceEvents events; /* first: the reader hands back a pointer to it */
  FILE *errors;
  Arena *arena;        /* items and texts */
  Item *items;
  size_t count, capacity, next;
  unsigned error_count;
  const Source *reading;
  Text reading_class;
  Text protocol;          /* of the methods that follow: the last "---- protocol ----" */
  const char *scanned;    /* it was looked for up to here */
  bool reading_class_side, only_definitions;
  bool reading_first[2]; /* the next variables (of the class side) are the first of the body */
  void (*before_statement)(Machine *m); /* may be NULL */
  const char *evaluator, *evaluator_selector; /* NULL: statements are bottom frames themselves */
  /* stepping */
  bool begun;
  Definer definer;
  const Source *current;
  Arena *code_arena;     /* template being made, while its constants run */
  CodeTemplate *code;
  unsigned constants;    /* handle of the first constant */
  size_t constants_done;
  bool running_constant, running_variable, running_condition, running_statement;
  bool skipping;         /* methods: the condition of their list is false */
  Text spaces[COMPILER_MAX_DEPTH + 1]; /* the namespaces that are open, the innermost last */
  unsigned space_depth;
  NameSet refused; /* classes that could not be defined: complained about once */
  NameSet assigned;     /* by statements among the first ASSIGNED_SEEN items */
  size_t assigned_seen;
  size_t freed;      /* items whose names of classes have been looked at */
  Package *packages; /* that were added, the last first */
};

/* Has the classes that the items from FIRST on define made before anything else of them, superclasses first, with their variables.  False: no
 * memory. */
bool program_order_classes(Program *program, size_t first);

/* Does any statement of the program assign the variable NAME? */
bool program_assigns(Program *program, Text name);

/* Is there a package.xml in FOLDER? */
bool program_is_package(Program *program, const char *folder);
/* Adds what it names, once: needed packages, then the files, those for tests if TESTS. */
bool program_add_package(Program *program, const char *folder, bool tests);

/* Is FOLDER a class as FileTree keeps it? */
bool program_is_filetree_class(const char *folder);
bool program_add_filetree_class(Program *program, const char *folder);

/* A copy of TEXT that lives as long as the program, as the source of what is told next to the program's events.  NULL: no memory. */
const Source *program_add_source(Program *program, const char *name, const char *text, size_t length);

/* Sends #initialize to the classes that define it on their class side in the items from FIRST on, as Pharo does when it has loaded a package. */
bool program_add_initializers(Program *program, size_t first);

/* The text of a file, malloc'ed; NULL after complaining. */
char *program_read_file(Program *program, const char *path, size_t *length);

#endif
