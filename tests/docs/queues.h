/* What docs/queues.md shows, each piece as a function of its own. */
#ifndef TESTS_DOCS_QUEUES_H
#define TESTS_DOCS_QUEUES_H

#include <waldo/waldo.h>

int put_and_get(waldo_manager *manager, waldo_value **ret_item, waldo_error *reterr);
int serve_jobs(waldo_queue *jobs, waldo_queue *answers, waldo_error *reterr);
int answer_job(waldo_manager *manager, waldo_queue *jobs, int64_t ticket, waldo_queue *answers,
               const waldo_value *answer, waldo_error *reterr);
int get_urgent_first(waldo_queue *urgent, waldo_queue *normal, waldo_value **ret_item,
                     waldo_error *reterr);
int transfer(waldo_manager *manager, waldo_dict *accounts, waldo_queue *journal,
             waldo_error *reterr);

#endif
