/* Calls in the few words that tests want. */
#include "support.h"

#define START(variable, given)                                                                     \
    Faults__Start variable = FAULTS__START__INIT;                                                  \
    (variable).name = (char *)(given)

#define GETTER(kind)                                                                               \
    faults_##kind *get_##kind(waldo_manager *manager, const char *name)                            \
    {                                                                                              \
        faults_##kind *made = NULL;                                                                \
        START(start, name);                                                                        \
        OK(faults_##kind##_new(manager, &start, &made, &error));                                   \
        return made;                                                                               \
    }
GETTER(register)
GETTER(queue)
GETTER(lock)
GETTER(box)

static int take_number(int status, Faults__Number *result, int64_t *ret_n)
{
    if (status < 0)
        return status;
    if (ret_n)
        *ret_n = result->n;
    faults__number__free_unpacked(result, NULL);
    return status;
}

#define NUMBER(name, kind, method)                                                                 \
    int64_t name(faults_##kind *self)                                                              \
    {                                                                                              \
        int64_t n = -1;                                                                            \
        Faults__Number *result = NULL;                                                             \
        waldo_error error = WALDO_ERROR_INIT;                                                      \
        int status = faults_##kind##_##method(self, &result, &error);                              \
        cr_assert_geq(take_number(status, result, &n), 0, "%s: %s", #name, error.message);         \
        return n;                                                                                  \
    }
NUMBER(register_number, register, get)
NUMBER(register_executions, register, executions)
NUMBER(register_parked, register, parked)
NUMBER(queue_size, queue, size)
NUMBER(queue_parked, queue, parked)
NUMBER(lock_locked, lock, locked)
NUMBER(lock_parked, lock, parked)

int register_add(faults_register *self, int64_t n, int64_t *ret_sum, waldo_error *reterr)
{
    Faults__Number number = FAULTS__NUMBER__INIT, *sum = NULL;
    number.n = n;
    int status = faults_register_add(self, &number, &sum, reterr);
    return take_number(status, sum, ret_sum);
}

int register_add_later(faults_register *self, int64_t n, int64_t *ret_sum, waldo_error *reterr)
{
    Faults__Number number = FAULTS__NUMBER__INIT, *sum = NULL;
    number.n = n;
    int status = faults_register_add_later(self, &number, &sum, reterr);
    return take_number(status, sum, ret_sum);
}

int queue_put(faults_queue *self, int64_t n, waldo_error *reterr)
{
    Faults__Item item = FAULTS__ITEM__INIT;
    item.n = n;
    return faults_queue_put(self, &item, reterr);
}

int queue_get(faults_queue *self, int64_t *ret_n, waldo_error *reterr)
{
    Faults__Item *item = NULL;
    int status = faults_queue_get(self, &item, reterr);
    if (status < 0)
        return status;
    *ret_n = item->n;
    faults__item__free_unpacked(item, NULL);
    return status;
}

int lock_acquire(faults_lock *self, uint64_t *ret_fencing, bool *ret_owner_died,
                 waldo_error *reterr)
{
    Faults__Held *held = NULL;
    int status = faults_lock_acquire(self, &held, reterr);
    if (status < 0)
        return status;
    if (ret_fencing)
        *ret_fencing = held->fencing;
    if (ret_owner_died)
        *ret_owner_died = held->owner_died;
    faults__held__free_unpacked(held, NULL);
    return status;
}

uint64_t number_of_objects(waldo_manager *manager)
{
    uint64_t count = 0;
    OK(waldo_manager_number_of_objects(manager, &count, &error));
    return count;
}
