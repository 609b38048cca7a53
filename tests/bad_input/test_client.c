/* The client, and servers that are none or that answer with nonsense. */
#include "fake_server.h"
#include "server.h"

static int connect_to(const char *url, double seconds, waldo_error *err)
{
    waldo_manager_options options = {.connect_timeout = seconds};
    waldo_manager *manager = NULL;
    int status = waldo_connect(url, &options, &manager, err);

    if (status < 0)
        cr_assert_null(manager, "untouched on failure");
    waldo_manager_unref(manager);
    return status;
}

static int count_descriptors(void)
{
    const daemon_process self = {.pid = getpid()};

    return daemon_descriptors(&self);
}

/* ---- nobody ---- */

Test(client, an_unknown_scheme)
{
    static const char *const urls[] = {
        "gopher://127.0.0.1:70", "http://127.0.0.1", "127.0.0.1:5", "",
        "tcp//127.0.0.1:5",      "TCP:/127.0.0.1:5", "tcp://"};

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(connect_to(urls[i], 5, &err), WALDO_EVALUE, "%s: %s", urls[i], err.message);
        cr_assert_str_neq(err.message, "");
    }
}

Test(client, nobody_listens)
{
    static const struct {
        const char *url;
        int code;
    } places[] = {
        {"tcp://127.0.0.1:1", WALDO_EREFUSED},
        {"nn+tcp://127.0.0.1:1", WALDO_EREFUSED},
        {"ws://127.0.0.1:1", WALDO_EREFUSED},
        {"ipc:///tmp/waldo-no-such-socket", WALDO_ENOTFOUND},
        {"nn+ipc:///tmp/waldo-no-such-socket", WALDO_ENOTFOUND},
        {"ipc://@waldo-no-such-socket", WALDO_EREFUSED},
    };
    int before = count_descriptors();

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(connect_to(places[i].url, 20, &err), places[i].code, "%s: %s %s",
                     places[i].url, err.type_name, err.message);
        cr_assert_not_null(strstr(err.message, "cannot connect to "), "%s", err.message);
    }
    cr_assert_leq(count_descriptors(), before + 4, "what libnanomsg keeps for itself");
}

/* ---- somebody else ---- */

static void meet_over(const char *scheme, fake_server *server, double seconds, int wanted)
{
    waldo_error err = WALDO_ERROR_INIT;
    const char *url = fake_url(server, scheme);

    cr_assert_eq(connect_to(url, seconds, &err), wanted, "%s: %s %s", url, err.type_name,
                 err.message);
}

static void meet(void (*serve)(fake_server *, int), const void *bytes, size_t size, double seconds,
                 int wanted)
{
    fake_server server = {.serve = serve, .bytes = bytes, .size = size};

    fake_start(&server);
    meet_over("tcp", &server, seconds, wanted);
    meet_over("nn+tcp", &server, seconds, wanted);
    fake_stop(&server);
}

Test(client, a_http_server)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

    meet(fake_say, answer, strlen(answer), 20, WALDO_EPROTOCOL);
}

Test(client, a_server_of_random_bytes)
{
    static uint8_t bytes[70000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((i + 1) * 2654435761u >> 15);
    meet(fake_say, bytes, sizeof bytes, 20, WALDO_EPROTOCOL);
}

Test(client, a_server_that_says_nothing)
{
    meet(fake_say_nothing, NULL, 0, 0.15, WALDO_ETIMEOUT);
}

Test(client, another_kind_of_sp_socket)
{
    uint8_t publisher[WALDO__SP_HELLO_SIZE];

    waldo__sp_hello(publisher, 0x20);
    meet(fake_say, publisher, sizeof publisher, 20, WALDO_EPROTOCOL);
}

/* ---- a REP socket that does not shake hands ---- */

/* Answers with its bytes, or with the request's if it has none. */
static void answer_at_once(fake_server *server, int fd)
{
    const uint8_t *data;
    size_t size;
    uint32_t id;

    if (!fake_greet(fd) || !fake_read_message(fd, &id, &data, &size))
        return;
    if (server->bytes)
        fake_send_message(fd, id, server->bytes, server->size);
    else
        fake_send_message(fd, id, data, size);
    fake_listen_on(fd);
}

Test(client, a_rep_socket_that_does_not_shake_hands)
{
    static const uint8_t refusal[] = {WALDO__SECURE_REFUSAL};
    static const uint8_t second[WALDO__SECURE_SECOND_SIZE + 1] = {WALDO__SECURE_SECOND};
    static const char text[] = "{\"error\": \"what?\"}";

    meet(answer_at_once, "", 0, 20, WALDO_EAUTHENTICATION);
    meet(answer_at_once, NULL, 0, 20, WALDO_EAUTHENTICATION);
    meet(answer_at_once, text, strlen(text), 20, WALDO_EAUTHENTICATION);
    meet(answer_at_once, refusal, sizeof refusal, 20, WALDO_EAUTHENTICATION);
    for (size_t size = sizeof second - 2; size <= sizeof second; size++)
        meet(answer_at_once, second, size, 20, WALDO_EAUTHENTICATION);
}

/* ---- one that has the key, and is no Waldo server ---- */

static bool answer_nothing(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    (void)request;
    (void)reply;
    return true;
}

static bool answer_text(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    (void)request;
    return waldo__buffer_append(reply, "{\"error\": \"what?\"}", 18);
}

static bool answer_the_same(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    return waldo__envelope_request(reply, request, NULL, NULL) >= 0;
}

static bool answer_version_2(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    (void)request;
    fake_welcome(reply, 2, FAKE_INCARNATION, FAKE_LEASE_MS);
    return true;
}

static bool answer_no_incarnation(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    (void)request;
    fake_welcome(reply, 1, 0, FAKE_LEASE_MS);
    return true;
}

static bool answer_no_lease(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    (void)request;
    fake_welcome(reply, 1, FAKE_INCARNATION, 0);
    return true;
}

static bool answer_endless_lease(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    if (request->operation == WALDO__WIRE__OPERATION__HELLO)
        fake_welcome(reply, 1, FAKE_INCARNATION, UINT64_MAX);
    return true;
}

static bool answer_not_a_welcome(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    Waldo__Wire__Text text = WALDO__WIRE__TEXT__INIT;

    (void)request;
    text.text = (char *)"hello to you, too";
    fake_reply(reply, 0, &text.base);
    return true;
}

static bool hang_up(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    (void)request;
    (void)reply;
    return false;
}

Test(client, a_holder_of_the_key_that_is_no_waldo_server)
{
    static const struct {
        bool (*answer)(const Waldo__Wire__Request *, waldo__buffer *);
        int code;
        const char *words;
    } peers[] = {
        {answer_nothing, WALDO_EPROTOCOL, "does not speak Waldo"},
        {answer_text, WALDO_EPROTOCOL, ""},
        {answer_the_same, WALDO_EPROTOCOL, ""},
        {answer_version_2, WALDO_EVERSION, "version 2"},
        {answer_no_incarnation, WALDO_EPROTOCOL, "does not speak Waldo"},
        {answer_no_lease, WALDO_EPROTOCOL, "does not speak Waldo"},
        {answer_not_a_welcome, WALDO_EPROTOCOL, ""},
        {hang_up, WALDO_EGONE, ""},
    };

    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        fake_server server = {.serve = fake_speak_waldo, .answer = peers[i].answer};
        waldo_error err = WALDO_ERROR_INIT;
        fake_start(&server);
        cr_assert_eq(connect_to(fake_url(&server, "tcp"), 20, &err), peers[i].code, "%zu: %s %s", i,
                     err.type_name, err.message);
        assert_error(err, peers[i].code, peers[i].words);
        fake_stop(&server);
    }
}

/* The heartbeat of so long a lease is hardly ever due, and counts on. */
Test(client, a_server_that_never_forgets)
{
    fake_server server = {.serve = fake_speak_waldo, .answer = answer_endless_lease};
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    fake_start(&server);
    cr_assert_eq(waldo_connect(fake_url(&server, "tcp"), NULL, &manager, &err), 0, "%s",
                 err.message);
    cr_assert_eq(waldo_manager_ping(manager, &err), 0, "%s", err.message);
    waldo_manager_unref(manager);
    fake_stop(&server);
}

/* ---- a server that welcomes, and then answers with nonsense ---- */

static bool (*then)(waldo__buffer *reply); /* what comes for anything but HELLO */

static bool welcome_then(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    switch (request->operation) {
    case WALDO__WIRE__OPERATION__HELLO:
        fake_welcome(reply, 1, FAKE_INCARNATION, FAKE_LEASE_MS);
        return true;
    case WALDO__WIRE__OPERATION__DROP:
    case WALDO__WIRE__OPERATION__GOODBYE:
        return true;
    default:
        return then(reply);
    }
}

static bool garbage(waldo__buffer *reply)
{
    return waldo__buffer_append(reply, "\xFF\xFF\xFF", 3);
}

static bool success_without_body(waldo__buffer *reply)
{
    (void)reply;
    return true;
}

static bool another_body(waldo__buffer *reply)
{
    Waldo__Wire__Text text = WALDO__WIRE__TEXT__INIT;

    text.text = (char *)"text";
    fake_reply(reply, 0, &text.base);
    return true;
}

static bool unknown_status(waldo__buffer *reply)
{
    fake_reply(reply, -999, NULL);
    return true;
}

static bool end(waldo__buffer *reply)
{
    (void)reply;
    return false;
}

static waldo_manager *connect_fake(fake_server *server, double timeout)
{
    waldo_manager_options options = {.call_timeout = timeout};
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    server->serve = fake_speak_waldo;
    server->answer = welcome_then;
    fake_start(server);
    cr_assert_eq(waldo_connect(fake_url(server, "tcp"), &options, &manager, &err), 0, "%s",
                 err.message);
    return manager;
}

Test(client, replies_that_are_none)
{
    static const struct {
        bool (*then)(waldo__buffer *);
        int ping, create, objects;
    } rows[] = {
        {garbage, WALDO_EPROTOCOL, WALDO_EPROTOCOL, WALDO_EPROTOCOL},
        {success_without_body, 0, WALDO_EPROTOCOL, 0},
        {another_body, 0, WALDO_EPROTOCOL, WALDO_EPROTOCOL},
        {unknown_status, WALDO_EREMOTE, WALDO_EREMOTE, WALDO_EREMOTE},
        /* The session is there each time, so each time the request is sent again. */
        {end, WALDO_ETIMEOUT, WALDO_ETIMEOUT, WALDO_ETIMEOUT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_server server = {.serve = NULL};
        waldo_manager *manager = connect_fake(&server, rows[i].then == end ? 0.3 : 20);
        bad_thing *thing = NULL;
        waldo_error err = WALDO_ERROR_INIT;
        uint64_t count = 5;
        then = rows[i].then;
        cr_assert_eq(waldo_manager_ping(manager, &err), rows[i].ping, "%zu: %s", i, err.message);
        cr_assert_eq(bad_thing_new(manager, &thing, &err), rows[i].create, "%zu: %s", i,
                     err.message);
        cr_assert_null(thing);
        cr_assert_eq(waldo_manager_number_of_objects(manager, &count, &err), rows[i].objects,
                     "%zu: %s", i, err.message);
        cr_assert_eq(count, rows[i].objects < 0 ? 5 : 0, "untouched on failure");
        waldo_manager_unref(manager);
        fake_stop(&server);
    }
}

static bool created(waldo__buffer *reply)
{
    Waldo__Wire__MethodNumber echo = WALDO__WIRE__METHOD_NUMBER__INIT, twice = echo, zero = echo;
    Waldo__Wire__MethodNumber *methods[] = {&echo, &twice, &zero};

    echo.name = twice.name = (char *)"echo";
    echo.number = 1;
    twice.number = UINT32_MAX;
    zero.name = (char *)"";
    fake_created(reply, methods, 3);
    return true;
}

/* A result that is another message: the error is the call's, and the proxy is as before. */
Test(client, results_that_do_not_unpack)
{
    fake_server server = {.serve = NULL};
    waldo_manager *manager = connect_fake(&server, 20);
    bad_thing *thing = NULL;
    Bad__Number number = BAD__NUMBER__INIT, *result = NULL;
    waldo_value *value = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    then = created;
    cr_assert_eq(bad_thing_new(manager, &thing, &err), 0, "%s", err.message);
    then = another_body;
    cr_assert_eq(bad_thing_echo(thing, &number, &result, &err), WALDO_EPROTOCOL, "%s", err.message);
    cr_assert_not_null(strstr(err.message, "bad.Number"), "%s", err.message);
    cr_assert_eq(waldo_proxy_call(bad_thing_proxy(thing), "echo", waldo_v_none(), &value, &err),
                 WALDO_EPROTOCOL, "%s", err.message);
    cr_assert(!result && !value);
    /* Not in the server's table: refused here. */
    cr_assert_eq(bad_thing_park(thing, &(Bad__Fifo)BAD__FIFO__INIT, &result, &err),
                 WALDO_EATTRIBUTE, "%s", err.message);
    assert_error(err, WALDO_EATTRIBUTE, "'Thing' exposes no method 'park'");
    then = success_without_body;
    cr_assert_eq(bad_thing_echo(thing, &number, &result, &err), 0, "%s", err.message);
    bad__number__free_unpacked(result, NULL);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
    fake_stop(&server);
}

/* ---- frames ---- */

static const void *frame;
static size_t frame_size;
static bool after_handshake;

/* Greets, reads a message, and sends bytes that need not be a frame. */
static void speak_frames(fake_server *server, int fd)
{
    waldo__secure_channel *secure = NULL;
    const uint8_t *data;
    size_t size;
    uint32_t id;

    (void)server;
    bool more = fake_greet(fd);
    if (more && after_handshake)
        more = (secure = fake_shake_hands(fd)) != NULL;
    if (more && fake_read_message(fd, &id, &data, &size))
        fake_send(fd, frame, frame_size);
    waldo__secure_channel_free(secure);
}

Test(client, frames_that_are_none)
{
    static const struct {
        const char *bytes;
        size_t size;
        int code;
    } frames[] = {
        {"\x7F\0\0\0\0\0\0\0\x80\0\0\1", 12, WALDO_ETOOBIG}, /* more than there is memory */
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, WALDO_ETOOBIG},
        {"\0\0\0\0\0\0\0\0", 8, WALDO_EPROTOCOL},           /* not even an id */
        {"\0\0\0\0\0\0\0\3\x80\0\0", 11, WALDO_EPROTOCOL},  /* half of one */
        {"\0\0\0\0\0\0\0\5\0\0\0\1x", 13, WALDO_EPROTOCOL}, /* no top bit */
        {"\0\0\0\0\0\0\0\x64\x80\0\0\1half", 16, WALDO_EGONE},
        {"\0\0\0", 3, WALDO_EGONE},
    };

    for (size_t k = 0; k < 2 * (sizeof frames / sizeof frames[0]); k++) {
        size_t i = k / 2;
        fake_server server = {.serve = speak_frames};
        waldo_error err = WALDO_ERROR_INIT;
        frame = frames[i].bytes;
        frame_size = frames[i].size;
        after_handshake = k % 2;
        fake_start(&server);
        cr_assert_eq(connect_to(fake_url(&server, "tcp"), 20, &err), frames[i].code, "%zu: %s %s",
                     i, err.type_name, err.message);
        fake_stop(&server);
    }
}

/* ---- sealed frames ---- */

/* Spoils the frame with the answer to HELLO: this byte of it, or all but so many of its bytes. */
static size_t spoiled_byte, bytes_left;

static void spoil(fake_server *server, int fd)
{
    waldo__secure_channel *secure = fake_greet(fd) ? fake_shake_hands(fd) : NULL;
    Waldo__Wire__Request *request = NULL;
    uint32_t id;

    (void)server;
    if (secure && fake_read_request(fd, secure, &id, &request)) {
        waldo__buffer reply = {0}, sealed = {0};
        fake_welcome(&reply, 1, FAKE_INCARNATION, FAKE_LEASE_MS);
        struct iovec part = {reply.data, reply.size};
        cr_assert_eq(waldo__secure_seal(secure, &part, 1, &sealed, NULL), 0);
        cr_assert_lt(spoiled_byte, sealed.size);
        sealed.data[spoiled_byte] ^= 0x10;
        fake_send_message(fd, id, sealed.data, bytes_left < sealed.size ? bytes_left : sealed.size);
        waldo__buffer_free(&sealed);
        waldo__buffer_free(&reply);
        waldo__wire__request__free_unpacked(request, NULL);
        fake_listen_on(fd);
    }
    waldo__secure_channel_free(secure);
}

/* Whatever was changed on the way, nothing of it is believed. */
Test(client, frames_that_were_changed_on_the_way)
{
    fake_server server = {.serve = spoil};

    fake_start(&server);
    for (size_t i = 0; i < 2 * WALDO__SECURE_OVERHEAD; i++) {
        bool cut = i % 2;
        spoiled_byte = cut ? 0 : i / 2;
        bytes_left = cut ? i / 2 : SIZE_MAX;
        meet_over("tcp", &server, 20, WALDO_EGONE);
    }
    meet_over("nn+tcp", &server, 20, WALDO_EGONE);
    fake_stop(&server);
}
