/* Connections of a direct listener that are WebSockets: one that listens at ws://. */
#ifndef WALDO_SERVER_ENGINE_DIRECT_WEBSOCKET_H
#define WALDO_SERVER_ENGINE_DIRECT_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/direct/connections.h"
#include "engine/sp.h"
#include "engine/websocket/frames.h"
#include "engine/websocket/opening.h"

typedef struct waldo__websocket {
    waldo__ws_text *request; /* until it was answered */
    waldo__ws_reader reader;
    bool pinged;                          /* and not answered yet */
    uint8_t ping[WALDO__WS_CONTROL_MOST]; /* the last one's payload, the only one to answer */
    size_t ping_size;
} waldo__websocket;

/* For a connection that has just been made; NULL: no memory. */
waldo__websocket *waldo__websocket_new(void);
/* Bytes that the connection sent; they are changed. */
void waldo__websocket_take(waldo__connection *connection, uint8_t *data, size_t size);
/* Answers a ping, if there was one and nothing else waits for the client. */
void waldo__websocket_answer(waldo__connection *connection);
/* NULL is a no-op. */
void waldo__websocket_free(waldo__websocket *websocket);

#endif
