/* How a WebSocket begins (RFC 6455, section 4): the client's request in HTTP, and the answer. The
 * subprotocol is SP's: rep.sp.nanomsg.org. */
#ifndef WALDO_RUNTIME_ENGINE_WEBSOCKET_OPENING_H
#define WALDO_RUNTIME_ENGINE_WEBSOCKET_OPENING_H

#include <stdbool.h>
#include <stddef.h>

#include <waldo/error.h>

#include "engine/url.h"

/* Bytes of a request or an answer, the empty line at its end included. */
#define WALDO__WS_OPENING_MOST 4096

/* What one side says, or has said so far. */
typedef struct waldo__ws_text {
    char bytes[WALDO__WS_OPENING_MOST];
    size_t size;
} waldo__ws_text;

/* Sixteen random bytes, in base64: by them a client knows that an answer is to its request. */
typedef struct waldo__ws_key {
    char text[25];
} waldo__ws_key;

void waldo__ws_key_make(waldo__ws_key *ret_key);

/* Appends what belongs to the opening of `size` more bytes; *ret_taken: how many do. 1: it is
 * whole; 0: more is needed; WALDO_ETOOBIG: it is longer than allowed; WALDO_EPROTOCOL: its first
 * byte begins nothing that is HTTP. */
int waldo__ws_text_add(waldo__ws_text *text, const void *data, size_t size, size_t *ret_taken);

/* A client's request. */
void waldo__ws_ask(const waldo__url *url, const waldo__ws_key *key, waldo__ws_text *ret_request);
/* A server's answer to a whole request, or to what waldo__ws_text_add refused. false: it says no,
 * and the connection is to be closed after it. */
bool waldo__ws_answer(const waldo__ws_text *request, waldo__ws_text *ret_answer);
/* Is a whole answer a yes to the request with this key? WALDO_EPROTOCOL. */
int waldo__ws_check(const waldo__ws_text *answer, const waldo__ws_key *key, waldo_error *reterr);

#endif
