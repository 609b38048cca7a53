/* Method tables: what the server calls by number, matched by name. */
#include <stdlib.h>
#include <string.h>

#include "proxy/proxy_internal.h"

/* With the lock. */
static waldo__remote_type *find(waldo_manager *manager, const char *type_id)
{
    waldo__remote_type *type = manager->types;
    while (type &&
           (type->incarnation != manager->incarnation || strcmp(type->type_id, type_id) != 0))
        type = type->next;
    return type;
}

const waldo__remote_type *waldo__remote_type_find(waldo_manager *manager, const char *type_id)
{
    pthread_mutex_lock(&manager->lock);
    const waldo__remote_type *type = find(manager, type_id);
    pthread_mutex_unlock(&manager->lock);
    return type;
}

static void free_type(waldo__remote_type *type)
{
    waldo__binding *binding = atomic_load(&type->bindings);
    while (binding) {
        waldo__binding *next = binding->next;
        free(binding);
        binding = next;
    }
    for (size_t i = 0; type->names && i < type->count; i++)
        free((char *)type->names[i]);
    free(type->names);
    free(type->numbers);
    free(type->type_id);
    free(type);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(Waldo__Wire__MethodNumber *const *)a)->name,
                  (*(Waldo__Wire__MethodNumber *const *)b)->name);
}

static bool copy_table(waldo__remote_type *type, const Waldo__Wire__Created *created)
{
    type->type_id = strdup(created->ref->typeid_);
    type->names = calloc(created->n_methods + 1, sizeof *type->names);
    type->numbers = calloc(created->n_methods + 1, sizeof *type->numbers);
    if (!type->type_id || !type->names || !type->numbers)
        return false;
    if (created->n_methods > 0)
        qsort(created->methods, created->n_methods, sizeof *created->methods, by_name);
    for (size_t i = 0; i < created->n_methods; i++) {
        type->names[i] = strdup(created->methods[i]->name);
        if (!type->names[i])
            return false;
        type->numbers[i] = created->methods[i]->number;
        type->count++;
    }
    return true;
}

const waldo__remote_type *waldo__remote_type_add(waldo_manager *manager,
                                                 const Waldo__Wire__Created *created)
{
    waldo__remote_type *type = calloc(1, sizeof *type);
    if (!type || !copy_table(type, created)) {
        if (type)
            free_type(type);
        return NULL;
    }
    type->incarnation = created->ref->incarnation;
    pthread_mutex_lock(&manager->lock);
    waldo__remote_type *known = find(manager, type->type_id);
    if (!known) {
        type->next = manager->types;
        manager->types = type;
    }
    pthread_mutex_unlock(&manager->lock);
    if (known)
        free_type(type);
    return known ? known : type;
}

void waldo__remote_types_free(waldo_manager *manager)
{
    while (manager->types) {
        waldo__remote_type *type = manager->types;
        manager->types = type->next;
        free_type(type);
    }
}

uint32_t waldo__remote_type_number(const waldo__remote_type *type, const char *method)
{
    size_t low = 0, high = type->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(type->names[middle], method);
        if (order == 0)
            return type->numbers[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static waldo__binding *make_binding(const waldo__remote_type *type,
                                    const waldo_proxy_type *generated)
{
    waldo__binding *binding =
        malloc(sizeof *binding + generated->method_count * sizeof binding->numbers[0]);
    if (!binding)
        return NULL;
    binding->type = generated;
    for (size_t i = 0; i < generated->method_count; i++)
        binding->numbers[i] = waldo__remote_type_number(type, generated->methods[i]);
    return binding;
}

/* Bindings are only ever added, at the front: readers need no lock. */
const waldo__binding *waldo__remote_type_bind(const waldo__remote_type *type,
                                              const waldo_proxy_type *generated)
{
    /* The list of bindings is the one thing that changes in it. */
    _Atomic(waldo__binding *) *bindings = (_Atomic(waldo__binding *) *)&type->bindings;
    waldo__binding *first = atomic_load(bindings);
    for (waldo__binding *binding = first; binding; binding = binding->next)
        if (binding->type == generated)
            return binding;
    waldo__binding *made = make_binding(type, generated);
    if (!made)
        return NULL;
    made->next = first;
    while (!atomic_compare_exchange_weak(bindings, &made->next, made))
        ;
    return made;
}
