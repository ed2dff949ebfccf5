/* SPDX-License-Identifier: MIT */
/* listing.c -- a template as text, one instruction a line, blocks indented behind the code that makes them.
 *
 *   fib: args=1 registers=8
 *     0  LTI_J r2 r1 2
 *     1  JUMP_FALSE r2 ->3 ... */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "code.h"
#include "compiler.h"
#include "opcodes.h"

typedef struct Listing {
  char *buffer;
  size_t size, used;
  unsigned indent;
} Listing;

static const char *const names[] = {
#define OP(name, operands, doc) #name,
    OPCODES(OP)
#undef OP
};
static const char *const operands[] = {
#define OP(name, operands, doc) operands,
    OPCODES(OP)
#undef OP
};

static void put(Listing *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(Listing *out, const char *format, ...) {
  va_list args;
  int n;
  va_start(args, format);
  n = vsnprintf(out->buffer + out->used, out->size - out->used, format, args);
  va_end(args);
  out->used += n > 0 ? (size_t)n : 0;
  if (out->used >= out->size) out->used = out->size - 1;
}

static int shown(Text text) { return text.length > 60 ? 60 : (int)text.length; }

static void put_literal(Listing *out, const Literal *literal) {
  Text text = literal->text;
  const char *sign = literal->negative ? "-" : "";
  switch (literal->kind) {
  case LITERAL_NIL: put(out, "nil"); break;
  case LITERAL_TRUE: put(out, "true"); break;
  case LITERAL_FALSE: put(out, "false"); break;
  case LITERAL_INTEGER: put(out, "%lld", (long long)literal->integer); break;
  case LITERAL_LARGE_INTEGER: put(out, "%s%ur%.*s", sign, literal->radix, shown(text), text.start); break;
  case LITERAL_FLOAT: put(out, "%.17g", literal->number); break;
  case LITERAL_SCALED: put(out, "%s%.*ss%lld", sign, shown(text), text.start, (long long)literal->integer); break;
  case LITERAL_CHARACTER: put(out, "$<%lld>", (long long)literal->integer); break;
  case LITERAL_STRING: put(out, "'%.*s'", shown(text), text.start); break;
  case LITERAL_SYMBOL:
  case LITERAL_SELECTOR: put(out, "#%.*s", shown(text), text.start); break;
  case LITERAL_BINDING: put(out, "%.*s", shown(text), text.start); break;
  case LITERAL_BINDING_REFERENCE: put(out, "#{%.*s}", shown(text), text.start); break;
  case LITERAL_BLOCK: put(out, "[block]"); break;
  case LITERAL_CONSTANT: put(out, "##(constant)"); break;
  case LITERAL_BYTE_ARRAY:
    put(out, "#[");
    for (size_t i = 0; i < text.length; i++) put(out, i ? " %u" : "%u", (unsigned char)text.start[i]);
    put(out, "]");
    break;
  case LITERAL_ARRAY:
    put(out, "#(");
    for (unsigned i = 0; i < literal->count; i++) {
      if (i) put(out, " ");
      put_literal(out, &literal->elements[i]);
    }
    put(out, ")");
    break;
  }
}

static void put_literal_at(Listing *out, const CodeTemplate *code, unsigned index) {
  if (index < code->literal_count)
    put_literal(out, &code->literals[index]);
  else
    put(out, "literal %u?", index);
}

/* Operand number I of the word at PC, as its kind says. */
static void put_operand(Listing *out, const CodeTemplate *code, unsigned pc, unsigned i) {
  uint32_t word = code->words[pc];
  unsigned fields[] = {op_a(word), op_b(word), op_c(word)};
  switch (operands[op_code(word)][i]) {
  case 'r':
  case 'w': put(out, " r%u", fields[i]); break;
  case 'n': put(out, " %u", fields[i]); break;
  case 'i': put(out, " %d", i == 1 ? op_sbx(word) : op_sc(word)); break;
  case 'j': put(out, " ->%d", (int)pc + 1 + op_sbx(word)); break;
  case 'J': put(out, " ->%d", (int)pc + 1 + op_sj(word)); break;
  case 'k':
    put(out, " ");
    put_literal_at(out, code, op_bx(word));
    break;
  default: break;
  }
}

static unsigned captured_register(const CodeTemplate *code, unsigned first, unsigned i) {
  return code->words[first + i / 4] >> (i % 4 * 8) & 255;
}

/* The words behind a CLOSURE or a send; answers how many. */
static unsigned put_extra_words(Listing *out, const CodeTemplate *code, unsigned pc) {
  unsigned op = op_code(code->words[pc]), count;
  if (pc + 1 >= code->word_count) return 0;
  if (op == OP_SEND || op == OP_SUPERSEND || op == OP_BLOCKVALUE) {
    put(out, " ");
    put_literal_at(out, code, code->words[pc + 1]);
    return 1;
  }
  if (op != OP_CLOSURE) return 0;
  count = code->words[pc + 1] & 255;
  put(out, " [");
  for (unsigned i = 0; i < count; i++) put(out, i ? " r%u" : "r%u", captured_register(code, pc + 2, i));
  put(out, code->words[pc + 1] & 256 ? "] home" : "]");
  return 1 + (count + 3) / 4;
}

static void put_header(Listing *out, const CodeTemplate *code) {
  static const struct {
    unsigned flag;
    const char *name;
  } flags[] = {{CODE_NEEDS_HOME, "home"}, {CODE_HANDLER, "handler"},   {CODE_UNWIND, "unwind"},
               {CODE_HIDDEN, "hidden"},   {CODE_CLEAN_BLOCK, "clean"}, {CODE_BARRIER, "barrier"}};
  if (code->selector.length)
    put(out, "%.*s", shown(code->selector), code->selector.start);
  else
    put(out, "[]");
  put(out, " args=%u registers=%u", code->args, code->registers);
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (code->flags & flags[i].flag) put(out, " %s", flags[i].name);
  if (code->primitive.length) put(out, " primitive=%.*s", shown(code->primitive), code->primitive.start);
  put(out, "\n");
}

static void put_code(Listing *out, const CodeTemplate *code) {
  put(out, "%*s", (int)out->indent, "");
  put_header(out, code);
  for (unsigned pc = 0; pc < code->word_count; pc++) {
    uint32_t word = code->words[pc];
    put(out, "%*s%u %s", (int)out->indent + 2, "", pc, op_code(word) < OPCODE_COUNT ? names[op_code(word)] : "?");
    if (op_code(word) < OPCODE_COUNT)
      for (unsigned i = 0; operands[op_code(word)][i]; i++) put_operand(out, code, pc, i);
    pc += put_extra_words(out, code, pc);
    put(out, "\n");
  }
  out->indent += 4;
  for (unsigned i = 0; i < code->literal_count; i++)
    if (code->literals[i].code) put_code(out, code->literals[i].code);
  out->indent -= 4;
}

void code_template_list(const CodeTemplate *code, char *buffer, size_t size) {
  Listing out = {buffer, size, 0, 0};
  if (!size) return;
  buffer[0] = 0;
  put_code(&out, code);
}
