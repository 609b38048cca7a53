/* Values from waldo.Value messages, which may say anything. */
#include <stdlib.h>
#include <string.h>

#include "memory/lodging.h"
#include "value/failure.h"
#include "value/integer.h"
#include "value/keeper.h"
#include "value/message.h"

void waldo__swap_to_little_endian(uint8_t *items, size_t count, size_t item_size)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (uint8_t *item = items; count > 0; count--, item += item_size)
        for (size_t i = 0; i < item_size / 2; i++) {
            uint8_t byte = item[i];
            item[i] = item[item_size - 1 - i];
            item[item_size - 1 - i] = byte;
        }
#else
    (void)items;
    (void)count;
    (void)item_size;
#endif
}

/* One conversion: where handles get their descriptors from, and where errors go. */
typedef struct conversion {
    waldo__descriptors *descriptors; /* NULL: handles that need some are refused */
    waldo__shared_bytes *owner;      /* of the memory where long bytes may be; or NULL */
    waldo_error *reterr;
} conversion;

static int convert(const Waldo__Value *message, int depth, waldo_value **ret_value, conversion *c);

static int malformed(const char *what, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "malformed value: %s", what);
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* ---- Leaves ---- */

static int from_big_integer(const ProtobufCBinaryData *data, waldo_value **ret_value,
                            waldo_error *reterr)
{
    return waldo__int_from_wire(data->data, data->len, ret_value, reterr);
}

static bool is_in(const ProtobufCBinaryData *data, const waldo__buffer *buffer)
{
    uintptr_t start = (uintptr_t)buffer->data, from = (uintptr_t)data->data;
    return from >= start && from - start < buffer->size && data->len > 0;
}

static int from_bytes(const ProtobufCBinaryData *data, waldo_value **ret_value, const conversion *c)
{
    bool borrows = c->owner && is_in(data, &c->owner->buffer);
    return waldo__give(borrows ? waldo__v_borrowed_bytes(data->data, data->len, c->owner)
                               : waldo_v_bytes(data->data, data->len),
                       ret_value, c->reterr);
}

static int from_text(const ProtobufCBinaryData *data, waldo_value **ret_value, waldo_error *reterr)
{
    const char *text = data->len ? (const char *)data->data : "";
    int status = waldo_value_parse_str(text, data->len, ret_value, reterr);
    return status == WALDO_EUNICODE ? malformed("a str that is not UTF-8", reterr) : status;
}

static int from_array(const Waldo__Array *message, waldo_value **ret_value, waldo_error *reterr)
{
    if (!message)
        return malformed("an array that is not there", reterr);
    char typecode = message->typecode < 0x80 ? (char)message->typecode : '\0';
    size_t item_size = waldo__typecode_size(typecode);
    if (item_size == 0)
        return malformed("an array with a bad typecode", reterr);
    if (message->items.len % item_size != 0)
        return malformed("an array that ends within an item", reterr);
    size_t count = message->items.len / item_size;
    waldo_value *array = waldo_v_array(typecode, message->items.data, count);
    if (!array)
        return waldo__no_memory(reterr);
    waldo__swap_to_little_endian(((waldo__array *)array)->items, count, item_size);
    *ret_value = array;
    return 0;
}

int waldo__reference_from_message(const Waldo__Ref *message, waldo_value **ret_value,
                                  waldo_error *reterr)
{
    if (!message || message->object == 0) {
        *ret_value = waldo_v_none();
        return 0;
    }
    waldo__reference reference = {
        .incarnation = message->incarnation,
        .object = message->object,
        .type_id = message->typeid_,
        .address = message->address,
        .ticket = message->ticket,
    };
    /* In the server's own process a value keeps what it names. */
    reference.live = waldo__keeper_hold(reference.incarnation, reference.object, reference.ticket,
                                        &reference.release);
    if (reference.live)
        reference.ticket = 0;
    waldo_value *value = waldo__v_reference(&reference);
    if (!value && reference.live)
        reference.release(reference.live);
    return waldo__give(value, ret_value, reterr);
}

static int from_failure(const Waldo__Failure *message, waldo_value **ret_value, waldo_error *reterr)
{
    if (!message)
        return malformed("an error that is not there", reterr);
    return waldo__give(waldo__v_error(message->code, message->type_name,
                                      text_or_empty(message->message),
                                      text_or_empty(message->trace)),
                       ret_value, reterr);
}

static int from_extension(const Waldo__Extension *message, waldo_value **ret_value,
                          waldo_error *reterr)
{
    if (!message)
        return malformed("an extension that is not there", reterr);
    return waldo__give(
        waldo_v_extension(text_or_empty(message->name), message->data.data, message->data.len),
        ret_value, reterr);
}

static int from_carried(const uint8_t *id, waldo_value **ret_value, waldo_error *reterr)
{
    waldo_mp_buffer *buffer = waldo__lodging_find(id);
    if (!buffer)
        return waldo_error_set(
            reterr, WALDO_EKEY,
            "the buffer that the message names is gone, or did not come with it");
    waldo_value *value = waldo_mp_buffer_value(buffer);
    waldo_mp_buffer_unref(buffer);
    return waldo__give(value, ret_value, reterr);
}

static int from_handle(const Waldo__Handle *message, waldo_value **ret_value, conversion *c)
{
    waldo__descriptors *all = c->descriptors;
    if (!all && message && message->carried.len == WALDO__LODGING_ID_SIZE)
        return from_carried(message->carried.data, ret_value, c->reterr);
    if (!all)
        return malformed("a handle that cannot have come with it", c->reterr);
    if (!message || message->data.len > WALDO__REDUCED_SIZE ||
        message->descriptors > WALDO__REDUCED_DESCRIPTORS ||
        message->descriptors > all->count - all->taken)
        return malformed("a handle without its descriptors", c->reterr);
    const waldo__handle_class *class = waldo__handle_class_named(text_or_empty(message->class_));
    if (!class)
        return malformed("a handle of an unknown class", c->reterr);
    waldo__reduced reduced = {.size = message->data.len, .descriptor_count = message->descriptors};
    if (reduced.size > 0)
        memcpy(reduced.data, message->data.data, reduced.size);
    for (size_t i = 0; i < reduced.descriptor_count; i++)
        reduced.descriptors[i] = all->items[all->taken++];
    void *object;
    int status = class->rebuild(&reduced, &object, c->reterr);
    if (status < 0)
        return status;
    waldo_value *value = waldo__v_handle(class, object);
    class->unref(object);
    return waldo__give(value, ret_value, c->reterr);
}

/* ---- Containers ---- */

static int from_item(Waldo__Value *const *items, size_t index, int depth, waldo_value **ret_value,
                     conversion *c)
{
    if (!items[index])
        return malformed("an item that is not there", c->reterr);
    return convert(items[index], depth + 1, ret_value, c);
}

/* Fills items, which has room and holds NULLs. */
static int fill_items(const Waldo__Sequence *message, int depth, waldo_value **items, conversion *c)
{
    int status = 0;
    for (size_t i = 0; i < message->n_items && status >= 0; i++)
        status = from_item(message->items, i, depth, &items[i], c);
    return status;
}

static int from_list(const Waldo__Sequence *message, int depth, waldo_value **ret_value,
                     conversion *c)
{
    waldo__list *list = waldo__new_list(message->n_items);
    if (!list)
        return waldo__no_memory(c->reterr);
    int status = fill_items(message, depth, list->items, c);
    if (status < 0)
        waldo_value_unref(&list->base.head);
    else
        *ret_value = &list->base.head;
    return status;
}

static int from_tuple(const Waldo__Sequence *message, int depth, waldo_value **ret_value,
                      conversion *c)
{
    waldo__tuple *tuple = waldo__new_tuple(message->n_items);
    if (!tuple)
        return waldo__no_memory(c->reterr);
    int status = fill_items(message, depth, tuple->items, c);
    if (status < 0)
        waldo_value_unref(&tuple->base.head);
    else
        *ret_value = &tuple->base.head;
    return status;
}

static int check_key(const waldo_value *key, int status, waldo_error *reterr)
{
    if (status != WALDO_ETYPE)
        return status;
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "malformed value: unhashable type: '%s'",
                           waldo_value_type_name(key));
}

static int from_set(const Waldo__Sequence *message, int depth, waldo_value **ret_value,
                    conversion *c)
{
    waldo__mapping *set = waldo__new_mapping(WALDO_KIND_SET);
    if (!set || !waldo__table_reserve(&set->table, message->n_items)) {
        waldo_value_unref(set ? &set->base.head : NULL);
        return waldo__no_memory(c->reterr);
    }
    int status = 0;
    for (size_t i = 0; i < message->n_items && status >= 0; i++) {
        waldo_value *item;
        status = from_item(message->items, i, depth, &item, c);
        if (status < 0)
            break;
        status = waldo_value_set_add(&set->base.head, waldo_value_ref(item), c->reterr);
        status = check_key(item, status, c->reterr);
        waldo_value_unref(item);
    }
    if (status < 0)
        waldo_value_unref(&set->base.head);
    else
        *ret_value = &set->base.head;
    return status < 0 ? status : 0;
}

static int put_item(waldo_value *dict, const Waldo__Mapping *message, size_t index, int depth,
                    conversion *c)
{
    waldo_value *key;
    waldo_value *value;
    int status = from_item(message->keys, index, depth, &key, c);
    if (status < 0)
        return status;
    status = from_item(message->values, index, depth, &value, c);
    if (status >= 0) {
        status = waldo_value_dict_set(dict, waldo_value_ref(key), value, c->reterr);
        status = check_key(key, status, c->reterr);
    }
    waldo_value_unref(key);
    return status;
}

static int from_dict(const Waldo__Mapping *message, int depth, waldo_value **ret_value,
                     conversion *c)
{
    if (!message)
        return malformed("a dict that is not there", c->reterr);
    if (message->n_keys != message->n_values)
        return malformed("a dict with more keys than values, or fewer", c->reterr);
    waldo__mapping *dict = waldo__new_mapping(WALDO_KIND_DICT);
    if (!dict || !waldo__table_reserve(&dict->table, message->n_keys)) {
        waldo_value_unref(dict ? &dict->base.head : NULL);
        return waldo__no_memory(c->reterr);
    }
    int status = 0;
    for (size_t i = 0; i < message->n_keys && status >= 0; i++)
        status = put_item(&dict->base.head, message, i, depth, c);
    if (status < 0)
        waldo_value_unref(&dict->base.head);
    else
        *ret_value = &dict->base.head;
    return status;
}

static int from_sequence(const Waldo__Value *message, int depth, waldo_value **ret_value,
                         conversion *c)
{
    const Waldo__Sequence *sequence = message->list;
    if (!sequence)
        return malformed("a container that is not there", c->reterr);
    if (message->kind_case == WALDO__VALUE__KIND_LIST)
        return from_list(sequence, depth, ret_value, c);
    if (message->kind_case == WALDO__VALUE__KIND_TUPLE)
        return from_tuple(sequence, depth, ret_value, c);
    return from_set(sequence, depth, ret_value, c);
}

static int from_container(const Waldo__Value *message, int depth, waldo_value **ret_value,
                          conversion *c)
{
    if (depth > WALDO__MAX_WIRE_DEPTH)
        return waldo_error_set(c->reterr, WALDO_ERECURSION, "value is nested more than %d deep",
                               WALDO__MAX_WIRE_DEPTH);
    if (message->kind_case == WALDO__VALUE__KIND_DICT)
        return from_dict(message->dict, depth, ret_value, c);
    return from_sequence(message, depth, ret_value, c);
}

/* depth: the containers that this one is in, and itself if it is one. */
static int convert(const Waldo__Value *message, int depth, waldo_value **ret_value, conversion *c)
{
    switch (message->kind_case) {
    case WALDO__VALUE__KIND_NONE:
        return waldo__give(waldo_v_none(), ret_value, c->reterr);
    case WALDO__VALUE__KIND_BOOLEAN:
        return waldo__give(waldo_v_bool(message->boolean), ret_value, c->reterr);
    case WALDO__VALUE__KIND_INTEGER:
        return waldo__give(waldo_v_int64(message->integer), ret_value, c->reterr);
    case WALDO__VALUE__KIND_BIG_INTEGER:
        return from_big_integer(&message->big_integer, ret_value, c->reterr);
    case WALDO__VALUE__KIND_REAL:
        return waldo__give(waldo_v_float(message->real), ret_value, c->reterr);
    case WALDO__VALUE__KIND_TEXT:
        return from_text(&message->text, ret_value, c->reterr);
    case WALDO__VALUE__KIND_BYTES:
        return from_bytes(&message->bytes, ret_value, c);
    case WALDO__VALUE__KIND_ARRAY:
        return from_array(message->array, ret_value, c->reterr);
    case WALDO__VALUE__KIND_REF:
        return waldo__reference_from_message(message->ref, ret_value, c->reterr);
    case WALDO__VALUE__KIND_ERROR:
        return from_failure(message->error, ret_value, c->reterr);
    case WALDO__VALUE__KIND_EXTENSION:
        return from_extension(message->extension, ret_value, c->reterr);
    case WALDO__VALUE__KIND_HANDLE:
        return from_handle(message->handle, ret_value, c);
    case WALDO__VALUE__KIND_LIST:
    case WALDO__VALUE__KIND_TUPLE:
    case WALDO__VALUE__KIND_DICT:
    case WALDO__VALUE__KIND_SET:
        return from_container(message, depth, ret_value, c);
    default:
        return malformed("it has no kind", c->reterr);
    }
}

int waldo_value_from_message(const Waldo__Value *message, waldo_value **ret_value,
                             waldo_error *reterr)
{
    return waldo__value_from_message(message, NULL, NULL, ret_value, reterr);
}

int waldo__value_from_message(const Waldo__Value *message, waldo__descriptors *descriptors,
                              waldo__shared_bytes *owner, waldo_value **ret_value,
                              waldo_error *reterr)
{
    conversion c = {descriptors, owner, reterr};
    if (!message) {
        *ret_value = waldo_v_none();
        return 0;
    }
    return convert(message, 1, ret_value, &c);
}
