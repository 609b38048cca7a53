/* What a client takes out of a container and does not get, because it dies, is there again. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "relay.h"
#include "support.h"

static const char *const short_times[] = {"--lease",   "3",   "--grace", "0.2",
                                          "--transit", "0.3", NULL};
static server host;
static waldo_manager *direct;
static relay *network;
static waldo_manager *client; /* whose network is the relay */
static uint64_t objects_before;

static void set_up(void)
{
    start_server(&host, short_times);
    direct = connect_to(&host, host.urls[0]);
    objects_before = number_of_objects(direct);
    network = relay_start(host.urls[0]);
    client = connect_to(&host, relay_url(network));
}

static void tear_down(void)
{
    AWAIT(number_of_objects(direct) == objects_before);
    waldo_manager_unref(client);
    waldo_manager_unref(direct);
    relay_free(network);
    stop_server(&host);
}

TestSuite(containers, .init = set_up, .fini = tear_down);

static bool prints(waldo_proxy *proxy, const char *expected)
{
    char *text = waldo_proxy_str(proxy);
    bool same = text && strcmp(text, expected) == 0;
    free(text);
    return same;
}

/* One call of the client, by name. */
typedef struct attempt {
    pthread_t thread;
    waldo_proxy *proxy; /* the client's */
    const char *method;
    waldo_value *arguments;
    int status;
} attempt;

static void *run(void *data)
{
    attempt *one = data;
    waldo_value *result;
    one->status = waldo_proxy_call(one->proxy, one->method, one->arguments, &result, NULL);
    return NULL;
}

/* The client calls the method. When the container has become `without`, the reply is on its way,
 * and goes no further. TAKES arguments. */
static void begin(attempt *one, waldo_proxy *proxy, const char *method, waldo_value *arguments,
                  const char *without)
{
    waldo_value *token;
    *one = (attempt){.method = method, .arguments = arguments};
    OK(waldo_proxy_to_value(proxy, &token, &error));
    OK(waldo_proxy_from_value(client, token, &one->proxy, &error));
    waldo_value_unref(token);
    relay_stall(network, TO_CLIENT, 1);
    cr_assert_eq(pthread_create(&one->thread, NULL, run, one), 0);
    AWAIT(prints(proxy, without));
}

/* The client's session ends, and the container becomes `with`. */
static void lose(attempt *one, waldo_proxy *proxy, const char *with)
{
    relay_refuse(network, 1);
    relay_cut(network);
    AWAIT(prints(proxy, with));
    relay_refuse(network, 0);
    relay_stall(network, TO_CLIENT, 0);
    pthread_join(one->thread, NULL);
    cr_assert_lt(one->status, 0);
    waldo_proxy_unref(one->proxy);
}

static waldo_proxy *create(const char *type_id, waldo_value *arguments)
{
    waldo_proxy *proxy;
    OK(waldo_proxy_create(direct, type_id, arguments, &proxy, &error));
    return proxy;
}

/* TAKES arguments. */
static void call(waldo_proxy *proxy, const char *method, waldo_value *arguments)
{
    waldo_value *result;
    OK(waldo_proxy_call(proxy, method, arguments, &result, &error));
    waldo_value_unref(result);
}

static waldo_proxy *create_dict(void)
{
    return create("dict", waldo_v_tuple(waldo_v_dict(waldo_v("a"), waldo_v(1), waldo_v("b"),
                                                     waldo_v(2), waldo_v("c"), waldo_v(3))));
}

Test(containers, a_popped_value_goes_back_to_its_place)
{
    attempt one;
    waldo_proxy *dict = create_dict();
    begin(&one, dict, "pop", waldo_v_tuple(waldo_v("b")), "{'a': 1, 'c': 3}");
    call(dict, "__setitem__", waldo_v_tuple(waldo_v("d"), waldo_v(4)));
    lose(&one, dict, "{'a': 1, 'b': 2, 'c': 3, 'd': 4}");
    waldo_proxy_unref(dict);
}

Test(containers, a_popped_item_goes_back_to_its_place)
{
    attempt one;
    waldo_proxy *dict = create_dict();
    begin(&one, dict, "popitem", waldo_v_none(), "{'a': 1, 'b': 2}");
    call(dict, "__setitem__", waldo_v_tuple(waldo_v("d"), waldo_v(4)));
    lose(&one, dict, "{'a': 1, 'b': 2, 'c': 3, 'd': 4}");
    waldo_proxy_unref(dict);
}

Test(containers, a_newer_value_of_the_key_stays)
{
    attempt one;
    waldo_proxy *dict = create_dict();
    begin(&one, dict, "pop_many",
          waldo_v_tuple(waldo_v_list(waldo_v("c"), waldo_v("a"), waldo_v("b"))), "{}");
    call(dict, "__setitem__", waldo_v_tuple(waldo_v("b"), waldo_v("newer")));
    lose(&one, dict, "{'a': 1, 'b': 'newer', 'c': 3}");
    waldo_proxy_unref(dict);
}

Test(containers, popped_items_go_back)
{
    attempt one;
    waldo_proxy *dict = create_dict();
    begin(&one, dict, "popitems", waldo_v_tuple(waldo_v(2)), "{'a': 1}");
    lose(&one, dict, "{'a': 1, 'b': 2, 'c': 3}");
    waldo_proxy_unref(dict);
}

/* The object that was in the dict lives as long as it may come back. */
Test(containers, an_object_that_was_popped_goes_back)
{
    attempt one;
    waldo_value *token;
    waldo_proxy *dict = create("dict", waldo_v_none());
    waldo_proxy *inner = create("list", waldo_v_none());
    OK(waldo_proxy_to_value(inner, &token, &error));
    call(dict, "__setitem__", waldo_v_tuple(waldo_v("inner"), token));
    waldo_proxy_unref(inner);
    char *before = waldo_proxy_str(dict);
    begin(&one, dict, "pop", waldo_v_tuple(waldo_v("inner")), "{}");
    lose(&one, dict, before);
    free(before);
    waldo_value *value;
    OK(waldo_proxy_call(dict, "__getitem__", waldo_v_tuple(waldo_v("inner")), &value, &error));
    OK(waldo_proxy_from_value(direct, value, &inner, &error));
    call(inner, "append", waldo_v_tuple(waldo_v(1)));
    waldo_value_unref(value);
    waldo_proxy_unref(inner);
    waldo_proxy_unref(dict);
}

Test(containers, list_and_set)
{
    attempt one;
    waldo_proxy *list = create("list", waldo_v_tuple(waldo_v("abc")));
    begin(&one, list, "pop", waldo_v_tuple(waldo_v(1)), "['a', 'c']");
    lose(&one, list, "['a', 'b', 'c']");
    waldo_proxy_unref(list);
    waldo_proxy *set = create("set", waldo_v_tuple(waldo_v("a")));
    begin(&one, set, "pop", waldo_v_none(), "set()");
    lose(&one, set, "{'a'}");
    waldo_proxy_unref(set);
}
