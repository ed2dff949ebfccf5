/* SPDX-License-Identifier: MIT */
/* kernel_builder.c -- see kernel_builder.h. */
#include "kernel_builder.h"

#include <errno.h>
#include <stdlib.h>

#include "debug.h"
#include "genesis.h"
#include "image.h"
#include "program.h"
#include "thread_context.h"

static bool add_sources(Program *program, const char *directory, FILE *errors) {
  char path[4096], line[1024];
  snprintf(path, sizeof path, "%s/manifest", directory);
  FILE *manifest = fopen(path, "r");
  if (!manifest) return fprintf(errors, "atoll: cannot read '%s': %s\n", path, strerror(errno)), false;
  bool good = true;
  while (good && fgets(line, sizeof line, manifest)) {
    line[strcspn(line, "#\r\n")] = 0;
    size_t length = strlen(line);
    while (length && line[length - 1] == ' ') line[--length] = 0;
    if (!length) continue;
    snprintf(path, sizeof path, "%s/%s", directory, line);
    good = program_add_file_as(program, path, line);
  }
  fclose(manifest);
  return good;
}

static bool run_program(Program *program, Machine *m, FILE *errors) {
  ProgramStatus status;
  while ((status = program_step(program, m)) == PROGRAM_RUN) {
    RunStatus run;
    while ((run = machine_run(m, 1000000)) == RUN_BUDGET) continue;
    if (run == RUN_DONE) continue;
    fprintf(errors, "atoll: a statement of the kernel sources cannot be run (status %d, failure %d):\n", (int)run, m->failure);
    print_stack(m);
    return false;
  }
  if (status == PROGRAM_NO_MEMORY) fprintf(errors, "atoll: no memory to build the kernel\n");
  return status == PROGRAM_END;
}

/* Every primitive must be the body of some method: one that nobody names is dead weight or a misspelling. */
static unsigned report_unused(const Freezer *f, const PrimitiveTable *primitives, FILE *errors) {
  bool *used = calloc(primitives->count + 1, sizeof *used);
  unsigned unused = 0;
  if (!used) return 0;
  for (size_t i = 0; i < f->count; i++)
    if (object_format(f->objects[i].from) == FORMAT_CODE) used[code_primitive(f->objects[i].from)] = true;
  for (unsigned i = 0; i < primitives->count; i++) {
    if (used[i + 1]) continue;
    fprintf(errors, "atoll: note: no kernel method uses the primitive '%s'\n", primitives->entries[i]->name);
    unused++;
  }
  free(used);
  return unused;
}

static bool freeze(Machine *m, const char *path, const PrimitiveTable *primitives, FILE *errors) {
  char error[IMAGE_ERROR_SIZE];
  Freezer f;
  bool done = freezer_trace(&f, m, FREEZE_BASE) && freezer_write(&f, 0, NULL, 0);
  if (done) {
    report_unused(&f, primitives, errors);
    freezer_seal(&f);
    done = image_write_file(&f, path, error);
    if (!done) fprintf(errors, "atoll: %s\n", error);
  } else {
    fprintf(errors, "atoll: %s\n", f.error);
  }
  freezer_free(&f);
  return done;
}

bool kernel_build(const char *directory, const char *path, const PrimitiveTable *primitives, FILE *errors) {
  Accounts *accounts = calloc(1, sizeof *accounts);
  ThreadContext *thread = accounts ? thread_context_new(accounts) : NULL;
  Program *program = program_new(errors);
  Machine m;
  bool done = false;
  if (thread && program && genesis_init(&m, thread, primitives)) {
    done = machine_promote_all_may_gc(&m) && add_sources(program, directory, errors) && run_program(program, &m, errors);
    if (program_errors(program) || m.unhandled) {
      fprintf(errors, "atoll: the kernel was not built: %u errors in its sources\n", program_errors(program) + m.unhandled);
      done = false;
    }
    done = done && freeze(&m, path, primitives, errors);
    genesis_destroy(&m);
  }
  program_delete(program);
  thread_context_delete(thread);
  free(accounts);
  return done;
}
