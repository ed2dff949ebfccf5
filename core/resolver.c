/* SPDX-License-Identifier: MIT */
/* resolver.c -- what names mean, which sends are inlined, and what each block captures.
 *
 * One walk over the tree in evaluation order.  A captured variable is copied into the closure when nothing assigns it
 * after the closure was made; else it is `shared` and lives in a vector.  "After" is decided from the order of the
 * walk and from loops: an assignment and a capture inside the same loop come after each other in turn, unless the
 * variable is declared inside that loop too, where each turn has its own. */
#include <stdio.h>
#include <string.h>

#include "near_names.h"
#include "compilation.h"
#include "scanner.h"

typedef struct Resolver {
  Compilation *compilation;
  const Method *method;
  Block *block;     /* the innermost one */
  unsigned visible; /* variables in scope */
} Resolver;

static const Form forms[] = {
#define FORM(selector, arguments, kind, negated, op, op_immediate, op_immediate_jump)                                  \
  {selector, arguments, FORM_##kind, negated, OP_##op, OP_##op_immediate, OP_##op_immediate_jump},
    FORMS(FORM)
#undef FORM
};

static void resolve(Resolver *r, Node *node);

/* ---- which sends are inlined ---- */

static const Form *find_form(Text selector) {
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (text_is(selector, forms[i].selector)) return &forms[i];
  return NULL;
}

static bool is_block(const Node *node, unsigned arguments) {
  return node->kind == NODE_BLOCK && node->block->argument_count == arguments;
}

static bool is_block_up_to_one(const Node *node) { return is_block(node, 0) || is_block(node, 1); }

/* A condition block must answer something. */
static bool is_condition(const Node *node) { return is_block(node, 0) && node->block->statements; }

static bool nil_blocks_fit(const Node *send, bool negated) {
  const Node *first = send->arguments, *second = first->next;
  if (!(negated ? is_block_up_to_one(first) : is_block(first, 0))) return false;
  return !second || (negated ? is_block(second, 0) : is_block_up_to_one(second));
}

/* Does the send have the literal blocks that its form needs? */
static bool form_applies(const Form *form, const Node *send) {
  const Node *first = send->arguments, *second = first ? first->next : NULL;
  switch (form->kind) {
  case FORM_IF:
  case FORM_AND:
  case FORM_OR: return is_block(first, 0);
  case FORM_IF_ELSE: return is_block(first, 0) && is_block(second, 0);
  case FORM_IF_NIL:
  case FORM_IF_NIL_ELSE: return nil_blocks_fit(send, form->negated);
  case FORM_WHILE: return is_condition(send->receiver) && (!first || is_block(first, 0));
  case FORM_REPEAT: return is_block(send->receiver, 0);
  case FORM_TO_DO: return is_block(second, 1);
  case FORM_TO_BY_DO: return is_block(second->next, 1);
  case FORM_TIMES_REPEAT: return is_block(first, 0);
  default: return true;
  }
}

/* ---- blocks and variables ---- */

static void enter_block(Resolver *r, Block *block, SourcePosition at) {
  block->outer = r->block;
  r->block = block;
  r->visible += block->variable_count;
  if (r->visible > MAX_VISIBLE_VARIABLES)
    compilation_fail(r->compilation, at, "too many variables in nested blocks (more than %d)", MAX_VISIBLE_VARIABLES);
}

static void leave_block(Resolver *r) {
  r->visible -= r->block->variable_count;
  r->block = r->block->outer;
}

static void resolve_statements(Resolver *r, Block *block) {
  for (Node *s = block->statements; s; s = s->next) resolve(r, s);
}

/* An argument block of an inlined send; LOOP when it runs again and again. */
static void resolve_inlined(Resolver *r, Node *node, const Node *loop) {
  Block *block = node->block;
  enter_block(r, block, node->at);
  block->inlined = true;
  block->function = block->outer->function;
  block->loop = loop;
  resolve_statements(r, block);
  leave_block(r);
}

static Function *new_function(Compilation *c, Function *outer, Block *body) {
  Function *function = arena_alloc(c->arena, sizeof(Function));
  function->outer = outer;
  function->body = body;
  function->last_capture = &function->captures;
  body->function = function;
  return function;
}

/* What a block needs, the code around it needs too, to hand it on. */
static void propagate_needs(Function *function) {
  Function *outer = function->outer;
  outer->needs_self |= function->needs_self;
  outer->has_return |= function->has_return;
}

static void resolve_real_block(Resolver *r, Node *node) {
  node->function = new_function(r->compilation, r->block->function, node->block);
  enter_block(r, node->block, node->at);
  resolve_statements(r, node->block);
  leave_block(r);
  propagate_needs(node->function);
}

static Variable *find_variable(const Resolver *r, const Node *name) {
  for (Block *b = r->block; b; b = b->outer)
    for (Variable *v = b->variables; v; v = v->next)
      if (v->at.offset <= name->at.offset && text_equal(v->name, name->text)) return v;
  return NULL;
}

/* The outermost loop around the present place inside the block of VARIABLE; NULL when there is none. */
static const Node *outermost_loop(const Resolver *r, const Variable *variable) {
  const Node *loop = NULL;
  for (const Block *b = r->block; b != variable->block; b = b->outer)
    if (b->loop && b->function == variable->block->function) loop = b->loop;
  return loop;
}

static bool captures_already(const Function *function, const Variable *variable) {
  const Capture *capture = function->captures;
  while (capture && capture->variable != variable) capture = capture->next;
  return capture != NULL;
}

static void add_capture(Resolver *r, Function *function, Variable *variable, SourcePosition at) {
  Capture *capture;
  if (function->capture_count++ >= MAX_REGISTERS)
    compilation_fail(r->compilation, at, "this block uses too many variables from outside (more than %d)",
                     MAX_REGISTERS);
  capture = arena_alloc(r->compilation->arena, sizeof(Capture));
  capture->variable = variable;
  *function->last_capture = capture;
  function->last_capture = &capture->next;
}

/* A use in a block inside: every block on the way out copies the variable; once one does, those around it do too. */
static void capture(Resolver *r, Variable *variable, SourcePosition at) {
  const Node *loop = outermost_loop(r, variable);
  for (Function *f = r->block->function; f != variable->block->function && !captures_already(f, variable); f = f->outer)
    add_capture(r, f, variable, at);
  variable->captured = true;
  variable->capture_loop = loop;
  if (loop && loop == variable->assign_loop) variable->shared = true;
}

static void use_variable(Resolver *r, Variable *variable, SourcePosition at) {
  variable->used = true;
  if (variable->block->function != r->block->function) capture(r, variable, at);
}

static void assign_variable(Resolver *r, Variable *variable, SourcePosition at) {
  if (!variable->used && r->block == variable->block) variable->assigned_first = true;
  if (variable->captured || variable->block->function != r->block->function) variable->shared = true;
  variable->assign_loop = outermost_loop(r, variable);
  use_variable(r, variable, at);
}

/* ---- names from outside ---- */

static void use_self(Resolver *r) { r->block->function->uses_self = r->block->function->needs_self = true; }

typedef struct NearSearch {
  const Resolver *r;
  const Node *name;
} NearSearch;

static bool is_known_name(void *context, const char *name, size_t length) {
  NearSearch *search = context;
  CompilerScope *scope = search->r->compilation->scope;
  Node node = *search->name;
  node.text = (Text){name, length};
  return find_variable(search->r, &node) || scope->lookup(scope, node.text).kind != NAME_UNKNOWN;
}

static _Noreturn void undeclared(Resolver *r, const Node *name) {
  CompilerScope *scope = r->compilation->scope;
  char near[120] = "", found[80];
  int shown = name->text.length > 60 ? 60 : (int)name->text.length;
  if (scope->suggest) scope->suggest(scope, name->text, near, sizeof near);
  else if (near_name(name->text.start, name->text.length, is_known_name, &(NearSearch){r, name}, found, sizeof found))
    snprintf(near, sizeof near, "'%s'", found);
  compilation_fail(r->compilation, name->at, "undefined variable %.*s referenced%s%s%s", shown, name->text.start,
                   *near ? "; did you mean " : "", near, *near ? "?" : "");
}

static void resolve_outside_name(Resolver *r, Node *name, bool assigned) {
  CompilerScope *scope = r->compilation->scope;
  name->meaning = scope->lookup(scope, name->text);
  switch (name->meaning.kind) {
  case NAME_INSTANCE:
    if (r->method->constant) compilation_fail(r->compilation, name->at, "an instance variable has no value in ##( )");
    if (name->meaning.index > 255)
      compilation_fail(r->compilation, name->at, "a class can have at most 256 instance variables");
    use_self(r);
    break;
  case NAME_BINDING: break;
  default:
    if (!scope->undeclared || !scope->undeclared(scope, name->text, assigned)) undeclared(r, name);
    name->meaning.kind = NAME_BINDING;
  }
}

static void resolve_variable(Resolver *r, Node *node) {
  node->variable = find_variable(r, node);
  if (node->variable)
    use_variable(r, node->variable, node->at);
  else
    resolve_outside_name(r, node, false);
}

static _Noreturn void not_assignable(Resolver *r, const Node *target, const char *what) {
  int shown = target->text.length > 100 ? 100 : (int)target->text.length;
  compilation_fail(r->compilation, target->at, "'%.*s' is %s and cannot be assigned", shown, target->text.start, what);
}

static void resolve_assignment(Resolver *r, Node *node) {
  Node *target = node->receiver;
  resolve(r, node->arguments);
  target->variable = find_variable(r, target);
  if (!target->variable) {
    resolve_outside_name(r, target, true);
    if (target->meaning.read_only) not_assignable(r, target, "read-only");
    return;
  }
  if (target->variable->argument) not_assignable(r, target, "an argument");
  assign_variable(r, target->variable, target->at);
}

/* ---- sends ---- */

static void resolve_list(Resolver *r, Node *first) {
  for (Node *node = first; node; node = node->next) resolve(r, node);
}

static bool is_loop_form(FormKind kind) {
  return kind == FORM_WHILE || kind == FORM_REPEAT || kind == FORM_TO_DO || kind == FORM_TO_BY_DO ||
         kind == FORM_TIMES_REPEAT;
}

/* Limits and steps of loops are evaluated once even when they are blocks, and no such block is inlined. */
static bool is_inlined_argument(const Node *send, const Node *argument) {
  bool counts = send->form->kind == FORM_TO_DO || send->form->kind == FORM_TO_BY_DO;
  return !counts || !argument->next;
}

static void resolve_form(Resolver *r, Node *node) {
  FormKind kind = node->form->kind;
  const Node *loop = is_loop_form(kind) ? node : NULL;
  if (kind == FORM_WHILE || kind == FORM_REPEAT)
    resolve_inlined(r, node->receiver, loop);
  else
    resolve(r, node->receiver);
  for (Node *a = node->arguments; a; a = a->next) {
    if (kind <= FORM_TIMES_REPEAT && is_inlined_argument(node, a))
      resolve_inlined(r, a, loop);
    else
      resolve(r, a);
  }
}

static void resolve_send(Resolver *r, Node *node) {
  const Form *form = node->receiver->kind == NODE_SUPER ? NULL : find_form(node->text);
  if (form && form->arguments == node->count && form_applies(form, node)) {
    node->form = form;
    resolve_form(r, node);
    return;
  }
  resolve(r, node->receiver);
  resolve_list(r, node->arguments);
}

/* `super a; b` sends both to super. */
static void resolve_cascade(Resolver *r, Node *node) {
  bool super = node->receiver->kind == NODE_SUPER;
  resolve(r, node->receiver);
  for (Node *send = node->arguments; send; send = send->next) {
    if (super) send->receiver->kind = NODE_SUPER;
    resolve_send(r, send);
  }
}

static void resolve_return(Resolver *r, Node *node) {
  resolve(r, node->receiver);
  if (r->block->function->outer) r->block->function->has_return = true;
}

static void resolve(Resolver *r, Node *node) {
  switch (node->kind) {
  case NODE_LITERAL:
  case NODE_CASCADED: break;
  case NODE_SELF:
  case NODE_SUPER: use_self(r); break;
  case NODE_THIS_CONTEXT: r->block->function->uses_context = true; break;
  case NODE_VARIABLE: resolve_variable(r, node); break;
  case NODE_ASSIGN: resolve_assignment(r, node); break;
  case NODE_SEND: resolve_send(r, node); break;
  case NODE_CASCADE: resolve_cascade(r, node); break;
  case NODE_BLOCK: resolve_real_block(r, node); break;
  case NODE_BRACE: resolve_list(r, node->arguments); break;
  case NODE_RETURN: resolve_return(r, node); break;
  }
}

Function *resolve_method(Compilation *compilation, Method *method) {
  Resolver r = {compilation, method, NULL, 0};
  Function *function = new_function(compilation, NULL, method->body);
  enter_block(&r, method->body, method->at);
  resolve_statements(&r, method->body);
  return function;
}
