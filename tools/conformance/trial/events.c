/* Events of the server process, and calls that wait for them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types.h"

#include "trial.service.h"

enum { EVENTS = 32 };

/* A deferred call. Whoever takes it out of its list completes it. */
typedef struct parked {
    struct parked *next;
    waldo_call *call;
    int64_t count;
} parked;

typedef struct event {
    char name[32];
    int64_t count;
    parked *waiting;
} event;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t happened = PTHREAD_COND_INITIALIZER;
static event events[EVENTS];
static bool ended;
static int64_t common_sum;
static parked *common_waiting;

/* ---- with the lock ---- */

/* A table that is full fails the test: its last event is everybody's. */
static event *find(const char *name)
{
    size_t i = 0;
    while (i < EVENTS - 1 && events[i].name[0] && strcmp(events[i].name, name) != 0)
        i++;
    snprintf(events[i].name, sizeof events[i].name, "%s", name);
    return &events[i];
}

/* Takes out the calls that wait for at most `count`, or only the one given. */
static parked *take(parked **list, int64_t count, const waldo_call *only)
{
    parked *taken = NULL;
    while (*list) {
        parked *one = *list;
        if (only ? one->call == only : one->count <= count) {
            *list = one->next;
            one->next = taken;
            taken = one;
        } else {
            list = &one->next;
        }
    }
    return taken;
}

/* ---- without it ---- */

static void complete_awaits(parked *list)
{
    while (list) {
        parked *next = list->next;
        trial_events_await_complete(list->call);
        free(list);
        list = next;
    }
}

static void fail_all(parked *list)
{
    while (list) {
        parked *next = list->next;
        waldo_call_fail(list->call, WALDO_ECANCELLED, "given up");
        free(list);
        list = next;
    }
}

void conformance_event_post(const char *name)
{
    pthread_mutex_lock(&lock);
    event *one = find(name);
    one->count++;
    parked *ready = take(&one->waiting, one->count, NULL);
    pthread_cond_broadcast(&happened);
    pthread_mutex_unlock(&lock);
    complete_awaits(ready);
}

void conformance_event_wait(const char *name, int64_t count)
{
    pthread_mutex_lock(&lock);
    while (!ended && find(name)->count < count)
        pthread_cond_wait(&happened, &lock);
    pthread_mutex_unlock(&lock);
}

void conformance_events_end(void)
{
    pthread_mutex_lock(&lock);
    ended = true;
    pthread_cond_broadcast(&happened);
    pthread_mutex_unlock(&lock);
}

/* ---- parking ---- */

static void on_cancel(waldo_call *call, void *data)
{
    parked **list = data;
    pthread_mutex_lock(&lock);
    parked *one = take(list, 0, call);
    pthread_mutex_unlock(&lock);
    if (one)
        conformance_event_post("cancelled");
    fail_all(one);
}

/* Defers the call. True: it has to be completed now, since it need not or may not wait. */
static bool park(waldo_call *call, parked *one, parked **list, const int64_t *reached)
{
    *one = (parked){.call = call, .count = one->count};
    (void)waldo_call_defer(call);
    /* What cancels it finds it in the list, or has said so before it gets there. */
    waldo_call_on_cancel(call, on_cancel, list);
    pthread_mutex_lock(&lock);
    bool at_once = waldo_call_cancelled(call) || *reached >= one->count;
    if (!at_once) {
        one->next = *list;
        *list = one;
    }
    pthread_mutex_unlock(&lock);
    return at_once;
}

/* ---- service Events ---- */

static int create_nothing(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    (void)call;
    *ret_self = NULL;
    return 0;
}

static int events_post(void *self, waldo_call *call, const Trial__Event *arguments)
{
    (void)self;
    (void)call;
    conformance_event_post(arguments->name);
    return 0;
}

static int events_count(void *self, waldo_call *call, const Trial__Event *arguments,
                        Trial__Number *result)
{
    (void)self;
    (void)call;
    pthread_mutex_lock(&lock);
    result->n = find(arguments->name)->count;
    pthread_mutex_unlock(&lock);
    return 0;
}

static int events_await(void *self, waldo_call *call, const Trial__Event *arguments)
{
    (void)self;
    parked *one = malloc(sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    one->count = arguments->count;
    pthread_mutex_lock(&lock);
    event *which = find(arguments->name);
    pthread_mutex_unlock(&lock);
    if (park(call, one, &which->waiting, &which->count))
        complete_awaits(one);
    return WALDO_DEFERRED;
}

static const struct trial_events_ops events_ops = {
    .create = create_nothing,
    .post = events_post,
    .count = events_count,
    .await = events_await,
};

/* ---- service Common ---- */

static int common_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    (void)call;
    *ret_self = &common_sum;
    return 0;
}

static void common_destroy(void *self)
{
    (void)self;
    conformance_event_post("forgotten");
}

static int common_add(void *self, waldo_call *call, const Trial__Number *arguments,
                      Trial__Number *result)
{
    int64_t *sum = self;
    (void)call;
    result->n = *sum += arguments->n;
    return 0;
}

static int common_wait(void *self, waldo_call *call, Trial__Number *result)
{
    (void)self;
    (void)result; /* it comes with the completion */
    static const int64_t never = -1;
    parked *one = calloc(1, sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    if (park(call, one, &common_waiting, &never))
        fail_all(one);
    else
        conformance_event_post("parked");
    return WALDO_DEFERRED;
}

static int common_wake(void *self, waldo_call *call, const Trial__Number *arguments)
{
    (void)self;
    (void)call;
    pthread_mutex_lock(&lock);
    parked *list = take(&common_waiting, 0, NULL);
    pthread_mutex_unlock(&lock);
    while (list) {
        parked *next = list->next;
        trial_common_wait_complete(list->call, arguments);
        free(list);
        list = next;
    }
    return 0;
}

static const struct trial_common_ops common_ops = {
    .create = common_create,
    .add = common_add,
    .wake = common_wake,
    .wait = common_wait,
    .destroy = common_destroy,
};

int conformance_register_events(waldo_registry *registry, waldo_error *reterr)
{
    int status = trial_events_register(registry, &events_ops, NULL, reterr);
    if (status >= 0)
        status = trial_common_register(registry, &common_ops, NULL, reterr);
    return status;
}
