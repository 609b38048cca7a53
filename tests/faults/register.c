/* Register: a number, how often it was changed, and replies that wait for open(). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "types.h"

typedef struct reg {
    named base;
    pthread_mutex_t lock;
    int64_t number;
    int64_t executions;
    int journal; /* a descriptor, or -1 */
    waiters parked;
} reg;

static void *make(const char *journal)
{
    reg *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    pthread_mutex_init(&self->lock, NULL);
    self->parked.lock = &self->lock;
    self->journal =
        journal[0] ? open(journal, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
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
    reg *self = object;
    if (!named_is_mortal(self))
        return;
    if (self->journal >= 0)
        close(self->journal);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/* With the lock. One write: what a killed server has written is a whole line. */
static int64_t execute(reg *self, int64_t n)
{
    char line[32];
    int length = snprintf(line, sizeof line, "%lld\n", (long long)n);
    if (self->journal >= 0 && write(self->journal, line, (size_t)length) != length)
        self->executions += 1000000; /* no test expects that */
    self->executions++;
    return self->number += n;
}

static int add(void *object, waldo_call *call, const Faults__Number *arguments,
               Faults__Number *result)
{
    (void)call;
    reg *self = object;
    pthread_mutex_lock(&self->lock);
    result->n = execute(self, arguments->n);
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int get(void *object, waldo_call *call, Faults__Number *result)
{
    (void)call;
    reg *self = object;
    pthread_mutex_lock(&self->lock);
    result->n = self->number;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int executions(void *object, waldo_call *call, Faults__Number *result)
{
    (void)call;
    reg *self = object;
    pthread_mutex_lock(&self->lock);
    result->n = self->executions;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int add_later(void *object, waldo_call *call, const Faults__Number *arguments,
                     Faults__Number *result)
{
    (void)result;
    reg *self = object;
    waiter *one;
    int status = waiters_keep(&self->parked, call, &one);
    if (status < 0)
        return status;
    pthread_mutex_lock(&self->lock);
    one->n = execute(self, arguments->n);
    bool waits = waiters_append(one);
    pthread_mutex_unlock(&self->lock);
    if (!waits)
        waldo_call_fail(call, WALDO_ECANCELLED, "given up");
    return status;
}

static int open_gate(void *object, waldo_call *call)
{
    (void)call;
    reg *self = object;
    for (;;) {
        pthread_mutex_lock(&self->lock);
        waiter *one = waiters_pop(&self->parked);
        pthread_mutex_unlock(&self->lock);
        if (!one)
            return 0;
        Faults__Number result = FAULTS__NUMBER__INIT;
        result.n = one->n;
        (void)faults_register_add_later_complete(one->call, &result);
    }
}

static int parked(void *object, waldo_call *call, Faults__Number *result)
{
    (void)call;
    reg *self = object;
    pthread_mutex_lock(&self->lock);
    result->n = self->parked.count;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int big(void *object, waldo_call *call, const Faults__Number *arguments,
               Faults__Item *result)
{
    (void)object;
    if (arguments->n < 0)
        return waldo_call_raise(call, WALDO_EVALUE, "a size");
    result->filling.len = (size_t)arguments->n;
    result->filling.data = waldo_call_alloc(call, result->filling.len + 1);
    return result->filling.data ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
}

static int sleep_here(void *object, waldo_call *call, const Faults__Number *arguments)
{
    (void)object;
    (void)call;
    struct timespec time = {arguments->n / 1000, arguments->n % 1000 * 1000000};
    while (nanosleep(&time, &time) < 0)
        ;
    return 0;
}

static int count_up(waldo_generator *generator, waldo_call *call, void *self,
                    const Faults__Number *number)
{
    (void)self;
    int64_t count = number->n < 0 ? -number->n : number->n;
    Faults__Number item = FAULTS__NUMBER__INIT;
    for (; item.n < count; item.n++)
        if (faults_register_count_up_yield(generator, &item) < 0)
            return 0;
    return number->n < 0 ? waldo_call_raise(call, WALDO_EVALUE, "it counts no further") : 0;
}

int register_register(waldo_registry *registry, waldo_error *reterr)
{
    static const struct faults_register_ops ops = {
        .create = create,
        .destroy = destroy,
        .add = add,
        .get = get,
        .executions = executions,
        .add_later = add_later,
        .open = open_gate,
        .parked = parked,
        .big = big,
        .sleep = sleep_here,
        .count_up = count_up,
    };
    return faults_register_register(registry, &ops, NULL, reterr);
}
