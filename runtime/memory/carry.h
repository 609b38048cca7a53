/* Shared buffers in the messages of calls. A message names them by ids (lodging.h); what they are
 * goes beside it, in the envelope: where the memory is, to a receiver that reaches it, and what is
 * in it to others (docs/decisions/buffers_in_calls.md). */
#ifndef WALDO_RUNTIME_MEMORY_CARRY_H
#define WALDO_RUNTIME_MEMORY_CARRY_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include <waldo/error.h>

#include "memory/lodging.h"
#include "waldo/wire.pb-c.h"

/* As many as one message may name. */
#define WALDO__CARRY_MOST 1000

typedef struct waldo__carried_buffer waldo__carried_buffer;

/* The buffers of one message on its way out, with references. Zeroed: none. */
typedef struct waldo__carried {
    waldo__carried_buffer *items;
    size_t count;
    size_t capacity;
    Waldo__Wire__Buffer **messages; /* those of items */
} waldo__carried;

/* All that the message names. WALDO_EKEY: one is gone; WALDO_ELIMIT: too many. */
int waldo__carry_collect(const ProtobufCMessage *message, waldo__carried *carried,
                         waldo_error *reterr);
/* The envelope's field, good as long as *carried is, for a receiver that reaches this process's
 * memory or not. */
int waldo__carried_describe(waldo__carried *carried, bool near, size_t *ret_count,
                            Waldo__Wire__Buffer ***ret_messages, waldo_error *reterr);
void waldo__carried_free(waldo__carried *carried);

/* What came. */
typedef struct waldo__arrived {
    waldo__lodging **items; /* NULL: there was nothing, or it goes when it is looked at */
    size_t count;
} waldo__arrived;

/* From the envelope of a message, before that is looked into. near: the sender is known to be a
 * process of this host and user; else places are refused, WALDO_EPROTOCOL. ret_arrived NULL: for
 * one look each; else until waldo__arrived_free. */
int waldo__carry_in(Waldo__Wire__Buffer *const *messages, size_t count, bool near,
                    waldo__arrived *ret_arrived, waldo_error *reterr);
void waldo__arrived_free(waldo__arrived *arrived);

#endif
