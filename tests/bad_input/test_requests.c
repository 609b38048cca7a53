/* Requests that make no sense, sent without a client that would check them. */
#include "raw_client.h"
#include "server.h"

#define SESSION "sixteen letters!"

static void assert_refused(const raw_client *client, int code, const char *type, const char *words)
{
    const Waldo__Wire__Reply *reply = client->reply;

    cr_assert_eq(reply->status, code, "%d %s", reply->status, reply->error_message);
    cr_assert_str_eq(reply->error_type, type);
    cr_assert_not_null(strstr(reply->error_message, words), "%s", reply->error_message);
    cr_assert_eq(reply->body.len, 0);
    cr_assert_not(reply->proxy);
}

/* ---- messages ---- */

TEST_OVER_ENGINES(requests, no_message_at_all)
{
    raw_client client = raw_open(server->url);

    raw_exchange_bytes(&client, "", 0);
    assert_refused(&client, WALDO_EPROTOCOL, "ProtocolError", "unknown operation 0");
    raw_close(&client);
}

TEST_OVER_ENGINES(requests, a_message_that_is_not_protobuf)
{
    static const char *const messages[] = {"GET / HTTP/1.1\r\n\r\n",
                                           "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
                                           "\x07",
                                           "\x0B",
                                           "{\"operation\": 5}",
                                           "\x2A\x02\xC3\x28", /* a name that is not UTF-8 */
                                           "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
                                           "\x22\xFF\xFF\xFF\xFF\x0F"};
    raw_client client = raw_enter(server->url, SESSION);

    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        int status = raw_exchange_bytes(&client, messages[i], strlen(messages[i]));
        cr_assert_eq(status, WALDO_EPROTOCOL, "%zu: %d %s", i, status, client.reply->error_message);
        cr_assert_str_neq(client.reply->error_message, "");
    }
    cr_assert_eq(raw_operation(&client, WALDO__WIRE__OPERATION__PING, 0), 0,
                 "the connection goes on");
    raw_leave(&client);
}

/* Every beginning of a good request: refused, or a shorter good one; never more than that. */
TEST_OVER_ENGINES(requests, a_truncated_message)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CALL, object);
    Bad__Number number = BAD__NUMBER__INIT;
    waldo__buffer packed = {0};

    number.n = 300;
    request.name = (char *)"echo";
    for (size_t size = 0, whole = 1; size <= whole; size++) {
        /* What was refused is remembered under its number. */
        request.sequence = ++client.sequence;
        packed.size = 0;
        cr_assert_eq(waldo__envelope_request(&packed, &request, &number.base, NULL), 0);
        whole = packed.size;
        int status = raw_exchange_bytes(&client, packed.data, size);
        cr_assert(status == 0 ||
                      (size < whole && (status == WALDO_EPROTOCOL || status == WALDO_EKEY ||
                                        status == WALDO_EATTRIBUTE)),
                  "%zu: %d %s", size, status, client.reply->error_message);
    }
    waldo__buffer_free(&packed);
    raw_leave(&client);
}

TEST_OVER_ENGINES(requests, an_unknown_operation)
{
    static const uint32_t operations[] = {0, 18, 19, 1000, 0x7FFFFFFF};
    raw_client client = raw_enter(server->url, SESSION);

    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        raw_operation(&client, (Waldo__Wire__Operation)operations[i], 1);
        assert_refused(&client, WALDO_EPROTOCOL, "ProtocolError", "unknown operation");
    }
    /* -1, as an enum that other languages may send has it. */
    raw_exchange_bytes(&client, "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11);
    assert_refused(&client, WALDO_EPROTOCOL, "ProtocolError", "unknown operation");
    raw_leave(&client);
}

/* ---- objects, types and methods ---- */

TEST_OVER_ENGINES(requests, an_unknown_object)
{
    static const Waldo__Wire__Operation operations[] = {
        WALDO__WIRE__OPERATION__CALL, WALDO__WIRE__OPERATION__NEXT, WALDO__WIRE__OPERATION__ATTACH,
        WALDO__WIRE__OPERATION__DESCRIBE};
    static const uint64_t objects[] = {4711, UINT64_MAX};
    raw_client client = raw_enter(server->url, SESSION);

    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        for (size_t k = 0; k < 2; k++) {
            raw_operation(&client, operations[i], objects[k]);
            assert_refused(&client, WALDO_EKEY, "KeyError", "there is no object ");
        }
    raw_operation(&client, WALDO__WIRE__OPERATION__CALL, 0);
    assert_refused(&client, WALDO_EKEY, "KeyError", "there is no object 0");
    raw_leave(&client);
}

TEST_OVER_ENGINES(requests, an_object_of_another_life)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    uint64_t incarnation = client.incarnation;

    client.incarnation++;
    raw_operation(&client, WALDO__WIRE__OPERATION__CALL, object);
    assert_refused(&client, WALDO_EKEY, "KeyError", "belonged to an earlier life of the server");
    raw_operation(&client, WALDO__WIRE__OPERATION__DROP, object);
    assert_refused(&client, WALDO_EKEY, "KeyError", "holds no object");
    client.incarnation = incarnation;
    cr_assert_eq(raw_operation(&client, WALDO__WIRE__OPERATION__DROP, object), 0);
    raw_leave(&client);
}

TEST_OVER_ENGINES(requests, an_unknown_typeid)
{
    /* Cut in the middle of a character where the server shows it. */
    char accents[] = "n........................................................................";
    const char *const names[] = {"", "Nothing", "thing", "Thing ", "%s%n", accents};
    raw_client client = raw_enter(server->url, SESSION);

    for (size_t i = 1; i < strlen(accents); i++)
        accents[i] = i % 2 ? '\xC3' : '\xA9';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CREATE, 0);
        request.name = (char *)names[i];
        raw_exchange(&client, &request, NULL);
        assert_refused(&client, WALDO_EKEY, "KeyError", "this server offers no type '");
        request.operation = WALDO__WIRE__OPERATION__DESCRIBE;
        raw_exchange(&client, &request, NULL);
        assert_refused(&client, WALDO_EKEY, "KeyError", "this server offers no type '");
    }
    raw_leave(&client);
}

TEST_OVER_ENGINES(requests, a_typeid_that_clients_do_not_create)
{
    raw_client client = raw_enter(server->url, SESSION);
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CREATE, 0);

    request.name = (char *)"Found";
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, WALDO_EATTRIBUTE, "AttributeError",
                   "objects of type 'Found' are not created by clients");
    raw_leave(&client);
}

TEST_OVER_ENGINES(requests, an_unknown_method)
{
    static const uint32_t numbers[] = {100, 0x7FFFFFFF, UINT32_MAX};
    static const char *const names[] = {"", "ech", "echo2", "__init__", "#GETVALUES"};
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CALL, object);

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        request.method = numbers[i];
        raw_exchange(&client, &request, NULL);
        assert_refused(&client, WALDO_EATTRIBUTE, "AttributeError",
                       "'Thing' exposes no method number ");
    }
    request.method = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        request.name = (char *)names[i];
        raw_exchange(&client, &request, NULL);
        assert_refused(&client, WALDO_EATTRIBUTE, "AttributeError", "'Thing' exposes no method '");
    }
    raw_leave(&client);
}

/* The typed proxy has no such function; the server refuses it all the same, by name and number. */
TEST_OVER_ENGINES(requests, a_hidden_method)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t thing = raw_create(&client, "Thing"), narrow = raw_create(&client, "Narrow");
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CALL, thing);

    request.name = (char *)"_secret";
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, WALDO_EATTRIBUTE, "AttributeError", "exposes no method '_secret'");
    request.method = 5;
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, WALDO_EATTRIBUTE, "AttributeError", "exposes no method number 5");
    request.object = narrow;
    request.method = 2;
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, WALDO_EATTRIBUTE, "AttributeError",
                   "'Narrow' exposes no method number 2");
    request.method = 1;
    cr_assert_eq(raw_exchange(&client, &request, NULL), 0);
    raw_leave(&client);
}

TEST_OVER_ENGINES(requests, next_of_what_is_no_iterator)
{
    raw_client client = raw_enter(server->url, SESSION);

    raw_operation(&client, WALDO__WIRE__OPERATION__NEXT, raw_create(&client, "Thing"));
    assert_refused(&client, WALDO_ETYPE, "TypeError", "'Thing' object is not an iterator");
    raw_leave(&client);
}

/* ---- references ---- */

TEST_OVER_ENGINES(requests, drop_of_what_is_not_held)
{
    raw_client client = raw_enter(server->url, SESSION);
    raw_client other = raw_enter(server->url, "another session!");
    uint64_t object = raw_create(&client, "Thing");
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__DROP, object);

    raw_operation(&client, WALDO__WIRE__OPERATION__DROP, 4711);
    assert_refused(&client, WALDO_EKEY, "KeyError", "this session holds no object 4711");
    raw_operation(&other, WALDO__WIRE__OPERATION__DROP, object);
    assert_refused(&other, WALDO_EKEY, "KeyError", "this session holds no object");
    request.count = 2;
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, WALDO_EKEY, "KeyError", "this session holds no object");
    request.count = UINT32_MAX;
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, WALDO_EKEY, "KeyError", "this session holds no object");
    /* It is there as before, until its holder gives it back. */
    cr_assert_eq(raw_operation(&client, WALDO__WIRE__OPERATION__ATTACH, object), 0);
    request.count = 2;
    cr_assert_eq(raw_exchange(&client, &request, NULL), 0);
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, WALDO_EKEY, "KeyError", "this session holds no object");
    raw_operation(&client, WALDO__WIRE__OPERATION__ATTACH, object);
    assert_refused(&client, WALDO_EKEY, "KeyError", "there is no object");
    raw_leave(&other);
    raw_leave(&client);
}

/* ---- sessions ---- */

TEST_OVER_ENGINES(requests, a_request_before_hello)
{
    raw_client client = raw_open(server->url);

    for (int operation = WALDO__WIRE__OPERATION__GOODBYE;
         operation <= WALDO__WIRE__OPERATION__EXPORT; operation++) {
        raw_operation(&client, (Waldo__Wire__Operation)operation, 1);
        assert_refused(&client, WALDO_EPROTOCOL, "ProtocolError", "a session begins with HELLO");
    }
    raw_close(&client);
}

TEST_OVER_ENGINES(requests, a_request_after_goodbye)
{
    raw_client client = raw_enter(server->url, SESSION);

    raw_create(&client, "Thing");
    cr_assert_eq(raw_operation(&client, WALDO__WIRE__OPERATION__GOODBYE, 0), 0);
    raw_operation(&client, WALDO__WIRE__OPERATION__PING, 0);
    assert_refused(&client, WALDO_EPROTOCOL, "ProtocolError", "the session is over");
    cr_assert_eq(raw_hello(&client, WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION, SESSION, 16), 0);
    raw_leave(&client);
}

TEST_OVER_ENGINES(requests, a_session_id_of_wrong_length)
{
    static const uint8_t id[64] = {1};
    static const size_t sizes[] = {0, 1, 15, 17, 64};
    raw_client client = raw_open(server->url);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        raw_hello(&client, WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION, id, sizes[i]);
        assert_refused(&client, WALDO_EPROTOCOL, "ProtocolError", "a session id has 16 bytes");
    }
    raw_operation(&client, WALDO__WIRE__OPERATION__PING, 0);
    assert_refused(&client, WALDO_EPROTOCOL, "ProtocolError", "a session begins with HELLO");
    raw_close(&client);
}

TEST_OVER_ENGINES(requests, a_client_of_another_protocol_version)
{
    raw_client client = raw_open(server->url);

    raw_hello(&client, 2, SESSION, 16);
    assert_refused(&client, WALDO_EVERSION, "VersionError",
                   "the server speaks version 1 of Waldo's protocol, the client 2");
    raw_hello(&client, 0, SESSION, 16);
    assert_refused(&client, WALDO_EVERSION, "VersionError", "the client 0");
    raw_close(&client);
}

TEST_OVER_ENGINES(requests, a_hello_that_is_none)
{
    raw_client client = raw_open(server->url);
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;

    request.operation = WALDO__WIRE__OPERATION__HELLO;
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, WALDO_EVERSION, "VersionError", "the client 0");
    request.body.data = (uint8_t *)"\xFF\xFF";
    request.body.len = 2;
    raw_exchange(&client, &request, NULL);
    cr_assert_eq(client.reply->status, WALDO_EPROTOCOL);
    raw_close(&client);
}

/* Half of the id is enough to find the table's place, not to enter the session. */
TEST_OVER_ENGINES(requests, half_of_anothers_session_id)
{
    raw_client client = raw_enter(server->url, "sameHALFone mine"), thief = raw_open(server->url);

    cr_assert_lt(raw_hello(&thief, WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION, "sameHALFnot mine", 16),
                 0);
    raw_operation(&thief, WALDO__WIRE__OPERATION__PING, 0);
    assert_refused(&thief, WALDO_EPROTOCOL, "ProtocolError", "a session begins with HELLO");
    cr_assert_eq(raw_operation(&client, WALDO__WIRE__OPERATION__PING, 0), 0);
    raw_close(&thief);
    raw_leave(&client);
}

/* ---- arguments ---- */

/* A body of nested fields, each the only one in the one around it: `levels` times tag, length. */
static void nest(waldo__buffer *body, uint8_t tag, int levels)
{
    uint8_t *bytes = malloc((size_t)levels * 6);
    size_t start = (size_t)levels * 6;

    cr_assert_not_null(bytes);
    for (int i = 0; i < levels; i++) {
        uint8_t head[6] = {tag};
        size_t length = (size_t)levels * 6 - start, used = 1;
        for (; length >= 0x80; length >>= 7)
            head[used++] = (uint8_t)(length | 0x80);
        head[used++] = (uint8_t)length;
        start -= used;
        memcpy(bytes + start, head, used);
    }
    cr_assert(waldo__buffer_append(body, bytes + start, (size_t)levels * 6 - start));
    free(bytes);
}

static int call_with(raw_client *client, uint64_t object, const char *method, bool dynamic,
                     const void *data, size_t size)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__CALL, object);

    request.name = (char *)method;
    request.dynamic = dynamic;
    request.body.data = (uint8_t *)data;
    request.body.len = size;
    return raw_exchange(client, &request, NULL);
}

TEST_OVER_ENGINES(requests, arguments_nested_too_deep)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    waldo__buffer body = {0};

    for (int levels = 200; levels < 20000; levels *= 3) {
        body.size = 0;
        nest(&body, 1 << 3 | 2, levels); /* Tree.children */
        call_with(&client, object, "measure", false, body.data, body.size);
        assert_refused(&client, WALDO_ERECURSION, "RecursionError", "");
        body.size = 0;
        nest(&body, 8 << 3 | 2, levels); /* Value.list, and Sequence's field 1 does not matter */
        cr_assert_lt(call_with(&client, object, "measure", true, body.data, body.size), 0);
    }
    body.size = 0;
    nest(&body, 1 << 3 | 2, 100);
    cr_assert_eq(call_with(&client, object, "measure", false, body.data, body.size), 0);
    waldo__buffer_free(&body);
    raw_leave(&client);
}

/* A value of lists within lists. */
static waldo_value *nested_value(int levels)
{
    waldo_value *value = waldo_v(1);

    for (int i = 0; i < levels; i++)
        value = waldo_v_list(value);
    return value;
}

static void put_varint(waldo__buffer *buffer, size_t number)
{
    for (; number >= 0x80; number >>= 7)
        cr_assert(waldo__buffer_append(buffer, &(uint8_t){(uint8_t)(number | 0x80)}, 1));
    cr_assert(waldo__buffer_append(buffer, &(uint8_t){(uint8_t)number}, 1));
}

/* The packed value, wrapped in lists by hand: packing refuses it itself. */
static void wrap(waldo__buffer *value, int levels)
{
    for (int i = 0; i < levels; i++) {
        waldo__buffer sequence = {0}, outer = {0};
        cr_assert(waldo__buffer_append(&sequence, "\x0A", 1)); /* Sequence.items */
        put_varint(&sequence, value->size);
        cr_assert(waldo__buffer_append(&sequence, value->data, value->size));
        cr_assert(waldo__buffer_append(&outer, "\x42", 1)); /* Value.list */
        put_varint(&outer, sequence.size);
        cr_assert(waldo__buffer_append(&outer, sequence.data, sequence.size));
        waldo__buffer_free(&sequence);
        waldo__buffer_free(value);
        *value = outer;
    }
}

TEST_OVER_ENGINES(requests, a_value_nested_too_deep)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");

    for (int more = 6; more < 600; more *= 3) {
        waldo_value *value = nested_value(60);
        waldo__buffer packed = {0};
        uint8_t *data;
        size_t size;
        cr_assert_eq(waldo_value_pack(value, &data, &size, NULL), 0);
        cr_assert(waldo__buffer_append(&packed, data, size));
        wrap(&packed, more);
        call_with(&client, object, "measure", true, packed.data, packed.size);
        assert_refused(&client, WALDO_ERECURSION, "RecursionError", "");
        waldo__buffer_free(&packed);
        free(data);
        waldo_value_unref(value);
    }
    raw_leave(&client);
}

/* Two bytes each on the wire, a hundred in memory: the sum is bounded. */
TEST_OVER_ENGINES(requests, arguments_that_grow_in_memory)
{
    raw_client client = raw_enter(server->url, SESSION);
    uint64_t object = raw_create(&client, "Thing");
    enum { NODES = 30000 };
    static uint8_t body[2 * NODES];

    for (size_t i = 0; i < NODES; i++)
        body[2 * i] = 1 << 3 | 2;
    cr_assert_eq(call_with(&client, object, "measure", false, body, sizeof body), 0,
                 "what fits is taken");
    raw_leave(&client);
}
