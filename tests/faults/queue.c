/* Queue: an item is in the queue, or with a caller whose runtime has said that it has it. */
#include <stdlib.h>
#include <string.h>

#include "types.h"

typedef struct item {
    struct item *next;
    int64_t n;
    size_t size;
    uint8_t filling[];
} item;

typedef struct queue {
    named base;
    pthread_mutex_t lock;
    item *first;
    item *last;
    int64_t count;
    waiters parked;
} queue;

static void *make(const char *journal)
{
    (void)journal;
    queue *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    pthread_mutex_init(&self->lock, NULL);
    self->parked.lock = &self->lock;
    return self;
}

static int create(void *type_data, waldo_call *call, const Faults__Start *start, void **ret_self)
{
    (void)type_data;
    *ret_self = named_find_or_make(make, start->name, start->journal);
    return *ret_self ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
}

static void destroy(void *object)
{
    queue *self = object;
    if (!named_is_mortal(self))
        return;
    while (self->first) {
        item *next = self->first->next;
        free(self->first);
        self->first = next;
    }
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/* With the lock. */
static void append(queue *self, item *one)
{
    one->next = NULL;
    if (self->last)
        self->last->next = one;
    else
        self->first = one;
    self->last = one;
    self->count++;
}

static void put_at_head(queue *self, item *one)
{
    one->next = self->first;
    self->first = one;
    if (!self->last)
        self->last = one;
    self->count++;
}

static item *pop(queue *self)
{
    item *one = self->first;
    if (!one)
        return NULL;
    self->first = one->next;
    if (!self->first)
        self->last = NULL;
    self->count--;
    return one;
}

/* ---- on its way to a caller ---- */

static void serve(queue *self);

/* The item is the queue's again; what is left for release() is a husk. */
static void on_lost(void *object, void *data)
{
    queue *self = object;
    item **on_its_way = data;
    pthread_mutex_lock(&self->lock);
    put_at_head(self, *on_its_way);
    pthread_mutex_unlock(&self->lock);
    *on_its_way = NULL;
    serve(self);
}

static void release(void *data)
{
    item **on_its_way = data;
    free(*on_its_way);
    free(on_its_way);
}

/* false: out of memory, and the item is still the caller's. */
static bool send_off(waldo_call *call, item *one)
{
    item **on_its_way = malloc(sizeof(item *));
    if (!on_its_way)
        return false;
    *on_its_way = one;
    waldo_call_on_lost(call, on_lost, release, on_its_way);
    return true;
}

static void complete(queue *self, waiter *one, item *found)
{
    Faults__Item result = FAULTS__ITEM__INIT;
    result.n = found->n;
    result.filling.data = found->filling;
    result.filling.len = found->size;
    if (send_off(one->call, found)) {
        (void)faults_queue_get_complete(one->call, &result);
        return;
    }
    pthread_mutex_lock(&self->lock);
    put_at_head(self, found);
    pthread_mutex_unlock(&self->lock);
    waldo_call_fail(one->call, WALDO_ENOMEM, "no memory");
}

/* Brings waiters and items together. */
static void serve(queue *self)
{
    for (;;) {
        pthread_mutex_lock(&self->lock);
        waiter *one = self->first ? waiters_pop(&self->parked) : NULL;
        item *found = one ? pop(self) : NULL;
        pthread_mutex_unlock(&self->lock);
        if (!one)
            return;
        complete(self, one, found);
    }
}

/* ---- methods ---- */

static int put(void *object, waldo_call *call, const Faults__Item *arguments)
{
    queue *self = object;
    item *one = malloc(sizeof *one + arguments->filling.len);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    one->n = arguments->n;
    one->size = arguments->filling.len;
    if (one->size > 0)
        memcpy(one->filling, arguments->filling.data, one->size);
    pthread_mutex_lock(&self->lock);
    append(self, one);
    pthread_mutex_unlock(&self->lock);
    serve(self);
    return 0;
}

static int get(void *object, waldo_call *call, Faults__Item *result)
{
    (void)result;
    queue *self = object;
    waiter *one;
    int status = waiters_keep(&self->parked, call, &one);
    if (status < 0)
        return status;
    pthread_mutex_lock(&self->lock);
    bool waits = waiters_append(one);
    pthread_mutex_unlock(&self->lock);
    if (waits)
        serve(self);
    else
        waldo_call_fail(call, WALDO_ECANCELLED, "given up");
    return status;
}

static int size(void *object, waldo_call *call, Faults__Number *result)
{
    (void)call;
    queue *self = object;
    pthread_mutex_lock(&self->lock);
    result->n = self->count;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int parked(void *object, waldo_call *call, Faults__Number *result)
{
    (void)call;
    queue *self = object;
    pthread_mutex_lock(&self->lock);
    result->n = self->parked.count;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

int queue_register(waldo_registry *registry, waldo_error *reterr)
{
    static const struct faults_queue_ops ops = {
        .create = create,
        .destroy = destroy,
        .put = put,
        .get = get,
        .size = size,
        .parked = parked,
    };
    return faults_queue_register(registry, &ops, NULL, reterr);
}
