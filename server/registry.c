/* Python's register(): what may be registered, and what is refused with a sentence. */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#include <google/protobuf/empty.pb-c.h>

#include "types/room.h"
#include "value/convert.h"

/* The index of the typeid, or where it would stand. */
static size_t search(const waldo_registry *registry, const char *type_id, bool *ret_found)
{
    size_t low = 0, high = registry->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(registry->types[middle]->type_id, type_id);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

const waldo__type *waldo__registry_find(const waldo_registry *registry, const char *type_id)
{
    bool found;
    size_t index = search(registry, type_id, &found);
    return found ? registry->types[index] : NULL;
}

ptrdiff_t waldo__service_find(const waldo_service *service, const char *method)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (strcmp(service->methods[i].name, method) == 0)
            return (ptrdiff_t)i;
    return -1;
}

static void type_unref(waldo__type *type)
{
    if (!type || atomic_fetch_sub(&type->references, 1) != 1)
        return;
    for (size_t i = 0; type->returns && i < type->service->method_count; i++)
        free(type->returns[i]);
    free(type->returns);
    free(type->exposed);
    free(type->habits);
    free(type->type_id);
    waldo_value_unref(type->shared_arguments);
    free(type);
}

static bool is_identifier(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return length > 0 && text[length] == '\0' && !(text[0] >= '0' && text[0] <= '9');
}

static int set_returns(waldo__type *type, size_t method, const char *type_id, waldo_error *reterr)
{
    free(type->returns[method]);
    type->returns[method] = strdup(type_id);
    return type->returns[method] ? 0 : waldo_error_set(reterr, WALDO_ENOMEM, "no memory");
}

/* Rows C4 and C5: an explicit list hides all others; without one the public methods are exposed. */
static int expose(waldo__type *type, const char *const *names, waldo_error *reterr)
{
    const waldo_service *service = type->service;
    if (!names || !names[0]) {
        for (size_t i = 0; i < service->method_count; i++)
            type->exposed[i] = service->methods[i].name[0] != '_';
        return 0;
    }
    for (; *names; names++) {
        ptrdiff_t method = waldo__service_find(service, *names);
        if (method < 0)
            return waldo_error_set(reterr, WALDO_EVALUE,
                                   "typeid '%s' exposes '%s', which is no method of %s",
                                   type->type_id, *names, service->name);
        type->exposed[method] = true;
    }
    return 0;
}

/* Row C8. */
static int map_results(waldo__type *type, const waldo_method_to_typeid *map, waldo_error *reterr)
{
    const waldo_service *service = type->service;
    for (size_t i = 0; i < service->method_count; i++)
        if (service->methods[i].returns &&
            set_returns(type, i, service->methods[i].returns, reterr) < 0)
            return WALDO_ENOMEM;
    for (; map && map->method; map++) {
        ptrdiff_t method = waldo__service_find(service, map->method);
        if (method < 0 || !(service->methods[method].flags & WALDO_METHOD_RETURNS_PROXY))
            return waldo_error_set(reterr, WALDO_EVALUE,
                                   "method_to_typeid of '%s' names '%s', which is no method of %s "
                                   "that returns waldo.Ref",
                                   type->type_id, map->method, service->name);
        if (!map->type_id || !is_identifier(map->type_id))
            return waldo_error_set(reterr, WALDO_EVALUE,
                                   "method_to_typeid of '%s' gives '%s' no typeid", type->type_id,
                                   map->method);
        if (set_returns(type, (size_t)method, map->type_id, reterr) < 0)
            return WALDO_ENOMEM;
        type->exposed[method] = true;
    }
    return 0;
}

static int check_handlers(const waldo__type *type, waldo_error *reterr)
{
    const waldo_service *service = type->service;
    for (size_t i = 0; i < service->method_count; i++)
        if (type->exposed[i] && !service->provides(type->ops, i))
            return waldo_error_set(reterr, WALDO_EVALUE,
                                   "typeid '%s' exposes %s.%s, which has no handler", type->type_id,
                                   service->name, service->methods[i].name);
    if (service->create_input && !type->no_create && !service->creates(type->ops))
        return waldo_error_set(reterr, WALDO_EVALUE, "typeid '%s': %s has no create handler",
                               type->type_id, service->name);
    return 0;
}

static bool allocate(waldo__type *type, const char *type_id)
{
    /* One more than needed, so that a service without methods is not a calloc of 0. */
    type->exposed = calloc(type->service->method_count + 1, sizeof *type->exposed);
    type->returns = calloc(type->service->method_count + 1, sizeof *type->returns);
    type->habits = calloc(type->service->method_count + WALDO__HABIT_METHODS, sizeof *type->habits);
    type->type_id = strdup(type_id);
    return type->exposed && type->returns && type->habits && type->type_id;
}

/* Nothing of it is exposed yet. */
static int type_new(const char *type_id, const waldo_service *service, const void *ops,
                    void *type_data, waldo__type **ret_type, waldo_error *reterr)
{
    if (!type_id || !is_identifier(type_id))
        return waldo_error_set(
            reterr, WALDO_EVALUE,
            "'%s' is no typeid: it must be an identifier, of letters, digits and _",
            type_id ? type_id : "");
    waldo__type *type = calloc(1, sizeof *type);
    if (!type)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for typeid '%s'", type_id);
    atomic_init(&type->references, 1);
    type->service = service;
    type->ops = ops;
    type->type_data = type_data;
    type->create_input = service->create_input;
    if (!allocate(type, type_id)) {
        type_unref(type);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for typeid '%s'", type_id);
    }
    *ret_type = type;
    return 0;
}

static int fill_type(waldo__type *type, const waldo_registration *registration, waldo_error *reterr)
{
    type->no_create = registration->no_create;
    int status = expose(type, registration->exposed, reterr);
    if (status >= 0)
        status = map_results(type, registration->method_to_typeid, reterr);
    if (status >= 0)
        status = check_handlers(type, reterr);
    return status;
}

static bool reserve(waldo_registry *registry, size_t count)
{
    if (count <= registry->capacity)
        return true;
    size_t capacity = 2 * count;
    waldo__type **types = realloc(registry->types, capacity * sizeof *types);
    if (!types)
        return false;
    registry->types = types;
    registry->capacity = capacity;
    return true;
}

static int insert(waldo_registry *registry, waldo__type *type, waldo_error *reterr)
{
    bool found;
    size_t index = search(registry, type->type_id, &found);
    const waldo__type *other = found ? registry->types[index] : NULL;
    if (other && other->shared_arguments)
        return waldo_error_set(reterr, WALDO_EEXIST, "an object is shared as '%s' already",
                               type->type_id);
    if (other)
        return waldo_error_set(reterr, WALDO_EEXIST, "typeid '%s' is taken by %s", type->type_id,
                               other->service->name);
    if (!reserve(registry, registry->count + 1))
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for typeid '%s'", type->type_id);
    memmove(registry->types + index + 1, registry->types + index,
            (registry->count - index) * sizeof *registry->types);
    registry->types[index] = type;
    registry->count++;
    return 0;
}

static void remove_type(waldo_registry *registry, const char *type_id)
{
    bool found;
    size_t index = search(registry, type_id, &found);
    type_unref(registry->types[index]);
    registry->count--;
    memmove(registry->types + index, registry->types + index + 1,
            (registry->count - index) * sizeof *registry->types);
}

int waldo_registry_add(waldo_registry *registry, const waldo_registration *registration,
                       const waldo_service *service, const void *ops, void *type_data,
                       waldo_error *reterr)
{
    if (service->abi != WALDO_ABI)
        return waldo_error_set(reterr, WALDO_EVERSION,
                               "%s was generated for ABI %u of Waldo, this is ABI %d",
                               service->name, service->abi, WALDO_ABI);
    waldo__type *type;
    int status = type_new(registration->type_id, service, ops, type_data, &type, reterr);
    if (status < 0)
        return status;
    status = fill_type(type, registration, reterr);
    if (status >= 0)
        status = insert(registry, type, reterr);
    if (status < 0)
        type_unref(type);
    return status;
}

int waldo_registry_add_service(waldo_registry *registry, const waldo_service *service,
                               const void *ops, void *type_data, waldo_error *reterr)
{
    for (size_t i = 0; i < service->typeid_count; i++) {
        const waldo_service_typeid *typeid = &service->typeids[i];
        waldo_registration registration = {
            .type_id = typeid->type_id, .exposed = typeid->exposed, .no_create = typeid->no_create};
        int status = waldo_registry_add(registry, &registration, service, ops, type_data, reterr);
        if (status < 0) {
            while (i-- > 0)
                remove_type(registry, service->typeids[i].type_id);
            return status;
        }
    }
    return 0;
}

/* ---- shared objects ---- */

static int find_sharable(const waldo_registry *registry, const char *type_id,
                         const waldo__type **ret_type, waldo_error *reterr)
{
    if (!type_id)
        return waldo_error_set(reterr, WALDO_EVALUE, "a shared object has a type");
    const waldo__type *type = waldo__registry_find(registry, type_id);
    if (!type)
        return waldo_error_set(reterr, WALDO_EKEY, "no type '%s' is registered", type_id);
    if (type->shared_arguments)
        return waldo_error_set(reterr, WALDO_EVALUE, "'%s' is a shared object, not a type",
                               type_id);
    if (!type->service->creates(type->ops))
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "'%s' has no constructor that could make a shared object", type_id);
    *ret_type = type;
    return 0;
}

/* Would the constructor be given these? */
static int check_arguments(const waldo__type *type, const waldo_value *arguments,
                           waldo_error *reterr)
{
    const ProtobufCMessageDescriptor *input = type->service->create_input;
    ProtobufCMessage *message;
    waldo_error error;
    int status = waldo__convert_to_message(
        arguments, input ? input : &google__protobuf__empty__descriptor, NULL, &message, &error);
    if (status < 0)
        return waldo_error_set(reterr, status, "creation of a shared '%s': %s", type->type_id,
                               error.message);
    protobuf_c_message_free_unpacked(message, NULL);
    return 0;
}

/* Clients may create it, whatever they may do with the type. */
static int fill_shared(waldo__type *type, const waldo__type *of, waldo_value *arguments,
                       waldo_error *reterr)
{
    type->create_input = &google__protobuf__empty__descriptor;
    type->shared_arguments = waldo_value_ref(arguments);
    for (size_t i = 0; i < of->service->method_count; i++) {
        type->exposed[i] = of->exposed[i];
        if (of->returns[i] && set_returns(type, i, of->returns[i], reterr) < 0)
            return WALDO_ENOMEM;
    }
    return 0;
}

static int share(waldo_registry *registry, const char *name, const char *type_id,
                 waldo_value *arguments, waldo_error *reterr)
{
    const waldo__type *of = NULL;
    waldo__type *type = NULL;
    int status = find_sharable(registry, type_id, &of, reterr);
    if (status >= 0)
        status = check_arguments(of, arguments, reterr);
    if (status >= 0)
        status = type_new(name, of->service, of->ops, of->type_data, &type, reterr);
    if (status < 0)
        return status;
    status = fill_shared(type, of, arguments, reterr);
    if (status >= 0)
        status = insert(registry, type, reterr);
    if (status < 0)
        type_unref(type);
    return status;
}

int waldo_registry_share(waldo_registry *registry, const char *name, const char *type_id,
                         waldo_value *arguments, waldo_error *reterr)
{
    if (!arguments)
        return waldo_error_set(
            reterr, WALDO_ENOMEM,
            "no memory for the arguments, or NULL where waldo_v_none() is meant");
    int status = share(registry, name, type_id, arguments, reterr);
    waldo_value_unref(arguments);
    return status;
}

/* ---- life ---- */

static bool inherit(waldo_registry *registry, const waldo_registry *parent)
{
    if (!reserve(registry, parent->count))
        return false;
    for (size_t i = 0; i < parent->count; i++) {
        atomic_fetch_add(&parent->types[i]->references, 1);
        registry->types[i] = parent->types[i];
    }
    registry->count = parent->count;
    registry->room = waldo__room_ref(parent->room);
    return true;
}

waldo_registry *waldo_registry_new(const waldo_registry *parent)
{
    waldo_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return NULL;
    atomic_init(&registry->references, 1);
    bool filled =
        parent ? inherit(registry, parent) : waldo__register_builtins(registry, NULL) >= 0;
    return filled ? registry : waldo_registry_unref(registry);
}

waldo_registry *waldo_registry_ref(waldo_registry *registry)
{
    atomic_fetch_add(&registry->references, 1);
    return registry;
}

waldo_registry *waldo_registry_unref(waldo_registry *registry)
{
    if (!registry || atomic_fetch_sub(&registry->references, 1) != 1)
        return NULL;
    for (size_t i = 0; i < registry->count; i++)
        type_unref(registry->types[i]);
    free(registry->types);
    waldo__room_unref(registry->room);
    free(registry);
    return NULL;
}
