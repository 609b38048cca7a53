#include "value/field.h"

#include <string.h>

#include "waldo/value.pb-c.h"

static bool is_wrapper(const ProtobufCMessageDescriptor *descriptor)
{
    static const char *const names[] = {"DoubleValue", "FloatValue",  "Int64Value",
                                        "UInt64Value", "Int32Value",  "UInt32Value",
                                        "BoolValue",   "StringValue", "BytesValue"};
    if (strcmp(descriptor->package_name, "google.protobuf") != 0 || descriptor->n_fields != 1)
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(descriptor->short_name, names[i]) == 0)
            return true;
    return false;
}

/* By name: a plugin may bring its own copy of a descriptor. */
waldo__message_role waldo__role_of(const ProtobufCMessageDescriptor *descriptor)
{
    if (!descriptor->name)
        return WALDO__PLAIN_MESSAGE;
    if (strcmp(descriptor->name, waldo__value__descriptor.name) == 0)
        return WALDO__VALUE_MESSAGE;
    if (strcmp(descriptor->name, waldo__ref__descriptor.name) == 0)
        return WALDO__REF_MESSAGE;
    if (strcmp(descriptor->name, "google.protobuf.Empty") == 0)
        return WALDO__EMPTY_MESSAGE;
    return is_wrapper(descriptor) ? WALDO__WRAPPER_MESSAGE : WALDO__PLAIN_MESSAGE;
}

int waldo__has_names(const ProtobufCMessageDescriptor *descriptor, waldo_error *reterr)
{
    if (descriptor->name && (descriptor->n_fields == 0 || descriptor->fields_sorted_by_name))
        return 0;
    return waldo_error_set(reterr, WALDO_ETYPE,
                           "the message was compiled with optimize_for = CODE_SIZE");
}

/* Is it what protoc names the entries of a map field: my_counts -> MyCountsEntry? */
static bool is_entry_name(const char *entry, const char *field)
{
    bool capital = true;
    for (; *field; field++) {
        if (*field == '_') {
            capital = true;
            continue;
        }
        char expected =
            capital && *field >= 'a' && *field <= 'z' ? (char)(*field - 'a' + 'A') : *field;
        if (*entry++ != expected)
            return false;
        capital = false;
    }
    return strcmp(entry, "Entry") == 0;
}

bool waldo__is_map(const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *message)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    if (!message->name || !entry->name)
        return false;
    size_t outer = strlen(message->name);
    return entry->n_fields == 2 && strcmp(entry->fields[0].name, "key") == 0 &&
           entry->fields[0].id == 1 && strcmp(entry->fields[1].name, "value") == 0 &&
           entry->fields[1].id == 2 && strncmp(entry->name, message->name, outer) == 0 &&
           entry->name[outer] == '.' && is_entry_name(entry->name + outer + 1, field->name);
}

const ProtobufCFieldDescriptor *waldo__keywords_of(const ProtobufCMessageDescriptor *message)
{
    if (message->n_fields == 0)
        return NULL;
    const ProtobufCFieldDescriptor *last = &message->fields[message->n_fields - 1];
    if (strcmp(last->name, "kwargs") != 0 || !waldo__is_map(last, message))
        return NULL;
    const ProtobufCFieldDescriptor *entry =
        ((const ProtobufCMessageDescriptor *)last->descriptor)->fields;
    bool fits = entry[0].type == PROTOBUF_C_TYPE_STRING &&
                entry[1].type == PROTOBUF_C_TYPE_MESSAGE &&
                waldo__role_of(entry[1].descriptor) == WALDO__VALUE_MESSAGE;
    return fits ? last : NULL;
}

size_t waldo__field_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return 4;
    }
}
