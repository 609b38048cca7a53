/* Listening sockets for tcp://, ws:// and ipc://. */
#ifndef WALDO_SERVER_ENGINE_DIRECT_LISTENING_H
#define WALDO_SERVER_ENGINE_DIRECT_LISTENING_H

#include <waldo/error.h>

#include "engine/socket_file.h"
#include "engine/url.h"

typedef struct waldo__listening {
    int fd;
    waldo__url url; /* port 0 resolved */
    waldo__socket_file file;
} waldo__listening;

/* A non-blocking socket that listens. A socket file is for this user only, and replaces the one of
 * a server that is no more. WALDO_EADDRESSINUSE; WALDO_EEXIST: a file that is no socket. */
int waldo__listening_open(const waldo__url *url, waldo__listening *ret_listening,
                          waldo_error *reterr);
/* Removes the socket file, unless it is another one by now. The descriptor stays open. */
void waldo__listening_unlink(const waldo__listening *listening);

#endif
