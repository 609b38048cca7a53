#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "counter.proxy.h"

static waldo_error err;

static void check(int status)
{
    if (status < 0) {
        waldo_error_print(&err, stderr);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    waldo_manager *manager;
    check(waldo_connect(argc > 1 ? argv[1] : "tcp://127.0.0.1:5555", NULL, &manager, &err));

    Shop__Start start = SHOP__START__INIT;
    start.at = 1;
    shop_counter *counter;
    check(shop_counter_new(manager, &start, &counter, &err));

    Shop__Number two = SHOP__NUMBER__INIT, *sum;
    two.n = 2;
    check(shop_counter_add(counter, &two, &sum, &err));
    printf("sum %" PRId64 "\n", sum->n);
    shop__number__free_unpacked(sum, NULL);

    int status;
    shop_counter_countdown_iterator *numbers;
    check(shop_counter_countdown(counter, &numbers, &err));
    WALDO_FOR_EACH(shop_counter_countdown, numbers, item, &status, &err)
        printf("<%" PRId64 ">\n", item->n);
    check(status);

    shop_counter_countdown_unref(numbers);
    shop_counter_unref(counter);
    waldo_manager_unref(manager);
    return 0;
}
