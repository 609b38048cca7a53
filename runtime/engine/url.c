#include "engine/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* sockaddr_un's sun_path less its final NUL. */
#define LONGEST_IPC_PATH 107
/* libnanomsg takes addresses of at most 127 bytes, "inproc://" included. */
#define LONGEST_INPROC_NAME 118
/* What a sentence quotes of a text that may be anything. */
#define QUOTED "%.100s"

static const struct {
    const char *prefix;
    waldo__scheme scheme;
} schemes[] = {
    {"tcp://", WALDO__TCP},       {"ipc://", WALDO__IPC}, {"nn+tcp://", WALDO__NN_TCP},
    {"nn+ipc://", WALDO__NN_IPC}, {"ws://", WALDO__WS},   {"inproc://", WALDO__INPROC},
};

#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])

static bool has_port(waldo__scheme scheme)
{
    return scheme == WALDO__TCP || scheme == WALDO__NN_TCP || scheme == WALDO__WS;
}

static int check_characters(const char *text, waldo_error *reterr)
{
    for (const char *c = text; *c != '\0'; c++)
        if (iscntrl((unsigned char)*c))
            return waldo_error_set(reterr, WALDO_EVALUE,
                                   "the URL has a control character (byte %td)", c - text);
    return 0;
}

static int parse_port(const char *text, const char *digits, waldo__url *url, waldo_error *reterr)
{
    unsigned long port = 0;
    const char *c = digits;

    for (; isdigit((unsigned char)*c) && port <= UINT16_MAX; c++)
        port = port * 10 + (unsigned long)(*c - '0');
    if (c == digits)
        return waldo_error_set(reterr, WALDO_EVALUE, "the URL has no port: " QUOTED, text);
    if (port > UINT16_MAX)
        return waldo_error_set(reterr, WALDO_EVALUE, "the port is above 65535: " QUOTED, text);
    if (*c != '\0' && !(url->scheme == WALDO__WS && strcmp(c, "/") == 0))
        return waldo_error_set(reterr, WALDO_EVALUE, "the URL must end with the port: " QUOTED,
                               text);
    url->port = (uint16_t)port;
    return 0;
}

/* Is it what a name or address may consist of? Colons and scopes only between brackets. */
static bool is_host(const char *host, size_t size, bool bracketed)
{
    for (size_t i = 0; i < size; i++) {
        char c = host[i];
        bool plain = isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_';
        if (!plain && !(bracketed && (c == ':' || c == '%')))
            return false;
    }
    return size > 0;
}

static int parse_host_port(const char *text, const char *rest, waldo__url *url, waldo_error *reterr)
{
    bool bracketed = rest[0] == '[';
    const char *host = bracketed ? rest + 1 : rest;
    const char *end = strchr(host, bracketed ? ']' : ':');

    if (end == NULL && bracketed)
        return waldo_error_set(reterr, WALDO_EVALUE, "the URL has a [ without ]: " QUOTED, text);
    const char *colon = end != NULL && bracketed ? end + 1 : end;
    if (colon == NULL || *colon != ':')
        return waldo_error_set(reterr, WALDO_EVALUE, "the URL has no port: " QUOTED, text);
    size_t size = (size_t)(end - host);
    if (size >= sizeof url->host)
        return waldo_error_set(reterr, WALDO_EVALUE, "the host is too long: " QUOTED, text);
    if (!is_host(host, size, bracketed))
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "the URL has no valid host (IPv6 addresses stand in []): " QUOTED,
                               text);
    memcpy(url->host, host, size);
    url->host[size] = '\0';
    return parse_port(text, colon + 1, url, reterr);
}

/* What stands behind an ipc:// path, if anything. */
static int parse_options(const char *text, const char *options, waldo__url *url,
                         waldo_error *reterr)
{
    if (*options != '\0' && strcmp(options, "?shm=0") != 0 && strcmp(options, "?shm=1") != 0)
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "behind the path only ?shm=0 or ?shm=1 may stand: " QUOTED, text);
    url->no_shm = strcmp(options, "?shm=0") == 0;
    return 0;
}

static int parse_path(const char *text, const char *path, waldo__url *url, waldo_error *reterr)
{
    size_t size = url->scheme == WALDO__IPC ? strcspn(path, "?") : strlen(path);
    size_t longest = url->scheme == WALDO__INPROC ? LONGEST_INPROC_NAME : LONGEST_IPC_PATH;

    if (size == 0 || (url->scheme == WALDO__IPC && size == 1 && path[0] == '@'))
        return waldo_error_set(reterr, WALDO_EVALUE, "the URL names nothing: " QUOTED, text);
    if (size > longest)
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "the path is too long, %zu bytes where %zu are allowed: " QUOTED,
                               size, longest, text);
    if (url->scheme == WALDO__NN_IPC && path[0] == '@')
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "libnanomsg has no abstract sockets, ipc:// has: " QUOTED, text);
    memcpy(url->path, path, size);
    url->path[size] = '\0';
    return parse_options(text, path + size, url, reterr);
}

int waldo__url_parse(const char *text, waldo__url *ret_url, waldo_error *reterr)
{
    waldo__url url = {.port = 0};
    int rc = check_characters(text, reterr);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        size_t size = strlen(schemes[i].prefix);
        if (strncmp(text, schemes[i].prefix, size) != 0)
            continue;
        url.scheme = schemes[i].scheme;
        rc = has_port(url.scheme) ? parse_host_port(text, text + size, &url, reterr)
                                  : parse_path(text, text + size, &url, reterr);
        if (rc == 0)
            *ret_url = url;
        return rc;
    }
    return waldo_error_set(reterr, WALDO_EVALUE,
                           "the URL must start with tcp://, ipc://, nn+tcp://, nn+ipc://, ws:// "
                           "or inproc://: " QUOTED,
                           text);
}

void waldo__url_format(const waldo__url *url, char *text, size_t size)
{
    const char *prefix = "";

    for (size_t i = 0; i < SCHEME_COUNT; i++)
        if (schemes[i].scheme == url->scheme)
            prefix = schemes[i].prefix;
    if (!has_port(url->scheme))
        snprintf(text, size, "%s%s%s", prefix, url->path, url->no_shm ? "?shm=0" : "");
    else if (strchr(url->host, ':') != NULL)
        snprintf(text, size, "%s[%s]:%u", prefix, url->host, (unsigned)url->port);
    else
        snprintf(text, size, "%s%s:%u", prefix, url->host, (unsigned)url->port);
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

bool waldo__url_is_local(const waldo__url *url)
{
    return !has_port(url->scheme) || is_loopback(url->host);
}

bool waldo__url_is_nanomsg(const waldo__url *url)
{
    return url->scheme == WALDO__NN_TCP || url->scheme == WALDO__NN_IPC ||
           url->scheme == WALDO__INPROC;
}
