#include "engine/direct/websocket.h"

#include <stdlib.h>
#include <string.h>

#include "engine/direct/connection.h"

waldo__websocket *waldo__websocket_new(void)
{
    waldo__websocket *websocket = calloc(1, sizeof *websocket);

    if (websocket == NULL)
        return NULL;
    websocket->reader.from_client = true;
    websocket->request = malloc(sizeof *websocket->request);
    if (websocket->request == NULL) {
        free(websocket);
        return NULL;
    }
    websocket->request->size = 0;
    return websocket;
}

void waldo__websocket_free(waldo__websocket *websocket)
{
    if (websocket == NULL)
        return;
    free(websocket->request);
    waldo__ws_reader_free(&websocket->reader);
    free(websocket);
}

/* Takes what belongs to the request, and answers it when it is whole; returns how much was taken.
 */
static size_t take_request(waldo__connection *connection, const uint8_t *data, size_t size)
{
    waldo__websocket *websocket = connection->websocket;
    waldo__ws_text answer;
    size_t taken;

    if (waldo__ws_text_add(websocket->request, data, size, &taken) == 0)
        return taken;
    bool accepted = waldo__ws_answer(websocket->request, &answer);
    free(websocket->request);
    websocket->request = NULL;
    waldo__connection_queue(connection, answer.bytes, answer.size);
    if (!accepted)
        waldo__connection_leave(connection);
    return taken;
}

static void queue_control(waldo__connection *connection, uint8_t opcode, const uint8_t *payload,
                          size_t size)
{
    waldo__buffer frame = {0};

    if (!waldo__ws_append_control(&frame, opcode, false, payload, size)) {
        waldo__connection_close(connection);
        return;
    }
    waldo__connection_queue(connection, frame.data, frame.size);
    waldo__buffer_free(&frame);
}

void waldo__websocket_answer(waldo__connection *connection)
{
    waldo__websocket *websocket = connection->websocket;

    if (!websocket->pinged || !waldo__connection_is_open(connection) ||
        waldo__connection_queued(connection) > 0)
        return;
    websocket->pinged = false;
    queue_control(connection, WALDO__WS_PONG, websocket->ping, websocket->ping_size);
}

static void take_control(waldo__connection *connection)
{
    waldo__websocket *websocket = connection->websocket;
    const waldo__ws_reader *reader = &websocket->reader;

    if (reader->opcode == WALDO__WS_CLOSE) {
        queue_control(connection, WALDO__WS_CLOSE, reader->control, reader->control_size);
        waldo__connection_leave(connection);
    } else if (reader->opcode == WALDO__WS_PING) {
        memcpy(websocket->ping, reader->control, reader->control_size);
        websocket->ping_size = reader->control_size;
        websocket->pinged = true;
    }
}

void waldo__websocket_take(waldo__connection *connection, uint8_t *data, size_t size)
{
    waldo__websocket *websocket = connection->websocket;
    waldo__sp_message message;

    if (websocket->request != NULL) {
        size_t taken = take_request(connection, data, size);
        data += taken;
        size -= taken;
    }
    while (size > 0 && waldo__connection_is_open(connection)) {
        int rc =
            waldo__ws_take(&websocket->reader, &connection->parser, &data, &size, &message, NULL);
        if (rc == 2)
            take_control(connection);
        else
            waldo__connection_took(connection, rc, &message);
    }
    waldo__websocket_answer(connection);
}
