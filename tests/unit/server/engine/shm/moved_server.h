/* For tests of connections in shared memory: a server to which they lead. */
#ifndef WALDO_TESTS_MOVED_SERVER_H
#define WALDO_TESTS_MOVED_SERVER_H

#include "../raw_peer.h"

static inline const char *listen_url(char *text)
{
    snprintf(text, TEST_URL_SIZE, "ipc://@waldo-test-moved-%d", (int)getpid());
    return text;
}

static inline void begin(echo_server *server)
{
    char url[TEST_URL_SIZE];

    echo_start(server, listen_url(url));
}

#endif
