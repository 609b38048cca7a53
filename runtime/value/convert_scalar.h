/* Scalar fields and values. */
#ifndef WALDO_RUNTIME_VALUE_CONVERT_SCALAR_H
#define WALDO_RUNTIME_VALUE_CONVERT_SCALAR_H

#include <protobuf-c/protobuf-c.h>

#include <waldo/value.h>

/* Writes what a field of that type holds to target; text and bytes come from the allocator. */
int waldo__scalar_from_value(const waldo_value *value, const ProtobufCFieldDescriptor *field,
                             ProtobufCAllocator *allocator, void *target, waldo_error *reterr);
/* The value of what a field of that type holds at `from`. */
int waldo__scalar_to_value(const ProtobufCFieldDescriptor *field, const void *from,
                           waldo_value **ret_value, waldo_error *reterr);
/* "field 'n' takes an int, not str" */
int waldo__field_type(const ProtobufCFieldDescriptor *field, const char *wanted,
                      const waldo_value *value, waldo_error *reterr);

#endif
