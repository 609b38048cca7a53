/* Values in messages: for handlers and callers whose messages have waldo.Value fields. */
#ifndef WALDO_VALUE_MESSAGE_H
#define WALDO_VALUE_MESSAGE_H

#include <waldo/value.h>

#include "waldo/value.pb-c.h"

WALDO_BEGIN_DECLS

/** A message of the value. Free it with waldo__value__free_unpacked(*ret_message, allocator);
 *  allocator NULL is malloc's. Errors as waldo_value_pack, but that buffers (waldo/mp/buffer.h) may
 * be in it: the message keeps them until it was sent in a call, or for a minute; after that it can
 * be sent, and looked into, as long as they live. */
WALDO_CHECK int waldo_value_to_message(const waldo_value *value, ProtobufCAllocator *allocator,
                                       Waldo__Value **ret_message, waldo_error *reterr);
/** The value of a message; a NULL message is None. WALDO_EPROTOCOL: the message is no value: no
 *  kind, text that is not UTF-8, an unhashable key, an array of odd length, ...; WALDO_ERECURSION;
 *  WALDO_EKEY: a buffer in it is gone. One that came with a result is kept for the first look, and
 *  for a minute. */
WALDO_CHECK int waldo_value_from_message(const Waldo__Value *message, waldo_value **ret_value,
                                         waldo_error *reterr);

WALDO_END_DECLS

#endif
