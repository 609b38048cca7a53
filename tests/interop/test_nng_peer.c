/* Unmodified NNG programs as clients and servers. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include "../unit/server/engine/raw_peer.h"

#define MESSAGE_SIZE 100000

static void ask(const char *url)
{
    uint8_t *data = random_bytes(MESSAGE_SIZE);
    nng_socket request;

    cr_assert_eq(nng_req0_open(&request), 0);
    cr_assert_eq(nng_socket_set_ms(request, NNG_OPT_RECVTIMEO, 20000), 0);
    cr_assert_eq(nng_dial(request, url, NULL, 0), 0);
    for (size_t size = 0; size <= MESSAGE_SIZE; size += MESSAGE_SIZE / 20) {
        void *reply;
        size_t reply_size;
        cr_assert_eq(nng_send(request, data, size, 0), 0);
        cr_assert_eq(nng_recv(request, &reply, &reply_size, NNG_FLAG_ALLOC), 0);
        cr_assert_eq(reply_size, size);
        cr_assert(size == 0 || memcmp(reply, data, size) == 0);
        nng_free(reply, reply_size);
    }
    nng_close(request);
    free(data);
}

Test(nng_peer, a_req0_asks_both_engines)
{
    const char *urls[] = {"tcp://127.0.0.1:0", "nn+tcp://127.0.0.1:0"};
    const char *prefixes[] = {"ipc://", "nn+ipc://"};

    for (size_t i = 0; i < 4; i++) {
        echo_server server = {0};
        char path[TEST_URL_SIZE];
        echo_start(&server, i < 2 ? urls[i] : socket_path(path, prefixes[i - 2]));
        ask(strncmp(server.url, "nn+", 3) == 0 ? server.url + 3 : server.url);
        echo_stop(&server);
    }
}

static void *reply_to_all(void *data)
{
    const nng_socket *socket = data;

    for (;;) {
        nng_msg *message;
        if (nng_recvmsg(*socket, &message, 0) != 0)
            return NULL;
        size_t size = nng_msg_len(message);
        if (nng_sendmsg(*socket, message, 0) != 0)
            nng_msg_free(message);
        if (size == 4)
            return NULL;
    }
}

Test(nng_peer, our_clients_ask_a_rep0)
{
    char path[TEST_URL_SIZE], url[TEST_URL_SIZE];
    uint8_t *data = random_bytes(MESSAGE_SIZE);

    for (int i = 0; i < 2; i++) {
        nng_socket reply;
        pthread_t thread;
        cr_assert_eq(nng_rep0_open(&reply), 0);
        cr_assert_eq(nng_listen(reply, socket_path(path, "ipc://"), NULL, 0), 0);
        cr_assert_eq(pthread_create(&thread, NULL, reply_to_all, &reply), 0);
        test_client client = client_open(i == 0 ? path : other_url(path, url));
        for (size_t size = 0; size <= MESSAGE_SIZE; size += MESSAGE_SIZE / 20)
            client_echo(&client, data, size);
        client_echo(&client, data, 4);
        pthread_join(thread, NULL);
        client_close(&client);
        nng_close(reply);
    }
    free(data);
}
