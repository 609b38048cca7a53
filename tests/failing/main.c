/* A typical session in which one call of the C library fails: the first one, the second one, and so
 * on until none is left. Nothing may crash or leak; the client gets a clear error, or what it asked
 * for; the server lives on, and has no more objects than before.
 *
 *     failing-session SIDE WHAT URL [STRIDE [FIRST]]
 *
 * SIDE: client, server. WHAT: allocations, descriptors, interrupts, short_writes, threads. With a
 * stride not every one is tried. Ends with 0 if all was well. */
#include "failing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <waldo/server.h>

#include "session.h"

static const char *url;
static waldo_server *server;
static waldo_manager *watcher; /* on nobody's side */
static unsigned wrong;
static const waldo_manager_options options = {
    .authkey = "failing", .authkey_size = 7, .call_timeout = 20, .connect_timeout = 20};

static void must(int status, const waldo_error *error)
{
    if (status >= 0)
        return;
    waldo_error_print(error, stderr);
    exit(1);
}

static void *serve(void *unused)
{
    waldo_error error = WALDO_ERROR_INIT;
    must(waldo_server_serve_forever(server, &error), &error);
    return unused;
}

static uint64_t objects(void)
{
    waldo_error error = WALDO_ERROR_INIT;
    uint64_t count = 0;
    must(waldo_manager_number_of_objects(watcher, &count, &error), &error);
    return count;
}

/* The session has left nothing in the server, now or soon. */
static bool nothing_is_left(uint64_t before)
{
    struct timespec moment = {.tv_nsec = 2000000};
    for (int i = 0; i < 5000; i++) {
        if (objects() == before)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

static void complain(unsigned number, const char *what, int step, int status,
                     const waldo_error *error)
{
    wrong++;
    printf("number %u: %s, in \"%s\": %s \"%s\"\n", number, what, session_step_name(step),
           waldo_error_name(status), error->message);
}

/* false: there was no such call any more. */
static bool run_with(enum failing_side side, enum failing_what what, unsigned number)
{
    waldo_error error = WALDO_ERROR_INIT;
    uint64_t before = objects();
    int step;
    failing_arm(side, what, number);
    int status = run_session(url, &options, &step, &error);
    bool has_failed = failing_disarm();
    if (status < 0 && (error.code != status || !error.message[0]))
        complain(number, "no clear error", step, status, &error);
    if (status < 0 && !has_failed)
        complain(number, "an error without a reason", step, status, &error);
    if (status < 0 && (what == INTERRUPTS || what == SHORT_WRITES))
        complain(number, "what is no error was one", step, status, &error);
    if (status == WALDO_ETIMEOUT && what != CLOCKS)
        complain(number, "nobody answers", step, status, &error);
    if (what == ALLOCATIONS && (status == WALDO_ETYPE || status == WALDO_EATTRIBUTE))
        complain(number, "a lack of memory looks like a mistake", step, status, &error);
    if (!nothing_is_left(before))
        complain(number, "objects are left", step, status, &error);
    if (getenv("WALDO_FAILING_TRACE"))
        printf("number %u: \"%s\" %s %s\n", number, session_step_name(step),
               waldo_error_name(status), error.message);
    return has_failed;
}

/* ---- the server's own life ---- */

static int make_server(waldo_server **ret_server, waldo_error *reterr)
{
    waldo_server_options wanted = {
        .authkey = "failing", .authkey_size = 7, .grace = 0.3, .transit = 0.5};
    waldo_server *made = NULL;
    waldo_registry *registry = waldo_registry_new(NULL);
    int status = registry ? waldo_registry_share(registry, "numbers", "list",
                                                 waldo_v_tuple(waldo_v_list(waldo_v(1))), reterr)
                          : waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a registry");
    if (status >= 0)
        status = waldo_server_new(registry, &wanted, &made, reterr);
    waldo_registry_unref(registry);
    if (status >= 0)
        status = waldo_server_listen(made, url, &url, reterr);
    if (status < 0)
        waldo_server_free(made);
    else
        *ret_server = made;
    return status;
}

/* Making a server fails at each of its calls in turn. */
static unsigned sweep_start(enum failing_what what)
{
    const char *given = url;
    for (unsigned number = 1;; number++) {
        waldo_error error = WALDO_ERROR_INIT;
        waldo_server *made = NULL;
        url = given;
        failing_arm(SERVER, what, number);
        int status = make_server(&made, &error);
        bool has_failed = failing_disarm();
        if (status < 0 && (error.code != status || !error.message[0]))
            complain(number, "no clear error", 0, status, &error);
        waldo_server_free(made);
        url = given;
        if (!has_failed)
            return number - 1;
    }
}

/* ---- all ---- */

static int index_of(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    fprintf(stderr, "failing-session: %s?\n", word);
    exit(2);
}

static void start(pthread_t *thread)
{
    waldo_error error = WALDO_ERROR_INIT;
    must(make_server(&server, &error), &error);
    failing_belong_to(SERVER);
    if (pthread_create(thread, NULL, serve, NULL) != 0)
        exit(1);
    failing_belong_to(NOBODY);
    must(waldo_connect(url, &options, &watcher, &error), &error);
}

int main(int argc, char **argv)
{
    static const char *const sides[] = {"nobody", "client", "server", NULL};
    static const char *const kinds[] = {"allocations", "descriptors", "interrupts", "short_writes",
                                        "threads",     "space",       "clocks",     NULL};
    if (argc < 4)
        return 2;
    enum failing_side side = (enum failing_side)index_of(argv[1], sides);
    enum failing_what what = (enum failing_what)index_of(argv[2], kinds);
    unsigned stride = argc > 4 ? (unsigned)atoi(argv[4]) : 1;
    unsigned number = argc > 5 ? (unsigned)atoi(argv[5]) : 1;
    url = argv[3];
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (side == SERVER) {
        failing_belong_to(SERVER);
        printf("making a server: %u calls that can fail\n", sweep_start(what));
        failing_belong_to(NOBODY);
    }
    pthread_t thread;
    start(&thread);
    failing_belong_to(side == CLIENT ? CLIENT : NOBODY);
    unsigned tried = 0;
    for (; run_with(side, what, number); number += stride)
        tried++;
    failing_belong_to(NOBODY);
    waldo_manager_unref(watcher);
    waldo_server_stop(server);
    pthread_join(thread, NULL);
    waldo_server_free(server);
    printf("a session: %u calls failed, the last one was number %u; %u wrong\n", tried,
           number - stride, wrong);
    return wrong > 0;
}
