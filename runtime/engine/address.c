#include "engine/address.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int resolver_error(const waldo__url *url, int code, waldo_error *reterr)
{
    if (code == EAI_SYSTEM)
        return waldo_error_system(reterr, errno, "cannot resolve %s", url->host);
    int waldo_code = code == EAI_MEMORY ? WALDO_ENOMEM : WALDO_ENOTFOUND;
    return waldo_error_set(reterr, waldo_code, "cannot resolve %s: %s", url->host,
                           gai_strerror(code));
}

int waldo__address_resolve(const waldo__url *url, bool listening, struct addrinfo **ret_list,
                           waldo_error *reterr)
{
    char port[8];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    hints.ai_flags = AI_NUMERICSERV | (listening ? AI_PASSIVE : 0);
    snprintf(port, sizeof port, "%u", (unsigned)url->port);
    int code = getaddrinfo(url->host, port, &hints, ret_list);
    return code == 0 ? 0 : resolver_error(url, code, reterr);
}

socklen_t waldo__address_unix(const waldo__url *url, struct sockaddr_un *ret_address)
{
    size_t size = strlen(url->path);

    memset(ret_address, 0, sizeof *ret_address);
    ret_address->sun_family = AF_UNIX;
    if (size >= sizeof ret_address->sun_path)
        size = sizeof ret_address->sun_path - 1;
    memcpy(ret_address->sun_path, url->path, size);
    if (url->path[0] != '@')
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
    ret_address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

int waldo__address_url(const waldo__url *url, const struct sockaddr *address, socklen_t length,
                       waldo__url *ret_url, waldo_error *reterr)
{
    waldo__url numeric = *url;
    char port[8];
    int code = getnameinfo(address, length, numeric.host, sizeof numeric.host, port, sizeof port,
                           NI_NUMERICHOST | NI_NUMERICSERV);

    if (code != 0)
        return resolver_error(url, code, reterr);
    numeric.port = (uint16_t)strtoul(port, NULL, 10);
    *ret_url = numeric;
    return 0;
}
