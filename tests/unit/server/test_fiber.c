/* Functions that stop in the middle and go on later, on any thread. */
#include "fiber.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct counter {
    waldo__fiber *fiber;
    int stops;
    int reached;
} counter;

static void count(void *argument)
{
    counter *self = argument;

    for (int i = 1; i <= self->stops; i++) {
        self->reached = i;
        waldo__fiber_suspend(self->fiber);
    }
    self->reached = -1;
}

static void start(counter *self, int stops)
{
    *self = (counter){.stops = stops};
    self->fiber = waldo__fiber_new(count, self);
    cr_assert_not_null(self->fiber);
}

Test(fiber, runs_from_stop_to_stop)
{
    counter self;

    start(&self, 3);
    cr_assert_eq(self.reached, 0, "nothing runs before it is resumed");
    for (int i = 1; i <= 3; i++) {
        cr_assert(waldo__fiber_resume(self.fiber));
        cr_assert_eq(self.reached, i);
    }
    cr_assert_not(waldo__fiber_resume(self.fiber));
    cr_assert_eq(self.reached, -1);
    waldo__fiber_free(self.fiber);
}

Test(fiber, returns_without_a_stop)
{
    counter self;

    start(&self, 0);
    cr_assert_not(waldo__fiber_resume(self.fiber));
    cr_assert_eq(self.reached, -1);
    waldo__fiber_free(self.fiber);
}

Test(fiber, free_of_one_that_never_ran)
{
    counter self;

    start(&self, 3);
    waldo__fiber_free(self.fiber);
    cr_assert_eq(self.reached, 0);
    waldo__fiber_free(NULL);
}

Test(fiber, many_take_turns)
{
    enum { MANY = 200, STOPS = 5 };
    static counter all[MANY];

    for (size_t i = 0; i < MANY; i++)
        start(&all[i], STOPS);
    for (int stop = 1; stop <= STOPS; stop++)
        for (size_t i = 0; i < MANY; i++) {
            cr_assert(waldo__fiber_resume(all[i].fiber));
            cr_assert_eq(all[i].reached, stop);
        }
    for (size_t i = 0; i < MANY; i++) {
        cr_assert_not(waldo__fiber_resume(all[i].fiber));
        waldo__fiber_free(all[i].fiber);
    }
}

/* ---- from thread to thread ---- */

typedef struct traveller {
    waldo__fiber *fiber;
    int alive;
    long last_thread;
    int changes; /* of thread */
} traveller;

/* Not pthread_self(): a compiler may ask it once for a whole function. */
static long this_thread(void)
{
    return syscall(SYS_gettid);
}

static void travel(void *argument)
{
    traveller *self = argument;
    char stack[4096];

    for (int i = 0; i < 20; i++) {
        memset(stack, i, sizeof stack);
        self->last_thread = this_thread();
        waldo__fiber_suspend(self->fiber);
        self->changes += self->last_thread != this_thread();
        for (size_t k = 0; k < sizeof stack; k++)
            cr_assert_eq(stack[k], i, "the stack came along");
    }
}

static void *resume_once(void *argument)
{
    traveller *self = argument;

    self->alive = waldo__fiber_resume(self->fiber);
    return NULL;
}

/* Two threads are alive at a time, so that they differ. */
Test(fiber, each_step_on_another_thread)
{
    traveller self = {.alive = 1};

    self.fiber = waldo__fiber_new(travel, &self);
    cr_assert_not_null(self.fiber);
    while (self.alive) {
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, resume_once, &self), 0);
        pthread_join(thread, NULL);
        if (self.alive)
            resume_once(&self);
    }
    cr_assert_eq(self.changes, 20);
    waldo__fiber_free(self.fiber);
}

static void *count_all(void *argument)
{
    (void)argument;
    for (int i = 0; i < 50; i++) {
        counter self;
        start(&self, 10);
        while (waldo__fiber_resume(self.fiber))
            ;
        waldo__fiber_free(self.fiber);
    }
    return NULL;
}

Test(fiber, threads_with_fibers_of_their_own)
{
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count_all, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* ---- the stack ---- */

static int sum_up(int n)
{
    volatile char frame[512];

    frame[0] = (char)n;
    return n == 0 ? frame[0] : n + sum_up(n - 1) + (frame[0] - (char)n);
}

static void use_stack(void *argument)
{
    *(int *)argument = sum_up(100);
}

Test(fiber, has_room_for_deep_calls)
{
    int sum = 0;
    waldo__fiber *fiber = waldo__fiber_new(use_stack, &sum);

    cr_assert_not_null(fiber);
    cr_assert_not(waldo__fiber_resume(fiber));
    cr_assert_eq(sum, 5050);
    waldo__fiber_free(fiber);
}

/* ---- a fiber that resumes another ---- */

typedef struct outer {
    waldo__fiber *fiber;
    counter inner;
    int steps;
} outer;

static void drive(void *argument)
{
    outer *self = argument;

    start(&self->inner, 4);
    while (waldo__fiber_resume(self->inner.fiber)) {
        self->steps++;
        waldo__fiber_suspend(self->fiber);
    }
    waldo__fiber_free(self->inner.fiber);
}

Test(fiber, one_within_another)
{
    outer self = {.steps = 0};

    self.fiber = waldo__fiber_new(drive, &self);
    cr_assert_not_null(self.fiber);
    for (int i = 1; i <= 4; i++) {
        cr_assert(waldo__fiber_resume(self.fiber));
        cr_assert_eq(self.steps, i);
        cr_assert_eq(self.inner.reached, i);
    }
    cr_assert_not(waldo__fiber_resume(self.fiber));
    waldo__fiber_free(self.fiber);
}
