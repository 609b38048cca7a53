#include "memory/storage.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "memory/janitor.h"
#include "memory/shared_memory_internal.h"

#define PREFIX "waldo_buffer_"
#define HEAD_SIZE 4096

/* At the beginning of a named file: how many handles on it are on their way. Whoever takes one in
 * has a lock on the file by then, so there is always one or the other. */
typedef struct waldo__storage_head {
    _Atomic int64_t on_their_way;
} waldo__storage_head;

static waldo__storage_head *head_of(const waldo__segment *segment)
{
    return (waldo__storage_head *)(void *)segment->memory;
}

/* Are handles on the file on their way? It is not mapped any more. */
static bool is_sent(int descriptor)
{
    waldo__storage_head head;
    ssize_t size = pread(descriptor, &head, sizeof head, 0);
    return size == sizeof head && atomic_load(&head.on_their_way) > 0;
}

/* The last user takes the name away: it is the last if it can have the lock alone. A forked child
 * shares the lock of its parent, which would not be in its way: so the file is opened anew, and
 * what this process had of the shared one is closed. The janitor sees to those that cannot come
 * here any more. */
static void take_name_away(waldo__segment *segment)
{
    char path[sizeof WALDO__SHM_DIRECTORY + WALDO__SHM_NAME_SIZE];
    snprintf(path, sizeof path, "/proc/self/fd/%d", segment->descriptor);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return;
    close(segment->descriptor);
    segment->descriptor = descriptor;
    if (flock(descriptor, LOCK_EX | LOCK_NB) < 0 || is_sent(descriptor) ||
        waldo__shm_path(segment->name, path, sizeof path, NULL) < 0)
        return;
    unlink(path);
    waldo__janitor_forget(segment->name, segment->file);
}

static int new_named(size_t size, waldo__segment **ret_segment, waldo_error *reterr)
{
    char name[WALDO__SEGMENT_NAME_SIZE];
    int descriptor = -1;
    int status = waldo__shm_create(NULL, PREFIX, HEAD_SIZE + size, true, name, sizeof name,
                                   &descriptor, reterr);
    if (status < 0)
        return status;
    return waldo__segment_open_named(descriptor, name, take_name_away, ret_segment, reterr);
}

int waldo__storage_new(size_t size, bool named, waldo__storage *ret_storage, waldo_error *reterr)
{
    waldo__segment *segment = NULL;
    /* Memory of 0 bytes cannot be, buffers without items can. */
    if (size == 0)
        size = 1;
    if (size > waldo__host_memory())
        return waldo_error_set(reterr, WALDO_ENOMEM, "%zu bytes are more than this host has", size);
    int status =
        named ? new_named(size, &segment, reterr) : waldo__segment_new(size, &segment, reterr);
    if (status >= 0)
        *ret_storage = (waldo__storage){segment, named};
    return status;
}

waldo__storage waldo__storage_ref(const waldo__storage *storage)
{
    return (waldo__storage){waldo__segment_ref(storage->segment), storage->named};
}

void waldo__storage_unref(waldo__storage *storage)
{
    storage->segment = waldo__segment_unref(storage->segment);
}

uint8_t *waldo__storage_data(const waldo__storage *storage)
{
    return storage->segment->memory + (storage->named ? HEAD_SIZE : 0);
}

size_t waldo__storage_size(const waldo__storage *storage)
{
    return storage->segment->size - (storage->named ? HEAD_SIZE : 0);
}

void waldo__storage_reduce(const waldo__storage *storage, char *name, waldo__reduced *ret)
{
    if (storage->named) {
        atomic_fetch_add(&head_of(storage->segment)->on_their_way, 1);
        memcpy(name, storage->segment->name, WALDO__SEGMENT_NAME_SIZE);
    } else {
        ret->descriptors[ret->descriptor_count++] = storage->segment->descriptor;
    }
}

static bool is_name(const char *name)
{
    return strnlen(name, WALDO__SEGMENT_NAME_SIZE) < WALDO__SEGMENT_NAME_SIZE &&
           strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

/* TAKES the descriptor, which has a lock on its file. */
static int map_named(int descriptor, const char *name, waldo__segment **ret_segment,
                     waldo_error *reterr)
{
    waldo__segment *segment;
    int status = waldo__segment_open_named(descriptor, name, take_name_away, &segment, reterr);
    if (status < 0)
        return status;
    if (segment->size <= HEAD_SIZE) {
        waldo__segment_unref(segment);
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "'%s' is no buffer", name);
    }
    *ret_segment = segment;
    return 0;
}

static int open_named(const char *name, waldo__segment **ret_segment, waldo_error *reterr)
{
    int descriptor = -1;
    if (!is_name(name))
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a buffer's name is malformed");
    int status = waldo__shm_open(name, &descriptor, reterr);
    if (status >= 0)
        status = map_named(descriptor, name, ret_segment, reterr);
    if (status >= 0)
        atomic_fetch_sub(&head_of(*ret_segment)->on_their_way, 1);
    return status;
}

int waldo__storage_open(int descriptor, const char *name, waldo__storage *ret_storage,
                        waldo_error *reterr)
{
    waldo__segment *segment;
    bool named = name[0] != '\0';
    int status = 0;
    if (named && !is_name(name))
        status = waldo_error_set(reterr, WALDO_EPROTOCOL, "a buffer's name is malformed");
    else if (named)
        status = waldo__shm_hold(descriptor, name, reterr);
    if (status < 0) {
        close(descriptor);
        return status;
    }
    status = named ? map_named(descriptor, name, &segment, reterr)
                   : waldo__segment_open(descriptor, &segment, reterr);
    if (status >= 0)
        *ret_storage = (waldo__storage){segment, named};
    return status;
}

int waldo__storage_rebuild(bool named, const char *name, const waldo__reduced *from,
                           waldo__storage *ret_storage, waldo_error *reterr)
{
    waldo__segment *segment = NULL;
    int status;
    if (from->descriptor_count != (named ? 0 : 1)) {
        waldo__close_descriptors(from->descriptors, from->descriptor_count);
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a buffer without its memory");
    }
    if (named)
        status = open_named(name, &segment, reterr);
    else
        status = waldo__segment_open(from->descriptors[0], &segment, reterr);
    if (status >= 0)
        *ret_storage = (waldo__storage){segment, named};
    return status;
}
