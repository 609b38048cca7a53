/* What every conformance test stands on: a server of the pairing under test, other processes, and
 * the proof that nothing is left of them.
 *
 * The environment names the pairing: WALDO_PAIRING is the client's engine and the server's,
 * direct-direct, direct-nanomsg, nanomsg-direct or nanomsg-nanomsg; WALDO_TRANSPORT is tcp, ipc, ws
 * or inproc. Everything here fails the test that calls it if it cannot do what it should. */
#ifndef WALDO_TESTS_CONFORMANCE_HARNESS_H
#define WALDO_TESTS_CONFORMANCE_HARNESS_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <waldo/server.h>

#include "trial.proxy.h"

/* ---- status codes ---- */

/* What the last call of must() or must_fail() reported; for the test's main thread. */
extern waldo_error err;

#define must(call) harness_expect((call), 0, #call)
/* The call fails with this code. */
#define must_fail(call, code) harness_expect((call), (code), #call)
/* Returns the status. expected 0 stands for every success. */
int harness_expect(int status, int expected, const char *call);

/* ---- suites ---- */

/* A test of a row, in place of Test(): it also fails if it leaves something behind. (Criterion does
 * not count what goes wrong in .fini.) */
#define Row(suite, name)                                                                           \
    static void suite##_##name(void);                                                              \
    Test(suite, name)                                                                              \
    {                                                                                              \
        suite##_##name();                                                                          \
        harness_end();                                                                             \
    }                                                                                              \
    static void suite##_##name(void)

/* For .init. */
void harness_begin(void);
/* The same, and starts the server. */
void harness_begin_with_server(void);
/* No object is left in the server; it ends with exit code 0; no descriptor, process or socket file
 * is left. */
void harness_end(void);
/* Ends the test as one that does not apply. Criterion would not run its .fini. */
_Noreturn void harness_skip(const char *reason);
/* For .fini: ends what a failed test has left. */
void harness_clean_up(void);

/* ---- the pairing ---- */

bool harness_client_is_direct(void);
bool harness_server_is_direct(void);
bool harness_transport_is(const char *transport);
/* An address to listen on that is nobody else's; port 0 for tcp and ws. */
void harness_listen_address(bool direct, char *address, size_t size);
/* The same place for the client's engine. */
void harness_client_address(const char *server_address, char *address, size_t size);

enum { HARNESS_URL_SIZE = 600, HARNESS_MAX_MESSAGE = 1 << 20 };

/* ---- the suite's server ---- */

typedef struct harness_process {
    pid_t pid;
    int input;  /* its stdin */
    int output; /* its stdout */
} harness_process;

/* Starts waldod, or for inproc a server on a thread of the test. */
void harness_start_server(void);
/* Starts waldod, and leaves its end to the caller. */
harness_process harness_start_process(void);
/* Starts waldod again at the address where it was. It has been killed, or stopped. */
void harness_restart_server(void);
/* waldod: SIGTERM, and exit code 0. */
void harness_stop_server(void);
/* SIGKILL. */
void harness_kill_server(void);
/* What a killed server could not remove. */
void harness_remove_socket(void);
/* The same for the server at an ipc:// address. */
void harness_unlink(const char *address);
/* waldod's process; 0 if the server is in the test's. */
pid_t harness_server_process(void);
/* Where clients of the pairing find it. */
const char *harness_url(void);

waldo_manager *harness_connect(void);
uint64_t harness_objects(waldo_manager *manager);
trial_counter *harness_counter(waldo_manager *manager, int64_t n);
/* The new sum. */
int64_t harness_add(trial_counter *counter, int64_t n);
/* Waits until it has happened so often in the server. */
void harness_await(const char *event, int64_t count);

/* ---- other processes: the program conformance-client ---- */

/* arguments ends with NULL; the first one is the command. */
harness_process harness_spawn(const char *const *arguments);
/* One line without its end; the test fails at the end of the file. */
void harness_read_line(int descriptor, char *line, size_t size);
/* Closes its stdin, waits for its end, and returns the exit code, or -signal. */
int harness_finish(harness_process *process);
int harness_kill(harness_process *process, int signal_number);
/* Waits until the process has ended; also for one that is no child. */
void harness_await_end(pid_t pid);

double harness_now(void);

#endif
