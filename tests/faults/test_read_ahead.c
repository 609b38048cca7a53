/* Items of generators that are made ahead: nobody who takes them one by one sees a difference. */
#include "relay.h"
#include "support.h"

enum { MANY = 5000 };

static server host;
static waldo_manager *manager; /* the client, whose network is the relay */
static relay *network;
static faults_register *reg;

static void set_up(void)
{
    start_server(&host, NULL);
    network = relay_start(host.urls[0]);
    manager = connect_to(&host, relay_url(network));
    reg = get_register(manager, "r");
}

static void tear_down(void)
{
    faults_register_unref(reg);
    waldo_manager_unref(manager);
    relay_free(network);
    stop_server(&host);
}

TestSuite(read_ahead, .init = set_up, .fini = tear_down);

static faults_register_count_up_iterator *begin(int64_t n)
{
    Faults__Number number = FAULTS__NUMBER__INIT;
    faults_register_count_up_iterator *iterator = NULL;
    number.n = n;
    OK(faults_register_count_up(reg, &number, &iterator, &error));
    return iterator;
}

static void expect(faults_register_count_up_iterator *iterator, int64_t first, int64_t end)
{
    for (int64_t i = first; i < end; i++) {
        const Faults__Number *item = NULL;
        waldo_error error = WALDO_ERROR_INIT;
        cr_assert_eq(faults_register_count_up_next(iterator, &item, &error), 1, "%s",
                     error.message);
        cr_assert_eq(item->n, i);
    }
}

static void expect_end(faults_register_count_up_iterator *iterator)
{
    const Faults__Number *item = NULL;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(faults_register_count_up_next(iterator, &item, NULL), 0);
}

Test(read_ahead, items_come_in_order_and_in_few_messages)
{
    faults_register_count_up_iterator *iterator = begin(MANY);
    size_t moved = relay_moved(network, TO_SERVER);
    expect(iterator, 0, MANY);
    /* A request has more than 50 bytes. */
    cr_assert_lt(relay_moved(network, TO_SERVER) - moved, MANY * 10);
    expect_end(iterator);
    faults_register_count_up_unref(iterator);
}

Test(read_ahead, an_error_comes_after_the_items_before_it)
{
    for (int64_t count = 0; count < 40; count++) {
        const Faults__Number *item = NULL;
        faults_register_count_up_iterator *iterator = begin(count > 0 ? -count : 0);
        expect(iterator, 0, count);
        if (count > 0) {
            waldo_error error = WALDO_ERROR_INIT;
            cr_assert_eq(faults_register_count_up_next(iterator, &item, &error), WALDO_EVALUE);
            cr_assert_str_eq(error.message, "it counts no further");
        }
        expect_end(iterator);
        faults_register_count_up_unref(iterator);
    }
}

Test(read_ahead, what_nobody_takes_is_dropped)
{
    uint64_t before = number_of_objects(manager);
    for (int64_t taken = 0; taken < 20; taken++) {
        faults_register_count_up_iterator *iterator = begin(MANY);
        expect(iterator, 0, taken);
        faults_register_count_up_unref(iterator);
    }
    cr_assert_eq(number_of_objects(manager), before);
}

Test(read_ahead, a_cut_loses_and_repeats_nothing)
{
    faults_register_count_up_iterator *iterator = begin(MANY);
    for (int64_t i = 0; i < MANY; i += 100) {
        relay_cut(network);
        expect(iterator, i, i + 100);
    }
    expect_end(iterator);
    faults_register_count_up_unref(iterator);
}

/* A client that knows nothing of it, with the same generator. */
Test(read_ahead, dynamic_steps_take_one)
{
    waldo_value *iterator = NULL, *item = NULL;
    waldo_proxy *proxy = NULL;
    OK(waldo_proxy_call(faults_register_proxy(reg), "count_up", waldo_v_tuple(waldo_v(3)),
                        &iterator, &error));
    OK(waldo_proxy_from_value(manager, iterator, &proxy, &error));
    for (int64_t i = 0; i < 3; i++) {
        waldo_value *n = NULL;
        int64_t number = -1;
        cr_assert_eq(waldo_proxy_next(proxy, &item, NULL), 1);
        OK(waldo_value_dict_get_str(item, "n", &n, &error));
        OK(waldo_value_get_int64(n, &number, &error));
        cr_assert_eq(number, i);
        waldo_value_unref(n);
        waldo_value_unref(item);
    }
    cr_assert_eq(waldo_proxy_next(proxy, &item, NULL), 0);
    waldo_proxy_unref(proxy);
    waldo_value_unref(iterator);
}
