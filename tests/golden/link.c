/* Uses generated code as a program would: what is written here must compile and link. It calls no
 * server; it looks at the tables, and at what the thunks do with handlers that are not there. */
#include <stdio.h>
#include <string.h>

#include "comments.service.h"
#include "generators.proxy.h"
#include "generators.service.h"
#include "shapes.proxy.h"
#include "shop/counter.proxy.h"
#include "shop/counter.service.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* Never called: that it compiles is the test. */
int visit(waldo_manager *manager, waldo_error *reterr);

int visit(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(shop_counter) counter = NULL;
    WALDO_AUTO(shop_counter) twin = NULL;
    WALDO_AUTO(shop_counter_countdown_iterator) iterator = NULL;
    WALDO_AUTO(a_b_c_baz) baz = NULL;
    Shop__Start start = SHOP__START__INIT;
    A__B__C__Range range = A__B__C__RANGE__INIT;
    int64_t sum = 0;
    int status = shop_counter_new(manager, &start, &counter, reterr);
    if (status >= 0)
        status = shop_counter_twin(counter, &twin, reterr);
    if (status >= 0)
        status = shop_counter_countdown(twin, &iterator, reterr);
    if (status < 0)
        return status;
    WALDO_FOR_EACH(shop_counter_countdown, iterator, item, &status, reterr)
        sum += item->n;
    if (status >= 0)
        status = a_b_c_baz_new(manager, &range, &baz, reterr);
    if (status < 0)
        return status;
    WALDO_FOR_EACH(a_b_c_baz, baz, item, &status, reterr)
        sum += item->value;
    return status < 0 ? status : sum > 0;
}

static int add(void *self, waldo_call *call, const Shop__Number *arguments, Shop__Number *result)
{
    (void)self;
    (void)call;
    result->n = arguments->n + 1;
    return 0;
}

static int next(void *state, waldo_call *call, Shop__Number *item)
{
    (void)state;
    (void)call;
    (void)item;
    return 0;
}

static int countdown(waldo_generator *generator, waldo_call *call, void *self)
{
    (void)call;
    (void)self;
    Shop__Number item = SHOP__NUMBER__INIT;
    return shop_counter_countdown_yield(generator, &item);
}

static int check_counter(void)
{
    const waldo_service *service = &shop_counter_service;
    struct shop_counter_ops ops = {.add = add};
    CHECK(service->abi == WALDO_ABI);
    CHECK(strcmp(service->name, "shop.Counter") == 0);
    CHECK(service->method_count == 5 && service->typeid_count == 2);
    CHECK(service->create_input == &shop__start__descriptor);
    CHECK(service->typeids[0].exposed == NULL && !service->typeids[0].no_create);
    CHECK(strcmp(service->typeids[1].exposed[1], "_reset") == 0 && service->typeids[1].no_create);
    CHECK(service->typeids[1].exposed[2] == NULL);
    CHECK(service->methods[1].deadline_ms == 500);
    CHECK(service->methods[1].flags == WALDO_METHOD_READ_ONLY);
    CHECK(strcmp(service->methods[4].returns, "Counter") == 0);

    CHECK(service->provides(&ops, 0) && !service->provides(&ops, 1));
    CHECK(!service->provides(&ops, 5));
    CHECK(!service->provides(&ops, 3));
    ops.countdown = countdown;
    CHECK(service->provides(&ops, 3));
    ops.countdown_steps.next = next;
    CHECK(!service->provides(&ops, 3)); /* one of the two, not both */
    ops.countdown = NULL;
    CHECK(service->provides(&ops, 3));

    CHECK(!service->creates(&ops));
    CHECK(service->create(NULL, &ops, NULL, NULL, NULL) == WALDO_ENOTIMPLEMENTED);
    CHECK(service->repr(NULL, &ops, NULL, NULL) == WALDO_ENOTIMPLEMENTED);
    CHECK(service->getvalue(NULL, &ops, NULL, NULL) == WALDO_ENOTIMPLEMENTED);
    service->destroy(&ops, NULL);
    return 0;
}

static int check_proxies(void)
{
    CHECK(shop_audit_counter_type.method_count == 2);
    CHECK(strcmp(shop_audit_counter_type.methods[1], "_reset") == 0);
    CHECK(strcmp(a_b_c_baz_type.type_id, "baz") == 0);
    CHECK(strcmp(a_b_c_baz_type.methods[0], "__next__") == 0);
    CHECK(shapes_board_type.method_count == 9);
    CHECK(shop_counter_unref(NULL) == NULL);
    CHECK(shop_counter_countdown_unref(NULL) == NULL);
    return 0;
}

static int check_comments(void)
{
    const waldo_service_method *methods = comments_nasty_service.methods;
    CHECK(strstr(comments_nasty_service.comment, "Ends a comment: */ and") != NULL);
    CHECK(strstr(comments_nasty_service.comment, "?\?/ ?\?( ?\?)") != NULL);
    CHECK(strcmp(methods[0].comment, "/") == 0);
    CHECK(strcmp(methods[2].comment, "\\") == 0);
    CHECK(strcmp(methods[3].comment, "?\?/") == 0);
    CHECK(strcmp(methods[5].comment, "") == 0 && strcmp(methods[6].comment, "") == 0);
    CHECK(strlen(methods[7].comment) > 4095);
    CHECK(strcmp(methods[10].comment, "") == 0);
    return 0;
}

int main(void)
{
    return check_counter() + check_proxies() + check_comments();
}
