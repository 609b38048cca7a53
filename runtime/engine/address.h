/* From URLs to socket addresses. */
#ifndef WALDO_RUNTIME_ENGINE_ADDRESS_H
#define WALDO_RUNTIME_ENGINE_ADDRESS_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <waldo/error.h>

#include "engine/url.h"

/* The addresses of a URL that has a port, for connect() or, if listening, for bind(). Asks the
 * system's resolver and waits for it. Free with freeaddrinfo(). WALDO_ENOTFOUND: no such host. */
int waldo__address_resolve(const waldo__url *url, bool listening, struct addrinfo **ret_list,
                           waldo_error *reterr);
/* The address of an ipc:// URL; returns its length. */
socklen_t waldo__address_unix(const waldo__url *url, struct sockaddr_un *ret_address);
/* The URL with the address in numbers, as libnanomsg wants it; the port is the address's. */
int waldo__address_url(const waldo__url *url, const struct sockaddr *address, socklen_t length,
                       waldo__url *ret_url, waldo_error *reterr);

#endif
