#include "engine/nanomsg/bind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/address.h"
#include "engine/nanomsg/socket.h"

#define URL_TEXT 600
/* Somebody else may take a free port between the look and the bind. */
#define PORT_ATTEMPTS 16

static int cannot_listen(const waldo__url *url, int error, waldo_error *reterr)
{
    char text[URL_TEXT];

    waldo__url_format(url, text, sizeof text);
    return waldo_error_system(reterr, error, "cannot listen on %s", text);
}

/* A port that is free now, as the system gives it: libnanomsg refuses port 0. 0 or -errno. */
static int find_port(const struct addrinfo *address, uint16_t *ret_port)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = 0;

    if (fd < 0)
        return -errno;
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
        rc = -errno;
    else if (bound.ss_family == AF_INET6)
        *ret_port = ntohs(((const struct sockaddr_in6 *)&bound)->sin6_port);
    else
        *ret_port = ntohs(((const struct sockaddr_in *)&bound)->sin_port);
    close(fd);
    return rc;
}

/* 0 or -errno. */
static int bind_text(int socket, const waldo__url *url)
{
    char text[URL_TEXT];

    waldo__nanomsg_address(url, text, sizeof text);
    return nn_bind(socket, text) < 0 ? -nn_errno() : 0;
}

static int bind_port(int socket, waldo__url *url, const struct addrinfo *address)
{
    bool any = url->port == 0;
    int rc = 0;

    for (int i = 0; i < PORT_ATTEMPTS; i++) {
        if (any)
            rc = find_port(address, &url->port);
        if (rc == 0)
            rc = bind_text(socket, url);
        if (!any || rc != -EADDRINUSE)
            break;
        rc = 0;
    }
    return rc;
}

static int bind_host(waldo__nanomsg_bound *bound, size_t max_message,
                     const struct addrinfo *address, waldo_error *reterr)
{
    waldo__url numeric;
    int rc = waldo__address_url(&bound->url, address, &numeric, reterr);

    if (rc == 0)
        rc = waldo__nanomsg_socket(NN_REP, &numeric, max_message, &bound->socket, reterr);
    if (rc < 0)
        return rc;
    rc = bind_port(bound->socket, &numeric, address);
    if (rc < 0) {
        waldo__nanomsg_close(bound->socket);
        return cannot_listen(&bound->url, -rc, reterr);
    }
    bound->url.port = numeric.port;
    return 0;
}

static int bind_path(waldo__nanomsg_bound *bound, size_t max_message, waldo_error *reterr)
{
    bool has_file = bound->url.scheme == WALDO__NN_IPC;

    /* libnanomsg would delete it. */
    if (has_file && waldo__socket_file_is_other(bound->url.path))
        return waldo_error_set(reterr, WALDO_EEXIST, "%s exists and is not a socket",
                               bound->url.path);
    int rc = waldo__nanomsg_socket(NN_REP, &bound->url, max_message, &bound->socket, reterr);
    if (rc < 0)
        return rc;
    rc = bind_text(bound->socket, &bound->url);
    if (rc == 0 && has_file && chmod(bound->url.path, S_IRUSR | S_IWUSR) < 0)
        rc = -errno;
    if (rc < 0) {
        waldo__nanomsg_close(bound->socket);
        return cannot_listen(&bound->url, -rc, reterr);
    }
    if (has_file)
        bound->file = waldo__socket_file_at(bound->url.path);
    return 0;
}

int waldo__nanomsg_bind(const waldo__url *url, size_t max_message, waldo__nanomsg_bound *ret_bound,
                        waldo_error *reterr)
{
    waldo__nanomsg_bound bound = {.socket = -1, .url = *url};
    struct addrinfo *list;
    int rc;

    if (url->scheme == WALDO__NN_IPC || url->scheme == WALDO__INPROC) {
        rc = bind_path(&bound, max_message, reterr);
    } else {
        rc = waldo__address_resolve(url, true, &list, reterr);
        if (rc < 0)
            return rc;
        rc = bind_host(&bound, max_message, list, reterr);
        freeaddrinfo(list);
    }
    if (rc == 0)
        *ret_bound = bound;
    return rc;
}
