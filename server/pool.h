/* The threads that run handlers, and the order in which they do.
 *
 * Jobs of one strand run one at a time, in the order of submission; jobs without a strand run at
 * once. A thread is added whenever a job finds none idle, so a handler that blocks delays only its
 * own strand. */
#ifndef WALDO_SERVER_POOL_H
#define WALDO_SERVER_POOL_H

#include <stdbool.h>

#include <waldo/error.h>

typedef struct waldo__pool waldo__pool;
typedef struct waldo__strand waldo__strand;
typedef struct waldo__job waldo__job;

struct waldo__job {
    waldo__job *next;
    waldo__strand *strand; /* NULL: none */
    void (*run)(waldo__job *job);
    /* Called when the pool touches neither the job nor its strand any more; may free both. */
    void (*release)(waldo__job *job);
};

/* Zero is an idle strand. Its fields belong to the pool. */
struct waldo__strand {
    waldo__job *first;
    waldo__job *last;
    bool busy; /* a job of it is running or ready to run */
};

int waldo__pool_new(unsigned max_threads, waldo__pool **ret_pool, waldo_error *reterr);
/* Any thread. If not a single thread can be made, the job waits for one to become free. */
void waldo__pool_submit(waldo__pool *pool, waldo__job *job);
/* Enters an idle strand on this thread; false: it is busy. */
bool waldo__pool_try_enter(waldo__pool *pool, waldo__strand *strand);
void waldo__pool_leave(waldo__pool *pool, waldo__strand *strand);
/* Runs the jobs that are left, waits for all threads, frees the pool. NULL is a no-op. */
void waldo__pool_free(waldo__pool *pool);

#endif
