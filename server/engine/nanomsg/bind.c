#include "engine/nanomsg/bind.h"

#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/address.h"
#include "engine/direct/listening.h"
#include "engine/nanomsg/socket.h"

#define URL_TEXT 600
/* Somebody else may take a free port between the rehearsal and the bind. */
#define PORT_ATTEMPTS 16

static int address_of(int fd, const waldo__url *url, waldo__url *ret_url, waldo_error *reterr)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;

    if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
        return waldo_error_system(reterr, errno, "cannot read a socket's address");
    return waldo__address_url(url, (const struct sockaddr *)&bound, size, ret_url, reterr);
}

/* Listens there with a plain socket first, and closes it again. That finds out what libnanomsg does
 * not tell or do by itself: what is wrong, a free port, the address of a name. It also leaks
 * memory when nn_bind() fails, and deletes a file that is no socket. *ret_url is numeric. */
static int rehearse(const waldo__url *url, waldo__url *ret_url, waldo_error *reterr)
{
    waldo__url plain = *url;
    waldo__listening listening;
    int rc;

    *ret_url = *url;
    if (url->scheme == WALDO__INPROC)
        return 0;
    plain.scheme = url->scheme == WALDO__NN_IPC ? WALDO__IPC : WALDO__TCP;
    rc = waldo__listening_open(&plain, &listening, reterr);
    if (rc < 0)
        return rc;
    if (plain.scheme == WALDO__TCP)
        rc = address_of(listening.fd, url, ret_url, reterr);
    waldo__listening_unlink(&listening);
    close(listening.fd);
    return rc;
}

static int bind_socket(int socket, const waldo__url *url, waldo_error *reterr)
{
    char text[URL_TEXT];
    int error = 0;

    waldo__nanomsg_address(url, text, sizeof text);
    if (nn_bind(socket, text) < 0)
        error = nn_errno();
    else if (url->scheme == WALDO__NN_IPC && chmod(url->path, S_IRUSR | S_IWUSR) < 0)
        error = errno;
    return error == 0 ? 0 : waldo_error_system(reterr, error, "cannot listen on %s", text);
}

static int bind_once(const waldo__url *url, size_t max_message, waldo__nanomsg_bound *bound,
                     waldo_error *reterr)
{
    waldo__url numeric;
    int rc = rehearse(url, &numeric, reterr);

    if (rc == 0)
        rc = waldo__nanomsg_socket(NN_REP, &numeric, max_message, &bound->socket, reterr);
    if (rc < 0)
        return rc;
    rc = bind_socket(bound->socket, &numeric, reterr);
    if (rc < 0) {
        waldo__nanomsg_close(bound->socket);
        return rc;
    }
    bound->url.port = numeric.port;
    if (url->scheme == WALDO__NN_IPC)
        bound->file = waldo__socket_file_at(url->path);
    return 0;
}

int waldo__nanomsg_bind(const waldo__url *url, size_t max_message, waldo__nanomsg_bound *ret_bound,
                        waldo_error *reterr)
{
    waldo__nanomsg_bound bound = {.socket = -1, .url = *url};
    int attempts = url->scheme == WALDO__NN_TCP && url->port == 0 ? PORT_ATTEMPTS : 1;
    int rc = WALDO_EADDRESSINUSE;

    for (int i = 0; i < attempts && rc == WALDO_EADDRESSINUSE; i++)
        rc = bind_once(url, max_message, &bound, reterr);
    if (rc == 0)
        *ret_bound = bound;
    return rc;
}
