#include "process/handle.h"

#include <string.h>
#include <unistd.h>

#include "memory/classes.h"
#include "process/connection.h"
#include "process/descriptor.h"
#include "value/layout.h"

static const waldo__handle_class *const classes[] = {
    &waldo__array_class,         &waldo__barrier_class,    &waldo__buffer_class,
    &waldo__condition_class,     &waldo__connection_class, &waldo__descriptor_class,
    &waldo__event_class,         &waldo__lock_class,       &waldo__queue_class,
    &waldo__rlock_class,         &waldo__semaphore_class,  &waldo__shareable_list_class,
    &waldo__shared_memory_class, &waldo__value_class,
};

const waldo__handle_class *waldo__handle_class_named(const char *name)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(classes[i]->name, name) == 0)
            return classes[i];
    return NULL;
}

waldo_value *waldo__v_handle(const waldo__handle_class *class, void *object)
{
    waldo__handle *handle =
        object ? waldo__new_value(WALDO_KIND_HANDLE, sizeof(waldo__handle)) : NULL;
    if (!handle)
        return NULL;
    handle->class = class;
    handle->object = class->ref(object);
    return &handle->head;
}

void *waldo__value_handle(const waldo_value *value, const waldo__handle_class **ret_class)
{
    if (value->kind != WALDO_KIND_HANDLE)
        return NULL;
    *ret_class = ((const waldo__handle *)value)->class;
    return ((const waldo__handle *)value)->object;
}

int waldo__handle_from_value(const waldo_value *value, const waldo__handle_class *class,
                             void **ret_object, waldo_error *reterr)
{
    const waldo__handle_class *its_class = NULL;
    void *object = waldo__value_handle(value, &its_class);
    if (!object || its_class != class)
        return waldo_error_set(reterr, WALDO_ETYPE, "expected a %s, got '%s'", class->name,
                               waldo_value_type_name(value));
    *ret_object = class->ref(object);
    return 0;
}

void waldo__close_descriptors(const int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}
