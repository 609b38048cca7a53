/* libnanomsg alone: one REP socket answers while sixteen threads each open a REQ socket, connect it,
 * ask once, and close it, again and again. No socket is used by two threads, and none is bound or
 * unbound meanwhile. Over inproc:// (the default) it ends with a segmentation fault sooner or later;
 * over another transport it does not:
 *
 *     cc inproc_clients.c -lnanomsg -lpthread && ./a.out && ./a.out ipc:///tmp/inproc_clients
 */
#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLIENTS = 16, ROUNDS = 1000 };

static const char *url = "inproc://clients";

static void check(int result)
{
    if (result >= 0)
        return;
    fprintf(stderr, "%s\n", nn_strerror(nn_errno()));
    exit(1);
}

static void *answer(void *data)
{
    int socket = *(int *)data;
    char text[8];

    for (int i = 0; i < CLIENTS * ROUNDS; i++) {
        int size = nn_recv(socket, text, sizeof text, 0);
        check(size);
        check(nn_send(socket, text, (size_t)size, 0));
    }
    return NULL;
}

static void *ask(void *data)
{
    char text[8];

    for (int i = 0; i < ROUNDS; i++) {
        int socket = nn_socket(AF_SP, NN_REQ);
        check(socket);
        check(nn_connect(socket, url));
        check(nn_send(socket, "hello", 5, 0));
        check(nn_recv(socket, text, sizeof text, 0));
        check(nn_close(socket));
    }
    return data;
}

int main(int argc, char **argv)
{
    pthread_t server, clients[CLIENTS];
    int socket = nn_socket(AF_SP, NN_REP);

    if (argc > 1)
        url = argv[1];
    check(socket);
    check(nn_bind(socket, url));
    check(-pthread_create(&server, NULL, answer, &socket));
    for (int i = 0; i < CLIENTS; i++)
        check(-pthread_create(&clients[i], NULL, ask, NULL));
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    pthread_join(server, NULL);
    puts("all asked");
    return 0;
}
