/* Where listeners are. */
#ifndef WALDO_RUNTIME_PROCESS_ADDRESSES_H
#define WALDO_RUNTIME_PROCESS_ADDRESSES_H

#include <waldo/mp/listener.h>

#include "engine/deadline.h"
#include "engine/url.h"
#include "secure/keyring.h"

/* WALDO_EVALUE: not tcp:// or ipc://. */
int waldo__mp_url(const char *address, waldo__url *ret_url, waldo_error *reterr);
double waldo__mp_timeout(const waldo_mp_listener_options *options);
int waldo__mp_keys(const waldo_mp_listener_options *options, waldo__keyring **ret_keys,
                   waldo_error *reterr);
/* A listening, non-blocking socket; port 0 becomes the real one in *url. */
int waldo__mp_listen(waldo__url *url, int backlog, int *ret_socket, waldo_error *reterr);

#endif
