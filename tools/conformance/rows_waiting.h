/* A client that does what a row tells it, for rows about waiting. */
#ifndef WALDO_CONFORMANCE_ROWS_WAITING_H
#define WALDO_CONFORMANCE_ROWS_WAITING_H

#include "row.h"

/* One that calls methods of this object. process: it has a session of its own in any case. */
row_client *hand_start(waldo_proxy *proxy, bool process);
/* Makes it call the method; its result, or the error's message, is what row_listen() hears. TAKES
 * the arguments. */
void hand_begin(row_client *hand, const char *method, waldo_value *arguments);
/* The same, and listens. */
waldo_value *hand_call(row_client *hand, const char *method, waldo_value *arguments);
void hand_end(row_client *hand);

/* How many calls wait, as the object's text says it. */
long waiting_for(waldo_proxy *proxy);

#endif
