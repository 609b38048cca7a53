#include "engine/websocket/client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/direct/channel.h"
#include "engine/direct/connect.h"
#include "engine/engine.h"
#include "engine/websocket/opening.h"

/* Memory for requests in frames is kept up to here. */
#define KEPT_CAPACITY (64 * 1024)

struct waldo__ws_client {
    waldo__ws_reader reader; /* the receiving thread's */
    waldo__buffer outgoing;  /* the sending thread's */
    unsigned put;            /* pings of which the answer is in there */
    unsigned answered;       /* pings of which it has gone */
    pthread_mutex_t lock;    /* of what follows: a ping is answered by the thread that sends next */
    unsigned pings;
    uint8_t ping[WALDO__WS_CONTROL_MOST]; /* the last one's payload, the only one to answer */
    size_t ping_size;
};

/* ---- Opening ---- */

/* Takes so many bytes off the socket that are known to be there; 0 or an errno value. */
static int drop(int fd, size_t size)
{
    char bytes[WALDO__WS_OPENING_MOST];
    ssize_t got;

    do
        got = recv(fd, bytes, size, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno;
    return (size_t)got == size ? 0 : EIO;
}

/* Takes from the socket what belongs to the answer, and leaves there what follows it. As
 * waldo__ws_text_add. */
static int read_some(int fd, waldo__ws_text *answer, waldo_error *reterr)
{
    char bytes[WALDO__WS_OPENING_MOST];
    size_t taken;
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    if (got < 0)
        return waldo__direct_gone(errno, reterr);
    if (got == 0)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the server closed the connection instead of opening a WebSocket: "
                               "does it listen for ws:// there?");
    int rc = waldo__ws_text_add(answer, bytes, (size_t)got, &taken);
    int error = drop(fd, taken);
    if (error != 0)
        return waldo__direct_gone(error, reterr);
    if (rc == WALDO_ETOOBIG)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the server does not speak SP over WebSocket: its answer is of "
                               "more than %d bytes",
                               WALDO__WS_OPENING_MOST);
    if (rc == WALDO_EPROTOCOL)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the server does not speak HTTP: does it listen for ws:// there?");
    return rc;
}

static int read_answer(int fd, waldo__ws_text *answer, waldo__deadline deadline,
                       waldo_error *reterr)
{
    int rc = 0;

    while (rc == 0) {
        rc = waldo__direct_wait(fd, POLLIN, deadline, "waiting for the server to open a WebSocket",
                                reterr);
        if (rc == 0)
            rc = read_some(fd, answer, reterr);
    }
    return rc;
}

static int open_on(int fd, const waldo__url *url, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__ws_key key;
    waldo__ws_text text;

    waldo__ws_key_make(&key);
    waldo__ws_ask(url, &key, &text);
    int rc = waldo__direct_send_first(fd, text.bytes, text.size, reterr);
    text.size = 0;
    if (rc == 0)
        rc = read_answer(fd, &text, deadline, reterr);
    return rc < 0 ? rc : waldo__ws_check(&text, &key, reterr);
}

int waldo__ws_open(int fd, const waldo__url *url, waldo__deadline deadline,
                   waldo__ws_client **ret_client, waldo_error *reterr)
{
    waldo__ws_client *client = calloc(1, sizeof *client);

    if (client == NULL)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a connection");
    int rc = open_on(fd, url, deadline, reterr);
    if (rc < 0) {
        free(client);
        return rc;
    }
    pthread_mutex_init(&client->lock, NULL); /* cannot fail on Linux */
    *ret_client = client;
    return 0;
}

/* ---- Receiving ---- */

static int take_control(waldo__ws_client *client, waldo_error *reterr)
{
    const waldo__ws_reader *reader = &client->reader;

    if (reader->opcode == WALDO__WS_CLOSE)
        return waldo_error_set(reterr, WALDO_EGONE, "the server closed the connection");
    if (reader->opcode == WALDO__WS_PING) {
        pthread_mutex_lock(&client->lock);
        memcpy(client->ping, reader->control, reader->control_size);
        client->ping_size = reader->control_size;
        client->pings++;
        pthread_mutex_unlock(&client->lock);
    }
    return 0;
}

int waldo__ws_client_take(waldo__ws_client *client, waldo__sp_parser *parser, uint8_t **data,
                          size_t *size, waldo__sp_message *ret_message, waldo_error *reterr)
{
    int rc;

    do {
        rc = waldo__ws_take(&client->reader, parser, data, size, ret_message, reterr);
        if (rc == 2)
            rc = take_control(client, reterr);
    } while (rc == 0 && *size > 0);
    return rc;
}

waldo__ws_reader *waldo__ws_client_reader(waldo__ws_client *client)
{
    return &client->reader;
}

/* ---- Sending ---- */

static int no_memory(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a request");
}

int waldo__ws_client_begin(waldo__ws_client *client, waldo_error *reterr)
{
    bool put = true;

    client->outgoing.size = 0;
    pthread_mutex_lock(&client->lock);
    client->put = client->pings;
    if (client->put != client->answered)
        put = waldo__ws_append_control(&client->outgoing, WALDO__WS_PONG, true, client->ping,
                                       client->ping_size);
    pthread_mutex_unlock(&client->lock);
    return put ? 0 : no_memory(reterr);
}

int waldo__ws_client_add(waldo__ws_client *client, uint32_t id, const struct iovec *parts,
                         int part_count, waldo_error *reterr)
{
    waldo__sp_route route = waldo__sp_plain_route(id | WALDO__REQUEST_ID_FLAG);

    return waldo__ws_append_request(&client->outgoing, &route, parts, part_count)
               ? 0
               : no_memory(reterr);
}

const waldo__buffer *waldo__ws_client_outgoing(const waldo__ws_client *client)
{
    return &client->outgoing;
}

void waldo__ws_client_sent(waldo__ws_client *client)
{
    client->answered = client->put;
    if (client->outgoing.capacity > KEPT_CAPACITY)
        waldo__buffer_free(&client->outgoing);
}

void waldo__ws_client_free(waldo__ws_client *client)
{
    if (client == NULL)
        return;
    waldo__ws_reader_free(&client->reader);
    waldo__buffer_free(&client->outgoing);
    pthread_mutex_destroy(&client->lock);
    free(client);
}
