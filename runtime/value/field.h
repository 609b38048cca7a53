/* What a field is to a conversion, beyond what protobuf-c says. */
#ifndef WALDO_RUNTIME_VALUE_FIELD_H
#define WALDO_RUNTIME_VALUE_FIELD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/error.h>

typedef enum waldo__message_role {
    WALDO__PLAIN_MESSAGE,
    WALDO__VALUE_MESSAGE,   /* waldo.Value */
    WALDO__REF_MESSAGE,     /* waldo.Ref */
    WALDO__WRAPPER_MESSAGE, /* google.protobuf.DoubleValue, ...: one field `value` */
    WALDO__EMPTY_MESSAGE    /* google.protobuf.Empty */
} waldo__message_role;

waldo__message_role waldo__role_of(const ProtobufCMessageDescriptor *descriptor);

/* WALDO_ETYPE: the message was compiled with `option optimize_for = CODE_SIZE`, without names. */
int waldo__has_names(const ProtobufCMessageDescriptor *descriptor, waldo_error *reterr);

/* protobuf-c forgets that a field is a map; what it leaves is a repeated message NameEntry within
 * the message, of two fields: key = 1 and value = 2. */
bool waldo__is_map(const ProtobufCFieldDescriptor *field,
                   const ProtobufCMessageDescriptor *message);

/* The field `map<string, waldo.Value> kwargs`, if the message ends with one: it takes the keyword
 * arguments that are no field's name, as Python's **kwargs. NULL: there is none. */
const ProtobufCFieldDescriptor *waldo__keywords_of(const ProtobufCMessageDescriptor *message);

/* Bytes of one item in memory. */
size_t waldo__field_size(ProtobufCType type);

#endif
