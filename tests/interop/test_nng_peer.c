/* Unmodified NNG programs as clients and servers. They are processes of their own: libnng exports
 * functions with the names of libnanomsg's, and one program cannot have both. */
#include "../bad_input/daemon.h"
#include "../unit/server/engine/raw_peer.h"

#define MESSAGE_SIZE 100000

static void ask(const char *url)
{
    const char *const arguments[] = {NNG_PEER, "ask", url, NULL};
    daemon_process peer;
    int status = daemon_run(&peer, arguments);

    cr_assert_eq(status, 0, "%s: %d %s", url, status, daemon_errors(&peer));
    close(peer.errors);
}

Test(nng_peer, a_req0_asks_both_engines, .fini = daemon_kill_all)
{
    const char *urls[] = {"tcp://127.0.0.1:0", "nn+tcp://127.0.0.1:0", "ws://127.0.0.1:0"};
    const char *prefixes[] = {"ipc://", "nn+ipc://"};

    for (size_t i = 0; i < 5; i++) {
        echo_server server = {0};
        char path[TEST_URL_SIZE];
        echo_start(&server, i < 3 ? urls[i] : socket_path(path, prefixes[i - 3]));
        ask(strncmp(server.url, "nn+", 3) == 0 ? server.url + 3 : server.url);
        echo_stop(&server);
    }
}

static void start_replying(daemon_process *peer, const char *url)
{
    const char *const arguments[] = {NNG_PEER, "reply", url, NULL};
    char line[64];

    daemon_spawn(peer, arguments);
    daemon_read(peer, line, sizeof line, '\n');
    cr_assert_str_eq(line, "listening", "%s", daemon_errors(peer));
}

Test(nng_peer, our_clients_ask_a_rep0, .fini = daemon_kill_all)
{
    char path[TEST_URL_SIZE], url[TEST_URL_SIZE], websocket[TEST_URL_SIZE];
    uint8_t *data = random_bytes(MESSAGE_SIZE);

    for (int i = 0; i < 3; i++) {
        daemon_process peer;
        start_replying(&peer, i < 2 ? socket_path(path, "ipc://") : free_ws_url(websocket));
        test_client client = client_open(i == 0   ? stay_url(path, url)
                                         : i == 1 ? other_url(path, url)
                                                  : websocket);
        for (size_t size = 0; size <= MESSAGE_SIZE; size += MESSAGE_SIZE / 20)
            client_echo(&client, data, size);
        client_close(&client);
        cr_assert_eq(daemon_end(&peer, SIGKILL), -SIGKILL, "%s", daemon_errors(&peer));
        close(peer.errors);
        unlink(path + strlen("ipc://"));
    }
    free(data);
}
