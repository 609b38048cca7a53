#include "value/convert_scalar.h"

#include <math.h>
#include <string.h>

#include "value/integer.h"
#include "value/message.h"

int waldo__field_type(const ProtobufCFieldDescriptor *field, const char *wanted,
                      const waldo_value *value, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETYPE, "field '%s' takes %s, not %s", field->name, wanted,
                           waldo_value_type_name(value));
}

static int out_of_range(const ProtobufCFieldDescriptor *field, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EOVERFLOW, "field '%s' cannot hold a number of that size",
                           field->name);
}

/* ---- Into a message ---- */

static int set_signed(const waldo_value *value, const ProtobufCFieldDescriptor *field, size_t size,
                      void *target, waldo_error *reterr)
{
    int64_t number;
    if (!waldo__is_int(value))
        return waldo__field_type(field, "an int", value, reterr);
    if (!waldo__int_fits(value, &number) ||
        (size == 4 && (number < INT32_MIN || number > INT32_MAX)))
        return out_of_range(field, reterr);
    if (size == 4)
        *(int32_t *)target = (int32_t)number;
    else
        *(int64_t *)target = number;
    return 0;
}

static int set_unsigned(const waldo_value *value, const ProtobufCFieldDescriptor *field,
                        size_t size, void *target, waldo_error *reterr)
{
    uint64_t number;
    if (!waldo__is_int(value))
        return waldo__field_type(field, "an int", value, reterr);
    if (waldo_value_get_uint64(value, &number, NULL) < 0 || (size == 4 && number > UINT32_MAX))
        return out_of_range(field, reterr);
    if (size == 4)
        *(uint32_t *)target = (uint32_t)number;
    else
        *(uint64_t *)target = number;
    return 0;
}

static int set_real(const waldo_value *value, const ProtobufCFieldDescriptor *field, void *target,
                    waldo_error *reterr)
{
    double number;
    if (!waldo__is_number(value))
        return waldo__field_type(field, "a float", value, reterr);
    if (waldo_value_get_double(value, &number, NULL) < 0)
        return out_of_range(field, reterr);
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        *(double *)target = number;
        return 0;
    }
    if (isfinite(number) && isinf((float)number))
        return out_of_range(field, reterr);
    *(float *)target = (float)number;
    return 0;
}

static int set_bool(const waldo_value *value, const ProtobufCFieldDescriptor *field, void *target,
                    waldo_error *reterr)
{
    /* Python's acquire(1) */
    if (value->kind != WALDO_KIND_BOOL && value->kind != WALDO_KIND_INT)
        return waldo__field_type(field, "a bool", value, reterr);
    *(protobuf_c_boolean *)target = waldo_value_is_true(value);
    return 0;
}

static int set_enum(const waldo_value *value, const ProtobufCFieldDescriptor *field, void *target,
                    waldo_error *reterr)
{
    if (value->kind == WALDO_KIND_INT)
        return set_signed(value, field, 4, target, reterr);
    const char *name;
    if (waldo_value_get_str(value, &name, NULL, NULL) < 0)
        return waldo__field_type(field, "the name or the number of an enum's value", value, reterr);
    const ProtobufCEnumDescriptor *descriptor = field->descriptor;
    const ProtobufCEnumValue *found =
        protobuf_c_enum_descriptor_get_value_by_name(descriptor, name);
    if (!found)
        return waldo_error_set(reterr, WALDO_EVALUE, "%s has no value '%s'", descriptor->name,
                               name);
    *(int32_t *)target = found->value;
    return 0;
}

static int set_string(const waldo_value *value, const ProtobufCFieldDescriptor *field,
                      ProtobufCAllocator *allocator, char **target, waldo_error *reterr)
{
    const char *text;
    if (value->kind != WALDO_KIND_STR)
        return waldo__field_type(field, "a str", value, reterr);
    if (waldo_value_get_str(value, &text, NULL, NULL) < 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "field '%s': embedded null character",
                               field->name);
    return waldo__copy_string(allocator, text, target) ? 0 : waldo__no_memory(reterr);
}

static int set_bytes(const waldo_value *value, const ProtobufCFieldDescriptor *field,
                     ProtobufCAllocator *allocator, ProtobufCBinaryData *target,
                     waldo_error *reterr)
{
    const uint8_t *data;
    size_t size;
    if (waldo_value_get_bytes(value, &data, &size, NULL) < 0)
        return waldo__field_type(field, "bytes", value, reterr);
    return waldo__copy_data(allocator, data, size, target) ? 0 : waldo__no_memory(reterr);
}

int waldo__scalar_from_value(const waldo_value *value, const ProtobufCFieldDescriptor *field,
                             ProtobufCAllocator *allocator, void *target, waldo_error *reterr)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return set_signed(value, field, 4, target, reterr);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return set_signed(value, field, 8, target, reterr);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return set_unsigned(value, field, 4, target, reterr);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return set_unsigned(value, field, 8, target, reterr);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return set_real(value, field, target, reterr);
    case PROTOBUF_C_TYPE_BOOL:
        return set_bool(value, field, target, reterr);
    case PROTOBUF_C_TYPE_ENUM:
        return set_enum(value, field, target, reterr);
    case PROTOBUF_C_TYPE_STRING:
        return set_string(value, field, allocator, target, reterr);
    case PROTOBUF_C_TYPE_BYTES:
        return set_bytes(value, field, allocator, target, reterr);
    default:
        return waldo_error_set(reterr, WALDO_ETYPE, "field '%s' is no scalar", field->name);
    }
}

/* ---- Out of a message ---- */

static waldo_value *value_of_enum(const ProtobufCEnumDescriptor *descriptor, int32_t number)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, number);
    return known ? waldo_v_str(known->name) : waldo_v_int64(number);
}

static waldo_value *value_of(const ProtobufCFieldDescriptor *field, const void *from)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return waldo_v_int64(*(const int32_t *)from);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return waldo_v_int64(*(const int64_t *)from);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return waldo_v_int64(*(const uint32_t *)from);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return waldo_v_uint64(*(const uint64_t *)from);
    case PROTOBUF_C_TYPE_FLOAT:
        return waldo_v_float((double)*(const float *)from);
    case PROTOBUF_C_TYPE_DOUBLE:
        return waldo_v_float(*(const double *)from);
    case PROTOBUF_C_TYPE_BOOL:
        return waldo_v_bool(*(const protobuf_c_boolean *)from);
    case PROTOBUF_C_TYPE_ENUM:
        return value_of_enum(field->descriptor, *(const int32_t *)from);
    default:
        return waldo_v_bytes(((const ProtobufCBinaryData *)from)->data,
                             ((const ProtobufCBinaryData *)from)->len);
    }
}

int waldo__scalar_to_value(const ProtobufCFieldDescriptor *field, const void *from,
                           waldo_value **ret_value, waldo_error *reterr)
{
    if (field->type != PROTOBUF_C_TYPE_STRING)
        return waldo__give(value_of(field, from), ret_value, reterr);
    const char *text = *(char *const *)from;
    return waldo_value_parse_str(text ? text : "", text ? strlen(text) : 0, ret_value, reterr);
}
