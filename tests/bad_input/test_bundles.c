/* Bundles that are none, or come where none may, and what becomes of what is in good ones. */
#include "raw_client.h"
#include "seal_bundle.h"
#include "server.h"

#define SESSION "sixteen letters!"

enum { SEVERAL = 5, LONGEST = 60 * 1024 };

/* Seals what is in the bundle, and sends it; it is emptied. */
static void send_bundle(raw_client *client, waldo__buffer *bundle)
{
    waldo__buffer frame = seal_bundle(client->secure, bundle->data, bundle->size);
    struct iovec part = {frame.data, frame.size};

    client->id = (client->id + 1) | WALDO__REQUEST_ID_FLAG;
    cr_assert_eq(client->engine->send(client->channel, client->id, &part, 1,
                                      waldo__deadline_in(RAW_PATIENCE), NULL),
                 0);
    waldo__buffer_free(&frame);
    waldo__buffer_free(bundle);
}

static void add_request(waldo__buffer *bundle, uint32_t id, const Waldo__Wire__Request *request)
{
    waldo__buffer packed = {0};

    cr_assert_eq(waldo__envelope_request(&packed, request, NULL, NULL), 0);
    cr_assert(waldo__bundle_append(bundle, id, packed.data, packed.size));
    waldo__buffer_free(&packed);
}

static void add_ping(waldo__buffer *bundle, const raw_client *client, uint32_t id)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__PING, 0);

    add_request(bundle, id, &request);
}

static int status_of(const uint8_t *data, size_t size)
{
    Waldo__Wire__Reply *reply = waldo__wire__reply__unpack(NULL, size, data);

    cr_assert_not_null(reply);
    int status = reply->status;
    waldo__wire__reply__free_unpacked(reply, NULL);
    return status;
}

/* Takes what the next frame answers: bit i of *ret_answered is up if `first` + i was, with that
 * status. */
static void take_answers(raw_client *client, uint32_t first, int status, unsigned *ret_answered)
{
    waldo__buffer frame = {0}, plain = {0};
    waldo__bundled one;
    const uint8_t *data;
    size_t size;

    cr_assert_eq(client->engine->receive(client->channel, &one.id, &frame,
                                         waldo__deadline_in(RAW_PATIENCE), NULL),
                 0);
    cr_assert_eq(
        waldo__secure_open(client->secure, frame.data, frame.size, &plain, &data, &size, NULL), 0);
    if (waldo__secure_kind_of(frame.data, frame.size) == WALDO__SECURE_SEALED_BUNDLE) {
        cr_assert(waldo__bundle_is_sound(data, size));
        while (waldo__bundle_next(&data, &size, &one)) {
            cr_assert_eq(status_of(one.data, one.size), status);
            *ret_answered |= 1u << (one.id - first);
        }
    } else {
        cr_assert_eq(status_of(data, size), status);
        *ret_answered |= 1u << (one.id - first);
    }
    waldo__buffer_free(&frame);
    waldo__buffer_free(&plain);
}

static void await_answers(raw_client *client, uint32_t first, int status)
{
    unsigned answered = 0;

    while (answered != (1u << SEVERAL) - 1)
        take_answers(client, first, status, &answered);
}

static void assert_cut_off(raw_client *client)
{
    waldo__buffer frame = {0};
    uint32_t id;
    int status = client->engine->receive(client->channel, &id, &frame,
                                         waldo__deadline_in(RAW_PATIENCE), NULL);

    cr_assert_eq(status, WALDO_EGONE, "%d", status);
    waldo__buffer_free(&frame);
}

static void each_request_of_a_good_one_is_answered(test_server *server)
{
    raw_client client = raw_enter(server->url, SESSION);
    waldo__buffer bundle = {0};
    const uint32_t first = WALDO__REQUEST_ID_FLAG | 1000;

    for (uint32_t i = 0; i < SEVERAL; i++)
        add_ping(&bundle, &client, first + i);
    send_bundle(&client, &bundle);
    await_answers(&client, first, 0);
    for (uint32_t i = 0; i < SEVERAL; i++)
        cr_assert(waldo__bundle_append(&bundle, first + i, (const uint8_t *)"\xff", 1));
    send_bundle(&client, &bundle);
    await_answers(&client, first, WALDO_EPROTOCOL);
    raw_leave(&client);
}

Test(bundles, each_request_of_a_good_one_is_answered, .fini = daemon_kill_all)
{
    run_over("tcp://127.0.0.1:0", each_request_of_a_good_one_is_answered);
}

static void one_that_is_none_ends_its_connection(test_server *server)
{
    static const uint8_t bytes[LONGEST];
    enum { CUT, FOLLOWED, LIE, TOO_LONG, WAYS };

    for (int way = 0; way < WAYS; way++) {
        raw_client client = raw_enter(server->url, SESSION);
        waldo__buffer bundle = {0};
        add_ping(&bundle, &client, WALDO__REQUEST_ID_FLAG | 1000);
        add_ping(&bundle, &client, WALDO__REQUEST_ID_FLAG | 1001);
        if (way == CUT)
            bundle.size--;
        if (way == FOLLOWED)
            cr_assert(waldo__buffer_append(&bundle, "x", 1));
        if (way == LIE)
            waldo__bundle_put_head(bundle.data, 1, SIZE_MAX);
        if (way == TOO_LONG)
            cr_assert(waldo__bundle_append(&bundle, 3, bytes, sizeof bytes));
        send_bundle(&client, &bundle);
        assert_cut_off(&client);
        raw_close(&client);
    }
}

Test(bundles, one_that_is_none_ends_its_connection, .fini = daemon_kill_all)
{
    run_over("tcp://127.0.0.1:0", one_that_is_none_ends_its_connection);
}

/* The rest of it is nobody's. */
static void one_in_which_the_session_ends(test_server *server)
{
    raw_client client = raw_enter(server->url, SESSION);
    waldo__buffer bundle = {0};
    Waldo__Wire__Request goodbye = raw_request(&client, WALDO__WIRE__OPERATION__GOODBYE, 0);

    add_ping(&bundle, &client, 1);
    add_request(&bundle, 2, &goodbye);
    for (uint32_t id = 3; id < 100; id++)
        add_ping(&bundle, &client, id);
    send_bundle(&client, &bundle);
    raw_close(&client);
}

Test(bundles, one_in_which_the_session_ends, .fini = daemon_kill_all)
{
    run_over("tcp://127.0.0.1:0", one_in_which_the_session_ends);
}

/* Before HELLO, and where the server did not say that it takes them. */
static void one_that_nobody_asked_for(test_server *server)
{
    waldo__buffer bundle = {0};
    raw_client client = raw_open(server->url);

    add_ping(&bundle, &client, 1);
    send_bundle(&client, &bundle);
    assert_cut_off(&client);
    raw_close(&client);
}

Test(bundles, one_that_nobody_asked_for, .fini = daemon_kill_all)
{
    run_over("tcp://127.0.0.1:0", one_that_nobody_asked_for);
}
