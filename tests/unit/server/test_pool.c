/* The threads that run handlers: order and exclusion of strands, limits, the end. */
#include "pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "no_threads.h"

enum { PLENTY = 64 };

/* A job that records when it ran. */
typedef struct task {
    waldo__job job; /* first: a job is its task */
    struct line *line;
    int number; /* of its submitter */
    sem_t *started;
    sem_t *until;           /* blocks until this is posted */
    waldo__job *on_release; /* submitted by release */
    waldo__pool *pool;
} task;

/* What the tasks of one strand, or of none, leave behind. */
typedef struct line {
    waldo__strand strand;
    atomic_int inside;
    atomic_int most_inside;
    atomic_int ran;
    atomic_int released;
    atomic_bool disorder;
    int last_number; /* guarded by the strand: ThreadSanitizer would tell */
} line;

static void note_inside(line *where)
{
    int now = atomic_fetch_add(&where->inside, 1) + 1;
    int most = atomic_load(&where->most_inside);

    while (now > most && !atomic_compare_exchange_weak(&where->most_inside, &most, now))
        ;
}

static void wait_for(sem_t *event)
{
    while (event && sem_wait(event) < 0)
        ;
}

static void run(waldo__job *job)
{
    task *self = (task *)job;
    line *where = self->line;

    note_inside(where);
    if (job->strand) {
        if (self->number >= 0 && self->number != where->last_number + 1)
            atomic_store(&where->disorder, true);
        where->last_number = self->number;
    }
    if (self->started)
        sem_post(self->started);
    wait_for(self->until);
    atomic_fetch_sub(&where->inside, 1);
    atomic_fetch_add(&where->ran, 1);
}

static void release(waldo__job *job)
{
    task *self = (task *)job;
    line *where = self->line;

    if (self->on_release)
        waldo__pool_submit(self->pool, self->on_release);
    free(self);
    atomic_fetch_add(&where->released, 1);
}

static task *make(line *where, bool stranded, int number)
{
    task *made = calloc(1, sizeof *made);

    cr_assert_not_null(made);
    made->job =
        (waldo__job){.strand = stranded ? &where->strand : NULL, .run = run, .release = release};
    made->line = where;
    made->number = number;
    return made;
}

static waldo__pool *new_pool(unsigned max_threads)
{
    waldo__pool *pool = NULL;

    cr_assert_eq(waldo__pool_new(max_threads, &pool, NULL), 0);
    return pool;
}

static void assert_in_order(const line *where, int count)
{
    cr_assert_eq(atomic_load(&where->ran), count);
    cr_assert_eq(atomic_load(&where->released), count);
    cr_assert_eq(atomic_load(&where->most_inside), count > 0);
    cr_assert_not(atomic_load(&where->disorder));
    cr_assert_not(where->strand.busy);
}

/* ---- strands ---- */

enum { SUBMITTERS = 4, STRANDS_EACH = 4, JOBS_EACH = 300 };

typedef struct submitter {
    waldo__pool *pool;
    pthread_t thread;
    line lines[STRANDS_EACH];
} submitter;

static void *submit_many(void *data)
{
    submitter *self = data;

    for (int number = 1; number <= JOBS_EACH; number++)
        for (size_t i = 0; i < STRANDS_EACH; i++)
            waldo__pool_submit(self->pool, &make(&self->lines[i], true, number)->job);
    return NULL;
}

Test(pool, jobs_of_a_strand_run_one_by_one_in_order)
{
    static submitter submitters[SUBMITTERS];
    waldo__pool *pool = new_pool(PLENTY);

    for (size_t i = 0; i < SUBMITTERS; i++) {
        submitters[i].pool = pool;
        cr_assert_eq(pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]), 0);
    }
    for (size_t i = 0; i < SUBMITTERS; i++)
        pthread_join(submitters[i].thread, NULL);
    waldo__pool_free(pool);
    for (size_t i = 0; i < SUBMITTERS; i++)
        for (size_t k = 0; k < STRANDS_EACH; k++)
            assert_in_order(&submitters[i].lines[k], JOBS_EACH);
}

typedef struct rival {
    waldo__pool *pool;
    line *line;
    pthread_t thread;
} rival;

static void *submit_to_one(void *data)
{
    rival *self = data;

    for (int i = 0; i < JOBS_EACH; i++)
        waldo__pool_submit(self->pool, &make(self->line, true, -1)->job);
    return NULL;
}

Test(pool, many_threads_submit_to_one_strand)
{
    line shared = {.last_number = 0};
    rival rivals[SUBMITTERS];
    waldo__pool *pool = new_pool(PLENTY);

    for (size_t i = 0; i < SUBMITTERS; i++) {
        rivals[i] = (rival){.pool = pool, .line = &shared};
        cr_assert_eq(pthread_create(&rivals[i].thread, NULL, submit_to_one, &rivals[i]), 0);
    }
    for (size_t i = 0; i < SUBMITTERS; i++)
        pthread_join(rivals[i].thread, NULL);
    waldo__pool_free(pool);
    assert_in_order(&shared, SUBMITTERS * JOBS_EACH);
}

Test(pool, a_blocking_job_delays_only_its_strand)
{
    line blocked = {.last_number = 0}, other = {.last_number = 0}, none = {.last_number = 0};
    sem_t started, until, done;
    waldo__pool *pool = new_pool(PLENTY);

    sem_init(&started, 0, 0);
    sem_init(&until, 0, 0);
    sem_init(&done, 0, 0);
    task *first = make(&blocked, true, 1);
    first->started = &started;
    first->until = &until;
    waldo__pool_submit(pool, &first->job);
    wait_for(&started);
    waldo__pool_submit(pool, &make(&blocked, true, 2)->job);
    for (int number = 1; number <= 50; number++) {
        task *elsewhere = make(number % 2 ? &other : &none, number % 2, (number + 1) / 2);
        elsewhere->started = &done;
        waldo__pool_submit(pool, &elsewhere->job);
    }
    for (int i = 0; i < 50; i++)
        wait_for(&done);
    cr_assert_eq(atomic_load(&blocked.ran), 0);
    sem_post(&until);
    waldo__pool_free(pool);
    assert_in_order(&blocked, 2);
    assert_in_order(&other, 25);
    cr_assert_eq(atomic_load(&none.released), 25);
}

/* ---- limits ---- */

Test(pool, jobs_without_a_strand_run_at_once)
{
    enum { AT_ONCE = 20 };
    line none = {.last_number = 0};
    sem_t started, until;
    waldo__pool *pool = new_pool(PLENTY);

    sem_init(&started, 0, 0);
    sem_init(&until, 0, 0);
    for (int i = 0; i < AT_ONCE; i++) {
        task *blocking = make(&none, false, i);
        blocking->started = &started;
        blocking->until = &until;
        waldo__pool_submit(pool, &blocking->job);
    }
    for (int i = 0; i < AT_ONCE; i++)
        wait_for(&started);
    for (int i = 0; i < AT_ONCE; i++)
        sem_post(&until);
    waldo__pool_free(pool);
    cr_assert_eq(atomic_load(&none.most_inside), AT_ONCE);
    cr_assert_eq(atomic_load(&none.released), AT_ONCE);
}

Test(pool, never_more_than_max_threads)
{
    enum { JOBS = 10, LIMIT = 3 };
    line none = {.last_number = 0};
    sem_t started, until;
    waldo__pool *pool = new_pool(LIMIT);

    sem_init(&started, 0, 0);
    sem_init(&until, 0, 0);
    for (int i = 0; i < JOBS; i++) {
        task *blocking = make(&none, false, i);
        blocking->started = &started;
        blocking->until = &until;
        waldo__pool_submit(pool, &blocking->job);
    }
    for (int i = 0; i < LIMIT; i++)
        wait_for(&started);
    cr_assert_lt(sem_trywait(&started), 0);
    for (int i = 0; i < JOBS; i++)
        sem_post(&until);
    waldo__pool_free(pool);
    cr_assert_eq(atomic_load(&none.most_inside), LIMIT);
    cr_assert_eq(atomic_load(&none.released), JOBS);
}

/* Without a single thread jobs wait; the end runs them, and what they submit when released. */
Test(pool, no_thread_at_all)
{
    line where = {.last_number = 0}, late = {.last_number = 0};
    waldo__pool *pool = new_pool(0);

    for (int number = 1; number <= 5; number++)
        waldo__pool_submit(pool, &make(&where, true, number)->job);
    task *last = make(&where, true, 6);
    last->pool = pool;
    last->on_release = &make(&late, true, 1)->job;
    waldo__pool_submit(pool, &last->job);
    cr_assert_eq(atomic_load(&where.ran), 0);
    waldo__pool_free(pool);
    assert_in_order(&where, 6);
    assert_in_order(&late, 1);
}

Test(pool, a_thread_that_cannot_be_made)
{
    line none = {.last_number = 0};
    sem_t started;
    struct rlimit before;
    waldo__pool *pool = new_pool(PLENTY);

    sem_init(&started, 0, 0);
    forbid_threads(&before);
    waldo__pool_submit(pool, &make(&none, false, 0)->job);
    cr_assert_eq(atomic_load(&none.ran), 0);
    cr_assert_eq(setrlimit(RLIMIT_NPROC, &before), 0);
    /* The next one brings a thread, which does both. */
    for (int i = 0; i < 2; i++) {
        task *later = make(&none, false, i);
        later->started = &started;
        waldo__pool_submit(pool, &later->job);
        wait_for(&started);
    }
    waldo__pool_free(pool);
    cr_assert_eq(atomic_load(&none.released), 3);
}

/* ---- entering a strand from outside ---- */

Test(pool, an_entered_strand_waits)
{
    line where = {.last_number = 0};
    sem_t started;
    waldo__pool *pool = new_pool(PLENTY);

    sem_init(&started, 0, 0);
    cr_assert(waldo__pool_try_enter(pool, &where.strand));
    cr_assert_not(waldo__pool_try_enter(pool, &where.strand));
    task *waiting = make(&where, true, 1);
    waiting->started = &started;
    waldo__pool_submit(pool, &waiting->job);
    cr_assert_eq(atomic_load(&where.ran), 0);
    /* There is no thread yet: leaving must see to it that one runs the job. */
    waldo__pool_leave(pool, &where.strand);
    wait_for(&started);
    waldo__pool_free(pool);
    assert_in_order(&where, 1);
}

Test(pool, a_busy_strand_cannot_be_entered)
{
    line where = {.last_number = 0};
    sem_t started, until;
    waldo__pool *pool = new_pool(PLENTY);

    sem_init(&started, 0, 0);
    sem_init(&until, 0, 0);
    task *blocking = make(&where, true, 1);
    blocking->started = &started;
    blocking->until = &until;
    waldo__pool_submit(pool, &blocking->job);
    wait_for(&started);
    cr_assert_not(waldo__pool_try_enter(pool, &where.strand));
    sem_post(&until);
    waldo__pool_free(pool);
    assert_in_order(&where, 1);
}

/* ---- the end ---- */

Test(pool, free_runs_the_jobs_that_are_left)
{
    line where = {.last_number = 0};
    waldo__pool *pool = new_pool(PLENTY);

    for (int number = 1; number <= 500; number++)
        waldo__pool_submit(pool, &make(&where, true, number)->job);
    waldo__pool_free(pool);
    assert_in_order(&where, 500);
}

Test(pool, a_job_that_is_released_may_submit_during_free)
{
    enum { CHAIN = 100 };
    line where = {.last_number = 0};
    waldo__pool *pool = new_pool(PLENTY);
    task *next = NULL;

    for (int number = CHAIN; number > 0; number--) {
        task *made = make(&where, true, number);
        made->pool = pool;
        made->on_release = next ? &next->job : NULL;
        next = made;
    }
    waldo__pool_submit(pool, &next->job);
    waldo__pool_free(pool);
    assert_in_order(&where, CHAIN);
}

Test(pool, free_of_one_that_was_not_used)
{
    waldo__pool_free(NULL);
    waldo__pool_free(new_pool(PLENTY));
}
