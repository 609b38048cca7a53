/* Unmodified libnanomsg programs as clients and servers: cooked REQ and REP. */
#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>

#include "../unit/server/engine/raw_peer.h"

#define MESSAGE_SIZE 100000

static void ask(const char *url)
{
    uint8_t *data = random_bytes(MESSAGE_SIZE);
    uint8_t *reply = malloc(MESSAGE_SIZE);
    int timeout = 20000;
    int request = nn_socket(AF_SP, NN_REQ);

    cr_assert_geq(request, 0);
    cr_assert_eq(nn_setsockopt(request, NN_SOL_SOCKET, NN_RCVTIMEO, &timeout, sizeof timeout), 0);
    cr_assert_geq(nn_connect(request, url), 0);
    for (int size = 0; size <= MESSAGE_SIZE; size += MESSAGE_SIZE / 20) {
        cr_assert_eq(nn_send(request, data, (size_t)size, 0), size);
        cr_assert_eq(nn_recv(request, reply, MESSAGE_SIZE, 0), size);
        cr_assert_eq(memcmp(reply, data, (size_t)size), 0);
    }
    nn_close(request);
    free(reply);
    free(data);
}

/* The URL as libnanomsg writes it. */
static const char *without_prefix(const char *url)
{
    return strncmp(url, "nn+", 3) == 0 ? url + 3 : url;
}

Test(nanomsg_peer, a_cooked_req_asks_both_engines)
{
    const char *urls[] = {"tcp://127.0.0.1:0", "nn+tcp://127.0.0.1:0", "ws://127.0.0.1:0"};
    const char *prefixes[] = {"ipc://", "nn+ipc://"};

    for (size_t i = 0; i < 5; i++) {
        echo_server server = {0};
        char path[TEST_URL_SIZE];
        echo_start(&server, i < 3 ? urls[i] : socket_path(path, prefixes[i - 3]));
        ask(without_prefix(server.url));
        echo_stop(&server);
    }
}

typedef struct rep_peer {
    int socket;
    pthread_t thread;
} rep_peer;

static void *reply_to_all(void *data)
{
    rep_peer *replier = data;

    for (;;) {
        void *message;
        int size = nn_recv(replier->socket, &message, NN_MSG, 0);
        if (size < 0)
            return NULL;
        if (nn_send(replier->socket, &message, NN_MSG, 0) < 0)
            nn_freemsg(message);
        if (size == 4)
            return NULL;
    }
}

Test(nanomsg_peer, our_clients_ask_a_cooked_rep)
{
    char path[TEST_URL_SIZE], url[TEST_URL_SIZE], websocket[TEST_URL_SIZE];
    uint8_t *data = random_bytes(MESSAGE_SIZE);

    for (int i = 0; i < 3; i++) {
        rep_peer replier = {.socket = nn_socket(AF_SP, NN_REP)};
        const char *listens = i < 2 ? socket_path(path, "ipc://") : free_ws_url(websocket);
        cr_assert_geq(nn_bind(replier.socket, listens), 0);
        cr_assert_eq(pthread_create(&replier.thread, NULL, reply_to_all, &replier), 0);
        test_client client = client_open(i == 0   ? stay_url(path, url)
                                         : i == 1 ? other_url(path, url)
                                                  : websocket);
        for (size_t size = 0; size <= MESSAGE_SIZE; size += MESSAGE_SIZE / 20)
            client_echo(&client, data, size);
        client_echo(&client, data, 4);
        pthread_join(replier.thread, NULL);
        client_close(&client);
        nn_close(replier.socket);
    }
    unlink(path + strlen("ipc://"));
    free(data);
}

/* A device between them: requests arrive with a hop, and replies find their way back. */
typedef struct device_peer {
    int front;
    int back;
    pthread_t thread;
} device_peer;

static void *forward(void *data)
{
    device_peer *device = data;

    nn_device(device->front, device->back);
    return NULL;
}

Test(nanomsg_peer, through_a_device)
{
    echo_server server = {0};
    device_peer device;
    char front[TEST_URL_SIZE], back[TEST_URL_SIZE];

    echo_start(&server, socket_path(back, "ipc://"));
    snprintf(front, sizeof front, "inproc://waldo-device");
    device.front = nn_socket(AF_SP_RAW, NN_REP);
    device.back = nn_socket(AF_SP_RAW, NN_REQ);
    cr_assert_geq(nn_bind(device.front, front), 0);
    cr_assert_geq(nn_connect(device.back, back), 0);
    cr_assert_eq(pthread_create(&device.thread, NULL, forward, &device), 0);
    ask(front);
    ask(front);
    nn_close(device.front);
    nn_close(device.back);
    pthread_join(device.thread, NULL);
    echo_stop(&server);
}
