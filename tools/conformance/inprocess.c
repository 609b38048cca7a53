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

const char *inprocess_start(const char *url)
{
    waldo_server_options options = {.authkey_file = row_set.authkey_file};
    registry = waldo_registry_new(NULL);
    expect(registry);
    must(conformance_register(registry, &err));
    must(waldo_server_new(registry, &options, &server, &err));
    must(waldo_server_listen(server, url, NULL, &err));
    expect_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    return waldo_server_address(server);
}

void inprocess_stop(void)
{
    waldo_server_stop(server);
    conformance_events_end();
    pthread_join(thread, NULL);
    waldo_server_free(server);
    waldo_registry_unref(registry);
}
