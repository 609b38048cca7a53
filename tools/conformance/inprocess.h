/* A server in the row's own process, which is what inproc:// is for. */
#ifndef WALDO_CONFORMANCE_INPROCESS_H
#define WALDO_CONFORMANCE_INPROCESS_H

/* On a thread of its own, with all types and the row's key; fails the row if it cannot. Where it
 * listens. There is one at a time. */
const char *inprocess_start(const char *url);
void inprocess_stop(void);

#endif
