#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "generator.h"
#include "server_internal.h"

static waldo__object *object_of(waldo__job *destruction)
{
    return (waldo__object *)((char *)destruction - offsetof(waldo__object, destruction));
}

waldo__object *waldo__object_root(const waldo__object *object)
{
    for (const waldo__object *origin; (origin = waldo__object_origin(object)) != NULL;)
        object = origin;
    return (waldo__object *)object;
}

waldo_server *waldo__object_server(const waldo__object *object)
{
    return (waldo_server *)waldo__object_root(object)->home; // NOLINT(performance-no-int-to-ptr)
}

static uint64_t id_of(const void *object)
{
    return ((const waldo__object *)object)->id;
}

static uint64_t self_of(const void *object)
{
    return (uintptr_t)((const waldo__object *)object)->self;
}

void waldo__objects_init(waldo__objects *objects)
{
    *objects = (waldo__objects){.by_id = {.key_of = id_of}, .by_self = {.key_of = self_of}};
}

static void destroy(waldo__job *job)
{
    waldo__object *object = object_of(job);
    waldo__generator_free(object->generator);
    if (!waldo__object_origin(object) && object->type->service->destroy)
        object->type->service->destroy(object->type->ops, object->self);
}

static void release(waldo__job *job)
{
    waldo__object *object = object_of(job), *origin = waldo__object_origin(object);
    waldo_server *server = waldo__object_server(object);
    if (origin) {
        waldo__server_lock(server);
        waldo__object_unpin(origin);
        waldo__server_unlock(server);
    }
    waldo__limit_give(&server->limits, WALDO_LIMIT_OBJECTS);
    free(object);
}

static bool remember_self(waldo__objects *objects, waldo__object *object)
{
    return !object->self || waldo__object_origin(object) ||
           waldo__map_set(&objects->by_self, (uintptr_t)object->self, object);
}

static void forget_self(waldo__objects *objects, const waldo__object *object)
{
    if (object->self && !waldo__object_origin(object))
        waldo__map_remove(&objects->by_self, (uintptr_t)object->self);
}

waldo__object *waldo__object_new(waldo_server *server, const waldo__type *type, void *self,
                                 waldo__object *origin)
{
    waldo__objects *objects = &server->objects;
    if (!waldo__limit_take(&server->limits, WALDO_LIMIT_OBJECTS))
        return NULL;
    waldo__object *object = calloc(1, sizeof *object);
    if (!object) {
        waldo__limit_give(&server->limits, WALDO_LIMIT_OBJECTS);
        return NULL;
    }
    object->id = objects->last_id + 1;
    object->home = origin ? (uintptr_t)origin | 1 : (uintptr_t)server;
    object->type = type;
    object->self = self;
    object->pins = 1;
    bool known = waldo__map_set(&objects->by_id, object->id, object);
    if (!known || !remember_self(objects, object)) {
        waldo__map_remove(&objects->by_id, object->id);
        waldo__limit_give(&server->limits, WALDO_LIMIT_OBJECTS);
        free(object);
        return NULL;
    }
    objects->last_id++;
    if (origin)
        waldo__object_pin(origin);
    return object;
}

waldo__object *waldo__object_find_self(waldo_server *server, void *self)
{
    waldo__object *object = waldo__map_get(&server->objects.by_self, (uintptr_t)self);
    if (object)
        waldo__object_pin(object);
    return object;
}

waldo__object *waldo__object_find(waldo_server *server, uint64_t id)
{
    waldo__object *object = waldo__map_get(&server->objects.by_id, id);
    if (object)
        waldo__object_pin(object);
    return object;
}

bool waldo__object_reference(waldo__object *object)
{
    if (object->references == UINT32_MAX)
        return false;
    if (object->references++ == 0)
        waldo__object_server(object)->objects.referenced++;
    return true;
}

void waldo__object_unreference(waldo__object *object, uint64_t count)
{
    /* The pin makes the last reference's end and the last pin's end the same case. */
    waldo__object_pin(object);
    object->references -= (uint32_t)count;
    if (object->references == 0)
        waldo__object_server(object)->objects.referenced--;
    waldo__object_unpin(object);
}

void waldo__object_pin(waldo__object *object)
{
    object->pins++;
}

void waldo__object_unpin(waldo__object *object)
{
    if (--object->pins > 0 || object->references > 0)
        return;
    waldo_server *server = waldo__object_server(object);
    if (!server->pool) /* waldo__objects_free is at work */
        return;
    waldo__map_remove(&server->objects.by_id, object->id);
    forget_self(&server->objects, object);
    const waldo__object *origin = waldo__object_origin(object);
    object->destruction = (waldo__job){.strand = origin ? waldo__object_strand(object) : NULL,
                                       .habit = &object->type->habits[WALDO__HABIT_DESTROY],
                                       .run = destroy,
                                       .release = release};
    waldo__pool_submit(server->pool, &object->destruction);
}

struct waldo__notice {
    waldo__job job;
    waldo__object *object;
    uint8_t session[WALDO__SESSION_ID_SIZE];
};

static void deliver(waldo__job *job)
{
    const waldo__notice *notice = (const waldo__notice *)job; /* its first member */
    const waldo__type *type = notice->object->type;
    if (type->service->session_ended)
        type->service->session_ended(type->ops, notice->object->self, notice->session);
}

static void release_notice(waldo__job *job)
{
    waldo__notice *notice = (waldo__notice *)job;
    waldo_server *server = waldo__object_server(notice->object);
    waldo__server_lock(server);
    waldo__notice_free(notice);
    waldo__server_unlock(server);
}

waldo__notice *waldo__notice_new(waldo__object *object, const uint8_t *session)
{
    waldo__notice *notice = malloc(sizeof *notice);
    if (!notice)
        return NULL;
    notice->job = (waldo__job){
        .strand = waldo__object_strand(object), .run = deliver, .release = release_notice};
    notice->object = object;
    memcpy(notice->session, session, sizeof notice->session);
    waldo__object_pin(object);
    return notice;
}

void waldo__notice_deliver(waldo__notice *notice)
{
    waldo__pool_submit(waldo__object_server(notice->object)->pool, &notice->job);
}

void waldo__notice_free(waldo__notice *notice)
{
    waldo__object_unpin(notice->object);
    free(notice);
}

waldo__strand *waldo__object_strand(waldo__object *object)
{
    waldo__object *root = waldo__object_root(object);
    return root->type->service->concurrent ? NULL : &root->strand;
}

/* Those that work on another's self go first. */
static void destroy_left(waldo__objects *objects, bool with_origin)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&objects->by_id, &position)).value;) {
        waldo__object *object = entry.value;
        if ((waldo__object_origin(object) != NULL) == with_origin)
            destroy(&object->destruction);
    }
}

void waldo__objects_free(waldo_server *server)
{
    waldo__objects *objects = &server->objects;
    destroy_left(objects, true);
    destroy_left(objects, false);
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&objects->by_id, &position)).value;)
        free(entry.value);
    waldo__map_free(&objects->by_id);
    waldo__map_free(&objects->by_self);
}
