/* Descriptors on their way through a queue: a pair of sockets that all its users have. Each message
 * holds the descriptors of one item and its serial number; sent before the item is in the queue,
 * taken out after it has left. So where a process is killed in between, a message is left over,
 * never missing. */
#ifndef WALDO_RUNTIME_MEMORY_SATCHEL_H
#define WALDO_RUNTIME_MEMORY_SATCHEL_H

#include "process/parcel.h"

typedef struct waldo__satchel {
    int in;
    int out;
} waldo__satchel;

int waldo__satchel_open(waldo__satchel *satchel, waldo_error *reterr);
void waldo__satchel_close(waldo__satchel *satchel);
/* WALDO_EFULL, without a message: no more fit now. */
int waldo__satchel_put(const waldo__satchel *satchel, uint64_t serial,
                       const waldo__descriptors *descriptors, waldo_error *reterr);
/* Duplicates of those with the serial number, and throws away what is older. What comes stays until
 * waldo__satchel_drop. WALDO_EPROTOCOL: they are not there. */
int waldo__satchel_peek(const waldo__satchel *satchel, uint64_t serial,
                        waldo__descriptors *ret_descriptors, waldo_error *reterr);
void waldo__satchel_drop(const waldo__satchel *satchel);

#endif
