/* The program that takes the names of shared memory away when the process that made them is gone
 * and nobody uses them: tools/janitor. All users of a name hold a shared flock() on it, which ends
 * with them; the janitor unlinks what it can lock alone. Each process that makes names has one. */
#ifndef WALDO_RUNTIME_MEMORY_JANITOR_H
#define WALDO_RUNTIME_MEMORY_JANITOR_H

#include <stdint.h>

#include <waldo/error.h>

#define WALDO__SHM_DIRECTORY "/dev/shm/"
#define WALDO__SHM_NAME_SIZE 256

/* What is said to it, a datagram each; it does its work when nobody is left who could say more. The
 * file's number keeps it from a later file of the same name. */
typedef struct waldo__janitor_order {
    uint64_t file;
    uint32_t forget; /* nonzero: it is unlinked already */
    uint32_t unused;
    char name[WALDO__SHM_NAME_SIZE];
} waldo__janitor_order;

/* WALDO_ESYSTEM or so: it cannot be started. */
int waldo__janitor_watch(const char *name, uint64_t file, waldo_error *reterr);
void waldo__janitor_forget(const char *name, uint64_t file);

#endif
