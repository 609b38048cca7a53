/* The manager's life and states. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "proxy/proxy_internal.h"
#include "secure/default_key.h"
#include "session/heartbeat.h"

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
    waldo__managers_lock();
    free(manager->address);
    manager->address = copy;
    waldo__managers_unlock();
    manager->url = url;
    manager->engine = waldo__client_engine_for(&url);
    return 0;
}

/* The key that the options give, if they do. */
static int take_key(waldo_manager *manager, const waldo_manager_options *options,
                    waldo_error *reterr)
{
    if (options->authkey)
        return waldo__keyring_from_authkey(options->authkey, options->authkey_size, &manager->keys,
                                           reterr);
    if (options->authkey_descriptor > 0)
        return waldo__keyring_from_descriptor(options->authkey_descriptor, &manager->keys, reterr);
    if (!options->authkey_file)
        return 0;
    manager->authkey_file = strdup(options->authkey_file);
    if (!manager->authkey_file)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a path");
    return waldo__keyring_from_file(options->authkey_file, &manager->keys, reterr);
}

int waldo__manager_use_default_keys(waldo_manager *manager, waldo_error *reterr)
{
    if (manager->keys)
        return 0;
    /* A server that this process started has a key that nobody else knows. */
    int status = waldo__managers_find_key(manager->address, &manager->keys, reterr);
    return manager->keys || status < 0 ? status
                                       : waldo__keyring_from_default(&manager->keys, reterr);
}

int waldo__manager_make_keys(waldo_manager *manager, waldo_error *reterr)
{
    if (manager->keys)
        return 0;
    uint8_t secret[WALDO__KEY_SIZE];
    randombytes_buf(secret, sizeof secret);
    int status = waldo__keyring_from_authkey(secret, sizeof secret, &manager->keys, reterr);
    sodium_memzero(secret, sizeof secret);
    return status;
}

int waldo_manager_share_key(waldo_manager *manager, int *ret_descriptor, waldo_error *reterr)
{
    int status = waldo__manager_use_default_keys(manager, reterr);
    return status < 0
               ? status
               : waldo__key_share(waldo__keyring_at(manager->keys, 0), ret_descriptor, reterr);
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
    if (status >= 0)
        status = take_key(manager, options, reterr);
    manager->max_message = options->max_message ? options->max_message : DEFAULT_MAX_MESSAGE;
    manager->spin = waldo__spin_make(options->spin_us);
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
        waldo__keyring_free(manager->keys);
        free(manager->authkey_file);
        free(manager->address);
        free(manager);
        return status;
    }
    atomic_init(&manager->references, 1);
    pthread_mutex_init(&manager->lock, NULL);
    waldo__init_condition(&manager->opened);
    waldo__heartbeat_init(manager);
    waldo__futures_init(&manager->spare_futures);
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
    waldo__link_give(manager, link, NULL);
    return 0;
}

int waldo_manager_connect(waldo_manager *manager, waldo_error *reterr)
{
    int status = waldo__manager_check_initial(manager, reterr);
    if (status < 0)
        return status;
    if (!manager->address)
        return waldo_error_set(reterr, WALDO_EVALUE, "connecting needs an address");
    status = waldo__manager_use_default_keys(manager, reterr);
    if (status >= 0)
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
    if (waldo__links_can_carry(manager))
        (void)waldo__exchange_plain(manager, WALDO__WIRE__OPERATION__GOODBYE, GOODBYE_TIMEOUT,
                                    NULL);
}

static void destroy(waldo_manager *manager)
{
    waldo__heartbeat_stop(manager);
    if (waldo__process_is_ours(manager))
        waldo_manager_shutdown(manager, NULL);
    else
        say_goodbye(manager);
    /* Of waldo_manager_get_server; while its server still listens there it stays. */
    if (manager->directory && manager->creator == getpid())
        (void)rmdir(manager->directory);
    waldo__links_retire(manager, NULL);
    waldo__managers_remove(manager);
    waldo__pending_forget_given_up(manager);
    waldo__remote_types_free(manager);
    waldo__process_let_go(manager);
    waldo__spares_free(&manager->spare_futures);
    pthread_cond_destroy(&manager->heart_wakes);
    pthread_cond_destroy(&manager->opened);
    pthread_mutex_destroy(&manager->lock);
    waldo__keyring_free(manager->keys);
    free(manager->authkey_file);
    free(manager->directory);
    free(manager->address);
    free(manager);
}

bool waldo__manager_release(waldo_manager *manager)
{
    if (atomic_fetch_sub(&manager->references, 1) != 1)
        return false;
    destroy(manager);
    return true;
}

waldo_manager *waldo_manager_unref(waldo_manager *manager)
{
    if (manager)
        (void)waldo__manager_release(manager);
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

void waldo_manager_on_gone(waldo_manager *manager,
                           void (*on_gone)(waldo_manager *manager, const waldo_error *reason,
                                           void *data),
                           void *data)
{
    pthread_mutex_lock(&manager->lock);
    manager->on_gone = on_gone;
    manager->on_gone_data = data;
    pthread_mutex_unlock(&manager->lock);
}

double waldo__manager_lease(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    double lease = manager->lease;
    pthread_mutex_unlock(&manager->lock);
    return lease;
}

unsigned waldo__manager_life(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    unsigned life = manager->life;
    pthread_mutex_unlock(&manager->lock);
    return life;
}

void waldo__manager_notice(waldo_manager *manager, unsigned life, int status,
                           const waldo_error *error)
{
    if (status != WALDO_EGONE && status != WALDO_EUNKNOWNOUTCOME)
        return;
    pthread_mutex_lock(&manager->lock);
    bool first = life >= manager->told_lives && manager->state == WALDO_MANAGER_STARTED;
    if (first)
        manager->told_lives = life + 1;
    void (*on_gone)(waldo_manager *, const waldo_error *, void *) = manager->on_gone;
    void *data = manager->on_gone_data;
    pthread_mutex_unlock(&manager->lock);
    if (first && on_gone)
        on_gone(manager, error, data);
}
