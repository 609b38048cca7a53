/* Values and any message, by the message's descriptor: for dynamic calls. */
#ifndef WALDO_RUNTIME_VALUE_CONVERT_H
#define WALDO_RUNTIME_VALUE_CONVERT_H

#include <protobuf-c/protobuf-c.h>

#include <waldo/value.h>

/* A message from a value: None is an empty message, a dict gives fields by name, a tuple gives them
 * in the order of their numbers; where the last field is `repeated waldo.Value`, it takes the rest
 * of the tuple, as Python's *args. Message fields take these three again, and None leaves them out;
 * repeated fields take a list or a tuple, maps a dict, enums a name or a number. waldo.Value takes
 * anything, waldo.Ref a proxy or None, Google's wrappers (DoubleValue, ...) what they wrap,
 * google.protobuf.Empty nothing. Free *ret_message with protobuf_c_message_free_unpacked and the
 * same allocator (NULL: malloc's). WALDO_ETYPE: no such field, too many, one that is required is
 * missing, a value of another type; WALDO_EVALUE: no such name in an enum; WALDO_EOVERFLOW;
 * WALDO_ERECURSION; WALDO_ETOOBIG. */
int waldo__convert_to_message(const waldo_value *value,
                              const ProtobufCMessageDescriptor *descriptor,
                              ProtobufCAllocator *allocator, ProtobufCMessage **ret_message,
                              waldo_error *reterr);

/* The other way: Empty is None, waldo.Value its value, waldo.Ref a proxy value or None, a wrapper
 * what it wraps; another message is a dict of its fields by name: an absent message field is None,
 * of a oneof there is the member that is set, a repeated field is a list, a map a dict, an enum its
 * name (its number if it has none). */
int waldo__convert_from_message(const ProtobufCMessage *message, waldo_value **ret_value,
                                waldo_error *reterr);

/* One field, as waldo__convert_from_message shows it. */
int waldo__convert_from_field(const ProtobufCMessage *message,
                              const ProtobufCFieldDescriptor *field, waldo_value **ret_value,
                              waldo_error *reterr);
/* Sets one field as waldo__convert_to_message does. What the message holds must be malloc's. On
 * failure it is as it was. */
int waldo__convert_to_field(const waldo_value *value, const ProtobufCFieldDescriptor *field,
                            ProtobufCMessage *message, waldo_error *reterr);

/* The fields in the order of their numbers, as "n: int64", "names: repeated string", "counts:
 * map<string, int64>", and NULL. One allocation: free() *ret_parameters. */
int waldo__parameters(const ProtobufCMessageDescriptor *descriptor, char ***ret_parameters,
                      waldo_error *reterr);

#endif
