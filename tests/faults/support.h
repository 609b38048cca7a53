/* What the tests of dying share: servers and clients in processes of their own, and waiting. */
#ifndef WALDO_TESTS_FAULTS_SUPPORT_H
#define WALDO_TESTS_FAULTS_SUPPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <criterion/criterion.h>

#include <waldo/waldo.h>

#include "faults.proxy.h"

/* How long anything may take before a test fails. */
#define PATIENCE 30.0

/* ---- waiting ---- */

double now(void);
/* How often to do what is done many times: WALDO_FAULTS_TIMES as often as in short; 1. */
int faults_times(void);
void pause_ms(unsigned ms);

/* Looks again and again until the condition holds. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        double until_ = now() + PATIENCE;                                                          \
        bool holds_;                                                                               \
        while (!(holds_ = (condition)) && now() < until_)                                          \
            pause_ms(2);                                                                           \
        cr_assert(holds_, "%s", #condition);                                                       \
    } while (0)

/* An int function that takes &error last. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        waldo_error error = WALDO_ERROR_INIT;                                                      \
        int status_ = (call);                                                                      \
        cr_assert_geq(status_, 0, "%s: %s %s", #call, waldo_error_name(status_), error.message);   \
    } while (0)

#define FAILS(code, call)                                                                          \
    do {                                                                                           \
        waldo_error error = WALDO_ERROR_INIT;                                                      \
        int status_ = (call);                                                                      \
        cr_assert_eq(status_, (code), "%s: %s %s", #call, waldo_error_name(status_),               \
                     error.message);                                                               \
    } while (0)

/* ---- processes ---- */

/* ThreadSanitizer does not bear a forked child that starts a thread, as a manager's heartbeat is.
 */
#ifdef __SANITIZE_THREAD__
#define FORK_IS_IMPOSSIBLE true
#else
#define FORK_IS_IMPOSSIBLE false
#endif

typedef struct process {
    pid_t pid;
    int input;  /* to its standard input */
    int output; /* from its standard output */
    int errors; /* from its standard error, or -1: that is ours */
} process;

/* arguments[0] is a path; NULL at the end. */
process spawn(const char *const *arguments, bool catch_errors);
/* A line that it writes, without its end; false: it has ended, or said nothing for PATIENCE. */
bool read_line(int descriptor, char *line, size_t size);
void expect_line(const process *from, const char *expected);
/* Waits for its end; what waitpid() says. */
int await_end(process *one);
/* Sends the signal and waits for its end. */
void end_with(process *one, int signal_number);
/* Waits until a process that was sent SIGSTOP has stopped. */
void stop(const process *one);

size_t descriptors_of(pid_t pid);
size_t resident_of(pid_t pid); /* bytes */

/* ---- servers ---- */

enum { MAX_URLS = 4 };

/* A waldod with the types, in a directory of its own. */
typedef struct server {
    process process;
    char directory[64];
    char key_file[96];
    char ring[96]; /* what it reads; key_file unless the test wrote another */
    char urls[MAX_URLS][128];
    const char *program;
    const char *const *options;
    bool elsewhere;     /* in a network namespace of its own */
    int held[MAX_URLS]; /* its ports, for when it is started again; 0: none */
} server;

/* Listens on tcp://, ipc:// and nn+tcp://, in this order. options: more for waldod, NULL at the
 * end. */
void start_server(server *one, const char *const *options);
/* The same with another waldod. */
void start_server_of(server *one, const char *program, const char *const *options);
/* The same in a network namespace of its own, with another first URL. */
void start_server_elsewhere(server *one, const char *const *options, const char *url);
/* The same as start_server, with a ring of its own in a file that clients do not use. */
void start_server_with_ring(server *one);
/* SIGKILL. */
void kill_server(server *one);
/* Again, on the same addresses. */
void restart_server(server *one);
/* SIGTERM; it must end cleanly, and quickly. */
void stop_server(server *one);

/* A key line for a ring, with a secret that `seed` stands for. */
void format_key(char *text, size_t size, const char *name, int seed, const char *rights);
void write_private(const char *path, const char *text);

/* ---- clients ---- */

/* In this process: a manager at the URL, with the server's key. */
waldo_manager *connect_to(const server *one, const char *url);
/* In a process of its own: faults-client URL KEY-FILE ACTION ARGUMENT. */
process spawn_client(const server *one, const char *url, const char *action, const char *argument);

/* Objects of that name. */
faults_register *get_register(waldo_manager *manager, const char *name);
faults_queue *get_queue(waldo_manager *manager, const char *name);
faults_lock *get_lock(waldo_manager *manager, const char *name);
faults_box *get_box(waldo_manager *manager, const char *name);

int register_add(faults_register *self, int64_t n, int64_t *ret_sum, waldo_error *reterr);
int register_add_later(faults_register *self, int64_t n, int64_t *ret_sum, waldo_error *reterr);
int64_t register_number(faults_register *self);
int64_t register_executions(faults_register *self);
int64_t register_parked(faults_register *self);
int queue_put(faults_queue *self, int64_t n, waldo_error *reterr);
int queue_get(faults_queue *self, int64_t *ret_n, waldo_error *reterr);
int64_t queue_size(faults_queue *self);
int64_t queue_parked(faults_queue *self);
int lock_acquire(faults_lock *self, uint64_t *ret_fencing, bool *ret_owner_died,
                 waldo_error *reterr);
int64_t lock_locked(faults_lock *self);
int64_t lock_parked(faults_lock *self);
uint64_t number_of_objects(waldo_manager *manager);

#endif
