/* Calls that wait: locks, conditions, events, barriers, queues. */
#include "perform.h"

static double seconds(const operation *what)
{
    return what->patience / 1000.0;
}

static int *held_by(subject *one, const operation *what)
{
    return &one->held[what->thread - 1];
}

static int acquire(subject *one, const operation *what, waldo_grant *grant, waldo_error *reterr)
{
    switch (one->kind) {
    case SUBJECT_LOCK:
        return waldo_lock_acquire_grant(one->lock, seconds(what), grant, reterr);
    case SUBJECT_RLOCK:
        return waldo_rlock_acquire_grant(one->rlock, seconds(what), grant, reterr);
    case SUBJECT_SEMAPHORE:
        return waldo_semaphore_acquire_grant(one->semaphore, seconds(what), grant, reterr);
    case SUBJECT_BOUNDED:
        return waldo_bounded_semaphore_acquire_grant(one->bounded, seconds(what), grant, reterr);
    default:
        return waldo_condition_acquire_grant(one->condition, seconds(what), grant, reterr);
    }
}

static int release(subject *one, waldo_error *reterr)
{
    switch (one->kind) {
    case SUBJECT_LOCK:
        return waldo_lock_release(one->lock, reterr);
    case SUBJECT_RLOCK:
        return waldo_rlock_release(one->rlock, reterr);
    case SUBJECT_SEMAPHORE:
        return waldo_semaphore_release(one->semaphore, reterr);
    case SUBJECT_BOUNDED:
        return waldo_bounded_semaphore_release(one->bounded, reterr);
    default:
        return waldo_condition_release(one->condition, reterr);
    }
}

static int locked(subject *one, waldo_error *reterr)
{
    switch (one->kind) {
    case SUBJECT_LOCK:
        return waldo_lock_locked(one->lock, reterr);
    case SUBJECT_RLOCK:
        return waldo_rlock_locked(one->rlock, reterr);
    case SUBJECT_SEMAPHORE:
        return waldo_semaphore_locked(one->semaphore, reterr);
    case SUBJECT_BOUNDED:
        return waldo_bounded_semaphore_locked(one->bounded, reterr);
    default:
        return waldo_condition_locked(one->condition, reterr);
    }
}

int perform_lock(subject *one, operation *what, waldo_error *reterr)
{
    waldo_grant grant = {0};
    int status;
    if (what->kind == LOCK_LOCKED)
        return locked(one, reterr);
    if (what->kind == LOCK_RELEASE) {
        status = release(one, reterr);
        if (status < 0)
            *held_by(one, what) = 0;
        else if (*held_by(one, what) > 0)
            --*held_by(one, what);
        return status;
    }
    status = acquire(one, what, &grant, reterr);
    what->results[0] = (int64_t)grant.token;
    *held_by(one, what) += status > 0;
    return status;
}

int perform_condition(subject *one, operation *what, waldo_error *reterr)
{
    waldo_grant grant = {0};
    switch ((enum operation_kind)what->kind) {
    case CONDITION_NOTIFY:
        return waldo_condition_notify(one->condition, what->arguments[0], reterr);
    case CONDITION_NOTIFY_ALL:
        return waldo_condition_notify_all(one->condition, reterr);
    case CONDITION_WAIT:
        break;
    default:
        return perform_lock(one, what, reterr);
    }
    int status = waldo_condition_wait_grant(one->condition, seconds(what), &grant, reterr);
    what->results[0] = (int64_t)grant.token;
    what->results[1] = grant.owner_died;
    if (status < 0)
        *held_by(one, what) = 0;
    return status;
}

int perform_event(subject *one, operation *what, waldo_error *reterr)
{
    switch ((enum operation_kind)what->kind) {
    case EVENT_SET:
        return waldo_event_set(one->event, reterr);
    case EVENT_CLEAR:
        return waldo_event_clear(one->event, reterr);
    case EVENT_WAIT:
        return waldo_event_wait(one->event, seconds(what), reterr);
    default:
        return waldo_event_is_set(one->event, reterr);
    }
}

int perform_barrier(subject *one, operation *what, waldo_error *reterr)
{
    switch ((enum operation_kind)what->kind) {
    case BARRIER_ABORT:
        return waldo_barrier_abort(one->barrier, reterr);
    case BARRIER_RESET:
        return waldo_barrier_reset(one->barrier, reterr);
    case BARRIER_BROKEN:
        return waldo_barrier_broken(one->barrier, reterr);
    case BARRIER_WAITING:
        return waldo_barrier_n_waiting(one->barrier, &what->results[0], reterr);
    default:
        what->results[0] = -1;
        return waldo_barrier_wait(one->barrier, seconds(what), &what->results[0], reterr);
    }
}

/* ---- queues ---- */

static int put(waldo_queue *queue, operation *what, waldo_error *reterr)
{
    if (what->count == 1)
        return waldo_queue_put(queue, waldo_v(what->arguments[1]), seconds(what), reterr);
    waldo_value *items[MAX_ARGUMENTS_OF_ONE];
    for (size_t i = 0; i < what->count; i++)
        items[i] = waldo_v(what->arguments[1 + i]);
    return waldo_queue_put_many(queue, waldo_v_list_of(items, what->count), seconds(what), reterr);
}

static int get(waldo_queue *queue, operation *what, waldo_error *reterr)
{
    waldo_value *result = NULL;
    int status;
    if (what->arguments[1] == 1) {
        status = waldo_queue_get(queue, seconds(what), &result, reterr);
        what->count = 1;
        return take_number(status, result, &what->results[0]);
    }
    status =
        waldo_queue_get_many(queue, (size_t)what->arguments[1], seconds(what), &result, reterr);
    if (status < 0)
        return status;
    size_t length = 0;
    status = waldo_value_length(result, &length, reterr);
    what->count = (uint8_t)length;
    for (size_t i = 0; i < length && i < MAX_RESULTS_OF_ONE && status >= 0; i++) {
        waldo_value *item = NULL;
        status = waldo_value_item(result, (int64_t)i, &item, reterr);
        status = take_number(status, item, &what->results[i]);
    }
    waldo_value_unref(result);
    return status;
}

static int get_any(subject *one, operation *what, waldo_error *reterr)
{
    int64_t first = what->arguments[0];
    waldo_queue *const queues[] = {one->queues[first], one->queues[!first]};
    waldo_value *result = NULL;
    size_t index = 0;
    int status = waldo_queue_get_any(queues, 2, seconds(what), &index, &result, reterr);
    what->results[0] = (int64_t)index;
    return take_number(status, result, &what->results[1]);
}

static int take(waldo_queue *queue, operation *what, waldo_error *reterr)
{
    waldo_queue_taken taken;
    double lease = what->arguments[1] ? (double)what->arguments[1] / 1000.0 : WALDO_FOREVER;
    int status = waldo_queue_take(queue, lease, seconds(what), &taken, reterr);
    if (status < 0)
        return status;
    what->results[0] = taken.ticket;
    what->results[1] = taken.returned;
    return take_number(status, taken.item, &what->results[2]);
}

static int ask(waldo_queue *queue, operation *what, waldo_error *reterr)
{
    waldo_queue_counts counts;
    switch ((enum operation_kind)what->kind) {
    case QUEUE_SIZE:
        return waldo_queue_qsize(queue, &what->results[0], reterr);
    case QUEUE_EMPTY:
        return waldo_queue_empty(queue, reterr);
    case QUEUE_FULL:
        return waldo_queue_full(queue, reterr);
    default:
        break;
    }
    int status = waldo_queue_get_counts(queue, &counts, reterr);
    if (status >= 0)
        what->results[0] = counts.unfinished;
    return status;
}

int perform_queues(subject *one, operation *what, waldo_error *reterr)
{
    waldo_queue *queue = one->queues[what->arguments[0]];
    switch ((enum operation_kind)what->kind) {
    case QUEUE_PUT:
        return put(queue, what, reterr);
    case QUEUE_GET:
        return get(queue, what, reterr);
    case QUEUE_GET_ANY:
        return get_any(one, what, reterr);
    case QUEUE_MOVE:
        return waldo_queue_move(queue, one->queues[!what->arguments[0]], (size_t)what->arguments[1],
                                &what->results[0], reterr);
    case QUEUE_TASK_DONE:
        return waldo_queue_task_done(queue, reterr);
    case QUEUE_SHUTDOWN:
        return waldo_queue_shutdown(queue, what->arguments[1] != 0, reterr);
    case QUEUE_TAKE:
        return take(queue, what, reterr);
    case QUEUE_ACKNOWLEDGE:
        return waldo_queue_acknowledge(queue, what->arguments[1], reterr);
    case QUEUE_GIVE_BACK:
        return waldo_queue_give_back(queue, what->arguments[1], reterr);
    default:
        return ask(queue, what, reterr);
    }
}
