/* A process in which no thread can be made. */
#ifndef WALDO_TESTS_UNIT_SERVER_NO_THREADS_H
#define WALDO_TESTS_UNIT_SERVER_NO_THREADS_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void *do_nothing(void *unused)
{
    return unused;
}

static bool can_make_threads(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0)
        return false;
    pthread_join(thread, NULL);
    return true;
}

/* Root has no limit, so the test becomes somebody who has. Skips the test where that does not help.
 */
static void forbid_threads(struct rlimit *ret_before)
{
    const uid_t nobody = 65534;

    cr_assert_eq(getrlimit(RLIMIT_NPROC, ret_before), 0);
    struct rlimit none = {0, ret_before->rlim_max};
    if (geteuid() == 0 && setresuid(nobody, nobody, nobody) < 0)
        cr_skip_test("cannot become a user that has limits");
    prctl(PR_SET_DUMPABLE, 1); /* LeakSanitizer looks into the process at its end */
    cr_assert_eq(setrlimit(RLIMIT_NPROC, &none), 0);
    if (can_make_threads())
        cr_skip_test("the limit of threads does not hold here");
}

#endif
