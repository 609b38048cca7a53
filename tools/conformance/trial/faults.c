/* Handlers that block, and handlers that go wrong. */
#include <pthread.h>
#include <stdlib.h>

#include "types.h"

#include "trial.service.h"

/* ---- services Sleeper and WideSleeper: the same handlers, serial and concurrent ---- */

typedef struct sleeper {
    pthread_mutex_t lock;
    int asleep;
    int most_asleep;
    bool running; /* a handler of turn */
    int64_t turns;
} sleeper;

static int sleeper_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    sleeper *one = calloc(1, sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    pthread_mutex_init(&one->lock, NULL);
    *ret_self = one;
    return 0;
}

static void sleeper_destroy(void *self)
{
    sleeper *one = self;
    pthread_mutex_destroy(&one->lock);
    free(one);
}

static int sleeper_sleep(void *self, waldo_call *call, const Trial__Event *arguments)
{
    sleeper *one = self;
    (void)call;
    pthread_mutex_lock(&one->lock);
    if (++one->asleep > one->most_asleep)
        one->most_asleep = one->asleep;
    pthread_mutex_unlock(&one->lock);
    conformance_event_post("sleeping");
    conformance_event_wait(arguments->name, arguments->count);
    pthread_mutex_lock(&one->lock);
    one->asleep--;
    pthread_mutex_unlock(&one->lock);
    return 0;
}

static int sleeper_together(void *self, waldo_call *call, Trial__Number *result)
{
    sleeper *one = self;
    (void)call;
    pthread_mutex_lock(&one->lock);
    result->n = one->most_asleep;
    pthread_mutex_unlock(&one->lock);
    return 0;
}

static int sleeper_turn(void *self, waldo_call *call, Trial__Number *result)
{
    /* No lock: that is what a serial type may rely on. */
    sleeper *one = self;
    if (one->running)
        return waldo_call_raise(call, WALDO_ERUNTIME, "two handlers of one object run");
    one->running = true;
    result->n = one->turns++;
    one->running = false;
    return 0;
}

static const struct trial_sleeper_ops sleeper_ops = {
    .create = sleeper_create,
    .sleep = sleeper_sleep,
    .together = sleeper_together,
    .turn = sleeper_turn,
    .destroy = sleeper_destroy,
};

static const struct trial_wide_sleeper_ops wide_sleeper_ops = {
    .create = sleeper_create,
    .sleep = sleeper_sleep,
    .together = sleeper_together,
    .turn = sleeper_turn,
    .destroy = sleeper_destroy,
};

/* ---- service Raiser ---- */

static int raiser_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    (void)call;
    *ret_self = NULL;
    return 0;
}

static int raiser_raise(void *self, waldo_call *call, const Trial__Failure *arguments)
{
    (void)self;
    if (arguments->type_name[0])
        return waldo_call_raise_type(call, arguments->code, arguments->type_name, "%s",
                                     arguments->message);
    return waldo_call_raise(call, arguments->code, "%s", arguments->message);
}

static int raiser_give(void *self, waldo_call *call, const Trial__Number *arguments)
{
    (void)self;
    (void)call;
    return (int)arguments->n;
}

static int raiser_garble(void *self, waldo_call *call, Waldo__Value *result)
{
    (void)self;
    (void)call;
    static uint8_t bytes[] = {0xff, 0xfe};
    result->kind_case = WALDO__VALUE__KIND_TEXT;
    result->text = (ProtobufCBinaryData){sizeof bytes, bytes};
    return 0;
}

static int raiser_repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    (void)self;
    (void)ret_text;
    return waldo_call_raise(call, WALDO_EZERODIVISION, "no repr");
}

static int raiser_getvalue(void *self, waldo_call *call, waldo_value **ret_value)
{
    (void)self;
    (void)ret_value;
    return waldo_call_raise(call, WALDO_EZERODIVISION, "no value");
}

static const struct trial_raiser_ops raiser_ops = {
    .create = raiser_create,
    .raise = raiser_raise,
    .give = raiser_give,
    .garble = raiser_garble,
    .repr = raiser_repr,
    .getvalue = raiser_getvalue,
};

int conformance_register_faults(waldo_registry *registry, waldo_error *reterr)
{
    int status = trial_sleeper_register(registry, &sleeper_ops, NULL, reterr);
    if (status >= 0)
        status = trial_wide_sleeper_register(registry, &wide_sleeper_ops, NULL, reterr);
    if (status >= 0)
        status = trial_raiser_register(registry, &raiser_ops, NULL, reterr);
    return status;
}
