/* Many calls that wait, from few connections: a client that sends without waiting for replies,
 * which libwaldo never does. Each connection has a session of its own. */
#ifndef WALDO_BENCH_CROWD_H
#define WALDO_BENCH_CROWD_H

#include <stdint.h>

#include <waldo/error.h>

typedef struct crowd crowd;

/* Connects so many times. */
int crowd_open(const char *address, int connections, crowd **ret_crowd, waldo_error *reterr);
/* Sends so many calls of a method without arguments, spread over the connections. */
int crowd_call(crowd *all, uint64_t object, const char *method, int calls, waldo_error *reterr);
/* Takes the replies to all that was sent. An error if one is an error, or does not come. */
int crowd_listen(crowd *all, double seconds, waldo_error *reterr);
/* NULL is a no-op. */
void crowd_close(crowd *all);

#endif
