/* For tests whose servers end and come again at the same place. A port that a server was given by
 * the system can be another program's before it is back. */
#ifndef WALDO_TESTS_HELD_PORT_H
#define WALDO_TESTS_HELD_PORT_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* SCHEME://127.0.0.1:PORT with a port that the system gives to nobody until *ret_holder is closed.
 * A server that is told to can listen there all the same (SO_REUSEADDR); while none does, clients
 * are refused. */
static inline void hold_port(const char *scheme, char *ret_url, size_t url_size, int *ret_holder)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *ret_holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(setsockopt(*ret_holder, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    cr_assert_eq(bind(*ret_holder, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(getsockname(*ret_holder, (struct sockaddr *)&address, &size), 0);
    snprintf(ret_url, url_size, "%s://127.0.0.1:%u", scheme, ntohs(address.sin_port));
}

#endif
