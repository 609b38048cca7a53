/* Iterator: the steps of a generator, and what a client can say to it (section E). */
#include <stdatomic.h>

#include "live.h"

#include <waldo/value_methods.h>

#include "waldo/value.pb-c.h"

/* ---- A generator that adds up what it is sent ---- */

static atomic_int closed;

static int yield_int(waldo_generator *generator, int64_t number)
{
    Waldo__Value item = WALDO__VALUE__INIT;
    item.kind_case = WALDO__VALUE__KIND_INTEGER;
    item.integer = number;
    return waldo_generator_yield(generator, &item.base);
}

/* Yields the sum so far; a KeyError makes it 100, another error ends it. It ends at 50. */
static int add_up(waldo_generator *generator, waldo_call *call, const void *ops, void *self,
                  const ProtobufCMessage *input)
{
    (void)call;
    (void)ops;
    (void)self;
    (void)input;
    int64_t sum = 0;
    while (sum != 50) {
        int status = yield_int(generator, sum);
        if (status == WALDO_EKEY) {
            sum = 100;
        } else if (status < 0) {
            closed++;
            return status;
        }
        const waldo_value *received = waldo_generator_received(generator);
        int64_t number;
        if (received && waldo_value_get_int64(received, &number, NULL) >= 0)
            sum += number;
    }
    return 0;
}

static int start_adding(waldo_call *call, const void *ops, void *self,
                        const ProtobufCMessage *input)
{
    (void)ops;
    (void)self;
    (void)input;
    return waldo_call_generate(call, add_up);
}

static const waldo_service_method adder_methods[] = {
    {.name = "sums",
     .signature = "",
     .comment = "",
     .output = &waldo__value__descriptor,
     .flags = WALDO_METHOD_GENERATOR,
     .invoke = start_adding},
};

static const waldo_service_typeid adder_typeids[] = {{.type_id = "Adder"}};

static bool adder_provides(const void *ops, size_t position)
{
    (void)ops;
    return position == 0;
}

static bool adder_creates(const void *ops)
{
    (void)ops;
    return true;
}

static int adder_create(waldo_call *call, const void *ops, void *type_data,
                        const ProtobufCMessage *input, void **ret_self)
{
    (void)call;
    (void)ops;
    (void)type_data;
    (void)input;
    *ret_self = NULL;
    return 0;
}

static const waldo_service adder_service = {
    .abi = WALDO_ABI,
    .name = "test.Adder",
    .comment = "",
    .methods = adder_methods,
    .method_count = 1,
    .typeids = adder_typeids,
    .typeid_count = 1,
    .provides = adder_provides,
    .creates = adder_creates,
    .create = adder_create,
};

/* ---- The tests ---- */

static waldo_registry *registry;
static waldo_proxy *adder, *sums;

static waldo_proxy *iterator_of(waldo_proxy *proxy, const char *method)
{
    waldo_value *token;
    waldo_proxy *iterator;
    must(waldo_proxy_call(proxy, method, waldo_v_none(), &token, &err));
    must(waldo_proxy_from_value(manager, token, &iterator, &err));
    waldo_value_unref(token);
    return iterator;
}

static void begin(void)
{
    waldo_server_options options = {.authkey = "key", .authkey_size = 3};
    closed = 0;
    registry = waldo_registry_new(NULL);
    must(waldo_registry_add_service(registry, &adder_service, NULL, NULL, &err));
    must(waldo_server_new(registry, &options, &server, &err));
    must(waldo_server_listen(server, "tcp://127.0.0.1:0", NULL, &err));
    cr_assert_eq(pthread_create(&server_thread, NULL, live_serve, server), 0);
    manager = live_connect();
    must(waldo_proxy_create(manager, "Adder", waldo_v_none(), &adder, &err));
    sums = iterator_of(adder, "sums");
}

static void end(void)
{
    waldo_proxy_unref(sums);
    waldo_proxy_unref(adder);
    live_end();
    waldo_registry_unref(registry);
}

TestSuite(iterator, .init = begin, .timeout = 60);

static void next_is(const char *expected)
{
    waldo_value *item;
    cr_assert_eq(must(waldo_proxy_next(sums, &item, &err)), 1);
    prints(item, expected);
}

static void is_exhausted(void)
{
    waldo_value *item;
    cr_assert_eq(must(waldo_proxy_next(sums, &item, &err)), 0);
}

static int say(const char *method, waldo_value *argument, waldo_value **ret_item)
{
    return waldo_proxy_call(sums, method, waldo_v_tuple(argument), ret_item, &err);
}

static void send_gives(waldo_value *value, const char *expected)
{
    waldo_value *item;
    must(say("send", value, &item));
    prints(item, expected);
}

Test(iterator, exposes_what_pythons_does)
{
    static const char *const names[] = {"__next__", "close", "send", "throw", NULL};
    const char *const *exposed = waldo_proxy_exposed(sums);
    for (size_t i = 0; i < 5; i++)
        cr_assert(names[i] ? strcmp(exposed[i], names[i]) == 0 : exposed[i] == NULL);
    waldo_proxy *proxy = NULL;
    must_fail(waldo_proxy_create(manager, "Iterator", waldo_v_none(), &proxy, &err),
              WALDO_EATTRIBUTE);
    end();
}

Test(iterator, hears_what_is_sent)
{
    waldo_value *item = NULL;
    must_fail(say("send", waldo_v(1), &item), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "can't send non-None value to a just-started generator");
    send_gives(waldo_v_none(), "0");
    send_gives(waldo_v(5), "5");
    next_is("5");
    send_gives(waldo_v(-3), "2");
    must_fail(say("send", waldo_v(48), &item), WALDO_ESTOP);
    must_fail(say("send", waldo_v(1), &item), WALDO_ESTOP);
    is_exhausted();
    must_fail(waldo_proxy_call(sums, "send", waldo_v_tuple(), &item, &err), WALDO_ETYPE);
    cr_assert_null(item);
    end();
}

Test(iterator, may_catch_what_is_thrown)
{
    waldo_value *item;
    next_is("0");
    must(say("throw", waldo_v_error(WALDO_EKEY, NULL, "'x'"), &item));
    prints(item, "100");
    next_is("100");
    end();
}

Test(iterator, lets_the_other_errors_through)
{
    waldo_value *item = NULL;
    next_is("0");
    must_fail(say("throw", waldo_v_error(WALDO_EVALUE, "TooMuch", "too much"), &item),
              WALDO_EVALUE);
    cr_assert_str_eq(err.type_name, "TooMuch");
    cr_assert_str_eq(err.message, "too much");
    cr_assert_eq(closed, 1);
    is_exhausted();
    must_fail(say("throw", waldo_v_error(WALDO_EKEY, NULL, "again"), &item), WALDO_EKEY);
    must_fail(say("throw", waldo_v(5), &item), WALDO_ETYPE);
    cr_assert_null(item);
    end();
}

Test(iterator, an_error_before_the_first_step)
{
    waldo_value *item = NULL;
    must_fail(say("throw", waldo_v_error(WALDO_EKEY, NULL, "early"), &item), WALDO_EKEY);
    cr_assert_eq(closed, 0);
    is_exhausted();
    end();
}

Test(iterator, is_closed_once)
{
    waldo_value *nothing;
    next_is("0");
    for (int i = 0; i < 2; i++) {
        must(waldo_proxy_call(sums, "close", waldo_v_none(), &nothing, &err));
        waldo_value_unref(nothing);
        cr_assert_eq(closed, 1);
    }
    is_exhausted();
    end();
}

/* Of a list only the steps are there, as in Python. */
Test(iterator, one_that_is_no_function)
{
    waldo_list *list;
    waldo_value *item = NULL;
    must(waldo_list_new_from(manager, waldo_v("ab"), &list, &err));
    waldo_proxy_unref(sums);
    sums = iterator_of(waldo_list_proxy(list), "__reversed__");
    next_is("'b'");
    must_fail(say("send", waldo_v_none(), &item), WALDO_EATTRIBUTE);
    must_fail(say("throw", waldo_v_error(WALDO_EKEY, NULL, ""), &item), WALDO_EATTRIBUTE);
    cr_assert_null(item);
    must(waldo_proxy_call(sums, "close", waldo_v_none(), &item, &err));
    waldo_value_unref(item);
    is_exhausted();
    waldo_list_unref(list);
    end();
}
