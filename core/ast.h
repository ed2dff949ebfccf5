/* SPDX-License-Identifier: MIT */
/* ast.h -- what the parser builds, the resolver annotates and the generator reads.
 *
 * A Function is what becomes one CodeTemplate: a method, statements, or a block that is really a block.  A Block is a
 * lexical scope; literal blocks that are arguments of ifTrue:, whileTrue: and the like are `inlined` and live in the
 * frame of the Function around them.  Everything is in the compilation's arena. */
#ifndef ATOLL_AST_H
#define ATOLL_AST_H

#include "compiler.h"
#include "forms.h"

typedef struct Node Node;
typedef struct Block Block;
typedef struct Function Function;
typedef struct Variable Variable;

struct Variable {
  Text name;
  SourcePosition at;
  bool argument; /* cannot be assigned */
  /* resolver */
  bool used, captured;
  bool shared;         /* captured and assigned after that: lives in the vector of its block */
  bool assigned_first; /* its first use assigns it: needs no nil */
  Block *block;
  const Node *capture_loop, *assign_loop; /* outermost loop inside BLOCK with the last capture, assignment */
  /* generator */
  unsigned place; /* register, or slot of the vector */
  Variable *next; /* in its block */
};

struct Block {
  Variable *variables, **last_variable; /* arguments first */
  unsigned argument_count, variable_count;
  Node *statements;
  SourcePosition at;
  Text source;
  /* resolver */
  Block *outer;
  Function *function; /* whose frame it runs in */
  bool inlined;
  const Node *loop; /* the loop that runs it again and again, NULL if none */
  /* generator */
  unsigned vector_size, vector_register;
};

/* A value that a block copies from the frame around it: a variable, or the vector of a block. */
typedef struct Capture {
  Variable *variable;
  Block *vector;  /* instead of variable when that is shared */
  unsigned place; /* register in the frame of the block */
  struct Capture *next;
} Capture;

struct Function {
  Function *outer; /* NULL for methods and statements */
  Block *body;
  bool uses_self;  /* in its own code */
  bool needs_self; /* or in blocks inside */
  bool has_return; /* `^` in a block, or in blocks inside */
  bool uses_context;
  Capture *captures, **last_capture;
  unsigned capture_count;
};

typedef enum NodeKind {
  NODE_LITERAL,
  NODE_SELF,
  NODE_SUPER,
  NODE_THIS_CONTEXT,
  NODE_VARIABLE, /* text; resolver: variable, or an instance variable, or a binding */
  NODE_ASSIGN,   /* receiver = NODE_VARIABLE, arguments = the value */
  NODE_SEND,     /* receiver, text = selector, arguments */
  NODE_CASCADE,  /* receiver, arguments = sends to NODE_CASCADED */
  NODE_CASCADED, /* the receiver of a cascade, once more; place */
  NODE_BLOCK,    /* block */
  NODE_BRACE,    /* arguments */
  NODE_RETURN    /* receiver */
} NodeKind;

struct Node {
  NodeKind kind;
  unsigned height; /* of the tree below */
  bool assigns;    /* an assignment somewhere below */
  SourcePosition at;
  Text text;
  Node *receiver, *arguments, *next;
  unsigned count; /* of arguments */
  Literal *literal;
  Block *block;
  /* resolver */
  const Form *form; /* how a send is compiled, NULL for a plain send */
  Variable *variable;
  NameMeaning meaning;
  Function *function; /* of a real block */
  /* generator */
  unsigned place; /* NODE_CASCADED: register of the receiver */
};

typedef struct Method {
  Text selector; /* "executeStatements" for statements */
  bool statements;
  bool constant; /* ##( ): no instance, no instance variables */
  Block *body;
  unsigned flags; /* CODE_* from pragmas */
  Text primitive, category, source;
  SourcePosition at;
  PragmaTemplate *pragmas;
  unsigned pragma_count;
} Method;

#endif
