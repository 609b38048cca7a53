/* Redis through hiredis: HGET of one field, on a server that is started here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "bench/bench.h"

/* One server for all rows; the number of rows that use it. */
static struct {
    bench_child child;
    unsigned users;
    char path[BENCH_PATH_SIZE];
    int port;
} server;

/* redis-server takes no port 0 for "any". false: errno says why it cannot be run, or is 0. */
static bool start_server(const bench_place *place)
{
    char port[16];
    snprintf(server.path, sizeof server.path, "%s/redis", place->directory);
    for (int i = 0; i < 20; i++) {
        server.port = 20000 + (int)((bench_now() / 1000 + (unsigned)i * 7919) % 20000);
        snprintf(port, sizeof port, "%d", server.port);
        const char *const arguments[] = {
            "redis-server",   "--port", port, "--bind",       "127.0.0.1", "--unixsocket",
            server.path,      "--save", "",   "--appendonly", "no",        "--dir",
            place->directory, NULL};
        char line[512];
        if (!bench_child_start(&server.child, arguments))
            return false;
        while (bench_child_read_line(&server.child, line, sizeof line))
            if (strstr(line, "Ready to accept connections") || strstr(line, "The server is now"))
                return true;
        bench_child_end(&server.child);
    }
    errno = 0;
    return false;
}

static redisContext *connect_redis(const char *kind)
{
    redisContext *context = strcmp(kind, "unix") == 0 ? redisConnectUnix(server.path)
                                                      : redisConnect("127.0.0.1", server.port);
    if (context && context->err) {
        redisFree(context);
        context = NULL;
    }
    return context;
}

static bool get(redisContext *context)
{
    redisReply *reply = redisCommand(context, "HGET waldo 1");
    bool good = reply && reply->type == REDIS_REPLY_STRING;
    if (reply)
        freeReplyObject(reply);
    return good;
}

static void close_redis(bench_row *row)
{
    if (row->state)
        redisFree(row->state);
    if (--server.users == 0)
        bench_child_end(&server.child);
}

static bench_opened open_redis(bench_row *row)
{
    if (server.users == 0 && !start_server(row->place))
        return bench_fail_without(row, "redis-server");
    server.users++;
    row->state = connect_redis(row->parameter);
    redisReply *reply = row->state ? redisCommand(row->state, "HSET waldo 1 1") : NULL;
    if (reply) {
        freeReplyObject(reply);
        return BENCH_READY;
    }
    close_redis(row);
    return bench_fail(row, "no connection to redis-server");
}

static bool get_once(bench_row *row)
{
    return get(row->state) || bench_fail(row, "redis does not answer") == BENCH_READY;
}

static double run_each(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, get_once);
}

static bool get_many(bench_row *row)
{
    for (unsigned i = 0; i < row->number; i++)
        redisAppendCommand(row->state, "HGET waldo 1");
    for (unsigned i = 0; i < row->number; i++) {
        void *reply;
        if (redisGetReply(row->state, &reply) != REDIS_OK)
            return bench_fail(row, "redis does not answer") == BENCH_READY;
        freeReplyObject(reply);
    }
    return true;
}

static double run_pipeline(bench_row *row, double seconds, histogram *times)
{
    (void)times;
    return bench_count_all(row, seconds, get_many);
}

/* ---- many clients ---- */

static void *connect_client(const bench_row *row)
{
    return connect_redis(row->parameter);
}

static bool get_of_client(void *client)
{
    return get(client);
}

static void close_client(void *client)
{
    redisFree(client);
}

static double run_crowd(bench_row *row, double seconds, histogram *times)
{
    static const bench_client client = {connect_client, get_of_client, close_client};
    return bench_run_crowd(row, seconds, times, &client);
}

#define REDIS .is_peer = true, .open = open_redis, .close = close_redis
#define CLIENTS REDIS, .is_rate = true, .run = run_crowd, .parameter = "tcp", .series = "Redis, TCP"

bench_row bench_redis_rows[] = {
    {.name = "redis.tcp", REDIS, .run = run_each, .parameter = "tcp"},
    {.name = "redis.unix", REDIS, .run = run_each, .parameter = "unix"},
    {.name = "redis.tcp.pipeline100",
     REDIS,
     .is_rate = true,
     .run = run_pipeline,
     .parameter = "tcp",
     .number = 100},
    {.name = "redis.tcp.clients1", CLIENTS, .number = 1},
    {.name = "redis.tcp.clients2", CLIENTS, .number = 2},
    {.name = "redis.tcp.clients5", CLIENTS, .number = 5},
    {.name = "redis.tcp.clients10", CLIENTS, .number = 10},
    {.name = "redis.tcp.clients50", CLIENTS, .number = 50},
    {0},
};
