/* Waldo's own client in shared memory: threads, forks, what is left behind. */
#include <sys/wait.h>
#include <time.h>

#include "moved_server.h"

static void *send_without_end(void *data)
{
    test_client *client = data;
    struct iovec part = {random_bytes(100000), 100000};
    waldo_error err;
    int rc = 0;

    while (rc == 0)
        rc = client->engine->send(client->channel, 1, &part, 1, WALDO__NEVER, &err);
    cr_assert_eq(rc, WALDO_EGONE, "%s", err.message);
    free(part.iov_base);
    return NULL;
}

/* One thread sends and waits for room, one receives and waits for a reply: both notice the end. */
Test(moved_client, both_threads_notice_an_interruption, .timeout = 60)
{
    echo_server server = {.silent = true};
    pthread_t thread;
    uint32_t id;

    begin(&server);
    test_client client = client_open(server.url);
    cr_assert_eq(pthread_create(&thread, NULL, send_without_end, &client), 0);
    await_count(&server.messages, 100);
    client.engine->interrupt(client.channel);
    cr_assert_eq(
        client.engine->receive(client.channel, &id, &client.reply, waldo__deadline_in(20), NULL),
        WALDO_EGONE);
    pthread_join(thread, NULL);
    client_close(&client);
    echo_stop(&server);
}

static void *receive_many(void *data)
{
    test_client *client = data;
    uint32_t id;

    for (uint32_t i = 1; i <= 3000; i++) {
        int rc = client->engine->receive(client->channel, &id, &client->reply,
                                         waldo__deadline_in(60), NULL);
        cr_assert_eq(rc, 0);
        cr_assert_eq(id, i | WALDO__REQUEST_ID_FLAG);
        cr_assert_eq(client->reply.size, i * 37 % 70001);
    }
    return NULL;
}

Test(moved_client, one_thread_sends_while_another_receives, .timeout = 100)
{
    echo_server server = {.limits = {.max_queued = (size_t)1 << 30}};
    uint8_t *data = random_bytes(70001);
    pthread_t thread;

    begin(&server);
    test_client client = client_open(server.url);
    cr_assert_eq(pthread_create(&thread, NULL, receive_many, &client), 0);
    for (uint32_t i = 1; i <= 3000; i++) {
        struct iovec part = {data, i * 37 % 70001};
        cr_assert_eq(client.engine->send(client.channel, i, &part, 1, WALDO__NEVER, NULL), 0);
    }
    pthread_join(thread, NULL);
    client_close(&client);
    free(data);
    echo_stop(&server);
}

/* A child that was forked in the middle leaves the rings alone. */
Test(moved_client, a_forked_child_abandons, .timeout = 60)
{
    echo_server server = {0};

    begin(&server);
    test_client client = client_open(server.url);
    client_echo(&client, (const uint8_t *)"before", 6);
    pid_t child = fork();
    if (child == 0) {
        client.engine->abandon(client.channel);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_assert(client.engine->is_connected(client.channel));
    client_echo(&client, (const uint8_t *)"after", 5);
    client_close(&client);
    await_count(&server.gone, 1);
    echo_stop(&server);
}

Test(moved_client, memory_and_descriptors_are_given_back, .timeout = 60)
{
    echo_server server = {0};

    begin(&server);
    test_client client = client_open(server.url);
    client_echo(&client, (const uint8_t *)"x", 1);
    int before = count_descriptors();
    for (int i = 0; i < 50; i++) {
        test_client other = client_open(server.url);
        client_echo(&other, (const uint8_t *)"x", 1);
        cr_assert_eq(count_descriptors(), before + 2, "the two ends of a socket");
        client_close(&other);
        await_count(&server.gone, i + 1);
    }
    cr_assert_eq(count_descriptors(), before);
    client_close(&client);
    echo_stop(&server);
}

/* With nothing to do the server sleeps. */
Test(moved_client, an_idle_server_uses_no_processor, .timeout = 60)
{
    echo_server server = {0};
    struct timespec before, after;
    clockid_t clock;

    begin(&server);
    cr_assert_eq(pthread_getcpuclockid(server.thread, &clock), 0);
    test_client client = client_open(server.url);
    for (int i = 0; i < 100; i++)
        client_echo(&client, (const uint8_t *)"x", 1);
    clock_gettime(clock, &before);
    usleep(300000);
    clock_gettime(clock, &after);
    cr_assert_lt((after.tv_sec - before.tv_sec) * 1e3 + (after.tv_nsec - before.tv_nsec) / 1e6, 30);
    client_close(&client);
    echo_stop(&server);
}
