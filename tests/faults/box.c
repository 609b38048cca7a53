/* Box: values by key. */
#include <stdlib.h>
#include <string.h>

#include "types.h"

typedef struct entry {
    struct entry *next;
    waldo_value *value;
    char key[];
} entry;

typedef struct box {
    named base;
    pthread_mutex_t lock;
    entry *first;
} box;

static void *make(const char *journal)
{
    (void)journal;
    box *self = calloc(1, sizeof *self);
    if (self)
        pthread_mutex_init(&self->lock, NULL);
    return self;
}

static int create(void *type_data, waldo_call *call, const Faults__Start *start, void **ret_self)
{
    (void)type_data;
    *ret_self = named_find_or_make(make, start->name, start->journal);
    return *ret_self ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
}

static void free_entry(entry *one)
{
    if (one)
        waldo_value_unref(one->value);
    free(one);
}

static void destroy(void *object)
{
    box *self = object;
    if (!named_is_mortal(self))
        return;
    while (self->first) {
        entry *next = self->first->next;
        free_entry(self->first);
        self->first = next;
    }
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/* Where the pointer to the entry is, or would be. With the lock. */
static entry **place_of(box *self, const char *key)
{
    entry **place = &self->first;
    while (*place && strcmp((*place)->key, key) != 0)
        place = &(*place)->next;
    return place;
}

static entry *take(box *self, const char *key)
{
    pthread_mutex_lock(&self->lock);
    entry **place = place_of(self, key);
    entry *found = *place;
    if (found)
        *place = found->next;
    pthread_mutex_unlock(&self->lock);
    return found;
}

static int put(void *object, waldo_call *call, const Faults__Entry *arguments)
{
    box *self = object;
    entry *one = malloc(sizeof *one + strlen(arguments->key) + 1);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    waldo_error error = WALDO_ERROR_INIT;
    int status = waldo_value_from_message(arguments->value, &one->value, &error);
    if (status < 0) {
        free(one);
        return waldo_call_raise(call, status, "%s", error.message);
    }
    strcpy(one->key, arguments->key);
    free_entry(take(self, one->key));
    pthread_mutex_lock(&self->lock);
    one->next = self->first;
    self->first = one;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int get(void *object, waldo_call *call, const Faults__Key *arguments, Waldo__Value *result)
{
    box *self = object;
    pthread_mutex_lock(&self->lock);
    const entry *found = *place_of(self, arguments->key);
    waldo_value *value = found ? waldo_value_ref(found->value) : NULL;
    pthread_mutex_unlock(&self->lock);
    if (!value)
        return waldo_call_raise(call, WALDO_EKEY, "%s", arguments->key);
    return waldo_call_set_value(call, result, value);
}

static int remove_entry(void *object, waldo_call *call, const Faults__Key *arguments)
{
    entry *found = take(object, arguments->key);
    if (!found)
        return waldo_call_raise(call, WALDO_EKEY, "%s", arguments->key);
    free_entry(found);
    return 0;
}

int box_register(waldo_registry *registry, waldo_error *reterr)
{
    static const struct faults_box_ops ops = {
        .create = create,
        .destroy = destroy,
        .put = put,
        .get = get,
        .remove = remove_entry,
    };
    return faults_box_register(registry, &ops, NULL, reterr);
}
