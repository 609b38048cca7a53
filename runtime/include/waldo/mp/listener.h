/* Listeners and clients: connections between programs that are not each other's children (rows N10,
 * N11), on one host or on two.
 *
 *     waldo_mp_listener_new("tcp://127.0.0.1:0", NULL, &listener, &err);
 *     waldo_mp_listener_accept(listener, WALDO_FOREVER, &connection, &err);
 *     ...
 *     waldo_mp_client(waldo_mp_listener_address(listener), NULL, &connection, &err);
 *
 * Addresses: tcp://HOST:PORT (port 0 takes a free one), ipc://PATH, ipc://@ABSTRACT. Both sides
 * prove that they know the same key before anything else is exchanged (docs/security.md). Over TCP
 * all that is sent is encrypted and authenticated, handles cannot be sent, and the connection is of
 * no use in a forked child (WALDO_EFORK); over ipc it goes in the clear, and they can. */
#ifndef WALDO_MP_LISTENER_H
#define WALDO_MP_LISTENER_H

#include <waldo/mp/connection.h>

WALDO_BEGIN_DECLS

typedef struct waldo_mp_listener waldo_mp_listener;

/* All zero is a good default. */
typedef struct waldo_mp_listener_options {
    /* Any bytes; 32 are the key itself. NULL: the key of this process, which its children inherit
     * (row L16). Others need to be given one. */
    const void *authkey;
    size_t authkey_size;
    int backlog;    /* 0: 128 */
    double timeout; /* seconds for connection and handshake; 0: 10 */
} waldo_mp_listener_options;

/** address NULL: an ipc socket with an abstract name of its own. options may be NULL. WALDO_EVALUE:
 *  no such address; WALDO_EADDRESSINUSE, also for a file that is there; WALDO_EPERMISSION. */
WALDO_CHECK int waldo_mp_listener_new(const char *address, const waldo_mp_listener_options *options,
                                      waldo_mp_listener **ret_listener, waldo_error *reterr);
waldo_mp_listener *waldo_mp_listener_ref(waldo_mp_listener *listener);
/** The last one closes. NULL is a no-op. Returns NULL. */
waldo_mp_listener *waldo_mp_listener_unref(waldo_mp_listener *listener);
/* For WALDO_AUTO(waldo_mp_listener). */
static inline void waldo_mp_listener_cleanup(waldo_mp_listener **listener)
{
    waldo_mp_listener_unref(*listener);
}

/** Where it listens, port resolved; as long as the object lives. */
const char *waldo_mp_listener_address(const waldo_mp_listener *listener);
/** Where the last accepted client is, "tcp://HOST:PORT"; "" over ipc, or if there is none. Until
 * the next accept. */
const char *waldo_mp_listener_last_accepted(const waldo_mp_listener *listener);
/** For waldo_mp_wait: ready when somebody has come, who may yet turn out to be nobody. -1: closed.
 */
int waldo_mp_listener_fileno(const waldo_mp_listener *listener);
/** 1: a client that knows the key; 0: none within seconds (0 and less: no waiting). A client that
 *  does not know it is WALDO_EAUTHENTICATION; then call again. Silent ones delay nobody.
 *  WALDO_ESYSTEM: "Listener is closed". One thread at a time. */
WALDO_CHECK int waldo_mp_listener_accept(waldo_mp_listener *listener, double seconds,
                                         waldo_mp_connection **ret_connection, waldo_error *reterr);
/** Also removes the socket's file, if this process made it. Again is a no-op. */
void waldo_mp_listener_close(waldo_mp_listener *listener);

/** Connects to a listener. WALDO_EREFUSED, WALDO_ENOTFOUND: nobody listens there;
 *  WALDO_EAUTHENTICATION: not the same key; WALDO_ETIMEOUT; WALDO_EPROTOCOL: something else listens
 *  there. */
WALDO_CHECK int waldo_mp_client(const char *address, const waldo_mp_listener_options *options,
                                waldo_mp_connection **ret_connection, waldo_error *reterr);

WALDO_END_DECLS

#endif
