/* A plain NNG program that has never heard of Waldo: sends one request, and says what came back.
 *
 *     nng-stranger URL SIZE     a request of SIZE bytes, none of which means anything
 *
 * Prints `reply SIZE` and the reply's bytes, or `closed` if the server closed the connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/util/platform.h>

static nng_aio *receiving;

/* The connection is gone before a reply came. */
static void on_removed(nng_pipe pipe, nng_pipe_ev event, void *unused)
{
    (void)pipe;
    (void)event;
    (void)unused;
    nng_aio_cancel(receiving);
}

static int fail(const char *what, int error)
{
    fprintf(stderr, "%s: %s\n", what, nng_strerror(error));
    return 1;
}

static int send_anything(nng_socket socket, size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    if (!bytes)
        return NNG_ENOMEM;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 11);
    int error = nng_send(socket, bytes, size, 0);
    free(bytes);
    return error;
}

static void report(void)
{
    if (nng_aio_result(receiving) != 0) {
        puts("closed");
        return;
    }
    nng_msg *message = nng_aio_get_msg(receiving);
    printf("reply %zu\n", nng_msg_len(message));
    fwrite(nng_msg_body(message), 1, nng_msg_len(message), stdout);
    nng_msg_free(message);
}

int main(int argc, char **argv)
{
    nng_socket socket;
    if (argc != 3)
        return 2;
    int error = nng_req0_open(&socket);
    if (error == 0)
        error = nng_aio_alloc(&receiving, NULL, NULL);
    if (error == 0)
        error = nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, on_removed, NULL);
    if (error == 0)
        error = nng_dial(socket, argv[1], NULL, 0);
    if (error == 0)
        error = send_anything(socket, strtoull(argv[2], NULL, 10));
    if (error != 0)
        return fail(argv[1], error);
    nng_recv_aio(socket, receiving);
    nng_aio_wait(receiving);
    report();
    nng_close(socket);
    nng_aio_free(receiving);
    return 0;
}
