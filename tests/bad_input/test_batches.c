/* Batches that make no sense, and methods that go wrong in them. */
#include "raw_client.h"
#include "server.h"
#include "waldo/value.pb-c.h"

#define SESSION "sixteen letters!"

enum { MOST = 32 };

typedef struct batch {
    Waldo__Wire__Batch message;
    Waldo__Wire__BatchCall calls[MOST];
    Waldo__Wire__BatchCall *pointers[MOST];
    waldo__buffer requests[MOST];
} batch;

static Waldo__Wire__BatchCall *add(batch *self, const Waldo__Wire__Request *request,
                                   const ProtobufCMessage *body)
{
    size_t i = self->message.n_calls;

    if (i == 0) {
        waldo__wire__batch__init(&self->message);
        self->message.calls = self->pointers;
    }
    cr_assert_lt(i, (size_t)MOST);
    cr_assert_eq(waldo__envelope_request(&self->requests[i], request, body, NULL), 0);
    waldo__wire__batch_call__init(&self->calls[i]);
    self->calls[i].request.data = self->requests[i].data;
    self->calls[i].request.len = self->requests[i].size;
    self->pointers[i] = &self->calls[i];
    self->message.n_calls = i + 1;
    return &self->calls[i];
}

static Waldo__Wire__BatchCall *add_call(batch *self, const raw_client *client, uint64_t object,
                                        const char *method, const ProtobufCMessage *body)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__CALL, object);

    request.name = (char *)method;
    return add(self, &request, body);
}

static void add_echo(batch *self, const raw_client *client, uint64_t object)
{
    Bad__Number number = BAD__NUMBER__INIT;

    number.n = 23;
    add_call(self, client, object, "echo", &number.base);
}

/* The batch's status; it is spent. */
static int run(batch *self, raw_client *client)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__BATCH, 0);
    int status = raw_exchange(client, &request, &self->message.base);

    for (size_t i = 0; i < self->message.n_calls; i++)
        waldo__buffer_free(&self->requests[i]);
    return status;
}

/* Nobody waits for it; it is spent. */
static void send_batch(batch *self, raw_client *client)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__BATCH, 0);

    cr_assert_eq(raw_post(client, &request, &self->message.base), 0);
    for (size_t i = 0; i < self->message.n_calls; i++)
        waldo__buffer_free(&self->requests[i]);
}

/* The status of that call's reply. */
static int status_of(raw_client *client, size_t call, const char *words)
{
    Waldo__Wire__BatchReplies *replies =
        (Waldo__Wire__BatchReplies *)raw_body(client, &waldo__wire__batch_replies__descriptor);
    cr_assert_lt(call, replies->n_replies);
    Waldo__Wire__Reply *reply =
        waldo__wire__reply__unpack(NULL, replies->replies[call].len, replies->replies[call].data);
    cr_assert_not_null(reply);
    int status = reply->status;
    cr_assert_not_null(strstr(reply->error_message, words), "%zu: %d %s", call, status,
                       reply->error_message);
    waldo__wire__reply__free_unpacked(reply, NULL);
    waldo__wire__batch_replies__free_unpacked(replies, NULL);
    return status;
}

static Waldo__Value result_of_call(uint32_t number)
{
    Waldo__Value value = WALDO__VALUE__INIT;

    value.kind_case = WALDO__VALUE__KIND_RESULT;
    value.result = number;
    return value;
}

/* ---- what the messages say ---- */

TEST_OVER_ENGINES(batches, results_that_do_not_come_before)
{
    static const uint32_t numbers[] = {0, 3, 4, 1000, UINT32_MAX - 1};
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        batch one = {.message = {.n_calls = 0}};
        Waldo__Value value = result_of_call(numbers[i]);
        Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CALL, object);
        request.name = (char *)"echo";
        request.dynamic = true;
        add_echo(&one, &client, object);
        add_echo(&one, &client, object);
        add(&one, &request, &value.base)->uses_results = true;
        if (numbers[i] > 0)
            add_call(&one, &client, 0, "echo", NULL)->object_from = numbers[i] + 1;
        add_echo(&one, &client, object);
        size_t last = one.message.n_calls - 1;
        cr_assert_eq(run(&one, &client), 0);
        cr_assert_eq(status_of(&client, 2, "none of the 2 before it"), WALDO_EVALUE);
        if (last == 4)
            cr_assert_eq(status_of(&client, 3, "none of the 3 before it"), WALDO_EVALUE);
        cr_assert_eq(status_of(&client, last, ""), 0);
    }
    raw_leave(&client);
}

TEST_OVER_ENGINES(batches, steps_that_acknowledge)
{
    uint64_t outstanding[] = {1, 2};
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    batch one = {.message = {.n_calls = 0}};
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CALL, object);

    request.name = (char *)"echo";
    request.outstanding = outstanding;
    request.n_outstanding = 2;
    add(&one, &request, NULL);
    cr_assert_eq(run(&one, &client), WALDO_EPROTOCOL);
    raw_leave(&client);
}

/* Outside a batch, and in one where the client does not say so. */
TEST_OVER_ENGINES(batches, results_where_there_are_none)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    batch one = {.message = {.n_calls = 0}};
    Waldo__Value value = result_of_call(1);
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CALL, object);

    request.name = (char *)"echo";
    request.dynamic = true;
    cr_assert_eq(raw_exchange(&client, &request, &value.base), WALDO_EPROTOCOL);
    request.sequence = 0;
    add_echo(&one, &client, object);
    add(&one, &request, &value.base);
    request.dynamic = false;
    add(&one, &request, &value.base)->uses_results = true;
    cr_assert_eq(run(&one, &client), 0);
    cr_assert_eq(status_of(&client, 1, ""), WALDO_EPROTOCOL);
    cr_assert_eq(status_of(&client, 2, "only values can use results"), WALDO_EPROTOCOL);
    raw_leave(&client);
}

/* A message of the method's, a value of what every object answers, none, and a reference. */
TEST_OVER_ENGINES(batches, results_of_all_kinds)
{
    static const char *const methods[] = {"echo", "__repr__", "#GETVALUE", "twin", "produce"};
    enum { COUNT = sizeof methods / sizeof methods[0] };
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    batch one = {.message = {.n_calls = 0}};

    for (size_t i = 0; i < COUNT; i++)
        add_call(&one, &client, object, methods[i], NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        Waldo__Value value = result_of_call(i + 1);
        Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CALL, object);
        request.name = (char *)"echo";
        request.dynamic = true;
        add(&one, &request, &value.base)->uses_results = true;
        add_call(&one, &client, 0, "echo", NULL)->object_from = i + 1;
    }
    cr_assert_eq(run(&one, &client), 0);
    for (size_t i = 0; i < COUNT; i++) {
        bool fits = strcmp(methods[i], "echo") == 0;
        int status = status_of(&client, COUNT + 2 * i, "");
        cr_assert(fits ? status == 0 : status < 0, "%s: %d", methods[i], status);
        fits = strcmp(methods[i], "twin") == 0;
        status = status_of(&client, COUNT + 2 * i + 1, "");
        cr_assert(fits ? status == 0 : status < 0, "%s: %d", methods[i], status);
    }
    raw_leave(&client);
}

TEST_OVER_ENGINES(batches, operations_that_are_no_calls)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    batch one = {.message = {.n_calls = 0}};

    for (int i = 0; i <= WALDO__WIRE__OPERATION__BATCH + 1; i++) {
        bool good = i == WALDO__WIRE__OPERATION__CALL || i == WALDO__WIRE__OPERATION__CREATE;
        Waldo__Wire__Request request = raw_request(
            &client, good ? WALDO__WIRE__OPERATION__PING : (Waldo__Wire__Operation)i, object);
        add(&one, &request, NULL);
    }
    size_t count = one.message.n_calls;
    cr_assert_eq(run(&one, &client), 0);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(status_of(&client, i, "made of calls and creations"), WALDO_EPROTOCOL);
    raw_leave(&client);
}

/* The batch itself as a value, and its replies one item of many: nobody asks for that. */
TEST_OVER_ENGINES(batches, a_batch_that_is_asked_for_otherwise)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    batch one = {.message = {.n_calls = 0}};

    add_echo(&one, &client, object);
    waldo_value *calls = waldo_v_list(
        waldo_v_fields("request", waldo_v_bytes(one.requests[0].data, one.requests[0].size)));
    waldo_value *value = waldo_v_fields("calls", calls);
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__BATCH, 0);
    request.dynamic = true;
    cr_assert_eq(waldo_value_pack(value, &request.body.data, &request.body.len, NULL), 0);
    waldo_value_unref(value);
    cr_assert_eq(raw_exchange(&client, &request, NULL), 0, "%s", client.reply->error_message);
    free(request.body.data);
    request.dynamic = false;
    request.ahead = 5;
    request.body = (ProtobufCBinaryData){0, NULL};
    cr_assert_eq(raw_exchange(&client, &request, &one.message.base), 0);
    cr_assert_eq(run(&one, &client), 0);
    cr_assert_eq(status_of(&client, 0, ""), 0);
    raw_leave(&client);
}

/* It ends there, and what was made before is given back. */
TEST_OVER_ENGINES(batches, a_call_that_is_no_message)
{
    raw_client client = raw_enter(server->url, SESSION);
    batch one = {.message = {.n_calls = 0}};
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CREATE, 0);

    request.name = (char *)"Thing";
    add(&one, &request, NULL);
    Waldo__Wire__BatchCall *broken = add(&one, &request, NULL);
    broken->request.data = (uint8_t *)"GET / HTTP/1.1";
    broken->request.len = 14;
    add(&one, &request, NULL);
    cr_assert_eq(run(&one, &client), WALDO_EPROTOCOL);
    raw_operation(&client, WALDO__WIRE__OPERATION__PING, 0);
    waldo_manager *manager = server_connect(server);
    await_objects(manager, 0);
    waldo_manager_unref(manager);
    raw_leave(&client);
}

/* ---- what the handlers do ---- */

static void add_report(batch *self, const raw_client *client, uint64_t object, const char *method,
                       const char *text)
{
    Bad__Report report = BAD__REPORT__INIT;

    report.code = WALDO_EKEY;
    report.text = (char *)text;
    add_call(self, client, object, method, &report.base);
}

TEST_OVER_ENGINES(batches, methods_that_go_wrong)
{
    static const char *const methods[] = {"fail_with_bytes",  "pretend_to_defer", "defer_twice",
                                          "export_nothing",   "_secret",          "missing",
                                          "produce", /* of nothing: it is fine */
                                          "pretend_to_defer", "export_nothing"};
    enum { COUNT = sizeof methods / sizeof methods[0] };
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t thing = raw_create(&client, "Thing"), mute = raw_create(&client, "Mute");
    batch one = {.message = {.n_calls = 0}};

    for (size_t i = 0; i < COUNT; i++) {
        add_call(&one, &client, thing, methods[i], NULL);
        add_echo(&one, &client, thing);
    }
    add_report(&one, &client, thing, "fail", "as it was told");
    add_call(&one, &client, mute, "quiet", NULL);
    cr_assert_eq(run(&one, &client), 0);
    for (size_t i = 0; i < COUNT; i++) {
        bool fine = strcmp(methods[i], "produce") == 0;
        int status = status_of(&client, 2 * i, "");
        cr_assert(fine ? status == 0 : status < 0, "%s: %d", methods[i], status);
        cr_assert_eq(status_of(&client, 2 * i + 1, ""), 0);
    }
    cr_assert_eq(status_of(&client, 2 * (size_t)COUNT, "as it was told"), WALDO_EKEY);
    cr_assert_eq(status_of(&client, 2 * (size_t)COUNT + 1, "left its reply unset"), WALDO_ERUNTIME);
    raw_leave(&client);
}

/* ---- whose client is gone ---- */

static void make_fifo(char *path, size_t size, const char *name)
{
    snprintf(path, size, "/tmp/waldo-test-%d.%s", (int)getpid(), name);
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
}

static void add_fifo(batch *self, raw_client *client, const char *method, char *path)
{
    Bad__Fifo fifo = BAD__FIFO__INIT;

    fifo.path = path;
    add_call(self, client, raw_create(client, "Thing"), method, &fifo.base);
}

/* Nobody waits for the answer. */
static void say_goodbye(raw_client *client)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__GOODBYE, 0);
    waldo__buffer packed = {0};

    cr_assert_eq(waldo__envelope_request(&packed, &request, NULL, NULL), 0);
    cr_assert_eq(raw_send(client, packed.data, packed.size), 0);
    waldo__buffer_free(&packed);
}

/* The call that waits is given up before the batch is: also then the next one does not begin. */
TEST_OVER_ENGINES(batches, nothing_begins_when_the_session_has_ended)
{
    char waits[64], begins[64];
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    waiting_call before = {.thing = thing, .method = bad_thing_hold};
    raw_client client = raw_enter(server->url, SESSION);
    batch one = {.message = {.n_calls = 0}};

    /* From now on it is known to take long, and runs on another thread than the loop's. */
    waiting_call_start(&before, O_WRONLY);
    usleep(100 * 1000);
    waiting_call_join(&before);
    make_fifo(waits, sizeof waits, "waits");
    make_fifo(begins, sizeof begins, "begins");
    add_fifo(&one, &client, "linger", waits);
    add_fifo(&one, &client, "hold", begins);
    send_batch(&one, &client);
    close(open(waits, O_RDONLY | O_CLOEXEC));
    say_goodbye(&client);
    raw_close(&client);
    await_objects(manager, 1);
    int fifo = open(begins, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fifo >= 0)
        close(fifo);
    cr_assert_lt(fifo, 0, "it has begun");
    unlink(waits);
    unlink(begins);
    bad_thing_unref(thing);
    await_objects(manager, 0);
    waldo_manager_unref(manager);
}
