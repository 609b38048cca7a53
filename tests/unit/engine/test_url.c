#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "engine/url.h"

Test(url, what_is_valid_comes_back_as_it_was)
{
    const char *texts[] = {
        "tcp://127.0.0.1:5555", "tcp://[::1]:5555",       "tcp://[fe80::1%eth0]:1",
        "tcp://example.org:0",  "tcp://my-host_2:65535",  "nn+tcp://10.0.0.1:80",
        "ws://localhost:8080",  "ipc:///run/waldo.sock",  "ipc://@abstract",
        "ipc://relative",       "nn+ipc:///tmp/x y.sock", "inproc://name",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        waldo__url url;
        waldo_error err;
        char text[600];
        cr_assert_eq(waldo__url_parse(texts[i], &url, &err), 0, "%s: %s", texts[i], err.message);
        waldo__url_format(&url, text, sizeof text);
        cr_assert_str_eq(text, texts[i]);
    }
}

Test(url, parts)
{
    waldo__url url;

    cr_assert_eq(waldo__url_parse("nn+tcp://[::1]:99", &url, NULL), 0);
    cr_assert_eq(url.scheme, WALDO__NN_TCP);
    cr_assert_str_eq(url.host, "::1");
    cr_assert_eq(url.port, 99);
    cr_assert_eq(waldo__url_parse("ws://localhost:8080/", &url, NULL), 0);
    cr_assert_eq(url.port, 8080);
    cr_assert_eq(waldo__url_parse("ipc:///a/b", &url, NULL), 0);
    cr_assert_eq(url.scheme, WALDO__IPC);
    cr_assert_str_eq(url.path, "/a/b");
    cr_assert_not(url.no_shm);
}

Test(url, options)
{
    waldo__url url;
    char text[600];

    cr_assert_eq(waldo__url_parse("ipc:///a/b?shm=0", &url, NULL), 0);
    cr_assert_str_eq(url.path, "/a/b");
    cr_assert(url.no_shm);
    waldo__url_format(&url, text, sizeof text);
    cr_assert_str_eq(text, "ipc:///a/b?shm=0");
    cr_assert_eq(waldo__url_parse("ipc://@a?shm=1", &url, NULL), 0);
    cr_assert_str_eq(url.path, "@a");
    cr_assert_not(url.no_shm);
    waldo__url_format(&url, text, sizeof text);
    cr_assert_str_eq(text, "ipc://@a");
}

Test(url, what_is_invalid_is_refused_with_a_sentence)
{
    const char *texts[] = {
        "",
        "tcp",
        "tcp:",
        "tcp://",
        "http://localhost:80",
        "TCP://localhost:80",
        "tcp://localhost",
        "tcp://localhost:",
        "tcp://:80",
        "tcp://localhost:65536",
        "tcp://localhost:99999999999999999999999999",
        "tcp://localhost:-1",
        "tcp://localhost:+1",
        "tcp://localhost:80/",
        "tcp://localhost:80x",
        "tcp://::1:80",
        "tcp://[::1:80",
        "tcp://[::1]80",
        "tcp://[::1]",
        "tcp://[]:80",
        "tcp://a b:80",
        "tcp://user@host:80",
        "ws://host:80/path",
        "ipc://",
        "ipc://@",
        "ipc://?shm=0",
        "ipc://@?shm=0",
        "ipc:///a?shm=2",
        "ipc:///a?shm=0&",
        "ipc:///a?",
        "ipc:///a?spin=1",
        "nn+ipc://@abstract",
        "ipc:///tmp/a\nb",
        "ipc:///tmp/\x7f",
        "inproc://",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        waldo__url url = {.port = 4711};
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(waldo__url_parse(texts[i], &url, &err), WALDO_EVALUE, "%s", texts[i]);
        cr_assert_gt(strlen(err.message), (size_t)10, "%s", texts[i]);
        cr_assert_eq(url.port, 4711, "untouched on failure");
    }
}

static int parse_long(const char *prefix, size_t length, const char *suffix)
{
    static char text[4096];
    waldo__url url;
    size_t start = strlen(prefix);

    memcpy(text, prefix, start);
    memset(text + start, 'x', length);
    strcpy(text + start + length, suffix);
    return waldo__url_parse(text, &url, NULL);
}

Test(url, longest)
{
    cr_assert_eq(parse_long("ipc://", 107, ""), 0);
    cr_assert_eq(parse_long("ipc://", 108, ""), WALDO_EVALUE);
    cr_assert_eq(parse_long("nn+ipc://", 108, ""), WALDO_EVALUE);
    cr_assert_eq(parse_long("ipc://@", 106, ""), 0);
    cr_assert_eq(parse_long("ipc://@", 107, ""), WALDO_EVALUE);
    cr_assert_eq(parse_long("inproc://", 118, ""), 0);
    cr_assert_eq(parse_long("inproc://", 119, ""), WALDO_EVALUE);
    cr_assert_eq(parse_long("tcp://", 255, ":1"), 0);
    cr_assert_eq(parse_long("tcp://", 256, ":1"), WALDO_EVALUE);
    cr_assert_eq(parse_long("tcp://", 3000, ":1"), WALDO_EVALUE);
    cr_assert_eq(parse_long("", 3000, ""), WALDO_EVALUE);
}

static bool is_local(const char *text)
{
    waldo__url url;

    cr_assert_eq(waldo__url_parse(text, &url, NULL), 0);
    return waldo__url_is_local(&url);
}

Test(url, local)
{
    cr_assert(is_local("tcp://127.0.0.1:1"));
    cr_assert(is_local("nn+tcp://127.9.9.9:1"));
    cr_assert(is_local("tcp://[::1]:1"));
    cr_assert(is_local("ws://localhost:1"));
    cr_assert(is_local("tcp://LocalHost:1"));
    cr_assert(is_local("ipc://@x"));
    cr_assert(is_local("nn+ipc://x"));
    cr_assert(is_local("inproc://x"));
    cr_assert_not(is_local("tcp://0.0.0.0:1"));
    cr_assert_not(is_local("tcp://[::]:1"));
    cr_assert_not(is_local("tcp://10.0.0.1:1"));
    cr_assert_not(is_local("tcp://127.example.org:1"));
    cr_assert_not(is_local("tcp://127.1:1"));
    cr_assert_not(is_local("tcp://localhost.example.org:1"));
}

Test(url, engine)
{
    waldo__url url = {.scheme = WALDO__TCP};

    cr_assert_not(waldo__url_is_nanomsg(&url));
    url.scheme = WALDO__IPC;
    cr_assert_not(waldo__url_is_nanomsg(&url));
    url.scheme = WALDO__WS;
    cr_assert_not(waldo__url_is_nanomsg(&url));
    const waldo__scheme others[] = {WALDO__NN_TCP, WALDO__NN_IPC, WALDO__INPROC};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        url.scheme = others[i];
        cr_assert(waldo__url_is_nanomsg(&url));
    }
}
