/* Items of a generator that travel together: what a client asked for with Request.ahead. */
#ifndef WALDO_SERVER_AHEAD_H
#define WALDO_SERVER_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/service.h>

#include "waldo/wire.pb-c.h"

/* Of one call, in its arena. Zero is a valid empty one. */
typedef struct waldo__ahead {
    ProtobufCBinaryData *items;
    size_t count;
    size_t capacity;
    size_t bytes;
    uint64_t asked_at; /* for the item that is to come; waldo__now() */
    bool slow;         /* one took long: the client shall not wait for the next as well */
} waldo__ahead;

/* Does the client take several items in one reply? */
bool waldo__ahead_is_wanted(const waldo_call *call);
/* Packs one more. WALDO_ENOMEM. */
int waldo__ahead_add(waldo__ahead *items, waldo_call *call, const ProtobufCMessage *item);
/* Shall the generator make another one for this call now? */
bool waldo__ahead_wants_more(const waldo__ahead *items, waldo_call *call);
/* Answers with them. */
int waldo__ahead_answer(const waldo__ahead *items, waldo_call *call);

#endif
