/* SPDX-License-Identifier: MIT */
/* whole_file.h -- files that are read and written in one piece: sources, images, snapshots. */
#ifndef ATOLL_WHOLE_FILE_H
#define ATOLL_WHOLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A device may never end; no source or snapshot is that long. */
enum { WHOLE_FILE_MOST = 1 << 30 };

/* All bytes up to the end of FILE, malloc'ed, a NUL behind them.  NULL: errno says why; EFBIG: there are more than WHOLE_FILE_MOST. */
char *whole_file_read(FILE *file, size_t *size);
/* The same by name. */
char *whole_file_read_path(const char *path, size_t *size);

typedef struct FilePart {
  const void *bytes;
  size_t size;
} FilePart;

/* The parts, one behind the other, become the file PATH.  They are written under another name that takes PATH's place when all is done, so there is
 * always the file of before or the whole new one.  DURABLE: on the disk when it answers, too.  False: ERROR (SIZE bytes) has the reason. */
bool whole_file_write(const char *path, const FilePart *parts, size_t count, bool durable, char *error, size_t size);

#endif
