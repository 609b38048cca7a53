/* The code of docs/queues.md. */
#include "queues.h"

/* What is worked at is no business of this page. */
static int work_at(const waldo_value *job, waldo_value **ret_answer)
{
    waldo_error error;
    return waldo_value_add(job, job, ret_answer, &error);
}

int put_and_get(waldo_manager *manager, waldo_value **ret_item, waldo_error *reterr)
{
    WALDO_AUTO(waldo_queue) jobs = NULL;
    int status = waldo_queue_new(manager, 100, &jobs, reterr);
    if (status >= 0)
        status = waldo_queue_put(jobs, waldo_v("a job"), WALDO_FOREVER, reterr);
    if (status >= 0)
        status = waldo_queue_get(jobs, 2.5, ret_item, reterr);
    return status;
}

/* Moves work from jobs to answers until the jobs were shut down. */
int serve_jobs(waldo_queue *jobs, waldo_queue *answers, waldo_error *reterr)
{
    waldo_queue_taken job;
    int status;
    while ((status = waldo_queue_take(jobs, 30, WALDO_FOREVER, &job, reterr)) >= 0) {
        waldo_value *answer = NULL;
        status = work_at(job.item, &answer);
        waldo_value_unref(job.item);
        if (status >= 0)
            status = waldo_queue_put(answers, answer, WALDO_FOREVER, reterr);
        if (status >= 0)
            status = waldo_queue_acknowledge(jobs, job.ticket, reterr);
        if (status < 0)
            return status;
    }
    return status == WALDO_ESHUTDOWN ? 0 : status;
}

int answer_job(waldo_manager *manager, waldo_queue *jobs, int64_t ticket, waldo_queue *answers,
               const waldo_value *answer, waldo_error *reterr)
{
    WALDO_AUTO(waldo_transaction) both = NULL;
    int status = waldo_transaction_new(manager, &both, reterr);
    if (status >= 0)
        status = waldo_transaction_add(both, waldo_queue_proxy(jobs), "acknowledge",
                                       waldo_v_tuple(waldo_v_int64(ticket)), reterr);
    if (status >= 0)
        status = waldo_transaction_add(both, waldo_queue_proxy(answers), "put",
                                       waldo_v_tuple(waldo_value_ref(answer)), reterr);
    return status < 0 ? status : waldo_transaction_commit(both, NULL, reterr);
}

int get_urgent_first(waldo_queue *urgent, waldo_queue *normal, waldo_value **ret_item,
                     waldo_error *reterr)
{
    waldo_queue *const both[] = {urgent, normal};
    size_t which;
    return waldo_queue_get_any(both, 2, WALDO_FOREVER, &which, ret_item, reterr);
}

int transfer(waldo_manager *manager, waldo_dict *accounts, waldo_queue *journal,
             waldo_error *reterr)
{
    WALDO_AUTO(waldo_transaction) all = NULL;
    waldo_proxy *dict = waldo_dict_proxy(accounts);
    waldo_proxy *queue = waldo_queue_proxy(journal);
    int status = waldo_transaction_new(manager, &all, reterr);
    if (status >= 0)
        status = waldo_transaction_add(all, dict, "add",
                                       waldo_v_tuple(waldo_v("ada"), waldo_v(-10)), reterr);
    if (status >= 0)
        status = waldo_transaction_add(all, dict, "add", waldo_v_tuple(waldo_v("bob"), waldo_v(10)),
                                       reterr);
    if (status >= 0)
        status = waldo_transaction_add(all, queue, "put", waldo_v_tuple(waldo_v("ada gave bob 10")),
                                       reterr);
    return status < 0 ? status : waldo_transaction_commit(all, NULL, reterr);
}
