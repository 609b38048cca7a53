/* Clients of a row: threads or processes, and the channel between them and the row. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "row_internal.h"

enum { MAX_VALUE = 1 << 16, CHANNEL_IN_CLIENT = 3, REPORT_IN_CLIENT = 4 };

struct row_client {
    const row_client_entry *entry;
    int channel; /* the row's end; each packet is a packed value */
    int far_end; /* a thread's end */
    pid_t pid;   /* 0: a thread */
    pthread_t thread;
};

static row_client_entry *clients;
/* The end of the channel that the client of this thread has. */
static _Thread_local int own_channel = -1;

void row_register_client(row_client_entry *entry)
{
    entry->next = clients;
    clients = entry;
}

static const row_client_entry *find(const char *name)
{
    for (const row_client_entry *entry = clients; entry; entry = entry->next)
        if (strcmp(entry->name, name) == 0)
            return entry;
    row_fail(__FILE__, __LINE__, "there is no CLIENT(%s)", name);
}

/* ---- values on the channel ---- */

static void send_value(int channel, waldo_value *value)
{
    uint8_t *data = NULL;
    size_t size = 0;
    if (!value)
        row_fail(__FILE__, __LINE__, "out of memory");
    must(waldo_value_pack(value, &data, &size, &err));
    waldo_value_unref(value);
    if (size > MAX_VALUE)
        row_fail(__FILE__, __LINE__, "a client cannot be told %zu bytes", size);
    if (send(channel, data, size, MSG_NOSIGNAL) != (ssize_t)size)
        row_fail(__FILE__, __LINE__, "the other end does not listen: %s", strerror(errno));
    free(data);
}

static bool wait_readable(int descriptor, double seconds)
{
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};
    double limit = row_now() + seconds;
    int status;
    do {
        double left = limit - row_now();
        status = poll(&readable, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
    } while (status < 0 && errno == EINTR);
    return status > 0;
}

/* NULL: the other end is closed. */
static waldo_value *receive_value(int channel, const char *who)
{
    if (!wait_readable(channel, ROW_PATIENCE))
        row_fail(__FILE__, __LINE__, "%s says nothing", who);
    uint8_t *data = malloc(MAX_VALUE);
    if (!data)
        row_fail(__FILE__, __LINE__, "out of memory");
    ssize_t size = recv(channel, data, MAX_VALUE, 0);
    waldo_value *value = NULL;
    if (size > 0)
        must(waldo_value_unpack(data, (size_t)size, &value, &err));
    free(data);
    return value;
}

/* ---- in the client ---- */

waldo_value *row_hear(void)
{
    waldo_value *value = receive_value(own_channel, "the row");
    if (!value)
        row_fail(__FILE__, __LINE__, "the row has ended");
    return value;
}

void row_say(waldo_value *value)
{
    send_value(own_channel, value);
}

void row_be_client(const char *name)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    row_set.report = REPORT_IN_CLIENT;
    own_channel = CHANNEL_IN_CLIENT;
    find(name)->run();
    row_drop_manager();
    exit(0);
}

static void *run_thread(void *data)
{
    row_client *client = data;
    own_channel = client->far_end;
    client->entry->run();
    close(own_channel);
    return NULL;
}

/* ---- in the row ---- */

static row_client *new_client(const char *name)
{
    row_client *client = calloc(1, sizeof *client);
    if (!client)
        row_fail(__FILE__, __LINE__, "out of memory");
    client->entry = find(name);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        row_fail(__FILE__, __LINE__, "socketpair: %s", strerror(errno));
    client->channel = ends[0];
    client->far_end = ends[1];
    return client;
}

row_client *row_start_process(const char *name)
{
    if (row_over_inproc())
        row_skip("another process cannot reach the server");
    row_client *client = new_client(name);
    const char *key = row_set.authkey_file;
    const char *const arguments[] = {
        "waldo-conformance",           "--client", name, "--server", row_set.url,
        key ? "--authkey-file" : NULL, key,        NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    /* Above the numbers that they get, so that neither takes the other's. */
    int report = fcntl(row_set.report, F_DUPFD_CLOEXEC, 10);
    int channel = fcntl(client->far_end, F_DUPFD_CLOEXEC, 10);
    posix_spawn_file_actions_adddup2(&actions, channel, CHANNEL_IN_CLIENT);
    posix_spawn_file_actions_adddup2(&actions, report, REPORT_IN_CLIENT);
    int status = posix_spawn(&client->pid, "/proc/self/exe", &actions, NULL,
                             (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(report);
    close(channel);
    close(client->far_end);
    if (status != 0)
        row_fail(__FILE__, __LINE__, "cannot start a process: %s", strerror(status));
    return client;
}

row_client *row_start(const char *name)
{
    if (!row_set.one_process && !row_over_inproc())
        return row_start_process(name);
    (void)row_manager(); /* which the threads share */
    row_client *client = new_client(name);
    int status = pthread_create(&client->thread, NULL, run_thread, client);
    if (status != 0)
        row_fail(__FILE__, __LINE__, "cannot start a thread: %s", strerror(status));
    return client;
}

void row_tell(row_client *client, waldo_value *value)
{
    send_value(client->channel, value);
}

waldo_value *row_listen(row_client *client)
{
    waldo_value *value = receive_value(client->channel, client->entry->name);
    if (!value)
        row_fail(__FILE__, __LINE__, "%s has ended without a word", client->entry->name);
    return value;
}

bool row_has_said(row_client *client)
{
    return wait_readable(client->channel, 0);
}

static void end_client(row_client *client, int expected)
{
    int status = 0;
    if (client->pid == 0)
        pthread_join(client->thread, NULL);
    else if (waitpid(client->pid, &status, 0) != client->pid || status != expected)
        row_fail(__FILE__, __LINE__, "%s ends with wait status %d", client->entry->name, status);
    close(client->channel);
    free(client);
}

void row_finish(row_client *client)
{
    waldo_value *value = receive_value(client->channel, client->entry->name);
    if (value)
        row_fail(__FILE__, __LINE__, "%s says %s, and nobody wants to hear it", client->entry->name,
                 waldo_value_repr(value));
    end_client(client, 0);
}

void row_kill(row_client *client)
{
    if (client->pid == 0)
        row_fail(__FILE__, __LINE__, "%s has no process", client->entry->name);
    kill(client->pid, SIGKILL);
    end_client(client, SIGKILL);
}

pid_t row_process(row_client *client)
{
    return client->pid;
}
