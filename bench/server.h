/* What the measurements of a waldod have in common: to start and end one, to see what it uses, and
 * to give up. There is one server for a program. */
#ifndef WALDO_BENCH_SERVER_H
#define WALDO_BENCH_SERVER_H

#include <stddef.h>

#include <waldo/error.h>

/* Prints what failed, and the error unless it is NULL; kills the server and exits. */
_Noreturn void fail(const char *what, const waldo_error *error);
/* The status, if it is a success. */
int must(int status, const waldo_error *error);

/* Seconds of the monotonic clock. */
double now(void);

/* Starts a waldod there that gives clients so many seconds; where it really listens, as long as the
 * program. */
const char *server_start(const char *listen, const char *lease);
/* For a server that no client is given up by because the machine was busy. */
#define PATIENT "600"
/* Asks it to end, and waits. */
void server_end(void);
/* Bytes that it has in memory. */
double server_resident(void);
/* Seconds of processor time that it has used; that it and this program have. */
double server_used(void);
double both_used(void);

/* Sorts them. */
double median(double *figures, size_t count);

#endif
