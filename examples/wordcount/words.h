/* Counting words. */
#ifndef EXAMPLES_WORDCOUNT_WORDS_H
#define EXAMPLES_WORDCOUNT_WORDS_H

#include <stdint.h>

#include <waldo/error.h>

/** The words of a file, as `wc -w` counts them in the C locale: what stands between white space and
 *  has at least one character that can be printed. */
WALDO_CHECK int words_count(const char *path, uint64_t *ret_words, waldo_error *reterr);

#endif
