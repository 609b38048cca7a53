/* Proxies: how they come, what they are asked, and how they give their reference back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/proxy_internal.h"
#include "value/reference.h"
#include "wire/scan.h"

/* Seconds that giving a reference back may hold up its caller, if the server hangs. */
static const double DROP_TIMEOUT = 1.0;

double waldo__proxy_timeout(const waldo_proxy *proxy, uint32_t deadline_ms)
{
    double own = atomic_load_explicit(&proxy->timeout, memory_order_relaxed);
    if (own > 0)
        return own;
    return deadline_ms > 0 ? deadline_ms / 1000.0 : proxy->manager->call_timeout;
}

void waldo__proxy_request(waldo_proxy *proxy, Waldo__Wire__Operation operation,
                          Waldo__Wire__Request *ret_request)
{
    waldo__wire__request__init(ret_request);
    ret_request->operation = operation;
    ret_request->object = proxy->object;
    ret_request->incarnation = proxy->incarnation;
}

void waldo__drop(waldo_manager *manager, uint64_t object, uint64_t incarnation, unsigned life)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__DROP;
    request.object = object;
    request.incarnation = incarnation;
    request.count = 1;
    waldo__reply reply;
    if (waldo__exchange_in(manager, life, &request, NULL, DROP_TIMEOUT, &reply, NULL) >= 0)
        waldo__reply_free(&reply);
}

/* ---- life ---- */

static waldo_proxy *make(waldo_manager *manager, const waldo__remote_type *type,
                         const Waldo__Ref *ref, unsigned life)
{
    waldo_proxy *proxy = calloc(1, sizeof *proxy);
    if (!proxy)
        return NULL;
    atomic_init(&proxy->references, 1);
    proxy->manager = waldo_manager_ref(manager);
    proxy->type = type;
    proxy->object = ref->object;
    proxy->incarnation = ref->incarnation;
    pthread_mutex_lock(&manager->lock);
    proxy->life = life;
    proxy->next = manager->proxies;
    proxy->link = &manager->proxies;
    if (proxy->next)
        proxy->next->link = &proxy->next;
    manager->proxies = proxy;
    pthread_mutex_unlock(&manager->lock);
    return proxy;
}

static int attach(waldo_manager *manager, uint64_t object, uint64_t incarnation, uint64_t ticket,
                  waldo_proxy **ret_proxy, waldo_error *reterr);

static int take_created(waldo_manager *manager, const waldo__reply *reply,
                        const Waldo__Wire__Created *created, bool has_table,
                        waldo_proxy **ret_proxy, waldo_error *reterr)
{
    const Waldo__Ref *ref = created->ref;
    const waldo__remote_type *type = waldo__remote_type_find(manager, ref->typeid_);
    if (!type && !has_table) {
        /* Another proxy of it comes with the table; this one's reference is given back. */
        int status = attach(manager, ref->object, ref->incarnation, 0, ret_proxy, reterr);
        waldo__drop(manager, ref->object, ref->incarnation, reply->life);
        return status;
    }
    if (!type)
        type = waldo__remote_type_add(manager, created);
    waldo_proxy *proxy = type ? make(manager, type, ref, reply->life) : NULL;
    if (!proxy) {
        waldo__drop(manager, ref->object, ref->incarnation, reply->life);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a proxy");
    }
    *ret_proxy = proxy;
    return 0;
}

int waldo__proxy_from_reply(waldo_manager *manager, const waldo__reply *reply, bool has_table,
                            waldo_proxy **ret_proxy, waldo_error *reterr)
{
    waldo__arena arena;
    waldo__arena_init(&arena);
    ProtobufCMessage *message;
    int status = waldo__unpack(&waldo__wire__created__descriptor, &arena.allocator,
                               reply->reply->body.data, reply->reply->body.len, &message, reterr);
    const Waldo__Wire__Created *created = (const Waldo__Wire__Created *)message;
    if (status >= 0 && (!reply->reply->proxy || !created->ref || created->ref->object == 0))
        status = waldo_error_set(reterr, WALDO_EPROTOCOL, "the reply holds no proxy");
    if (status >= 0)
        status = take_created(manager, reply, created, has_table, ret_proxy, reterr);
    waldo__arena_free(&arena);
    return status;
}

waldo_proxy *waldo_proxy_ref(waldo_proxy *proxy)
{
    if (proxy)
        atomic_fetch_add(&proxy->references, 1);
    return proxy;
}

waldo_proxy *waldo_proxy_unref(waldo_proxy *proxy)
{
    if (!proxy || atomic_fetch_sub(&proxy->references, 1) != 1)
        return NULL;
    waldo_manager *manager = proxy->manager;
    pthread_mutex_lock(&manager->lock);
    *proxy->link = proxy->next;
    if (proxy->next)
        proxy->next->link = proxy->link;
    /* A reference of a life that is over has gone with its session. */
    bool held = proxy->life == manager->life && proxy->incarnation == manager->incarnation &&
                manager->state == WALDO_MANAGER_STARTED;
    pthread_mutex_unlock(&manager->lock);
    if (held)
        waldo__drop(manager, proxy->object, proxy->incarnation, proxy->life);
    protobuf_c_message_free_unpacked(proxy->item, NULL);
    waldo__proxy_items_free(proxy->items);
    waldo_value_unref(proxy->own);
    free(proxy);
    waldo_manager_unref(manager);
    return NULL;
}

static int attach(waldo_manager *manager, uint64_t object, uint64_t incarnation, uint64_t ticket,
                  waldo_proxy **ret_proxy, waldo_error *reterr)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__ATTACH;
    request.object = object;
    request.incarnation = incarnation;
    request.ticket = ticket;
    request.want_table = true;
    waldo__reply reply;
    int status = waldo__exchange(manager, &request, NULL, manager->call_timeout, &reply, reterr);
    if (status < 0)
        return status;
    status = waldo__proxy_from_reply(manager, &reply, true, ret_proxy, reterr);
    waldo__reply_free(&reply);
    return status;
}

int waldo_proxy_copy(waldo_proxy *proxy, waldo_proxy **ret_copy, waldo_error *reterr)
{
    return attach(proxy->manager, proxy->object, proxy->incarnation, 0, ret_copy, reterr);
}

/* ---- what it is ---- */

const char *waldo_proxy_typeid(const waldo_proxy *proxy)
{
    return proxy->type->type_id;
}

uint64_t waldo_proxy_object(const waldo_proxy *proxy)
{
    return proxy->object;
}

waldo_manager *waldo_proxy_manager(const waldo_proxy *proxy)
{
    return proxy->manager;
}

const char *const *waldo_proxy_exposed(const waldo_proxy *proxy)
{
    return proxy->type->names;
}

int waldo_proxy_set_timeout(waldo_proxy *proxy, double seconds, waldo_error *reterr)
{
    int status = waldo__check_seconds(seconds, "the timeout", reterr);
    if (status >= 0)
        atomic_store(&proxy->timeout, seconds);
    return status;
}

int waldo_proxy_check(waldo_proxy *proxy, const waldo_proxy_type *type, waldo_error *reterr)
{
    for (size_t i = 0; i < type->method_count; i++)
        if (waldo__remote_type_number(proxy->type, type->methods[i]) == 0)
            return waldo_error_set(reterr, WALDO_ETYPE, "a '%s' is no '%s': it has no method '%s'",
                                   proxy->type->type_id, type->type_id, type->methods[i]);
    return 0;
}

static char *describe(const waldo_proxy *proxy, const char *more)
{
    char *text;
    if (asprintf(&text, "<%s proxy object, typeid '%s' at %p%s>", proxy->type->type_id,
                 proxy->type->type_id, (const void *)proxy, more) < 0)
        return NULL;
    return text;
}

char *waldo_proxy_repr(const waldo_proxy *proxy)
{
    return describe(proxy, "");
}

char *waldo_proxy_str(waldo_proxy *proxy)
{
    waldo_value *value;
    if (waldo_proxy_call(proxy, "__str__", waldo_v_none(), &value, NULL) < 0)
        return describe(proxy, "; '__str__()' failed");
    char *text = waldo_value_str(value);
    waldo_value_unref(value);
    return text;
}

int waldo_proxy_print(waldo_proxy *proxy, FILE *stream)
{
    char *text = waldo_proxy_str(proxy);
    if (!text)
        return WALDO_ENOMEM;
    int status = fprintf(stream, "%s\n", text) < 0 ? WALDO_ESYSTEM : 0;
    free(text);
    return status;
}

/* ---- as a value ---- */

static void release_proxy(void *proxy)
{
    waldo_proxy_unref(proxy);
}

int waldo_proxy_to_value(waldo_proxy *proxy, waldo_value **ret_value, waldo_error *reterr)
{
    const char *address = waldo_manager_address(proxy->manager);
    waldo__reference reference = {
        .incarnation = proxy->incarnation,
        .object = proxy->object,
        .type_id = proxy->type->type_id,
        .address = address,
        .live = waldo_proxy_ref(proxy),
        .release = release_proxy,
    };
    waldo_value *value = waldo__v_reference(&reference);
    if (!value) {
        waldo_proxy_unref(proxy);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a value");
    }
    *ret_value = value;
    return 0;
}

int waldo_proxy_from_value(waldo_manager *manager, const waldo_value *value,
                           waldo_proxy **ret_proxy, waldo_error *reterr)
{
    const waldo__reference *reference = waldo__value_reference(value);
    if (!reference)
        return waldo_error_set(reterr, WALDO_ETYPE, "a '%s' is no proxy",
                               waldo_value_type_name(value));
    return attach(manager, reference->object, reference->incarnation, reference->ticket, ret_proxy,
                  reterr);
}

static int value_of_ticket(waldo_proxy *proxy, const waldo__reply *reply, waldo_value **ret_value,
                           waldo_error *reterr)
{
    waldo__arena arena;
    waldo__arena_init(&arena);
    ProtobufCMessage *message;
    const ProtobufCBinaryData *body = &reply->reply->body;
    int status = waldo__unpack(&waldo__wire__created__descriptor, &arena.allocator, body->data,
                               body->len, &message, reterr);
    const Waldo__Ref *ref = status >= 0 ? ((const Waldo__Wire__Created *)message)->ref : NULL;
    if (status >= 0 && !ref)
        status = waldo_error_set(reterr, WALDO_EPROTOCOL, "the reply holds no proxy");
    if (status >= 0) {
        waldo__reference reference = {
            .incarnation = ref->incarnation,
            .object = ref->object,
            .type_id = proxy->type->type_id,
            .address = waldo_manager_address(proxy->manager),
            .ticket = ref->ticket,
        };
        waldo_value *value = waldo__v_reference(&reference);
        if (value)
            *ret_value = value;
        else
            status = waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a value");
    }
    waldo__arena_free(&arena);
    return status;
}

int waldo_proxy_export(waldo_proxy *proxy, waldo_value **ret_value, waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__proxy_request(proxy, WALDO__WIRE__OPERATION__EXPORT, &request);
    waldo__reply reply;
    int status = waldo__exchange(proxy->manager, &request, NULL, waldo__proxy_timeout(proxy, 0),
                                 &reply, reterr);
    if (status < 0)
        return status;
    status = value_of_ticket(proxy, &reply, ret_value, reterr);
    waldo__reply_free(&reply);
    return status;
}
