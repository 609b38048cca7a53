#include "engine/direct/listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/address.h"

#define BACKLOG 1024
#define URL_TEXT 600

static int cannot_listen(const waldo__url *url, int error, waldo_error *reterr)
{
    char text[URL_TEXT];

    waldo__url_format(url, text, sizeof text);
    return waldo_error_system(reterr, error, "cannot listen on %s", text);
}

static int new_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* ---- TCP ---- */

/* A listening socket, or -errno. */
static int listen_at(const struct addrinfo *address)
{
    const int on = 1;
    int fd = new_socket(address->ai_family);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static int read_port(int fd, uint16_t *ret_port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof bound;

    if (getsockname(fd, &bound.any, &size) < 0)
        return -errno;
    *ret_port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
    return 0;
}

static int open_tcp(waldo__listening *listening, waldo_error *reterr)
{
    struct addrinfo *list;
    int rc = waldo__address_resolve(&listening->url, true, &list, reterr);

    if (rc < 0)
        return rc;
    listening->fd = -EADDRNOTAVAIL;
    for (const struct addrinfo *at = list; at != NULL && listening->fd < 0; at = at->ai_next)
        listening->fd = listen_at(at);
    freeaddrinfo(list);
    if (listening->fd < 0)
        return cannot_listen(&listening->url, -listening->fd, reterr);
    rc = read_port(listening->fd, &listening->url.port);
    if (rc < 0) {
        close(listening->fd);
        return cannot_listen(&listening->url, -rc, reterr);
    }
    return 0;
}

/* ---- Unix sockets ---- */

/* Does the path belong to a socket whose server is no more? */
static bool is_stale(const struct sockaddr_un *address, socklen_t length)
{
    if (address->sun_path[0] == '\0' || waldo__socket_file_is_other(address->sun_path))
        return false;
    int fd = new_socket(AF_UNIX);
    if (fd < 0)
        return false;
    bool refused =
        connect(fd, (const struct sockaddr *)address, length) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int bind_unix(int fd, const struct sockaddr_un *address, socklen_t length)
{
    /* The mode of the socket is that of the file to be; so nobody else can connect even once. */
    if (fchmod(fd, S_IRUSR | S_IWUSR) < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)address, length) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -errno;
    if (!is_stale(address, length))
        return -EADDRINUSE;
    if (unlink(address->sun_path) < 0 && errno != ENOENT)
        return -errno;
    return bind(fd, (const struct sockaddr *)address, length) < 0 ? -errno : 0;
}

static int listen_unix(const waldo__url *url, int fd, waldo__listening *listening)
{
    struct sockaddr_un address;
    socklen_t length = waldo__address_unix(url, &address);
    int rc = bind_unix(fd, &address, length);

    if (rc < 0)
        return rc;
    if (address.sun_path[0] != '\0')
        listening->file = waldo__socket_file_at(address.sun_path);
    if (listen(fd, BACKLOG) < 0) {
        rc = -errno;
        waldo__listening_unlink(listening);
    }
    return rc;
}

static int unix_failed(const waldo__url *url, int error, waldo_error *reterr)
{
    if (error == EADDRINUSE && url->path[0] != '@' && waldo__socket_file_is_other(url->path))
        return waldo_error_set(reterr, WALDO_EEXIST, "%s exists and is not a socket", url->path);
    return cannot_listen(url, error, reterr);
}

static int open_unix(waldo__listening *listening, waldo_error *reterr)
{
    listening->fd = new_socket(AF_UNIX);
    if (listening->fd < 0)
        return cannot_listen(&listening->url, errno, reterr);
    int rc = listen_unix(&listening->url, listening->fd, listening);
    if (rc < 0) {
        close(listening->fd);
        return unix_failed(&listening->url, -rc, reterr);
    }
    return 0;
}

int waldo__listening_open(const waldo__url *url, waldo__listening *ret_listening,
                          waldo_error *reterr)
{
    waldo__listening listening = {.fd = -1, .url = *url};
    int rc =
        url->scheme == WALDO__IPC ? open_unix(&listening, reterr) : open_tcp(&listening, reterr);

    if (rc == 0)
        *ret_listening = listening;
    return rc;
}

void waldo__listening_unlink(const waldo__listening *listening)
{
    waldo__socket_file_remove(&listening->file, listening->url.path);
}
