#ifndef WALDO_RUNTIME_MEMORY_SHARED_MEMORY_INTERNAL_H
#define WALDO_RUNTIME_MEMORY_SHARED_MEMORY_INTERNAL_H

#include <waldo/mp/shared_memory.h>

/* Where a name is; NULL and "" are none. WALDO_EVALUE: it cannot be one of a file. */
int waldo__shm_path(const char *name, char *path, size_t size, waldo_error *reterr);
/* A new file under that name (NULL: one that is free, put into chosen) with room for `size` bytes,
 * and this process's lock on it. *ret_descriptor: close() it to give the lock up. */
int waldo__shm_create(const char *name, const char *prefix, size_t size, bool track, char *chosen,
                      size_t chosen_size, int *ret_descriptor, waldo_error *reterr);
/* The lock of a user on an open file; its name is for errors. WALDO_ENOTFOUND: it is just taken
 * away. */
int waldo__shm_hold(int descriptor, const char *path, waldo_error *reterr);
/* The file of that name, with a lock. */
int waldo__shm_open(const char *name, int *ret_descriptor, waldo_error *reterr);

#endif
