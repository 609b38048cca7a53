/* Names of hosts, within a deadline. */
#ifndef WALDO_RUNTIME_ENGINE_LOOKUP_H
#define WALDO_RUNTIME_ENGINE_LOOKUP_H

#include <netdb.h>

#include <waldo/error.h>

#include "engine/deadline.h"
#include "engine/url.h"

/* The addresses to which a client may connect. The system's resolver knows no deadlines, so it is
 * asked by a thread of its own, which may outlive the call; numeric addresses need none. Free with
 * freeaddrinfo(). WALDO_ENOTFOUND: no such host; WALDO_ETIMEOUT. */
int waldo__lookup(const waldo__url *url, waldo__deadline deadline, struct addrinfo **ret_list,
                  waldo_error *reterr);

#endif
