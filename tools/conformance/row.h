/* How a conformance row is written.
 *
 *     ROW(F1_acquire_and_release, "Lock")
 *     {
 *         waldo_proxy *lock = row_create("Lock", waldo_v_none());
 *         expect_repr(row_call(lock, "acquire", waldo_v_none()), "True");
 *         must_fail(row_try(lock, "acquire", waldo_v_tuple(waldo_v_bool(false), waldo_v(1))),
 *                   WALDO_EVALUE);
 *         expect_text(err.message, "can't specify a timeout for a non-blocking call");
 *         waldo_proxy_unref(lock);
 *     }
 *
 * The name begins with the row's id, and ends with what is to be shown. A row may have several.
 * After it stand the typeids that it needs: a server without one of them skips the row. Rows stand
 * in rows_*.c; one that is compiled is run, in the order of the ids.
 *
 * Each row runs in a process of its own with a deadline, against a server that others may have
 * started. The first expectation that is not met ends the process, and the row has failed; no row
 * needs to clean up after that. A row that is over must have given back what it took: no object
 * more than before in the server, no descriptor, process or memory in its own.
 *
 * Wait for events, with a deadline that is generous: ROW_PATIENCE. */
#ifndef WALDO_CONFORMANCE_ROW_H
#define WALDO_CONFORMANCE_ROW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <waldo/waldo.h>

/* Seconds in which what should come at once must have come. */
#define ROW_PATIENCE 30.0

#define ROW(name, needs)                                                                           \
    static void row_##name(void);                                                                  \
    __attribute__((constructor)) static void register_row_##name(void)                             \
    {                                                                                              \
        static row_entry entry = {#name, needs, row_##name, NULL};                                 \
        row_register(&entry);                                                                      \
    }                                                                                              \
    static void row_##name(void)

/* ---- expectations; each ends the row if it is not met ---- */

/* What the last call of this thread reported; for reterr. */
extern _Thread_local waldo_error err;

/* The call, which reports to &err, succeeds. Returns its status. */
#define must(call) row_must((call), #call, __FILE__, __LINE__)
/* It fails with this code. */
#define must_fail(call, code) row_must_fail((call), (code), #call, __FILE__, __LINE__)
#define expect(condition)                                                                          \
    ((condition) ? (void)0 : row_fail(__FILE__, __LINE__, "not true: %s", #condition))
/* Two integers. */
#define expect_equal(actual, expected)                                                             \
    row_expect_equal((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)
#define expect_text(actual, expected)                                                              \
    row_expect_text((actual), (expected), #actual, __FILE__, __LINE__)
/* TAKES the value, which prints as Python prints it. */
#define expect_repr(value, expected)                                                               \
    row_expect_repr((value), (expected), #value, __FILE__, __LINE__)
/* Evaluates the condition again and again until it is true. For what the server must come to, and
 * nobody tells. */
#define row_until(condition)                                                                       \
    do {                                                                                           \
        double row_limit_ = row_now() + ROW_PATIENCE;                                              \
        while (!(condition))                                                                       \
            row_pause(row_limit_, #condition, __FILE__, __LINE__);                                 \
    } while (0)

_Noreturn void row_fail(const char *file, int line, const char *format, ...) WALDO_PRINTF(3, 4);
/* Ends the row as one that does not apply. */
_Noreturn void row_skip(const char *format, ...) WALDO_PRINTF(1, 2);

/* ---- the server ---- */

/* This process's manager: connected when first asked for, given back at the end. */
waldo_manager *row_manager(void);
/* Another one, with a session of its own; the caller's. */
waldo_manager *row_connect(void);
/* As row_connect does it, for a row that connects otherwise. */
waldo_manager_options row_manager_options(void);
const char *row_url(void);
/* Is the client's engine libnanomsg? (It cannot be used after fork.) */
bool row_over_nanomsg(void);
/* Is the server in this process, and no other process can reach it? */
bool row_over_inproc(void);
/* In the server, less those that were there before the row. */
int64_t row_objects(void);
/* How many descriptors this process has open. */
size_t row_descriptors(void);

/* By name, on row_manager(). TAKE the arguments. The result is the caller's. */
waldo_proxy *row_create(const char *type_id, waldo_value *arguments);
#define row_call(proxy, method, arguments)                                                         \
    row_call_at((proxy), (method), (arguments), __FILE__, __LINE__)
/* The call succeeds, and what it gives prints so. */
#define row_gives(proxy, method, arguments, expected)                                              \
    row_expect_repr(row_call((proxy), (method), (arguments)), (expected), method, __FILE__,        \
                    __LINE__)
/* It fails with this code and this message. */
#define row_refuses(proxy, method, arguments, code, expected)                                      \
    row_refuses_at(row_try((proxy), (method), (arguments)), (code), (expected), (method),          \
                   __FILE__, __LINE__)
/* For must_fail: the status; a result is dropped. */
int row_try(waldo_proxy *proxy, const char *method, waldo_value *arguments);
int row_try_create(const char *type_id, waldo_value *arguments);
/* A new reference, for waldo_v_list(...) and row_start. */
waldo_value *row_token(waldo_proxy *proxy);
/* TAKES value. A proxy on row_manager(); the caller's. */
waldo_proxy *row_proxy(waldo_value *value);

/* ---- several clients ----
 *
 *     CLIENT(take_lock)
 *     {
 *         waldo_proxy *lock = row_proxy(row_hear());
 *         row_say(row_call(lock, "acquire", waldo_v_none()));
 *         waldo_proxy_unref(lock);
 *     }
 *     ...
 *         row_client *client = row_start("take_lock");
 *         row_tell(client, row_token(lock));
 *         expect_repr(row_listen(client), "True");
 *         row_finish(client);
 *
 * A client runs its function in a process of its own, or with --one-process in a thread of the
 * row's process, which shares row_manager(). Both talk by values. */

#define CLIENT(name)                                                                               \
    static void client_##name(void);                                                               \
    __attribute__((constructor)) static void register_client_##name(void)                          \
    {                                                                                              \
        static row_client_entry entry = {#name, client_##name, NULL};                              \
        row_register_client(&entry);                                                               \
    }                                                                                              \
    static void client_##name(void)

typedef struct row_client row_client;

row_client *row_start(const char *name);
/* One that always has a process of its own, and so a session. Over inproc the row is skipped. */
row_client *row_start_process(const char *name);
/* To the client and from it. TAKES value. What is heard is the caller's. */
void row_tell(row_client *client, waldo_value *value);
waldo_value *row_listen(row_client *client);
/* Has it said something that was not listened to? */
bool row_has_said(row_client *client);
/* Waits for its end: without a failure, and with nothing more to say. */
void row_finish(row_client *client);
/* For one with a process: SIGKILL, and waits for its end. */
void row_kill(row_client *client);
pid_t row_process(row_client *client);

/* In the client: from the row and to it. row_hear fails after ROW_PATIENCE. */
waldo_value *row_hear(void);
void row_say(waldo_value *value);

/* ---- what the macros stand on ---- */

typedef struct row_entry {
    const char *name;
    const char *needs; /* typeids with spaces between them */
    void (*run)(void);
    struct row_entry *next;
} row_entry;

typedef struct row_client_entry {
    const char *name;
    void (*run)(void);
    struct row_client_entry *next;
} row_client_entry;

void row_register(row_entry *entry);
void row_register_client(row_client_entry *entry);
int row_must(int status, const char *call, const char *file, int line);
int row_must_fail(int status, int expected, const char *call, const char *file, int line);
void row_expect_equal(int64_t actual, int64_t expected, const char *what, const char *file,
                      int line);
void row_expect_text(const char *actual, const char *expected, const char *what, const char *file,
                     int line);
void row_expect_repr(waldo_value *value, const char *expected, const char *what, const char *file,
                     int line);
waldo_value *row_call_at(waldo_proxy *proxy, const char *method, waldo_value *arguments,
                         const char *file, int line);
void row_refuses_at(int status, int code, const char *expected, const char *method,
                    const char *file, int line);
double row_now(void);
/* A moment; fails when the limit is over. */
void row_pause(double limit, const char *condition, const char *file, int line);

#endif
