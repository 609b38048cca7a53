/* The types that a server offers. */
#ifndef WALDO_SERVER_REGISTRY_H
#define WALDO_SERVER_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <waldo/server.h>

#include "pool.h"

/* What else than its methods takes a type's time. */
enum waldo__habits {
    WALDO__HABIT_CREATE,
    WALDO__HABIT_DESTROY,
    WALDO__HABIT_SHOW, /* what every object can do (row B16) */
    WALDO__HABIT_METHODS,
};

/* One registered typeid. Never changes; counted, since registries share it with their children. */
typedef struct waldo__type {
    atomic_uint references;
    char *type_id;
    const waldo_service *service;
    const void *ops;
    void *type_data;
    bool no_create;
    /* What whoever creates one gives; NULL: nothing. */
    const ProtobufCMessageDescriptor *create_input;
    /* Of a shared object: what its constructor gets, once. NULL: each creation makes another one.
     */
    waldo_value *shared_arguments;
    /* For each method of the service: may clients call it, and a proxy of which typeid comes back
     * (NULL: none). */
    bool *exposed;
    char **returns;
    waldo__habit *habits; /* of enum waldo__habits, then of each method */
} waldo__type;

struct waldo_registry {
    atomic_uint references;
    waldo__type **types; /* sorted by typeid */
    size_t count;
    size_t capacity;
    struct waldo__room *room; /* of the builtin types (server/types/room.h) */
};

/* NULL: there is none. The registry's own reference is returned. */
const waldo__type *waldo__registry_find(const waldo_registry *registry, const char *type_id);
/* The position of the method in the service, or -1. */
ptrdiff_t waldo__service_find(const waldo_service *service, const char *method);

/* Adds the builtin types; of waldo_registry_new. */
int waldo__register_builtins(waldo_registry *registry, waldo_error *reterr);

#endif
