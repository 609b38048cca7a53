/* Every mistake that can be planted in the server is found (server/planted.h). */
#include <stdio.h>
#include <stdlib.h>

#include "planted.h"
#include "round.h"

enum { CALLS = 36, MAX_ROUNDS = 400 };

static const char *const short_times[] = {"--lease",   "1.5", "--grace", "0.3",
                                          "--transit", "5",   NULL};
static server host;
static arena all;

/* threads: of each client. */
static void look_for(const char *bug, const enum subject_kind *kinds, unsigned threads,
                     bool loses_replies)
{
    setenv("WALDO_PLANTED_BUG", bug, 1);
    /* What a mistake loses is lost. */
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    start_server_of(&host, WALDOD_PLANTED, short_times);
    arena_begin(&all, &host, host.urls[1]);
    all.is_quiet = true;
    all.loses_replies = loses_replies;
    for (int i = 0; i < SUBJECTS; i++)
        all.kinds[i] = kinds[i];
    unsigned rounds = 0;
    while (all.violations == 0 && rounds < MAX_ROUNDS)
        run_round(&all, ++rounds, CALLS / threads, threads, true);
    fprintf(stderr, "planted: %s is found after %zu histories\n", bug, all.histories);
    arena_end(&all);
    stop_server(&host);
    cr_assert_gt(all.violations, 0, "%s is not found in %zu histories", bug, all.histories);
    cr_assert_eq(all.undecided, 0);
}

TestSuite(planted, .timeout = 110);

#define PLANTED(name, threads, loses_replies, ...)                                                 \
    Test(planted, name)                                                                            \
    {                                                                                              \
        static const enum subject_kind kinds[SUBJECTS] = {__VA_ARGS__};                            \
        look_for(#name, kinds, threads, loses_replies);                                            \
    }

PLANTED(RUN_TWICE, 1, false, SUBJECT_VALUE, SUBJECT_LIST, SUBJECT_QUEUES, SUBJECT_DICT,
        SUBJECT_VALUE)
PLANTED(RELEASE_EARLY, 1, false, SUBJECT_LOCK, SUBJECT_RLOCK, SUBJECT_BOUNDED, SUBJECT_SEMAPHORE,
        SUBJECT_LOCK)
PLANTED(DOUBLE_PERMIT, 1, false, SUBJECT_BOUNDED, SUBJECT_SEMAPHORE, SUBJECT_BOUNDED,
        SUBJECT_SEMAPHORE, SUBJECT_LOCK)
PLANTED(FORGET_OWNER, 1, false, SUBJECT_LOCK, SUBJECT_RLOCK, SUBJECT_BOUNDED, SUBJECT_SEMAPHORE,
        SUBJECT_LOCK)
/* Few conditions and many threads, so that several wait for the same one. */
PLANTED(WAKE_TWO, 2, false, SUBJECT_CONDITION, SUBJECT_CONDITION, SUBJECT_VALUE, SUBJECT_VALUE,
        SUBJECT_VALUE)
PLANTED(LOSE_HEAD, 1, false, SUBJECT_QUEUES, SUBJECT_CLOSING_QUEUES, SUBJECT_VALUE, SUBJECT_DICT,
        SUBJECT_LIST)
PLANTED(DROP_UNDO, 1, true, SUBJECT_QUEUES, SUBJECT_LOCK, SUBJECT_SEMAPHORE, SUBJECT_QUEUES,
        SUBJECT_QUEUES)
PLANTED(RETURN_LAST, 1, false, SUBJECT_QUEUES, SUBJECT_QUEUES, SUBJECT_QUEUES, SUBJECT_VALUE,
        SUBJECT_LIST)
PLANTED(SHORT_BARRIER, 1, false, SUBJECT_BARRIER, SUBJECT_BARRIER, SUBJECT_EVENT, SUBJECT_VALUE,
        SUBJECT_LIST)
PLANTED(LOSE_CHANGE, 1, false, SUBJECT_VALUE, SUBJECT_VALUE, SUBJECT_LIST, SUBJECT_DICT,
        SUBJECT_SET)
