/* Which thread has the loop: what it runs itself, how it loses it, how it ends. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "no_threads.h"
#include "pool.h"

enum { MOST = 64 };

/* A job that tells where and when it ran. */
typedef struct task {
    waldo__job job; /* first: a job is its task */
    sem_t *started;
    sem_t *until;
    pthread_t ran_on;
    int place; /* among all that ran */
} task;

/* A server's loop without I/O: each round submits what the test has given it. */
typedef struct stage {
    waldo__pool *pool;
    pthread_t supervisor;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    task *next[MOST];
    unsigned count;
    bool ends;
    pthread_t leader;
    unsigned leads; /* calls of lead() */
    unsigned lost;  /* that ended because another thread leads */
    int status;     /* of waldo__pool_lead */
    atomic_int ran;
    atomic_int released;
} stage;

static stage scene;

static void wait_for(sem_t *event)
{
    while (event && sem_wait(event) < 0)
        ;
}

static void run(waldo__job *job)
{
    task *self = (task *)job;
    self->ran_on = pthread_self();
    if (self->started)
        sem_post(self->started);
    wait_for(self->until);
    self->place = atomic_fetch_add(&scene.ran, 1);
}

static void release(waldo__job *job)
{
    (void)job;
    atomic_fetch_add(&scene.released, 1);
    pthread_mutex_lock(&scene.lock);
    pthread_cond_broadcast(&scene.changed);
    pthread_mutex_unlock(&scene.lock);
}

static bool round_of_io(void)
{
    pthread_mutex_lock(&scene.lock);
    while (scene.count == 0 && !scene.ends)
        pthread_cond_wait(&scene.changed, &scene.lock);
    bool ends = scene.ends;
    unsigned count = scene.count;
    scene.count = 0;
    for (unsigned i = 0; i < count; i++)
        waldo__pool_submit(scene.pool, &scene.next[i]->job);
    pthread_mutex_unlock(&scene.lock);
    return !ends;
}

static void lead(void *data)
{
    stage *here = data;
    pthread_mutex_lock(&here->lock);
    here->leads++;
    here->leader = pthread_self();
    pthread_cond_broadcast(&here->changed);
    pthread_mutex_unlock(&here->lock);
    while (waldo__pool_run_own(here->pool)) {
        if (round_of_io())
            continue;
        waldo__pool_end_lead(here->pool);
        return;
    }
    pthread_mutex_lock(&here->lock);
    here->lost++;
    pthread_cond_broadcast(&here->changed);
    pthread_mutex_unlock(&here->lock);
}

static void *supervise(void *data)
{
    stage *here = data;
    here->status = waldo__pool_lead(here->pool, lead, here, NULL);
    return NULL;
}

static void await_count(const unsigned *count, unsigned wanted)
{
    pthread_mutex_lock(&scene.lock);
    while (*count < wanted)
        pthread_cond_wait(&scene.changed, &scene.lock);
    pthread_mutex_unlock(&scene.lock);
}

static void await_released(int wanted)
{
    pthread_mutex_lock(&scene.lock);
    while (atomic_load(&scene.released) < wanted)
        pthread_cond_wait(&scene.changed, &scene.lock);
    pthread_mutex_unlock(&scene.lock);
}

static void set_up(void)
{
    pthread_mutex_init(&scene.lock, NULL);
    pthread_cond_init(&scene.changed, NULL);
    cr_assert_eq(waldo__pool_new(MOST, &scene.pool, NULL), 0);
    cr_assert_eq(pthread_create(&scene.supervisor, NULL, supervise, &scene), 0);
    await_count(&scene.leads, 1);
}

static void end(void)
{
    pthread_mutex_lock(&scene.lock);
    scene.ends = true;
    pthread_cond_broadcast(&scene.changed);
    pthread_mutex_unlock(&scene.lock);
    pthread_join(scene.supervisor, NULL);
    cr_assert_eq(scene.status, 0);
}

static task make(waldo__strand *strand, waldo__habit *habit)
{
    return (task){.job = {.strand = strand, .habit = habit, .run = run, .release = release},
                  .place = -1};
}

/* Has the leader submit them in one round. */
static void submit(task *tasks, unsigned count)
{
    pthread_mutex_lock(&scene.lock);
    for (unsigned i = 0; i < count; i++)
        scene.next[scene.count++] = &tasks[i];
    pthread_cond_broadcast(&scene.changed);
    pthread_mutex_unlock(&scene.lock);
}

TestSuite(lead, .init = set_up, .timeout = 60);

/* Runs them in one round; true: the thread that led before ran all of them. */
static bool run_on_leader(task *tasks, int count, waldo__strand *strand)
{
    for (int i = 0; i < count; i++)
        tasks[i] = make(i % 2 ? strand : NULL, NULL);
    int before = atomic_load(&scene.released);
    pthread_t leader = scene.leader;
    submit(tasks, (unsigned)count);
    await_released(before + count);
    bool all = true;
    for (int i = 0; i < count; i++)
        all = all && pthread_equal(tasks[i].ran_on, leader);
    return all;
}

/* But for a leader that the system takes from its processor for long. */
Test(lead, short_jobs_run_on_the_leading_thread_in_order)
{
    enum { TRIES = 50 };
    waldo__strand strand = {0};
    task tasks[MOST];
    bool all = false;
    for (int i = 0; i < TRIES && !all; i++)
        all = run_on_leader(tasks, MOST, &strand);
    cr_assert(all);
    for (int i = 3; i < MOST; i += 2)
        cr_assert_gt(tasks[i].place, tasks[i - 2].place);
    end();
    waldo__pool_free(scene.pool);
}

/* What it would have run next runs meanwhile, but for its own strand. */
Test(lead, a_job_that_blocks_loses_the_lead)
{
    sem_t started, until;
    sem_init(&started, 0, 0);
    sem_init(&until, 0, 0);
    waldo__strand strand = {0};
    waldo__habit habit = 0;
    task tasks[4] = {make(&strand, &habit), make(&strand, NULL), make(NULL, NULL),
                     make(NULL, NULL)};
    tasks[0].started = &started;
    tasks[0].until = &until;
    submit(tasks, 4);
    wait_for(&started);
    await_count(&scene.leads, 2);
    await_released(2);
    cr_assert_not(pthread_equal(tasks[0].ran_on, scene.leader));
    cr_assert_eq(tasks[1].place, -1);
    cr_assert_gt(atomic_load(&habit), 0);
    sem_post(&until);
    await_released(4);
    await_count(&scene.lost, 1);
    cr_assert_gt(tasks[1].place, tasks[0].place);
    cr_assert_not(pthread_equal(tasks[1].ran_on, scene.leader));
    end();
    waldo__pool_free(scene.pool);
}

/* A kind of jobs of which one blocked stays away, and comes back once it was short for a while. */
Test(lead, jobs_of_a_slow_kind_run_elsewhere_until_they_are_short)
{
    sem_t until;
    sem_init(&until, 0, 0);
    waldo__habit habit = 0;
    task slow = make(NULL, &habit);
    slow.until = &until;
    submit(&slow, 1);
    await_count(&scene.leads, 2);
    unsigned away = 0;
    task next;
    do {
        next = make(NULL, &habit);
        submit(&next, 1);
        await_released((int)++away);
    } while (!pthread_equal(next.ran_on, scene.leader));
    cr_assert_gt(away, 1);
    cr_assert_eq(atomic_load(&habit), 0);
    sem_post(&until);
    await_released((int)away + 1);
    end();
    waldo__pool_free(scene.pool);
}

Test(lead, each_of_many_jobs_that_block_loses_it)
{
    enum { BLOCKED = 20 };
    sem_t until;
    sem_init(&until, 0, 0);
    task tasks[BLOCKED], quick = make(NULL, NULL);
    for (int i = 0; i < BLOCKED; i++) {
        tasks[i] = make(NULL, NULL);
        tasks[i].until = &until;
    }
    submit(tasks, BLOCKED);
    submit(&quick, 1);
    await_released(1);
    cr_assert_eq(quick.place, 0);
    cr_assert_geq(scene.leads, 1 + BLOCKED);
    for (int i = 0; i < BLOCKED; i++)
        sem_post(&until);
    await_released(BLOCKED + 1);
    end();
    waldo__pool_free(scene.pool);
}

/* A server that ends does not wait for handlers that hang. */
Test(lead, ends_while_a_job_still_blocks)
{
    sem_t started, until;
    sem_init(&started, 0, 0);
    sem_init(&until, 0, 0);
    task blocked = make(NULL, NULL);
    blocked.started = &started;
    blocked.until = &until;
    submit(&blocked, 1);
    wait_for(&started);
    end();
    cr_assert_eq(atomic_load(&scene.released), 0);
    sem_post(&until);
    waldo__pool_free(scene.pool);
    cr_assert_eq(atomic_load(&scene.released), 1);
}

/* What the leader had not run when it ended. */
Test(lead, the_jobs_that_are_left_run_at_the_end)
{
    task tasks[3] = {make(NULL, NULL), make(NULL, NULL), make(NULL, NULL)};
    pthread_mutex_lock(&scene.lock);
    for (int i = 0; i < 3; i++)
        scene.next[scene.count++] = &tasks[i];
    scene.ends = true;
    pthread_cond_broadcast(&scene.changed);
    pthread_mutex_unlock(&scene.lock);
    pthread_join(scene.supervisor, NULL);
    waldo__pool_free(scene.pool);
    cr_assert_eq(atomic_load(&scene.released), 3);
}

Test(lead_without_threads, is_refused)
{
    struct rlimit before;
    waldo_error error;
    waldo__pool *pool;
    cr_assert_eq(waldo__pool_new(1, &pool, NULL), 0);
    forbid_threads(&before);
    cr_assert_eq(waldo__pool_lead(pool, lead, &scene, &error), WALDO_ESYSTEM);
    cr_assert_eq(setrlimit(RLIMIT_NPROC, &before), 0);
    cr_assert_neq(error.message[0], '\0');
    waldo__pool_free(pool);
}
