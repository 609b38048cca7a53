#include "pool.h"

#include <stdlib.h>
#include <time.h>

#include "engine/deadline.h"
#include "pool_internal.h"

enum {
    IDLE_SECONDS = 10,
    SHORT_NS = 100 * 1000, /* a job that takes less does not hurt the loop */
    PROBATION = 16,        /* short jobs in a row until their kind may run on the loop again */
};

static void push(waldo__jobs *jobs, waldo__job *job)
{
    job->next = NULL;
    if (jobs->first)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
}

waldo__job *waldo__jobs_pop(waldo__jobs *jobs)
{
    waldo__job *job = jobs->first;
    if (job)
        jobs->first = job->next;
    return job;
}

static bool takes_long(const waldo__job *job)
{
    return job->habit && atomic_load_explicit(job->habit, memory_order_relaxed) > 0;
}

/* ---- threads ---- */

static void *work(void *argument);

static bool add_thread(waldo__pool *pool)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool added = pthread_create(&thread, &attributes, work, pool) == 0;
    pthread_attr_destroy(&attributes);
    pool->threads += added;
    return added;
}

bool waldo__pool_ensure_idle(waldo__pool *pool)
{
    return pool->ready_count < pool->idle || add_thread(pool);
}

/* Where no thread can be made the job waits for one that is there. */
static void ensure_thread(waldo__pool *pool)
{
    if (pool->ready_count > pool->idle && pool->threads < pool->max_threads + pool->led)
        (void)add_thread(pool);
    pthread_cond_signal(&pool->work);
}

static void make_ready(waldo__pool *pool, waldo__job *job)
{
    if (waldo__pool_leads(pool) && !takes_long(job)) {
        push(&pool->own, job);
        return;
    }
    push(&pool->ready, job);
    pool->ready_count++;
    ensure_thread(pool);
}

/* The strand's next job becomes ready, or the strand idle. */
static void advance(waldo__pool *pool, waldo__strand *strand)
{
    waldo__job *next = waldo__jobs_pop(&strand->waiting);
    strand->busy = next != NULL;
    if (next)
        make_ready(pool, next);
}

/* Away from the loop, a kind of jobs shows whether it may come back. */
static void note_duration(waldo__habit *habit, uint64_t started)
{
    unsigned left = atomic_load_explicit(habit, memory_order_relaxed);
    if (waldo__now() - started > SHORT_NS)
        left = PROBATION;
    else if (left > 0)
        left--;
    atomic_store_explicit(habit, left, memory_order_relaxed);
}

void waldo__pool_run_job(waldo__pool *pool, waldo__job *job, waldo__job *before)
{
    bool measured = takes_long(job);
    pthread_mutex_unlock(&pool->lock);
    if (before)
        before->release(before);
    uint64_t started = measured ? waldo__now() : 0;
    job->run(job);
    if (measured)
        note_duration(job->habit, started);
    pthread_mutex_lock(&pool->lock);
    if (waldo__pool_leads(pool))
        pool->in_job = false;
    if (job->strand)
        advance(pool, job->strand);
}

static void run_and_release(waldo__pool *pool, waldo__job *job)
{
    waldo__pool_run_job(pool, job, NULL);
    pthread_mutex_unlock(&pool->lock);
    job->release(job);
    pthread_mutex_lock(&pool->lock);
}

/* Waits for something to do; false: this thread has been idle long enough, or the pool is closing.
 */
static bool await(waldo__pool *pool)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    pool->idle++;
    int status = 0;
    while (!pool->ready.first && !pool->vacant && !pool->closing && status == 0)
        status = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
    pool->idle--;
    return pool->ready.first || pool->vacant;
}

static void take_lead(waldo__pool *pool)
{
    pool->vacant = false;
    pool->led = true;
    pool->leader = pthread_self();
    /* This one is no worker any more. */
    if (pool->ready_count > pool->idle)
        ensure_thread(pool);
    pthread_mutex_unlock(&pool->lock);
    pool->lead(pool->lead_data);
    pthread_mutex_lock(&pool->lock);
}

static void *work(void *argument)
{
    waldo__pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    while (await(pool)) {
        if (pool->vacant) {
            take_lead(pool);
            continue;
        }
        pool->ready_count--;
        run_and_release(pool, waldo__jobs_pop(&pool->ready));
    }
    pool->threads--;
    pthread_cond_broadcast(&pool->gone);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* ---- the interface ---- */

int waldo__pool_new(unsigned max_threads, waldo__pool **ret_pool, waldo_error *reterr)
{
    waldo__pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for the thread pool");
    pool->max_threads = max_threads;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, &attributes);
    pthread_cond_init(&pool->gone, NULL);
    pthread_cond_init(&pool->watch, &attributes);
    pthread_condattr_destroy(&attributes);
    *ret_pool = pool;
    return 0;
}

void waldo__pool_submit(waldo__pool *pool, waldo__job *job)
{
    waldo__strand *strand = job->strand;
    pthread_mutex_lock(&pool->lock);
    if (strand && strand->busy) {
        push(&strand->waiting, job);
    } else {
        if (strand)
            strand->busy = true;
        make_ready(pool, job);
    }
    pthread_mutex_unlock(&pool->lock);
}

bool waldo__pool_try_enter(waldo__pool *pool, waldo__strand *strand)
{
    pthread_mutex_lock(&pool->lock);
    bool entered = !strand->busy;
    strand->busy = true;
    pthread_mutex_unlock(&pool->lock);
    return entered;
}

void waldo__pool_leave(waldo__pool *pool, waldo__strand *strand)
{
    pthread_mutex_lock(&pool->lock);
    advance(pool, strand);
    pthread_mutex_unlock(&pool->lock);
}

static void run_left(waldo__pool *pool, waldo__jobs *jobs)
{
    for (waldo__job *job; (job = waldo__jobs_pop(jobs)) != NULL;)
        run_and_release(pool, job);
}

void waldo__pool_free(waldo__pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->threads > 0)
        pthread_cond_wait(&pool->gone, &pool->lock);
    /* What the last leader left, and all where not a single thread could be made; now none is made
     * any more. */
    pool->max_threads = 0;
    while (pool->own.first || pool->ready.first) {
        run_left(pool, &pool->own);
        run_left(pool, &pool->ready);
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->gone);
    pthread_cond_destroy(&pool->watch);
    free(pool);
}
