/* Times at which an object wants to be woken, by the server's loop. */
#ifndef WALDO_SERVER_ALARMS_H
#define WALDO_SERVER_ALARMS_H

#include <stddef.h>
#include <stdint.h>

#include <waldo/error.h>

#include "object.h"

/* Zero is one that is not set. Its memory is the object's. */
typedef struct waldo__alarm {
    uint64_t due; /* waldo__now() clock */
    size_t place; /* in the heap, from 1; 0: not set */
    waldo_server *server;
    waldo__object *object;
    /* On the loop's thread, once, with the object pinned; must not block. The alarm itself may be
     * gone by then: that is what the number is for. */
    void (*ring)(void *self, uint64_t number);
    uint64_t number;
} waldo__alarm;

/* A binary heap, guarded by the server's lock. Zero is an empty one. */
typedef struct waldo__alarms {
    waldo__alarm **heap;
    size_t count;
    size_t capacity;
} waldo__alarms;

/* Lets the alarm go off after so many seconds, in place of what was set before. server, object,
 * ring and number are the caller's to fill in; the object must not end while the alarm is set. Any
 * thread. WALDO_ENOMEM. */
WALDO_CHECK int waldo__alarm_set(waldo__alarm *alarm, double seconds);
/* Not set is fine. Any thread. It may be about to ring for all that. */
void waldo__alarm_stop(waldo__alarm *alarm);
/* Rings all that are due. Milliseconds until the next, or 0 if there is none. Loop thread. */
uint64_t waldo__alarms_ring(waldo_server *server);
void waldo__alarms_free(waldo__alarms *alarms);

#endif
