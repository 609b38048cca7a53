/* Processes for tests of shared memory. A child ends by _exit: what Criterion holds stays alone. */
#ifndef WALDO_TESTS_UNIT_MEMORY_CHILDREN_H
#define WALDO_TESTS_UNIT_MEMORY_CHILDREN_H

#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <waldo/error.h>

/* For what should come at once: a machine may be slow. */
#define SOON 30.0

#define OK(call)                                                                                   \
    do {                                                                                           \
        int ok_status = (call);                                                                    \
        cr_assert_geq(ok_status, 0, #call ": %s: %s", waldo_error_name(ok_status), err.message);   \
    } while (0)

/* In a child, where an assertion would talk to Criterion. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(100);                                                                            \
    } while (0)

static inline pid_t start_child(int (*run)(void *data), void *data)
{
    pid_t child = fork();
    if (child == 0)
        _exit(run(data));
    cr_assert_gt(child, 0);
    return child;
}

/* Its exit code; -signal if it was killed. */
static inline int join_child(pid_t child)
{
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static inline void kill_child(pid_t child)
{
    kill(child, SIGKILL);
    cr_assert_eq(join_child(child), -SIGKILL);
}

/* Always the same numbers, for tests that try many things. */
static inline uint32_t pick(uint32_t below)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

/* Until somebody kills it. */
static inline void sleep_for_ever(void)
{
    for (;;)
        pause();
}

static inline double seconds_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#endif
