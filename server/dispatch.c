/* What is done with a request. All of it runs on the loop's thread: operations that touch what the
 * loop owns are answered here, the others become jobs (server/invoke.c). */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "introspect.h"
#include "server_internal.h"
#include "wire/scan.h"

enum {
    MAX_TYPEID_SHOWN = 64,
    MAX_REPORTS = 8, /* debug information that one session asks for at the same time */
};

/* ---- the session ---- */

static int check_hello(waldo_call *call, const Waldo__Wire__Hello *hello)
{
    if (hello->protocol != WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION)
        return waldo_call_raise(call, WALDO_EVERSION,
                                "the server speaks version %d of Waldo's protocol, the client %u",
                                WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION, hello->protocol);
    if (hello->session.len != WALDO__SESSION_ID_SIZE)
        return waldo_call_raise(call, WALDO_EPROTOCOL, "a session id has %d bytes",
                                WALDO__SESSION_ID_SIZE);
    return 0;
}

/* What the client of this host and user is to be welcomed with; NULL: it is none. */
static Waldo__Wire__Probe *answer_probe(waldo_server *server, waldo__session *session,
                                        const Waldo__Wire__Probe *probe)
{
    if (!waldo__probe_is_reached(probe))
        return NULL;
    /* A program may have become a daemon meanwhile. */
    server->probe.place.process = (uint32_t)getpid();
    session->near = true;
    return &server->probe.message;
}

static int do_hello(waldo_call *call)
{
    waldo_server *server = call->server;
    ProtobufCMessage *message;
    waldo_error error;
    int status = waldo__unpack(&waldo__wire__hello__descriptor, &call->arena.allocator,
                               call->request->body.data, call->request->body.len, &message, &error);
    if (status < 0)
        return waldo__call_raise_error(call, &error);
    const Waldo__Wire__Hello *hello = (const Waldo__Wire__Hello *)message;
    status = check_hello(call, hello);
    if (status < 0)
        return status;
    waldo__peer *peer = waldo__peer_find(server, call->channel);
    waldo__session *session;
    status = waldo__peer_admit(peer, call);
    if (status < 0)
        return status;
    status = waldo__session_open(call, hello, waldo__secure_channel_key(peer->channel), &session);
    if (status < 0)
        return status;
    waldo__peer_bind(peer, session);
    waldo__server_check_within(server, (uint64_t)(server->options.lease * 1000));
    Waldo__Wire__Welcome welcome = WALDO__WIRE__WELCOME__INIT;
    welcome.protocol = WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION;
    welcome.incarnation = server->incarnation;
    welcome.session_number = session->number;
    welcome.max_message = server->limits.limit[WALDO_LIMIT_MESSAGE];
    welcome.lease_ms = (uint64_t)(server->options.lease * 1000);
    welcome.grace_ms = (uint64_t)(server->options.grace * 1000);
    welcome.server = (char *)"Waldo " WALDO_VERSION;
    const waldo__endpoint *endpoint = peer->endpoint;
    welcome.multiplexes =
        endpoint->engine->multiplexes &&
        endpoint->engine->multiplexes(endpoint->listener, call->connection, call->id);
    welcome.bundles = peer->may_bundle =
        welcome.multiplexes && endpoint->mode == WALDO__SECURE_SEALED;
    welcome.shared_memory = waldo__peer_may_move(peer);
    welcome.probe = answer_probe(server, session, hello->probe);
    waldo__call_answer(call, &welcome.base);
    return 0;
}

static int do_goodbye(waldo_call *call)
{
    call->session->said_goodbye = true;
    waldo__session_end(call->session);
    waldo__call_answer(call, NULL);
    return 0;
}

static int do_cancel(waldo_call *call)
{
    waldo__session_cancel(call->session, call->request->cancel);
    waldo__call_answer(call, NULL);
    return 0;
}

/* ---- rights ---- */

static const waldo__key *key_of_caller(const waldo_call *call)
{
    return waldo__secure_channel_key(waldo__peer_find(call->server, call->channel)->channel);
}

/* A step of a batch begins on any thread, and asks the session, whose key is as good. */
static bool may_call(const waldo_call *call, const char *type_id)
{
    if (!call->batch)
        return waldo__key_may_call(key_of_caller(call), type_id);
    waldo__server_lock(call->server);
    bool may = waldo__key_may_call(call->session->key, type_id);
    waldo__server_unlock(call->server);
    return may;
}

/* What works on another object's behalf is called as that one is. */
static int check_call(waldo_call *call)
{
    const char *type_id = waldo__object_root(call->object)->type->type_id;
    if (may_call(call, type_id))
        return 0;
    return waldo_call_raise(call, WALDO_EPERMISSION, "this key may not call a '%s'", type_id);
}

static int check_list(waldo_call *call)
{
    if (waldo__key_may_list(key_of_caller(call)))
        return 0;
    return waldo_call_raise(call, WALDO_EPERMISSION, "this key may not list what there is");
}

/* ---- references ---- */

/* The object of the request, pinned for the call. */
static int find_object(waldo_call *call)
{
    const Waldo__Wire__Request *request = call->request;
    waldo_server *server = call->server;
    if (request->incarnation != server->incarnation)
        return waldo_call_raise(call, WALDO_EKEY,
                                "object %" PRIu64 " belonged to an earlier life of the server",
                                request->object);
    waldo__server_lock(server);
    call->object = waldo__object_find(server, request->object);
    if (!call->batch)
        waldo__call_list(call);
    waldo__server_unlock(server);
    if (!call->object)
        return waldo_call_raise(call, WALDO_EKEY, "there is no object %" PRIu64, request->object);
    call->type = call->object->type;
    return 0;
}

static int do_drop(waldo_call *call)
{
    waldo__server_lock(call->server);
    bool held = call->request->incarnation == call->server->incarnation &&
                waldo__session_drop(call->session, call->request->object,
                                    call->request->count ? call->request->count : 1);
    waldo__server_unlock(call->server);
    if (!held)
        return waldo_call_raise(call, WALDO_EKEY, "this session holds no object %" PRIu64,
                                call->request->object);
    waldo__call_answer(call, NULL);
    return 0;
}

static int do_attach(waldo_call *call)
{
    int status = find_object(call);
    if (status >= 0)
        status = check_call(call);
    if (status < 0)
        return status;
    waldo__object *object = call->object;
    call->object = NULL; /* its pin goes to the answer */
    call->ticket = call->request->ticket;
    waldo__call_answer_proxy(call, object);
    return 0;
}

static int do_export(waldo_call *call)
{
    int status = find_object(call);
    if (status >= 0)
        status = check_call(call);
    if (status < 0)
        return status;
    Waldo__Wire__Created created = WALDO__WIRE__CREATED__INIT;
    Waldo__Ref ref = WALDO__REF__INIT;
    waldo__server_lock(call->server);
    ref.ticket = waldo__ticket_new(call->server, call->object, call->session->number);
    waldo__server_unlock(call->server);
    if (ref.ticket == 0)
        return waldo__limit_raise(call, WALDO_LIMIT_TICKETS);
    ref.incarnation = call->server->incarnation;
    ref.object = call->object->id;
    ref.typeid_ = call->type->type_id;
    created.ref = &ref;
    waldo__server_check_within(call->server, (uint64_t)(call->server->options.transit * 1000));
    waldo__call_answer(call, &created.base);
    return 0;
}

/* ---- calls ---- */

static int find_type(waldo_call *call)
{
    call->type = waldo__registry_find(call->server->registry, call->request->name);
    if (call->type && (!call->request->shared || call->type->shared_arguments))
        return 0;
    return waldo_call_raise(call, WALDO_EKEY, "this server %s '%.*s'%s",
                            call->request->shared ? "shares no object" : "offers no type",
                            MAX_TYPEID_SHOWN, call->request->name,
                            call->type ? ", which is a type" : "");
}

static int do_create(waldo_call *call)
{
    waldo__strand *strand;
    int status = find_type(call);
    if (status >= 0)
        status = waldo__call_may_create(call, call->type);
    if (status >= 0)
        status = waldo__create_strand(call, call->type, &strand);
    if (status < 0)
        return status;
    call->step = waldo__step_create;
    waldo__call_submit(call, strand, &call->type->habits[WALDO__HABIT_CREATE]);
    return 0;
}

/* Row B16: these need not be exposed. */
static bool find_fallback(waldo_call *call, const char *name)
{
    if (strcmp(name, "__str__") == 0 || strcmp(name, "__repr__") == 0)
        call->step = waldo__step_repr;
    else if (strcmp(name, "#GETVALUE") == 0)
        call->step = waldo__step_getvalue;
    else
        return false;
    /* Their result is a value, whoever asks. */
    call->request->dynamic = true;
    return true;
}

static int find_method(waldo_call *call)
{
    const waldo_service *service = call->type->service;
    const char *name = call->request->name;
    ptrdiff_t position = (ptrdiff_t)call->request->method - 1;
    if (call->request->method == 0)
        position = waldo__service_find(service, name);
    else if (call->request->method > service->method_count)
        position = -1;
    if (position >= 0 && call->type->exposed[position]) {
        call->method = &service->methods[position];
        call->step = call->method->flags & WALDO_METHOD_ITERATES_SELF ? waldo__step_next
                                                                      : waldo__step_invoke;
        return 0;
    }
    if (call->request->method == 0 && find_fallback(call, name))
        return 0;
    if (call->request->method == 0)
        return waldo_call_raise(call, WALDO_EATTRIBUTE, "'%s' exposes no method '%.*s'",
                                call->type->type_id, MAX_TYPEID_SHOWN, name);
    return waldo_call_raise(call, WALDO_EATTRIBUTE, "'%s' exposes no method number %u",
                            call->type->type_id, call->request->method);
}

static void submit_to_object(waldo_call *call)
{
    size_t habit = WALDO__HABIT_SHOW;
    if (call->method)
        habit = WALDO__HABIT_METHODS + (size_t)(call->method - call->type->service->methods);
    waldo__call_submit(call, waldo__object_strand(call->object), &call->type->habits[habit]);
}

static int do_call(waldo_call *call)
{
    int status = find_object(call);
    if (status >= 0)
        status = check_call(call);
    if (status >= 0)
        status = find_method(call);
    if (status >= 0)
        submit_to_object(call);
    return status;
}

/* Rights are looked at for each step. */
static int do_transact(waldo_call *call)
{
    call->step = waldo__step_transact;
    waldo__call_submit(call, NULL, &call->server->transactions);
    return 0;
}

/* The same for each call. */
static int do_batch(waldo_call *call)
{
    call->step = waldo__step_batch;
    waldo__call_submit(call, NULL, &call->server->batches);
    return 0;
}

int waldo__dispatch_step(waldo_call *call)
{
    if (call->request->operation == WALDO__WIRE__OPERATION__CALL)
        return do_call(call);
    if (call->request->operation == WALDO__WIRE__OPERATION__CREATE)
        return do_create(call);
    return waldo_call_raise(call, WALDO_EPROTOCOL, "a batch is made of calls and creations");
}

/* The exposed method that makes the object its own generator, or NULL. */
static const waldo_service_method *iterating_method(const waldo__type *type)
{
    for (size_t i = 0; i < type->service->method_count; i++)
        if (type->exposed[i] && type->service->methods[i].flags & WALDO_METHOD_ITERATES_SELF)
            return &type->service->methods[i];
    return NULL;
}

static int do_next(waldo_call *call)
{
    int status = find_object(call);
    if (status >= 0)
        status = check_call(call);
    if (status < 0)
        return status;
    call->method = iterating_method(call->type);
    if (!call->method)
        return waldo_call_raise(call, WALDO_ETYPE, "'%s' object is not an iterator",
                                call->type->type_id);
    call->step = waldo__step_next;
    submit_to_object(call);
    return 0;
}

/* ---- introspection ---- */

static int do_ping(waldo_call *call)
{
    waldo__call_answer(call, NULL);
    return 0;
}

static int do_describe(waldo_call *call)
{
    int status = check_list(call);
    if (call->request->object)
        status = find_object(call);
    else if (status >= 0)
        status = find_type(call);
    if (status >= 0 && call->object)
        status = check_call(call);
    return status < 0 ? status : waldo__describe_type(call, call->type);
}

static int do_objects(waldo_call *call)
{
    int status = check_list(call);
    if (status < 0)
        return status;
    Waldo__Wire__ObjectCount count = WALDO__WIRE__OBJECT_COUNT__INIT;
    waldo__server_lock(call->server);
    count.count = call->server->objects.referenced;
    waldo__server_unlock(call->server);
    waldo__call_answer(call, &count.base);
    return 0;
}

static int do_debug_info(waldo_call *call)
{
    int status = check_list(call);
    if (status < 0)
        return status;
    /* It carries no number, so that nothing else bounds how many of them wait. */
    if (atomic_fetch_add(&call->session->report_count, 1) >= MAX_REPORTS) {
        atomic_fetch_sub(&call->session->report_count, 1);
        return waldo_call_raise(call, WALDO_ELIMIT, "%d reports are already being made for you",
                                MAX_REPORTS);
    }
    call->reports = true;
    call->step = waldo__step_debug_info;
    waldo__call_submit(call, &call->session->reports, &call->server->reports);
    return 0;
}

/* Row B22: the reply first. */
static int do_shutdown(waldo_call *call)
{
    if (!waldo__key_may_shutdown(key_of_caller(call)))
        return waldo_call_raise(call, WALDO_EPERMISSION, "this key may not shut the server down");
    waldo__call_answer(call, NULL);
    waldo__server_request_stop(call->server, WALDO__STOP_NOW);
    return 0;
}

static int do_types(waldo_call *call)
{
    int status = check_list(call);
    return status < 0 ? status : waldo__list_types(call);
}

static int (*const operations[])(waldo_call *call) = {
    [WALDO__WIRE__OPERATION__HELLO] = do_hello,
    [WALDO__WIRE__OPERATION__GOODBYE] = do_goodbye,
    [WALDO__WIRE__OPERATION__PING] = do_ping,
    [WALDO__WIRE__OPERATION__CREATE] = do_create,
    [WALDO__WIRE__OPERATION__CALL] = do_call,
    [WALDO__WIRE__OPERATION__DROP] = do_drop,
    [WALDO__WIRE__OPERATION__ATTACH] = do_attach,
    [WALDO__WIRE__OPERATION__NEXT] = do_next,
    [WALDO__WIRE__OPERATION__DESCRIBE] = do_describe,
    [WALDO__WIRE__OPERATION__OBJECTS] = do_objects,
    [WALDO__WIRE__OPERATION__DEBUG_INFO] = do_debug_info,
    [WALDO__WIRE__OPERATION__SHUTDOWN] = do_shutdown,
    [WALDO__WIRE__OPERATION__TYPES] = do_types,
    [WALDO__WIRE__OPERATION__CANCEL] = do_cancel,
    [WALDO__WIRE__OPERATION__EXPORT] = do_export,
    [WALDO__WIRE__OPERATION__TRANSACT] = do_transact,
    [WALDO__WIRE__OPERATION__BATCH] = do_batch,
};

enum { OPERATION_COUNT = sizeof operations / sizeof operations[0] };

/* Only these may come again and be done again. */
static bool is_repeatable(unsigned operation)
{
    switch (operation) {
    case WALDO__WIRE__OPERATION__CREATE:
    case WALDO__WIRE__OPERATION__CALL:
    case WALDO__WIRE__OPERATION__DROP:
    case WALDO__WIRE__OPERATION__ATTACH:
    case WALDO__WIRE__OPERATION__EXPORT:
    case WALDO__WIRE__OPERATION__NEXT:
    case WALDO__WIRE__OPERATION__TRANSACT:
    case WALDO__WIRE__OPERATION__BATCH:
        return false;
    default:
        return true;
    }
}

/* Others give back, or have to be there for those who do. */
static bool costs_memory(unsigned operation)
{
    switch (operation) {
    case WALDO__WIRE__OPERATION__DROP:
    case WALDO__WIRE__OPERATION__CANCEL:
    case WALDO__WIRE__OPERATION__PING:
    case WALDO__WIRE__OPERATION__GOODBYE:
    case WALDO__WIRE__OPERATION__SHUTDOWN:
    case WALDO__WIRE__OPERATION__DEBUG_INFO:
        return false;
    default:
        return true;
    }
}

/* Whose request it is, and whether it is to be executed: 1; 0: it was seen before. */
static int identify(waldo_call *call, unsigned operation)
{
    const waldo__peer *peer = waldo__peer_find(call->server, call->channel);
    call->session = peer->session;
    if (call->session)
        waldo__session_ref(call->session);
    if (operation == WALDO__WIRE__OPERATION__HELLO)
        return 1;
    if (peer->greeted && (!call->session || call->session->ended))
        return waldo_call_raise(call, WALDO_EPROTOCOL, "the session is over");
    if (!call->session)
        return waldo_call_raise(call, WALDO_EPROTOCOL, "a session begins with HELLO");
    call->session->heard_at = uv_now(&call->server->loop);
    int status = waldo__session_acknowledge(call->session, call);
    if (status < 0)
        return status;
    if (costs_memory(operation) && !waldo__limit_memory(&call->server->limits))
        return waldo__limit_raise(call, WALDO_LIMIT_MEMORY);
    if (is_repeatable(operation))
        return 1;
    if (call->request->sequence == 0)
        return waldo_call_raise(call, WALDO_EPROTOCOL, "the request has no sequence number");
    return waldo__session_admit(call->session, call);
}

int waldo__dispatch(waldo_call *call)
{
    unsigned operation = (unsigned)call->request->operation;
    if (operation >= OPERATION_COUNT || !operations[operation])
        return waldo_call_raise(call, WALDO_EPROTOCOL, "unknown operation %u", operation);
    if (call->server->phase != WALDO__SERVING)
        return waldo_call_raise(call, WALDO_EGONE, "the server is shutting down");
    int status = identify(call, operation);
    return status > 0 ? operations[operation](call) : status;
}
