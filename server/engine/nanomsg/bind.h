/* Binding sockets of libnanomsg, with what it lacks: names, port 0, care for files. */
#ifndef WALDO_SERVER_ENGINE_NANOMSG_BIND_H
#define WALDO_SERVER_ENGINE_NANOMSG_BIND_H

#include <stddef.h>

#include <stddef.h>

#include <waldo/error.h>

#include "engine/socket_file.h"
#include "engine/url.h"

typedef struct waldo__nanomsg_bound {
    int socket;
    waldo__url url; /* port 0 resolved */
    waldo__socket_file file;
} waldo__nanomsg_bound;

/* A raw REP socket that listens at the URL. A name stands for its first address. */
int waldo__nanomsg_bind(const waldo__url *url, size_t max_message, waldo__nanomsg_bound *ret_bound,
                        waldo_error *reterr);

#endif
