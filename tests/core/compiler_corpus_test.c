/* SPDX-License-Identifier: MIT */
/* compiler_corpus_test.c -- the fuzzer's inputs as an ordinary test: each file of tests/fuzz/compiler, whole, cut off
 * at every byte, and with every byte replaced by a bracket. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "../fuzz/compiler_fuzz.c"

#include <cmocka.h>

#define FOLDER "tests/fuzz/compiler/"

/* The size of the file, its bytes in *BYTES. */
static size_t read_file(const char *name, uint8_t **bytes) {
  char path[512];
  FILE *file;
  size_t size;
  snprintf(path, sizeof path, FOLDER "%s", name);
  file = fopen(path, "rb");
  assert_non_null(file);
  *bytes = malloc(1 << 16);
  size = fread(*bytes, 1, 1 << 16, file);
  fclose(file);
  return size;
}

/* A copy of just that size, so that ASan sees the first byte too far. */
static void run_copy(const uint8_t *bytes, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  memcpy(copy, bytes, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

static void for_each_file(void (*visit)(uint8_t *bytes, size_t size)) {
  DIR *folder = opendir(FOLDER);
  unsigned files = 0;
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    uint8_t *bytes;
    size_t size;
    if (entry->d_name[0] == '.') continue;
    size = read_file(entry->d_name, &bytes);
    visit(bytes, size);
    free(bytes);
    files++;
  }
  closedir(folder);
  assert_true(files > 0);
}

static void run_prefixes(uint8_t *bytes, size_t size) {
  for (size_t n = 0; n <= size; n++) run_copy(bytes, n);
}

static void run_replacements(uint8_t *bytes, size_t size) {
  static const char replacements[] = "[](){}'\"!|.:#^<>";
  for (size_t i = 0; i < size; i++) {
    uint8_t byte = bytes[i];
    bytes[i] = (uint8_t)replacements[i % (sizeof replacements - 1)];
    run_copy(bytes, size);
    bytes[i] = byte;
  }
}

static void every_prefix_of_the_corpus_is_survived(void **state) {
  (void)state;
  for_each_file(run_prefixes);
}

static void every_replaced_byte_is_survived(void **state) {
  (void)state;
  for_each_file(run_replacements);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_prefix_of_the_corpus_is_survived),
      cmocka_unit_test(every_replaced_byte_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
