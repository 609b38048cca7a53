/* Shared memory where there is none left: /dev/shm full or missing, in a mount namespace of the
 * test's own; no descriptor left. Errors, nothing left behind, and it goes on as soon as there is
 * room. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <waldo/mp/buffer.h>
#include <waldo/mp/handle.h>
#include <waldo/mp/queue.h>
#include <waldo/mp/shared_memory.h>
#include <waldo/mp/sharedctypes.h>
#include <waldo/mp/sync.h>

#include "memory/janitor.h"
#include "unit/memory/children.h"

static waldo_error err;

enum { NO_NAMESPACE = 77, KIB = 1024 };

/* Fails in a child with the line. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, err.message);       \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* A place for mounts that nobody else sees; only root may do so without a user namespace. */
static void enter_namespace(void)
{
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        _exit(NO_NAMESPACE);
    if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
        _exit(NO_NAMESPACE);
}

static void run_apart(int (*run)(void *data))
{
    int code = join_child(start_child(run, NULL));
    if (code == NO_NAMESPACE)
        cr_skip("no mount namespace may be made here");
    cr_assert_eq(code, 0);
}

static int files(void)
{
    int count = 0;
    DIR *directory = opendir(WALDO__SHM_DIRECTORY);
    EXPECT(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

/* What does not need /dev/shm. */
static void use_nameless(void)
{
    waldo_mp_queue *queue;
    waldo_mp_lock *lock;
    waldo_mp_value *number;
    waldo_mp_buffer *buffer;
    waldo_value *item;
    EXPECT(waldo_mp_queue_new(NULL, &queue, &err) >= 0);
    EXPECT(waldo_mp_queue_put(queue, waldo_v(1), 0, &err) >= 0);
    EXPECT(waldo_mp_queue_get(queue, 0, &item, &err) >= 0);
    EXPECT(waldo_mp_lock_new(&lock, &err) >= 0);
    EXPECT(waldo_mp_lock_acquire(lock, 0, &err) == 1);
    EXPECT(waldo_mp_lock_release(lock, &err) >= 0);
    EXPECT(waldo_mp_value_new('i', waldo_v(1), NULL, &number, &err) >= 0);
    EXPECT(waldo_mp_buffer_new((DLDataType){kDLInt, 8, 1}, 1, (int64_t[]){1 << 20},
                               WALDO_MP_BY_DESCRIPTOR, &buffer, &err) >= 0);
    memset(waldo_mp_buffer_tensor(buffer)->data, 1, 1 << 20);
    waldo_value_unref(item);
    waldo_mp_queue_unref(queue);
    waldo_mp_lock_unref(lock);
    waldo_mp_value_unref(number);
    waldo_mp_buffer_unref(buffer);
}

static int new_named_buffer(int64_t size, waldo_mp_buffer **ret_buffer)
{
    return waldo_mp_buffer_new((DLDataType){kDLInt, 8, 1}, 1, &size, WALDO_MP_BY_NAME, ret_buffer,
                               &err);
}

static bool is_full(int status)
{
    return status == WALDO_ESYSTEM && strstr(err.message, "No space left on device");
}

static int create_and_die(void *data)
{
    waldo_mp_shared_memory *memory;
    waldo_mp_buffer *buffer;
    (void)data;
    EXPECT(waldo_mp_shared_memory_create(NULL, 60 * KIB, true, &memory, &err) >= 0);
    EXPECT(new_named_buffer(20 * KIB, &buffer) >= 0);
    EXPECT(is_full(waldo_mp_shared_memory_create(NULL, 60 * KIB, true, &memory, &err)));
    kill(getpid(), SIGKILL);
    return 0;
}

static int in_little_room(void *data)
{
    waldo_mp_shared_memory *memory, *more;
    waldo_mp_shareable_list *list;
    waldo_mp_buffer *buffer;
    (void)data;
    enter_namespace();
    EXPECT(mount("none", "/dev/shm", "tmpfs", 0, "size=128k") == 0);
    EXPECT(is_full(waldo_mp_shared_memory_create(NULL, 1 << 20, true, &memory, &err)));
    EXPECT(is_full(waldo_mp_shared_memory_create("named", 1 << 20, false, &memory, &err)));
    EXPECT(is_full(new_named_buffer(1 << 20, &buffer)));
    char *text = calloc(1, 200 * KIB);
    EXPECT(text);
    memset(text, 'x', 200 * KIB - 1);
    EXPECT(is_full(waldo_mp_shareable_list_create(waldo_v_list(waldo_v(text)), NULL, &list, &err)));
    free(text);
    EXPECT(files() == 0);

    EXPECT(waldo_mp_shared_memory_create(NULL, 60 * KIB, true, &memory, &err) >= 0);
    memset(waldo_mp_shared_memory_buf(memory), 1, 60 * KIB);
    EXPECT(is_full(waldo_mp_shared_memory_create(NULL, 80 * KIB, true, &more, &err)));
    use_nameless();
    EXPECT(waldo_mp_shared_memory_unlink(memory, &err) >= 0);
    waldo_mp_shared_memory_unref(memory);
    EXPECT(waldo_mp_shared_memory_create(NULL, 80 * KIB, true, &more, &err) >= 0);
    EXPECT(waldo_mp_shared_memory_unlink(more, &err) >= 0);
    waldo_mp_shared_memory_unref(more);

    /* What a process leaves behind there goes, too. */
    pid_t child = fork();
    if (child == 0)
        _exit(create_and_die(NULL));
    int status;
    EXPECT(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    double end = seconds_now() + SOON;
    while (files() > 0 && seconds_now() < end)
        usleep(10000);
    EXPECT(files() == 0);
    EXPECT(waldo_mp_shared_memory_create(NULL, 100 * KIB, true, &more, &err) >= 0);
    EXPECT(waldo_mp_shared_memory_unlink(more, &err) >= 0);
    waldo_mp_shared_memory_unref(more);
    return 0;
}

Test(scarce, shared_memory_is_full)
{
    run_apart(in_little_room);
}

static int without_shared_memory(void *data)
{
    waldo_mp_shared_memory *memory;
    waldo_mp_buffer *buffer;
    (void)data;
    enter_namespace();
    EXPECT(mount("none", "/dev", "tmpfs", 0, "size=128k") == 0);
    int null = open("/dev/null", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT(null >= 0);
    close(null);
    EXPECT(waldo_mp_shared_memory_create(NULL, 10, true, &memory, &err) == WALDO_ENOTFOUND);
    EXPECT(waldo_mp_shared_memory_create("named", 10, false, &memory, &err) == WALDO_ENOTFOUND);
    EXPECT(waldo_mp_shared_memory_attach("named", &memory, &err) == WALDO_ENOTFOUND);
    EXPECT(new_named_buffer(10, &buffer) == WALDO_ENOTFOUND);
    use_nameless();
    /* It comes back. */
    EXPECT(mkdir("/dev/shm", 0777) == 0);
    EXPECT(waldo_mp_shared_memory_create(NULL, 10, true, &memory, &err) >= 0);
    EXPECT(waldo_mp_shared_memory_unlink(memory, &err) >= 0);
    waldo_mp_shared_memory_unref(memory);
    EXPECT(files() == 0);
    return 0;
}

Test(scarce, shared_memory_is_missing)
{
    run_apart(without_shared_memory);
}

static int read_only(void *data)
{
    waldo_mp_shared_memory *memory;
    waldo_mp_buffer *buffer;
    (void)data;
    enter_namespace();
    EXPECT(mount("none", "/dev/shm", "tmpfs", MS_RDONLY, "size=128k") == 0);
    EXPECT(waldo_mp_shared_memory_create(NULL, 10, true, &memory, &err) < 0);
    EXPECT(new_named_buffer(10, &buffer) < 0);
    use_nameless();
    return 0;
}

Test(scarce, shared_memory_cannot_be_written)
{
    run_apart(read_only);
}

/* ---- the janitor ---- */

/* In a pid namespace, where a signal to all reaches the janitor and nobody else. */
static int lose_the_janitor(void *data)
{
    waldo_mp_shared_memory *first, *second;
    (void)data;
    EXPECT(waldo_mp_shared_memory_create(NULL, KIB, true, &first, &err) >= 0);
    EXPECT(kill(-1, SIGKILL) == 0);
    while (kill(-1, 0) == 0)
        usleep(1000);
    EXPECT(waldo_mp_shared_memory_create(NULL, KIB, true, &second, &err) >= 0);
    EXPECT(files() == 2);
    kill(getpid(), SIGKILL);
    return 0;
}

static int as_first_process(void *data)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(lose_the_janitor(data));
    pid_t ended;
    while ((ended = wait(&status)) != child)
        EXPECT(ended > 0);
    EXPECT(WIFSIGNALED(status));
    double end = seconds_now() + SOON;
    while (files() > 0 && seconds_now() < end)
        usleep(10000);
    EXPECT(files() == 0);
    return 0;
}

static int in_a_pid_namespace(void *data)
{
    int status;
    enter_namespace();
    if (unshare(CLONE_NEWPID) < 0)
        return NO_NAMESPACE;
    EXPECT(mount("none", "/dev/shm", "tmpfs", 0, "size=128k") == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(as_first_process(data));
    EXPECT(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

Test(scarce, a_janitor_that_was_killed_is_replaced)
{
    run_apart(in_a_pid_namespace);
}

/* ---- descriptors ---- */

static int open_descriptors(void)
{
    int count = 0;
    for (int i = 0; i < 1024; ++i)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

/* Makes and lets go of one of each; how many failed, all for want of descriptors. */
static int make_each(void)
{
    waldo_mp_queue *queue = NULL;
    waldo_mp_buffer *buffer = NULL, *named = NULL;
    waldo_mp_shared_memory *memory = NULL;
    const int statuses[] = {
        waldo_mp_queue_new(&(waldo_mp_queue_options){.capacity = 8 << 20}, &queue, &err),
        waldo_mp_buffer_new((DLDataType){kDLInt, 8, 1}, 0, NULL, WALDO_MP_BY_DESCRIPTOR, &buffer,
                            &err),
        new_named_buffer(10, &named),
        waldo_mp_shared_memory_create(NULL, 10, true, &memory, &err),
    };
    int failures = 0;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; ++i) {
        EXPECT(statuses[i] >= 0 || statuses[i] == WALDO_ELIMIT);
        failures += statuses[i] < 0;
    }
    if (memory)
        EXPECT(waldo_mp_shared_memory_unlink(memory, &err) >= 0);
    waldo_mp_queue_unref(queue);
    waldo_mp_buffer_unref(buffer);
    waldo_mp_buffer_unref(named);
    waldo_mp_shared_memory_unref(memory);
    return failures;
}

static int with_few_descriptors(void *data)
{
    (void)data;
    /* The heap's first arena and the janitor stay. */
    EXPECT(make_each() == 0);
    int before = open_descriptors();
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    int failures = 4;
    for (int spare = 0; spare < 20 && failures > 0; ++spare) {
        limit.rlim_cur = (rlim_t)before + (rlim_t)spare;
        EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        failures = make_each();
        EXPECT(spare > 0 || failures > 0);
        EXPECT(open_descriptors() == before);
    }
    EXPECT(failures == 0);
    return 0;
}

Test(scarce, no_descriptor_is_left)
{
    cr_assert_eq(join_child(start_child(with_few_descriptors, NULL)), 0);
}

/* What cannot be received stays in the queue. */
static int receive_with_few_descriptors(void *data)
{
    waldo_mp_queue *queue;
    waldo_value *item;
    struct rlimit limit, few;
    (void)data;
    EXPECT(waldo_mp_queue_new(NULL, &queue, &err) >= 0);
    EXPECT(waldo_mp_queue_put(
               queue,
               waldo_v_tuple(waldo_mp_descriptor_value(STDIN_FILENO), waldo_mp_queue_value(queue)),
               0, &err) >= 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    for (int spare = 0; spare < 4; ++spare) {
        few = limit;
        few.rlim_cur = (rlim_t)open_descriptors() + (rlim_t)spare;
        EXPECT(setrlimit(RLIMIT_NOFILE, &few) == 0);
        EXPECT(waldo_mp_queue_get(queue, 0, &item, &err) == WALDO_ELIMIT);
        EXPECT(waldo_mp_queue_qsize(queue) == 1);
    }
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    EXPECT(waldo_mp_queue_get(queue, 0, &item, &err) >= 0);
    waldo_value_unref(item);
    waldo_mp_queue_unref(queue);
    return 0;
}

Test(scarce, no_descriptor_is_left_for_an_item)
{
    cr_assert_eq(join_child(start_child(receive_with_few_descriptors, NULL)), 0);
}

/* ---- signals ---- */

static void ignore(int number)
{
    (void)number;
}

static int under_signals(void *data)
{
    waldo_mp_shared_memory *memory;
    struct sigaction action = {.sa_handler = ignore};
    (void)data;
    EXPECT(sigaction(SIGUSR1, &action, NULL) == 0);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        while (kill(parent, SIGUSR1) == 0)
            usleep(200);
    for (int i = 0; i < 20; ++i) {
        EXPECT(waldo_mp_shared_memory_create(NULL, 20 << 20, true, &memory, &err) >= 0);
        EXPECT(waldo_mp_shared_memory_unlink(memory, &err) >= 0);
        waldo_mp_shared_memory_unref(memory);
    }
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}

Test(scarce, memory_is_set_aside_whatever_signals_come)
{
    cr_assert_eq(join_child(start_child(under_signals, NULL)), 0);
}
