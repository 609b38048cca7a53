/* Names of hosts, with a resolver that takes its time. */
#include <criterion/criterion.h>

#include <dlfcn.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "engine/lookup.h"

static sem_t allowed;
static atomic_int asked, answered;

/* In place of the C library's: names that end in .test wait until the test allows an answer, which
 * is that there is no such host. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *req,
                struct addrinfo **pai)
{
    typedef int function(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    size_t size = name ? strlen(name) : 0;
    if (size < 5 || strcmp(name + size - 5, ".test") != 0) {
        function *real;
        void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
        memcpy(&real, &symbol, sizeof real);
        return real(name, service, req, pai);
    }
    if (req->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    atomic_fetch_add(&asked, 1);
    while (sem_wait(&allowed) < 0)
        ;
    atomic_fetch_add(&answered, 1);
    return EAI_NONAME;
}

static void set_up(void)
{
    sem_init(&allowed, 0, 0);
}

TestSuite(lookup, .init = set_up, .timeout = 60);

static int look_up(const char *text, double seconds, struct addrinfo **ret_list, waldo_error *err)
{
    waldo__url url;
    cr_assert_eq(waldo__url_parse(text, &url, NULL), 0);
    return waldo__lookup(&url, waldo__deadline_in(seconds), ret_list, err);
}

static void await_answers(int wanted)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    while (atomic_load(&answered) < wanted)
        nanosleep(&pause, NULL);
}

Test(lookup, numbers_and_names)
{
    static const char *const texts[] = {"tcp://127.0.0.1:5555", "tcp://[::1]:5555",
                                        "tcp://localhost:5555"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct addrinfo *list = NULL;
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(look_up(texts[i], 50, &list, &err), 0, "%s: %s", texts[i], err.message);
        cr_assert_not_null(list);
        freeaddrinfo(list);
    }
    cr_assert_eq(asked, 0);
}

/* A number needs no time at all. */
Test(lookup, a_number_after_the_deadline)
{
    struct addrinfo *list = NULL;
    cr_assert_eq(look_up("tcp://127.0.0.1:5555", -1, &list, NULL), 0);
    freeaddrinfo(list);
}

Test(lookup, no_such_host)
{
    struct addrinfo *list = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    sem_post(&allowed);
    cr_assert_eq(look_up("tcp://nobody.test:5555", WALDO_FOREVER, &list, &err), WALDO_ENOTFOUND);
    cr_assert_not_null(strstr(err.message, "nobody.test"), "%s", err.message);
    cr_assert_null(list);
    await_answers(1);
}

/* Whoever has no more time leaves; the thread that asks comes to its end later. */
Test(lookup, a_resolver_that_does_not_answer)
{
    struct addrinfo *list = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_eq(look_up("tcp://slow.test:5555", 0.05, &list, &err), WALDO_ETIMEOUT);
    cr_assert_not_null(strstr(err.message, "slow.test"), "%s", err.message);
    cr_assert_eq(look_up("tcp://slow.test:5555", 0, &list, NULL), WALDO_ETIMEOUT);
    cr_assert_null(list);
    cr_assert_eq(answered, 0);
    sem_post(&allowed);
    sem_post(&allowed);
    await_answers(2);
}
