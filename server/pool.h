/* The threads that run handlers, the order in which they do, and which of them has the loop.
 *
 * Jobs of one strand run one at a time, in the order of submission; jobs without a strand run at
 * once. While a server serves, one thread leads: it does all I/O, and runs the jobs that this
 * brings between two rounds of it, without a hand-over to another thread. A job that holds the lead
 * for too long loses it to another thread, and goes on where it is (server/lead.c). All other jobs
 * run on the other threads; one is added whenever a job finds none idle. So a handler that blocks
 * delays only its own strand. */
#ifndef WALDO_SERVER_POOL_H
#define WALDO_SERVER_POOL_H

#include <stdatomic.h>
#include <stdbool.h>

#include <waldo/error.h>

typedef struct waldo__pool waldo__pool;
typedef struct waldo__strand waldo__strand;
typedef struct waldo__job waldo__job;

/* What is known of jobs of one kind: how many more of them stay away from the leading thread,
 * because one took too long. Zero at first. */
typedef atomic_uint waldo__habit;

typedef struct waldo__jobs {
    waldo__job *first;
    waldo__job *last;
} waldo__jobs;

struct waldo__job {
    waldo__job *next;
    waldo__strand *strand; /* NULL: none */
    waldo__habit *habit;   /* of jobs that are expected to take as long; NULL: none is kept */
    void (*run)(waldo__job *job);
    /* Called when the pool touches neither the job nor its strand any more; may free both. */
    void (*release)(waldo__job *job);
};

/* Zero is an idle strand. Its fields belong to the pool. */
struct waldo__strand {
    waldo__jobs waiting;
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

/* ---- the lead ---- */

/* Has lead(data) called on a thread of the pool, and on another one when that has lost the lead,
 * until one has called waldo__pool_end_lead. This thread sees to it, and returns then, whatever the
 * other threads still run. WALDO_ESYSTEM: no thread can be made. Once for a pool. */
int waldo__pool_lead(waldo__pool *pool, void (*lead)(void *data), void *data, waldo_error *reterr);
/* Of the leading thread: runs what it has submitted, or the first few dozen of many, so that I/O
 * gets its turn. false: it leads no more, and must touch nothing that belongs to the leader. */
bool waldo__pool_run_own(waldo__pool *pool);
/* Of the leading thread: is there more to run? */
bool waldo__pool_has_own(const waldo__pool *pool);
/* Of the leading thread, which returns from lead() then. */
void waldo__pool_end_lead(waldo__pool *pool);

#endif
