/* SPDX-License-Identifier: MIT */
/* terminal_edit.c -- editing lines with libedit: history, completion.  Without libedit there is no LineEditor, and lines are read plainly. */
#include "terminal_internal.h"

#ifndef ATOLL_LIBEDIT

LineEditor *line_editor_new(int in, int out, const char *history, LineEditorHost host) {
  (void)in, (void)out, (void)history, (void)host;
  return NULL;
}
void line_editor_delete(LineEditor *editor) { (void)editor; }
char *line_editor_read(LineEditor *editor, const char *prompt) { return (void)editor, (void)prompt, NULL; }
void line_editor_save(LineEditor *editor) { (void)editor; }
void line_editor_restore(LineEditor *editor) { (void)editor; }
bool line_editor_was_begun(const LineEditor *editor) { return (void)editor, false; }
void line_editor_show(LineEditor *editor) { (void)editor; }

#else

#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

enum { HISTORY_LINES = 2000 };

struct LineEditor {
  EditLine *edit;
  History *history;
  char *history_path;
  FILE *in, *out;
  const char *prompt;
  LineEditorHost host;
  bool begun; /* the line that was not finished has something in it */
  bool unsaved; /* lines that are not in the file of the history */
};

static LineEditor *editor_of(EditLine *edit) {
  void *data = NULL;
  el_get(edit, EL_CLIENTDATA, &data);
  return data;
}

static char *prompt(EditLine *edit) { return (char *)editor_of(edit)->prompt; }

/* One character, which may be several bytes. */
static int read_key(EditLine *edit, wchar_t *key) {
  LineEditor *e = editor_of(edit);
  mbstate_t state = {0};
  for (;;) {
    int byte = e->host.next_byte(e->host.context);
    if (byte < 0) {
      const LineInfo *line = el_line(edit);
      e->begun = line->lastchar > line->buffer;
      return 0;
    }
    char c = (char)byte;
    size_t n = mbrtowc(key, &c, 1, &state);
    if (n <= 1) return 1;
    if (n == (size_t)-1) memset(&state, 0, sizeof state);
  }
}

/* ---- completion ---------------------------------------------------------------------------------------------------------- */

static size_t common_length(char **words, size_t count) {
  size_t length = strlen(words[0]);
  for (size_t i = 1; i < count; i++) {
    size_t n = 0;
    while (n < length && words[i][n] == words[0][n]) n++;
    length = n;
  }
  return length;
}

static void list(FILE *out, char **words, size_t count) {
  enum { SCREEN = 80, MOST = 120 };
  size_t widest = 0, shown = count < MOST ? count : MOST;
  for (size_t i = 0; i < shown; i++)
    if (strlen(words[i]) > widest) widest = strlen(words[i]);
  size_t columns = SCREEN / (widest + 2) ? SCREEN / (widest + 2) : 1;
  fputc('\n', out);
  for (size_t i = 0; i < shown; i++) fprintf(out, "%-*s%s", (int)widest + 2, words[i], i % columns == columns - 1 ? "\n" : "");
  if (shown % columns) fputc('\n', out);
  if (shown < count) fprintf(out, "... and %zu more\n", count - shown);
  fflush(out);
}

static unsigned char complete_with(EditLine *edit, size_t typed, char **words, size_t count) {
  LineEditor *e = editor_of(edit);
  if (!count) return CC_REFRESH_BEEP;
  size_t common = common_length(words, count);
  if (common > typed || count == 1) {
    char *rest = malloc(common - typed + 2);
    if (!rest) return CC_REFRESH_BEEP;
    memcpy(rest, words[0] + typed, common - typed);
    strcpy(rest + (common - typed), count == 1 ? " " : "");
    el_insertstr(edit, rest);
    free(rest);
    return CC_REFRESH;
  }
  list(e->out, words, count);
  return CC_REDISPLAY;
}

static unsigned char complete(EditLine *edit, int key) {
  LineEditor *e = editor_of(edit);
  const LineInfo *line = el_line(edit);
  char *answer = e->host.complete(e->host.context, line->buffer, (size_t)(line->cursor - line->buffer)), *next = answer;
  char **words = answer ? calloc(strlen(answer) + 1, sizeof *words) : NULL;
  size_t count = 0, typed = answer ? strtoul(answer, &next, 10) : 0;
  (void)key;
  next = words && *next == '\n' ? next + 1 : NULL;
  for (char *end; next && (end = strchr(next, '\n')); next = end + 1) {
    *end = 0;
    if (strlen(next) >= typed) words[count++] = next;
  }
  unsigned char result = complete_with(edit, typed, words, count);
  free(words);
  free(answer);
  return result;
}

/* ---- making and reading -------------------------------------------------------------------------------------------------- */

static void init_history(LineEditor *e, const char *path) {
  HistEvent event;
  e->history = history_init();
  if (!e->history) return;
  history(e->history, &event, H_SETSIZE, HISTORY_LINES);
  history(e->history, &event, H_SETUNIQUE, 1);
  el_set(e->edit, EL_HIST, history, e->history);
  e->history_path = path ? strdup(path) : NULL;
  if (e->history_path) history(e->history, &event, H_LOAD, e->history_path);
}

LineEditor *line_editor_new(int in, int out, const char *history, LineEditorHost host) {
  LineEditor *e = calloc(1, sizeof *e);
  if (!e) return NULL;
  if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
  e->host = host;
  e->in = fdopen(dup(in), "r");
  e->out = fdopen(dup(out), "w");
  e->edit = e->in && e->out ? el_init("atoll", e->in, e->out, e->out) : NULL;
  if (!e->edit) return line_editor_delete(e), NULL;
  el_set(e->edit, EL_CLIENTDATA, e);
  el_set(e->edit, EL_PROMPT, prompt);
  el_set(e->edit, EL_EDITOR, "emacs");
  el_set(e->edit, EL_GETCFN, read_key);
  init_history(e, history);
  el_set(e->edit, EL_ADDFN, "atoll-complete", "complete the name before the cursor", complete);
  el_set(e->edit, EL_BIND, "\t", "atoll-complete", NULL);
  el_set(e->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_source(e->edit, NULL);
  return e;
}

void line_editor_delete(LineEditor *e) {
  if (e->edit) el_end(e->edit);
  if (e->history) history_end(e->history);
  if (e->in) fclose(e->in);
  if (e->out) fclose(e->out);
  free(e->history_path);
  free(e);
}

static void remember(LineEditor *e, const char *line) {
  HistEvent event;
  if (!e->history || !line[strspn(line, " \t")]) return;
  history(e->history, &event, H_ENTER, line);
  e->unsaved = true;
}

void line_editor_save(LineEditor *e) {
  HistEvent event;
  if (e->unsaved && e->history_path) history(e->history, &event, H_SAVE, e->history_path);
  e->unsaved = false;
}

char *line_editor_read(LineEditor *e, const char *text) {
  int length = 0;
  e->prompt = text;
  e->begun = false;
  el_resize(e->edit);
  el_set(e->edit, EL_PREP_TERM, 1); /* el_gets does it after it has shown the prompt: a Ctrl-D that comes in between would be lost */
  const char *line = el_gets(e->edit, &length);
  if (!line || length <= 0) return NULL;
  char *copy = strndup(line, line[length - 1] == '\n' ? (size_t)length - 1 : (size_t)length);
  if (copy) remember(e, copy);
  return copy;
}

void line_editor_restore(LineEditor *e) { el_set(e->edit, EL_PREP_TERM, 0); }
bool line_editor_was_begun(const LineEditor *e) { return e->begun; }
void line_editor_show(LineEditor *e) { el_set(e->edit, EL_REFRESH); }

#endif
