/* Rows F9-F14, Q6: Condition. */
#include <criterion/criterion.h>
#include <pthread.h>

#include <waldo/mp/sync.h>

#include "unit/memory/children.h"

static waldo_error err;

struct scene {
    waldo_mp_condition *condition;
    waldo_mp_semaphore *sleeping;
    waldo_mp_semaphore *woken;
};

static struct scene set_scene(void)
{
    struct scene scene;
    OK(waldo_mp_condition_new(&scene.condition, &err));
    OK(waldo_mp_semaphore_new(0, &scene.sleeping, &err));
    OK(waldo_mp_semaphore_new(0, &scene.woken, &err));
    /* No permit is anybody's. */
    OK(waldo_mp_semaphore_release(scene.sleeping, &err));
    OK(waldo_mp_semaphore_release(scene.woken, &err));
    OK(waldo_mp_semaphore_acquire(scene.sleeping, 0, &err));
    OK(waldo_mp_semaphore_acquire(scene.woken, 0, &err));
    return scene;
}

static void clear_scene(struct scene *scene)
{
    waldo_mp_condition_unref(scene->condition);
    waldo_mp_semaphore_unref(scene->sleeping);
    waldo_mp_semaphore_unref(scene->woken);
}

static int sleeper(void *data)
{
    struct scene *scene = data;
    MUST(waldo_mp_condition_acquire(scene->condition, SOON, NULL) > 0);
    MUST(waldo_mp_condition_acquire(scene->condition, SOON, NULL) == 1);
    MUST(waldo_mp_semaphore_release(scene->sleeping, NULL) == 0);
    MUST(waldo_mp_condition_wait(scene->condition, SOON, NULL) == 1);
    MUST(waldo_mp_semaphore_release(scene->woken, NULL) == 0);
    MUST(waldo_mp_condition_release(scene->condition, NULL) == 0);
    MUST(waldo_mp_condition_release(scene->condition, NULL) == 0);
    MUST(waldo_mp_condition_release(scene->condition, NULL) == WALDO_EASSERTION);
    return 0;
}

static void *sleeper_thread(void *data)
{
    sleeper(data);
    return NULL;
}

static void wait_until_asleep(struct scene *scene, int count)
{
    for (int i = 0; i < count; ++i)
        cr_assert_eq(waldo_mp_semaphore_acquire(scene->sleeping, SOON, &err), 1);
}

static void notify(struct scene *scene, unsigned count)
{
    OK(waldo_mp_condition_acquire(scene->condition, SOON, &err));
    OK(waldo_mp_condition_notify(scene->condition, count, &err));
    OK(waldo_mp_condition_release(scene->condition, &err));
}

static void expect_woken(struct scene *scene, int count)
{
    for (int i = 0; i < count; ++i)
        cr_assert_eq(waldo_mp_semaphore_acquire(scene->woken, SOON, &err), 1);
    cr_expect_eq(waldo_mp_semaphore_acquire(scene->woken, 0.1, &err), 0);
}

Test(condition, misuse)
{
    waldo_mp_condition *condition;
    OK(waldo_mp_condition_new(&condition, &err));
    cr_expect_eq(waldo_mp_condition_wait(condition, 0, &err), WALDO_EASSERTION);
    cr_expect_str_eq(err.message, "must acquire() condition before using wait()");
    cr_expect_eq(waldo_mp_condition_notify(condition, 1, &err), WALDO_EASSERTION);
    cr_expect_str_eq(err.message, "lock is not owned");
    cr_expect_eq(waldo_mp_condition_notify_all(condition, &err), WALDO_EASSERTION);
    waldo_mp_condition_unref(condition);
}

Test(condition, wait_times_out_and_holds_the_lock_again)
{
    waldo_mp_condition *condition;
    OK(waldo_mp_condition_new(&condition, &err));
    OK(waldo_mp_condition_acquire(condition, 0, &err));
    cr_expect_eq(waldo_mp_condition_wait(condition, 0, &err), 0);
    cr_expect_eq(waldo_mp_condition_wait(condition, 0.05, &err), 0);
    OK(waldo_mp_condition_notify(condition, 1, &err));
    cr_expect_eq(waldo_mp_condition_wait(condition, 0.05, &err), 0, "notify has no memory");
    OK(waldo_mp_condition_release(condition, &err));
    waldo_mp_condition_unref(condition);
}

Test(condition, notify_wakes_as_many_as_it_says_processes_and_threads)
{
    struct scene scene = set_scene();
    pid_t children[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; ++i)
        children[i] = start_child(sleeper, &scene);
    for (int i = 0; i < 3; ++i)
        cr_assert_eq(pthread_create(&threads[i], NULL, sleeper_thread, &scene), 0);
    wait_until_asleep(&scene, 6);
    notify(&scene, 1);
    expect_woken(&scene, 1);
    notify(&scene, 2);
    expect_woken(&scene, 2);
    OK(waldo_mp_condition_acquire(scene.condition, SOON, &err));
    OK(waldo_mp_condition_notify_all(scene.condition, &err));
    OK(waldo_mp_condition_release(scene.condition, &err));
    expect_woken(&scene, 3);
    for (int i = 0; i < 3; ++i)
        cr_expect_eq(join_child(children[i]), 0);
    for (int i = 0; i < 3; ++i)
        pthread_join(threads[i], NULL);
    clear_scene(&scene);
}

Test(condition, a_killed_waiter_takes_no_notification)
{
    struct scene scene = set_scene();
    pid_t first = start_child(sleeper, &scene);
    wait_until_asleep(&scene, 1);
    pid_t second = start_child(sleeper, &scene);
    wait_until_asleep(&scene, 1);
    kill_child(first);
    notify(&scene, 1);
    expect_woken(&scene, 1);
    cr_expect_eq(join_child(second), 0);
    clear_scene(&scene);
}

Test(condition, a_notification_to_one_that_dies_then_goes_to_the_next)
{
    struct scene scene = set_scene();
    pid_t first = start_child(sleeper, &scene);
    wait_until_asleep(&scene, 1);
    pid_t second = start_child(sleeper, &scene);
    wait_until_asleep(&scene, 1);
    /* It is notified, but cannot have the lock before it is killed. */
    OK(waldo_mp_condition_acquire(scene.condition, SOON, &err));
    OK(waldo_mp_condition_notify(scene.condition, 1, &err));
    kill_child(first);
    OK(waldo_mp_condition_release(scene.condition, &err));
    expect_woken(&scene, 1);
    cr_expect_eq(join_child(second), 0);
    clear_scene(&scene);
}

struct counted {
    waldo_mp_condition *condition;
    waldo_mp_semaphore *value; /* 10 minus how often */
};

static bool is_four(void *data)
{
    return waldo_mp_semaphore_get_value(data) == 4;
}

static int step(void *data)
{
    struct counted *counted = data;
    for (int i = 0; i < 4; ++i) {
        MUST(waldo_mp_condition_acquire(counted->condition, SOON, NULL) > 0);
        MUST(waldo_mp_semaphore_release(counted->value, NULL) == 0);
        MUST(waldo_mp_condition_notify(counted->condition, 1, NULL) == 0);
        MUST(waldo_mp_condition_release(counted->condition, NULL) == 0);
    }
    return 0;
}

Test(condition, wait_for)
{
    struct counted counted;
    waldo_mp_lock *lock;
    OK(waldo_mp_lock_new(&lock, &err));
    OK(waldo_mp_condition_new_on_lock(lock, &counted.condition, &err));
    OK(waldo_mp_semaphore_new(0, &counted.value, &err));
    cr_expect_eq(waldo_mp_condition_wait_for(counted.condition, is_four, counted.value, 1, &err),
                 WALDO_EASSERTION);
    OK(waldo_mp_lock_acquire(lock, 0, &err));
    double before = seconds_now();
    cr_expect_eq(waldo_mp_condition_wait_for(counted.condition, is_four, counted.value, 0.1, &err),
                 0);
    cr_expect_geq(seconds_now() - before, 0.1);
    pid_t child = start_child(step, &counted);
    cr_expect_eq(waldo_mp_condition_wait_for(counted.condition, is_four, counted.value, SOON, &err),
                 1);
    OK(waldo_mp_lock_release(lock, &err));
    cr_expect_eq(join_child(child), 0);
    waldo_mp_condition_unref(counted.condition);
    waldo_mp_semaphore_unref(counted.value);
    waldo_mp_lock_unref(lock);
}
