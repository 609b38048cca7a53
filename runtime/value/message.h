/* What conversions between values and messages share. */
#ifndef WALDO_RUNTIME_VALUE_MESSAGE_H
#define WALDO_RUNTIME_VALUE_MESSAGE_H

#include <waldo/value_message.h>

#include "process/parcel.h"
#include "value/layout.h"
#include "wire/scan.h"

/* allocator NULL: malloc's. */
void *waldo__allocate(ProtobufCAllocator *allocator, size_t size);
ProtobufCMessage *waldo__new_message(const ProtobufCMessageDescriptor *descriptor,
                                     ProtobufCAllocator *allocator);
bool waldo__copy_string(ProtobufCAllocator *allocator, const char *text, char **ret_copy);
bool waldo__copy_data(ProtobufCAllocator *allocator, const void *data, size_t size,
                      ProtobufCBinaryData *ret_copy);

/* The status of a conversion that drew on limited: WALDO_ETOOBIG where the limit was why it ran out
 * of memory. */
int waldo__explain_no_memory(const waldo__limited_allocator *limited, int status,
                             waldo_error *reterr);

/* leaving: the message leaves the process, and what it names needs a ticket (value/keeper.h). */
bool waldo__fill_reference(const waldo__reference *reference, bool leaving,
                           ProtobufCAllocator *allocator, Waldo__Ref *target);
typedef enum waldo__handles {
    WALDO__HANDLES_REFUSED,
    WALDO__HANDLES_CARRIED, /* for a call: buffers, by the id of their lodging; others are refused
                             */
    WALDO__HANDLES_SENT,    /* with their descriptors, to a process of this host */
} waldo__handles;

/* descriptors gets those of handles that are sent; else it may be NULL. */
int waldo__value_to_message(const waldo_value *value, bool leaving, waldo__handles handles,
                            waldo__descriptors *descriptors, ProtobufCAllocator *allocator,
                            Waldo__Value **ret_message, waldo_error *reterr);
/* A message of bytes that are many enough to stay where they are (wire/tail.h): the value's, for as
 * long as somebody holds it. false: it is no such value. */
bool waldo__value_lend(const waldo_value *value, Waldo__Value *ret_message);
/* A message of malloc's as bytes, for free(). TAKES message. */
int waldo__value_pack_message(Waldo__Value *message, uint8_t **ret_data, size_t *ret_size,
                              waldo_error *reterr);
/* The handles in the message take theirs from descriptors; NULL: all but those that are carried by
 * a call are refused. What are bytes in it may be the owner's, which their value then keeps; NULL:
 * all are copied. */
int waldo__value_from_message(const Waldo__Value *message, waldo__descriptors *descriptors,
                              waldo__shared_bytes *owner, waldo_value **ret_value,
                              waldo_error *reterr);
/* A proxy value; None for object 0. */
int waldo__reference_from_message(const Waldo__Ref *message, waldo_value **ret_value,
                                  waldo_error *reterr);

/* Turns the bytes of each item round where the machine is big-endian; the same the other way. */
void waldo__swap_to_little_endian(uint8_t *items, size_t count, size_t item_size);

#endif
