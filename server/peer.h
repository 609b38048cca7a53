/* Peers: the secure channels of clients, from the first message of a handshake on. All of it
 * belongs to the loop's thread.
 *
 * A frame names its channel, so a peer is found by that, whatever connection it came on. Until its
 * HELLO has been read a peer is a stranger, and has a deadline for it. Where there are too many of
 * them, the oldest has to leave: whoever holds a key needs no longer for its HELLO than a message
 * takes, and those who do not cannot keep it out by being there first. */
#ifndef WALDO_SERVER_PEER_H
#define WALDO_SERVER_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "secure/channel.h"
#include "session.h"

struct waldo__endpoint;

typedef struct waldo__peer {
    uint64_t id; /* of the channel */
    waldo__secure_channel *channel;
    struct waldo__endpoint *endpoint;
    uint64_t connection;
    waldo__session *session; /* NULL before HELLO */
    bool admitted;           /* one of the server's CONNECTIONS; before, one of the STRANGERS */
    bool greeted;            /* it had a session */
    bool may_bundle;         /* its requests */
    bool takes_bundles;      /* it has sent one */
    uint64_t since;      /* loop time in ms: it came, or was last heard of, or lost its session */
    waldo_call *waiting; /* answered while its connection was full, in order */
    waldo_call *waiting_last;
    struct waldo__peer *next_on_connection;
    struct waldo__peer *older_stranger;
    struct waldo__peer *newer_stranger;
} waldo__peer;

/* Answers a client's first message; what is not one is refused. */
void waldo__peer_accept(struct waldo__endpoint *endpoint, uint64_t connection, uint32_t id,
                        const uint8_t *data, size_t size);
/* Opens a frame. NULL: it was refused. *ret_data is valid until the next call, unless it lies in
 * **owner, which may be taken; it may be another one afterwards. */
waldo__peer *waldo__peer_open(struct waldo__endpoint *endpoint, uint64_t connection, uint32_t id,
                              const uint8_t *data, size_t size, waldo__buffer **owner,
                              const uint8_t **ret_data, size_t *ret_size);
/* Tells a stranger nothing, and leaves him. */
void waldo__peer_refuse(struct waldo__endpoint *endpoint, uint64_t connection, uint32_t id);
/* The peer of the channel, or NULL. */
waldo__peer *waldo__peer_find(waldo_server *server, uint64_t id);
/* It is no stranger any more, and may send messages of full size. < 0: there are too many
 * connections; call->error says so. */
int waldo__peer_admit(waldo__peer *peer, waldo_call *call);
/* Can its connection move to shared memory? */
bool waldo__peer_may_move(const waldo__peer *peer);
/* The session takes the place of what the peer had before. */
void waldo__peer_bind(waldo__peer *peer, waldo__session *session);
/* Sends the call's reply to where its request came from, or has it wait until the client has taken
 * what was sent before. */
void waldo__peer_send(waldo_call *call);
/* Sends a reply through the channel, if it is still there; its second part may be empty. */
void waldo__peer_reply(waldo_server *server, uint64_t channel, uint32_t id,
                       const struct iovec reply[2]);
/* From now on several replies to one peer leave in a bundle, until they are not gathered any more.
 */
void waldo__replies_gather(waldo_server *server, bool gathers);
/* Those that wait are not sent: its client asks for them again. */
void waldo__replies_forget(waldo__peer *peer);
/* Sends bytes as they are, if there still is where to. */
void waldo__peer_send_frame(struct waldo__endpoint *endpoint, uint64_t connection, uint32_t id,
                            void *data, size_t size);
/* The peer of the channel has to leave, if it is still there. */
void waldo__peer_dismiss(waldo_server *server, uint64_t channel);
/* The client of a connection that was full has taken something. */
void waldo__peers_taken(struct waldo__endpoint *endpoint, uint64_t connection);
/* The connection is gone, with all its peers. */
void waldo__peers_gone(struct waldo__endpoint *endpoint, uint64_t connection);
/* The session has ended: its peers are nobody's. */
void waldo__peers_forget_session(waldo__session *session);
/* The session's connections are closed, or forgotten where they cannot be. */
void waldo__peers_dismiss_session(waldo__session *session);
/* Ends those that have proved nothing in time, have no session, or are silent. Milliseconds until
 * the next one may have to, or 0. */
uint64_t waldo__peers_expire(waldo_server *server);
/* The server itself did nothing for a while: the time of each begins anew. */
void waldo__peers_excuse(waldo_server *server);
/* A new ring is in force: who holds a key that is gone has to leave. */
void waldo__peers_check_keys(waldo_server *server);
void waldo__peers_free(waldo_server *server);

#endif
