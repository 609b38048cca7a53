/* The programs of docs/synchronisation.md. */
#ifndef WALDO_TESTS_DOCS_SYNCHRONISATION_H
#define WALDO_TESTS_DOCS_SYNCHRONISATION_H

#include <waldo/waldo.h>

/* 1: withdrawn, 0: the account was busy. */
int withdraw(waldo_lock *lock, int64_t *balance, int64_t amount, waldo_error *reterr);
int repair_after_death(waldo_lock *lock, int *ret_repairs, waldo_error *reterr);
int write_to_storage(waldo_lock *lock, uint64_t *ret_token, waldo_error *reterr);
int use_printer(waldo_semaphore *printers, waldo_error *reterr);
int wait_until_full(waldo_condition *changed, int64_t *level, waldo_error *reterr);
int pour(waldo_condition *changed, int64_t *level, int64_t amount, waldo_error *reterr);
int start_signal(waldo_manager *manager, waldo_event **ret_event, waldo_error *reterr);
int take_steps(waldo_barrier *barrier, int steps, waldo_error *reterr);

#endif
