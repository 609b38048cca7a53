/* Memory of other processes of this host and this user, by where it is: /proc/PID/fd/NUMBER. The
 * kernel lets in who may look into the process: the same user. Who names a place has to be known to
 * be of that user (a probe), or it could have memory opened that it may not see itself. */
#ifndef WALDO_RUNTIME_MEMORY_PLACE_H
#define WALDO_RUNTIME_MEMORY_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/error.h>

#include "memory/segment.h"
#include "waldo/wire.pb-c.h"

/* Where the segment is in this process, as long as it is there. The name stays the segment's. */
void waldo__place_of(const waldo__segment *segment, Waldo__Wire__Place *ret_place);
/* What is there, with FD_CLOEXEC. WALDO_EKEY: it is not there any more; WALDO_EPERMISSION: it
 * belongs to somebody else; WALDO_ELIMIT: as waldo__place_check_number. */
int waldo__place_open(const Waldo__Wire__Place *place, int *ret_descriptor, waldo_error *reterr);
/* What others send shall not use up all descriptors of this process: a quarter is kept for other
 * things, and one with a number in there is WALDO_ELIMIT. */
int waldo__place_check_number(int descriptor, waldo_error *reterr);

enum { WALDO__PROBE_SECRET = 16 };

/* A secret in this process's memory. */
typedef struct waldo__probe {
    int descriptor; /* -1: there could be none: others will think that we are far away */
    uint8_t secret[WALDO__PROBE_SECRET];
    Waldo__Wire__Place place;
    Waldo__Wire__Probe message; /* points to the rest: the probe is not to be moved */
} waldo__probe;

void waldo__probe_init(waldo__probe *probe);
void waldo__probe_close(waldo__probe *probe);
/* Does the other side's secret stand where it says? NULL: no. */
bool waldo__probe_is_reached(const Waldo__Wire__Probe *probe);

#endif
