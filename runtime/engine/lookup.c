#include "engine/lookup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/address.h"

/* Shared by the caller and the thread that asks; whoever leaves last frees it. */
typedef struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    unsigned users;
    bool done;
    waldo__url url;
    int status;
    waldo_error error;
    struct addrinfo *list; /* NULL: none, or the caller has it */
} lookup;

/* With the lock. */
static void leave(lookup *one)
{
    bool last = --one->users == 0;
    pthread_mutex_unlock(&one->lock);
    if (!last)
        return;
    if (one->list != NULL)
        freeaddrinfo(one->list);
    pthread_cond_destroy(&one->answered);
    pthread_mutex_destroy(&one->lock);
    free(one);
}

static void *ask(void *argument)
{
    lookup *one = argument;
    struct addrinfo *list = NULL;
    waldo_error error = WALDO_ERROR_INIT;
    int status = waldo__address_resolve(&one->url, false, &list, &error);

    pthread_mutex_lock(&one->lock);
    one->status = status;
    one->error = error;
    one->list = list;
    one->done = true;
    pthread_cond_signal(&one->answered);
    leave(one);
    return NULL;
}

static lookup *make(const waldo__url *url)
{
    lookup *one = calloc(1, sizeof *one);
    pthread_condattr_t monotonic;

    if (one == NULL)
        return NULL;
    one->url = *url;
    one->users = 2;
    pthread_mutex_init(&one->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&one->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return one;
}

/* The program's signals are for its own threads. */
static int start(lookup *one)
{
    sigset_t all, before;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&thread, NULL, ask, one);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        pthread_detach(thread);
    return error;
}

/* With the lock. */
static void await(lookup *one, waldo__deadline deadline)
{
    while (!one->done && waldo__deadline_left(deadline) > 0) {
        /* Also for those that never pass: the clock's seconds have room for a hundred years. */
        uint64_t until = deadline < INT64_MAX ? deadline : INT64_MAX;
        struct timespec time = {.tv_sec = (time_t)(until / 1000000000),
                                .tv_nsec = (long)(until % 1000000000)};
        pthread_cond_timedwait(&one->answered, &one->lock, &time);
    }
}

static int take(lookup *one, struct addrinfo **ret_list, waldo_error *reterr)
{
    if (!one->done)
        return waldo_error_set(reterr, WALDO_ETIMEOUT, "the deadline passed while resolving %s",
                               one->url.host);
    if (one->status < 0) {
        if (reterr != NULL)
            *reterr = one->error;
        return one->status;
    }
    *ret_list = one->list;
    one->list = NULL;
    return 0;
}

/* 1: it is no number. */
static int take_number(const waldo__url *url, struct addrinfo **ret_list)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    char port[8];

    snprintf(port, sizeof port, "%u", (unsigned)url->port);
    return getaddrinfo(url->host, port, &hints, ret_list) == 0 ? 0 : 1;
}

int waldo__lookup(const waldo__url *url, waldo__deadline deadline, struct addrinfo **ret_list,
                  waldo_error *reterr)
{
    if (take_number(url, ret_list) == 0)
        return 0;
    lookup *one = make(url);
    if (one == NULL)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory to resolve %s", url->host);
    int error = start(one);
    pthread_mutex_lock(&one->lock);
    if (error != 0) {
        one->users--;
        leave(one);
        return waldo_error_system(reterr, error, "a thread to resolve %s", url->host);
    }
    await(one, deadline);
    int status = take(one, ret_list, reterr);
    leave(one);
    return status;
}
