/* For fuzz targets: a server in this process. */
#ifndef WALDO_TESTS_FUZZ_SERVER_H
#define WALDO_TESTS_FUZZ_SERVER_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <waldo/server.h>

#define FUZZ_KEY "fuzz"
#define FUZZ_KEY_SIZE 4

static inline void must(bool holds)
{
    if (!holds)
        abort();
}

static inline void *fuzz_serve(void *server)
{
    must(waldo_server_serve_forever(server, NULL) >= 0);
    return NULL;
}

/* Serves for as long as the process lives. Returns the address. */
static inline const char *fuzz_start_server(const waldo_server_options *options)
{
    char path[64];
    const char *address;
    waldo_server *server;
    pthread_t thread;
    snprintf(path, sizeof path, "ipc://@waldo-fuzz-%d", (int)getpid());
    must(waldo_server_new(NULL, options, &server, NULL) >= 0);
    must(waldo_server_listen(server, path, &address, NULL) >= 0);
    must(pthread_create(&thread, NULL, fuzz_serve, server) == 0);
    return address;
}

#endif
