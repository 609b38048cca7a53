/* Values that stand for what an earlier call of a batch gives. Only the arguments of a later call
 * of the same batch may hold one. */
#ifndef WALDO_RUNTIME_VALUE_LATER_H
#define WALDO_RUNTIME_VALUE_LATER_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/value_message.h>

/* The call of a batch whose arguments are converted. */
typedef struct waldo__later_scope {
    const void *batch;
    int call;     /* its number, from 0 */
    bool is_used; /* set where the arguments hold such a value */
} waldo__later_scope;

/* NULL: out of memory. */
waldo_value *waldo__v_later(const void *batch, int call);
/* waldo_value_to_message for such arguments. WALDO_EVALUE: of another batch, or of a call that does
 * not come before; WALDO_ETYPE: a buffer, which a batch does not carry. */
int waldo__later_to_message(const waldo_value *value, waldo__later_scope *scope,
                            ProtobufCAllocator *allocator, Waldo__Value **ret_message,
                            waldo_error *reterr);

/* For the conversion: 0 if the value is none of these, 1 with the message filled in. */
int waldo__later_fill(const waldo_value *value, waldo__later_scope *scope, Waldo__Value *message,
                      waldo_error *reterr);

#endif
