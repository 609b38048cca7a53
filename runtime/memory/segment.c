#include "memory/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* The segments of this process, to find one again. fork() waits for the lock: a child has a list
 * that is whole. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static waldo__segment *segments;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

static void install(void)
{
    (void)pthread_atfork(before_fork, after_fork, after_fork);
}

void waldo__segments_watch_fork(void)
{
    pthread_once(&once, install);
}

uint64_t waldo__host_memory(void)
{
    struct sysinfo host;
    if (sysinfo(&host) < 0)
        return UINT64_MAX;
    return ((uint64_t)host.totalram + host.totalswap) * host.mem_unit;
}

/* Under the lock. */
static waldo__segment *find(const struct stat *file)
{
    for (waldo__segment *segment = segments; segment; segment = segment->next)
        if (segment->device == file->st_dev && segment->file == file->st_ino)
            return segment;
    return NULL;
}

static int map(int descriptor, const struct stat *file, waldo__segment **ret_segment,
               waldo_error *reterr)
{
    waldo__segment *segment = calloc(1, sizeof *segment);
    if (!segment)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    size_t size = (size_t)file->st_size;
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0);
    if (memory == MAP_FAILED) {
        int status = waldo_error_system(reterr, errno, "mapping %zu bytes of shared memory", size);
        free(segment);
        return status;
    }
    *segment = (waldo__segment){.memory = memory,
                                .size = size,
                                .descriptor = descriptor,
                                .references = 1,
                                .device = file->st_dev,
                                .file = file->st_ino,
                                .next = segments};
    segments = segment;
    *ret_segment = segment;
    return 0;
}

/* TAKES the descriptor. */
static int find_or_map(int descriptor, const struct stat *file, const char *name,
                       void (*last)(waldo__segment *segment), waldo__segment **ret_segment,
                       waldo_error *reterr)
{
    waldo__segments_watch_fork();
    pthread_mutex_lock(&lock);
    waldo__segment *segment = find(file);
    bool known = segment != NULL;
    int status = known ? 0 : map(descriptor, file, &segment, reterr);
    if (known) {
        ++segment->references;
    } else if (status == 0) {
        segment->last = last;
        snprintf(segment->name, sizeof segment->name, "%s", name);
    }
    pthread_mutex_unlock(&lock);
    if (known || status < 0)
        close(descriptor);
    if (status == 0)
        *ret_segment = segment;
    return status;
}

/* A file of some size that has the seals wanted, and can be written. */
static int check_file(int descriptor, int wanted_seals, struct stat *ret_file, waldo_error *reterr)
{
    if (fstat(descriptor, ret_file) < 0)
        return waldo_error_system(reterr, errno, "shared memory");
    int seals = fcntl(descriptor, F_GET_SEALS);
    if (!S_ISREG(ret_file->st_mode) || ret_file->st_size <= 0 || seals < 0 ||
        (seals & wanted_seals) != wanted_seals || seals & F_SEAL_WRITE)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "a descriptor that came for shared memory is something else");
    return 0;
}

int waldo__segment_open(int descriptor, waldo__segment **ret_segment, waldo_error *reterr)
{
    struct stat file;
    int status = check_file(descriptor, SEALS, &file, reterr);
    if (status == 0)
        return find_or_map(descriptor, &file, "", NULL, ret_segment, reterr);
    close(descriptor);
    return status;
}

int waldo__segment_open_named(int descriptor, const char *name,
                              void (*last)(waldo__segment *segment), waldo__segment **ret_segment,
                              waldo_error *reterr)
{
    struct stat file;
    int status = check_file(descriptor, 0, &file, reterr);
    if (status == 0)
        return find_or_map(descriptor, &file, name, last, ret_segment, reterr);
    close(descriptor);
    return status;
}

int waldo__sealed_memory_check(int descriptor, size_t *ret_size, waldo_error *reterr)
{
    struct stat file;
    int status = check_file(descriptor, SEALS, &file, reterr);
    if (status == 0)
        *ret_size = (size_t)file.st_size;
    return status;
}

/* Beyond RLIMIT_FSIZE the system would not only refuse, but send a signal that ends the process. */
static bool may_be_so_large(size_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) < 0 || size <= limit.rlim_cur;
}

int waldo__sealed_memory(size_t size, int *ret_descriptor, waldo_error *reterr)
{
    if (!may_be_so_large(size))
        return waldo_error_system(reterr, EFBIG, "making %zu bytes of shared memory", size);
    int descriptor = memfd_create("waldo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0)
        return waldo_error_system(reterr, errno, "making shared memory");
    if (ftruncate(descriptor, (off_t)size) < 0 || fcntl(descriptor, F_ADD_SEALS, SEALS) < 0) {
        int status = waldo_error_system(reterr, errno, "making %zu bytes of shared memory", size);
        close(descriptor);
        return status;
    }
    *ret_descriptor = descriptor;
    return 0;
}

int waldo__segment_new(size_t size, waldo__segment **ret_segment, waldo_error *reterr)
{
    if (size == 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "shared memory of 0 bytes");
    if (size > waldo__host_memory())
        return waldo_error_set(reterr, WALDO_ENOMEM,
                               "%zu bytes of shared memory are more than this host has", size);
    int descriptor;
    int status = waldo__sealed_memory(size, &descriptor, reterr);
    return status < 0 ? status : waldo__segment_open(descriptor, ret_segment, reterr);
}

waldo__segment *waldo__segment_ref(waldo__segment *segment)
{
    pthread_mutex_lock(&lock);
    ++segment->references;
    pthread_mutex_unlock(&lock);
    return segment;
}

static void take_out(const waldo__segment *segment)
{
    waldo__segment **link = &segments;
    while (*link != segment)
        link = &(*link)->next;
    *link = segment->next;
}

waldo__segment *waldo__segment_unref(waldo__segment *segment)
{
    if (!segment)
        return NULL;
    pthread_mutex_lock(&lock);
    bool last = --segment->references == 0;
    if (last)
        take_out(segment);
    pthread_mutex_unlock(&lock);
    if (last) {
        munmap(segment->memory, segment->size);
        if (segment->last)
            segment->last(segment);
        close(segment->descriptor);
        free(segment);
    }
    return NULL;
}
