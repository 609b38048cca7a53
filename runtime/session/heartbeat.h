/* The thread that keeps a manager's session alive: it asks the server for nothing whenever nothing
 * else was asked for two fifths of the lease, or when there is no connection any more; tells it of
 * requests that were given up; and frees callers who wait on a connection that has died silently.
 */
#ifndef WALDO_RUNTIME_SESSION_HEARTBEAT_H
#define WALDO_RUNTIME_SESSION_HEARTBEAT_H

#include <waldo/manager.h>

/* Before anything else; also in a forked child, whose copy may look as if a thread waited for it.
 */
void waldo__heartbeat_init(waldo_manager *manager);
/* Waits for a thread that has been started and has not begun: what the C library and sanitizers do
 * before it runs is not prepared for a fork. With the manager's lock. */
void waldo__heartbeat_before_fork(waldo_manager *manager);
/* The last connection was closed. With the manager's lock. */
void waldo__heartbeat_alone(waldo_manager *manager);
/* Starts the thread unless it runs already in this process. Without one the session ends when the
 * program makes no call for the lease. */
void waldo__heartbeat_start(waldo_manager *manager);
/* Stops it and waits for it. */
void waldo__heartbeat_stop(waldo_manager *manager);

#endif
