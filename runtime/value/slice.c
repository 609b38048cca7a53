#include "value/slice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value/layout.h"

/* "-9223372036854775807" three times, two colons and a NUL */
enum { SLICE_TEXT = 3 * 20 + 3 };

static size_t write_part(char *text, size_t room, int64_t number, const char *end)
{
    int written = number == WALDO_OMIT ? snprintf(text, room, "%s", end)
                                       : snprintf(text, room, "%" PRId64 "%s", number, end);
    return (size_t)written;
}

waldo_value *waldo_v_slice(int64_t start, int64_t stop, int64_t step)
{
    char text[SLICE_TEXT];
    size_t size = write_part(text, sizeof text, start, ":");
    size += write_part(text + size, sizeof text - size, stop, ":");
    size += write_part(text + size, sizeof text - size, step, "");
    return waldo_v_extension("slice", text, size);
}

bool waldo__is_slice(const waldo_value *value)
{
    return value->kind == WALDO_KIND_EXTENSION &&
           strcmp(((const waldo__extension *)value)->name, "slice") == 0;
}

static bool starts_number(const char *text)
{
    return (*text >= '0' && *text <= '9') || (*text == '-' && text[1] >= '0' && text[1] <= '9');
}

/* A number or nothing, and then end. One beyond 64 bits is cut, as all sequences are shorter. */
static bool read_part(const char **text, char end, int64_t *ret_number)
{
    *ret_number = WALDO_OMIT;
    if (starts_number(*text)) {
        char *rest;
        long long number = strtoll(*text, &rest, 10);
        *ret_number = number == INT64_MIN ? -INT64_MAX : number;
        *text = rest;
    }
    return *(*text)++ == end;
}

/* A bound of the slice as Python adjusts it: within [lowest, highest]. */
static int64_t clamp(int64_t bound, int64_t length, int64_t lowest, int64_t highest)
{
    if (bound < 0)
        bound += length;
    return bound < lowest ? lowest : bound > highest ? highest : bound;
}

static waldo__range range_of(int64_t start, int64_t stop, int64_t step, int64_t length)
{
    int64_t lowest = step < 0 ? -1 : 0;
    int64_t highest = step < 0 ? length - 1 : length;
    int64_t first =
        start == WALDO_OMIT ? (step < 0 ? highest : lowest) : clamp(start, length, lowest, highest);
    int64_t last =
        stop == WALDO_OMIT ? (step < 0 ? lowest : highest) : clamp(stop, length, lowest, highest);
    int64_t count = 0;
    if (step > 0 && first < last)
        count = (last - first - 1) / step + 1;
    else if (step < 0 && first > last)
        count = (first - last - 1) / -step + 1;
    return (waldo__range){first, step, (size_t)count};
}

bool waldo__slice_read(const waldo_value *slice, int64_t ret_parts[3])
{
    const waldo__extension *extension = (const waldo__extension *)slice;
    const char *text = (const char *)extension->data;
    return memchr(text, '\0', extension->size) == NULL && read_part(&text, ':', &ret_parts[0]) &&
           read_part(&text, ':', &ret_parts[1]) && read_part(&text, '\0', &ret_parts[2]);
}

int waldo__slice_resolve(const waldo_value *slice, size_t length, waldo__range *ret_range,
                         waldo_error *reterr)
{
    int64_t parts[3];
    if (!waldo__slice_read(slice, parts))
        return waldo_error_set(reterr, WALDO_EVALUE, "malformed slice");
    if (parts[2] == 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "slice step cannot be zero");
    int64_t step = parts[2] == WALDO_OMIT ? 1 : parts[2];
    *ret_range = range_of(parts[0], parts[1], step, (int64_t)length);
    return 0;
}
