#include "value/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(waldo__string *string, size_t more)
{
    if (string->failed || more >= SIZE_MAX / 2 - string->size)
        return false;
    size_t wanted = string->size + more + 1;
    if (wanted <= string->capacity)
        return true;
    if (wanted < 2 * string->capacity)
        wanted = 2 * string->capacity;
    if (wanted < 32)
        wanted = 32;
    char *data = realloc(string->data, wanted);
    if (!data)
        return false;
    string->data = data;
    string->capacity = wanted;
    return true;
}

void waldo__string_append(waldo__string *string, const char *data, size_t size)
{
    if (!reserve(string, size)) {
        string->failed = true;
        return;
    }
    memcpy(string->data + string->size, data, size);
    string->size += size;
    string->data[string->size] = '\0';
}

void waldo__string_add(waldo__string *string, const char *text)
{
    waldo__string_append(string, text, strlen(text));
}

void waldo__string_format(waldo__string *string, const char *format, ...)
{
    char text[129];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    waldo__string_append(string, text, size < (int)sizeof(text) ? (size_t)size : sizeof(text) - 1);
}

char *waldo__string_finish(waldo__string *string)
{
    waldo__string_append(string, "", 0);
    if (!string->failed)
        return string->data;
    free(string->data);
    return NULL;
}
