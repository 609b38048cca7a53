/* What link.c, sending.c and waiting.c share; see link.h. */
#ifndef WALDO_RUNTIME_PROXY_LINK_INTERNAL_H
#define WALDO_RUNTIME_PROXY_LINK_INTERNAL_H

#include "proxy/link.h"

/* ---- with the link's lock ---- */

/* Gives the slot an id. false: out of memory. */
bool waldo__link_add(waldo__link *link, waldo__slot *slot);
/* NULL: nobody waits for that id. */
waldo__slot *waldo__link_find(const waldo__link *link, uint32_t id);
/* A slot that is not in the table may be removed again. */
void waldo__link_remove(waldo__link *link, waldo__slot *slot);
void waldo__link_empty(waldo__link *link);
void waldo__link_break_locked(waldo__link *link, int status, const waldo_error *error);
/* Sends what was queued, unless another thread is sending: then that one does. The lock is released
 * meanwhile. */
int waldo__link_flush_locked(waldo__link *link, waldo__deadline deadline, waldo_error *reterr);
/* What broke it. */
int waldo__link_why(const waldo__link *link, waldo_error *reterr);

/* ---- by the thread that reads, without the lock ---- */

/* Takes what is there, and waits for nothing. A failure has broken the link. */
int waldo__link_read_ready(waldo__link *link, waldo_error *reterr);
/* If others wait, one of them reads from now on. */
void waldo__link_stop_reading(waldo__link *link);

#endif
