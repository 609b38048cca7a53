/* Values to messages by descriptor. */
#include <stdlib.h>
#include <string.h>

#include "value/convert.h"
#include "value/convert_scalar.h"
#include "value/field.h"
#include "value/message.h"

typedef struct conversion {
    ProtobufCAllocator *allocator;
    waldo_error *reterr;
} conversion;

static int to_message(const conversion *c, const waldo_value *value,
                      const ProtobufCMessageDescriptor *descriptor, int depth,
                      ProtobufCMessage **ret_message);

static void *member(ProtobufCMessage *message, unsigned offset)
{
    return (char *)message + offset;
}

/* Writes one item to target: a scalar, or a pointer to a new message. */
static int set_one(const conversion *c, const waldo_value *value,
                   const ProtobufCFieldDescriptor *field, int depth, void *target)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return waldo__scalar_from_value(value, field, c->allocator, target, c->reterr);
    return to_message(c, value, field->descriptor, depth + 1, target);
}

/* ---- Repeated fields and maps: *ret_count grows with each item that is complete ---- */

static int reserve(const conversion *c, size_t count, size_t item_size, void **ret_items)
{
    if (count == 0)
        return 0;
    *ret_items = waldo__allocate(c->allocator, count * item_size);
    return *ret_items ? 0 : waldo__no_memory(c->reterr);
}

static int set_list(const conversion *c, const waldo_value *value,
                    const ProtobufCFieldDescriptor *field, int depth, void **ret_items,
                    size_t *ret_count)
{
    if (value->kind != WALDO_KIND_LIST && value->kind != WALDO_KIND_TUPLE)
        return waldo__field_type(field, "a list or a tuple", value, c->reterr);
    size_t count;
    waldo_value *const *items = waldo__items(value, &count);
    size_t item_size = waldo__field_size(field->type);
    int status = reserve(c, count, item_size, ret_items);
    for (size_t i = 0; i < count && status >= 0; i++) {
        status = set_one(c, items[i], field, depth, (char *)*ret_items + i * item_size);
        if (status >= 0)
            *ret_count = i + 1;
    }
    return status;
}

static int set_entry(const conversion *c, const waldo__entry *from,
                     const ProtobufCMessageDescriptor *descriptor, int depth,
                     ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *key = &descriptor->fields[0];
    const ProtobufCFieldDescriptor *value = &descriptor->fields[1];
    int status = set_one(c, from->key, key, depth, member(entry, key->offset));
    return status < 0 ? status
                      : set_one(c, from->value, value, depth, member(entry, value->offset));
}

static int set_map(const conversion *c, const waldo_value *value,
                   const ProtobufCFieldDescriptor *field, int depth, void **ret_items,
                   size_t *ret_count)
{
    if (value->kind != WALDO_KIND_DICT)
        return waldo__field_type(field, "a dict", value, c->reterr);
    const waldo__table *table = &((const waldo__mapping *)value)->table;
    int status = reserve(c, table->count, sizeof(void *), ret_items);
    size_t position = 0;
    for (waldo__entry *from; status >= 0 && (from = waldo__table_next(table, &position));) {
        ProtobufCMessage *entry = waldo__new_message(field->descriptor, c->allocator);
        if (!entry)
            return waldo__no_memory(c->reterr);
        ((ProtobufCMessage **)*ret_items)[(*ret_count)++] = entry;
        status = set_entry(c, from, field->descriptor, depth + 1, entry);
    }
    return status;
}

/* ---- Fields ---- */

static int set_repeated(const conversion *c, const waldo_value *value,
                        const ProtobufCFieldDescriptor *field, int depth, ProtobufCMessage *message)
{
    void **items = member(message, field->offset);
    size_t *count = member(message, field->quantifier_offset);
    if (waldo__is_map(field, message->descriptor))
        return set_map(c, value, field, depth, items, count);
    return set_list(c, value, field, depth, items, count);
}

static int set_oneof_member(const conversion *c, const waldo_value *value,
                            const ProtobufCFieldDescriptor *field, int depth,
                            ProtobufCMessage *message)
{
    uint32_t *set = member(message, field->quantifier_offset);
    if (*set != 0)
        return waldo_error_set(c->reterr, WALDO_ETYPE,
                               "%s got '%s' and another field of the same oneof",
                               message->descriptor->name, field->name);
    int status = set_one(c, value, field, depth, member(message, field->offset));
    if (status >= 0)
        *set = field->id;
    return status;
}

/* A None leaves out what can be absent: a message, an optional field, a member of a oneof. */
static bool may_be_absent(const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED || field->label == PROTOBUF_C_LABEL_REQUIRED)
        return false;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return waldo__role_of(field->descriptor) != WALDO__VALUE_MESSAGE;
    return field->label == PROTOBUF_C_LABEL_OPTIONAL ||
           (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

static int set_field(const conversion *c, const waldo_value *value,
                     const ProtobufCFieldDescriptor *field, int depth, ProtobufCMessage *message)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return set_repeated(c, value, field, depth, message);
    if (value->kind == WALDO_KIND_NONE && may_be_absent(field))
        return 0;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return set_oneof_member(c, value, field, depth, message);
    int status = set_one(c, value, field, depth, member(message, field->offset));
    bool has_flag = field->label == PROTOBUF_C_LABEL_OPTIONAL &&
                    field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE;
    if (status >= 0 && has_flag)
        *(protobuf_c_boolean *)member(message, field->quantifier_offset) = 1;
    return status;
}

/* Adds a keyword that is no field's name to `kwargs`, for which there is room for all. */
static int set_keyword(const conversion *c, const waldo__entry *given,
                       const ProtobufCFieldDescriptor *field, size_t most, int depth,
                       ProtobufCMessage *message)
{
    void **items = member(message, field->offset);
    size_t *count = member(message, field->quantifier_offset);
    int status = *items ? 0 : reserve(c, most, sizeof(void *), items);
    if (status < 0)
        return status;
    ProtobufCMessage *entry = waldo__new_message(field->descriptor, c->allocator);
    if (!entry)
        return waldo__no_memory(c->reterr);
    ((ProtobufCMessage **)*items)[(*count)++] = entry;
    return set_entry(c, given, field->descriptor, depth + 1, entry);
}

static int set_by_name(const conversion *c, const waldo__table *given, int depth,
                       ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    const ProtobufCFieldDescriptor *keywords = waldo__keywords_of(descriptor);
    int status = 0;
    size_t position = 0;
    for (waldo__entry *entry; status >= 0 && (entry = waldo__table_next(given, &position));) {
        const char *name;
        if (waldo_value_get_str(entry->key, &name, NULL, NULL) < 0)
            return waldo_error_set(c->reterr, WALDO_ETYPE, "keywords of %s must be strings",
                                   descriptor->name);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
        if (keywords && (!field || field == keywords))
            status = set_keyword(c, entry, keywords, given->count, depth, message);
        else if (!field)
            return waldo_error_set(c->reterr, WALDO_ETYPE,
                                   "%s got an unexpected keyword argument '%s'", descriptor->name,
                                   name);
        else
            status = set_field(c, entry->value, field, depth, message);
    }
    return status;
}

/* Does the last field take the rest of a tuple, as Python's *args? */
static bool takes_rest(const ProtobufCMessageDescriptor *descriptor)
{
    const ProtobufCFieldDescriptor *last = &descriptor->fields[descriptor->n_fields - 1];
    return last->label == PROTOBUF_C_LABEL_REPEATED && last->type == PROTOBUF_C_TYPE_MESSAGE &&
           waldo__role_of(last->descriptor) == WALDO__VALUE_MESSAGE;
}

static int set_rest(const conversion *c, waldo_value *const *items, size_t count, int depth,
                    ProtobufCMessage *message)
{
    for (size_t i = 0; i < count; i++)
        waldo_value_ref(items[i]);
    waldo_value *rest = waldo_v_tuple_of(items, count);
    if (!rest)
        return waldo__no_memory(c->reterr);
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    int status = set_field(c, rest, &descriptor->fields[descriptor->n_fields - 1], depth, message);
    waldo_value_unref(rest);
    return status;
}

static int set_in_order(const conversion *c, const waldo_value *value, int depth,
                        ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    size_t count;
    waldo_value *const *items = waldo__items(value, &count);
    const unsigned most = descriptor->n_fields - (waldo__keywords_of(descriptor) ? 1 : 0);
    bool has_rest = most > 0 && count >= most && takes_rest(descriptor);
    size_t single = has_rest ? most - 1 : count;
    if (!has_rest && count > most)
        return waldo_error_set(
            c->reterr, WALDO_ETYPE, "%s takes %u positional argument%s but %zu %s given",
            descriptor->name, most, most == 1 ? "" : "s", count, count == 1 ? "was" : "were");
    int status = 0;
    for (size_t i = 0; i < single && status >= 0; i++)
        status = set_field(c, items[i], &descriptor->fields[i], depth, message);
    if (has_rest && status >= 0)
        status = set_rest(c, items + single, count - single, depth, message);
    return status;
}

/* Was a required field given? Only the value tells: the message holds defaults already. */
static int check_required(const conversion *c, const waldo_value *value,
                          const ProtobufCMessageDescriptor *descriptor)
{
    size_t count;
    waldo__items(value, &count);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        waldo_value *given = NULL;
        if (field->label != PROTOBUF_C_LABEL_REQUIRED || i < count)
            continue;
        if (value->kind == WALDO_KIND_DICT &&
            waldo_value_dict_get_str(value, field->name, &given, NULL) >= 0) {
            waldo_value_unref(given);
            continue;
        }
        return waldo_error_set(c->reterr, WALDO_ETYPE, "%s missing 1 required argument: '%s'",
                               descriptor->name, field->name);
    }
    return 0;
}

/* ---- Messages ---- */

static int fill_plain(const conversion *c, const waldo_value *value, int depth,
                      ProtobufCMessage *message)
{
    int status = waldo__has_names(message->descriptor, c->reterr);
    if (status < 0)
        return status;
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_NONE:
        break;
    case WALDO_KIND_DICT:
        status = set_by_name(c, &((const waldo__mapping *)value)->table, depth, message);
        break;
    case WALDO_KIND_TUPLE:
        status = set_in_order(c, value, depth, message);
        break;
    default:
        return waldo_error_set(c->reterr, WALDO_ETYPE, "%s must be a dict, a tuple or None, not %s",
                               message->descriptor->name, waldo_value_type_name(value));
    }
    return status < 0 ? status : check_required(c, value, message->descriptor);
}

static int fill_empty(const conversion *c, const waldo_value *value)
{
    size_t length = 0;
    bool takes = value->kind == WALDO_KIND_NONE || value->kind == WALDO_KIND_TUPLE ||
                 value->kind == WALDO_KIND_DICT;
    if (takes && value->kind != WALDO_KIND_NONE)
        takes = waldo_value_length(value, &length, NULL) >= 0 && length == 0;
    return takes ? 0 : waldo_error_set(c->reterr, WALDO_ETYPE, "no arguments are taken");
}

static int fill_ref(const conversion *c, const waldo_value *value, ProtobufCMessage *message)
{
    const waldo__reference *reference = waldo__value_reference(value);
    if (value->kind == WALDO_KIND_NONE)
        return 0;
    if (!reference)
        return waldo_error_set(c->reterr, WALDO_ETYPE, "expected a proxy or None, got '%s'",
                               waldo_value_type_name(value));
    return waldo__fill_reference(reference, false, c->allocator, (Waldo__Ref *)message)
               ? 0
               : waldo__no_memory(c->reterr);
}

static int fill(const conversion *c, const waldo_value *value, int depth, ProtobufCMessage *message)
{
    switch (waldo__role_of(message->descriptor)) {
    case WALDO__EMPTY_MESSAGE:
        return fill_empty(c, value);
    case WALDO__REF_MESSAGE:
        return fill_ref(c, value, message);
    case WALDO__WRAPPER_MESSAGE:
        if (value->kind == WALDO_KIND_NONE || value->kind == WALDO_KIND_DICT ||
            value->kind == WALDO_KIND_TUPLE)
            return fill_plain(c, value, depth, message);
        return set_field(c, value, &message->descriptor->fields[0], depth, message);
    default:
        return fill_plain(c, value, depth, message);
    }
}

static int to_message(const conversion *c, const waldo_value *value,
                      const ProtobufCMessageDescriptor *descriptor, int depth,
                      ProtobufCMessage **ret_message)
{
    if (waldo__role_of(descriptor) == WALDO__VALUE_MESSAGE) {
        Waldo__Value *packed;
        int status = waldo__value_to_message(value, false, WALDO__HANDLES_CARRIED, NULL,
                                             c->allocator, &packed, c->reterr);
        if (status >= 0)
            *ret_message = &packed->base;
        return status;
    }
    if (depth > WALDO__MAX_WIRE_DEPTH)
        return waldo_error_set(c->reterr, WALDO_ERECURSION, "messages are nested more than %d deep",
                               WALDO__MAX_WIRE_DEPTH);
    ProtobufCMessage *message = waldo__new_message(descriptor, c->allocator);
    if (!message)
        return waldo__no_memory(c->reterr);
    int status = fill(c, value, depth, message);
    if (status < 0)
        protobuf_c_message_free_unpacked(message, c->allocator);
    else
        *ret_message = message;
    return status;
}

int waldo__convert_to_message(const waldo_value *value,
                              const ProtobufCMessageDescriptor *descriptor,
                              ProtobufCAllocator *allocator, ProtobufCMessage **ret_message,
                              waldo_error *reterr)
{
    waldo__limited_allocator limited;
    waldo__limited_allocator_init(&limited, allocator, WALDO__SCAN_MEMORY);
    conversion c = {&limited.allocator, reterr};
    int status = to_message(&c, value, descriptor, 1, ret_message);
    return waldo__explain_no_memory(&limited, status, reterr);
}
