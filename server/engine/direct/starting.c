/* New connections. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/direct/connection.h"

/* On a Unix socket: is it a process of this user, or of root? */
static bool is_own_user(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

/* The first bytes on a connection: its socket takes them all. A WebSocket's client speaks first. */
static bool send_hello(const waldo__listener *listener, int fd)
{
    uint8_t hello[WALDO__SP_HELLO_SIZE];
    size_t done = 0;

    if (listener->listening.url.scheme == WALDO__WS)
        return true;
    waldo__sp_hello(hello, WALDO__SP_REP);
    while (done < sizeof hello) {
        ssize_t sent = send(fd, hello + done, sizeof hello - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EINTR)
            return false;
        done += sent < 0 ? 0 : (size_t)sent;
    }
    return true;
}

static bool prepare(const waldo__listener *listener, int fd)
{
    const int on = 1;

    if (listener->listening.url.scheme == WALDO__IPC)
        return is_own_user(fd) && send_hello(listener, fd);
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0 &&
           send_hello(listener, fd);
}

static void give_up(waldo__listener *listener, waldo__connection *connection)
{
    waldo__connections_remove(&listener->table, connection->number);
    waldo__websocket_free(connection->websocket);
    free(connection);
}

/* In the table, and with a handle; NULL: that was not possible. */
static waldo__connection *make(waldo__listener *listener, int fd)
{
    waldo__connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL)
        return NULL;
    if (!waldo__connections_add(&listener->table, connection, &connection->number)) {
        free(connection);
        return NULL;
    }
    bool websocket = listener->listening.url.scheme == WALDO__WS;
    if (websocket)
        connection->websocket = waldo__websocket_new();
    if ((websocket && connection->websocket == NULL) ||
        uv_poll_init(listener->loop, &connection->poll, fd) < 0) {
        give_up(listener, connection);
        return NULL;
    }
    return connection;
}

void waldo__connection_start(waldo__listener *listener, int fd)
{
    const waldo__url *url = &listener->listening.url;
    waldo__connection *connection = prepare(listener, fd) ? make(listener, fd) : NULL;

    if (connection == NULL) {
        close(fd);
        return;
    }
    connection->poll.data = connection;
    connection->listener = listener;
    connection->fd = fd;
    connection->parser = (waldo__sp_parser){
        .peer = WALDO__SP_REQ,
        .ipc = url->scheme == WALDO__IPC,
        .max_hops = WALDO__SP_MAX_HOPS,
        .limit = listener->limits.first_message,
        .stage = connection->websocket != NULL ? WALDO__SP_AT_HEAD : WALDO__SP_AT_HELLO};
    listener->connection_count++;
    if (listener->limits.max_silent > 0 && listener->silent_count >= listener->limits.max_silent)
        waldo__connections_close_silent(listener);
    connection->silent = true;
    listener->silent_count++;
    waldo__due_add(connection);
    waldo__connection_watch(connection);
}
