/* A client that says what it likes: requests without a manager. */
#ifndef WALDO_TESTS_CONFORMANCE_RAW_H
#define WALDO_TESTS_CONFORMANCE_RAW_H

#include "../raw_channel.h"
#include "waldo/wire.pb-c.h"

typedef struct raw_client {
    const waldo__client_engine *engine;
    waldo__channel *channel;
    waldo__secure_channel *secure;
    uint32_t last_id;
    uint64_t sequence;    /* of the last request */
    uint64_t incarnation; /* of the server, after raw_hello */
} raw_client;

/* A connection with a secure channel, without a session. */
raw_client raw_open(const char *url);
void raw_hello(raw_client *client);
/* Numbers the request. Returns the reply's status, and its error in err. */
int raw_request(raw_client *client, Waldo__Wire__Request *request);
/* The same for bytes that may be no request. */
int raw_bytes(raw_client *client, const void *data, size_t size);
void raw_close(raw_client *client);

#endif
