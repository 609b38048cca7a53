/* A main function whose children can be fresh images, which Criterion's cannot: each test runs in
 * this process, one after the other, and the first failure ends it. */
#ifndef WALDO_TESTS_UNIT_PROCESS_HARNESS_H
#define WALDO_TESTS_UNIT_PROCESS_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/mp.h>

/* Far longer than anything takes. */
#define SOON 60.0

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* A call that succeeds; its status. */
#define OK(call) succeeded((call), &err, __FILE__, __LINE__)

/* A call that fails, with this code and message. */
#define FAILS(call, expected_code, expected_message)                                               \
    failed((call), (expected_code), (expected_message), &err, __FILE__, __LINE__)

static inline int succeeded(int status, const waldo_error *err, const char *file, int line)
{
    if (status < 0) {
        fprintf(stderr, "%s:%d: ", file, line);
        waldo_error_print(err, stderr);
        exit(1);
    }
    return status;
}

static inline void failed(int status, int code, const char *message, const waldo_error *err,
                          const char *file, int line)
{
    if (status != code || err->code != code || strcmp(err->message, message) != 0) {
        fprintf(stderr, "%s:%d: %d, %s\n", file, line, status, status < 0 ? err->message : "");
        exit(1);
    }
}

typedef struct test {
    const char *name;
    void (*run)(void);
} test;

#endif
