/* Times at which an object wants to be woken, by the server's loop. */
#ifndef WALDO_SERVER_ALARMS_H
#define WALDO_SERVER_ALARMS_H

#include <stdint.h>

#include <waldo/error.h>

#include "deadlines.h"
#include "object.h"

/* Zero is one that is not set. Its memory is the object's. */
typedef struct waldo__alarm {
    waldo__due due; /* among the server's alarms */
    waldo_server *server;
    waldo__object *object;
    /* On the loop's thread, once, with the object pinned; must not block. The alarm itself may be
     * gone by then: that is what the number is for. */
    void (*ring)(void *self, uint64_t number);
    uint64_t number;
} waldo__alarm;

/* Lets the alarm go off after so many seconds, in place of what was set before. server, object,
 * ring and number are the caller's to fill in; the object must not end while the alarm is set. Any
 * thread. WALDO_ENOMEM. */
WALDO_CHECK int waldo__alarm_set(waldo__alarm *alarm, double seconds);
/* Not set is fine. Any thread. It may be about to ring for all that. */
void waldo__alarm_stop(waldo__alarm *alarm);
/* Rings all that are due. Milliseconds until the next, or 0 if there is none. Loop thread. */
uint64_t waldo__alarms_ring(waldo_server *server);

#endif
