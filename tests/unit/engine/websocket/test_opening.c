#include <criterion/criterion.h>
#include <string.h>

#include "engine/websocket/opening.h"

/* The example of RFC 6455, section 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: localhost:1\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define WITH_KEY "Sec-WebSocket-Key: " KEY "\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: rep.sp.nanomsg.org\r\n"
#define END "\r\n"

static waldo__ws_text text_of(const char *bytes)
{
    waldo__ws_text text = {.size = 0};
    size_t taken;

    int rc = waldo__ws_text_add(&text, bytes, strlen(bytes), &taken);
    cr_assert_eq(rc, 1, "%s", bytes);
    cr_assert_eq(taken, strlen(bytes));
    return text;
}

/* The answer begins so, and ends with its head or its sentence. */
static void expect_answer(const char *request, bool yes, const char *begins)
{
    waldo__ws_text whole = text_of(request), answer;

    cr_assert_eq(waldo__ws_answer(&whole, &answer), yes, "%s", request);
    cr_assert_lt(answer.size, sizeof answer.bytes);
    answer.bytes[answer.size] = '\0';
    cr_assert_eq(strncmp(answer.bytes, begins, strlen(begins)), 0, "%s", answer.bytes);
    cr_assert_eq(strlen(answer.bytes), answer.size);
    cr_assert_not_null(strstr(answer.bytes, "\r\n\r\n"));
}

Test(opening, the_example_of_the_rfc)
{
    expect_answer(LINE HOST UPGRADE WITH_KEY VERSION PROTOCOL END, true,
                  "HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: " ACCEPT "\r\n"
                  "Sec-WebSocket-Protocol: rep.sp.nanomsg.org\r\n\r\n");
}

/* As other clients and the proxies between may write it. */
Test(opening, what_is_as_good)
{
    const char *requests[] = {
        "GET  HTTP/1.1\r\n" HOST UPGRADE WITH_KEY VERSION PROTOCOL END,
        "GET /a/path?x=1 HTTP/1.1\r\n" HOST UPGRADE WITH_KEY VERSION PROTOCOL END,
        LINE
        "hOST:\tx \r\nupgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\n" WITH_KEY VERSION
            PROTOCOL END,
        LINE HOST
        "Upgrade: h2c, websocket\r\nConnection: close\r\nConnection:Upgrade\r\n" WITH_KEY VERSION
            PROTOCOL END,
        LINE HOST UPGRADE WITH_KEY VERSION
        "Sec-WebSocket-Protocol: chat,rep.sp.nanomsg.org\r\n" END,
        LINE HOST UPGRADE WITH_KEY VERSION "Sec-WebSocket-Protocol: chat\r\n" PROTOCOL END,
        LINE "X-Other: \r\nNo colon\r\n" HOST UPGRADE WITH_KEY VERSION PROTOCOL END,
    };

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        expect_answer(requests[i], true, "HTTP/1.1 101 ");
}

Test(opening, what_is_refused)
{
    const struct {
        const char *request, *begins;
    } cases[] = {
        {"POST / HTTP/1.1\r\n" HOST UPGRADE WITH_KEY VERSION PROTOCOL END, "HTTP/1.1 405 "},
        {"Get / HTTP/1.1\r\n" HOST UPGRADE WITH_KEY VERSION PROTOCOL END, "HTTP/1.1 405 "},
        {"X\r\n\r\n", "HTTP/1.1 405 "},
        {"GET / HTTP/1.0\r\n" HOST UPGRADE WITH_KEY VERSION PROTOCOL END, "HTTP/1.1 505 "},
        {"GET /\r\n" HOST UPGRADE WITH_KEY VERSION PROTOCOL END, "HTTP/1.1 505 "},
        {LINE HOST END, "HTTP/1.1 426 "},
        {LINE HOST "Upgrade: websocket\r\n" WITH_KEY VERSION PROTOCOL END, "HTTP/1.1 426 "},
        {LINE HOST "Connection: Upgrade\r\n" WITH_KEY VERSION PROTOCOL END, "HTTP/1.1 426 "},
        {LINE HOST UPGRADE WITH_KEY PROTOCOL END, "HTTP/1.1 426 "},
        {LINE HOST UPGRADE WITH_KEY "Sec-WebSocket-Version: 8\r\n" PROTOCOL END, "HTTP/1.1 426 "},
        {LINE UPGRADE WITH_KEY VERSION PROTOCOL END, "HTTP/1.1 400 "},
        {LINE HOST UPGRADE VERSION PROTOCOL END, "HTTP/1.1 400 "},
        {LINE HOST UPGRADE "Sec-WebSocket-Key: dGhl\r\n" VERSION PROTOCOL END, "HTTP/1.1 400 "},
        {LINE HOST UPGRADE "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n" VERSION PROTOCOL END,
         "HTTP/1.1 400 "},
        {LINE HOST UPGRADE WITH_KEY VERSION END, "HTTP/1.1 400 "},
        {LINE HOST UPGRADE WITH_KEY VERSION "Sec-WebSocket-Protocol: req.sp.nanomsg.org\r\n" END,
         "HTTP/1.1 400 "},
        {LINE HOST UPGRADE WITH_KEY VERSION PROTOCOL "Origin: http://example.org\r\n" END,
         "HTTP/1.1 403 "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_answer(cases[i].request, false, cases[i].begins);
}

Test(opening, in_pieces)
{
    static const char request[] = LINE HOST UPGRADE WITH_KEY VERSION PROTOCOL END "more";
    size_t whole = sizeof request - 1 - 4;
    size_t taken;

    for (size_t piece = 1; piece <= sizeof request - 1; piece++) {
        waldo__ws_text text = {.size = 0};
        size_t at = 0;
        int rc = 0;
        while (rc == 0) {
            size_t left = sizeof request - 1 - at;
            rc = waldo__ws_text_add(&text, request + at, left < piece ? left : piece, &taken);
            at += taken;
        }
        cr_assert_eq(rc, 1);
        cr_assert_eq(at, whole, "%zu of %zu taken in pieces of %zu", at, whole, piece);
        cr_assert_eq(text.size, whole);
    }
}

/* Known by its first byte. */
Test(opening, other_protocols)
{
    const char *const beginnings[] = {"\x16\3\1", "\r\n", "get", " GET"};

    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        waldo__ws_text text = {.size = 0}, answer;
        size_t taken;
        cr_assert_eq(waldo__ws_text_add(&text, beginnings[i], strlen(beginnings[i]), &taken),
                     WALDO_EPROTOCOL);
        cr_assert_eq(taken, strlen(beginnings[i]));
        cr_assert_not(waldo__ws_answer(&text, &answer));
        cr_assert_eq(strncmp(answer.bytes, "HTTP/1.1 400 ", 13), 0);
    }
}

Test(opening, too_long)
{
    waldo__ws_text text = {.size = 0}, answer;
    char bytes[1000];
    size_t taken;
    int rc = 0;

    memset(bytes, 'X', sizeof bytes);
    for (int i = 0; rc == 0; i++) {
        cr_assert_lt(i, 5);
        rc = waldo__ws_text_add(&text, bytes, sizeof bytes, &taken);
    }
    cr_assert_eq(rc, WALDO_ETOOBIG);
    cr_assert_eq(text.size, WALDO__WS_OPENING_MOST);
    cr_assert_not(waldo__ws_answer(&text, &answer));
    cr_assert_eq(strncmp(answer.bytes, "HTTP/1.1 431 ", 13), 0);
}

Test(opening, a_client_and_a_server)
{
    const char *urls[] = {"ws://localhost:8080", "ws://[::1]:1", "ws://127.0.0.1:65535"};
    const char *hosts[] = {"\r\nHost: localhost:8080\r\n", "\r\nHost: [::1]:1\r\n",
                           "\r\nHost: 127.0.0.1:65535\r\n"};

    for (size_t i = 0; i < 3; i++) {
        waldo__ws_text request, answer;
        waldo__ws_key key, other;
        waldo__url url;
        cr_assert_eq(waldo__url_parse(urls[i], &url, NULL), 0);
        waldo__ws_key_make(&key);
        waldo__ws_key_make(&other);
        cr_assert_str_neq(key.text, other.text);
        waldo__ws_ask(&url, &key, &request);
        cr_assert_not_null(memmem(request.bytes, request.size, hosts[i], strlen(hosts[i])));
        cr_assert(waldo__ws_answer(&request, &answer));
        cr_assert_eq(waldo__ws_check(&answer, &key, NULL), 0);
        cr_assert_eq(waldo__ws_check(&answer, &other, NULL), WALDO_EPROTOCOL);
    }
}

Test(opening, answers_that_are_none)
{
    const struct {
        const char *answer, *says;
    } cases[] = {
        {"HTTP/1.0 200 OK\r\n\r\n", "it said \"HTTP/1.0 200 OK\""},
        {"HTTP/1.1 404 Not\x01 Found\r\n\r\n", "it said \"HTTP/1.1 404 Not? Found\""},
        {"SSH-2.0\r\n\r\n", "it said \"SSH-2.0\""},
        {"X\r\n\r\n", "it said \"X\""},
        {"HTTP/1.1 101 x\r\n" UPGRADE PROTOCOL END, "not to the request"},
        {"HTTP/1.1 101 x\r\n" UPGRADE "Sec-WebSocket-Accept: " KEY "\r\n" PROTOCOL END,
         "not to the request"},
        {"HTTP/1.1 101 x\r\nSec-WebSocket-Accept: " ACCEPT "\r\n" PROTOCOL END,
         "not to the request"},
        {"HTTP/1.1 101 x\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n" END, "not for SP"},
        {"HTTP/1.1 101 x\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT
         "\r\nSec-WebSocket-Protocol: chat\r\n" END,
         "not for SP"},
    };
    const waldo__ws_key key = {KEY};
    waldo_error err = WALDO_ERROR_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        waldo__ws_text answer = text_of(cases[i].answer);
        cr_assert_eq(waldo__ws_check(&answer, &key, &err), WALDO_EPROTOCOL, "%s", cases[i].answer);
        cr_assert_not_null(strstr(err.message, cases[i].says), "%s", err.message);
    }
}
