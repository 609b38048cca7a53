/* One field of a message that lives on. */
#include <string.h>

#include "value/convert.h"
#include "value/field.h"
#include "value/layout.h"

static void exchange(void *left, void *right, size_t size)
{
    char kept[sizeof(ProtobufCBinaryData)];
    memcpy(kept, left, size);
    memcpy(left, right, size);
    memcpy(right, kept, size);
}

/* What says whether, or how often, or which of a oneof the field is there. */
static size_t quantifier_size(const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return sizeof(size_t);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return sizeof(uint32_t);
    bool flagged = field->label == PROTOBUF_C_LABEL_OPTIONAL &&
                   field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE;
    return flagged ? sizeof(protobuf_c_boolean) : 0;
}

/* Bytes of the field in its message; of a oneof's member, those of the largest. */
static size_t storage_size(const ProtobufCFieldDescriptor *field,
                           const ProtobufCMessageDescriptor *message)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return sizeof(void *);
    size_t size = waldo__field_size(field->type);
    for (unsigned i = 0; field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *other = &message->fields[i];
        if (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && other->offset == field->offset &&
            waldo__field_size(other->type) > size)
            size = waldo__field_size(other->type);
    }
    return size;
}

int waldo__convert_to_field(const waldo_value *value, const ProtobufCFieldDescriptor *field,
                            ProtobufCMessage *message, waldo_error *reterr)
{
    waldo_value *fields = waldo_v_fields(field->name, waldo_value_ref(value));
    if (!fields)
        return waldo__no_memory(reterr);
    ProtobufCMessage *made;
    int status = waldo__convert_to_message(fields, message->descriptor, NULL, &made, reterr);
    waldo_value_unref(fields);
    if (status < 0)
        return status;
    exchange((char *)message + field->offset, (char *)made + field->offset,
             storage_size(field, message->descriptor));
    exchange((char *)message + field->quantifier_offset, (char *)made + field->quantifier_offset,
             quantifier_size(field));
    protobuf_c_message_free_unpacked(made, NULL);
    return 0;
}
