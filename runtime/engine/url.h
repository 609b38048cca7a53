/* URLs of servers: tcp://HOST:PORT, ws://HOST:PORT, ipc://PATH, ipc://@ABSTRACT (direct);
 * nn+tcp://, nn+ipc://, inproc://NAME (libnanomsg).
 *
 * Behind an ipc:// path may stand ?shm=0, for a client that stays on the socket, or a server that
 * lets nobody leave it; or ?shm=1, the default. */
#ifndef WALDO_RUNTIME_ENGINE_URL_H
#define WALDO_RUNTIME_ENGINE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/error.h>

typedef enum waldo__scheme {
    WALDO__TCP,
    WALDO__IPC,
    WALDO__NN_TCP,
    WALDO__NN_IPC,
    WALDO__WS,
    WALDO__INPROC
} waldo__scheme;

typedef struct waldo__url {
    waldo__scheme scheme;
    char host[256]; /* tcp, nn+tcp, ws: name or address, without the brackets of [::1] */
    uint16_t port;
    char path[256]; /* ipc: the path, or "@name" for an abstract socket; inproc: the name */
    bool no_shm;    /* ipc: what comes by it stays on the socket, ?shm=0 */
} waldo__url;

/* WALDO_EVALUE with a sentence: unknown scheme, missing port, port out of range, empty or too long
 * a path (a Unix socket's is at most 107 bytes), an embedded control character. */
int waldo__url_parse(const char *text, waldo__url *ret_url, waldo_error *reterr);
/* The canonical text. */
void waldo__url_format(const waldo__url *url, char *text, size_t size);
/* Reaches only this host: a loopback address, "localhost", ipc, inproc. */
bool waldo__url_is_local(const waldo__url *url);
/* Is it served by libnanomsg? */
bool waldo__url_is_nanomsg(const waldo__url *url);

#endif
