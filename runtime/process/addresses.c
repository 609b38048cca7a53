#include "process/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/address.h"
#include "engine/direct/connect.h"
#include "process/meeting.h"
#include "process/process.h"

#define DEFAULT_TIMEOUT 10.0

int waldo__mp_url(const char *address, waldo__url *ret_url, waldo_error *reterr)
{
    int status = waldo__url_parse(address, ret_url, reterr);
    if (status >= 0 && ret_url->scheme != WALDO__TCP && ret_url->scheme != WALDO__IPC)
        return waldo_error_set(reterr, WALDO_EVALUE, "a listener's address is tcp:// or ipc://");
    return status;
}

double waldo__mp_timeout(const waldo_mp_listener_options *options)
{
    return options->timeout > 0 ? options->timeout : DEFAULT_TIMEOUT;
}

int waldo__mp_keys(const waldo_mp_listener_options *options, waldo__keyring **ret_keys,
                   waldo_error *reterr)
{
    uint8_t own[WALDO__PROCESS_AUTHKEY_SIZE];
    if (options->authkey)
        return waldo__keyring_from_authkey(options->authkey, options->authkey_size, ret_keys,
                                           reterr);
    int status = waldo__process_authkey(own, reterr);
    if (status < 0)
        return status;
    return waldo__keyring_from_authkey(own, sizeof own, ret_keys, reterr);
}

/* ---- listening ---- */

static int cannot(const char *what, const waldo__url *url, int error, waldo_error *reterr)
{
    char text[600];
    waldo__url_format(url, text, sizeof text);
    return waldo_error_system(reterr, error, "cannot %s %s", what, text);
}

/* A listening socket, or -errno. */
static int listen_at(int family, int type, const struct sockaddr *address, socklen_t length,
                     int backlog)
{
    const int on = 1;
    int made = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0)
        return -errno;
    if (setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(made, address, length) < 0 || listen(made, backlog) < 0) {
        int error = errno;
        close(made);
        return -error;
    }
    return made;
}

static int listen_tcp(waldo__url *url, int backlog, int *ret_socket, waldo_error *reterr)
{
    struct addrinfo *list;
    int status = waldo__address_resolve(url, true, &list, reterr);
    if (status < 0)
        return status;
    int made = -EADDRNOTAVAIL;
    for (const struct addrinfo *at = list; at && made < 0; at = at->ai_next)
        made = listen_at(at->ai_family, SOCK_STREAM, at->ai_addr, at->ai_addrlen, backlog);
    freeaddrinfo(list);
    if (made < 0)
        return cannot("listen on", url, -made, reterr);
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    waldo__url real;
    status = getsockname(made, (struct sockaddr *)&bound, &size) < 0
                 ? waldo_error_system(reterr, errno, "the port of a listener")
                 : waldo__address_url(url, (struct sockaddr *)&bound, size, &real, reterr);
    if (status < 0) {
        close(made);
        return status;
    }
    url->port = real.port;
    *ret_socket = made;
    return 0;
}

int waldo__mp_listen(waldo__url *url, int backlog, int *ret_socket, waldo_error *reterr)
{
    struct sockaddr_un address;
    if (url->scheme == WALDO__TCP)
        return listen_tcp(url, backlog, ret_socket, reterr);
    socklen_t length = waldo__address_unix(url, &address);
    int made = listen_at(AF_UNIX, SOCK_SEQPACKET, (struct sockaddr *)&address, length, backlog);
    if (made < 0)
        return cannot("listen on", url, -made, reterr);
    *ret_socket = made;
    return 0;
}

/* ---- connecting ---- */

/* A socket that waits as long as its own timeout says while the listener's backlog is full. */
static int connect_local(const waldo__url *url, double seconds, int *ret_socket,
                         waldo_error *reterr)
{
    struct sockaddr_un address;
    socklen_t length = waldo__address_unix(url, &address);
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (made < 0)
        return waldo_error_system(reterr, errno, "a socket");
    int status = waldo__set_timeouts(made, seconds, reterr);
    int done = status;
    while (status >= 0 && (done = connect(made, (struct sockaddr *)&address, length)) < 0 &&
           errno == EINTR)
        ;
    if (status >= 0 && done < 0)
        status = cannot("connect to", url, errno == EAGAIN ? ETIMEDOUT : errno, reterr);
    if (status < 0)
        close(made);
    else
        *ret_socket = made;
    return status;
}

static int connect_tcp(const waldo__url *url, double seconds, int *ret_socket, waldo_error *reterr)
{
    int made = -1;
    int status = waldo__direct_connect(url, waldo__deadline_in(seconds), &made, reterr);
    if (status < 0)
        return status;
    int flags = fcntl(made, F_GETFL);
    if (flags < 0 || fcntl(made, F_SETFL, flags & ~O_NONBLOCK) < 0)
        status = waldo_error_system(reterr, errno, "a socket");
    if (status >= 0)
        status = waldo__set_timeouts(made, seconds, reterr);
    if (status < 0)
        close(made);
    else
        *ret_socket = made;
    return status;
}

int waldo_mp_client(const char *address, const waldo_mp_listener_options *options,
                    waldo_mp_connection **ret_connection, waldo_error *reterr)
{
    static const waldo_mp_listener_options none = {0};
    const waldo_mp_listener_options *wanted = options ? options : &none;
    waldo__url url;
    waldo__keyring *keys;
    int made = -1;
    int status = waldo__mp_url(address, &url, reterr);
    if (status >= 0)
        status = waldo__mp_keys(wanted, &keys, reterr);
    if (status < 0)
        return status;
    double seconds = waldo__mp_timeout(wanted);
    bool local = url.scheme == WALDO__IPC;
    status = local ? connect_local(&url, seconds, &made, reterr)
                   : connect_tcp(&url, seconds, &made, reterr);
    if (status >= 0)
        status = waldo__meet_listener(made, local, keys, ret_connection, reterr);
    waldo__keyring_free(keys);
    return status;
}
