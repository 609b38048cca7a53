/* A growing NUL-terminated text. Zero is a valid empty one. After an append failed for lack of
 * memory, later ones do nothing: it is enough to look at the end. */
#ifndef WALDO_RUNTIME_VALUE_TEXT_H
#define WALDO_RUNTIME_VALUE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <waldo/abi.h>

typedef struct waldo__string {
    char *data;
    size_t size;
    size_t capacity;
    bool failed;
} waldo__string;

void waldo__string_append(waldo__string *string, const char *data, size_t size);
void waldo__string_add(waldo__string *string, const char *text);
/* At most 128 bytes. */
void waldo__string_format(waldo__string *string, const char *format, ...) WALDO_PRINTF(2, 3);
/* The text, to be freed by the caller; NULL if an append failed. */
char *waldo__string_finish(waldo__string *string);

#endif
