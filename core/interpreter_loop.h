/* SPDX-License-Identifier: MIT */
/* interpreter_loop.h -- the body of the interpreter, included by interpreter.c once per mode.
 *
 *   MODE 0  pristine: nothing of S has a copy; references are what they seem
 *   MODE 1  data shadowed: an object of S may have a copy, so receivers and bindings that lie in S are resolved
 *   MODE 2  behaviour overridden: also, special selectors may have lost their built-in meaning, and objects may lack slots that code reads
 *
 * Local registers: fp, pc, literals (K[i]); code is found from literals.  Before any call that may move objects the loop saves
 * them to the machine (SAVE) and reads them back after it (LOAD).  Cases are short; what is slow has a name in interpreter.c. */

static RunStatus RUN_NAME(Machine *m) {
  static const void *const labels[256] = {
#define OP(name, operands, doc) [OP_##name] = &&op_##name,
      OPCODES(OP)
#undef OP
#define PAIR(name, first, second) [OP_##name] = &&op_##name,
      JUMP_PAIRS(PAIR)
#undef PAIR
#define PAIR(name, first, second) [OP_##name] = &&PAIR_LABEL(name, first),
      ARITHMETIC_PAIRS(PAIR) PAIRS(PAIR)
#undef PAIR
          [OPCODE_END... 255] = &&op_illegal};
  register Oop *fp;
  register const uint32_t *pc;
  register const Oop *literals;
  uint64_t w;
  /* of the send being made */
  const uint32_t *site;
  unsigned base, argc, dest;
  SendCacheEntry *entry;
  Object *callee;
  Oop result;
  Oop left, right; /* operands of a special send */
  double real;

#define CODE ((Object *)((char *)literals - offsetof(Object, slots) - CODE_LITERALS * 8))
#define SAVE() (m->fp = fp, m->pc = (uint32_t)(pc - (const uint32_t *)CODE))
#define LOAD()                                                                          \
  do {                                                                                  \
    fp = m->fp;                                                                         \
    literals = &oop_to_object(fp[FRAME_CODE])->slots[CODE_LITERALS];                    \
    pc = (const uint32_t *)CODE + m->pc;                                                \
  } while (0)
#define NEXT()                 \
  do {                         \
    w = *pc++;                 \
    goto *labels[w & 0xff];    \
  } while (0)
#define A (w >> 8 & 0xff)
/* Read again from the instruction, which is behind pc: one load, where shifting W apart is two or three steps.  So not after pc has changed. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define B ((size_t)((const uint8_t *)pc)[-2])
#define C ((size_t)((const uint8_t *)pc)[-1])
#define SIGNED_C ((int64_t)((const int8_t *)pc)[-1])
#define BX ((size_t)((const uint16_t *)pc)[-1])
#define SIGNED_BX ((int64_t)((const int16_t *)pc)[-1])
#define NEXT_SIGNED_BX ((int64_t)((const int16_t *)pc)[1])
#else
#define B (w >> 16 & 0xff)
#define C (w >> 24)
#define SIGNED_C ((int64_t)op_sc((uint32_t)w))
#define BX (w >> 16)
#define SIGNED_BX ((int64_t)op_sbx((uint32_t)w))
#define NEXT_SIGNED_BX ((int64_t)op_sbx(*pc))
#endif
#define R(i) fp[i]
#define OVERRIDDEN(k) (MODE == 2 && (m->overridden >> SPECIAL_##k & 1))
/* Only objects of S have FLAG_SHADOWABLE while code runs, and only those with it may have a copy. */
#define MAY_HAVE_COPY(object) (MODE && (object)->header & FLAG_SHADOWABLE)
#define RESOLVE(x) (MODE && oop_is_pointer(x) && MAY_HAVE_COPY(oop_to_object(x)) ? oop_resolve_source(m, x) : (x))
#define ROOM(bytes)                                                \
  do {                                                             \
    if (unlikely((size_t)(m->alloc_end - m->alloc) < (bytes) || debug_on(DEBUG_GC_STRESS))) { \
      SAVE();                                                      \
      if (!machine_reserve_may_gc(m, bytes)) goto heap_limit;      \
      LOAD();                                                      \
    }                                                              \
  } while (0)
/* The arguments at ARGS are what they mean to this machine.  Nothing is stored where nothing changes, which is nearly always. */
#define RESOLVE_ARGUMENTS(args_)                                                                    \
  do {                                                                                              \
    if (MODE)                                                                                       \
      for (Oop *argument_ = (args_) + 1, *end_ = argument_ + argc; argument_ < end_; argument_++)    \
        if (oop_is_pointer(*argument_) && unlikely(MAY_HAVE_COPY(oop_to_object(*argument_))))        \
          *argument_ = oop_resolve_source(m, *argument_);                                           \
  } while (0)
/* The message behind an instruction, its operands in LEFT and RIGHT. */
#define SPECIAL1(k, receiver, argument, to) \
  do {                                      \
    left = (receiver), right = (argument);  \
    dest = (to);                            \
    goto special_send;                      \
  } while (0)
#define SPECIAL0(k, receiver, to) \
  do {                            \
    left = (receiver);            \
    dest = (to);                  \
    goto special_send_unary;      \
  } while (0)
/* A send that a runtime condition makes: not cached. */
#define RUNTIME_SEND(k, count, to)                 \
  do {                                             \
    argc = (count), dest = (to), site = pc - 1;    \
    result = m->source->special_selectors[SPECIAL_##k]; \
    goto runtime_send;                             \
  } while (0)
/* Frames are made here: CALLEE, whose first instruction is at FIRST, runs on what stands at BASE. */
#define HAS_ROOM(base_, registers_) likely(fp + (base_) + (registers_) + STACK_SLACK <= m->stack_limit)
#define ENTER(callee_, first_, base_, dest_)                                     \
  do {                                                                           \
    Oop *frame_ = fp + (base_);                                                  \
    Object *callee__ = (callee_);                                                \
    frame_[FRAME_CONTEXT] = OOP_NIL;                                             \
    frame_[FRAME_LINK] =                                                         \
        likely(address_in_source((uint64_t)(uintptr_t)pc) && ((dest_) | (base_)) <= LINK_NEAR_MAX) \
            ? LINK_MAKE_NEAR(pc, dest_, base_)                                   \
            : LINK_MAKE(pc - (const uint32_t *)CODE, dest_, base_);              \
    frame_[FRAME_CODE] = oop_from_object(callee__);                              \
    pc = (first_);                                                               \
    fp = frame_;                                                                 \
    literals = &callee__->slots[CODE_LITERALS];                                  \
    if (unlikely(--m->budget <= 0)) goto preempt;                                   \
    NEXT();                                                                      \
  } while (0)
/* R(A) is counted on by INCREMENT, a SmallInteger without its tag, towards the limit R(B), UP or down; what is not small is left to the sends behind. */
#define FOR_TURN(step_is_small, increment, up)                                                                      \
  do {                                                                                                             \
    Oop i_ = R(A), limit_ = R(B);                                                                                  \
    int64_t next_;                                                                                                 \
    if (unlikely(!oop_both_small(i_, limit_) || !(step_is_small) || OVERRIDDEN(ADD) || OVERRIDDEN(LE) || OVERRIDDEN(GE)) || \
        unlikely(__builtin_add_overflow((int64_t)i_, (increment), &next_))) {                                      \
      pc++;                                                                                                        \
      NEXT();                                                                                                      \
    }                                                                                                              \
    R(A) = (Oop)next_;                                                                                             \
    if (likely((up) ? next_ <= (int64_t)limit_ : next_ >= (int64_t)limit_)) {                                      \
      pc += op_sj(*pc) + 1;                                                                                        \
      if (unlikely(--m->budget <= 0)) goto preempt;                                                                 \
      NEXT();                                                                                                      \
    }                                                                                                              \
    pc += 3;                                                                                                       \
    NEXT();                                                                                                        \
  } while (0)
/* Instructions that pairs begin with; THEN is how to go on. */
#define DO_MOVE(then) \
  do { R(A) = R(B); then; } while (0)
#define DO_LOADK(then) \
  do { R(A) = literals[BX]; then; } while (0)
#define DO_LOADI(then) \
  do { R(A) = oop_from_small(SIGNED_BX); then; } while (0)
#define DO_LOADFALSE(then) \
  do { R(A) = OOP_FALSE; then; } while (0)
#define DO_COPIED(then) \
  do { R(A) = oop_to_object(RESOLVE(R(0)))->slots[CLOSURE_COPIED + B]; then; } while (0)
#define DO_GETIVAR(then)                                         \
  do {                                                           \
    if (MODE == 2 && lacks_slot(m, R(B), C)) goto missing_slot;  \
    R(A) = oop_to_object(R(B))->slots[C];                        \
    then;                                                        \
  } while (0)
#define DO_GETVEC(then)                                          \
  do {                                                           \
    if (MODE == 2 && lacks_slot(m, R(B), C)) goto missing_slot;  \
    R(A) = oop_to_object(RESOLVE(R(B)))->slots[C];               \
    then;                                                        \
  } while (0)
#define DO_GETGLOBAL(then)                                        \
  do {                                                            \
    Oop binding = literals[BX];                              \
    R(A) = oop_to_object(RESOLVE(binding))->slots[BINDING_VALUE]; \
    then;                                                         \
  } while (0)
#define DO_BLOCKSELF(then)                                          \
  do {                                                              \
    result = oop_to_object(RESOLVE(R(0)))->slots[CLOSURE_RECEIVER]; \
    R(A) = RESOLVE(result);                                         \
    then;                                                           \
  } while (0)
#define DO_SETIVAR(then)                                               \
  do {                                                                 \
    if (MODE == 2 && lacks_slot(m, R(B), C)) goto missing_slot;        \
    Object *object = oop_to_object(R(B));                              \
    if (unlikely(object->header & FLAG_GUARD)) goto store_with_care;   \
    object->slots[C] = R(A);                                           \
    then;                                                              \
  } while (0)

  LOAD();
  if (m->budget <= 0) return RUN_BUDGET;
  NEXT();

op_MOVE:
  DO_MOVE(NEXT());
op_LOADK:
  DO_LOADK(NEXT());
op_LOADI:
  DO_LOADI(NEXT());
op_LOADNIL:
  for (Oop *from = &R(A), *end = from + B; from <= end; from++) *from = OOP_NIL;
  NEXT();
op_LOADTRUE:
  R(A) = OOP_TRUE;
  NEXT();
op_LOADFALSE:
  DO_LOADFALSE(NEXT());
op_GETIVAR:
  DO_GETIVAR(NEXT());
op_SETIVAR:
op_SETVEC:
  DO_SETIVAR(NEXT());
op_GETGLOBAL:
  DO_GETGLOBAL(NEXT());
op_SETGLOBAL:
  SAVE();
  if (!store_global_may_gc(m, literals[BX], A)) goto heap_limit_or_read_only;
  LOAD();
  if (MODE == 0 && m->in_shadow) goto change_mode;
  NEXT();
op_NEWVEC:
  ROOM(8 + B * 8);
  {
    size_t size = B;
    Object *vector = machine_cut_unchecked(m, CLASS_ARRAY, FORMAT_POINTERS, size);
    for (size_t i = 0; i < size; i++) vector->slots[i] = OOP_NIL;
    R(A) = oop_from_object(vector);
  }
  NEXT();
op_GETVEC:
  DO_GETVEC(NEXT());
op_ARRAY : {
  ROOM(8 + C * 8);
  const Oop *elements = &R(B);
  size_t size = C;
  Object *array = machine_cut_unchecked(m, CLASS_ARRAY, FORMAT_POINTERS, size);
  for (size_t i = 0; i < size; i++) array->slots[i] = elements[i];
  R(A) = oop_from_object(array);
  NEXT();
}
op_CLOSURE : {
  uint32_t info = *pc;
  unsigned copied = info & 0xff;
  Oop home = OOP_NIL;
  if (info & 0x100) {
    SAVE();
    home = home_of_frame_may_gc(m);
    if (!home) goto heap_limit;
    LOAD();
    R(A) = home; /* A holds it while memory is reserved */
  }
  ROOM((1 + CLOSURE_COPIED + copied) * 8);
  if (info & 0x100) home = R(A);
  Object *closure = machine_cut_unchecked(m, CLASS_BLOCK_CLOSURE, FORMAT_POINTERS, CLOSURE_COPIED + copied);
  closure->slots[CLOSURE_CODE] = literals[BX];
  closure->slots[CLOSURE_RECEIVER] =
      code_flags(CODE) & CODE_IS_BLOCK ? oop_to_object(RESOLVE(R(0)))->slots[CLOSURE_RECEIVER] : R(0);
  closure->slots[CLOSURE_HOME] = home;
  pc++;
  for (unsigned i = 0; i < copied; i++) closure->slots[CLOSURE_COPIED + i] = R(pc[i >> 2] >> (i & 3) * 8 & 0xff);
  pc += (copied + 3) >> 2;
  R(A) = oop_from_object(closure);
  NEXT();
}
op_BLOCKSELF:
  DO_BLOCKSELF(NEXT());
op_COPIED:
  DO_COPIED(NEXT());
op_THISCONTEXT:
  SAVE();
  result = frame_context_may_gc(m, frame_offset(m, fp));
  if (!result) goto heap_limit;
  LOAD();
  R(A) = result;
  NEXT();
op_JUMP:
  pc += op_sj((uint32_t)w);
  NEXT();
op_LOOP:
  pc += op_sj((uint32_t)w);
  if (unlikely(--m->budget <= 0)) goto preempt;
  NEXT();
op_JUMP_TRUE:
  if (R(A) == OOP_TRUE)
    pc += SIGNED_BX;
  else if (unlikely(R(A) != OOP_FALSE))
    goto must_be_boolean;
  NEXT();
op_JUMP_FALSE:
  if (R(A) == OOP_FALSE)
    pc += SIGNED_BX;
  else if (unlikely(R(A) != OOP_TRUE))
    goto must_be_boolean;
  NEXT();
op_JUMP_NIL:
  if (R(A) == OOP_NIL) pc += SIGNED_BX;
  NEXT();
op_JUMP_NOT_NIL:
  if (R(A) != OOP_NIL) pc += SIGNED_BX;
  NEXT();
op_FORLOOP1:
  FOR_TURN(true, 2, true);
op_FORLOOP:
  FOR_TURN(true, SIGNED_C * 2, SIGNED_C > 0);
op_FORSTEP : {
  Oop step = R(C);
  FOR_TURN(oop_is_small(step), (int64_t)(step - 1), (int64_t)step > 0);
}

op_SEND: {
  Oop receiver = R(A);
  uint32_t class_index;
  if (likely(oop_is_pointer(receiver))) {
    if (unlikely(MAY_HAVE_COPY(oop_to_object(receiver)))) goto send_slowly;
    class_index = object_class_index(oop_to_object(receiver));
  } else {
    class_index = class_index_of_immediate(receiver);
  }
  entry = send_cache_first(m->cache, pc - 1);
  if (unlikely(entry->key != send_key(pc - 1, class_index))) goto send_slowly;
  if (unlikely(entry->kind != SEND_METHOD)) goto send_other;
  if (!HAS_ROOM(A, entry->registers)) goto send_found_elsewhere;
  dest = w >> 24;
  pc++;
  ENTER(entry->code, entry->words, A, dest);
}
send_other:
  base = A, argc = B, dest = C, site = pc++ - 1;
  goto send_kind;
send_found_elsewhere:
  base = A, argc = B, dest = C, site = pc++ - 1;
  goto send_found;
send_slowly:
  base = A, argc = B, dest = C, site = pc++ - 1;
send : {
  Oop receiver = R(base);
  uint32_t class_index;
  if (likely(oop_is_pointer(receiver))) {
    if (MAY_HAVE_COPY(oop_to_object(receiver))) R(base) = receiver = oop_resolve_source(m, receiver);
    class_index = object_class_index(oop_to_object(receiver));
  } else {
    class_index = class_index_of_immediate(receiver);
  }
  entry = send_cache_find(m->cache, site, class_index);
  if (unlikely(!entry)) goto send_miss;
}
send_found:
  if (entry->kind != SEND_METHOD) goto send_kind;
  callee = entry->code;
  if (!HAS_ROOM(base, entry->registers)) goto activate;
  ENTER(callee, entry->words, base, dest);

special_send_unary:
  argc = 0, site = pc - 1;
  base = code_registers(CODE) + FRAME_CONTROL;
  R(base) = left;
  goto send;
special_send:
  argc = 1, site = pc - 1;
  base = code_registers(CODE) + FRAME_CONTROL;
  R(base) = left;
  R(base + 1) = right;
  goto send;

send_kind:
  callee = entry->code;
  if (entry->kind == SEND_QUICK) {
    m->fp = fp;
    m->args = fp + base;
    m->argc = argc;
    m->budget--;
    RESOLVE_ARGUMENTS(fp + base);
    result = entry->primitive(m);
    m->args = NULL;
    if (unlikely(result == OOP_FAIL)) goto activate;
    R(dest) = result;
    NEXT();
  }
  if (entry->kind == SEND_NEW || entry->kind == SEND_NEW_SIZED) {
    enum { INDEXED_MAX = 256 };
    size_t slots = entry->header >> SIZE_SHIFT, more = entry->kind == SEND_NEW_SIZED ? (size_t)oop_to_small(R(base + 1)) : 0;
    if (entry->kind == SEND_NEW_SIZED && unlikely(!oop_is_small(R(base + 1)) || more > INDEXED_MAX)) goto invoke;
    slots += more;
    if (unlikely((size_t)(m->alloc_end - m->alloc) < 8 + slots * 8 || debug_on(DEBUG_GC_STRESS))) goto invoke;
    Object *made = (Object *)m->alloc;
    m->alloc += 8 + slots * 8;
    made->header = (entry->header + ((uint64_t)more << SIZE_SHIFT)) | (uint64_t)machine_next_hash(m) << HASH_SHIFT;
    for (size_t i = 0; i < slots; i++) made->slots[i] = OOP_NIL;
    R(dest) = oop_from_object(made);
    NEXT();
  }
  switch (entry->kind) {
  case SEND_GETTER:
    if (MODE == 2 && lacks_slot(m, R(base), entry->slot)) goto activate;
    R(dest) = oop_to_object(R(base))->slots[entry->slot]; NEXT();
  case SEND_CONSTANT: R(dest) = entry->constant; NEXT();
  case SEND_SELF: R(dest) = R(base); NEXT();
  case SEND_SETTER: {
    Object *object = oop_to_object(R(base));
    if (unlikely(object->header & FLAG_GUARD) || (MODE == 2 && lacks_slot(m, R(base), entry->slot))) goto activate;
    object->slots[entry->slot] = R(base + 1);
    R(dest) = R(base);
    NEXT();
  }
  case SEND_PERFORM: {
    SendCacheEntry *meant = perform_entry(m->cache, R(base), R(base + 1), argc - 1);
    if (!meant) break;
    entry = meant;
    argc--;
    for (unsigned i = 1; i <= argc; i++) R(base + i) = R(base + i + 1);
    goto send_found;
  }
  case SEND_ANY_MESSAGE: goto call_any_message;
  default: break;
  }
  m->args = fp + base;
  m->argc = argc;
  SAVE();
  m->budget--;
  RESOLVE_ARGUMENTS(fp + base);
  result = entry->primitive(m);
primitive_done:
  if (unlikely((result & OOP_TAG_MASK) == OOP_TAG_SPECIAL && result >= OOP_FAIL)) goto primitive_special;
  m->args = NULL;
  LOAD();
  R(dest) = result;
  if ((MODE == 0 && unlikely(m->in_shadow)) || (MODE == 1 && unlikely(m->overridden))) goto change_mode;
  NEXT();

primitive_special:
  if (result == OOP_FAIL) {
    /* run the Smalltalk body; code of W may have moved, so it is looked up again */
    LOAD();
    m->args = NULL;
    if (unlikely(m->failure == FAILURE_NO_MEMORY) && !m->grace) goto heap_limit; /* no body can know that better */
    if (unlikely(!address_in_source(oop_from_object(callee)))) callee = oop_to_object(find_method_again(m, CODE, site, R(base)));
    goto activate;
  }
  if (result == OOP_CONTROL) {
    Oop call = m->call;
    m->call = 0;
    if (m->done) return m->args = NULL, m->done = 0, RUN_DONE;
    LOAD();
    if (call) {
      base = (unsigned)(m->args - fp), argc = m->argc;
      callee = oop_to_object(call);
      goto invoke;
    }
    m->args = NULL;
    if ((MODE == 0 && m->in_shadow) || (MODE == 1 && m->overridden)) goto change_mode;
    if (unlikely(m->budget <= 0)) goto preempt;
    NEXT();
  }
  m->args = NULL;
  if (result == OOP_WAIT) return m->answer_to = (uint16_t)dest, RUN_WAITING;
  m->pc = (uint32_t)(site - (const uint32_t *)CODE); /* OOP_YIELD: the same send again */
  return RUN_WAITING;

call_any_message: /* a proxy takes the message as it is */
  m->selector = site_selector(m, CODE, site);
  m->args = fp + base;
  m->argc = argc;
  m->budget--;
  SAVE();
  RESOLVE_ARGUMENTS(m->args);
  result = entry->primitive(m);
  if (result != OOP_FAIL) goto primitive_done;
  LOAD();
  goto not_understood;

invoke: /* run callee on the arguments at base, its primitive first */
  m->args = NULL;
  if (code_primitive(callee)) {
    PrimitiveFunction function = primitive_function(m, callee);
    unsigned handle = machine_push_handle(m, oop_from_object(callee));
    m->args = fp + base;
    m->argc = argc;
    m->call = 0;
    SAVE();
    RESOLVE_ARGUMENTS(m->args);
    result = function(m);
    callee = oop_to_object(machine_handle(m, handle));
    machine_pop_handles(m, handle);
    if (result == OOP_FAIL) {
      LOAD();
      m->args = NULL;
      if (m->failure == FAILURE_NO_MEMORY && !m->grace) goto heap_limit;
      goto activate;
    }
    goto primitive_done;
  }
activate : {
  unsigned registers = code_registers(callee);
  if (!HAS_ROOM(base, registers)) {
    unsigned handle = machine_push_handle(m, oop_from_object(callee));
    m->args = fp + base;
    m->argc = argc;
    SAVE();
    bool grown = machine_grow_stack_may_gc(m, registers + STACK_SLACK + base);
    callee = oop_to_object(machine_handle(m, handle));
    machine_pop_handles(m, handle);
    m->args = NULL;
    LOAD();
    if (!grown) goto too_deep;
  }
  ENTER(callee, code_words(callee), base, dest);
}
send_miss:
  SAVE();
  entry = send_cache_fill(m, site, R(base), argc);
  if (likely(entry != NULL)) goto send_found;
not_understood:
  m->args = fp + base;
  m->argc = argc;
  if (!make_message_may_gc(m, site_selector(m, CODE, site), starting_class(m, site))) {
    m->args = NULL;
    LOAD();
    goto heap_limit;
  }
  m->args = NULL;
  LOAD();
  argc = 1;
  result = m->source->special_selectors[SPECIAL_DOES_NOT_UNDERSTAND];
runtime_send: /* uncached send of the selector in `result` to what stands at base */
  result = machine_lookup(m, machine_class_of(m, R(base)), result);
  if (!result) return m->failure = FAILURE_NOT_FOUND, SAVE(), RUN_DIED;
  callee = oop_to_object(result);
  goto activate;

op_SUPERSEND:
  base = A, argc = B, dest = C, site = pc - 1;
  pc++;
  {
    entry = send_cache_find(m->cache, site, 0);
    R(base) = RESOLVE(R(base));
    if (likely(entry != NULL)) goto send_found;
    SAVE();
    entry = send_cache_fill_super(m, site);
    if (likely(entry != NULL)) goto send_found;
    goto not_understood;
  }

op_BLOCKVALUE:
  base = A, argc = B, dest = C, site = pc - 1;
  pc++;
  {
    Oop receiver = R(base);
    if (unlikely(!oop_is_pointer(receiver)) || object_class_index(oop_to_object(receiver)) != CLASS_BLOCK_CLOSURE) goto send;
    if (MODE == 2 && m->overridden >> (SPECIAL_VALUE0 + (argc < 4 ? argc : 4)) & 1) goto send;
    if (MAY_HAVE_COPY(oop_to_object(receiver))) R(base) = receiver = oop_resolve_source(m, receiver);
    callee = oop_to_object(oop_to_object(receiver)->slots[CLOSURE_CODE]);
    if (unlikely(code_args(callee) != argc)) goto send;
    if (!HAS_ROOM(base, code_registers(callee))) goto activate;
    ENTER(callee, code_words(callee), base, dest);
  }

op_RETURN:
  result = R(A);
  goto do_return;
op_RETURN_SELF:
  result = R(0);
  goto do_return;
op_RETURN_NIL:
  result = OOP_NIL;
do_return : {
  Oop link = fp[FRAME_LINK];
  if (likely(link & LINK_NEAR && fp[FRAME_CONTEXT] == OOP_NIL && !m->grace)) {
    pc = LINK_NEAR_PC(link);
    fp = (Oop *)((char *)fp - (link & LINK_NEAR_BASE_BYTES));
    literals = &oop_to_object(fp[FRAME_CODE])->slots[CODE_LITERALS];
    R(LINK_NEAR_DEST(link)) = result;
    NEXT();
  }
  if (unlikely(fp[FRAME_CONTEXT] != OOP_NIL || LINK_IS_BOTTOM(link) || m->grace)) {
    SAVE();
    frames_return(m, fp, result);
    if (m->done) return m->done = 0, RUN_DONE;
    LOAD();
    NEXT();
  }
  fp -= link_base(link);
  literals = &oop_to_object(fp[FRAME_CODE])->slots[CODE_LITERALS];
  pc = (const uint32_t *)CODE + link_pc(link, CODE);
  R(link_dest(link)) = result;
  NEXT();
}
op_BLOCKRETURN : {
  SAVE();
  Oop *home = frame_home(m, fp);
  base = code_registers(CODE) + FRAME_CONTROL;
  result = R(A);
  if (!home) { /* the method has returned already */
    R(base) = RESOLVE(R(0));
    R(base + 1) = result;
    RUNTIME_SEND(CANNOT_RETURN, 1, A);
  }
  if (frames_find(m, fp, home, CODE_UNWIND | CODE_BARRIER) || code_flags(frame_code(home)) & CODE_UNWIND) {
    R(base) = RESOLVE(R(0));
    R(base + 1) = result;
    R(base + 2) = oop_from_small((int64_t)frame_offset(m, home));
    RUNTIME_SEND(UNWIND_RETURN, 2, A);
  }
  frames_return(m, home, result);
  if (m->done) return m->done = 0, RUN_DONE;
  LOAD();
  NEXT();
}

#define ARITHMETIC(name, checked, floating, then)                                       \
  do {                                                                                  \
    Oop a = R(B), b = R(C);                                                             \
    int64_t n;                                                                          \
    if (likely(oop_both_small(a, b) && !OVERRIDDEN(name) && (checked))) {               \
      R(A) = (Oop)n;                                                                    \
      then;                                                                             \
    }                                                                                   \
    double x, y;                                                                        \
    if (try_two_doubles(a, b, &x, &y) && !OVERRIDDEN(name)) {                           \
      real = floating;                                                                  \
      if (unlikely(!double_try_small(real, &result))) goto boxed_float;                 \
      R(A) = result;                                                                    \
      then;                                                                             \
    }                                                                                   \
    SPECIAL1(name, a, b, A);                                                            \
  } while (0)
#define DO_ADD(then) ARITHMETIC(ADD, !__builtin_add_overflow((int64_t)a, (int64_t)(b - 1), &n), x + y, then)
#define DO_SUB(then) ARITHMETIC(SUB, (!__builtin_sub_overflow((int64_t)a, (int64_t)(b - 1), &n)), x - y, then)
#define DO_MUL(then) ARITHMETIC(MUL, (!__builtin_mul_overflow((int64_t)(a - 1), oop_to_small(b), &n) && (n |= 1, true)), x *y, then)
op_ADD:
  DO_ADD(NEXT());
op_SUB:
  DO_SUB(NEXT());
op_MUL:
  DO_MUL(NEXT());

boxed_float: /* R[A] := real */
  ROOM(16);
  {
    Object *number = machine_cut_unchecked(m, CLASS_FLOAT, FORMAT_WORDS, 1);
    memcpy(number->slots, &real, 8);
    R(A) = oop_from_object(number);
  }
  NEXT();
op_DIVIDE : {
  Oop a = R(B), b = R(C);
  double x, y;
  if (try_two_doubles(a, b, &x, &y) && !OVERRIDDEN(DIVIDE)) {
    if (y != 0) {
      real = x / y;
      if (unlikely(!double_try_small(real, &result))) goto boxed_float;
      R(A) = result;
      NEXT();
    }
  }
  if (oop_both_small(a, b) && b != oop_from_small(0) && b != oop_from_small(-1) && !OVERRIDDEN(DIVIDE) &&
      oop_to_small(a) % oop_to_small(b) == 0) {
    R(A) = oop_from_small(oop_to_small(a) / oop_to_small(b));
    NEXT();
  }
  SPECIAL1(DIVIDE, a, b, A);
}
op_DIV : {
  Oop a = R(B), b = R(C);
  int64_t x = oop_to_small(a), y = oop_to_small(b);
  if (oop_both_small(a, b) && y > 0 && !OVERRIDDEN(DIV)) {
    R(A) = oop_from_small(x / y - (x % y < 0));
    NEXT();
  }
  SPECIAL1(DIV, a, b, A);
}
#define DO_MOD(then)                                         \
  do {                                                       \
    Oop a = R(B), b = R(C);                                  \
    int64_t x = oop_to_small(a), y = oop_to_small(b);        \
    if (likely(oop_both_small(a, b) && y > 0 && !OVERRIDDEN(MOD))) { \
      int64_t r = x % y;                                     \
      R(A) = oop_from_small(r < 0 ? r + y : r);              \
      then;                                                  \
    }                                                        \
    SPECIAL1(MOD, a, b, A);                                  \
  } while (0)
op_MOD:
  DO_MOD(NEXT());
#define BITWISE(name, expression, then)                          \
  do {                                                           \
    Oop a = R(B), b = R(C);                                      \
    if (likely(oop_both_small(a, b) && !OVERRIDDEN(name))) {     \
      R(A) = (expression);                                       \
      then;                                                      \
    }                                                            \
    SPECIAL1(name, a, b, A);                                     \
  } while (0)
#define DO_BITAND(then) BITWISE(BITAND, a &b, then)
op_BITAND:
  DO_BITAND(NEXT());
op_BITOR:
  BITWISE(BITOR, a | b, NEXT());
op_BITXOR:
  BITWISE(BITXOR, (a ^ b) | 1, NEXT());
op_BITSHIFT : {
  Oop a = R(B), b = R(C);
  int64_t x = oop_to_small(a), y = oop_to_small(b);
  if (likely(oop_both_small(a, b)) && !OVERRIDDEN(BITSHIFT) && y < 62) {
    if (y <= 0) {
      R(A) = oop_from_small(x >> (y < -63 ? 63 : -y));
      NEXT();
    }
    if (x >= SMALL_INTEGER_MIN >> y && x <= SMALL_INTEGER_MAX >> y) {
      R(A) = oop_from_small((int64_t)((uint64_t)x << y));
      NEXT();
    }
  }
  SPECIAL1(BITSHIFT, a, b, A);
}
#define ADD_SMALL(name, overflows, sign, then)                                                                             \
  do {                                                                                                                     \
    Oop a = R(B);                                                                                                          \
    int64_t n;                                                                                                             \
    if (likely(oop_is_small(a) && !OVERRIDDEN(name) && !overflows((int64_t)a, SIGNED_C * 2, &n))) {     \
      R(A) = (Oop)n;                                                                                                       \
      then;                                                                                                                \
    }                                                                                                                      \
    if (oop_is_small_float(a) && !OVERRIDDEN(name) && double_try_small(oop_small_to_double(a) sign SIGNED_C, &result)) { \
      R(A) = result;                                                                                                       \
      then;                                                                                                                \
    }                                                                                                                      \
    SPECIAL1(name, a, oop_from_small(SIGNED_C), A);                                                              \
  } while (0)
#define DO_ADDI(then) ADD_SMALL(ADD, __builtin_add_overflow, +, then)
#define DO_SUBI(then) ADD_SMALL(SUB, __builtin_sub_overflow, -, then)
op_ADDI:
  DO_ADDI(NEXT());
op_SUBI:
  DO_SUBI(NEXT());

/* TEXTS: 1, 0, or -1 for what are no texts. */
#define COMPARED(name, op, texts, yes, no)                                          \
  do {                                                                              \
    Oop a = R(B), b = R(C);                                                         \
    if (likely(oop_both_small(a, b) && !OVERRIDDEN(name))) {                        \
      if ((int64_t)a op(int64_t) b) yes;                                            \
      no;                                                                           \
    }                                                                               \
    double x, y;                                                                    \
    if (try_two_doubles(a, b, &x, &y) && !OVERRIDDEN(name)) {                       \
      if (x op y) yes;                                                              \
      no;                                                                           \
    }                                                                               \
    int by_text = (texts);                                                          \
    if (by_text >= 0 && !OVERRIDDEN(name)) {                                        \
      if (by_text) yes;                                                             \
      no;                                                                           \
    }                                                                               \
    SPECIAL1(name, a, b, A);                                                        \
  } while (0)
#define COMPARED_SMALL(name, op, yes, no)                                           \
  do {                                                                              \
    Oop a = R(B);                                                                   \
    if (likely(oop_is_small(a) && !OVERRIDDEN(name))) {                             \
      if ((int64_t)a op(int64_t) oop_from_small(SIGNED_C)) yes;           \
      no;                                                                           \
    }                                                                               \
    if (oop_is_small_float(a) && !OVERRIDDEN(name)) {                               \
      if (oop_small_to_double(a) op SIGNED_C) yes;                        \
      no;                                                                           \
    }                                                                               \
    SPECIAL1(name, a, oop_from_small(SIGNED_C), A);                       \
  } while (0)
/* The next word is JUMP_TRUE or JUMP_FALSE. */
#define TAKE_JUMP do { pc += NEXT_SIGNED_BX + 1; NEXT(); } while (0)
#define PASS_JUMP do { pc++; NEXT(); } while (0)
#define COMPARISONS(name, op, texts)                                    \
  op_##name : COMPARED(name, op, texts, ANSWER(OOP_TRUE), ANSWER(OOP_FALSE)); \
  op_##name##_JF : COMPARED(name, op, texts, PASS_JUMP, TAKE_JUMP);     \
  op_##name##_JT : COMPARED(name, op, texts, TAKE_JUMP, PASS_JUMP);     \
  op_##name##I_JF : COMPARED_SMALL(name, op, PASS_JUMP, TAKE_JUMP);     \
  op_##name##I_JT : COMPARED_SMALL(name, op, TAKE_JUMP, PASS_JUMP);
#define ANSWER(truth) do { R(A) = (truth); NEXT(); } while (0)
  COMPARISONS(LT, <, -1)
  COMPARISONS(GT, >, -1)
  COMPARISONS(LE, <=, -1)
  COMPARISONS(GE, >=, -1)
  COMPARISONS(EQ, ==, is_symbol(a) ? a == b : equal_texts(m, a, b))
  COMPARISONS(NE, !=, OVERRIDDEN(EQ) ? -1 : differing_texts(m, a, b)) /* of texts it is Object's, which sends = */

/* Two references to one object differ only where that may have a copy. */
#define MAY_BE_SAME(x, y) (oop_is_pointer(x) && oop_is_pointer(y) && (oop_to_object(x)->header | oop_to_object(y)->header) & FLAG_SHADOWABLE)
#define ARE_SAME (R(B) == R(C) || (MODE && MAY_BE_SAME(R(B), R(C)) && RESOLVE(R(B)) == RESOLVE(R(C))))
op_SAME:
  R(A) = oop_from_bool(ARE_SAME);
  NEXT();
op_NOT_SAME:
  R(A) = oop_from_bool(!ARE_SAME);
  NEXT();
op_SAME_JF:
op_NOT_SAME_JT:
  if (ARE_SAME) PASS_JUMP;
  TAKE_JUMP;
op_NOT_SAME_JF:
op_SAME_JT:
  if (ARE_SAME) TAKE_JUMP;
  PASS_JUMP;
op_IS_NIL:
  R(A) = oop_from_bool(R(B) == OOP_NIL);
  NEXT();
op_NOT_NIL:
  R(A) = oop_from_bool(R(B) != OOP_NIL);
  NEXT();
op_NOT : {
  Oop x = R(B);
  if (likely(x == OOP_TRUE || x == OOP_FALSE) && !OVERRIDDEN(NOT)) {
    R(A) = OOP_TRUE + OOP_FALSE - x;
    NEXT();
  }
  SPECIAL0(NOT, x, A);
}
/* An Array that needs no care; the rest is behind at_with_care.  What the header says of its size is true or 0xfff, which is less than the truth. */
#define IS_PLAIN_ARRAY(object, flags) (((object)->header & (CLASS_INDEX_MASK | (flags))) == CLASS_ARRAY)
#define DO_AT(then)                                                                                       \
  do {                                                                                                    \
    Oop receiver = R(B), index = R(C);                                                                    \
    if (unlikely(!oop_is_pointer(receiver) || !oop_is_small(index) || OVERRIDDEN(AT))) goto at_with_care; \
    Object *object = oop_to_object(receiver);                                                             \
    uint64_t i = (uint64_t)oop_to_small(index) - 1;                                                       \
    if (unlikely(!IS_PLAIN_ARRAY(object, MODE ? FLAG_SHADOWABLE : 0)) || unlikely(i >= object->header >> SIZE_SHIFT && i >= object_slots(object))) \
      goto at_with_care;                                                                                  \
    R(A) = object->slots[i];                                                                              \
    then;                                                                                                 \
  } while (0)
op_AT:
  DO_AT(NEXT());
op_AT_JUMP_NIL: /* most often the free places of a table that is enumerated */
  DO_AT(goto jump_nil_behind_at);
jump_nil_behind_at : {
  w = *pc++;
  if (R(A) != OOP_NIL) NEXT();
  const uint32_t *at = pc - 2;
  pc += SIGNED_BX;
  if (MODE != 2) skip_nils(m, fp, at, pc);
  NEXT();
}
at_with_care : {
  Oop receiver = R(B), index = R(C);
  if (oop_is_pointer(receiver) && oop_is_small(index) && !OVERRIDDEN(AT)) {
    Object *object = oop_to_object(RESOLVE(receiver));
    if ((result = element_at(object, (uint64_t)oop_to_small(index) - 1)) != OOP_FAIL) {
      R(A) = result;
      NEXT();
    }
  }
  SPECIAL1(AT, receiver, index, A);
}
#define DO_ATPUT(then)                                                           \
  do {                                                                           \
    Oop receiver = R(A), index = R(B);                                           \
    if (unlikely(!oop_is_pointer(receiver) || !oop_is_small(index))) goto at_put_with_care; \
    Object *object = oop_to_object(receiver);                                    \
    uint64_t i = (uint64_t)oop_to_small(index) - 1;                              \
    if (unlikely(!IS_PLAIN_ARRAY(object, FLAG_GUARD) || OVERRIDDEN(ATPUT)) || unlikely(i >= object->header >> SIZE_SHIFT && i >= object_slots(object))) \
      goto at_put_with_care;                                                     \
    object->slots[i] = R(C);                                                     \
    then;                                                                        \
  } while (0)
op_ATPUT:
op_ATPUT_VALUE:
  DO_ATPUT(NEXT());
at_put_with_care : {
  Oop receiver = R(A), index = R(B), value = R(C);
  if (likely(oop_is_pointer(receiver) && oop_is_small(index)) && !OVERRIDDEN(ATPUT)) {
    Object *object = oop_to_object(receiver);
    uint64_t i = (uint64_t)oop_to_small(index) - 1;
    if (object_class_index(object) == CLASS_ARRAY && !address_in_source(receiver) && i < object_slots(object)) {
      object->slots[i] = value; /* machine_store of an object whose guard is up */
      if (oop_is_pointer(value) && machine_is_young(m, value)) machine_remember(m, object, i);
      NEXT();
    }
    if (object_class_index(object) == CLASS_BYTE_ARRAY && !address_in_source(receiver) && oop_is_small(value) &&
        (uint64_t)oop_to_small(value) < 256 && i < object_byte_size(object) && likely(!object_shares_bytes(object))) {
      object_bytes(object)[i] = (uint8_t)oop_to_small(value);
      NEXT();
    }
    if (object_class_index(object) == CLASS_STRING && !address_in_source(receiver) && oop_is_character(value) &&
        oop_to_character(value) < 256 && i < object_byte_size(object) && likely(!object_shares_bytes(object))) {
      object_bytes(object)[i] = (uint8_t)oop_to_character(value);
      NEXT();
    }
  }
  goto send_at_put;
}
send_at_put:
  argc = 2, site = pc - 1;
  base = dest = code_registers(CODE) + FRAME_CONTROL;
  left = R(op_a(*site)), right = R(op_b(*site)), result = R(op_c(*site));
  R(base) = left;
  R(base + 1) = right;
  R(base + 2) = result;
  if (op_code(*site) == OP_ATPUT_VALUE) dest = op_a(*pc++);
  goto send;
op_SIZE : {
  Oop receiver = R(B);
  if (likely(oop_is_pointer(receiver)) && !OVERRIDDEN(SIZE)) {
    Object *object = oop_to_object(RESOLVE(receiver));
    switch (object_class_index(object)) {
    case CLASS_ARRAY: R(A) = oop_from_small((int64_t)object_slots(object)); NEXT();
    case CLASS_BYTE_ARRAY:
    case CLASS_STRING:
    case CLASS_SYMBOL: R(A) = oop_from_small((int64_t)object_byte_size(object)); NEXT();
    default: break;
    }
  }
  SPECIAL0(SIZE, receiver, A);
}
op_CLASS:
  if (OVERRIDDEN(CLASS)) SPECIAL0(CLASS, R(B), A);
  R(A) = machine_class_of(m, RESOLVE(R(B)));
  NEXT();

#if RUNS_PAIRS
/* What the first answers goes on as a double, when it is one, into the second. */
#define FLOATING_ADD +
#define FLOATING_SUB -
#define FLOATING_MUL *
#define PAIR(name, first, second)                                                                           \
  op_##name : {                                                                                             \
    Oop a = R(B), b = R(C);                                                                                 \
    if (!oop_both_small(a, b) && likely(are_nonzero_small_floats(a, b) && !OVERRIDDEN(first) && !OVERRIDDEN(second))) { \
      double x = oop_small_nonzero_to_double(a) FLOATING_##first oop_small_nonzero_to_double(b);            \
      size_t register_ = A;                                                                                 \
      if (unlikely(!double_try_small(x, &result))) goto op_##first;                                         \
      R(register_) = result;                                                                                \
      w = *pc++;                                                                                            \
      Oop other = R(B == register_ ? C : B);                                                                \
      if (unlikely((B != register_ && C != register_) || !are_nonzero_small_floats(other, other))) goto op_##second; \
      double y = oop_small_nonzero_to_double(other);                                                        \
      real = B == register_ ? x FLOATING_##second y : y FLOATING_##second x;                                \
      if (unlikely(!double_try_small(real, &result))) goto boxed_float;                                     \
      R(A) = result;                                                                                        \
      NEXT();                                                                                               \
    }                                                                                                       \
    DO_##first(w = *pc++; goto op_##second);                                                                \
  }
  ARITHMETIC_PAIRS(PAIR)
#undef PAIR
#undef FLOATING_ADD
#undef FLOATING_SUB
#undef FLOATING_MUL
#define PAIR(name, first, second) \
  op_##name : DO_##first(w = *pc++; goto op_##second);
  PAIRS(PAIR)
#undef PAIR
#endif

must_be_boolean: /* should it answer, go on as if the jump were taken */
  base = code_registers(CODE) + FRAME_CONTROL;
  R(base) = R(A);
  pc += SIGNED_BX;
  RUNTIME_SEND(MUST_BE_BOOLEAN, 0, base);

store_with_care:
  SAVE();
  if (!store_slow_may_gc(m, B, C, A)) goto heap_limit_or_read_only;
  LOAD();
  if (MODE == 0 && m->in_shadow) goto change_mode;
  NEXT();

missing_slot: /* what it answers counts for nothing */
  base = code_registers(CODE) + FRAME_CONTROL;
  R(base) = frame_receiver(m, fp);
  RUNTIME_SEND(MISSING_SLOT, 0, base);

heap_limit_or_read_only:
heap_limit:
  LOAD();
  m->args = NULL;
  if (m->grace) return SAVE(), m->failure = FAILURE_NO_MEMORY, RUN_DIED;
  m->grace = (uint32_t)frame_offset(m, fp);
  m->graces = 1;
  m->failure = FAILURE_NONE;
  base = code_registers(CODE) + FRAME_CONTROL;
  R(base) = frame_receiver(m, fp);
  RUNTIME_SEND(HEAP_LIMIT, 0, base);
too_deep: /* instead of the call that had no room */
  if (m->graces == MAX_GRACES) return SAVE(), m->failure = FAILURE_NO_MEMORY, RUN_DIED;
  if (m->graces++ == 0) m->grace = (uint32_t)frame_offset(m, fp);
  base = code_registers(CODE) + FRAME_CONTROL;
  R(base) = frame_receiver(m, fp);
  argc = 0;
  result = m->source->special_selectors[SPECIAL_TOO_DEEP];
  goto runtime_send;

preempt:
  SAVE();
  m->budget = 0;
  return RUN_BUDGET;
change_mode:
  SAVE();
  return RUN_CHANGE_MODE;
op_LT_J: op_GT_J: op_LE_J: op_GE_J: op_EQ_J: op_NE_J: /* what is run are their pairs with the jump */
op_LTI_J: op_GTI_J: op_LEI_J: op_GEI_J: op_EQI_J: op_NEI_J: op_SAME_J: op_NOT_SAME_J:
op_illegal:
  SAVE();
  fatal(m, "illegal instruction");
#undef CODE
#undef SAVE
#undef LOAD
#undef NEXT
#undef A
#undef B
#undef C
#undef SIGNED_C
#undef BX
#undef SIGNED_BX
#undef NEXT_SIGNED_BX
#undef R
#undef OVERRIDDEN
#undef MAY_HAVE_COPY
#undef RESOLVE
#undef ROOM
#undef HAS_ROOM
#undef ENTER
#undef SPECIAL1
#undef SPECIAL0
#undef RUNTIME_SEND
#undef FOR_TURN
#undef ARITHMETIC
#undef ADD_SMALL
#undef BITWISE
#undef COMPARED
#undef COMPARED_SMALL
#undef COMPARISONS
#undef ANSWER
#undef TAKE_JUMP
#undef PASS_JUMP
#undef ARE_SAME
#undef MAY_BE_SAME
#undef RESOLVE_ARGUMENTS
#undef DO_ADD
#undef DO_ADDI
#undef DO_AT
#undef IS_PLAIN_ARRAY
#undef DO_ATPUT
#undef DO_BITAND
#undef DO_BLOCKSELF
#undef DO_COPIED
#undef DO_GETGLOBAL
#undef DO_GETIVAR
#undef DO_GETVEC
#undef DO_LOADFALSE
#undef DO_LOADI
#undef DO_LOADK
#undef DO_MOD
#undef DO_MOVE
#undef DO_MUL
#undef DO_SETIVAR
#undef DO_SUB
#undef DO_SUBI
}
#undef RUN_NAME
#undef MODE
