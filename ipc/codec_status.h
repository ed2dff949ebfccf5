/* SPDX-License-Identifier: MIT */
/* codec_status.h -- what can become of encoding or decoding, one table for the enum and the texts. */
#ifndef ATOLL_CODEC_STATUS_H
#define ATOLL_CODEC_STATUS_H

#define CODEC_STATUSES(X)                                                                       \
  X(OK, "no error")                                                                             \
  X(UNSENDABLE, "an object that cannot be sent")            /* encoder: path in text */         \
  X(NEEDS_EXPORT, "a promise that has no number yet")       /* encoder: give it one, encode again */ \
  X(NO_MEMORY, "no memory")                                                                     \
  X(MALFORMED, "malformed bytes")                                                               \
  X(TRUNCATED, "bytes end too early, or announce more than there is")                           \
  X(UNKNOWN_CLASS, "an instance of a class that is not here") /* decoder: name in text */       \
  X(OTHER_SHAPE, "an instance whose class has another shape here")                              \
  X(UNKNOWN_NAME, "a global that is not here")                                                  \
  X(FOREIGN_CODE, "code that is not here")

typedef enum CodecStatus {
#define X(name, text) CODEC_##name,
  CODEC_STATUSES(X)
#undef X
      CODEC_STATUS_COUNT
} CodecStatus;

const char *codec_status_text(CodecStatus status);

#endif
