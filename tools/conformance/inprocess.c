#include "inprocess.h"

#include <pthread.h>

#include <waldo/server.h>

#include "row_internal.h"
#include "trial/types.h"

static waldo_registry *registry;
static waldo_server *server;
static pthread_t thread;

static void *serve(void *unused)
{
    (void)unused;
    must(waldo_server_serve_forever(server, &err));
    return NULL;
}

void inprocess_start(const char *url)
{
    registry = waldo_registry_new(NULL);
    expect(registry);
    must(conformance_register(registry, &err));
    must(waldo_server_new(registry, NULL, &server, &err));
    must(waldo_server_listen(server, url, NULL, &err));
    expect_equal(pthread_create(&thread, NULL, serve, NULL), 0);
}

void inprocess_stop(void)
{
    waldo_server_stop(server);
    conformance_events_end();
    pthread_join(thread, NULL);
    waldo_server_free(server);
    waldo_registry_unref(registry);
}
