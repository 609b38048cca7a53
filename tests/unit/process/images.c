/* How images are started, and what hinders it: row M8, and limits. The first argument says what a
 * copy of this program is to do. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <waldo/mp/buffer.h>

#include "unit/process/support.h"
#include "unit/process/targets.h"

static const waldo_mp_method methods[] = {WALDO_MP_FORK, WALDO_MP_SPAWN, WALDO_MP_FORKSERVER};

static waldo_mp_process *make_by(waldo_mp_method method, waldo_mp_function *target)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_process *process;
    OK(waldo_mp_process_new(&(waldo_mp_process_options){.target = target, .method = method},
                            &process, &err));
    return process;
}

static int run(const char *program, const char *what)
{
    char *arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)what, NULL};
    pid_t pid;
    int status;
    CHECK(posix_spawn(&pid, program, NULL, NULL, arguments, environ) == 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- without waldo_mp_freeze_support ---- */

static int start_without_support(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    for (int i = 1; i <= 2; i++) {
        waldo_mp_process *process = make_by(methods[i], nothing);
        FAILS(waldo_mp_process_start(process, &err), WALDO_ERUNTIME,
              "waldo_mp_freeze_support(argc, argv) must come first in main");
        waldo_mp_process_unref(process);
    }
    waldo_mp_process *process = make_by(WALDO_MP_FORK, nothing);
    OK(waldo_mp_process_start(process, &err));
    return ended(process);
}

/* ---- an image whose file was replaced ---- */

static void copy_program(const char *path)
{
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    struct stat size;
    CHECK(from >= 0 && to >= 0 && fstat(from, &size) == 0);
    for (off_t left = size.st_size; left > 0;) {
        ssize_t sent = sendfile(to, from, NULL, (size_t)left);
        CHECK(sent > 0);
        left -= sent;
    }
    close(from);
    close(to);
}

static int replace_and_start(const char *path)
{
    waldo_error err = WALDO_ERROR_INIT;
    CHECK(unlink(path) == 0);
    int other = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    CHECK(other >= 0 && write(other, "#!/bin/false\n", 13) == 13);
    close(other);
    for (int i = 1; i <= 2; i++) {
        waldo_mp_process *process = make_by(methods[i], nothing);
        OK(waldo_mp_process_start(process, &err));
        CHECK(ended(process) == 0);
    }
    return 0;
}

static void a_replaced_image_is_still_the_same(void)
{
    char directory[] = "/tmp/waldo-image-XXXXXX";
    char path[64];
    CHECK(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/image", directory);
    copy_program(path);
    CHECK(run(path, "replace") == 0);
    CHECK(unlink(path) == 0 && rmdir(directory) == 0);
}

/* ---- limits ---- */

static rlim_t first_free(void)
{
    int descriptor = dup(STDERR_FILENO);
    CHECK(descriptor >= 0);
    close(descriptor);
    return (rlim_t)descriptor;
}

static void no_descriptor_left(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    struct rlimit before;
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    waldo_mp_exit(); /* no forkserver yet */
    int count = open_descriptors();
    /* From none to all that are needed. */
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        waldo_mp_process *process = make_by(methods[i], nothing);
        int failures = 0;
        for (rlim_t limit = first_free();; limit++) {
            struct rlimit few = {limit, before.rlim_max};
            CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
            int status = waldo_mp_process_start(process, &err);
            CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
            if (status >= 0)
                break;
            failures++;
            if (status != WALDO_ELIMIT && status != WALDO_EEOF)
                OK(status);
            waldo_mp_exit();
            CHECK(open_descriptors() == count);
        }
        CHECK(failures > 0);
        (void)ended(process);
        waldo_mp_exit();
    }
    CHECK(open_descriptors() == count);
}

static void children_that_nobody_may_wait_for(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    signal(SIGCHLD, SIG_IGN);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        waldo_mp_process *process = make_by(methods[i], nothing);
        OK(waldo_mp_process_start(process, &err));
        CHECK(ended(process) == (methods[i] == WALDO_MP_FORKSERVER ? 0 : 255));
    }
    signal(SIGCHLD, SIG_DFL);
}

/* ---- signals ---- */

static atomic_int interruptions;
static pthread_t interrupted;

static void interrupt(int number)
{
    (void)number;
    atomic_fetch_add(&interruptions, 1);
}

/* Interrupts the main thread often, then lets a child go. */
static void *keep_interrupting(void *end)
{
    int before = atomic_load(&interruptions);
    while (atomic_load(&interruptions) < before + 20) {
        CHECK(pthread_kill(interrupted, SIGUSR1) == 0);
        sched_yield();
    }
    let_go(end);
    return NULL;
}

static void waiting_goes_on_after_signals(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    struct sigaction action = {.sa_handler = interrupt}; /* without SA_RESTART */
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    interrupted = pthread_self();
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        OK(waldo_mp_set_start_method(methods[i], true, &err));
        pthread_t thread;
        waldo_mp_connection *end;
        waldo_mp_process *process = started_with_pipe(wait_for_end, &end);
        hear_repr(end, "'ready'");
        CHECK(pthread_create(&thread, NULL, keep_interrupting, end) == 0);
        CHECK(ended(process) == 0);
        pthread_join(thread, NULL);
    }
    /* Receiving, too. */
    waldo_mp_connection *first;
    waldo_mp_connection *second;
    pthread_t thread;
    OK(waldo_mp_pipe(true, &first, &second, &err));
    CHECK(pthread_create(&thread, NULL, keep_interrupting, first) == 0);
    waldo_value *value;
    OK(waldo_mp_connection_recv(second, &value, &err));
    waldo_value_unref(value);
    pthread_join(thread, NULL);
    waldo_mp_connection_unref(second);
}

/* ---- what is shared, and who made it for whom ---- */

/* (queue, lock, buffer): waits for the lock, which somebody else has, and leaves a mark in the
 * buffer. */
static int leave_a_mark(const waldo_value *arguments, waldo_error *reterr)
{
    waldo_mp_queue *queue;
    waldo_mp_lock *lock;
    waldo_mp_buffer *buffer;
    waldo_error err = WALDO_ERROR_INIT;
    (void)reterr;
    OK(waldo_mp_queue_from_value(waldo_mp_argument(arguments, 0), &queue, &err));
    OK(waldo_mp_lock_from_value(waldo_mp_argument(arguments, 1), &lock, &err));
    OK(waldo_mp_buffer_from_value(waldo_mp_argument(arguments, 2), &buffer, &err));
    CHECK(waldo_mp_lock_acquire(lock, 0, &err) == 0);
    OK(waldo_mp_queue_put(queue, waldo_v("waits"), SOON, &err));
    CHECK(waldo_mp_lock_acquire(lock, SOON, &err) == 1);
    ++*(int32_t *)waldo_mp_buffer_tensor(buffer)->data;
    OK(waldo_mp_lock_release(lock, &err));
    waldo_mp_queue_unref(queue);
    waldo_mp_lock_unref(lock);
    waldo_mp_buffer_unref(buffer);
    return 0;
}
WALDO_MP_TARGET(leave_a_mark)

/* Row M5: a lock belongs to no start method, and a process started by any may have it. */
static void a_lock_goes_to_children_of_every_method(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_queue *queue;
    waldo_mp_lock *lock;
    waldo_mp_buffer *buffer;
    OK(waldo_mp_set_start_method(WALDO_MP_FORK, true, &err));
    OK(waldo_mp_queue_new(NULL, &queue, &err));
    OK(waldo_mp_lock_new(&lock, &err));
    OK(waldo_mp_buffer_new((DLDataType){kDLInt, 32, 1}, 0, NULL, WALDO_MP_BY_DESCRIPTOR, &buffer,
                           &err));
    for (int i = 0; i < 3; i++) {
        waldo_value *item;
        OK(waldo_mp_set_start_method(methods[i], true, &err));
        CHECK(waldo_mp_lock_acquire(lock, SOON, &err) == 1);
        waldo_mp_process *process = started(
            leave_a_mark, waldo_v_tuple(waldo_mp_queue_value(queue), waldo_mp_lock_value(lock),
                                        waldo_mp_buffer_value(buffer)));
        OK(waldo_mp_queue_get(queue, SOON, &item, &err));
        waldo_value_unref(item);
        CHECK(*(int32_t *)waldo_mp_buffer_tensor(buffer)->data == i);
        OK(waldo_mp_lock_release(lock, &err));
        CHECK(ended(process) == 0);
        CHECK(*(int32_t *)waldo_mp_buffer_tensor(buffer)->data == i + 1);
    }
    waldo_mp_queue_unref(queue);
    waldo_mp_lock_unref(lock);
    waldo_mp_buffer_unref(buffer);
}

/* ---- kills ---- */

static void check_message(const uint8_t *bytes, size_t size)
{
    CHECK(size == 200000);
    for (size_t i = 1; i < size; i++)
        CHECK(bytes[i] == bytes[0]);
}

/* Whole messages, then an end, wherever the sender was when it was killed. */
static void a_sender_that_is_killed(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    for (int i = 0; i < 60; i++) {
        waldo_mp_connection *end;
        OK(waldo_mp_set_start_method(methods[i % 3], true, &err));
        waldo_mp_process *process = started_with_pipe(flood, &end);
        int status = 0;
        for (int received = 0; status >= 0; received++) {
            void *bytes;
            size_t size;
            if (received == i % 7)
                OK(waldo_mp_process_kill(process, &err));
            status = waldo_mp_connection_recv_bytes(end, SIZE_MAX, &bytes, &size, &err);
            if (status >= 0) {
                check_message(bytes, size);
                free(bytes);
            }
        }
        CHECK(status == WALDO_EEOF || (status == WALDO_ESYSTEM &&
                                       strcmp(err.message, "got end of file during message") == 0));
        CHECK(ended(process) == -SIGKILL);
        waldo_mp_connection_unref(end);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "bare") == 0)
        return start_without_support();
    waldo_mp_freeze_support(argc, argv);
    if (argc == 2 && strcmp(argv[1], "replace") == 0)
        return replace_and_start(argv[0]);
    CHECK(argc == 1);
    CHECK(run("/proc/self/exe", "bare") == 0);
    a_replaced_image_is_still_the_same();
    no_descriptor_left();
    children_that_nobody_may_wait_for();
    waiting_goes_on_after_signals();
    a_lock_goes_to_children_of_every_method();
    a_sender_that_is_killed();
    return 0;
}
