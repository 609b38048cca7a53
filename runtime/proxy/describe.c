/* What objects can do, and which types there are. */
#include <stdlib.h>
#include <string.h>

#include "proxy/proxy_internal.h"
#include "wire/scan.h"

/* ---- packing a description into one allocation ---- */

/* First measures (memory NULL), then fills. */
typedef struct block {
    unsigned char *memory;
    size_t used;
} block;

static void *take(block *layout, size_t size, size_t alignment)
{
    layout->used = (layout->used + alignment - 1) / alignment * alignment;
    void *place = layout->memory ? layout->memory + layout->used : NULL;
    layout->used += size;
    return place;
}

static const char *take_text(block *layout, const char *text)
{
    size_t size = strlen(text) + 1;
    char *place = take(layout, size, 1);
    return place ? memcpy(place, text, size) : NULL;
}

static void lay_out_method(block *layout, const Waldo__Wire__MethodDescription *from,
                           waldo_method_info *to)
{
    const char **parameters =
        take(layout, (from->n_parameters + 1) * sizeof *parameters, sizeof(void *));
    waldo_method_info info = {
        .name = take_text(layout, from->name),
        .signature = take_text(layout, from->signature),
        .comment = take_text(layout, from->comment),
        .returns = take_text(layout, from->returns),
        .parameters = parameters,
        .generator = from->generator,
    };
    for (size_t i = 0; i < from->n_parameters; i++) {
        const char *text = take_text(layout, from->parameters[i]);
        if (parameters)
            parameters[i] = text;
    }
    if (parameters)
        parameters[from->n_parameters] = NULL;
    if (to)
        *to = info;
}

static waldo_type_info *lay_out(block *layout, const Waldo__Wire__Description *from)
{
    waldo_type_info *info = take(layout, sizeof *info, sizeof(void *));
    waldo_method_info *methods =
        take(layout, (from->n_methods + 1) * sizeof *methods, sizeof(void *));
    waldo_type_info all = {
        .type_id = take_text(layout, from->typeid_),
        .service = take_text(layout, from->service),
        .comment = take_text(layout, from->comment),
        .methods = methods,
        .method_count = from->n_methods,
    };
    for (size_t i = 0; i < from->n_methods; i++)
        lay_out_method(layout, from->methods[i], methods ? &methods[i] : NULL);
    if (info)
        *info = all;
    return info;
}

static int ask(waldo_manager *manager, Waldo__Wire__Request *request,
               const ProtobufCMessageDescriptor *descriptor, waldo__reply *ret_reply,
               ProtobufCMessage **ret_message, waldo_error *reterr)
{
    int status = waldo__exchange(manager, request, NULL, manager->call_timeout, ret_reply, reterr);
    if (status < 0)
        return status;
    const ProtobufCBinaryData *body = &ret_reply->reply->body;
    status = waldo__unpack(descriptor, &ret_reply->arena.allocator, body->data, body->len,
                           ret_message, reterr);
    if (status < 0)
        waldo__reply_free(ret_reply);
    return status;
}

static int describe(waldo_manager *manager, Waldo__Wire__Request *request,
                    waldo_type_info **ret_info, waldo_error *reterr)
{
    waldo__reply reply;
    ProtobufCMessage *message;
    int status =
        ask(manager, request, &waldo__wire__description__descriptor, &reply, &message, reterr);
    if (status < 0)
        return status;
    const Waldo__Wire__Description *description = (const Waldo__Wire__Description *)message;
    block layout = {0};
    (void)lay_out(&layout, description);
    layout.memory = malloc(layout.used);
    layout.used = 0;
    if (layout.memory)
        *ret_info = lay_out(&layout, description);
    else
        status = waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a description");
    waldo__reply_free(&reply);
    return status;
}

int waldo_proxy_describe(waldo_proxy *proxy, waldo_type_info **ret_info, waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__proxy_request(proxy, WALDO__WIRE__OPERATION__DESCRIBE, &request);
    return describe(proxy->manager, &request, ret_info, reterr);
}

int waldo_manager_describe(waldo_manager *manager, const char *type_id, waldo_type_info **ret_info,
                           waldo_error *reterr)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__DESCRIBE;
    request.name = (char *)type_id;
    return describe(manager, &request, ret_info, reterr);
}

waldo_type_info *waldo_type_info_free(waldo_type_info *info)
{
    free(info);
    return NULL;
}

/* ---- what the server has ---- */

static char **copy_names(const Waldo__Wire__TypeList *list)
{
    size_t size = (list->n_typeids + 1) * sizeof(char *);
    for (size_t i = 0; i < list->n_typeids; i++)
        size += strlen(list->typeids[i]) + 1;
    char **names = malloc(size);
    if (!names)
        return NULL;
    char *text = (char *)(names + list->n_typeids + 1);
    for (size_t i = 0; i < list->n_typeids; i++) {
        names[i] = text;
        text = stpcpy(text, list->typeids[i]) + 1;
    }
    names[list->n_typeids] = NULL;
    return names;
}

int waldo_manager_typeids(waldo_manager *manager, char ***ret_typeids, waldo_error *reterr)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__TYPES;
    waldo__reply reply;
    ProtobufCMessage *message;
    int status =
        ask(manager, &request, &waldo__wire__type_list__descriptor, &reply, &message, reterr);
    if (status < 0)
        return status;
    char **names = copy_names((const Waldo__Wire__TypeList *)message);
    waldo__reply_free(&reply);
    if (!names)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for the typeids");
    *ret_typeids = names;
    return 0;
}

int waldo_manager_number_of_objects(waldo_manager *manager, uint64_t *ret_count,
                                    waldo_error *reterr)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__OBJECTS;
    waldo__reply reply;
    ProtobufCMessage *message;
    int status =
        ask(manager, &request, &waldo__wire__object_count__descriptor, &reply, &message, reterr);
    if (status < 0)
        return status;
    *ret_count = ((const Waldo__Wire__ObjectCount *)message)->count;
    waldo__reply_free(&reply);
    return 0;
}

int waldo_manager_debug_info(waldo_manager *manager, char **ret_text, waldo_error *reterr)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__DEBUG_INFO;
    waldo__reply reply;
    ProtobufCMessage *message;
    int status = ask(manager, &request, &waldo__wire__text__descriptor, &reply, &message, reterr);
    if (status < 0)
        return status;
    char *text = strdup(((const Waldo__Wire__Text *)message)->text);
    waldo__reply_free(&reply);
    if (!text)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for the text");
    *ret_text = text;
    return 0;
}

int waldo_manager_ping(waldo_manager *manager, waldo_error *reterr)
{
    return waldo__exchange_plain(manager, WALDO__WIRE__OPERATION__PING, manager->call_timeout,
                                 reterr);
}
