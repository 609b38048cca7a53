#include "ahead.h"

#include <string.h>

#include "call.h"
#include "engine/deadline.h"

enum {
    FIRST_ITEMS = 16,
    MOST_ITEMS = 4096,
    MOST_BYTES = 32 * 1024,
    SLOW_NS = 100 * 1000, /* for one item */
};

bool waldo__ahead_is_wanted(const waldo_call *call)
{
    return call->request->ahead > 0 && !call->request->dynamic;
}

static bool reserve(waldo__ahead *items, waldo_call *call)
{
    if (items->count < items->capacity)
        return true;
    size_t capacity = items->capacity > 0 ? 2 * items->capacity : FIRST_ITEMS;
    ProtobufCBinaryData *grown = waldo__arena_alloc(&call->arena, capacity * sizeof *grown);
    if (!grown)
        return false;
    if (items->count > 0)
        memcpy(grown, items->items, items->count * sizeof *grown);
    items->items = grown;
    items->capacity = capacity;
    return true;
}

int waldo__ahead_add(waldo__ahead *items, waldo_call *call, const ProtobufCMessage *item)
{
    size_t size = protobuf_c_message_get_packed_size(item);
    uint8_t *data = reserve(items, call) ? waldo__arena_alloc(&call->arena, size + 1) : NULL;
    if (!data)
        return WALDO_ENOMEM;
    protobuf_c_message_pack(item, data);
    items->items[items->count++] = (ProtobufCBinaryData){size, data};
    items->bytes += size;
    uint64_t now = waldo__now();
    items->slow = now - items->asked_at > SLOW_NS;
    items->asked_at = now;
    return 0;
}

bool waldo__ahead_wants_more(const waldo__ahead *items, waldo_call *call)
{
    return items->count <= call->request->ahead && items->count < MOST_ITEMS &&
           items->bytes < MOST_BYTES && !items->slow && !waldo_call_cancelled(call);
}

int waldo__ahead_answer(const waldo__ahead *items, waldo_call *call)
{
    Waldo__Wire__Items message = WALDO__WIRE__ITEMS__INIT;
    message.items = items->items;
    message.n_items = items->count;
    return waldo__call_answer(call, &message.base);
}
