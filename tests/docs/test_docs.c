/* The programs of docs/ do what it says. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "clients.h"
#include "containers.h"
#include "handlers.h"
#include "queues.h"

static waldo_registry *registry;
static waldo_manager *manager;
static waldo_error error;

#define CHECK(call) cr_assert((call) >= 0, "%s: %s", #call, error.message)

static void start(void)
{
    registry = waldo_registry_new(NULL);
    cr_assert_not_null(registry);
    CHECK(shop_register(registry, &error));
    CHECK(start_manager(registry, &manager, &error));
}

static void end(void)
{
    if (!manager)
        return;
    CHECK(waldo_manager_shutdown(manager, &error));
    int code;
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 1);
    cr_expect_eq(code, 0);
    waldo_manager_unref(manager);
    waldo_registry_unref(registry);
}

static void expect_no_objects(void)
{
    uint64_t count;
    CHECK(waldo_manager_number_of_objects(manager, &count, &error));
    cr_expect_eq(count, 0, "%d objects are left in the server", (int)count);
}

static shop_counter *new_counter(int64_t at)
{
    shop_counter *counter;
    Shop__Start start = SHOP__START__INIT;
    start.at = at;
    CHECK(shop_counter_new(manager, &start, &counter, &error));
    return counter;
}

TestSuite(docs, .init = start, .fini = end, .timeout = 60);

Test(docs, typed_calls)
{
    shop_counter *counter = new_counter(3);
    int64_t sum;
    CHECK(add_two(counter, &sum, &error));
    cr_expect_eq(sum, 5);
    CHECK(add_all(counter, &sum, &error));
    cr_expect_eq(sum, 15);
    cr_expect_eq(count_in_child(counter), 0);
    CHECK(add_two(counter, &sum, &error));
    cr_expect_eq(sum, 9);
    shop_counter_unref(counter);
}

Test(docs, futures)
{
    shop_counter *counter = new_counter(3), *both[2];
    int64_t sum;
    CHECK(twins(counter, both, &error));
    for (int i = 0; i < 2; i++) {
        CHECK(add_two(both[i], &sum, &error));
        cr_expect_eq(sum, 5);
        shop_counter_unref(both[i]);
    }
    shop_counter_unref(counter);
    expect_no_objects();
}

typedef struct job_getter {
    waldo_future *next;
    waldo_value *job;
    int status;
} job_getter;

static void *run_get_job(void *argument)
{
    job_getter *getter = argument;
    waldo_error failure;
    getter->status = get_job(getter->next, &getter->job, &failure);
    return NULL;
}

Test(docs, a_waiting_thread_is_told_to_stop)
{
    waldo_queue *jobs;
    CHECK(waldo_queue_new(manager, 0, &jobs, &error));
    for (int has_job = 0; has_job < 2; has_job++) {
        job_getter getter = {.status = -1};
        pthread_t thread;
        CHECK(start_to_get(jobs, &getter.next, &error));
        cr_assert_eq(pthread_create(&thread, NULL, run_get_job, &getter), 0);
        if (has_job)
            CHECK(waldo_queue_put(jobs, waldo_v(5), 0, &error));
        else
            cr_assert(waldo_future_cancel(getter.next));
        pthread_join(thread, NULL);
        cr_expect_eq(getter.status, has_job);
        waldo_value_unref(getter.job);
        waldo_future_unref(getter.next);
    }
    waldo_queue_unref(jobs);
    expect_no_objects();
}

Test(docs, batches)
{
    waldo_dict *prices;
    waldo_list *list = NULL;
    waldo_value *price;
    int64_t number;
    CHECK(waldo_dict_new(manager, &prices, &error));
    cr_expect_eq(write_price(manager, prices, &list, &error), 2);
    CHECK(waldo_dict_set(prices, waldo_v("tea"), waldo_v(3), &error));
    cr_assert_eq(write_price(manager, prices, &list, &error), 0, "%s", error.message);
    CHECK(waldo_list_get(list, 0, &price, &error));
    CHECK(waldo_value_get_int64(price, &number, &error));
    cr_expect_eq(number, 3);
    waldo_value_unref(price);
    waldo_list_unref(list);
    waldo_dict_unref(prices);
    expect_no_objects();
}

Test(docs, errors)
{
    shop_counter *counter = new_counter(INT64_MAX - 1);
    cr_expect_eq(add_or_give_up(counter, &error), 0);
    cr_expect_eq(error.code, WALDO_EOVERFLOW);
    cr_expect_str_eq(error.type_name, "TooManyVisitors");
    cr_expect_str_eq(error.message, "past 2^63");
    cr_expect(strstr(error.trace, "shop.Counter.add") != NULL, "%s", error.trace);
    shop_counter_unref(counter);

    waldo_manager *nobody = NULL;
    cr_expect_eq(connect_to("tcp://127.0.0.1:1", &nobody, &error), WALDO_EREFUSED);
    cr_expect_null(nobody);
    expect_no_objects();
}

Test(docs, typeids)
{
    Shop__Start start = SHOP__START__INIT;
    start.at = 7;
    shop_audit_counter *audit;
    CHECK(shop_audit_counter_new(manager, &start, &audit, &error));
    CHECK(shop_audit_counter__reset(audit, &error));
    Shop__Number *now;
    CHECK(shop_audit_counter_get(audit, &now, &error));
    cr_expect_eq(now->n, 0);
    shop__number__free_unpacked(now, NULL);
    waldo_value *result;
    cr_expect_eq(waldo_proxy_call(shop_audit_counter_proxy(audit), "add", waldo_v_tuple(waldo_v(1)),
                                  &result, &error),
                 WALDO_EATTRIBUTE);
    shop_audit_counter_unref(audit);
    waldo_proxy *ticket;
    cr_expect_eq(waldo_proxy_create(manager, "Ticket", waldo_v_none(), &ticket, &error),
                 WALDO_EATTRIBUTE);
    expect_no_objects();
}

Test(docs, proxies_from_methods)
{
    shop_counter *counter = new_counter(5), *twin;
    CHECK(shop_counter_twin(counter, &twin, &error));
    shop_ticket *ticket;
    CHECK(shop_counter_ticket(counter, &ticket, &error));
    int64_t sum;
    CHECK(add_two(twin, &sum, &error));
    CHECK(add_two(counter, &sum, &error));
    cr_expect_eq(sum, 7);
    Shop__Number *then;
    CHECK(shop_ticket_get(ticket, &then, &error));
    cr_expect_eq(then->n, 5);
    shop__number__free_unpacked(then, NULL);
    char *text = waldo_proxy_str(shop_counter_proxy(twin));
    cr_expect_str_eq(text, "Counter(7)");
    free(text);
    waldo_value *value;
    CHECK(waldo_proxy_getvalue(shop_counter_proxy(twin), &value, &error));
    CHECK(waldo_value_get_int64(value, &sum, &error));
    cr_expect_eq(sum, 7);
    waldo_value_unref(value);
    shop_counter_unref(counter);
    shop_counter_unref(twin);
    shop_ticket_unref(ticket);
    expect_no_objects();
}

Test(docs, an_object_that_is_a_generator)
{
    Shop__Start start = SHOP__START__INIT;
    start.at = 8;
    shop_squares *squares;
    CHECK(shop_squares_new(manager, &start, &squares, &error));
    int64_t sum = 0;
    int status;
    WALDO_FOR_EACH(shop_squares, squares, item, &status, &error)
        sum += item->n;
    cr_expect_eq(status, 0);
    cr_expect_eq(sum, 64 + 81 + 100);
    shop_squares_unref(squares);
    expect_no_objects();
}

static void *put_letter(void *box)
{
    Shop__Letter letter = SHOP__LETTER__INIT;
    letter.sender = (char *)"Ada";
    letter.text = (char *)"Note G";
    return shop_mailbox_put(box, &letter, NULL) < 0 ? NULL : box;
}

Test(docs, a_call_that_waits)
{
    shop_mailbox *box;
    CHECK(shop_mailbox_new(manager, &box, &error));
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, put_letter, box), 0);
    CHECK(take_letter(box, 30, &error));
    void *result;
    pthread_join(thread, &result);
    cr_expect_not_null(result);

    cr_assert_not_null(put_letter(box));
    Shop__Letters *letters;
    CHECK(shop_mailbox_list(box, &letters, &error));
    cr_assert_eq(letters->n_letters, 1);
    cr_expect_str_eq(letters->letters[0]->sender, "Ada");
    shop__letters__free_unpacked(letters, NULL);
    CHECK(take_letter(box, 30, &error));
    cr_expect_eq(take_letter(box, 0.05, &error), WALDO_ETIMEOUT);
    shop_mailbox_unref(box);
    expect_no_objects();
}

Test(docs, values)
{
    waldo_value *order = make_order();
    char *text = waldo_value_repr(order);
    cr_expect_str_eq(text, "{'article': 'tea', 'count': 3, 'express': True, 'sizes': [0.25, 0.5], "
                           "'note': None}");
    free(text);
    int64_t count;
    CHECK(int_of(order, "count", &count, &error));
    cr_expect_eq(count, 3);

    shop_desk *desk;
    CHECK(shop_desk_new(manager, &desk, &error));
    waldo_value *echo;
    CHECK(waldo_proxy_call(shop_desk_proxy(desk), "echo", waldo_value_ref(order), &echo, &error));
    cr_expect_eq(waldo_value_equal(order, echo, &error), 1);
    waldo_value_unref(echo);
    waldo_value_unref(order);
    Google__Protobuf__Duration second = GOOGLE__PROTOBUF__DURATION__INIT;
    second.nanos = 2000000;
    CHECK(shop_desk_nap(desk, &second, &error));
    second.seconds = 3600;
    CHECK(waldo_proxy_set_timeout(shop_desk_proxy(desk), 0.05, &error));
    cr_expect_eq(shop_desk_nap(desk, &second, &error), WALDO_ETIMEOUT);
    shop_desk_unref(desk);
    expect_no_objects();
}

Test(docs, without_headers)
{
    char *text;
    CHECK(call_by_name(manager, &text, &error));
    cr_expect_str_eq(text, "{'n': 42}");
    free(text);
    shop_counter *counter = new_counter(4);
    int64_t sum;
    CHECK(walk_by_name(shop_counter_proxy(counter), &sum, &error));
    cr_expect_eq(sum, 10);
    shop_counter_unref(counter);
    char methods[200];
    CHECK(list_methods(manager, methods, sizeof methods, &error));
    cr_expect_str_eq(methods, "AuditCounter is a shop.Counter: "
                              "get(google.protobuf.Empty) returns (shop.Number) "
                              "_reset(google.protobuf.Empty) returns (google.protobuf.Empty)");
    expect_no_objects();
}

Test(docs, tokens)
{
    waldo_manager *other;
    CHECK(connect_to(waldo_manager_address(manager), &other, &error));
    shop_counter *here = new_counter(1), *there;
    CHECK(pass_on(here, other, &there, &error));
    int64_t sum;
    CHECK(add_two(here, &sum, &error));
    CHECK(add_two(there, &sum, &error));
    cr_expect_eq(sum, 5);
    shop_counter_unref(here);
    shop_counter_unref(there);
    waldo_manager_unref(other);
    expect_no_objects();
}

static void expect_repr(waldo_value *value, const char *expected)
{
    char *text = waldo_value_repr(value);
    cr_expect_str_eq(text, expected);
    free(text);
    waldo_value_unref(value);
}

Test(docs, queues)
{
    waldo_queue *jobs, *answers;
    waldo_value *item;
    CHECK(put_and_get(manager, &item, &error));
    expect_repr(item, "'a job'");
    CHECK(waldo_queue_new(manager, 0, &jobs, &error));
    CHECK(waldo_queue_new(manager, 0, &answers, &error));
    CHECK(waldo_queue_put_many(jobs, waldo_v_list(waldo_v(1), waldo_v(2)), 0, &error));
    CHECK(waldo_queue_shutdown(jobs, false, &error));
    CHECK(serve_jobs(jobs, answers, &error));
    CHECK(waldo_queue_join(jobs, &error));
    CHECK(get_urgent_first(jobs, answers, &item, &error));
    expect_repr(item, "2");
    CHECK(get_urgent_first(answers, jobs, &item, &error));
    expect_repr(item, "4");
    waldo_queue_unref(jobs);
    waldo_queue_unref(answers);
    expect_no_objects();
}

Test(docs, an_answer_and_the_end_of_its_job)
{
    waldo_queue *jobs, *answers;
    waldo_queue_taken job;
    CHECK(waldo_queue_new(manager, 0, &jobs, &error));
    CHECK(waldo_queue_new(manager, 1, &answers, &error));
    for (int i = 0; i < 2; i++)
        CHECK(waldo_queue_put(jobs, waldo_v(i), 0, &error));
    CHECK(waldo_queue_take(jobs, 30, 0, &job, &error));
    CHECK(answer_job(manager, jobs, job.ticket, answers, job.item, &error));
    waldo_value_unref(job.item);
    CHECK(waldo_queue_take(jobs, 30, 0, &job, &error));
    cr_expect_eq(answer_job(manager, jobs, job.ticket, answers, job.item, &error), WALDO_EFULL);
    CHECK(waldo_queue_give_back(jobs, job.ticket, &error));
    cr_expect_eq(answer_job(manager, jobs, job.ticket, answers, job.item, &error), WALDO_EKEY);
    waldo_value_unref(job.item);
    waldo_queue_unref(jobs);
    waldo_queue_unref(answers);
    expect_no_objects();
}

Test(docs, transactions)
{
    waldo_dict *accounts;
    waldo_queue *journal;
    waldo_value *value;
    CHECK(waldo_dict_new_from(manager,
                              waldo_v_dict(waldo_v("ada"), waldo_v(15), waldo_v("bob"), waldo_v(0)),
                              &accounts, &error));
    CHECK(waldo_queue_new(manager, 1, &journal, &error));
    CHECK(transfer(manager, accounts, journal, &error));
    cr_expect_eq(transfer(manager, accounts, journal, &error), WALDO_EFULL);
    CHECK(waldo_proxy_getvalue(waldo_dict_proxy(accounts), &value, &error));
    expect_repr(value, "{'ada': 5, 'bob': 10}");
    waldo_dict_unref(accounts);
    waldo_queue_unref(journal);
    expect_no_objects();
}

Test(docs, a_server_that_is_gone)
{
    shop_counter *counter = new_counter(1);
    kill(waldo_manager_process(manager), SIGKILL);
    CHECK(waldo_manager_join(manager, 30, &error));
    cr_expect_eq(add_or_give_up(counter, &error), 1);
    cr_expect_eq(error.code, WALDO_EGONE, "%s", waldo_error_name(error.code));
    cr_expect_eq(add_or_give_up(counter, &error), 1, "%s", waldo_error_name(error.code));
    shop_counter_unref(counter);
    manager = waldo_manager_unref(manager);
    registry = waldo_registry_unref(registry);
}

static void set_attribute(waldo_proxy *proxy, const char *name, waldo_value *value)
{
    CHECK(waldo_proxy_set_attribute(proxy, name, value, &error));
}

static void expect_attribute(waldo_proxy *proxy, const char *name, const char *expected)
{
    waldo_value *value;
    CHECK(waldo_proxy_get_attribute(proxy, name, &value, &error));
    char *text = waldo_value_repr(value);
    cr_expect_str_eq(text, expected, "%s is %s", name, text);
    free(text);
    waldo_value_unref(value);
}

Test(docs, attributes)
{
    shop_share_data *share;
    CHECK(shop_share_data_new(manager, &share, &error));
    waldo_proxy *proxy = shop_share_data_proxy(share);
    set_attribute(proxy, "stage", waldo_v("warm"));
    set_attribute(proxy, "stage", waldo_v("running"));
    waldo_value *stage;
    CHECK(note_progress(proxy, &stage, &error));
    waldo_value_unref(stage);
    expect_attribute(proxy, "stage", "'running'");
    expect_attribute(proxy, "done", "3");
    expect_attribute(proxy, "losses", "[]");
    set_attribute(proxy, "losses", waldo_v_list(waldo_v(0.5), waldo_v(0.25)));
    set_attribute(proxy, "losses", waldo_v_list(waldo_v(0.5)));
    expect_attribute(proxy, "losses", "[0.5]");
    set_attribute(proxy, "reason", waldo_v("late"));
    set_attribute(proxy, "model", waldo_v_bytes("\1\2", 2));
    expect_attribute(proxy, "model", "b'\\x01\\x02'");
    expect_attribute(proxy, "reason", "None");
    set_attribute(proxy, "reason", waldo_v("lost"));
    expect_attribute(proxy, "reason", "'lost'");

    cr_expect_eq(waldo_proxy_set_attribute(proxy, "done", waldo_v("x"), &error), WALDO_ETYPE);
    cr_expect_eq(waldo_proxy_set_attribute(proxy, "nope", waldo_v(1), &error), WALDO_EATTRIBUTE);
    cr_expect_str_eq(error.message, "'ShareData' object has no attribute 'nope'");
    waldo_value *value;
    cr_expect_eq(waldo_proxy_get_attribute(proxy, "nope", &value, &error), WALDO_EATTRIBUTE);
    cr_expect_eq(waldo_proxy_delete_attribute(proxy, "done", &error), WALDO_EATTRIBUTE);
    expect_attribute(proxy, "done", "3");
    shop_share_data_unref(share);
    expect_no_objects();
}

Test(docs, dicts)
{
    CHECK(count_visits(manager, &error));
    waldo_dict *seats, *inner;
    waldo_value *copy;
    uint64_t seen = 0;
    int64_t sum;
    CHECK(waldo_dict_new_from(manager,
                              waldo_v_dict(waldo_v(1), waldo_v("free"), waldo_v(2), waldo_v(40)),
                              &seats, &error));
    CHECK(waldo_dict_new(manager, &inner, &error));
    cr_expect_eq(take_if_free(seats, 1, "Ann", &error), 1);
    cr_expect_eq(take_if_free(seats, 1, "Bob", &error), 0);
    CHECK(sum_values(seats, &sum, &error));
    cr_expect_eq(sum, 40);
    cr_expect_eq(follow(seats, &seen, &copy, &error), 0);
    cr_expect_gt(seen, 0);
    waldo_value_unref(copy);
    CHECK(share_inner(seats, inner, &error));
    waldo_dict_unref(inner);
    waldo_dict_unref(seats);
    expect_no_objects();
}

Test(docs, namespaces)
{
    waldo_namespace *names;
    CHECK(name_things(manager, &names, &error));
    char *text = waldo_proxy_str(waldo_namespace_proxy(names));
    cr_expect_str_eq(text, "Namespace(x=10, y='hello')");
    free(text);
    waldo_namespace_unref(names);
    expect_no_objects();
}

Test(docs, shared_objects)
{
    waldo_queue *jobs;
    waldo_value *item;
    shop_counter *visitors;
    int64_t sum;
    CHECK(post_job(manager, "sweep", &error));
    CHECK(waldo_queue_from_name(manager, "jobs", &jobs, &error));
    CHECK(waldo_queue_get(jobs, 0, &item, &error));
    char *text = waldo_value_repr(item);
    cr_expect_str_eq(text, "'sweep'");
    free(text);
    waldo_value_unref(item);
    waldo_queue_unref(jobs);
    CHECK(shop_counter_from_name(manager, "visitors", &visitors, &error));
    CHECK(add_two(visitors, &sum, &error));
    cr_expect_eq(sum, 1002);
    shop_counter_unref(visitors);
    expect_no_objects();
}
