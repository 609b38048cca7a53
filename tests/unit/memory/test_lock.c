/* Rows Q1-Q4, Q8, F1-F6 and pains 1, 2: Lock and RLock. */
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <waldo/mp/sync.h>

#include "unit/memory/children.h"

static waldo_error err;

Test(lock, acquire_and_release)
{
    waldo_mp_lock *lock;
    OK(waldo_mp_lock_new(&lock, &err));
    cr_expect_not(waldo_mp_lock_locked(lock));
    cr_expect_eq(waldo_mp_lock_acquire(lock, WALDO_FOREVER, &err), 1);
    cr_expect(waldo_mp_lock_locked(lock));
    cr_expect_eq(waldo_mp_lock_acquire(lock, 0, &err), 0);
    cr_expect_eq(waldo_mp_lock_acquire(lock, -3, &err), 0);
    cr_expect_eq(waldo_mp_lock_acquire(lock, 0.05, &err), 0);
    OK(waldo_mp_lock_release(lock, &err));
    cr_expect_eq(waldo_mp_lock_release(lock, &err), WALDO_EVALUE);
    cr_expect_str_eq(err.message, "semaphore or lock released too many times");
    cr_expect_eq(waldo_mp_lock_acquire(lock, NAN, &err), WALDO_EVALUE);
    cr_expect_null(waldo_mp_lock_unref(lock));
    cr_expect_null(waldo_mp_lock_unref(NULL));
}

Test(lock, repr)
{
    waldo_mp_lock *lock;
    OK(waldo_mp_lock_new(&lock, &err));
    char *text = waldo_mp_lock_repr(lock);
    cr_expect_str_eq(text, "<Lock(owner=None)>");
    free(text);
    OK(waldo_mp_lock_acquire(lock, 0, &err));
    text = waldo_mp_lock_repr(lock);
    cr_expect_str_eq(text, "<Lock(owner=MainProcess)>");
    free(text);
    waldo_mp_lock_unref(lock);
}

static int take_and_leave(void *lock)
{
    return waldo_mp_lock_acquire(lock, SOON, NULL);
}

static int release_it(void *lock)
{
    return waldo_mp_lock_release(lock, NULL);
}

Test(lock, may_be_released_by_another_process)
{
    waldo_mp_lock *lock;
    OK(waldo_mp_lock_new(&lock, &err));
    OK(waldo_mp_lock_acquire(lock, 0, &err));
    cr_expect_eq(join_child(start_child(release_it, lock)), 0);
    cr_expect_not(waldo_mp_lock_locked(lock));
    /* A child that is gone had it last. */
    cr_expect_eq(join_child(start_child(take_and_leave, lock)), 1);
    cr_expect(waldo_mp_lock_locked(lock));
    OK(waldo_mp_lock_release(lock, &err));
    waldo_mp_lock_unref(lock);
}

Test(lock, of_a_dead_process_is_free_for_the_next_who_is_told)
{
    waldo_mp_lock *lock;
    OK(waldo_mp_lock_new(&lock, &err));
    cr_expect_eq(join_child(start_child(take_and_leave, lock)), 1);
    cr_expect_eq(waldo_mp_lock_acquire(lock, 0, &err), WALDO_OWNER_DIED);
    OK(waldo_mp_lock_release(lock, &err));
    cr_expect_eq(waldo_mp_lock_acquire(lock, 0, &err), 1);
    waldo_mp_lock_unref(lock);
}

struct held {
    waldo_mp_lock *lock;
    waldo_mp_event *taken;
};

static int take_and_sleep(void *data)
{
    struct held *held = data;
    MUST(waldo_mp_lock_acquire(held->lock, SOON, NULL) > 0);
    waldo_mp_event_set(held->taken);
    sleep_for_ever();
    return 0;
}

static int wait_for_lock(void *lock)
{
    return waldo_mp_lock_acquire(lock, SOON, NULL);
}

Test(lock, of_a_killed_process_wakes_who_waits_even_before_anybody_reaps_it)
{
    struct held held;
    OK(waldo_mp_lock_new(&held.lock, &err));
    OK(waldo_mp_event_new(&held.taken, &err));
    pid_t holder = start_child(take_and_sleep, &held);
    cr_assert_eq(waldo_mp_event_wait(held.taken, SOON, &err), 1);
    pid_t waiter = start_child(wait_for_lock, held.lock);
    kill(holder, SIGKILL);
    cr_expect_eq(join_child(waiter), WALDO_OWNER_DIED);
    join_child(holder);
    waldo_mp_lock_unref(held.lock);
    waldo_mp_event_unref(held.taken);
}

static int count_up(void *data)
{
    void **both = data;
    volatile int *counter = both[1];
    for (int i = 0; i < 20000; ++i) {
        MUST(waldo_mp_lock_acquire(both[0], WALDO_FOREVER, NULL) == 1);
        ++*counter;
        MUST(waldo_mp_lock_release(both[0], NULL) == 0);
    }
    return 0;
}

static void *count_in_thread(void *data)
{
    count_up(data);
    return NULL;
}

Test(lock, excludes_processes_and_threads)
{
    waldo_mp_lock *lock;
    OK(waldo_mp_lock_new(&lock, &err));
    int *counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    void *both[] = {lock, counter};
    pid_t children[3];
    for (int i = 0; i < 3; ++i)
        children[i] = start_child(count_up, both);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, count_in_thread, both), 0);
    count_up(both);
    pthread_join(thread, NULL);
    for (int i = 0; i < 3; ++i)
        cr_expect_eq(join_child(children[i]), 0);
    cr_expect_eq(*counter, 100000);
    munmap(counter, 4096);
    waldo_mp_lock_unref(lock);
}

Test(rlock, is_recursive_for_its_thread)
{
    waldo_mp_rlock *rlock;
    OK(waldo_mp_rlock_new(&rlock, &err));
    for (int i = 0; i < 3; ++i)
        cr_expect_eq(waldo_mp_rlock_acquire(rlock, 0, &err), 1);
    char *text = waldo_mp_rlock_repr(rlock);
    cr_expect_str_eq(text, "<RLock(MainProcess, 3)>");
    free(text);
    for (int i = 0; i < 3; ++i)
        OK(waldo_mp_rlock_release(rlock, &err));
    cr_expect_not(waldo_mp_rlock_locked(rlock));
    cr_expect_eq(waldo_mp_rlock_release(rlock, &err), WALDO_EASSERTION);
    cr_expect_str_eq(err.message, "attempt to release recursive lock not owned by thread");
    text = waldo_mp_rlock_repr(rlock);
    cr_expect_str_eq(text, "<RLock(None, 0)>");
    free(text);
    waldo_mp_rlock_unref(rlock);
}

static int try_rlock(void *rlock)
{
    int got = waldo_mp_rlock_acquire(rlock, 0, NULL);
    if (waldo_mp_rlock_release(rlock, NULL) != WALDO_EASSERTION)
        return 100;
    char *text = waldo_mp_rlock_repr(rlock);
    bool right = strcmp(text, "<RLock(SomeOtherProcess, 1)>") == 0;
    free(text);
    return right ? got : 101;
}

static void *try_rlock_in_thread(void *rlock)
{
    waldo_error error;
    char *text = waldo_mp_rlock_repr(rlock);
    cr_expect_str_eq(text, "<RLock(SomeOtherThread, 1)>");
    free(text);
    cr_expect_eq(waldo_mp_rlock_acquire(rlock, 0, &error), 0);
    cr_expect_eq(waldo_mp_rlock_release(rlock, &error), WALDO_EASSERTION);
    return NULL;
}

Test(rlock, belongs_to_one_thread_of_one_process)
{
    waldo_mp_rlock *rlock;
    OK(waldo_mp_rlock_new(&rlock, &err));
    OK(waldo_mp_rlock_acquire(rlock, 0, &err));
    cr_expect_eq(join_child(start_child(try_rlock, rlock)), 0);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, try_rlock_in_thread, rlock), 0);
    pthread_join(thread, NULL);
    waldo_mp_rlock_unref(rlock);
}

static int take_rlock(void *rlock)
{
    MUST(waldo_mp_rlock_acquire(rlock, SOON, NULL) == 1);
    return waldo_mp_rlock_acquire(rlock, SOON, NULL);
}

static void *take_rlock_in_thread(void *rlock)
{
    cr_expect_eq(waldo_mp_rlock_acquire(rlock, SOON, &err), 1);
    return NULL;
}

Test(rlock, of_a_dead_process_or_thread)
{
    waldo_mp_rlock *rlock;
    OK(waldo_mp_rlock_new(&rlock, &err));
    cr_expect_eq(join_child(start_child(take_rlock, rlock)), 1);
    cr_expect_eq(waldo_mp_rlock_acquire(rlock, 0, &err), WALDO_OWNER_DIED);
    OK(waldo_mp_rlock_release(rlock, &err));
    cr_expect_not(waldo_mp_rlock_locked(rlock), "recursion of the dead one does not count");
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, take_rlock_in_thread, rlock), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(waldo_mp_rlock_acquire(rlock, SOON, &err), WALDO_OWNER_DIED);
    waldo_mp_rlock_unref(rlock);
}

Test(lock, travels_in_a_value)
{
    waldo_mp_lock *lock;
    waldo_mp_lock *same;
    waldo_mp_rlock *rlock;
    OK(waldo_mp_lock_new(&lock, &err));
    waldo_value *value = waldo_mp_lock_value(lock);
    cr_expect_str_eq(waldo_value_type_name(value), "Lock");
    OK(waldo_mp_lock_from_value(value, &same, &err));
    cr_expect_eq(same, lock);
    cr_expect_eq(waldo_mp_rlock_from_value(value, &rlock, &err), WALDO_ETYPE);
    waldo_value_unref(value);
    waldo_mp_lock_unref(same);
    waldo_mp_lock_unref(lock);
}
