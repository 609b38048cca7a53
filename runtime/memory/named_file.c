/* Files of /dev/shm as memory with a name. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "memory/janitor.h"
#include "memory/segment.h"
#include "memory/shared_memory_internal.h"

int waldo__shm_path(const char *name, char *path, size_t size, waldo_error *reterr)
{
    if (name && *name == '/')
        ++name;
    if (!name || !*name)
        return waldo_error_set(reterr, WALDO_EVALUE, "shared memory needs a name");
    if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "'%s' is no name for shared memory", name);
    int length = snprintf(path, size, WALDO__SHM_DIRECTORY "%s", name);
    if (length < 0 || (size_t)length >= size || strlen(name) > NAME_MAX)
        return waldo_error_set(reterr, WALDO_EVALUE, "the name of shared memory is too long");
    return 0;
}

/* Before any of it is taken: 0, or why there cannot be so much. */
static int check_room(int descriptor, size_t size)
{
    struct statvfs room;
    if (size > waldo__host_memory())
        return ENOSPC;
    if (fstatvfs(descriptor, &room) < 0)
        return errno;
    /* 0 blocks in all: as many as there is memory. */
    return room.f_blocks > 0 && size / room.f_bsize > room.f_bavail ? ENOSPC : 0;
}

/* Sets the memory aside. In pieces, each of which a signal may interrupt: who gets signals all the
 * time is done some day, too. */
static int allocate(int descriptor, size_t size)
{
    enum { PIECE = 16 << 20 };
    int failure = check_room(descriptor, size);
    for (size_t done = 0; done < size && failure == 0;) {
        size_t piece = size - done < PIECE ? size - done : PIECE;
        failure = posix_fallocate(descriptor, (off_t)done, (off_t)piece);
        if (failure == 0)
            done += piece;
        else if (failure == EINTR)
            failure = 0;
    }
    return failure;
}

/* A file without a name yet, so that it appears whole. */
static int make_file(size_t size, int *ret_descriptor, waldo_error *reterr)
{
    if (size == 0 || size > INT64_MAX)
        return waldo_error_set(reterr, WALDO_EVALUE, "'size' must be a positive number");
    int descriptor = open(WALDO__SHM_DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return waldo_error_system(reterr, errno, WALDO__SHM_DIRECTORY);
    int failure = allocate(descriptor, size);
    if (failure == 0 && flock(descriptor, LOCK_SH) < 0)
        failure = errno;
    if (failure != 0) {
        close(descriptor);
        return waldo_error_system(reterr, failure, "%zu bytes of shared memory", size);
    }
    *ret_descriptor = descriptor;
    return 0;
}

/* WALDO_EEXIST: the name is taken. The janitor hears of it before anybody can. */
static int give_name(int descriptor, const char *name, bool track, waldo_error *reterr)
{
    char path[sizeof WALDO__SHM_DIRECTORY + WALDO__SHM_NAME_SIZE];
    char file[64];
    struct stat info;
    int status = waldo__shm_path(name, path, sizeof path, reterr);
    if (status < 0)
        return status;
    if (fstat(descriptor, &info) < 0)
        return waldo_error_system(reterr, errno, "%s", path);
    name = path + strlen(WALDO__SHM_DIRECTORY);
    if (track) {
        status = waldo__janitor_watch(name, info.st_ino, reterr);
        if (status < 0)
            return status;
    }
    snprintf(file, sizeof file, "/proc/self/fd/%d", descriptor);
    if (linkat(AT_FDCWD, file, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0) {
        status = waldo_error_system(reterr, errno, "%s", path);
        if (track)
            waldo__janitor_forget(name, info.st_ino);
    }
    return status;
}

static int give_free_name(int descriptor, const char *prefix, bool track, char *chosen, size_t size,
                          waldo_error *reterr)
{
    for (;;) {
        uint32_t number;
        if (getrandom(&number, sizeof number, 0) != sizeof number)
            return waldo_error_system(reterr, errno, "getrandom");
        snprintf(chosen, size, "%s%08x", prefix, number);
        int status = give_name(descriptor, chosen, track, reterr);
        if (status != WALDO_EEXIST)
            return status;
    }
}

int waldo__shm_create(const char *name, const char *prefix, size_t size, bool track, char *chosen,
                      size_t chosen_size, int *ret_descriptor, waldo_error *reterr)
{
    int descriptor = -1;
    int status = make_file(size, &descriptor, reterr);
    if (status < 0)
        return status;
    if (name) {
        snprintf(chosen, chosen_size, "%s", name + (*name == '/'));
        status = give_name(descriptor, name, track, reterr);
    } else {
        status = give_free_name(descriptor, prefix, track, chosen, chosen_size, reterr);
    }
    if (status < 0)
        close(descriptor);
    else
        *ret_descriptor = descriptor;
    return status;
}

/* The janitor may be about to take the name away, or has just done so. */
int waldo__shm_hold(int descriptor, const char *path, waldo_error *reterr)
{
    struct stat info;
    if (flock(descriptor, LOCK_SH | LOCK_NB) < 0)
        return waldo_error_system(reterr, errno == EWOULDBLOCK ? ENOENT : errno, "%s", path);
    if (fstat(descriptor, &info) < 0)
        return waldo_error_system(reterr, errno, "%s", path);
    if (info.st_nlink == 0)
        return waldo_error_system(reterr, ENOENT, "%s", path);
    if (!S_ISREG(info.st_mode) || info.st_size == 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "%s: cannot map an empty file", path);
    return 0;
}

int waldo__shm_open(const char *name, int *ret_descriptor, waldo_error *reterr)
{
    char path[sizeof WALDO__SHM_DIRECTORY + WALDO__SHM_NAME_SIZE];
    int status = waldo__shm_path(name, path, sizeof path, reterr);
    if (status < 0)
        return status;
    int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return waldo_error_system(reterr, errno, "%s", path);
    status = waldo__shm_hold(descriptor, path, reterr);
    if (status < 0)
        close(descriptor);
    else
        *ret_descriptor = descriptor;
    return status;
}
