/* A client of queues, to be killed: faults-queue-client URL KEY-FILE ROLE JOURNAL FIRST TOKEN. It
 * works until then, and appends to the journal what it did, a line at a time: "PID ROLE NUMBER". */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <waldo/waldo.h>

static waldo_error error = WALDO_ERROR_INIT;
static int journal;
static waldo_proxy *accounts[2];

static void check(int status)
{
    if (status >= 0)
        return;
    waldo_error_print(&error, stderr);
    _exit(4);
}

static void note(const char *what, int64_t number)
{
    char line[64];
    int length =
        snprintf(line, sizeof line, "%d %s %lld\n", (int)getpid(), what, (long long)number);
    if (write(journal, line, (size_t)length) != length)
        _exit(3);
}

/* TAKES value. */
static int64_t number_of(waldo_value *value)
{
    int64_t number = -1;
    check(waldo_value_get_int64(value, &number, &error));
    waldo_value_unref(value);
    return number;
}

static void put(waldo_queue *const *queues, int64_t number)
{
    for (;; number++) {
        check(waldo_queue_put(queues[0], waldo_v(number), WALDO_FOREVER, &error));
        note("put", number);
    }
}

static void get(waldo_queue *const *queues, int64_t number)
{
    (void)number;
    for (;;) {
        waldo_value *item = NULL;
        check(waldo_queue_get(queues[0], WALDO_FOREVER, &item, &error));
        note("got", number_of(item));
    }
}

static void get_any(waldo_queue *const *queues, int64_t number)
{
    (void)number;
    waldo_queue *const turned[] = {queues[1], queues[0]};
    for (;;) {
        waldo_value *item = NULL;
        size_t index;
        check(waldo_queue_get_any(turned, 2, WALDO_FOREVER, &index, &item, &error));
        note("got", number_of(item));
    }
}

static void take(waldo_queue *const *queues, int64_t number)
{
    (void)number;
    for (;;) {
        waldo_queue_taken taken;
        check(waldo_queue_take(queues[0], WALDO_FOREVER, WALDO_FOREVER, &taken, &error));
        int64_t taken_number = number_of(taken.item);
        check(waldo_queue_acknowledge(queues[0], taken.ticket, &error));
        note("done", taken_number);
    }
}

static void move(waldo_queue *const *queues, int64_t number)
{
    for (;; number++) {
        size_t from = (size_t)number % 2;
        check(
            waldo_queue_move(queues[from], queues[1 - from], (size_t)number % 7 + 1, NULL, &error));
    }
}

static void add_step(waldo_transaction *all, waldo_proxy *proxy, const char *method,
                     waldo_value *arguments)
{
    check(waldo_transaction_add(all, proxy, method, arguments, &error));
}

/* What one account loses another wins, and the queue tells of it. */
static void transfer(waldo_queue *const *queues, int64_t number)
{
    for (;; number++) {
        waldo_transaction *all = NULL;
        size_t from = (size_t)number % 2;
        check(waldo_transaction_new(waldo_proxy_manager(accounts[0]), &all, &error));
        add_step(all, accounts[from], "fetch_add", waldo_v_tuple(waldo_v(-1)));
        add_step(all, waldo_queue_proxy(queues[1]), "put", waldo_v_tuple(waldo_v(number)));
        add_step(all, accounts[1 - from], "fetch_add", waldo_v_tuple(waldo_v(1)));
        check(waldo_transaction_commit(all, NULL, &error));
        note("put", number);
        waldo_transaction_unref(all);
    }
}

/* An item goes into a list that the same batch makes. */
static void batch(waldo_queue *const *queues, int64_t number)
{
    (void)number;
    for (;;) {
        waldo_batch *all = NULL;
        waldo_value *item = NULL;
        waldo_manager *manager = waldo_proxy_manager(waldo_queue_proxy(queues[0]));
        check(waldo_batch_new(manager, &all, &error));
        int list = waldo_batch_create(all, "list", waldo_v_none(), &error);
        int got =
            waldo_batch_call(all, waldo_queue_proxy(queues[0]), "get", waldo_v_none(), &error);
        waldo_batch_call_on(all, list, "append", waldo_v_tuple(waldo_batch_use(all, got)), &error);
        if (waldo_batch_run(all, WALDO_FOREVER, &error) != 0)
            _exit(4);
        check(waldo_batch_result(all, got, &item, &error));
        note("got", number_of(item));
        waldo_batch_unref(all);
    }
}

/* A token is a packed tuple of two queues and two Values, in hexadecimal. */
static void open_token(waldo_manager *manager, const char *token, waldo_queue **queues)
{
    uint8_t data[1024];
    size_t size = strlen(token) / 2;
    for (size_t i = 0; i < size && i < sizeof data; i++) {
        char digits[] = {token[2 * i], token[2 * i + 1], '\0'};
        data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    waldo_value *all = NULL;
    check(waldo_value_unpack(data, size, &all, &error));
    for (int i = 0; i < 4; i++) {
        waldo_value *one = NULL;
        waldo_proxy *proxy = NULL;
        check(waldo_value_item(all, i, &one, &error));
        check(waldo_proxy_from_value(manager, one, &proxy, &error));
        if (i < 2)
            check(waldo_queue_from_proxy(proxy, &queues[i], &error));
        else
            accounts[i - 2] = waldo_proxy_ref(proxy);
        waldo_proxy_unref(proxy);
        waldo_value_unref(one);
    }
    waldo_value_unref(all);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(waldo_queue *const *queues, int64_t number);
    } roles[] = {{"put", put},   {"get", get},           {"get_any", get_any}, {"take", take},
                 {"move", move}, {"transfer", transfer}, {"batch", batch}};
    if (argc != 7)
        return 2;
    journal = open(argv[4], O_WRONLY | O_APPEND | O_CLOEXEC);
    waldo_manager_options options = {.authkey_file = argv[2]};
    waldo_manager *manager = NULL;
    waldo_queue *queues[2];
    check(waldo_connect(argv[1], &options, &manager, &error));
    /* What the server counts until the session has ended. */
    waldo_queue *own = NULL;
    check(waldo_queue_new(manager, 0, &own, &error));
    open_token(manager, argv[6], queues);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(argv[3], roles[i].name) == 0)
            roles[i].run(queues, atoll(argv[5]));
    return 2;
}
