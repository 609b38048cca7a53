/* repr and str, as Python writes them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "value/float_text.h"
#include "value/integer.h"
#include "value/slice.h"
#include "value/text.h"
#include "value/unicode.h"

static void append_repr(waldo__string *out, const waldo_value *value, const waldo__path *path);

/* Single quotes, unless there are some in the text and no double ones. */
static char quote_for(const char *data, size_t size)
{
    return memchr(data, '\'', size) && !memchr(data, '"', size) ? '"' : '\'';
}

/* The escapes that str and bytes share; false: the character has none. */
static bool append_escape(waldo__string *out, uint32_t character, char quote)
{
    switch (character) {
    case '\\':
        waldo__string_add(out, "\\\\");
        return true;
    case '\t':
        waldo__string_add(out, "\\t");
        return true;
    case '\n':
        waldo__string_add(out, "\\n");
        return true;
    case '\r':
        waldo__string_add(out, "\\r");
        return true;
    default:
        if (character != (unsigned char)quote)
            return false;
        waldo__string_append(out, (char[]){'\\', quote}, 2);
        return true;
    }
}

static void append_str(waldo__string *out, const char *data, size_t size)
{
    char quote = quote_for(data, size);
    waldo__string_append(out, &quote, 1);
    for (size_t i = 0, length; i < size; i += length) {
        uint32_t c = 0xfffd;
        length = waldo__utf8_next(data + i, size - i, &c);
        if (length == 0)
            length = 1;
        if (append_escape(out, c, quote))
            continue;
        if (waldo__is_printable(c))
            waldo__string_append(out, data + i, length);
        else
            waldo__string_format(out,
                                 c < 0x100     ? "\\x%02" PRIx32
                                 : c < 0x10000 ? "\\u%04" PRIx32
                                               : "\\U%08" PRIx32,
                                 c);
    }
    waldo__string_append(out, &quote, 1);
}

static void append_bytes(waldo__string *out, const waldo__text *bytes)
{
    char quote = quote_for(bytes->data, bytes->size);
    waldo__string_add(out, "b");
    waldo__string_append(out, &quote, 1);
    for (size_t i = 0; i < bytes->size; i++) {
        unsigned char c = (unsigned char)bytes->data[i];
        if (append_escape(out, c, quote))
            continue;
        if (c < ' ' || c >= 0x7f)
            waldo__string_format(out, "\\x%02x", c);
        else
            waldo__string_append(out, &bytes->data[i], 1);
    }
    waldo__string_append(out, &quote, 1);
}

static void append_int(waldo__string *out, const waldo_value *value)
{
    int64_t small;
    if (waldo__int_fits(value, &small)) {
        waldo__string_format(out, "%" PRId64, small);
        return;
    }
    char *text;
    if (waldo_value_get_int_text(value, 10, &text, NULL) < 0) {
        out->failed = true;
        return;
    }
    waldo__string_add(out, text);
    free(text);
}

static void append_float(waldo__string *out, const waldo_value *value)
{
    char text[WALDO__FLOAT_TEXT];
    waldo__float_repr(((const waldo__real *)value)->number, text);
    waldo__string_add(out, text);
}

static void append_items(waldo__string *out, const waldo_value *value, const waldo__path *path)
{
    size_t count;
    waldo_value *const *items = waldo__items(value, &count);
    bool is_list = value->kind == WALDO_KIND_LIST;
    waldo__string_add(out, is_list ? "[" : "(");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            waldo__string_add(out, ", ");
        append_repr(out, items[i], path);
    }
    waldo__string_add(out, is_list ? "]" : count == 1 ? ",)" : ")");
}

static void append_mapping(waldo__string *out, const waldo_value *value, const waldo__path *path)
{
    const waldo__table *table = &((const waldo__mapping *)value)->table;
    if (value->kind == WALDO_KIND_SET && table->count == 0) {
        waldo__string_add(out, "set()");
        return;
    }
    size_t position = 0;
    const char *separator = "{";
    if (table->count == 0)
        waldo__string_add(out, separator);
    for (waldo__entry *entry; (entry = waldo__table_next(table, &position)); separator = ", ") {
        waldo__string_add(out, separator);
        append_repr(out, entry->key, path);
        if (!entry->value)
            continue;
        waldo__string_add(out, ": ");
        append_repr(out, entry->value, path);
    }
    waldo__string_add(out, "}");
}

static void append_cycle(waldo__string *out, const waldo_value *value)
{
    static const char *const texts[] = {
        [WALDO_KIND_LIST] = "[...]",
        [WALDO_KIND_TUPLE] = "(...)",
        [WALDO_KIND_DICT] = "{...}",
        [WALDO_KIND_SET] = "set(...)",
    };
    waldo__string_add(out, texts[value->kind]);
}

static void append_container(waldo__string *out, const waldo_value *value, const waldo__path *outer)
{
    waldo__path path = {value, outer, outer ? outer->depth + 1 : 0};
    if (waldo__path_holds(outer, value))
        append_cycle(out, value);
    else if (path.depth > WALDO__MAX_DEPTH)
        waldo__string_add(out, "...");
    else if (value->kind == WALDO_KIND_LIST || value->kind == WALDO_KIND_TUPLE)
        append_items(out, value, &path);
    else
        append_mapping(out, value, &path);
}

static void append_array(waldo__string *out, const waldo__array *array)
{
    waldo__string_format(out, "array('%c'", array->typecode);
    for (size_t i = 0; i < array->count && !out->failed; i++) {
        waldo__string_add(out, i == 0 ? ", [" : ", ");
        waldo_value *item = waldo__array_item(array, i);
        if (item)
            append_repr(out, item, NULL);
        else
            out->failed = true;
        waldo_value_unref(item);
    }
    waldo__string_add(out, array->count > 0 ? "])" : ")");
}

static void append_error(waldo__string *out, const waldo__failure *failure)
{
    waldo__string_add(out, failure->type_name);
    waldo__string_add(out, "(");
    if (*failure->message)
        append_str(out, failure->message, strlen(failure->message));
    waldo__string_add(out, ")");
}

static void append_reference(waldo__string *out, const waldo__reference *reference)
{
    waldo__string_add(out, "<proxy of ");
    append_str(out, reference->type_id, strlen(reference->type_id));
    waldo__string_format(out, " %" PRIu64 ">", reference->object);
}

static void append_slice(waldo__string *out, const int64_t parts[3])
{
    static const char *const before[] = {"slice(", ", ", ", "};
    for (size_t i = 0; i < 3; i++) {
        waldo__string_add(out, before[i]);
        if (parts[i] == WALDO_OMIT)
            waldo__string_add(out, "None");
        else
            waldo__string_format(out, "%" PRId64, parts[i]);
    }
    waldo__string_add(out, ")");
}

static void append_extension(waldo__string *out, const waldo__extension *extension)
{
    int64_t parts[3];
    if (waldo__is_slice(&extension->head) && waldo__slice_read(&extension->head, parts)) {
        append_slice(out, parts);
        return;
    }
    waldo__string_add(out, "<extension ");
    append_str(out, extension->name, strlen(extension->name));
    waldo__string_format(out, ", %zu bytes>", extension->size);
}

static void append_repr(waldo__string *out, const waldo_value *value, const waldo__path *path)
{
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_NONE:
        waldo__string_add(out, "None");
        break;
    case WALDO_KIND_BOOL:
        waldo__string_add(out, waldo_value_is_true(value) ? "True" : "False");
        break;
    case WALDO_KIND_INT:
        append_int(out, value);
        break;
    case WALDO_KIND_FLOAT:
        append_float(out, value);
        break;
    case WALDO_KIND_STR:
        append_str(out, ((const waldo__text *)value)->data, ((const waldo__text *)value)->size);
        break;
    case WALDO_KIND_BYTES:
        append_bytes(out, (const waldo__text *)value);
        break;
    case WALDO_KIND_ARRAY:
        append_array(out, (const waldo__array *)value);
        break;
    case WALDO_KIND_PROXY:
        append_reference(out, waldo__value_reference(value));
        break;
    case WALDO_KIND_ERROR:
        append_error(out, (const waldo__failure *)value);
        break;
    case WALDO_KIND_EXTENSION:
        append_extension(out, (const waldo__extension *)value);
        break;
    case WALDO_KIND_HANDLE:
        waldo__string_format(out, "<%s>", waldo_value_type_name(value));
        break;
    default:
        append_container(out, value, path);
    }
}

char *waldo_value_repr(const waldo_value *value)
{
    waldo__string out = {0};
    append_repr(&out, value, NULL);
    return waldo__string_finish(&out);
}

char *waldo_value_str(const waldo_value *value)
{
    waldo__string out = {0};
    if (value->kind == WALDO_KIND_STR)
        waldo__string_append(&out, ((const waldo__text *)value)->data,
                             ((const waldo__text *)value)->size);
    else if (value->kind == WALDO_KIND_ERROR)
        waldo__string_add(&out, ((const waldo__failure *)value)->message);
    else
        append_repr(&out, value, NULL);
    return waldo__string_finish(&out);
}
