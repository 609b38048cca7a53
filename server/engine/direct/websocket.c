#include "engine/direct/websocket.h"

#include <stdlib.h>

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
    waldo__connection_send_bytes(connection, answer.bytes, answer.size);
    if (!accepted)
        waldo__connection_leave(connection);
    return taken;
}

/* Returns a ping's payload, or the reason to close, to the client. */
static void answer_control(waldo__connection *connection)
{
    const waldo__ws_reader *reader = &connection->websocket->reader;
    uint8_t opcode = reader->opcode == WALDO__WS_PING ? WALDO__WS_PONG : WALDO__WS_CLOSE;
    waldo__buffer frame = {0};

    if (reader->opcode == WALDO__WS_PONG)
        return;
    if (!waldo__ws_append_control(&frame, opcode, false, reader->control, reader->control_size)) {
        waldo__connection_close(connection);
        return;
    }
    waldo__connection_send_bytes(connection, frame.data, frame.size);
    waldo__buffer_free(&frame);
    if (reader->opcode == WALDO__WS_CLOSE)
        waldo__connection_leave(connection);
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
            answer_control(connection);
        else
            waldo__connection_took(connection, rc, &message);
    }
}
