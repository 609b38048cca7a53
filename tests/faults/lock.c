/* Lock: a session owns it. When that ends, the next one is told that the owner died. */
#include <stdlib.h>
#include <string.h>

#include "types.h"

enum { SESSION_SIZE = 16 };

typedef struct lock {
    named base;
    pthread_mutex_t lock;
    bool locked;
    bool owner_died; /* nobody has been told yet */
    uint8_t owner[SESSION_SIZE];
    uint64_t fencing;
    waiters parked;
} lock;

/* What goes to a new owner. */
typedef struct grant {
    uint64_t fencing;
    bool owner_died;
} grant;

static void *make(const char *journal)
{
    (void)journal;
    lock *self = calloc(1, sizeof *self);
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
    lock *self = object;
    if (!named_is_mortal(self))
        return;
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/* ---- giving it away ---- */

static void serve(lock *self);

/* The new owner never learned that it is one. */
static void on_lost(void *object, void *data)
{
    lock *self = object;
    const grant *given = data;
    pthread_mutex_lock(&self->lock);
    bool still = self->locked && self->fencing == given->fencing;
    if (still) {
        self->locked = false;
        self->owner_died = given->owner_died;
    }
    pthread_mutex_unlock(&self->lock);
    if (still)
        serve(self);
}

/* Makes the waiter the owner. With the lock. */
static grant *give(lock *self, const waiter *one)
{
    grant *given = malloc(sizeof *given);
    if (!given || waldo_call_watch_session(one->call) < 0) {
        free(given);
        return NULL;
    }
    self->locked = true;
    memcpy(self->owner, waldo_call_session(one->call), SESSION_SIZE);
    *given = (grant){++self->fencing, self->owner_died};
    self->owner_died = false;
    return given;
}

static void serve(lock *self)
{
    for (;;) {
        pthread_mutex_lock(&self->lock);
        waiter *one = self->locked ? NULL : waiters_pop(&self->parked);
        grant *given = one ? give(self, one) : NULL;
        pthread_mutex_unlock(&self->lock);
        if (!one)
            return;
        if (!given) {
            waldo_call_fail(one->call, WALDO_ECANCELLED, "its session has ended");
            continue;
        }
        Faults__Held result = FAULTS__HELD__INIT;
        result.fencing = given->fencing;
        result.owner_died = given->owner_died;
        waldo_call_on_lost(one->call, on_lost, free, given);
        (void)faults_lock_acquire_complete(one->call, &result);
    }
}

static void session_ended(void *object, const uint8_t *session)
{
    lock *self = object;
    pthread_mutex_lock(&self->lock);
    if (self->locked && memcmp(self->owner, session, SESSION_SIZE) == 0) {
        self->locked = false;
        self->owner_died = true;
    }
    pthread_mutex_unlock(&self->lock);
    serve(self);
}

/* ---- methods ---- */

static int acquire(void *object, waldo_call *call, Faults__Held *result)
{
    (void)result;
    lock *self = object;
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

static int release(void *object, waldo_call *call)
{
    lock *self = object;
    pthread_mutex_lock(&self->lock);
    bool owned = self->locked && memcmp(self->owner, waldo_call_session(call), SESSION_SIZE) == 0;
    if (owned) {
        self->locked = false;
        waldo_call_unwatch_session(call);
    }
    pthread_mutex_unlock(&self->lock);
    if (!owned)
        return waldo_call_raise(call, WALDO_ERUNTIME, "this session does not own the lock");
    serve(self);
    return 0;
}

static int locked(void *object, waldo_call *call, Faults__Number *result)
{
    (void)call;
    lock *self = object;
    pthread_mutex_lock(&self->lock);
    result->n = self->locked;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int parked(void *object, waldo_call *call, Faults__Number *result)
{
    (void)call;
    lock *self = object;
    pthread_mutex_lock(&self->lock);
    result->n = self->parked.count;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

int lock_register(waldo_registry *registry, waldo_error *reterr)
{
    static const struct faults_lock_ops ops = {
        .create = create,
        .destroy = destroy,
        .session_ended = session_ended,
        .acquire = acquire,
        .release = release,
        .locked = locked,
        .parked = parked,
    };
    return faults_lock_register(registry, &ops, NULL, reterr);
}
