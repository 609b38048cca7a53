/* What a server tells about itself: its types and their methods, its objects. */
#include "introspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server_internal.h"
#include "types/deadlock.h"
#include "value/convert.h"
#include "wire/buffer.h"

/* ---- types (rows B13, C3) ---- */

static int describe_method(waldo_call *call, const waldo__type *type, size_t position,
                           Waldo__Wire__MethodDescription *row)
{
    const waldo_service_method *method = &type->service->methods[position];
    waldo__wire__method_description__init(row);
    row->number = (uint32_t)position + 1;
    row->name = (char *)method->name;
    row->signature = (char *)method->signature;
    row->comment = (char *)method->comment;
    row->generator = (method->flags & WALDO_METHOD_GENERATOR) != 0;
    if (type->returns[position])
        row->returns = type->returns[position];
    if (!method->input)
        return 0;
    char **parameters;
    if (waldo__parameters(method->input, &parameters, NULL) < 0)
        return WALDO_ENOMEM;
    size_t count = 0;
    while (parameters[count])
        count++;
    row->parameters = waldo__arena_alloc(&call->arena, (count + 1) * sizeof *row->parameters);
    for (size_t i = 0; row->parameters && i < count; i++) {
        row->parameters[i] = waldo__arena_strdup(&call->arena, parameters[i]);
        if (row->parameters[i])
            row->n_parameters++;
    }
    free(parameters);
    return row->n_parameters == count ? 0 : WALDO_ENOMEM;
}

int waldo__describe_type(waldo_call *call, const waldo__type *type)
{
    const waldo_service *service = type->service;
    Waldo__Wire__Description description = WALDO__WIRE__DESCRIPTION__INIT;
    size_t size = service->method_count + 1;
    Waldo__Wire__MethodDescription *rows = waldo__arena_alloc(&call->arena, size * sizeof *rows);
    description.methods = waldo__arena_alloc(&call->arena, size * sizeof *description.methods);
    if (!rows || !description.methods)
        return WALDO_ENOMEM;
    for (size_t i = 0; i < service->method_count; i++) {
        if (!type->exposed[i])
            continue;
        if (describe_method(call, type, i, &rows[i]) < 0)
            return WALDO_ENOMEM;
        description.methods[description.n_methods++] = &rows[i];
    }
    description.typeid_ = type->type_id;
    description.service = (char *)service->name;
    description.comment = (char *)service->comment;
    waldo__call_answer(call, &description.base);
    return 0;
}

int waldo__list_types(waldo_call *call)
{
    const waldo_registry *registry = call->server->registry;
    Waldo__Wire__TypeList list = WALDO__WIRE__TYPE_LIST__INIT;
    list.typeids = waldo__arena_alloc(&call->arena, (registry->count + 1) * sizeof *list.typeids);
    if (!list.typeids)
        return WALDO_ENOMEM;
    for (size_t i = 0; i < registry->count; i++)
        list.typeids[list.n_typeids++] = registry->types[i]->type_id;
    waldo__call_answer(call, &list.base);
    return 0;
}

/* ---- objects (rows B9, B10) ---- */

static int by_id(const void *a, const void *b)
{
    uint64_t left = (*(waldo__object *const *)a)->id, right = (*(waldo__object *const *)b)->id;
    return left < right ? -1 : left > right;
}

/* All objects that a session holds, pinned and sorted; NULL: out of memory. */
static waldo__object **snapshot(waldo_server *server, size_t *ret_count)
{
    size_t count = 0;
    waldo__server_lock(server);
    waldo__object **objects = malloc((server->objects.by_id.count + 1) * sizeof(waldo__object *));
    size_t position = 0;
    for (waldo__map_entry entry;
         objects && (entry = waldo__map_next(&server->objects.by_id, &position)).value;) {
        waldo__object *object = entry.value;
        if (object->references == 0)
            continue;
        waldo__object_pin(object);
        objects[count++] = object;
    }
    waldo__server_unlock(server);
    if (objects)
        qsort(objects, count, sizeof(waldo__object *), by_id);
    *ret_count = count;
    return objects;
}

/* At most 75 characters, as Python has it. */
enum { TEXT_LIMIT = 75 };

static void describe_object(waldo_call *call, waldo__object *object, char *text, size_t size)
{
    waldo__strand *strand = waldo__object_strand(object);
    bool entered = !strand || waldo__pool_try_enter(call->server->pool, strand);
    waldo_value *repr = entered ? waldo__call_repr(call, object) : NULL;
    if (strand && entered)
        waldo__pool_leave(call->server->pool, strand);
    size_t length = 0;
    const char *shown = entered ? "(its repr failed)" : "(busy)";
    if (repr && waldo_value_get_str(repr, &shown, &length, NULL) < 0)
        shown = "(its repr is no str)";
    size_t kept = strnlen(shown, TEXT_LIMIT);
    while (kept > 0 && ((unsigned char)shown[kept] & 0xC0) == 0x80)
        kept--;
    waldo__server_lock(call->server);
    uint64_t references = object->references;
    waldo__server_unlock(call->server);
    snprintf(text, size, "  %" PRIu64 ":       refcount=%" PRIu64 "\n    %.*s", object->id,
             references, (int)kept, shown);
    waldo_value_unref(repr);
}

int waldo__step_debug_info(waldo_call *call)
{
    size_t count;
    waldo__object **objects = snapshot(call->server, &count);
    if (!objects)
        return WALDO_ENOMEM;
    waldo__buffer all = {0};
    bool complete = true;
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_LIMIT + 100];
        describe_object(call, objects[i], text, sizeof text);
        complete = complete && (i == 0 || waldo__buffer_append(&all, "\n", 1)) &&
                   waldo__buffer_append(&all, text, strlen(text));
        waldo__server_lock(call->server);
        waldo__object_unpin(objects[i]);
        waldo__server_unlock(call->server);
    }
    free(objects);
    complete = complete && waldo__holds_report_cycles(call->server, &all) &&
               waldo__locks_report(call->server, &all) &&
               waldo__limits_report(&call->server->limits, &all) &&
               waldo__buffer_append(&all, "", 1);
    if (complete) {
        Waldo__Wire__Text text = WALDO__WIRE__TEXT__INIT;
        text.text = (char *)all.data;
        waldo__call_answer(call, &text.base);
    }
    waldo__buffer_free(&all);
    return complete ? 0 : WALDO_ENOMEM;
}
