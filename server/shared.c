#include "shared.h"

#include <pthread.h>
#include <stdlib.h>

#include "server_internal.h"

typedef struct waldo__shared {
    waldo__strand strand;
    /* Held while the object is made: methods that create it (dict's get_or_create, say) run on
     * strands of their own, and wait here. Guards object; taken before the server's lock. */
    pthread_mutex_t making;
    waldo__object *object; /* with a pin, which is no client's reference; NULL: not made yet */
} waldo__shared;

static waldo__shared *add(waldo_server *server, const waldo__type *type)
{
    waldo__shared *shared = calloc(1, sizeof *shared);
    if (!shared || !waldo__map_set(&server->shared, (uintptr_t)type, shared)) {
        free(shared);
        return NULL;
    }
    pthread_mutex_init(&shared->making, NULL);
    return shared;
}

static int find(waldo_call *call, const waldo__type *type, waldo__shared **ret_shared)
{
    waldo_server *server = call->server;
    waldo__server_lock(server);
    waldo__shared *shared = waldo__map_get(&server->shared, (uintptr_t)type);
    if (!shared)
        shared = add(server, type);
    waldo__server_unlock(server);
    if (!shared)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a shared object");
    *ret_shared = shared;
    return 0;
}

int waldo__create_strand(waldo_call *call, const waldo__type *type, waldo__strand **ret_strand)
{
    waldo__shared *shared = NULL;
    int status = type->shared_arguments ? find(call, type, &shared) : 0;
    if (status >= 0)
        *ret_strand = shared ? &shared->strand : NULL;
    return status;
}

static int make(waldo_call *call, const waldo__type *type, waldo__object **ret_object)
{
    ProtobufCMessage *input = NULL;
    int status =
        waldo__call_convert(call, type->shared_arguments, type->service->create_input, &input);
    return status < 0 ? status : waldo__call_make(call, type, input, ret_object);
}

int waldo__call_share(waldo_call *call, const waldo__type *type, waldo__object **ret_object)
{
    waldo__shared *shared;
    int status = find(call, type, &shared);
    if (status < 0)
        return status;
    pthread_mutex_lock(&shared->making);
    if (!shared->object)
        status = make(call, type, &shared->object);
    waldo__object *object = shared->object;
    pthread_mutex_unlock(&shared->making);
    if (status < 0)
        return status;
    waldo__server_lock(call->server);
    waldo__object_pin(object);
    waldo__server_unlock(call->server);
    *ret_object = object;
    return 0;
}

void waldo__shared_free(waldo_server *server)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->shared, &position)).value;) {
        waldo__shared *shared = entry.value;
        pthread_mutex_destroy(&shared->making);
        free(shared);
    }
    waldo__map_free(&server->shared);
}
