/* A message's fields as text, for people. */
#include <stdlib.h>
#include <string.h>

#include "value/convert.h"
#include "value/field.h"
#include "value/layout.h"
#include "value/text.h"

static const char *type_name(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {
        [PROTOBUF_C_TYPE_INT32] = "int32",       [PROTOBUF_C_TYPE_SINT32] = "sint32",
        [PROTOBUF_C_TYPE_SFIXED32] = "sfixed32", [PROTOBUF_C_TYPE_INT64] = "int64",
        [PROTOBUF_C_TYPE_SINT64] = "sint64",     [PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
        [PROTOBUF_C_TYPE_UINT32] = "uint32",     [PROTOBUF_C_TYPE_FIXED32] = "fixed32",
        [PROTOBUF_C_TYPE_UINT64] = "uint64",     [PROTOBUF_C_TYPE_FIXED64] = "fixed64",
        [PROTOBUF_C_TYPE_FLOAT] = "float",       [PROTOBUF_C_TYPE_DOUBLE] = "double",
        [PROTOBUF_C_TYPE_BOOL] = "bool",         [PROTOBUF_C_TYPE_STRING] = "string",
        [PROTOBUF_C_TYPE_BYTES] = "bytes",
    };
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return ((const ProtobufCEnumDescriptor *)field->descriptor)->name;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return ((const ProtobufCMessageDescriptor *)field->descriptor)->name;
    return names[field->type];
}

static void append_parameter(waldo__string *out, const ProtobufCFieldDescriptor *field,
                             const ProtobufCMessageDescriptor *message)
{
    waldo__string_add(out, field->name);
    waldo__string_add(out, ": ");
    if (waldo__is_map(field, message)) {
        const ProtobufCMessageDescriptor *entry = field->descriptor;
        waldo__string_add(out, "map<");
        waldo__string_add(out, type_name(&entry->fields[0]));
        waldo__string_add(out, ", ");
        waldo__string_add(out, type_name(&entry->fields[1]));
        waldo__string_add(out, ">");
    } else {
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            waldo__string_add(out, "repeated ");
        waldo__string_add(out, type_name(field));
    }
    waldo__string_append(out, "", 1);
}

int waldo__parameters(const ProtobufCMessageDescriptor *descriptor, char ***ret_parameters,
                      waldo_error *reterr)
{
    int status = waldo__has_names(descriptor, reterr);
    if (status < 0)
        return status;
    waldo__string texts = {0};
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        append_parameter(&texts, &descriptor->fields[i], descriptor);
    size_t size = texts.size;
    size_t pointers = (descriptor->n_fields + 1) * sizeof(char *);
    char *all = waldo__string_finish(&texts);
    char **parameters = all ? malloc(pointers + size + 1) : NULL;
    if (!parameters) {
        free(all);
        return waldo__no_memory(reterr);
    }
    char *text = memcpy((char *)parameters + pointers, all, size + 1);
    for (unsigned i = 0; i < descriptor->n_fields; i++, text += strlen(text) + 1)
        parameters[i] = text;
    parameters[descriptor->n_fields] = NULL;
    free(all);
    *ret_parameters = parameters;
    return 0;
}
