/* SPDX-License-Identifier: MIT */
/* damaged_test.c -- images, snapshots and kept statements with every byte of their headers changed, cut at every length, and with headers that are
 * wrong although their checksums are right: refused with a reason, or used without harm. */
#define _GNU_SOURCE
#include "machine_support.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "program.h"
#include "snapshot.h"
#include "whole_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static char directory[] = "/tmp/atoll-damaged-XXXXXX", path[64];
static char *good; /* bytes of an image */
static size_t good_size;

static const uint64_t odd_words[] = {0, 1, 7, 8, 0xffff, 0x10000, 0x7fffffff, 0xffffffff, (uint64_t)1 << 40, (uint64_t)1 << 63, UINT64_MAX - 7, UINT64_MAX};
enum { ODD_WORDS = sizeof odd_words / sizeof *odd_words, POSITIONS = 2000 };

/* The same numbers on every run. */
static uint64_t next_number(uint64_t *state) { return *state = *state * 6364136223846793005u + 1442695040888963407u; }

/* ---- images ----------------------------------------------------------------------------------------------------------- */

/* The image with those bytes, as a file in memory; NULL: it was refused, with a reason. */
static const SourceImage *load(const char *bytes, size_t size) {
  char error[IMAGE_ERROR_SIZE] = "";
  int fd = memfd_create("image", 0);
  assert_int_equal(write(fd, bytes, size), size);
  const SourceImage *image = image_load_at(fd, 0, size, "test", &test_primitives, true, error);
  close(fd);
  if (!image) assert_non_null(strstr(error, "'test' is not a usable image: "));
  return image;
}

static void assert_refused(const char *bytes, size_t size, size_t at) {
  const SourceImage *image = load(bytes, size);
  if (image) fail_msg("an image that is damaged at %zu was loaded", at);
}

static void image_with_a_changed_byte_is_refused(void **state) {
  (void)state;
  uint64_t seed = 1;
  char *bytes = malloc(good_size);
  memcpy(bytes, good, good_size);
  for (size_t i = 0; i < sizeof(ImageHeader) + POSITIONS; i++) {
    size_t at = i < sizeof(ImageHeader) ? i : (next_number(&seed) >> 20) % good_size;
    bytes[at] ^= (char)(1 << (i & 7));
    assert_refused(bytes, good_size, at);
    bytes[at] = good[at];
  }
  const SourceImage *image = load(bytes, good_size);
  assert_non_null(image);
  source_image_release(image);
  free(bytes);
}

static void image_that_was_cut_is_refused(void **state) {
  (void)state;
  const ImageHeader *h = (const ImageHeader *)good;
  for (size_t size = 0; size <= sizeof(ImageHeader) + 8; size++) assert_refused(good, size, size);
  for (int s = 0; s < SECTION_COUNT; s++)
    for (size_t size = h->sections[s].offset - 1; size <= h->sections[s].offset + 1 && size < good_size; size++) assert_refused(good, size, size);
  assert_refused(good, good_size - 1, good_size - 1);
}

/* What loads is looked at as a machine would. */
static void use(const SourceImage *image) {
  TestMachine t;
  test_machine_on(&t, source_image_retain(image));
  machine_find_symbol(&t.m, "no such symbol", 14);
  machine_global_value(&t.m, "no such global");
  test_machine_destroy(&t);
}

static void image_with_a_wrong_header_and_its_checksum_does_no_harm(void **state) {
  (void)state;
  char *bytes = malloc(good_size);
  ImageHeader *h = (ImageHeader *)bytes;
  memcpy(bytes, good, good_size);
  for (size_t at = 8; at < offsetof(ImageHeader, header_checksum); at += 8)
    for (unsigned i = 0; i < ODD_WORDS * 2; i++) {
      uint64_t word;
      memcpy(&word, good + at, 8);
      word = i < ODD_WORDS ? odd_words[i] : word + odd_words[i - ODD_WORDS];
      memcpy(bytes + at, &word, 8);
      h->header_checksum = XXH3_64bits(h, offsetof(ImageHeader, header_checksum));
      const SourceImage *image = load(bytes, good_size);
      bool in_references = at == offsetof(ImageHeader, preferred_base); /* all of them are relocated by it: a forged program */
      if (image && !in_references) use(image);
      source_image_release(image);
    }
  free(bytes);
}

/* ---- snapshots --------------------------------------------------------------------------------------------------------- */

typedef struct Snapshot {
  const SourceImage *image;
  ThreadContext *thread;
  char *bytes;
  size_t size;
} Snapshot;

static Accounts accounts;

static void write_snapshot(Snapshot *snapshot) {
  char error[SNAPSHOT_ERROR_SIZE];
  TestMachine t;
  snapshot->image = freeze_genesis(NULL);
  snapshot->thread = thread_context_new(&accounts);
  test_machine_on(&t, source_image_retain(snapshot->image));
  machine_push_handle(&t.m, machine_new_array_may_gc(&t.m, 40));
  snapshot->bytes = snapshot_write(&t.m, OOP_TRUE, &snapshot->size, error);
  if (!snapshot->bytes) fail_msg("%s", error);
  machine_pop_handles(&t.m, 0);
  test_machine_destroy(&t);
}

static void delete_snapshot(Snapshot *snapshot) {
  thread_context_delete(snapshot->thread);
  source_image_release(snapshot->image);
  free(snapshot->bytes);
}

/* True: it was read. */
static bool read_snapshot(const Snapshot *snapshot, const char *bytes, size_t size) {
  char error[SNAPSHOT_ERROR_SIZE] = "";
  Machine m;
  bool done = snapshot_read(&m, snapshot->thread, snapshot->image, bytes, size, error);
  if (done) machine_destroy(&m);
  else assert_true(error[0]);
  return done;
}

/* In memory of exactly that size, so that a sanitizer sees what is read behind it. */
static bool read_copy(const Snapshot *snapshot, const char *bytes, size_t size) {
  char *copy = malloc(size ? size : 1);
  memcpy(copy, bytes, size);
  bool done = read_snapshot(snapshot, copy, size);
  free(copy);
  return done;
}

static void snapshot_that_was_changed_or_cut_is_refused(void **state) {
  (void)state;
  Snapshot snapshot;
  write_snapshot(&snapshot);
  assert_true(read_copy(&snapshot, snapshot.bytes, snapshot.size));
  for (size_t size = 0; size < snapshot.size; size++) assert_false(read_copy(&snapshot, snapshot.bytes, size));
  for (size_t at = 0; at < snapshot.size; at++) {
    snapshot.bytes[at] ^= 0x10;
    if (read_snapshot(&snapshot, snapshot.bytes, snapshot.size)) fail_msg("a snapshot that is damaged at %zu was read", at);
    snapshot.bytes[at] ^= 0x10;
  }
  delete_snapshot(&snapshot);
}

static void snapshot_with_wrong_numbers_and_their_checksum_does_no_harm(void **state) {
  (void)state;
  enum { FIRST = 40, LAST = 16 * 8 }; /* the words of the header behind the hash of the primitives */
  Snapshot snapshot;
  write_snapshot(&snapshot);
  for (size_t at = FIRST; at < LAST; at += 8)
    for (unsigned i = 0; i < ODD_WORDS * 2; i++) {
      uint64_t old, word, checksum;
      memcpy(&old, snapshot.bytes + at, 8);
      word = i < ODD_WORDS ? odd_words[i] : old + odd_words[i - ODD_WORDS];
      memcpy(snapshot.bytes + at, &word, 8);
      checksum = XXH3_64bits(snapshot.bytes + 16, snapshot.size - 16);
      memcpy(snapshot.bytes + 8, &checksum, 8);
      read_copy(&snapshot, snapshot.bytes, snapshot.size);
      memcpy(snapshot.bytes + at, &old, 8);
    }
  delete_snapshot(&snapshot);
}

/* Once something cannot be written, what follows is not written either, however much that is. */
static void snapshot_of_a_reference_to_elsewhere_is_given_up(void **state) {
  (void)state;
  char error[SNAPSHOT_ERROR_SIZE];
  size_t size;
  TestMachine t;
  test_machine_on(&t, freeze_genesis(NULL));
  unsigned array = machine_push_handle(&t.m, machine_new_array_may_gc(&t.m, 100000));
  oop_to_object(machine_handle(&t.m, array))->slots[0] = window_base + WINDOW_SIZE - 16; /* of another image */
  assert_null(snapshot_write(&t.m, OOP_TRUE, &size, error));
  assert_non_null(strstr(error, "something else"));
  machine_pop_handles(&t.m, array);
  test_machine_destroy(&t);
}

/* ---- kept statements ---------------------------------------------------------------------------------------------------- */

static bool add_saved(const char *bytes, size_t size) {
  char *messages = NULL, *copy = malloc(size ? size : 1);
  size_t length;
  FILE *errors = open_memstream(&messages, &length);
  Program *program = program_new(errors);
  memcpy(copy, bytes, size);
  bool done = program_add_saved(program, copy, size);
  program_delete(program);
  fclose(errors);
  if (!done) assert_non_null(strstr(messages, "the program in the image is damaged"));
  free(messages);
  free(copy);
  return done;
}

static void kept_statements_that_are_damaged_are_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"1", "1:", "1:1", "1:1:", "1:1:1", "1:1:1\n", "1:1:1\nx", "-1:1:1\nxy", "1:1:-1\nxy", " 1:1:1\nxy", "1::1\nxy",
                                      "18446744073709551615:1:1\nxy", "1:1:18446744073709551615\nxy", "99999999999999999999999:1:1\nxy", "2:1:1\nxy", "1:1:2\nxy"};
  assert_true(add_saved("", 0));
  assert_true(add_saved("1:1:2\nx3.", 9));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (add_saved(wrong[i], strlen(wrong[i]))) fail_msg("'%s' was taken", wrong[i]);
}

/* ---- whole files --------------------------------------------------------------------------------------------------------- */

static void file_that_cannot_be_written_whole_stays_as_it_was(void **state) {
  (void)state;
  char error[200], *bytes;
  size_t size;
  char name[80];
  snprintf(name, sizeof name, "%s/file", directory);
  assert_true(whole_file_write(name, &(FilePart){"before", 6}, 1, false, error, sizeof error));
  assert_false(whole_file_write(name, (FilePart[]){{"after", 5}, {(void *)1, 100}}, 2, false, error, sizeof error)); /* EFAULT in the middle */
  assert_non_null(strstr(error, "cannot write"));
  bytes = whole_file_read_path(name, &size);
  assert_string_equal(bytes, "before");
  assert_int_equal(size, 6);
  free(bytes);
  unlink(name);
  assert_int_equal(rmdir(directory), -1); /* the image is there */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(image_with_a_changed_byte_is_refused),
      cmocka_unit_test(image_that_was_cut_is_refused),
      cmocka_unit_test(image_with_a_wrong_header_and_its_checksum_does_no_harm),
      cmocka_unit_test(snapshot_that_was_changed_or_cut_is_refused),
      cmocka_unit_test(snapshot_with_wrong_numbers_and_their_checksum_does_no_harm),
      cmocka_unit_test(snapshot_of_a_reference_to_elsewhere_is_given_up),
      cmocka_unit_test(kept_statements_that_are_damaged_are_refused),
      cmocka_unit_test(file_that_cannot_be_written_whole_stays_as_it_was),
  };
  if (!mkdtemp(directory)) return 1;
  snprintf(path, sizeof path, "%s/test.image", directory);
  source_image_release(freeze_genesis(path));
  good = whole_file_read_path(path, &good_size);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  free(good);
  unlink(path);
  rmdir(directory);
  return failed;
}
