/* A waldod of the program's own, for rows that are given no server. */
#ifndef WALDO_CONFORMANCE_DAEMON_H
#define WALDO_CONFORMANCE_DAEMON_H

typedef struct daemon_server daemon_server;

/* It listens on every scheme but inproc, and has the trial types.
 * authkey_file NULL: the user's own key. NULL, and a complaint on stderr, if it cannot be started.
 */
daemon_server *daemon_start(const char *authkey_file);
/* Where it listens by this scheme: "tcp", "ipc", "nn+tcp", "nn+ipc", "ws"; or "shm",
 * which begins as "ipc". NULL: it does not. */
const char *daemon_url(const daemon_server *server, const char *scheme);
/* SIGTERM. Its exit code, or -signal. NULL is a no-op. */
int daemon_stop(daemon_server *server);

#endif
