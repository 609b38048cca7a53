#include <waldo/mp/shared_memory.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/classes.h"
#include "memory/janitor.h"
#include "memory/shared_memory_internal.h"

struct waldo_mp_shared_memory {
    _Atomic uint32_t references;
    int descriptor; /* -1: closed */
    void *memory;
    size_t size;
    uint64_t file;
    bool track;
    char name[WALDO__SHM_NAME_SIZE];
};

/* TAKES the descriptor of a file that memory->name names. */
static int map(waldo_mp_shared_memory *memory, int descriptor, waldo_error *reterr)
{
    struct stat info;
    void *mapped = MAP_FAILED;
    if (fstat(descriptor, &info) == 0)
        mapped =
            mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) {
        int status = waldo_error_system(reterr, errno, "shared memory '%s'", memory->name);
        close(descriptor);
        return status;
    }
    memory->memory = mapped;
    memory->size = (size_t)info.st_size;
    memory->file = info.st_ino;
    memory->descriptor = descriptor;
    return 0;
}

static int new_object(waldo_mp_shared_memory **ret_memory, waldo_error *reterr)
{
    waldo_mp_shared_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    atomic_init(&memory->references, 1);
    memory->descriptor = -1;
    *ret_memory = memory;
    return 0;
}

int waldo_mp_shared_memory_create(const char *name, size_t size, bool track,
                                  waldo_mp_shared_memory **ret_memory, waldo_error *reterr)
{
    waldo_mp_shared_memory *memory = NULL;
    int descriptor = -1;
    int status = new_object(&memory, reterr);
    if (status < 0)
        return status;
    memory->track = track;
    status = waldo__shm_create(name, "psm_", size, track, memory->name, sizeof memory->name,
                               &descriptor, reterr);
    if (status >= 0) {
        status = map(memory, descriptor, reterr);
        if (status < 0)
            (void)!waldo_mp_shared_memory_unlink(memory, NULL);
    }
    if (status < 0)
        waldo_mp_shared_memory_unref(memory);
    else
        *ret_memory = memory;
    return status;
}

int waldo_mp_shared_memory_attach(const char *name, waldo_mp_shared_memory **ret_memory,
                                  waldo_error *reterr)
{
    waldo_mp_shared_memory *memory = NULL;
    int descriptor = -1;
    int status = waldo__shm_open(name, &descriptor, reterr);
    if (status < 0)
        return status;
    status = new_object(&memory, reterr);
    if (status < 0) {
        close(descriptor);
        return status;
    }
    snprintf(memory->name, sizeof memory->name, "%s", name + (*name == '/'));
    status = map(memory, descriptor, reterr);
    if (status < 0)
        waldo_mp_shared_memory_unref(memory);
    else
        *ret_memory = memory;
    return status;
}

waldo_mp_shared_memory *waldo_mp_shared_memory_ref(waldo_mp_shared_memory *memory)
{
    atomic_fetch_add_explicit(&memory->references, 1, memory_order_relaxed);
    return memory;
}

waldo_mp_shared_memory *waldo_mp_shared_memory_unref(waldo_mp_shared_memory *memory)
{
    if (memory && atomic_fetch_sub_explicit(&memory->references, 1, memory_order_acq_rel) == 1) {
        waldo_mp_shared_memory_close(memory);
        free(memory);
    }
    return NULL;
}

const char *waldo_mp_shared_memory_name(const waldo_mp_shared_memory *memory)
{
    return memory->name;
}

size_t waldo_mp_shared_memory_size(const waldo_mp_shared_memory *memory)
{
    return memory->size;
}

void *waldo_mp_shared_memory_buf(const waldo_mp_shared_memory *memory)
{
    return memory->memory;
}

void waldo_mp_shared_memory_close(waldo_mp_shared_memory *memory)
{
    if (memory->descriptor < 0)
        return;
    munmap(memory->memory, memory->size);
    close(memory->descriptor);
    memory->memory = NULL;
    memory->descriptor = -1;
}

int waldo_mp_shared_memory_unlink(waldo_mp_shared_memory *memory, waldo_error *reterr)
{
    char path[sizeof WALDO__SHM_DIRECTORY + WALDO__SHM_NAME_SIZE];
    int status = waldo__shm_path(memory->name, path, sizeof path, reterr);
    if (status >= 0 && unlink(path) < 0)
        status = waldo_error_system(reterr, errno, "%s", path);
    if (status >= 0 && memory->track)
        waldo__janitor_forget(memory->name, memory->file);
    return status;
}

char *waldo_mp_shared_memory_repr(const waldo_mp_shared_memory *memory)
{
    char *text = NULL;
    return asprintf(&text, "SharedMemory('%s', size=%zu)", memory->name, memory->size) < 0 ? NULL
                                                                                           : text;
}

/* ---- As a handle: its name ---- */

static void *ref(void *object)
{
    return waldo_mp_shared_memory_ref(object);
}

static void *unref(void *object)
{
    return waldo_mp_shared_memory_unref(object);
}

static int reduce(void *object, waldo__reduced *ret, waldo_error *reterr)
{
    const waldo_mp_shared_memory *memory = object;
    if (!waldo__reduced_put(ret, memory->name, sizeof memory->name))
        return waldo_error_set(reterr, WALDO_ELIMIT, "a handle that is too large");
    return 0;
}

static int rebuild(const waldo__reduced *from, void **ret_object, waldo_error *reterr)
{
    char name[WALDO__SHM_NAME_SIZE];
    waldo__reduced_position position = {0};
    waldo_mp_shared_memory *memory = NULL;
    waldo__close_descriptors(from->descriptors, from->descriptor_count);
    if (from->size != sizeof name || !waldo__reduced_get(from, &position, name, sizeof name) ||
        !memchr(name, '\0', sizeof name))
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a handle on shared memory is malformed");
    int status = waldo_mp_shared_memory_attach(name, &memory, reterr);
    if (status >= 0)
        *ret_object = memory;
    return status;
}

const waldo__handle_class waldo__shared_memory_class = {
    .name = "SharedMemory", .reduce = reduce, .rebuild = rebuild, .ref = ref, .unref = unref};

waldo_value *waldo_mp_shared_memory_value(waldo_mp_shared_memory *memory)
{
    return waldo__v_handle(&waldo__shared_memory_class, memory);
}

int waldo_mp_shared_memory_from_value(const waldo_value *value, waldo_mp_shared_memory **ret_memory,
                                      waldo_error *reterr)
{
    void *object = NULL;
    int status = waldo__handle_from_value(value, &waldo__shared_memory_class, &object, reterr);
    if (status >= 0)
        *ret_memory = object;
    return status;
}
