/* Locks, queues and buffers in shared memory, beside what they are measured by, in the same run:
 * `bench_mp_memory [ITEMS]`. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <waldo/mp/buffer.h>
#include <waldo/mp/queue.h>
#include <waldo/mp/sync.h>

#define ROUNDS 5
#define LOCKS 2000000
#define HAND_OVERS 200
#define ITEM 64
#define PAGE 4096

static void check(int status, const waldo_error *err)
{
    if (status < 0) {
        waldo_error_print(err, stderr);
        exit(1);
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double least(double one, double other)
{
    return one < other ? one : other;
}

/* ---- Locks: nanoseconds for acquire and release of a free one ---- */

static double time_lock(waldo_mp_lock *lock)
{
    waldo_error err;
    double begin = now();
    for (int i = 0; i < LOCKS; ++i) {
        check(waldo_mp_lock_acquire(lock, WALDO_FOREVER, &err), &err);
        check(waldo_mp_lock_release(lock, &err), &err);
    }
    return (now() - begin) / LOCKS * 1e9;
}

static double time_mutex(pthread_mutex_t *mutex)
{
    double begin = now();
    for (int i = 0; i < LOCKS; ++i) {
        pthread_mutex_lock(mutex);
        pthread_mutex_unlock(mutex);
    }
    return (now() - begin) / LOCKS * 1e9;
}

static pthread_mutex_t *new_mutex(void)
{
    pthread_mutexattr_t attributes;
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        exit(1);
    pthread_mutex_t *mutex = page;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(mutex, &attributes);
    return mutex;
}

static void bench_locks(void)
{
    waldo_error err;
    waldo_mp_lock *lock;
    pthread_mutex_t *mutex = new_mutex();
    double ours = 1e9;
    double theirs = 1e9;
    check(waldo_mp_lock_new(&lock, &err), &err);
    for (int i = 0; i < ROUNDS; ++i) {
        ours = least(ours, time_lock(lock));
        theirs = least(theirs, time_mutex(mutex));
    }
    printf("lock      %6.1f ns   robust shared pthread mutex %6.1f ns   ratio %.2f\n", ours, theirs,
           ours / theirs);
    waldo_mp_lock_unref(lock);
    munmap(mutex, PAGE);
}

/* ---- Queues: items a second, from one process to another ---- */

static void put_all(waldo_mp_queue *queue, int items)
{
    static const char data[ITEM];
    waldo_error err;
    for (int i = 0; i < items; ++i)
        check(waldo_mp_queue_put(queue, waldo_v_bytes(data, sizeof data), WALDO_FOREVER, &err),
              &err);
}

static double time_queue(int items)
{
    waldo_error err;
    waldo_mp_queue *queue;
    waldo_value *item;
    check(waldo_mp_queue_new(NULL, &queue, &err), &err);
    double begin = now();
    pid_t child = fork();
    if (child == 0) {
        put_all(queue, items);
        _exit(0);
    }
    for (int i = 0; i < items; ++i) {
        check(waldo_mp_queue_get(queue, WALDO_FOREVER, &item, &err), &err);
        waldo_value_unref(item);
    }
    double seconds = now() - begin;
    waitpid(child, NULL, 0);
    waldo_mp_queue_unref(queue);
    return items / seconds;
}

/* The same with python3's Queue; 0: there is none. */
static double time_python(int items)
{
    char command[1024];
    char line[64] = "0";
    snprintf(command, sizeof command,
             "python3 -c \"\n"
             "import multiprocessing as mp, time\n"
             "def put(q):\n"
             "    for i in range(%d): q.put(b'x' * %d)\n"
             "c = mp.get_context('fork'); q = c.Queue(); t = time.monotonic()\n"
             "p = c.Process(target=put, args=(q,)); p.start()\n"
             "for i in range(%d): q.get()\n"
             "print(%d / (time.monotonic() - t)); p.join()\n"
             "\"",
             items, ITEM, items, items);
    FILE *python = popen(command, "r"); /* NOLINT(cert-env33-c): a fixed command */
    if (!python || !fgets(line, sizeof line, python))
        return 0;
    pclose(python);
    return strtod(line, NULL);
}

static void bench_queues(int items)
{
    double ours = 0;
    double theirs = 0;
    for (int i = 0; i < ROUNDS; ++i) {
        double rate = time_queue(items);
        ours = rate > ours ? rate : ours;
        rate = time_python(items / 20);
        theirs = rate > theirs ? rate : theirs;
    }
    printf("queue     %6.2f M items/s of %d bytes   python3's Queue %6.3f M items/s   ratio %.1f\n",
           ours / 1e6, ITEM, theirs / 1e6, ours / theirs);
}

/* ---- Buffers: microseconds until another process has one and has read its first byte ---- */

static void answer_all(waldo_mp_queue *there, waldo_mp_queue *back)
{
    waldo_error err;
    waldo_value *item;
    waldo_mp_buffer *buffer;
    for (int i = 0; i < HAND_OVERS; ++i) {
        check(waldo_mp_queue_get(there, WALDO_FOREVER, &item, &err), &err);
        check(waldo_mp_buffer_from_value(item, &buffer, &err), &err);
        const char *data = waldo_mp_buffer_tensor(buffer)->data;
        waldo_value_unref(item);
        check(waldo_mp_queue_put(back, waldo_v(*data), WALDO_FOREVER, &err), &err);
        waldo_mp_buffer_unref(buffer);
    }
}

static double hand_over(waldo_mp_queue *there, waldo_mp_queue *back, waldo_mp_buffer *buffer)
{
    waldo_error err;
    waldo_value *answer;
    double best = 1e9;
    for (int i = 0; i < HAND_OVERS; ++i) {
        double begin = now();
        check(waldo_mp_queue_put(there, waldo_mp_buffer_value(buffer), WALDO_FOREVER, &err), &err);
        check(waldo_mp_queue_get(back, WALDO_FOREVER, &answer, &err), &err);
        best = least(best, now() - begin);
        waldo_value_unref(answer);
    }
    return best * 1e6;
}

static double time_buffer(int64_t size)
{
    waldo_error err;
    waldo_mp_queue *there;
    waldo_mp_queue *back;
    waldo_mp_buffer *buffer;
    check(waldo_mp_queue_new(NULL, &there, &err), &err);
    check(waldo_mp_queue_new(NULL, &back, &err), &err);
    pid_t child = fork();
    if (child == 0) {
        answer_all(there, back);
        _exit(0);
    }
    /* After the fork: the child maps it anew each time. */
    check(waldo_mp_buffer_new((DLDataType){kDLUInt, 8, 1}, 1, &size, WALDO_MP_BY_DESCRIPTOR,
                              &buffer, &err),
          &err);
    memset(waldo_mp_buffer_tensor(buffer)->data, 1, (size_t)size);
    double best = hand_over(there, back, buffer);
    waitpid(child, NULL, 0);
    waldo_mp_buffer_unref(buffer);
    waldo_mp_queue_unref(there);
    waldo_mp_queue_unref(back);
    return best;
}

/* ---- What a buffer of 1 GiB takes, in two processes that both have read all of it ---- */

/* MiB of the process's memory: all that is mapped and there; its share, where a page of two
 * processes counts half for each. */
typedef struct residence {
    double all;
    double share;
} residence;

static residence resident_of(pid_t process)
{
    char path[64];
    char line[256];
    residence resident = {0, 0};
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "Rss:", 4) == 0)
            resident.all = strtod(line + 4, NULL) / 1024;
        else if (strncmp(line, "Pss:", 4) == 0)
            resident.share = strtod(line + 4, NULL) / 1024;
    }
    if (file)
        fclose(file);
    return resident;
}

static void touch_and_wait(waldo_mp_queue *there, waldo_mp_queue *back)
{
    waldo_error err;
    waldo_value *item;
    waldo_mp_buffer *buffer;
    int sum = 0;
    check(waldo_mp_queue_get(there, WALDO_FOREVER, &item, &err), &err);
    check(waldo_mp_buffer_from_value(item, &buffer, &err), &err);
    const DLTensor *tensor = waldo_mp_buffer_tensor(buffer);
    for (int64_t i = 0; i < tensor->shape[0]; i += PAGE)
        sum += ((const volatile char *)tensor->data)[i];
    check(waldo_mp_queue_put(back, waldo_v(sum), WALDO_FOREVER, &err), &err);
    check(waldo_mp_queue_get(there, WALDO_FOREVER, &item, &err), &err);
}

static void bench_resident(void)
{
    waldo_error err;
    waldo_mp_queue *there;
    waldo_mp_queue *back;
    waldo_mp_buffer *buffer;
    waldo_value *answer;
    int64_t size = 1 << 30;
    check(waldo_mp_queue_new(NULL, &there, &err), &err);
    check(waldo_mp_queue_new(NULL, &back, &err), &err);
    pid_t child = fork();
    if (child == 0) {
        touch_and_wait(there, back);
        _exit(0);
    }
    check(waldo_mp_buffer_new((DLDataType){kDLUInt, 8, 1}, 1, &size, WALDO_MP_BY_DESCRIPTOR,
                              &buffer, &err),
          &err);
    memset(waldo_mp_buffer_tensor(buffer)->data, 1, (size_t)size);
    check(waldo_mp_queue_put(there, waldo_mp_buffer_value(buffer), WALDO_FOREVER, &err), &err);
    check(waldo_mp_queue_get(back, WALDO_FOREVER, &answer, &err), &err);
    residence ours = resident_of(getpid());
    residence its = resident_of(child);
    printf("resident  1 GiB in two processes: RSS %.0f and %.0f MiB, PSS %.0f and %.0f MiB, "
           "together %.0f MiB\n",
           ours.all, its.all, ours.share, its.share, ours.share + its.share);
    check(waldo_mp_queue_put(there, waldo_v(0), WALDO_FOREVER, &err), &err);
    waitpid(child, NULL, 0);
    waldo_value_unref(answer);
    waldo_mp_buffer_unref(buffer);
    waldo_mp_queue_unref(there);
    waldo_mp_queue_unref(back);
}

static void bench_buffers(void)
{
    double small = 1e9;
    double large = 1e9;
    for (int i = 0; i < ROUNDS; ++i) {
        small = least(small, time_buffer(1 << 10));
        large = least(large, time_buffer(1 << 30));
    }
    printf("buffer    1 GiB %6.1f us   1 KiB %6.1f us   ratio %.2f\n", large, small, large / small);
}

int main(int argc, char **argv)
{
    long items = argc > 1 ? strtol(argv[1], NULL, 10) : 2000000;
    setvbuf(stdout, NULL, _IOLBF, 0);
    bench_locks();
    bench_buffers();
    bench_resident();
    bench_queues(items < 100 || items > 100000000 ? 100 : (int)items);
    return 0;
}
