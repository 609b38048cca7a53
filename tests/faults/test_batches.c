/* Who dies, or loses its connection, in a batch. */
#include <pthread.h>

#include "proxy/manager_internal.h"
#include "relay.h"
#include "support.h"

static server host;
static waldo_manager *direct;  /* another client, which sees what the server has */
static waldo_manager *manager; /* the client, whose network is the relay */
static relay *network;
static faults_register *reg, *seen;
static faults_queue *queue, *seen_queue;

static const char *const short_times[] = {"--lease", "4", "--grace", "0.5", NULL};

static void set_up(void)
{
    start_server(&host, short_times);
    direct = connect_to(&host, host.urls[0]);
    network = relay_start(host.urls[0]);
    manager = connect_to(&host, relay_url(network));
    reg = get_register(manager, "r");
    seen = get_register(direct, "r");
    queue = get_queue(manager, "q");
    seen_queue = get_queue(direct, "q");
}

static void tear_down(void)
{
    faults_register_unref(reg);
    faults_register_unref(seen);
    faults_queue_unref(queue);
    faults_queue_unref(seen_queue);
    waldo_manager_unref(manager);
    waldo_manager_unref(direct);
    relay_free(network);
    stop_server(&host);
}

TestSuite(batches, .init = set_up, .fini = tear_down);

/* ---- a batch on a thread of its own ---- */

typedef struct run {
    pthread_t thread;
    waldo_batch *batch;
    int status;
    waldo_error error;
    _Atomic bool done;
} run;

static void *run_batch(void *argument)
{
    run *one = argument;
    one->status = waldo_batch_run(one->batch, 0, &one->error);
    one->done = true;
    return NULL;
}

static void begin(run *one)
{
    one->done = false;
    cr_assert_eq(pthread_create(&one->thread, NULL, run_batch, one), 0);
}

static void finish(run *one)
{
    AWAIT(one->done);
    pthread_join(one->thread, NULL);
}

static void succeeds(run *one)
{
    finish(one);
    cr_assert_eq(one->status, 0, "%s", one->error.message);
}

static int add(run *one, waldo_proxy *proxy, const char *method, int64_t n)
{
    int call = -1;
    OK(call = waldo_batch_call(one->batch, proxy, method, waldo_v_tuple(waldo_v_int64(n)), &error));
    return call;
}

static int get(run *one)
{
    int call = -1;
    OK(call =
           waldo_batch_call(one->batch, faults_queue_proxy(queue), "get", waldo_v_none(), &error));
    return call;
}

static int add_sum(run *one)
{
    return add(one, faults_register_proxy(reg), "add", 1);
}

/* The n of a result. */
static int64_t n_of(run *one, int call)
{
    waldo_value *result = NULL, *n = NULL;
    int64_t number = -1;
    OK(waldo_batch_result(one->batch, call, &result, &error));
    OK(waldo_value_dict_get_str(result, "n", &n, &error));
    OK(waldo_value_get_int64(n, &number, &error));
    waldo_value_unref(n);
    waldo_value_unref(result);
    return number;
}

static run new_run(void)
{
    run one = {.status = -1};
    OK(waldo_batch_new(manager, &one.batch, &error));
    return one;
}

/* Adds, makes an object, gets an item, adds. */
static run mixed(int *ret_got, int *ret_last)
{
    run one = new_run();
    add_sum(&one);
    OK(waldo_batch_create(one.batch, "Register", waldo_v_none(), &error));
    *ret_got = get(&one);
    *ret_last = add_sum(&one);
    return one;
}

/* What a call of a user's type gives is the next one's arguments, field by field. */
Test(batches, a_result_in_place_of_the_arguments)
{
    run one = new_run();
    add_sum(&one);
    int second = waldo_batch_call(one.batch, faults_register_proxy(reg), "add",
                                  waldo_batch_use(one.batch, 0), NULL);
    begin(&one);
    succeeds(&one);
    cr_assert_eq(n_of(&one, second), 2 * n_of(&one, 0));
    waldo_batch_unref(one.batch);
}

/* ---- broken connections ---- */

Test(batches, cut_while_the_reply_is_on_its_way)
{
    enum { ROUNDS = 6 };
    uint64_t objects = number_of_objects(direct);
    for (int i = 0; i < ROUNDS; i++) {
        int got, last;
        run one = mixed(&got, &last);
        OK(queue_put(seen_queue, i, &error));
        relay_allow(network, TO_CLIENT, (size_t)i * 20);
        begin(&one);
        AWAIT(relay_holds_back(network, TO_CLIENT) && register_executions(seen) == 2 * (i + 1));
        relay_cut(network);
        relay_allow(network, TO_CLIENT, SIZE_MAX);
        succeeds(&one);
        cr_assert_eq(n_of(&one, got), i);
        cr_assert_eq(n_of(&one, last), 2 * (i + 1));
        cr_assert_eq(number_of_objects(direct), objects + 1);
        waldo_batch_unref(one.batch);
        cr_assert_eq(number_of_objects(direct), objects);
    }
    cr_assert_eq(register_executions(seen), 2 * ROUNDS);
}

Test(batches, cut_while_a_call_waits)
{
    int got, last;
    run one = mixed(&got, &last);
    begin(&one);
    for (int i = 0; i < 3; i++) {
        size_t accepted = relay_accepted(network);
        AWAIT(queue_parked(seen_queue) == 1);
        relay_cut(network);
        AWAIT(relay_accepted(network) > accepted && relay_connections(network) > 0);
    }
    cr_assert_eq(queue_parked(seen_queue), 1, "the batch was not joined");
    OK(queue_put(seen_queue, 7, &error));
    succeeds(&one);
    cr_assert_eq(n_of(&one, got), 7);
    cr_assert_eq(n_of(&one, last), 2);
    cr_assert_eq(register_executions(seen), 2);
    waldo_batch_unref(one.batch);
}

/* ---- a client that is gone ---- */

static void lose_client(void)
{
    relay_refuse(network, 1);
    relay_cut(network);
}

static void give_up(run *one)
{
    relay_refuse(network, 0);
    relay_stall(network, TO_CLIENT, 0);
    finish(one);
    cr_assert(one->status == WALDO_EUNKNOWNOUTCOME || one->status == WALDO_EGONE, "%s",
              waldo_error_name(one->status));
    waldo_batch_unref(one->batch);
}

/* What was got before is back, in its order; what comes after is not begun. */
Test(batches, a_client_dies_while_a_call_waits)
{
    uint64_t objects = number_of_objects(direct);
    int64_t first = 0;
    run one = new_run();
    OK(waldo_batch_create(one.batch, "Register", waldo_v_none(), &error));
    get(&one);
    get(&one);
    get(&one);
    add_sum(&one);
    OK(queue_put(seen_queue, 1, &error));
    OK(queue_put(seen_queue, 2, &error));
    begin(&one);
    AWAIT(queue_parked(seen_queue) == 1);
    lose_client();
    AWAIT(queue_size(seen_queue) == 2);
    AWAIT(number_of_objects(direct) == objects);
    cr_assert_eq(queue_parked(seen_queue), 0);
    OK(queue_get(seen_queue, &first, &error));
    cr_assert_eq(first, 1);
    cr_assert_eq(register_executions(seen), 0);
    give_up(&one);
}

/* What its calls had begun to do is perhaps half done. */
Test(batches, a_lock_that_a_batch_had_taken_has_lost_its_owner)
{
    faults_lock *lock = get_lock(manager, "l"), *seen_lock = get_lock(direct, "l");
    bool owner_died = false;
    run one = new_run();
    OK(waldo_batch_call(one.batch, faults_lock_proxy(lock), "acquire", waldo_v_none(), &error));
    get(&one);
    begin(&one);
    AWAIT(queue_parked(seen_queue) == 1);
    lose_client();
    OK(lock_acquire(seen_lock, NULL, &owner_died, &error));
    cr_assert(owner_died, "the next owner was not told");
    OK(faults_lock_release(seen_lock, &error));
    give_up(&one);
    faults_lock_unref(lock);
    faults_lock_unref(seen_lock);
}

Test(batches, a_reply_that_never_arrives)
{
    int got, last;
    run one = mixed(&got, &last);
    uint64_t objects = number_of_objects(direct);
    OK(queue_put(seen_queue, 1, &error));
    relay_stall(network, TO_CLIENT, 1);
    begin(&one);
    AWAIT(register_executions(seen) == 2);
    AWAIT(relay_holds_back(network, TO_CLIENT));
    cr_assert_eq(queue_size(seen_queue), 0);
    cr_assert_eq(number_of_objects(direct), objects + 1);
    lose_client();
    AWAIT(queue_size(seen_queue) == 1);
    AWAIT(number_of_objects(direct) == objects);
    cr_assert_eq(register_executions(seen), 2, "what was done is done");
    give_up(&one);
}

/* ---- a server that is gone ---- */

/* It was made when the methods of another server were known. */
static void runs_at_another_server(run *one)
{
    waldo_proxy *proxy = NULL;
    faults_register *made = NULL;
    OK(waldo_batch_run(one->batch, 0, &error));
    OK(waldo_batch_proxy(one->batch, 0, &proxy, &error));
    OK(faults_register_from_proxy(proxy, &made, &error));
    OK(register_add(made, 1, NULL, &error));
    faults_register_unref(made);
    waldo_proxy_unref(proxy);
    waldo_batch_unref(one->batch);
}

static void server_ends_in_a_batch(void (*end)(server *), int code)
{
    int got, last;
    run one = mixed(&got, &last), next = new_run();
    OK(waldo_batch_create(next.batch, "Register", waldo_v_none(), &error));
    begin(&one);
    AWAIT(queue_parked(seen_queue) == 1);
    end(&host);
    restart_server(&host);
    finish(&one);
    cr_assert_eq(one.status, code, "%s: %s", waldo_error_name(one.status), one.error.message);
    faults_register *again = get_register(direct, "r");
    cr_assert_eq(register_executions(again), 0, "it ran in another life");
    faults_register_unref(again);
    waldo_batch_unref(one.batch);
    runs_at_another_server(&next);
}

Test(batches, the_server_is_killed)
{
    server_ends_in_a_batch(kill_server, WALDO_EUNKNOWNOUTCOME);
}

static void end_server(server *one)
{
    end_with(&one->process, SIGTERM);
}

Test(batches, the_server_ends)
{
    server_ends_in_a_batch(end_server, WALDO_EGONE);
}

/* ---- handlers that take their time ---- */

Test(batches, a_handler_that_blocks_delays_nobody)
{
    run one = new_run();
    for (int i = 0; i < 4; i++)
        add(&one, faults_register_proxy(reg), "sleep", 100);
    add_sum(&one);
    faults_register *other = get_register(direct, "other");
    begin(&one);
    for (int i = 0; i < 200; i++)
        OK(register_add(other, 1, NULL, &error));
    cr_assert_not(one.done, "they waited for it");
    succeeds(&one);
    cr_assert_eq(register_executions(seen), 1);
    faults_register_unref(other);
    waldo_batch_unref(one.batch);
}

/* ---- rights ---- */

static void set_rights(const char *rights)
{
    char key[160];
    format_key(key, sizeof key, "owner", 1, rights);
    write_private(host.ring, key);
    kill(host.process.pid, SIGHUP);
}

static int create_list(void)
{
    waldo_proxy *list = NULL;
    int status = waldo_proxy_create(direct, "list", waldo_v_none(), &list, NULL);
    waldo_proxy_unref(list);
    return status;
}

static void fails(const run *one, int call, int code)
{
    waldo_value *result = NULL;
    FAILS(code, waldo_batch_result(one->batch, call, &result, &error));
}

/* Those that the key has when the call is made. */
Test(batch_rights, are_looked_at_for_each_call)
{
    start_server_with_ring(&host);
    direct = manager = connect_to(&host, host.urls[0]);
    reg = get_register(manager, "r");
    queue = get_queue(manager, "q");
    run one = new_run();
    add_sum(&one);
    int list = -1, size = -1;
    OK(list = waldo_batch_create(one.batch, "list", waldo_v_none(), &error));
    OK(size =
           waldo_batch_call(one.batch, faults_queue_proxy(queue), "size", waldo_v_none(), &error));
    int last = add_sum(&one);
    OK(waldo_batch_run(one.batch, 0, &error));
    cr_assert_eq(n_of(&one, last), 2);
    cr_assert_eq(n_of(&one, size), 0);
    set_rights("create=Register call=Register");
    AWAIT(create_list() == WALDO_EPERMISSION);
    int failures = -1;
    OK(failures = waldo_batch_run(one.batch, 0, &error));
    cr_assert_eq(failures, 2);
    fails(&one, list, WALDO_EPERMISSION);
    fails(&one, size, WALDO_EPERMISSION);
    cr_assert_eq(n_of(&one, last), 4);
    waldo_batch_unref(one.batch);
    faults_register_unref(reg);
    faults_queue_unref(queue);
    waldo_manager_unref(manager);
    stop_server(&host);
}

/* ---- a server that is told to end at once ---- */

/* Each call fails where it begins, on the thread that has the batch, while the loop ends what has
 * begun. */
Test(batch_shutdown, among_calls_that_fail)
{
    enum { ROUNDS = 12, CALLS = 4000, MOST_MS = 30 };
    for (int i = 0; i < ROUNDS; i++) {
        run one = {0};
        start_server(&host, short_times);
        manager = connect_to(&host, host.urls[0]);
        reg = get_register(manager, "r");
        OK(waldo_batch_new(manager, &one.batch, &error));
        for (int call = 0; call < CALLS; call++)
            OK(waldo_batch_call(one.batch, faults_register_proxy(reg), "nothing", waldo_v_none(),
                                &error));
        begin(&one);
        pause_ms((unsigned)(i * 7 % MOST_MS));
        (void)waldo__exchange_plain(manager, WALDO__WIRE__OPERATION__SHUTDOWN, 5, NULL);
        pthread_join(one.thread, NULL);
        waldo_batch_unref(one.batch);
        faults_register_unref(reg);
        waldo_manager_unref(manager);
        stop_server(&host);
    }
}
