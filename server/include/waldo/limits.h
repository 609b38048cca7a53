/* What one server takes on at most. Every limit can be set, has an error that names it, and counts
 * what it refused. */
#ifndef WALDO_LIMITS_H
#define WALDO_LIMITS_H

#include <stdint.h>

#include <waldo/abi.h>

WALDO_BEGIN_DECLS

/* name, default, what is limited.
 *
 * QUEUED is of one connection: bytes of replies that its socket does not take. While there are
 * more, none of its requests are read, and its further replies wait where they are kept; `refused`
 * counts these. KEPT_BYTES is of one session, over all of its connections: replies are kept until
 * the client has acknowledged them, and one that does not fit becomes an error; the first one
 * always fits. So a client that does not read costs the server no more than these two and a reply,
 * is gone after its lease, and the others feel nothing.
 *
 * MEMORY is what of the process lies in memory. Above it, the server takes no new sessions and no
 * new calls, but still lets clients give back what they have. Its default, which the 0 stands for,
 * is three quarters of what the machine or the process's control group has; UINT64_MAX: none. */
#define WALDO_LIMIT_MAP(X)                                                                         \
    X(CONNECTIONS, 16384, "connections")                                                           \
    X(STRANGERS, 1024, "connections in the middle of a handshake")                                 \
    X(SESSIONS, 16384, "sessions")                                                                 \
    X(OBJECTS, 16777216, "objects")                                                                \
    X(MESSAGE, 67108864, "bytes of one message")                                                   \
    X(QUEUED, 4194304, "bytes on their way to one client; with more, its replies wait")            \
    X(PARKED, 1048576, "calls that handlers keep")                                                 \
    X(KEPT, 4096, "replies of one session that it has not acknowledged")                           \
    X(KEPT_BYTES, 1073741824, "bytes of replies of one session that it has not acknowledged")      \
    X(TICKETS, 65536, "proxies that one session has put on their way and that have not arrived")   \
    X(BATCH, 4096, "calls in one batch")                                                           \
    X(DEPTH, 160, "messages within messages in a request; also the most")                          \
    X(MEMORY, 0, "bytes of memory in use by the process")

enum waldo_limit {
#define WALDO_LIMIT_ENUM(name, value, what) WALDO_LIMIT_##name,
    WALDO_LIMIT_MAP(WALDO_LIMIT_ENUM)
#undef WALDO_LIMIT_ENUM
        WALDO_LIMIT_COUNT
};

typedef struct waldo_limit_usage {
    uint64_t limit;
    uint64_t now;     /* in use; 0 for what is not limited for the server as a whole: MESSAGE,
                         QUEUED, KEPT, KEPT_BYTES, TICKETS, BATCH, DEPTH */
    uint64_t refused; /* since the server was made */
} waldo_limit_usage;

WALDO_END_DECLS

#endif
