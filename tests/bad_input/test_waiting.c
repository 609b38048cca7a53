/* Replies that wait because their client has not taken what was sent before, and clients that go
 * about it in a way of their own. */
#include "raw_client.h"
#include "server.h"
#include "waldo/builtins.pb-c.h"

#define FIRST_SESSION "the 1st session."
#define SECOND_SESSION "the 2nd session."
#define QUEUED "bytes on their way to one client; with more, its replies wait"

enum { LARGE = 8 << 20 };

static void start(test_server *server)
{
    const char *const arguments[] = {WALDOD,       "--listen", "tcp://127.0.0.1:0", "--load",
                                     TYPES_MODULE, "--limit",  "queued=100000",     NULL};

    *server = (test_server){.descriptors = 0};
    server_start_with(server, arguments);
}

TestSuite(waiting, .fini = daemon_kill_all, .timeout = 120);

static void send_call(raw_client *client, uint64_t object, const char *method, int64_t n,
                      uint64_t sequence)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__CALL, object);
    Bad__Number number = BAD__NUMBER__INIT;

    request.name = (char *)method;
    request.sequence = sequence;
    number.n = n;
    cr_assert_eq(raw_post(client, &request, &number.base), 0);
}

/* One reply is asked for again and again, while it cannot be sent. */
Test(waiting, the_same_reply_many_times)
{
    enum { TIMES = 30 };
    test_server server;
    start(&server);
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    uint64_t object = raw_create(&client, "Thing");
    uint64_t sequence = ++client.sequence;
    uint32_t id = 0;

    send_call(&client, object, "produce", LARGE, sequence);
    cr_assert_eq(raw_receive(&client), 0);
    for (int i = 0; i < TIMES; i++)
        send_call(&client, object, "produce", LARGE, sequence);
    for (int replies = 0; id != client.id; replies++) {
        cr_assert_lt(replies, TIMES);
        cr_assert_eq(raw_receive_sealed(client.engine, client.channel, client.secure, &id,
                                        &client.bytes, waldo__deadline_in(RAW_PATIENCE)),
                     0);
        cr_assert_gt(client.bytes.size, (size_t)LARGE);
    }
    send_call(&client, object, "echo", 1, ++client.sequence);
    cr_assert_eq(raw_receive(&client), 0);
    raw_leave(&client);
    server_stop(&server);
}

/* Until so many replies have had to wait. */
static void await_waiting(waldo_manager *admin, unsigned long count)
{
    for (int left = DAEMON_PATIENCE_MS; server_refused(admin, QUEUED) < count; left--) {
        cr_assert_gt(left, 0, "no reply has to wait");
        usleep(DAEMON_LOOK_US);
    }
}

/* Two clients behind one connection, as a device brings them: the replies of both wait. */
Test(waiting, two_clients_on_one_connection)
{
    test_server server;
    start(&server);
    waldo_manager *admin = server_connect(&server);
    raw_client first = raw_enter(server.url, FIRST_SESSION), second = first;
    waldo__url url;

    cr_assert_eq(waldo__url_parse(server.url, &url, NULL), 0);
    second.reply = NULL;
    second.bytes = (waldo__buffer){0};
    second.id = first.id + 1000;
    second.secure = raw_shake_hands(second.engine, second.channel, &url, second.id,
                                    waldo__deadline_in(RAW_PATIENCE));
    cr_assert_eq(raw_hello(&second, WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION, SECOND_SESSION, 16),
                 0);
    uint64_t objects[] = {raw_create(&first, "Thing"), raw_create(&second, "Thing")};
    uint64_t large = raw_create(&first, "Thing");
    raw_client *clients[] = {&first, &second};
    cr_assert_eq(raw_operation(&first, WALDO__WIRE__OPERATION__PING, 0), 0);
    uint32_t ids[3];
    for (int i = 0; i < 2; i++) {
        send_call(clients[i], objects[i], "nap", 1500, ++clients[i]->sequence);
        ids[i] = clients[i]->id;
    }
    send_call(&first, large, "produce", LARGE, ++first.sequence);
    ids[2] = first.id;
    await_waiting(admin, 2);
    for (int i = 0; i < 3; i++) {
        waldo__buffer frame = {0};
        uint32_t id;
        cr_assert_eq(first.engine->receive(first.channel, &id, &frame,
                                           waldo__deadline_in(RAW_PATIENCE), NULL),
                     0, "%d replies came", i);
        cr_assert(id == ids[0] || id == ids[1] || id == ids[2]);
        waldo__buffer_free(&frame);
    }
    waldo_manager_unref(admin);
    waldo__secure_channel_free(second.secure);
    waldo__wire__reply__free_unpacked(second.reply, NULL);
    waldo__buffer_free(&second.bytes);
    raw_close(&first);
    server_stop(&server);
}

static bool is_listening(const test_server *server)
{
    waldo_manager *manager = NULL;
    bool reached = waldo_connect(server->url, NULL, &manager, NULL) == 0;

    waldo_manager_unref(manager);
    return reached;
}

/* A server that ends waits for a client to take its replies, but not for one that is gone. */
Test(waiting, a_client_that_leaves_a_server_that_ends)
{
    test_server server;
    start(&server);
    waldo_manager *admin = server_connect(&server);
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    uint64_t object = raw_create(&client, "Thing"), large = raw_create(&client, "Thing");
    struct timespec begin, end;

    send_call(&client, object, "nap", 1000, ++client.sequence);
    send_call(&client, large, "produce", LARGE, ++client.sequence);
    await_waiting(admin, 1);
    waldo_manager_unref(admin);
    cr_assert_eq(kill(server.daemon.pid, SIGTERM), 0);
    while (is_listening(&server))
        usleep(DAEMON_LOOK_US);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    raw_close(&client);
    cr_assert_eq(daemon_wait(&server.daemon), 0, "%s", daemon_errors(&server.daemon));
    close(server.daemon.errors);
    clock_gettime(CLOCK_MONOTONIC, &end);
    cr_assert_lt(end.tv_sec - begin.tv_sec, 3, "it waited for %d s",
                 (int)(end.tv_sec - begin.tv_sec));
}

/* ---- replies that refer to what an object holds ---- */

static uint64_t create_value(raw_client *client, const Waldo__Value *value)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__CREATE, 0);
    Waldo__Builtin__ValueArguments arguments = WALDO__BUILTIN__VALUE_ARGUMENTS__INIT;

    request.name = (char *)"Value";
    arguments.typecode = (char *)"i";
    arguments.value = (Waldo__Value *)value;
    cr_assert_eq(raw_exchange(client, &request, &arguments.base), 0, "%s",
                 client->reply->error_message);
    Waldo__Wire__Created *created =
        (Waldo__Wire__Created *)raw_body(client, &waldo__wire__created__descriptor);
    uint64_t object = created->ref->object;
    waldo__wire__created__free_unpacked(created, NULL);
    return object;
}

static void set_value(raw_client *client, uint64_t object, const Waldo__Value *value)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__CALL, object);
    Waldo__Builtin__ValueItem item = WALDO__BUILTIN__VALUE_ITEM__INIT;

    request.name = (char *)"set";
    item.value = (Waldo__Value *)value;
    cr_assert_eq(raw_exchange(client, &request, &item.base), 0, "%s", client->reply->error_message);
}

static void fill_bytes(Waldo__Value *value, int byte)
{
    waldo__value__init(value);
    value->kind_case = WALDO__VALUE__KIND_BYTES;
    value->bytes = (ProtobufCBinaryData){LARGE, malloc(LARGE)};
    cr_assert_not_null(value->bytes.data);
    memset(value->bytes.data, byte, LARGE);
}

static void assert_has(const raw_client *client, const Waldo__Value *value)
{
    const waldo__buffer *reply = &client->bytes;

    cr_assert_gt(reply->size, (size_t)LARGE);
    cr_assert_eq(memcmp(reply->data + reply->size - LARGE, value->bytes.data, LARGE), 0);
}

/* A value is replaced while replies with its bytes are on their way, wait, and are asked for again:
 * they stay what they were. */
Test(waiting, replies_keep_the_bytes_of_a_value_that_is_replaced)
{
    enum { TIMES = 10 };
    test_server server;
    start(&server);
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    raw_client other = raw_enter(server.url, SECOND_SESSION);
    Waldo__Value before, after;
    uint32_t id = 0;
    fill_bytes(&before, 'b');
    fill_bytes(&after, 'a');
    uint64_t object = create_value(&client, &before);
    Waldo__Wire__Request get = raw_request(&client, WALDO__WIRE__OPERATION__CALL, object);

    get.name = (char *)"get";
    get.sequence = ++client.sequence;
    for (int i = 0; i < TIMES; i++)
        cr_assert_eq(raw_post(&client, &get, NULL), 0);
    /* The first reply has arrived: all that follow are the same one. */
    cr_assert_eq(raw_receive_sealed(client.engine, client.channel, client.secure, &id,
                                    &client.bytes, waldo__deadline_in(RAW_PATIENCE)),
                 0);
    assert_has(&client, &before);
    set_value(&other, object, &after);
    while (id != client.id) {
        cr_assert_eq(raw_receive_sealed(client.engine, client.channel, client.secure, &id,
                                        &client.bytes, waldo__deadline_in(RAW_PATIENCE)),
                     0);
        assert_has(&client, &before);
    }
    get.sequence = ++client.sequence;
    cr_assert_eq(raw_post(&client, &get, NULL), 0);
    cr_assert_eq(raw_receive(&client), 0);
    assert_has(&client, &after);
    free(before.bytes.data);
    free(after.bytes.data);
    raw_leave(&other);
    raw_leave(&client);
    server_stop(&server);
}
