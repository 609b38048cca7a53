/* An unmodified NNG program, as a client or as a server.
 *
 *     nng-peer ask URL      sends requests of many sizes to a server that echoes
 *     nng-peer reply URL    prints "listening", and echoes until it is killed */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#define MESSAGE_SIZE 100000
#define PATIENCE_MS 60000

static int fail(const char *what, int error)
{
    fprintf(stderr, "%s: %s\n", what, nng_strerror(error));
    return 1;
}

/* One request; NNG's error, or -1 if something else came back. */
static int echo(nng_socket request, const unsigned char *data, size_t size)
{
    void *reply;
    size_t reply_size;
    int error = nng_send(request, (void *)data, size, 0);
    if (error == 0)
        error = nng_recv(request, &reply, &reply_size, NNG_FLAG_ALLOC);
    if (error != 0)
        return error;
    bool same = reply_size == size && (size == 0 || memcmp(reply, data, size) == 0);
    nng_free(reply, reply_size);
    return same ? 0 : -1;
}

static int ask(nng_socket request)
{
    static unsigned char data[MESSAGE_SIZE];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)((i + 1) * 2654435761u >> 11);
    for (size_t size = 0; size <= MESSAGE_SIZE; size += MESSAGE_SIZE / 20) {
        int error = echo(request, data, size);
        if (error < 0)
            fprintf(stderr, "the reply to %zu bytes is another message\n", size);
        if (error != 0)
            return error < 0 ? 1 : fail("echo", error);
    }
    return 0;
}

static int run_client(const char *url)
{
    nng_socket request;
    int error = nng_req0_open(&request);
    if (error == 0)
        error = nng_socket_set_ms(request, NNG_OPT_RECVTIMEO, PATIENCE_MS);
    if (error == 0)
        error = nng_dial(request, url, NULL, 0);
    if (error != 0)
        return fail(url, error);
    int status = ask(request);
    nng_close(request);
    return status;
}

static int run_server(const char *url)
{
    nng_socket reply;
    int error = nng_rep0_open(&reply);
    if (error == 0)
        error = nng_listen(reply, url, NULL, 0);
    if (error != 0)
        return fail(url, error);
    puts("listening");
    fflush(stdout);
    for (nng_msg *message; (error = nng_recvmsg(reply, &message, 0)) == 0;)
        if (nng_sendmsg(reply, message, 0) != 0)
            nng_msg_free(message);
    return fail(url, error);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "ask") == 0)
        return run_client(argv[2]);
    if (argc == 3 && strcmp(argv[1], "reply") == 0)
        return run_server(argv[2]);
    return 2;
}
