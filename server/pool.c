#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { IDLE_SECONDS = 10 };

struct waldo__pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job became ready, or the pool is closing */
    pthread_cond_t gone; /* a thread ended */
    waldo__job *ready;   /* jobs that may run now */
    waldo__job *last_ready;
    unsigned threads;
    unsigned idle;
    unsigned ready_count;
    unsigned max_threads;
    bool closing;
};

static void push(waldo__job **first, waldo__job **last, waldo__job *job)
{
    job->next = NULL;
    if (*first)
        (*last)->next = job;
    else
        *first = job;
    *last = job;
}

static waldo__job *pop(waldo__job **first)
{
    waldo__job *job = *first;
    if (job)
        *first = job->next;
    return job;
}

/* The strand's next job becomes ready, or the strand idle. */
static void advance(waldo__pool *pool, waldo__strand *strand)
{
    waldo__job *next = pop(&strand->first);
    strand->busy = next != NULL;
    if (!next)
        return;
    push(&pool->ready, &pool->last_ready, next);
    pool->ready_count++;
    pthread_cond_signal(&pool->work);
}

/* Waits for a job; NULL: this thread has been idle long enough, or the pool is closing. */
static waldo__job *take(waldo__pool *pool)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    pool->idle++;
    int status = 0;
    while (!pool->ready && !pool->closing && status == 0)
        status = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
    pool->idle--;
    waldo__job *job = pop(&pool->ready);
    if (job)
        pool->ready_count--;
    return job;
}

static void *work(void *argument)
{
    waldo__pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    for (waldo__job *job; (job = take(pool)) != NULL;) {
        pthread_mutex_unlock(&pool->lock);
        job->run(job);
        pthread_mutex_lock(&pool->lock);
        if (job->strand)
            advance(pool, job->strand);
        pthread_mutex_unlock(&pool->lock);
        job->release(job);
        pthread_mutex_lock(&pool->lock);
    }
    pool->threads--;
    pthread_cond_broadcast(&pool->gone);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* With the lock held. Where no thread can be made the job waits for one that is there. */
static void ensure_thread(waldo__pool *pool)
{
    if (pool->ready_count <= pool->idle || pool->threads >= pool->max_threads)
        return;
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, work, pool) == 0)
        pool->threads++;
    pthread_attr_destroy(&attributes);
}

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
    pthread_condattr_destroy(&attributes);
    *ret_pool = pool;
    return 0;
}

void waldo__pool_submit(waldo__pool *pool, waldo__job *job)
{
    pthread_mutex_lock(&pool->lock);
    if (job->strand && job->strand->busy) {
        push(&job->strand->first, &job->strand->last, job);
    } else {
        if (job->strand)
            job->strand->busy = true;
        push(&pool->ready, &pool->last_ready, job);
        pool->ready_count++;
        ensure_thread(pool);
        pthread_cond_signal(&pool->work);
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
    ensure_thread(pool); /* this one may have more to do, or is none of the pool's */
    pthread_mutex_unlock(&pool->lock);
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
    pthread_mutex_unlock(&pool->lock);
    /* Only where not a single thread could be made; now none is made any more. */
    pool->max_threads = 0;
    for (waldo__job *job; (job = pop(&pool->ready)) != NULL;) {
        job->run(job);
        if (job->strand)
            advance(pool, job->strand);
        job->release(job);
    }
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->gone);
    free(pool);
}
