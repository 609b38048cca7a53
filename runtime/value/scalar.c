/* None, bool, float, str, bytes, error, extension and proxy: made and read. Ints: integer.c. */
#include "value/layout.h"

#include <stdlib.h>
#include <string.h>

#include "value/failure.h"
#include "value/unicode.h"

#define STATIC_HEAD(of_kind)                                                                       \
    {                                                                                              \
        .references = WALDO__IMMORTAL, .kind = (of_kind)                                           \
    }

static waldo_value none = STATIC_HEAD(WALDO_KIND_NONE);
static waldo__number truths[2] = {{STATIC_HEAD(WALDO_KIND_BOOL), 0},
                                  {STATIC_HEAD(WALDO_KIND_BOOL), 1}};

waldo_value *waldo_v_none(void)
{
    return &none;
}

waldo_value *waldo_v_bool(bool truth)
{
    return &truths[truth].head;
}

waldo_value *waldo_v_float(double number)
{
    waldo__real *real = waldo__new_value(WALDO_KIND_FLOAT, sizeof(*real));
    if (!real)
        return NULL;
    real->number = number;
    return &real->head;
}

waldo__text *waldo__new_text(waldo_kind kind, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    waldo__text *text = malloc(sizeof(*text) + size + 1);
    if (!text)
        return NULL;
    atomic_init(&text->head.references, 1);
    text->head.kind = (uint8_t)kind;
    text->head.big = text->head.borrows = false;
    text->size = size;
    text->data = (char *)(text + 1);
    text->data[size] = '\0';
    return text;
}

static waldo_value *copy_text(waldo_kind kind, const void *data, size_t size)
{
    waldo__text *text = waldo__new_text(kind, size);
    if (!text)
        return NULL;
    if (size > 0)
        memcpy(text->data, data, size);
    return &text->head;
}

/* A copy with U+FFFD for each byte that is not UTF-8. */
static waldo_value *repaired(const char *data, size_t size)
{
    static const char replacement[] = "\xef\xbf\xbd";
    uint32_t code_point;
    size_t bad = 0;
    for (size_t i = 0, length; i < size; i += length ? length : 1) {
        length = waldo__utf8_next(data + i, size - i, &code_point);
        bad += length == 0;
    }
    if (bad > (SIZE_MAX / 2 - size) / 2)
        return NULL;
    waldo__text *text = waldo__new_text(WALDO_KIND_STR, size + 2 * bad);
    if (!text)
        return NULL;
    char *target = text->data;
    for (size_t i = 0, length; i < size; i += length ? length : 1) {
        length = waldo__utf8_next(data + i, size - i, &code_point);
        size_t copied = length ? length : 3;
        memcpy(target, length ? data + i : replacement, copied);
        target += copied;
    }
    return &text->head;
}

waldo_value *waldo_v_str_sized(const char *text, size_t size)
{
    if (!waldo__utf8_valid(text, size))
        return repaired(text, size);
    return copy_text(WALDO_KIND_STR, text, size);
}

waldo_value *waldo_v_str(const char *text)
{
    return waldo_v_str_sized(text, strlen(text));
}

int waldo_value_parse_str(const char *text, size_t size, waldo_value **ret_value,
                          waldo_error *reterr)
{
    if (!waldo__utf8_valid(text, size))
        return waldo_error_set(reterr, WALDO_EUNICODE, "text is not UTF-8");
    return waldo__give(copy_text(WALDO_KIND_STR, text, size), ret_value, reterr);
}

waldo_value *waldo_v_bytes(const void *data, size_t size)
{
    return copy_text(WALDO_KIND_BYTES, data, size);
}

waldo_value *waldo__v_borrowed_bytes(const void *data, size_t size, waldo__shared_bytes *owner)
{
    if (size < owner->buffer.capacity / 2)
        return waldo_v_bytes(data, size);
    waldo__borrowed *bytes = waldo__new_value(WALDO_KIND_BYTES, sizeof *bytes);
    if (!bytes)
        return NULL;
    bytes->text.head.borrows = true;
    bytes->text.size = size;
    bytes->text.data = (char *)data;
    bytes->owner = waldo__shared_bytes_ref(owner);
    return &bytes->text.head;
}

waldo_value *waldo__v_error(int code, const char *type_name, const char *message, const char *trace)
{
    if (!type_name || !*type_name)
        type_name = waldo_error_type(code);
    size_t sizes[] = {strlen(type_name) + 1, strlen(message) + 1, strlen(trace) + 1};
    waldo__failure *failure =
        waldo__new_value(WALDO_KIND_ERROR, sizeof(*failure) + sizes[0] + sizes[1] + sizes[2]);
    if (!failure)
        return NULL;
    failure->code = code;
    failure->type_name = memcpy(failure->text, type_name, sizes[0]);
    failure->message = memcpy(failure->text + sizes[0], message, sizes[1]);
    failure->trace = memcpy(failure->text + sizes[0] + sizes[1], trace, sizes[2]);
    return &failure->head;
}

waldo_value *waldo_v_error(int code, const char *type_name, const char *message)
{
    return waldo__v_error(code, type_name, message ? message : "", "");
}

waldo_value *waldo_v_extension(const char *name, const void *data, size_t size)
{
    size_t name_size = strlen(name) + 1;
    if (size > SIZE_MAX / 2)
        return NULL;
    waldo__extension *extension =
        waldo__new_value(WALDO_KIND_EXTENSION, sizeof(*extension) + size + 1 + name_size);
    if (!extension)
        return NULL;
    extension->size = size;
    if (size > 0)
        memcpy(extension->data, data, size);
    extension->name = memcpy(extension->data + size + 1, name, name_size);
    return &extension->head;
}

waldo_value *waldo__v_reference(const waldo__reference *reference)
{
    const char *type_id = reference->type_id ? reference->type_id : "";
    const char *address = reference->address ? reference->address : "";
    size_t type_size = strlen(type_id) + 1;
    size_t address_size = strlen(address) + 1;
    waldo__proxy *proxy =
        waldo__new_value(WALDO_KIND_PROXY, sizeof(*proxy) + type_size + address_size);
    if (!proxy)
        return NULL;
    proxy->reference = *reference;
    proxy->reference.type_id = memcpy(proxy->text, type_id, type_size);
    proxy->reference.address = memcpy(proxy->text + type_size, address, address_size);
    return &proxy->head;
}

const waldo__reference *waldo__value_reference(const waldo_value *value)
{
    return value->kind == WALDO_KIND_PROXY ? &((const waldo__proxy *)value)->reference : NULL;
}

/* ---- Read ---- */

int waldo_value_get_bool(const waldo_value *value, bool *ret_truth, waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_BOOL)
        return waldo__wrong_type(value, "a bool", reterr);
    *ret_truth = ((const waldo__number *)value)->number != 0;
    return 0;
}

int waldo_value_get_str(const waldo_value *value, const char **ret_text, size_t *ret_size,
                        waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_STR)
        return waldo__wrong_type(value, "a str", reterr);
    const waldo__text *text = (const waldo__text *)value;
    if (!ret_size && memchr(text->data, '\0', text->size))
        return waldo_error_set(reterr, WALDO_EVALUE, "embedded null character");
    *ret_text = text->data;
    if (ret_size)
        *ret_size = text->size;
    return 0;
}

int waldo_value_get_bytes(const waldo_value *value, const uint8_t **ret_data, size_t *ret_size,
                          waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_BYTES)
        return waldo__wrong_type(value, "bytes", reterr);
    const waldo__text *text = (const waldo__text *)value;
    *ret_data = (const uint8_t *)text->data;
    *ret_size = text->size;
    return 0;
}

int waldo_value_get_error(const waldo_value *value, waldo_error *ret_error, waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_ERROR)
        return waldo__wrong_type(value, "an error", reterr);
    const waldo__failure *failure = (const waldo__failure *)value;
    ret_error->code = failure->code;
    waldo__error_copy_text(ret_error->type_name, sizeof(ret_error->type_name), failure->type_name);
    waldo__error_copy_text(ret_error->message, sizeof(ret_error->message), failure->message);
    waldo__error_copy_text(ret_error->trace, sizeof(ret_error->trace), failure->trace);
    return 0;
}

int waldo_value_get_extension(const waldo_value *value, const char **ret_name,
                              const uint8_t **ret_data, size_t *ret_size, waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_EXTENSION)
        return waldo__wrong_type(value, "an extension", reterr);
    const waldo__extension *extension = (const waldo__extension *)value;
    *ret_name = extension->name;
    *ret_data = extension->data;
    *ret_size = extension->size;
    return 0;
}
