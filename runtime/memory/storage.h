/* The memory of buffers. */
#ifndef WALDO_RUNTIME_MEMORY_STORAGE_H
#define WALDO_RUNTIME_MEMORY_STORAGE_H

#include <stdbool.h>

#include "memory/segment.h"
#include "process/handle.h"

/* A memfd, all of it; or a file with a name, whose first page is the storage's own. */
typedef struct waldo__storage {
    waldo__segment *segment;
    bool named;
} waldo__storage;

int waldo__storage_new(size_t size, bool named, waldo__storage *ret_storage, waldo_error *reterr);
waldo__storage waldo__storage_ref(const waldo__storage *storage);
void waldo__storage_unref(waldo__storage *storage);
uint8_t *waldo__storage_data(const waldo__storage *storage);
size_t waldo__storage_size(const waldo__storage *storage);

/* How it travels; rebuild TAKES all descriptors. The name of one that is named is in *name. */
void waldo__storage_reduce(const waldo__storage *storage, char *name, waldo__reduced *ret);
int waldo__storage_rebuild(bool named, const char *name, const waldo__reduced *from,
                           waldo__storage *ret_storage, waldo_error *reterr);
/* TAKES the descriptor, of memory with that name, or without one (""). */
int waldo__storage_open(int descriptor, const char *name, waldo__storage *ret_storage,
                        waldo_error *reterr);

#endif
