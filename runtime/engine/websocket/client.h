/* What the client's side of a connection needs to be a WebSocket: see engine/direct/client.c. One
 * thread sends and one receives. */
#ifndef WALDO_RUNTIME_ENGINE_WEBSOCKET_CLIENT_H
#define WALDO_RUNTIME_ENGINE_WEBSOCKET_CLIENT_H

#include "engine/deadline.h"
#include "engine/url.h"
#include "engine/websocket/frames.h"
#include "wire/buffer.h"

typedef struct waldo__ws_client waldo__ws_client;

/* Opens a WebSocket on a connected socket. WALDO_EPROTOCOL: the server wants none, or none of SP.
 */
int waldo__ws_open(int fd, const waldo__url *url, waldo__deadline deadline,
                   waldo__ws_client **ret_client, waldo_error *reterr);
/* As waldo__ws_take. WALDO_EGONE: the server has closed the WebSocket. */
int waldo__ws_client_take(waldo__ws_client *client, waldo__sp_parser *parser, uint8_t **data,
                          size_t *size, waldo__sp_message *ret_message, waldo_error *reterr);
/* What waldo__ws_room and waldo__ws_filled are to be called with. */
waldo__ws_reader *waldo__ws_client_reader(waldo__ws_client *client);
/* Begins anew what is to go out: first what the server is to be answered. */
int waldo__ws_client_begin(waldo__ws_client *client, waldo_error *reterr);
/* Adds a request. */
int waldo__ws_client_add(waldo__ws_client *client, uint32_t id, const struct iovec *parts,
                         int part_count, waldo_error *reterr);
/* The bytes to send, until one of the others is called. */
const waldo__buffer *waldo__ws_client_outgoing(const waldo__ws_client *client);
/* All of them have gone. */
void waldo__ws_client_sent(waldo__ws_client *client);
/* NULL is a no-op. */
void waldo__ws_client_free(waldo__ws_client *client);

#endif
