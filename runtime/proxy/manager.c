/* The manager's life and states. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "proxy/proxy_internal.h"

enum { DEFAULT_MAX_MESSAGE = 64 * 1024 * 1024 };
static const double DEFAULT_CONNECT_TIMEOUT = 10.0;
static const double DEFAULT_CALL_TIMEOUT = 60.0;
static const double DEFAULT_SHUTDOWN_TIMEOUT = 1.0; /* row A1 */
/* Seconds that a goodbye may take; a server that does not hear it notices the closed connection. */
static const double GOODBYE_TIMEOUT = 1.0;

int waldo__check_seconds(double seconds, const char *what, waldo_error *reterr)
{
    if (isnan(seconds) || seconds < 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "%s must be a non-negative number of seconds",
                               what);
    return 0;
}

/* ---- options ---- */

static int take_seconds(double given, double otherwise, const char *what, double *ret_seconds,
                        waldo_error *reterr)
{
    int status = waldo__check_seconds(given, what, reterr);
    if (status >= 0)
        *ret_seconds = given > 0 ? given : otherwise;
    return status;
}

int waldo__manager_set_address(waldo_manager *manager, const char *address, waldo_error *reterr)
{
    waldo__url url;
    int status = waldo__url_parse(address, &url, reterr);
    if (status < 0)
        return status;
    char *copy = strdup(address);
    if (!copy)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for an address");
    free(manager->address);
    manager->address = copy;
    manager->url = url;
    manager->engine = waldo__client_engine_for(&url);
    return 0;
}

static int set_options(waldo_manager *manager, const waldo_manager_options *options,
                       waldo_error *reterr)
{
    int status = take_seconds(options->connect_timeout, DEFAULT_CONNECT_TIMEOUT, "connect_timeout",
                              &manager->connect_timeout, reterr);
    if (status >= 0)
        status = take_seconds(options->call_timeout, DEFAULT_CALL_TIMEOUT, "call_timeout",
                              &manager->call_timeout, reterr);
    if (status >= 0)
        status = take_seconds(options->shutdown_timeout, DEFAULT_SHUTDOWN_TIMEOUT,
                              "shutdown_timeout", &manager->shutdown_timeout, reterr);
    if (status >= 0 && options->address)
        status = waldo__manager_set_address(manager, options->address, reterr);
    manager->max_message = options->max_message ? options->max_message : DEFAULT_MAX_MESSAGE;
    manager->registry = options->registry;
    return status;
}

int waldo_manager_new(const waldo_manager_options *options, waldo_manager **ret_manager,
                      waldo_error *reterr)
{
    static const waldo_manager_options defaults;
    if (sodium_init() < 0)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "libsodium finds no source of random bytes");
    waldo_manager *manager = calloc(1, sizeof *manager);
    if (!manager)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a manager");
    int status = set_options(manager, options ? options : &defaults, reterr);
    if (status < 0) {
        free(manager->address);
        free(manager);
        return status;
    }
    atomic_init(&manager->references, 1);
    pthread_mutex_init(&manager->lock, NULL);
    randombytes_buf(manager->session, sizeof manager->session);
    manager->creator = getpid();
    manager->server_handle = -1;
    manager->life_line = -1;
    waldo__managers_add(manager);
    *ret_manager = manager;
    return 0;
}

/* ---- connecting ---- */

int waldo__manager_check_initial(waldo_manager *manager, waldo_error *reterr)
{
    switch (waldo_manager_state_of(manager)) {
    case WALDO_MANAGER_INITIAL:
        return 0;
    case WALDO_MANAGER_STARTED:
        return waldo_error_set(reterr, WALDO_EPROCESS, "Already started server");
    default:
        return waldo_error_set(reterr, WALDO_EPROCESS, "Manager has shut down");
    }
}

int waldo__manager_enter(waldo_manager *manager, waldo_error *reterr)
{
    waldo__link *link;
    int status = waldo__link_open(manager, WALDO__NEVER, &link, reterr);
    if (status < 0)
        return status;
    pthread_mutex_lock(&manager->lock);
    manager->state = WALDO_MANAGER_STARTED;
    pthread_mutex_unlock(&manager->lock);
    waldo__link_give(manager, link);
    return 0;
}

int waldo_manager_connect(waldo_manager *manager, waldo_error *reterr)
{
    int status = waldo__manager_check_initial(manager, reterr);
    if (status < 0)
        return status;
    if (!manager->address)
        return waldo_error_set(reterr, WALDO_EVALUE, "connecting needs an address");
    status = waldo__manager_enter(manager, reterr);
    if (status >= 0)
        manager->connected_only = true;
    return status;
}

int waldo_connect(const char *address, const waldo_manager_options *options,
                  waldo_manager **ret_manager, waldo_error *reterr)
{
    waldo_manager_options with_address = {0};
    if (options)
        with_address = *options;
    with_address.address = address;
    waldo_manager *manager;
    int status = waldo_manager_new(&with_address, &manager, reterr);
    if (status < 0)
        return status;
    status = waldo_manager_connect(manager, reterr);
    if (status < 0)
        waldo_manager_unref(manager);
    else
        *ret_manager = manager;
    return status;
}

/* ---- life ---- */

waldo_manager *waldo_manager_ref(waldo_manager *manager)
{
    if (manager)
        atomic_fetch_add(&manager->references, 1);
    return manager;
}

/* Ends the session at once, if there is a connection to say so. */
static void say_goodbye(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    bool connected = manager->state == WALDO_MANAGER_STARTED && manager->idle;
    pthread_mutex_unlock(&manager->lock);
    if (connected)
        (void)waldo__exchange_plain(manager, WALDO__WIRE__OPERATION__GOODBYE, GOODBYE_TIMEOUT, NULL);
}

waldo_manager *waldo_manager_unref(waldo_manager *manager)
{
    if (!manager || atomic_fetch_sub(&manager->references, 1) != 1)
        return NULL;
    if (waldo__process_is_ours(manager))
        waldo_manager_shutdown(manager, NULL);
    else
        say_goodbye(manager);
    /* Of waldo_manager_get_server; while its server still listens there it stays. */
    if (manager->directory && manager->creator == getpid())
        (void)rmdir(manager->directory);
    waldo__links_close_idle(manager);
    waldo__managers_remove(manager);
    waldo__remote_types_free(manager);
    waldo__process_let_go(manager);
    pthread_mutex_destroy(&manager->lock);
    free(manager->directory);
    free(manager->address);
    free(manager);
    return NULL;
}

waldo_manager_state waldo_manager_state_of(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    waldo_manager_state state = manager->state;
    pthread_mutex_unlock(&manager->lock);
    return state;
}

const char *waldo_manager_address(waldo_manager *manager)
{
    return manager->address;
}
