#include "words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Of ASCII: in the C locale no other byte can be printed. */
static bool is_visible(unsigned char c)
{
    return c > ' ' && c < 0x7f;
}

int words_count(const char *path, uint64_t *ret_words, waldo_error *reterr)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return waldo_error_system(reterr, errno, "%s", path);
    uint64_t words = 0;
    bool in_word = false;
    for (int c; (c = getc(file)) != EOF;) {
        if (is_space((unsigned char)c))
            in_word = false;
        else if (!in_word && is_visible((unsigned char)c)) {
            in_word = true;
            words++;
        }
    }
    int status = ferror(file) ? waldo_error_system(reterr, errno, "%s", path) : 0;
    fclose(file);
    if (status >= 0)
        *ret_words = words;
    return status;
}
