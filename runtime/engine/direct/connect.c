#include "engine/direct/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "engine/address.h"
#include "engine/lookup.h"

/* Seconds for one attempt over TCP, of the first few. */
#define FIRST_PATIENCE 0.3
#define QUICK_ATTEMPTS 6

int waldo__direct_wait(int fd, short events, waldo__deadline deadline, const char *what,
                       waldo_error *reterr)
{
    for (;;) {
        struct pollfd polled = {.fd = fd, .events = events};
        int ready = poll(&polled, 1, waldo__deadline_poll_ms(deadline));
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return waldo_error_system(reterr, errno, "cannot wait for the server");
        if (waldo__deadline_left(deadline) == 0)
            return waldo_error_set(reterr, WALDO_ETIMEOUT, "the deadline passed while %s", what);
    }
}

/* The outcome of a connect() that could not be told at once: 0 or an errno value. A Unix socket
 * whose backlog is full says EAGAIN and has to be asked again. */
static int finish_connect(int fd, const struct sockaddr *address, socklen_t length,
                          waldo__deadline deadline)
{
    while (connect(fd, address, length) < 0) {
        int error = errno;
        if (error == EISCONN)
            return 0;
        if (error == EINPROGRESS || error == EALREADY || error == EINTR) {
            socklen_t size = sizeof error;
            if (waldo__direct_wait(fd, POLLOUT, deadline, "connecting", NULL) < 0)
                return ETIMEDOUT;
            if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return errno;
            return error;
        }
        if (error != EAGAIN)
            return error;
        if (waldo__deadline_left(deadline) == 0)
            return ETIMEDOUT;
        poll(NULL, 0, 1);
    }
    return 0;
}

/* A connected socket, or -errno. */
static int connect_to(int family, const struct sockaddr *address, socklen_t length,
                      waldo__deadline deadline)
{
    const int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    int error = finish_connect(fd, address, length, deadline);
    if (error != 0) {
        close(fd);
        return -error;
    }
    if (family != AF_UNIX) {
        /* Neither can fail on a connected TCP socket, and without them calls still work. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    return fd;
}

static int connect_failed(const waldo__url *url, int error, waldo__deadline deadline,
                          waldo_error *reterr)
{
    char text[600];

    waldo__url_format(url, text, sizeof text);
    if (error == ETIMEDOUT && waldo__deadline_left(deadline) == 0)
        return waldo_error_set(reterr, WALDO_ETIMEOUT, "the deadline passed while connecting to %s",
                               text);
    return waldo_error_system(reterr, error, "cannot connect to %s", text);
}

static int connect_unix(const waldo__url *url, waldo__deadline deadline)
{
    struct sockaddr_un address;
    socklen_t length = waldo__address_unix(url, &address);

    return connect_to(AF_UNIX, (const struct sockaddr *)&address, length, deadline);
}

static int connect_once(const struct addrinfo *list, waldo__deadline deadline)
{
    int fd = -EADDRNOTAVAIL;

    for (const struct addrinfo *at = list; at != NULL && fd < 0; at = at->ai_next)
        fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen, deadline);
    return fd;
}

/* A first packet that is lost is sent again by the system after a second, which may be as long as
 * the session lives without a connection: try anew before. Far hosts get longer later. */
static int connect_any(const struct addrinfo *list, waldo__deadline deadline)
{
    double patience = FIRST_PATIENCE;

    for (int attempt = 1;; attempt++) {
        waldo__deadline limit = waldo__deadline_in(patience);
        int fd = connect_once(list, limit < deadline ? limit : deadline);
        if (fd != -ETIMEDOUT || waldo__deadline_left(deadline) == 0)
            return fd;
        if (attempt >= QUICK_ATTEMPTS)
            patience *= 2;
    }
}

int waldo__direct_connect(const waldo__url *url, waldo__deadline deadline, int *ret_fd,
                          waldo_error *reterr)
{
    struct addrinfo *list;
    int fd;

    if (url->scheme == WALDO__IPC) {
        fd = connect_unix(url, deadline);
    } else {
        int rc = waldo__lookup(url, deadline, &list, reterr);
        if (rc < 0)
            return rc;
        fd = connect_any(list, deadline);
        freeaddrinfo(list);
    }
    if (fd < 0)
        return connect_failed(url, -fd, deadline, reterr);
    *ret_fd = fd;
    return 0;
}
