/* Items of generators, which may come several at a time. */
#include <stdlib.h>

#include "proxy/proxy_internal.h"
#include "wire/scan.h"

/* The first step asks for one item more, and each for twice as many as the one before, so that a
 * client that wants few makes the server work little ahead. */
enum { MOST_AHEAD = 4095 };

struct waldo__proxy_items {
    waldo__reply reply;
    const Waldo__Wire__Items *message; /* in the reply's arena; NULL: there is none */
    size_t taken;
    uint32_t asked; /* ahead, the last time */
};

static void empty(waldo__proxy_items *items)
{
    if (items->message)
        waldo__reply_free(&items->reply);
    items->message = NULL;
    items->taken = 0;
}

void waldo__proxy_items_free(waldo__proxy_items *items)
{
    if (!items)
        return;
    empty(items);
    free(items);
}

static int take_reply(waldo__proxy_items *items, waldo_error *reterr)
{
    waldo__reply *reply = &items->reply;
    ProtobufCMessage *message;
    int status = waldo__unpack(&waldo__wire__items__descriptor, &reply->arena.allocator,
                               reply->reply->body.data, reply->reply->body.len, &message, reterr);
    if (status >= 0 && ((const Waldo__Wire__Items *)message)->n_items == 0)
        status = waldo_error_set(reterr, WALDO_EPROTOCOL, "the reply holds no item");
    if (status < 0)
        waldo__reply_free(reply);
    else
        items->message = (const Waldo__Wire__Items *)message;
    return status < 0 ? status : 1;
}

/* 1: there are some; 0: the generator is exhausted. */
static int fetch(waldo_proxy *proxy, waldo__proxy_items *items, uint32_t deadline_ms,
                 waldo_error *reterr)
{
    waldo_error error;
    Waldo__Wire__Request request;
    waldo__proxy_request(proxy, WALDO__WIRE__OPERATION__NEXT, &request);
    request.ahead = items->asked < MOST_AHEAD ? 2 * items->asked + 1 : MOST_AHEAD;
    int status = waldo__exchange(proxy->manager, &request, NULL,
                                 waldo__proxy_timeout(proxy, deadline_ms), &items->reply, &error);
    if (status >= 0) {
        items->asked = request.ahead;
        return take_reply(items, reterr);
    }
    if (status == WALDO_ESTOP)
        return 0;
    if (reterr)
        *reterr = error;
    return status;
}

static int make_items(waldo_proxy *proxy, waldo_error *reterr)
{
    if (!proxy->items)
        proxy->items = calloc(1, sizeof *proxy->items);
    return proxy->items ? 0 : waldo_error_set(reterr, WALDO_ENOMEM, "no memory for items");
}

int waldo_proxy_next_message(waldo_proxy *proxy, const waldo_proxy_method *method,
                             const ProtobufCMessage **ret_item, waldo_error *reterr)
{
    int status = make_items(proxy, reterr);
    waldo__proxy_items *items = proxy->items;
    if (status >= 0 && !items->message)
        status = fetch(proxy, items, method->deadline_ms, reterr);
    else if (status >= 0)
        status = 1;
    if (status <= 0)
        return status;
    const ProtobufCBinaryData *packed = &items->message->items[items->taken++];
    ProtobufCMessage *item = NULL;
    status = waldo__unpack(method->output, NULL, packed->data, packed->len, &item, reterr);
    if (items->taken == items->message->n_items)
        empty(items);
    if (status < 0)
        return status;
    protobuf_c_message_free_unpacked(proxy->item, NULL);
    proxy->item = item;
    *ret_item = item;
    return 1;
}
