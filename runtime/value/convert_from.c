/* Messages to values by descriptor. */
#include <stdlib.h>
#include <string.h>

#include "value/convert.h"
#include "value/convert_scalar.h"
#include "value/field.h"
#include "value/message.h"

static int from_message(const ProtobufCMessage *message, int depth, waldo_value **ret_value,
                        waldo_error *reterr);

static const void *member(const ProtobufCMessage *message, unsigned offset)
{
    return (const char *)message + offset;
}

static int from_one(const ProtobufCFieldDescriptor *field, const void *from, int depth,
                    waldo_value **ret_value, waldo_error *reterr)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return from_message(*(ProtobufCMessage *const *)from, depth + 1, ret_value, reterr);
    return waldo__scalar_to_value(field, from, ret_value, reterr);
}

static int from_repeated(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
                         int depth, waldo_value **ret_value, waldo_error *reterr)
{
    size_t count = *(const size_t *)member(message, field->quantifier_offset);
    const char *items = *(char *const *)member(message, field->offset);
    size_t item_size = waldo__field_size(field->type);
    waldo__list *list = waldo__new_list(count);
    if (!list)
        return waldo__no_memory(reterr);
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++)
        status = from_one(field, items + i * item_size, depth, &list->items[i], reterr);
    if (status < 0)
        waldo_value_unref(&list->base.head);
    else
        *ret_value = &list->base.head;
    return status;
}

static int add_entry(waldo_value *dict, const ProtobufCMessage *entry, int depth,
                     waldo_error *reterr)
{
    const ProtobufCFieldDescriptor *fields = entry->descriptor->fields;
    waldo_value *key = NULL;
    waldo_value *value = NULL;
    int status = from_one(&fields[0], member(entry, fields[0].offset), depth, &key, reterr);
    if (status >= 0)
        status = from_one(&fields[1], member(entry, fields[1].offset), depth, &value, reterr);
    if (status >= 0)
        return waldo_value_dict_set(dict, key, value, reterr);
    waldo_value_unref(key);
    return status;
}

static int from_map(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
                    int depth, waldo_value **ret_value, waldo_error *reterr)
{
    size_t count = *(const size_t *)member(message, field->quantifier_offset);
    ProtobufCMessage *const *entries = *(ProtobufCMessage * *const *)member(message, field->offset);
    waldo_value *dict = waldo_v_dict();
    if (!dict)
        return waldo__no_memory(reterr);
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++)
        status = add_entry(dict, entries[i], depth + 1, reterr);
    if (status < 0)
        waldo_value_unref(dict);
    else
        *ret_value = dict;
    return status;
}

/* Is there something to show? An optional field that is absent is None; of a oneof, members that
 * are not set are not shown at all. */
static bool is_shown(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
           *(const uint32_t *)member(message, field->quantifier_offset) == field->id;
}

static bool is_absent(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    if (field->label != PROTOBUF_C_LABEL_OPTIONAL || field->type == PROTOBUF_C_TYPE_MESSAGE)
        return false;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return *(char *const *)member(message, field->offset) == field->default_value;
    return !*(const protobuf_c_boolean *)member(message, field->quantifier_offset);
}

static int from_field(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
                      int depth, waldo_value **ret_value, waldo_error *reterr)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED && waldo__is_map(field, message->descriptor))
        return from_map(field, message, depth, ret_value, reterr);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return from_repeated(field, message, depth, ret_value, reterr);
    if (is_absent(field, message)) {
        *ret_value = waldo_v_none();
        return 0;
    }
    return from_one(field, member(message, field->offset), depth, ret_value, reterr);
}

static int from_plain(const ProtobufCMessage *message, int depth, waldo_value **ret_value,
                      waldo_error *reterr)
{
    int status = waldo__has_names(message->descriptor, reterr);
    if (status < 0)
        return status;
    waldo_value *dict = waldo_v_dict();
    if (!dict)
        return waldo__no_memory(reterr);
    for (unsigned i = 0; i < message->descriptor->n_fields && status >= 0; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        waldo_value *value = NULL;
        if (!is_shown(field, message))
            continue;
        status = from_field(field, message, depth, &value, reterr);
        if (status >= 0)
            status = waldo_value_dict_set(dict, waldo_v_str(field->name), value, reterr);
    }
    if (status < 0)
        waldo_value_unref(dict);
    else
        *ret_value = dict;
    return status;
}

static int from_message(const ProtobufCMessage *message, int depth, waldo_value **ret_value,
                        waldo_error *reterr)
{
    if (!message)
        return waldo__give(waldo_v_none(), ret_value, reterr);
    if (depth > WALDO__MAX_WIRE_DEPTH)
        return waldo_error_set(reterr, WALDO_ERECURSION, "messages are nested more than %d deep",
                               WALDO__MAX_WIRE_DEPTH);
    switch (waldo__role_of(message->descriptor)) {
    case WALDO__EMPTY_MESSAGE:
        return waldo__give(waldo_v_none(), ret_value, reterr);
    case WALDO__VALUE_MESSAGE:
        return waldo_value_from_message((const Waldo__Value *)message, ret_value, reterr);
    case WALDO__REF_MESSAGE:
        return waldo__reference_from_message((const Waldo__Ref *)message, ret_value, reterr);
    case WALDO__WRAPPER_MESSAGE:
        return from_field(&message->descriptor->fields[0], message, depth, ret_value, reterr);
    default:
        return from_plain(message, depth, ret_value, reterr);
    }
}

int waldo__convert_from_message(const ProtobufCMessage *message, waldo_value **ret_value,
                                waldo_error *reterr)
{
    return from_message(message, 1, ret_value, reterr);
}

int waldo__convert_from_field(const ProtobufCMessage *message,
                              const ProtobufCFieldDescriptor *field, waldo_value **ret_value,
                              waldo_error *reterr)
{
    if (!is_shown(field, message)) {
        *ret_value = waldo_v_none();
        return 0;
    }
    return from_field(field, message, 1, ret_value, reterr);
}
