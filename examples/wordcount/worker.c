/* A worker: takes jobs from the board of a server, counts, and hands the results in.
 *
 *     wordcount_worker URL [DESCRIPTOR]
 *
 * It may run on any host that reaches the server, sees the files, and has the server's key: in the
 * user's own key file, or in a descriptor that it inherits. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <waldo/waldo.h>

#include "jobboard.proxy.h"
#include "words.h"

static int work(wordcount_job_board *board, const Wordcount__Job *job, waldo_error *reterr)
{
    Wordcount__Result result = WORDCOUNT__RESULT__INIT;
    result.number = job->number;
    result.worker = (uint32_t)getpid();
    result.words = calloc(job->n_paths + 1, sizeof *result.words);
    if (!result.words)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for %zu results", job->n_paths);
    int status = 0;
    for (; status >= 0 && result.n_words < job->n_paths; result.n_words++)
        status = words_count(job->paths[result.n_words], &result.words[result.n_words], reterr);
    if (status >= 0)
        status = wordcount_job_board_hand_in(board, &result, reterr);
    free(result.words);
    return status;
}

/* Until all is done. */
static int work_at(wordcount_job_board *board, waldo_error *reterr)
{
    /* A worker waits for a job as long as the server is there. */
    int status = waldo_proxy_set_timeout(wordcount_job_board_proxy(board), WALDO_FOREVER, reterr);
    bool done = false;
    while (status >= 0 && !done) {
        Wordcount__Job *job;
        status = wordcount_job_board_take(board, &job, reterr);
        if (status < 0)
            break;
        done = job->done;
        if (!done)
            status = work(board, job, reterr);
        wordcount__job__free_unpacked(job, NULL);
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3) {
        fputs("usage: wordcount_worker URL [DESCRIPTOR]\n", stderr);
        return 2;
    }
    waldo_error error;
    waldo_manager *manager = NULL;
    wordcount_job_board *board = NULL;
    waldo_manager_options options = {.authkey_descriptor =
                                         argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0};
    int status = waldo_connect(argv[1], &options, &manager, &error);
    if (status >= 0)
        status = wordcount_job_board_new(manager, &board, &error);
    if (status >= 0)
        status = work_at(board, &error);
    if (status < 0)
        waldo_error_print(&error, stderr);
    wordcount_job_board_unref(board);
    waldo_manager_unref(manager);
    return status < 0;
}
