/* Rows B1 to B21: what a server answers. Those in which somebody waits or goes away are in
 * rows_waiting.c. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/service.h>

#include "trial_rows.h"

static void *connect_and_ping(void *unused)
{
    waldo_manager *manager = row_connect();
    must(waldo_manager_ping(manager, &err));
    waldo_manager_unref(manager);
    return unused;
}

/* Python refused some once more came than the backlog holds. */
ROW(B1_many_connections_at_once, "")
{
    if (row_over_inproc())
        row_skip("libnanomsg's inproc is not safe when many connect at once");
    pthread_t threads[40];
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        expect_equal(pthread_create(&threads[i], NULL, connect_and_ping, NULL), 0);
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        pthread_join(threads[i], NULL);
}

/* Python opens four connections to create an object and one more to drop it. */
ROW(B4_one_connection_for_everything, "Counter")
{
    waldo_manager *manager = row_connect();
    must(waldo_manager_ping(manager, &err));
    size_t before = row_descriptors();
    for (int i = 0; i < 50; i++) {
        trial_counter *counter = row_counter(manager, i);
        expect_equal(row_add(counter, 1), i + 1);
        trial_counter_unref(counter);
        expect_equal(row_descriptors(), before);
    }
    expect_equal(row_objects(), 0);
    waldo_manager_unref(manager);
}

ROW(B5_create, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_proxy *proxy = NULL;
    trial_counter *counter = NULL;
    Trial__Number negative = TRIAL__NUMBER__INIT;
    negative.n = -1;
    must_fail(waldo_proxy_create(manager, "NoSuchType", waldo_v_none(), &proxy, &err), WALDO_EKEY);
    expect(strstr(err.message, "NoSuchType"));
    /* With Python it is a RemoteError, whatever the constructor raises. */
    must_fail(trial_counter_new(manager, &negative, &counter, &err), WALDO_EVALUE);
    expect_text(err.type_name, "ValueError");
    expect_text(err.message, "a counter cannot start at -1");
    expect(strstr(err.trace, "Counter"));
    must_fail(
        waldo_proxy_create(manager, "Counter", waldo_v_tuple(waldo_v(1), waldo_v(2)), &proxy, &err),
        WALDO_ETYPE);
    must_fail(waldo_proxy_create(manager, "Counter", waldo_v_fields("m", waldo_v(1)), &proxy, &err),
              WALDO_ETYPE);
    expect_equal(row_objects(), 0);
    must(waldo_proxy_create(manager, "Counter", waldo_v_fields("n", waldo_v(1)), &proxy, &err));
    waldo_proxy_unref(proxy);
    waldo_manager_unref(manager);
}

static int name_it(waldo_manager *manager, waldo_proxy *referent, waldo_proxy **ret_name)
{
    waldo_value *reference = NULL;
    must(waldo_proxy_to_value(referent, &reference, &err));
    return waldo_proxy_create(manager, "FooName", reference, ret_name, &err);
}

ROW(B6_name_only_types, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_proxy *foo = NULL, *name = NULL, *wrong = NULL;
    must_fail(waldo_proxy_create(manager, "FooName", waldo_v_none(), &wrong, &err), WALDO_EVALUE);
    expect_text(err.message, "Without callable, must have one non-keyword argument");
    must_fail(waldo_proxy_create(manager, "FooName", waldo_v(5), &wrong, &err), WALDO_ETYPE);
    trial_counter *counter = row_counter(manager, 0);
    must_fail(name_it(manager, trial_counter_proxy(counter), &wrong), WALDO_ETYPE);
    trial_counter_unref(counter);
    must(waldo_proxy_create(manager, "Bar", waldo_v_none(), &foo, &err));
    must(name_it(manager, foo, &name));
    expect_text(waldo_proxy_typeid(name), "FooName");
    /* Each name has its own exposed set, and keeps the referent. */
    waldo_proxy_unref(foo);
    waldo_value *result = NULL;
    must_fail(waldo_proxy_call(name, "g", waldo_v_none(), &result, &err), WALDO_EVALUE);
    must_fail(waldo_proxy_call(name, "_h", waldo_v_none(), &result, &err), WALDO_EATTRIBUTE);
    waldo_proxy_unref(name);
    expect_equal(row_objects(), 0);
    waldo_manager_unref(manager);
}

static int64_t add_common(trial_common *common, int64_t n)
{
    Trial__Number number = TRIAL__NUMBER__INIT, *sum = NULL;
    number.n = n;
    must(trial_common_add(common, &number, &sum, &err));
    int64_t result = sum->n;
    trial__number__free_unpacked(sum, NULL);
    return result;
}

ROW(B7_the_same_referent_is_the_same_object, "Counter")
{
    waldo_manager *first = row_connect(), *second = row_connect();
    trial_common *one = NULL, *other = NULL;
    must(trial_common_new(first, &one, &err));
    must(trial_common_new(second, &other, &err));
    expect_equal(waldo_proxy_object(trial_common_proxy(one)),
                 waldo_proxy_object(trial_common_proxy(other)));
    expect_equal(row_objects(), 1);
    int64_t before = add_common(one, 0);
    trial_common_unref(one);
    expect_equal(row_objects(), 1);
    /* What one has added the other sees. */
    expect_equal(add_common(other, 5), before + 5);
    trial_common_unref(other);
    expect_equal(row_objects(), 0);
    waldo_manager_unref(first);
    waldo_manager_unref(second);
}

/* Nobody has told it anything but the name. */
CLIENT(answer_by_name)
{
    waldo_proxy *queue = row_create("SharedQueue", waldo_v_none());
    row_say(waldo_v_int64((int64_t)waldo_proxy_object(queue)));
    waldo_value_unref(row_hear());
    row_say(row_call(queue, "get", waldo_v_none()));
    row_gives(queue, "put", waldo_v_tuple(waldo_v("answer")), "None");
    waldo_proxy_unref(queue);
}

ROW(B7_a_name_that_all_clients_share, "SharedQueue")
{
    row_client *client = row_start_process("answer_by_name");
    waldo_value *object = row_listen(client);
    waldo_proxy *queue = row_create("SharedQueue", waldo_v_none());
    int64_t theirs = 0;
    must(waldo_value_get_int64(object, &theirs, &err));
    waldo_value_unref(object);
    expect_equal(waldo_proxy_object(queue), theirs);
    expect_equal(row_objects(), 1);
    row_tell(client, waldo_v_none());
    row_gives(queue, "put", waldo_v_tuple(waldo_v("question")), "None");
    expect_repr(row_listen(client), "'question'");
    row_gives(queue, "get", waldo_v_none(), "'answer'");
    row_finish(client);
    must_fail(row_try_create("SharedQueue", waldo_v_tuple(waldo_v(5))), WALDO_ETYPE);
    /* It outlives all who have it. */
    row_gives(queue, "put", waldo_v_tuple(waldo_v("left")), "None");
    waldo_proxy_unref(queue);
    row_until(row_objects() == 0);
    queue = row_create("SharedQueue", waldo_v_none());
    expect_equal(waldo_proxy_object(queue), theirs);
    row_gives(queue, "get", waldo_v_none(), "'left'");
    waldo_proxy_unref(queue);
}

/* One entry of the debug information, in which others may stand before and after it. */
static void check_debug_info(waldo_proxy *proxy, int references, const char *shows)
{
    char expected[256];
    char *text = NULL;
    must(waldo_manager_debug_info(waldo_proxy_manager(proxy), &text, &err));
    size_t length =
        (size_t)snprintf(expected, sizeof expected, "  %" PRIu64 ":       refcount=%d\n    %s",
                         waldo_proxy_object(proxy), references, shows);
    const char *entry = strstr(text, expected);
    if (!entry || (entry > text && entry[-1] != '\n') || (entry[length] && entry[length] != '\n'))
        expect_text(text, expected);
    free(text);
}

ROW(B8_the_creator_holds_one_reference, "Counter")
{
    int64_t destroyed = row_event_count("destroyed");
    waldo_manager *manager = row_connect();
    trial_counter *counter = row_counter(manager, 5);
    check_debug_info(trial_counter_proxy(counter), 1, "Counter(5)");
    trial_counter *again = trial_counter_ref(counter);
    check_debug_info(trial_counter_proxy(counter), 1, "Counter(5)");
    trial_counter_unref(again);
    check_debug_info(trial_counter_proxy(counter), 1, "Counter(5)");
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
    row_await_event("destroyed", destroyed + 1);
}

ROW(B9_number_of_objects, "Counter")
{
    waldo_manager *manager = row_connect(), *other = row_connect();
    trial_counter *counters[10];
    for (size_t i = 0; i < 10; i++) {
        counters[i] = row_counter(manager, 0);
        expect_equal(row_objects(), i + 1);
    }
    for (size_t i = 0; i < 10; i++) {
        trial_counter_unref(counters[i]);
        expect_equal(row_objects(), 9 - i);
    }
    waldo_manager_unref(other);
    waldo_manager_unref(manager);
}

ROW(B10_debug_info, "Counter")
{
    waldo_manager *manager = row_manager();
    trial_counter *counters[3];
    for (size_t i = 0; i < 3; i++)
        counters[i] = row_counter(manager, (int64_t)i);
    check_debug_info(trial_counter_proxy(counters[0]), 1, "Counter(0)");
    check_debug_info(trial_counter_proxy(counters[1]), 1, "Counter(1)");
    check_debug_info(trial_counter_proxy(counters[2]), 1, "Counter(2)");
    char *text = NULL;
    must(waldo_manager_debug_info(manager, &text, &err));
    const char *zero = strstr(text, "Counter(0)"), *one = strstr(text, "Counter(1)"),
               *two = strstr(text, "Counter(2)");
    expect(zero < one && one < two);
    free(text);
    for (size_t i = 0; i < 3; i++)
        trial_counter_unref(counters[i]);
    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    check_debug_info(trial_raiser_proxy(raiser), 1, "(its repr failed)");
    trial_raiser_unref(raiser);
}

ROW(B13_methods_of_types_and_objects, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_type_info *info = NULL;
    must(waldo_manager_describe(manager, "Counter", &info, &err));
    expect_text(info->type_id, "Counter");
    expect_equal(info->method_count, 3);
    expect_text(info->methods[0].name, "add");
    expect_text(info->methods[0].signature, "add(trial.Number) returns (trial.Number)");
    expect_text(info->methods[0].comment, "Adds and returns the sum.");
    expect_text(info->methods[0].parameters[0], "n: int64");
    expect(!info->methods[0].parameters[1]);
    expect_text(info->methods[2].returns, "Counter");
    waldo_type_info_free(info);
    must_fail(waldo_manager_describe(manager, "NoSuchType", &info, &err), WALDO_EKEY);
    char **typeids = NULL;
    must(waldo_manager_typeids(manager, &typeids, &err));
    bool found = false;
    for (size_t i = 0; typeids[i]; i++) {
        found = found || strcmp(typeids[i], "ReadMaker") == 0;
        expect(i == 0 || strcmp(typeids[i - 1], typeids[i]) < 0);
    }
    expect(found);
    free(typeids);
    waldo_manager_unref(manager);
}

ROW(B16_methods_that_are_not_there, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_bar *bar = NULL;
    waldo_value *result = NULL;
    must(trial_bar_new(manager, &bar, &err));
    waldo_proxy *proxy = trial_bar_proxy(bar);
    must_fail(waldo_proxy_call(proxy, "g", waldo_v_none(), &result, &err), WALDO_EATTRIBUTE);
    expect_text(err.type_name, "AttributeError");
    expect_text(err.message, "'Bar' exposes no method 'g'");
    trial_bar_unref(bar);
    waldo_manager_unref(manager);
}

ROW(B16_methods_that_are_always_there, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_counter *counter = row_counter(manager, 6);
    static const char *const names[] = {"__str__", "__repr__", "#GETVALUE"};
    static const char *const shown[] = {"'Counter(6)'", "'Counter(6)'", "6"};
    for (size_t i = 0; i < 3; i++) {
        waldo_value *result = NULL;
        must(waldo_proxy_call(trial_counter_proxy(counter), names[i], waldo_v_none(), &result,
                              &err));
        char *text = waldo_value_repr(result);
        expect_text(text, shown[i]);
        free(text);
        waldo_value_unref(result);
    }
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
}

static int raise(trial_raiser *raiser, int code, const char *type_name, const char *message)
{
    Trial__Failure failure = TRIAL__FAILURE__INIT;
    failure.code = code;
    failure.type_name = (char *)type_name;
    failure.message = (char *)message;
    return trial_raiser_raise(raiser, &failure, &err);
}

ROW(B17_errors_cross_as_what_they_are, "Counter")
{
    static const int codes[] = {
#define CODE(name, number, type, text) number,
        WALDO_ERROR_MAP(CODE)
#undef CODE
    };
    waldo_manager *manager = row_connect();
    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        must_fail(raise(raiser, codes[i], "", "for this reason"), codes[i]);
        expect_text(err.type_name, waldo_error_type(codes[i]));
        expect_text(err.message, "for this reason");
        expect(strstr(err.trace, "trial.Raiser.raise"));
    }
    must_fail(raise(raiser, WALDO_EKEY, "PaymentError", "no funds"), WALDO_EKEY);
    expect_text(err.type_name, "PaymentError");
    char message[2000];
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    must_fail(raise(raiser, WALDO_EVALUE, "", message), WALDO_EVALUE);
    expect_equal(strlen(err.message), sizeof err.message - 1);
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

ROW(B17_handlers_that_say_nothing_of_use, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    static const struct {
        int64_t given;
        int code;
    } cases[] = {{WALDO_EINDEX, WALDO_EINDEX},
                 {-999, WALDO_ERUNTIME},
                 {1, WALDO_ERUNTIME},
                 {77, WALDO_ERUNTIME},
                 {WALDO_DEFERRED, WALDO_ERUNTIME}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Trial__Number number = TRIAL__NUMBER__INIT;
        number.n = cases[i].given;
        must_fail(trial_raiser_give(raiser, &number, &err), cases[i].code);
        expect(err.message[0] != '\0');
    }
    trial_maker *maker = NULL;
    trial_counter *nothing = NULL;
    must(trial_maker_new(manager, &maker, &err));
    must_fail(trial_maker_nothing(maker, &nothing, &err), WALDO_ERUNTIME);
    trial_maker_unref(maker);
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

ROW(B18_results_that_cannot_be_sent, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_raiser *raiser = NULL;
    trial_box *box = NULL;
    waldo_value *result = NULL;
    Trial__Blob *blob = NULL;
    Trial__Number size = TRIAL__NUMBER__INIT;
    must(trial_raiser_new(manager, &raiser, &err));
    must(trial_box_new(manager, &box, &err));
    must_fail(waldo_proxy_call(trial_raiser_proxy(raiser), "garble", waldo_v_none(), &result, &err),
              WALDO_EPROTOCOL);
    size.n = (64 << 20) + 1; /* more than the default limit */
    must_fail(trial_box_zeros(box, &size, &blob, &err), WALDO_ETOOBIG);
    size.n = 1 << 20;
    must(trial_box_zeros(box, &size, &blob, &err));
    expect_equal(blob->data.len, size.n);
    trial__blob__free_unpacked(blob, NULL);
    trial_box_unref(box);
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

/* In Python these kill the serving thread, and the caller's connection stays dead. */
ROW(B19_errors_that_end_a_program, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    static const char *const names[] = {"KeyboardInterrupt", "SystemExit", "GeneratorExit"};
    for (size_t i = 0; i < 3; i++) {
        must_fail(raise(raiser, WALDO_ERUNTIME, names[i], "the end"), WALDO_ERUNTIME);
        expect_text(err.type_name, names[i]);
        must(waldo_manager_ping(manager, &err));
    }
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

ROW(B21_ping, "")
{
    waldo_manager *manager = row_connect();
    must(waldo_manager_ping(manager, &err));
    waldo_manager_unref(manager);
}
