#include "generator.h"

#include <stdlib.h>

#include "ahead.h"
#include "call.h"
#include "engine/deadline.h"
#include "fiber.h"
#include "server_internal.h"

struct waldo_generator {
    /* The call that started it: its arguments and errors live as long as the generator. */
    waldo_call *start;
    const void *ops;
    void *self;
    bool finished;

    /* A plain function on a stack of its own: */
    int (*run)(waldo_generator *generator, waldo_call *call, const void *ops, void *self,
               const ProtobufCMessage *input);
    waldo__fiber *fiber;
    int result;                /* of run */
    bool closing;              /* nobody wants another item */
    const waldo_value *sent;   /* with the step under way; or NULL */
    const waldo_error *thrown; /* the same */
    waldo_call *current;       /* the step under way */
    waldo__ahead items;        /* of that step */
    bool ended_ahead;          /* after items that were answered with: the next step tells how */

    /* Or step by step: */
    void *state;
    int (*next)(waldo_call *call, const void *ops, void *state);
    void (*close)(const void *ops, void *state);
};

static void run_fiber(void *argument)
{
    waldo_generator *generator = argument;
    generator->result = generator->run(generator, generator->start, generator->ops, generator->self,
                                       generator->start->arguments);
}

int waldo_generator_yield(waldo_generator *generator, const ProtobufCMessage *item)
{
    if (generator->closing)
        return WALDO_ECANCELLED;
    int status = waldo__ahead_is_wanted(generator->current)
                     ? waldo__ahead_add(&generator->items, generator->current, item)
                     : waldo_call_return(generator->current, item);
    if (status < 0)
        return status;
    waldo__fiber_suspend(generator->fiber);
    if (generator->closing)
        return WALDO_ECANCELLED;
    return generator->thrown ? generator->thrown->code : 0;
}

const waldo_value *waldo_generator_received(const waldo_generator *generator)
{
    return generator->sent;
}

/* What the generator raised through the call that started it belongs to this step. */
static int fail(waldo_generator *generator, waldo_call *call, int code)
{
    const waldo_error *thrown = generator->thrown;
    if (thrown && code == thrown->code && !generator->start->error)
        return waldo__call_raise_error(call, thrown); /* the function let it through */
    if (call != generator->start)
        waldo__call_raise_error(call, generator->start->error);
    return code;
}

/* How the function ended. */
static int tell_end(waldo_generator *generator, waldo_call *call)
{
    if (generator->result < 0)
        return fail(generator, call, generator->result);
    return generator->result > 0 ? generator->result : WALDO_ESTOP; /* > 0 is a mistake */
}

/* Only where the type says that it makes no difference is more than one item made for a step. */
static bool goes_on(const waldo_generator *generator, waldo_call *call)
{
    return generator->start->method->flags & WALDO_METHOD_READ_AHEAD &&
           waldo__ahead_is_wanted(call) && waldo__ahead_wants_more(&generator->items, call);
}

static int resume(waldo_generator *generator, waldo_call *call)
{
    if (!generator->fiber)
        generator->fiber = waldo__fiber_new(run_fiber, generator);
    if (!generator->fiber)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for the generator's stack");
    generator->current = call;
    generator->items = (waldo__ahead){.asked_at = waldo__now()};
    bool alive;
    do
        alive = waldo__fiber_resume(generator->fiber);
    while (alive && goes_on(generator, call));
    generator->current = NULL;
    generator->finished = !alive;
    if (generator->items.count == 0)
        return alive ? 0 : tell_end(generator, call);
    generator->ended_ahead = !alive;
    int status = waldo__ahead_answer(&generator->items, call);
    return status < 0 ? status : 0;
}

static void finish_steps(waldo_generator *generator)
{
    generator->finished = true;
    if (generator->close)
        generator->close(generator->ops, generator->state);
}

static int step(waldo_generator *generator, waldo_call *call)
{
    int status = generator->next(call, generator->ops, generator->state);
    if (status > 0)
        return status == WALDO_DEFERRED ? status : 0;
    finish_steps(generator);
    return status < 0 ? status : WALDO_ESTOP;
}

int waldo__generator_next(waldo_generator *generator, waldo_call *call)
{
    if (generator->ended_ahead) {
        generator->ended_ahead = false;
        return tell_end(generator, call);
    }
    if (generator->finished)
        return WALDO_ESTOP;
    return generator->run ? resume(generator, call) : step(generator, call);
}

int waldo__generator_send(waldo_generator *generator, waldo_call *call, const waldo_value *value)
{
    if (!generator->run)
        return waldo_call_raise(call, WALDO_EATTRIBUTE,
                                "'Iterator' object has no attribute 'send'");
    if (!generator->fiber && !generator->finished && waldo_value_kind(value) != WALDO_KIND_NONE)
        return waldo_call_raise(call, WALDO_ETYPE,
                                "can't send non-None value to a just-started generator");
    generator->sent = value;
    int status = waldo__generator_next(generator, call);
    generator->sent = NULL;
    return status;
}

int waldo__generator_throw(waldo_generator *generator, waldo_call *call, const waldo_error *error)
{
    if (!generator->run)
        return waldo_call_raise(call, WALDO_EATTRIBUTE,
                                "'Iterator' object has no attribute 'throw'");
    if (generator->finished || !generator->fiber) {
        generator->finished = true;
        return waldo__call_raise_error(call, error);
    }
    generator->thrown = error;
    int status = resume(generator, call);
    generator->thrown = NULL;
    return status;
}

void waldo__generator_close(waldo_generator *generator)
{
    if (!generator->finished && generator->fiber) {
        generator->closing = true;
        waldo__fiber_resume(generator->fiber);
    }
    if (!generator->finished && !generator->run)
        finish_steps(generator);
    generator->finished = true;
}

void waldo__generator_free(waldo_generator *generator)
{
    if (!generator)
        return;
    waldo__generator_close(generator);
    waldo__fiber_free(generator->fiber);
    waldo__call_unref(generator->start);
    free(generator);
}

static waldo_generator *make(waldo_call *call)
{
    waldo_generator *generator = calloc(1, sizeof *generator);
    if (!generator)
        return NULL;
    generator->start = call;
    generator->ops = call->type->ops;
    generator->self = call->object->self;
    waldo__call_ref(call);
    return generator;
}

static int begin(waldo_call *call, waldo_generator *generator)
{
    if (call->method->flags & WALDO_METHOD_ITERATES_SELF) {
        call->object->generator = generator;
        return 0;
    }
    waldo_server *server = call->server;
    const waldo__type *type = waldo__registry_find(server->registry, "Iterator");
    waldo__server_lock(server);
    waldo__object *object = waldo__object_new(server, type, NULL, call->object);
    waldo__server_unlock(server);
    if (!object) {
        waldo__generator_free(generator);
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a generator");
    }
    object->generator = generator;
    waldo__call_answer_proxy(call, object);
    return 0;
}

/* A call of the generator's own, which no client waits for. It does not pin the object: that would
 * be kept alive by its own generator. */
static waldo_call *make_start(waldo_call *call)
{
    waldo_call *start = waldo__call_new_internal(call->server, call->session);
    if (!start)
        return NULL;
    start->type = call->type;
    start->method = call->method;
    start->request->thread = call->request->thread;
    start->request->object = call->request->object;
    return start;
}

int waldo__generator_begin(waldo_call *call, waldo__object *object)
{
    waldo_call *start = make_start(call);
    if (!start)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a generator");
    start->object = object;
    int status = call->method->invoke(start, call->type->ops, object->self, NULL);
    start->object = NULL;
    if (status < 0)
        waldo__call_raise_error(call, start->error);
    waldo__call_unref(start);
    if (status >= 0 && !object->generator)
        return waldo_call_raise(call, WALDO_ERUNTIME, "the handler started no generator");
    return status < 0 ? status : 0;
}

int waldo_call_generate(waldo_call *call,
                        int (*run)(waldo_generator *generator, waldo_call *call, const void *ops,
                                   void *self, const ProtobufCMessage *input))
{
    waldo_generator *generator = make(call);
    if (!generator)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a generator");
    generator->run = run;
    return begin(call, generator);
}

int waldo_call_generate_steps(waldo_call *call, void *state,
                              int (*next)(waldo_call *call, const void *ops, void *state),
                              void (*close)(const void *ops, void *state))
{
    waldo_generator *generator = make(call);
    if (!generator) {
        if (close)
            close(call->type->ops, state);
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a generator");
    }
    generator->state = state;
    generator->next = next;
    generator->close = close;
    return begin(call, generator);
}
