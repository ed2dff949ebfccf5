/* SPDX-License-Identifier: MIT */
#include "codec_status.h"

const char *codec_status_text(CodecStatus status) {
  static const char *const texts[] = {
#define X(name, text) text,
      CODEC_STATUSES(X)
#undef X
  };
  return texts[status];
}
