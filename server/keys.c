/* Who is let in: the ring that is in force, and another one in its place. */
#include "secure/default_key.h"
#include "server_internal.h"

int waldo__server_read_keys(const waldo_server_options *options, waldo__keyring **ret_keys,
                            waldo_error *reterr)
{
    if (options->authkey)
        return waldo__keyring_from_authkey(options->authkey, options->authkey_size, ret_keys,
                                           reterr);
    if (options->authkey_file)
        return waldo__keyring_from_file(options->authkey_file, ret_keys, reterr);
    return waldo__keyring_from_default(ret_keys, reterr);
}

void waldo_server_reload_keys(waldo_server *server)
{
    atomic_store(&server->reload_requested, true);
    atomic_store(&server->attention, true);
    uv_async_send(&server->wake_up);
}

void waldo__server_reload_keys(waldo_server *server)
{
    waldo_error error = WALDO_ERROR_INIT;
    waldo__keyring *keys;
    int status = waldo__server_read_keys(&server->options, &keys, &error);
    if (status >= 0) {
        waldo__keyring *before = server->keys;
        server->keys = keys;
        waldo__peers_check_keys(server);
        waldo__keyring_free(before);
    }
    if (server->options.on_reloaded)
        server->options.on_reloaded(status, &error, server->options.on_reloaded_data);
}
