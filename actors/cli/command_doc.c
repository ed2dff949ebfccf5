/* SPDX-License-Identifier: MIT */
/* command_doc.c -- `atoll doc`: reads files, then has Documentation (images/kernel/system/Documentation.st) write pages about all classes. */
#include <stdlib.h>

#include "cli.h"

typedef struct DocOptions {
  RunOptions run;
  const char *directory;
} DocOptions;

static int parse(int argc, char **argv, DocOptions *o) {
  *o = (DocOptions){.run.seed_seconds = 60};
  for (int i = 0; i < argc; i++) {
    if (argv[i][0] != '-' || argv[i][1] == 0) argv[o->run.files++] = argv[i];
    else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc && argv[i + 1][0]) o->directory = argv[++i];
    else if (strcmp(argv[i], "--image") == 0 && i + 1 < argc) o->run.image = argv[++i];
    else return cli_wrong_option("doc", argv[i]);
  }
  return o->directory ? 0 : cli_usage("doc: expected -o and a directory");
}

static bool add_writer(Program *program, const char *directory) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) return false;
  fputs("| pages | pages := Documentation writeTo: ", out);
  cli_write_literal(out, directory);
  fputs(". Transcript print: pages; nextPutAll: ' pages in '; nextPutAll: ", out);
  cli_write_literal(out, directory);
  fputs("; nl.", out);
  bool added = fclose(out) == 0 && program_add_text(program, "(the documentation)", text, size);
  free(text);
  return added;
}

static int document(Program *program, const SourceImage *source, const DocOptions *o, char **paths) {
  unsigned errors = 0;
  if (!program_add_paths(program, (const char *const *)paths, o->run.files, NULL)) return 2;
  int status = add_writer(program, o->directory) ? cli_run_program(program, source, &o->run, &errors, NULL) : 2;
  return errors ? 1 : status;
}

int command_doc(const Cli *cli, int argc, char **argv) {
  DocOptions o;
  int status = parse(argc, argv, &o);
  const SourceImage *source = status ? NULL : cli_load_image(cli, &o.run);
  Program *program = source ? program_new(stderr) : NULL;
  if (!status) status = program ? document(program, source, &o, argv) : 2;
  program_delete(program);
  source_image_release(source);
  return status;
}
