/* Fields of a message as the attributes of an object (waldo/service.h). */
#include "call.h"
#include "value/convert.h"

static const ProtobufCFieldDescriptor *find(waldo_call *call, const ProtobufCMessage *fields,
                                            const char *name)
{
    const ProtobufCMessageDescriptor *descriptor = fields->descriptor;
    const ProtobufCFieldDescriptor *field =
        descriptor->fields_sorted_by_name
            ? protobuf_c_message_descriptor_get_field_by_name(descriptor, name)
            : NULL;
    if (!field)
        (void)waldo_call_raise(call, WALDO_EATTRIBUTE, "'%s' object has no attribute '%s'",
                               call->type->type_id, name);
    return field;
}

int waldo_call_get_attribute(waldo_call *call, const ProtobufCMessage *fields,
                             const Waldo__AttributeName *attribute, Waldo__Value *result)
{
    const ProtobufCFieldDescriptor *field = find(call, fields, attribute->name);
    if (!field)
        return WALDO_EATTRIBUTE;
    waldo_value *value;
    int status = waldo__convert_from_field(fields, field, &value, call->reterr);
    return status < 0 ? status : waldo_call_set_value(call, result, value);
}

int waldo_call_set_attribute(waldo_call *call, ProtobufCMessage *fields,
                             const Waldo__Attribute *attribute)
{
    const ProtobufCFieldDescriptor *field = find(call, fields, attribute->name);
    if (!field)
        return WALDO_EATTRIBUTE;
    waldo_value *value;
    int status = waldo_value_from_message(attribute->value, &value, call->reterr);
    if (status < 0)
        return status;
    status = waldo__convert_to_field(value, field, fields, call->reterr);
    waldo_value_unref(value);
    return status;
}
