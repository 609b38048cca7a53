#include "process/meeting.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char proof_text[] = "waldo-mp";

/* Larger than all that is sent before both sides know each other. */
#define LIMIT 256

static int put(int socket, bool local, const void *data, size_t size, waldo_error *reterr)
{
    return local ? waldo__local_send(socket, data, size, NULL, reterr)
                 : waldo__stream_send(socket, data, size, reterr);
}

static int get(int socket, bool local, waldo__inbox *inbox, waldo_error *reterr)
{
    int status = local ? waldo__local_receive(socket, LIMIT, inbox, NULL, reterr)
                       : waldo__stream_receive(socket, LIMIT, inbox, reterr);
    if (status == WALDO_ETOOBIG)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "the peer does not speak Waldo");
    return status;
}

int waldo__set_timeouts(int socket, double seconds, waldo_error *reterr)
{
    double whole = floor(seconds);
    struct timeval time = {(time_t)whole, (suseconds_t)((seconds - whole) * 1e6)};
    if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) < 0 ||
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) < 0)
        return waldo_error_system(reterr, errno, "the timeout of a socket");
    return 0;
}

/* TAKES socket and channel. Between processes of one host, where nobody is between them, the
 * channel was only for the proof. */
static int settle(int socket, bool local, waldo__secure_channel *channel,
                  waldo_mp_connection **ret_connection, waldo_error *reterr)
{
    waldo_mp_connection *connection;
    if (local) {
        waldo__secure_channel_free(channel);
        connection = waldo__connection_new(socket, true, true, &waldo__local_transport, NULL);
    } else {
        connection = waldo__sealed_connection(socket, channel);
    }
    if (!connection)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a connection");
    int status = waldo__set_timeouts(connection->socket, 0, reterr);
    if (status < 0)
        waldo_mp_connection_unref(connection);
    else
        *ret_connection = connection;
    return status;
}

/* ---- the client ---- */

static int send_proof(int socket, bool local, waldo__secure_channel *channel, waldo_error *reterr)
{
    struct iovec part = {(void *)(uintptr_t)proof_text, sizeof proof_text};
    waldo__buffer frame = {0};
    int status = waldo__secure_seal(channel, &part, 1, &frame, reterr);
    if (status >= 0)
        status = put(socket, local, frame.data, frame.size, reterr);
    waldo__buffer_free(&frame);
    return status;
}

static int shake_hands(int socket, bool local, const waldo__keyring *keys,
                       waldo__secure_channel **ret_channel, waldo_error *reterr)
{
    waldo__secure_handshake handshake = {0};
    waldo__inbox inbox = {0};
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    int status = waldo__secure_start(&handshake, waldo__keyring_at(keys, 0), WALDO__SECURE_SEALED,
                                     first, reterr);
    if (status < 0)
        return status;
    status = put(socket, local, first, sizeof first, reterr);
    if (status >= 0)
        status = get(socket, local, &inbox, reterr);
    if (status >= 0)
        status = waldo__secure_finish(&handshake, inbox.data, inbox.size, ret_channel, reterr);
    waldo__secure_abandon(&handshake);
    free(inbox.data);
    return status;
}

int waldo__meet_listener(int socket, bool local, const waldo__keyring *keys,
                         waldo_mp_connection **ret_connection, waldo_error *reterr)
{
    waldo__secure_channel *channel;
    int status = shake_hands(socket, local, keys, &channel, reterr);
    if (status >= 0) {
        status = send_proof(socket, local, channel, reterr);
        if (status >= 0)
            return settle(socket, local, channel, ret_connection, reterr);
        waldo__secure_channel_free(channel);
    }
    close(socket);
    return status;
}

/* ---- the listener ---- */

static int answer(int socket, bool local, const waldo__keyring *keys, waldo__inbox *inbox,
                  waldo__secure_channel **ret_channel, waldo_error *reterr)
{
    uint8_t second[WALDO__SECURE_SECOND_SIZE];
    int status = get(socket, local, inbox, reterr);
    if (status < 0)
        return status;
    status = waldo__secure_accept(keys, WALDO__SECURE_SEALED, inbox->data, inbox->size, second,
                                  ret_channel, reterr);
    if (status < 0) {
        uint8_t refusal[WALDO__SECURE_REFUSAL_SIZE];
        waldo__secure_refuse(refusal);
        (void)(put(socket, local, refusal, sizeof refusal, NULL) < 0);
        return status;
    }
    status = put(socket, local, second, sizeof second, reterr);
    if (status < 0)
        waldo__secure_channel_free(*ret_channel);
    return status;
}

static int check_proof(int socket, bool local, waldo__secure_channel *channel, waldo__inbox *inbox,
                       waldo_error *reterr)
{
    waldo__buffer plain = {0};
    const uint8_t *text;
    size_t size;
    int status = get(socket, local, inbox, reterr);
    if (status >= 0)
        status =
            waldo__secure_open(channel, inbox->data, inbox->size, &plain, &text, &size, reterr);
    if (status >= 0 &&
        (size != sizeof proof_text || memcmp(text, proof_text, sizeof proof_text) != 0))
        status = waldo_error_set(reterr, WALDO_EAUTHENTICATION, "the client did not prove its key");
    waldo__buffer_free(&plain);
    return status;
}

int waldo__meet_client(int socket, bool local, const waldo__keyring *keys,
                       waldo_mp_connection **ret_connection, waldo_error *reterr)
{
    waldo__secure_channel *channel;
    waldo__inbox inbox = {0};
    int status = answer(socket, local, keys, &inbox, &channel, reterr);
    if (status >= 0) {
        status = check_proof(socket, local, channel, &inbox, reterr);
        if (status < 0)
            waldo__secure_channel_free(channel);
    }
    free(inbox.data);
    if (status >= 0)
        return settle(socket, local, channel, ret_connection, reterr);
    close(socket);
    return status;
}
