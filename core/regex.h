/* SPDX-License-Identifier: MIT */
/* regex.h -- compiled regular expressions of one scheduler thread.  The engine is behind regex_pcre2.c alone. */
#ifndef ATOLL_REGEX_H
#define ATOLL_REGEX_H

#include "account.h"

typedef struct RegexCache RegexCache;

/* NULL is a cache that was never needed. */
void regex_cache_delete(RegexCache *cache);

#endif
