/* The board: what the methods of JobBoard do, as a module for `waldod --load`.
 *
 * Calls on one object run one at a time, so the handlers need no lock among themselves. Only
 * forget(), which runs when a caller goes away, comes from another thread; the lock is for the
 * queues that it shares with them. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "jobboard.service.h"

struct job {
    char **paths;
    uint64_t *words;
    size_t count;
    uint32_t worker;
    bool finished;
};

/* A call that waits: in memory of the call itself. */
struct waiter {
    waldo_call *call;
    uint32_t workers; /* await_workers: how many are awaited */
    struct waiter *next;
};

struct board {
    struct job *jobs;
    uint32_t posted, taken, finished;
    bool closed;
    pthread_mutex_t lock;
    struct waiter *takers; /* in order of arrival */
    struct waiter *awaiting;
};

/* As old as the server, so that there is nothing to destroy. */
static struct board the_board = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- waiting ---- */

/* Takes it out of the queue. False: it is not there. */
static bool take_out(struct waiter **queue, const waldo_call *call)
{
    while (*queue && (*queue)->call != call)
        queue = &(*queue)->next;
    if (!*queue)
        return false;
    *queue = (*queue)->next;
    return true;
}

/* The caller is gone. Whoever takes a call out of its queue completes it. */
static void forget(waldo_call *call, void *data)
{
    struct board *board = data;
    pthread_mutex_lock(&board->lock);
    bool found = take_out(&board->takers, call) || take_out(&board->awaiting, call);
    pthread_mutex_unlock(&board->lock);
    if (found)
        waldo_call_fail(call, WALDO_ECANCELLED, "the caller is gone");
}

static int wait_in(struct board *board, struct waiter **queue, waldo_call *call, uint32_t workers)
{
    struct waiter *waiter = waldo_call_alloc(call, sizeof *waiter);
    if (!waiter)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory to wait");
    waiter->call = call;
    waiter->workers = workers;
    int status = waldo_call_defer(call);
    pthread_mutex_lock(&board->lock);
    while (*queue)
        queue = &(*queue)->next;
    *queue = waiter;
    pthread_mutex_unlock(&board->lock);
    waldo_call_on_cancel(call, forget, board);
    return status;
}

/* The first one in the queue, or NULL. It is no longer in it: complete it. */
static waldo_call *next_taker(struct board *board)
{
    pthread_mutex_lock(&board->lock);
    struct waiter *first = board->takers;
    if (first)
        board->takers = first->next;
    pthread_mutex_unlock(&board->lock);
    return first ? first->call : NULL;
}

/* One who awaits no more workers than are there, or NULL. */
static waldo_call *next_awaiting(struct board *board)
{
    pthread_mutex_lock(&board->lock);
    uint32_t waiting = 0;
    for (const struct waiter *taker = board->takers; taker; taker = taker->next)
        waiting++;
    waldo_call *call = NULL;
    for (struct waiter *one = board->awaiting; one && !call; one = one->next)
        if (one->workers <= waiting)
            call = one->call;
    if (call)
        take_out(&board->awaiting, call);
    pthread_mutex_unlock(&board->lock);
    return call;
}

/* ---- jobs ---- */

static bool is_done(const struct board *board)
{
    return board->closed && board->finished == board->posted;
}

/* The next job, or the news that all are done; false: neither. */
static bool fill(struct board *board, Wordcount__Job *job)
{
    job->done = is_done(board);
    if (job->done)
        return true;
    if (board->taken == board->posted)
        return false;
    job->number = board->taken++;
    job->paths = board->jobs[job->number].paths;
    job->n_paths = board->jobs[job->number].count;
    return true;
}

/* Those who wait get what there is. */
static void serve_takers(struct board *board)
{
    while (is_done(board) || board->taken < board->posted) {
        waldo_call *call = next_taker(board);
        if (!call)
            return;
        Wordcount__Job job = WORDCOUNT__JOB__INIT;
        fill(board, &job);
        wordcount_job_board_take_complete(call, &job);
    }
}

static void free_job(struct job *job)
{
    for (size_t i = 0; job->paths && i < job->count; i++)
        free(job->paths[i]);
    free(job->paths);
    free(job->words);
}

static bool make_job(struct job *job, const Wordcount__Batch *batch)
{
    *job = (struct job){.count = batch->n_paths};
    job->paths = calloc(job->count + 1, sizeof *job->paths);
    job->words = calloc(job->count + 1, sizeof *job->words);
    bool complete = job->paths && job->words;
    for (size_t i = 0; complete && i < job->count; i++) {
        job->paths[i] = strdup(batch->paths[i]);
        complete = job->paths[i] != NULL;
    }
    if (!complete)
        free_job(job);
    return complete;
}

/* ---- the methods ---- */

static int board_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)call;
    *ret_self = type_data;
    return 0;
}

static int board_post(void *self, waldo_call *call, const Wordcount__Batch *batch)
{
    struct board *board = self;
    if (board->closed)
        return waldo_call_raise(call, WALDO_ERUNTIME, "the board is closed");
    struct job *jobs = realloc(board->jobs, (board->posted + 1) * sizeof *jobs);
    if (jobs)
        board->jobs = jobs;
    if (!jobs || !make_job(&jobs[board->posted], batch))
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a job");
    board->posted++;
    serve_takers(board);
    return 0;
}

static int board_close(void *self, waldo_call *call)
{
    (void)call;
    struct board *board = self;
    board->closed = true;
    serve_takers(board);
    return 0;
}

static int board_take(void *self, waldo_call *call, Wordcount__Job *job)
{
    struct board *board = self;
    if (fill(board, job))
        return 0;
    int status = wait_in(board, &board->takers, call, 0);
    for (waldo_call *awaiting; (awaiting = next_awaiting(board)) != NULL;)
        wordcount_job_board_await_workers_complete(awaiting);
    return status;
}

static int board_hand_in(void *self, waldo_call *call, const Wordcount__Result *result)
{
    struct board *board = self;
    if (result->number >= board->taken || board->jobs[result->number].finished)
        return waldo_call_raise(call, WALDO_EKEY, "nobody works at job %u", result->number);
    struct job *job = &board->jobs[result->number];
    if (result->n_words != job->count)
        return waldo_call_raise(call, WALDO_EVALUE, "job %u has %zu files, the result has %zu",
                                result->number, job->count, result->n_words);
    if (job->count > 0)
        memcpy(job->words, result->words, job->count * sizeof *job->words);
    job->worker = result->worker;
    job->finished = true;
    board->finished++;
    serve_takers(board);
    return 0;
}

static int board_await_workers(void *self, waldo_call *call, const Wordcount__Crowd *crowd)
{
    struct board *board = self;
    int status = wait_in(board, &board->awaiting, call, crowd->workers);
    for (waldo_call *awaiting; (awaiting = next_awaiting(board)) != NULL;)
        wordcount_job_board_await_workers_complete(awaiting);
    return status;
}

static int board_progress(void *self, waldo_call *call, Wordcount__Progress *progress)
{
    (void)call;
    const struct board *board = self;
    progress->posted = board->posted;
    progress->finished = board->finished;
    return 0;
}

/* Other calls run between two items, so nothing of the board is kept across a yield but numbers. */
static int board_results(waldo_generator *generator, waldo_call *call, void *self)
{
    (void)call;
    const struct board *board = self;
    for (uint32_t number = 0; number < board->posted; number++)
        for (size_t i = 0; board->jobs[number].finished && i < board->jobs[number].count; i++) {
            const struct job *job = &board->jobs[number];
            Wordcount__Count count = WORDCOUNT__COUNT__INIT;
            count.path = job->paths[i];
            count.words = job->words[i];
            count.worker = job->worker;
            if (wordcount_job_board_results_yield(generator, &count) < 0)
                return 0; /* nobody listens any more */
        }
    return 0;
}

static const struct wordcount_job_board_ops ops = {
    .create = board_create,
    .post = board_post,
    .close = board_close,
    .take = board_take,
    .hand_in = board_hand_in,
    .await_workers = board_await_workers,
    .progress = board_progress,
    .results = board_results,
};

static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    return wordcount_job_board_register(registry, &ops, &the_board, reterr);
}

WALDO_MODULE(initialize);
