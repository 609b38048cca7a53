/* Which thread has the loop. One has it at a time; what belongs to the loop goes with it, under the
 * pool's lock. A look now and then shows a job that has held it from one look to the next. */
#include <errno.h>
#include <time.h>

#include "pool_internal.h"

enum {
    FIRST_PERIOD_NS = 200 * 1000, /* between looks */
    LAST_PERIOD_NS = 1000 * 1000,
    LOOKS_WITHOUT_WORK = 20, /* in a row; then nobody looks until there is some */
    OWN_IN_A_ROW = 64,
    AWAY = 16, /* jobs of the kind of one that took too long that stay off the loop */
};

bool waldo__pool_leads(const waldo__pool *pool)
{
    return pool->led && pthread_equal(pool->leader, pthread_self());
}

bool waldo__pool_run_own(waldo__pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool leads;
    waldo__job *before = NULL;
    for (int i = 0; (leads = waldo__pool_leads(pool)) && pool->own.first && i < OWN_IN_A_ROW; i++) {
        waldo__job *job = waldo__jobs_pop(&pool->own);
        pool->turn++;
        pool->in_job = true;
        pool->habit = job->habit;
        if (pool->watch_rests)
            pthread_cond_signal(&pool->watch);
        waldo__pool_run_job(pool, job, before);
        before = job;
    }
    pthread_mutex_unlock(&pool->lock);
    if (before)
        before->release(before);
    return leads;
}

/* Nobody else touches the leader's own jobs. */
bool waldo__pool_has_own(const waldo__pool *pool)
{
    return pool->own.first != NULL;
}

void waldo__pool_end_lead(waldo__pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->led = false;
    pool->over = true;
    pthread_cond_signal(&pool->watch);
    pthread_mutex_unlock(&pool->lock);
}

/* Where there is no thread to take it, the lead stays where it is. */
static void pass_on(waldo__pool *pool)
{
    if (pool->habit)
        atomic_store_explicit(pool->habit, AWAY, memory_order_relaxed);
    if (!waldo__pool_ensure_idle(pool))
        return;
    pool->led = false;
    pool->in_job = false;
    pool->vacant = true;
    pthread_cond_signal(&pool->work);
}

static void wait_for_ns(waldo__pool *pool, long period)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += period;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!pool->over && pthread_cond_timedwait(&pool->watch, &pool->lock, &until) != ETIMEDOUT)
        ;
}

/* Until the leader runs a job again. */
static void rest(waldo__pool *pool)
{
    uint64_t turn = pool->turn;
    pool->watch_rests = true;
    while (!pool->over && pool->turn == turn)
        pthread_cond_wait(&pool->watch, &pool->lock);
    pool->watch_rests = false;
}

/* The same job at two looks has had the loop for the time between them, at least. */
static void watch(waldo__pool *pool)
{
    long period = FIRST_PERIOD_NS;
    unsigned without_work = 0;
    uint64_t seen = pool->turn;
    while (!pool->over) {
        wait_for_ns(pool, period);
        period += period < LAST_PERIOD_NS ? period / 8 : 0;
        without_work = pool->turn == seen ? without_work + 1 : 0;
        if (pool->in_job && pool->turn == seen) {
            pass_on(pool);
            period = FIRST_PERIOD_NS;
        } else if (without_work > LOOKS_WITHOUT_WORK) {
            rest(pool);
            period = FIRST_PERIOD_NS;
        }
        seen = pool->turn;
    }
}

int waldo__pool_lead(waldo__pool *pool, void (*lead)(void *data), void *data, waldo_error *reterr)
{
    pthread_mutex_lock(&pool->lock);
    pool->lead = lead;
    pool->lead_data = data;
    bool possible = waldo__pool_ensure_idle(pool);
    if (possible) {
        pool->vacant = true;
        pthread_cond_signal(&pool->work);
        watch(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return possible ? 0 : waldo_error_system(reterr, EAGAIN, "a thread for the event loop");
}
