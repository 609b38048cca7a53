#include "synchronisation.h"

int withdraw(waldo_lock *lock, int64_t *balance, int64_t amount, waldo_error *reterr)
{
    int status;
    WALDO_WITH(waldo_lock, lock, 5.0, &status, reterr)
    *balance -= amount;
    return status;
}

static void repair(int *repairs)
{
    ++*repairs;
}

int repair_after_death(waldo_lock *lock, int *ret_repairs, waldo_error *reterr)
{
    int status = waldo_lock_acquire(lock, WALDO_FOREVER, reterr);
    if (status < 0)
        return status;
    if (status == WALDO_OWNER_DIED)
        repair(ret_repairs);
    return waldo_lock_release(lock, reterr);
}

static void write_with(uint64_t token, uint64_t *last)
{
    *last = token;
}

int write_to_storage(waldo_lock *lock, uint64_t *ret_token, waldo_error *reterr)
{
    waldo_grant grant;
    int status = waldo_lock_acquire_grant(lock, 1.0, &grant, reterr);
    if (status <= 0)
        return status;
    write_with(grant.token, ret_token); /* which refuses a smaller one than it has seen */
    return waldo_lock_release(lock, reterr);
}

static void print_it(void)
{
}

int use_printer(waldo_semaphore *printers, waldo_error *reterr)
{
    int status;
    WALDO_WITH(waldo_semaphore, printers, WALDO_FOREVER, &status, reterr)
    print_it();
    return status;
}

static int is_full(void *data)
{
    const int64_t *level = data;
    return *level >= 100;
}

int wait_until_full(waldo_condition *changed, int64_t *level, waldo_error *reterr)
{
    int status, full = 0;
    WALDO_WITH(waldo_condition, changed, WALDO_FOREVER, &status, reterr)
    full = waldo_condition_wait_for(changed, is_full, level, 10.0, reterr);
    return status < 0 ? status : full;
}

int pour(waldo_condition *changed, int64_t *level, int64_t amount, waldo_error *reterr)
{
    int status, told = 0;
    WALDO_WITH(waldo_condition, changed, WALDO_FOREVER, &status, reterr)
    {
        *level += amount;
        told = waldo_condition_notify_all(changed, reterr);
    }
    return status < 0 ? status : told;
}

int start_signal(waldo_manager *manager, waldo_event **ret_event, waldo_error *reterr)
{
    waldo_event *event;
    int status = waldo_event_new(manager, &event, reterr);
    if (status < 0)
        return status;
    status = waldo_event_set(event, reterr);
    if (status >= 0)
        status = waldo_event_wait(event, 5.0, reterr); /* 1 */
    *ret_event = event;
    return status;
}

static void take_step(int step)
{
    (void)step;
}

int take_steps(waldo_barrier *barrier, int steps, waldo_error *reterr)
{
    for (int step = 0; step < steps; step++) {
        take_step(step);
        int status = waldo_barrier_wait(barrier, 60.0, NULL, reterr);
        if (status == WALDO_EBROKENBARRIER)
            return status; /* somebody died, or took longer than a minute */
        if (status < 0)
            return status;
    }
    return 0;
}
