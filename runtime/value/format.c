/* Values after a pattern: waldo_v_format. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "value/layout.h"

/* A pattern that is being read. Whatever goes wrong, it is read to its end, so that all values
 * among the arguments are taken. */
typedef struct reader {
    const char *at;
    va_list arguments;
    int depth;
    bool malformed; /* then the kinds of the arguments are not known any more */
} reader;

typedef struct items {
    waldo_value **all;
    size_t count;
    size_t capacity;
    bool complete;
} items;

static waldo_value *read_value(reader *from);

static char next_mark(reader *from)
{
    from->at += strspn(from->at, " ,:");
    return *from->at;
}

static waldo_value *malformed(reader *from)
{
    from->malformed = true;
    return NULL;
}

/* TAKES value. */
static void add_item(items *to, waldo_value *value)
{
    if (to->count == to->capacity) {
        size_t capacity = to->capacity > 0 ? 2 * to->capacity : 8;
        waldo_value **all = realloc(to->all, capacity * sizeof(waldo_value *));
        if (!all) {
            waldo_value_unref(value);
            to->complete = false;
            return;
        }
        to->all = all;
        to->capacity = capacity;
    }
    to->all[to->count++] = value;
}

static waldo_value *read_container(reader *from, char end,
                                   waldo_value *make(waldo_value *const *all, size_t count))
{
    items inner = {.complete = true};
    from->at++;
    if (++from->depth > WALDO__MAX_WIRE_DEPTH)
        from->malformed = true;
    while (!from->malformed && next_mark(from) != end)
        add_item(&inner, read_value(from));
    if (!from->malformed)
        from->at++;
    from->depth--;
    if (from->malformed || !inner.complete)
        add_item(&inner, NULL); /* nothing comes of it, and nothing leaks */
    waldo_value *made = make(inner.all, inner.count);
    if ((from->malformed || !inner.complete) && made)
        made = waldo_value_unref(made);
    free(inner.all);
    return made;
}

static waldo_value *read_scalar(reader *from)
{
    switch (*from->at++) {
    case 'n':
        return waldo_v_none();
    case 'b':
        return waldo_v_bool(va_arg(from->arguments, int) != 0);
    case 'i':
        return waldo_v_int64(va_arg(from->arguments, int));
    case 'l':
        return waldo_v_int64(va_arg(from->arguments, int64_t));
    case 'd':
        return waldo_v_float(va_arg(from->arguments, double));
    case 's': {
        const char *text = va_arg(from->arguments, const char *);
        return text ? waldo_v_str(text) : NULL;
    }
    case 'v':
        return va_arg(from->arguments, waldo_value *);
    default:
        return malformed(from);
    }
}

static waldo_value *read_value(reader *from)
{
    switch (next_mark(from)) {
    case '(':
        return read_container(from, ')', waldo_v_tuple_of);
    case '[':
        return read_container(from, ']', waldo_v_list_of);
    case '{':
        return read_container(from, '}', waldo_v_dict_of);
    default:
        return read_scalar(from);
    }
}

waldo_value *waldo_v_format(const char *pattern, ...)
{
    reader from = {.at = pattern};
    va_start(from.arguments, pattern);
    waldo_value *value = read_value(&from);
    if (!from.malformed && next_mark(&from) != '\0')
        from.malformed = true;
    va_end(from.arguments);
    return from.malformed ? waldo_value_unref(value) : value;
}
