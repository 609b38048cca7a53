/* The files whose words are counted, and what wc says about them. */
#ifndef EXAMPLES_WORDCOUNT_FILES_H
#define EXAMPLES_WORDCOUNT_FILES_H

#include <stddef.h>
#include <stdint.h>

#include <waldo/error.h>

struct files {
    char **paths;
    size_t count;
};

/** Finds all .c, .h, .proto and .md files in or below the paths, NULL at the end. Directories
 *  whose names begin with `.` or `build` are left out. files_free() *ret_files. */
WALDO_CHECK int files_find(char *const *paths, struct files *ret_files, waldo_error *reterr);
void files_free(struct files *files);

/** The total of `wc -w`. */
WALDO_CHECK int files_ask_wc(const struct files *files, uint64_t *ret_words, waldo_error *reterr);

#endif
