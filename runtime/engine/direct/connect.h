/* Connecting plain sockets within a deadline. */
#ifndef WALDO_RUNTIME_ENGINE_DIRECT_CONNECT_H
#define WALDO_RUNTIME_ENGINE_DIRECT_CONNECT_H

#include <waldo/error.h>

#include "engine/deadline.h"
#include "engine/url.h"

/* A connected, non-blocking socket for a tcp:// or ipc:// URL; all addresses of a name are tried.
 */
int waldo__direct_connect(const waldo__url *url, waldo__deadline deadline, int *ret_fd,
                          waldo_error *reterr);
/* Waits until fd is ready for events (POLLIN, POLLOUT); signals do not end it. WALDO_ETIMEOUT. */
int waldo__direct_wait(int fd, short events, waldo__deadline deadline, const char *what,
                       waldo_error *reterr);

#endif
