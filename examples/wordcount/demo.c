/* Counts the words of this project's sources with four worker processes.
 *
 *     wordcount_demo [FILE OR DIRECTORY...]
 *
 * A server process hosts the job board; the workers connect to it over TCP. The result is compared
 * with that of `wc -w`; exit status 0 means that they agree and that every worker did its share. */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <waldo/server.h>

#include "files.h"
#include "jobboard.proxy.h"

enum { WORKERS = 4, FILES_PER_JOB = 8 };

struct worker {
    pid_t process;
    uint64_t files, words;
};

struct demo {
    struct files files;
    waldo_registry *registry;
    waldo_manager *manager;
    wordcount_job_board *board;
    struct worker workers[WORKERS];
    int running;
    bool failed; /* one of them did */
    uint64_t words;
};

/* ---- the server: a process of its own, with the types of a module ---- */

static int start_server(struct demo *demo, waldo_error *reterr)
{
    demo->registry = waldo_registry_new(NULL);
    if (!demo->registry)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a registry");
    int status = waldo_registry_load(demo->registry, JOBBOARD_MODULE, reterr);
    if (status < 0)
        return status;
    waldo_manager_options options = {.address = "tcp://127.0.0.1:0", .registry = demo->registry};
    status = waldo_manager_new(&options, &demo->manager, reterr);
    if (status >= 0)
        status = waldo_manager_start(demo->manager, NULL, NULL, reterr);
    if (status >= 0)
        status = wordcount_job_board_new(demo->manager, &demo->board, reterr);
    return status;
}

/* ---- the workers ---- */

/* All in one process group, that of the first, so that they can be waited for together. */
static int spawn_worker(struct demo *demo, int key, waldo_error *reterr)
{
    char descriptor[16];
    snprintf(descriptor, sizeof descriptor, "%d", key);
    char *arguments[] = {"wordcount_worker", (char *)waldo_manager_address(demo->manager),
                         descriptor, NULL};
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, demo->workers[0].process);
    pid_t process;
    int reason = posix_spawn(&process, WORKER_PROGRAM, NULL, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    if (reason != 0)
        return waldo_error_system(reterr, reason, "%s", WORKER_PROGRAM);
    demo->workers[demo->running++].process = process;
    return 0;
}

/* The server's key is known to this process alone: each worker inherits it in a descriptor. */
static int start_worker(struct demo *demo, waldo_error *reterr)
{
    int key;
    int status = waldo_manager_share_key(demo->manager, &key, reterr);
    if (status < 0)
        return status;
    status = spawn_worker(demo, key, reterr);
    close(key);
    return status;
}

static int start_workers(struct demo *demo, waldo_error *reterr)
{
    int status = 0;
    while (status >= 0 && demo->running < WORKERS)
        status = start_worker(demo, reterr);
    if (status < 0)
        return status;
    /* So that all of them are there when the work begins. */
    Wordcount__Crowd crowd = WORDCOUNT__CROWD__INIT;
    crowd.workers = WORKERS;
    return wordcount_job_board_await_workers(demo->board, &crowd, reterr);
}

/* A worker that fails leaves its job undone, and the others would wait for that: the server ends,
 * and they with it. */
static void join_workers(struct demo *demo)
{
    while (demo->running > 0) {
        int ended;
        if (waitpid(-demo->workers[0].process, &ended, 0) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        demo->running--;
        if (ended != 0) {
            demo->failed = true;
            waldo_manager_shutdown(demo->manager, NULL);
        }
    }
}

/* ---- the work ---- */

static int post(struct demo *demo, waldo_error *reterr)
{
    int status = 0;
    for (size_t next = 0; status >= 0 && next < demo->files.count; next += FILES_PER_JOB) {
        size_t left = demo->files.count - next;
        Wordcount__Batch batch = WORDCOUNT__BATCH__INIT;
        batch.paths = demo->files.paths + next;
        batch.n_paths = left < FILES_PER_JOB ? left : FILES_PER_JOB;
        status = wordcount_job_board_post(demo->board, &batch, reterr);
    }
    return status < 0 ? status : wordcount_job_board_close(demo->board, reterr);
}

static void add(struct demo *demo, const Wordcount__Count *count)
{
    demo->words += count->words;
    for (int i = 0; i < WORKERS; i++)
        if ((uint32_t)demo->workers[i].process == count->worker) {
            demo->workers[i].files++;
            demo->workers[i].words += count->words;
        }
}

static int add_up(struct demo *demo, waldo_error *reterr)
{
    WALDO_AUTO(wordcount_job_board_results_iterator) iterator = NULL;
    int status = wordcount_job_board_results(demo->board, &iterator, reterr);
    if (status < 0)
        return status;
    WALDO_FOR_EACH(wordcount_job_board_results, iterator, count, &status, reterr)
        add(demo, count);
    return status;
}

static int count_words(struct demo *demo, waldo_error *reterr)
{
    int status = start_server(demo, reterr);
    if (status >= 0)
        status = start_workers(demo, reterr);
    if (status >= 0)
        status = post(demo, reterr);
    if (status < 0)
        return status;
    join_workers(demo); /* the board tells them when all is done */
    if (demo->failed)
        return waldo_error_set(reterr, WALDO_ERUNTIME, "a worker failed");
    return add_up(demo, reterr);
}

/* ---- the report ---- */

static int report(const struct demo *demo, waldo_error *reterr)
{
    uint64_t files = 0;
    bool all_worked = true;
    for (int i = 0; i < WORKERS; i++) {
        const struct worker *worker = &demo->workers[i];
        printf("worker %d: %" PRIu64 " files, %" PRIu64 " words\n", i + 1, worker->files,
               worker->words);
        files += worker->files;
        all_worked = all_worked && worker->files > 0;
    }
    uint64_t expected;
    int status = files_ask_wc(&demo->files, &expected, reterr);
    if (status < 0)
        return status;
    printf("together: %" PRIu64 " files, %" PRIu64 " words; wc -w: %" PRIu64 " words\n", files,
           demo->words, expected);
    if (files != demo->files.count || demo->words != expected)
        return waldo_error_set(reterr, WALDO_EASSERTION, "the workers and wc disagree");
    if (!all_worked && files > (WORKERS - 1) * FILES_PER_JOB)
        return waldo_error_set(reterr, WALDO_EASSERTION, "a worker had nothing to do");
    return 0;
}

static void clean_up(struct demo *demo)
{
    if (demo->manager)
        waldo_manager_shutdown(demo->manager, NULL);
    join_workers(demo); /* without the server they end as well */
    wordcount_job_board_unref(demo->board);
    waldo_manager_unref(demo->manager);
    waldo_registry_unref(demo->registry);
    files_free(&demo->files);
}

int main(int argc, char **argv)
{
    char *sources[] = {(char *)SOURCE_TREE, NULL};
    struct demo demo = {0};
    waldo_error error;
    int status = files_find(argc > 1 ? argv + 1 : sources, &demo.files, &error);
    if (status >= 0)
        status = count_words(&demo, &error);
    if (status >= 0)
        status = report(&demo, &error);
    if (status < 0)
        waldo_error_print(&error, stderr);
    clean_up(&demo);
    return status < 0;
}
