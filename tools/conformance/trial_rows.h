/* What rows with the trial types have in common. They need "Counter", which stands for all. */
#ifndef WALDO_CONFORMANCE_TRIAL_ROWS_H
#define WALDO_CONFORMANCE_TRIAL_ROWS_H

#include "row.h"
#include "trial.proxy.h"

trial_counter *row_counter(waldo_manager *manager, int64_t n);
/* The new sum. */
int64_t row_add(trial_counter *counter, int64_t n);

/* Events of the server, by a session of their own. They are counted since the server's start: ask
 * for the count first. */
int64_t row_event_count(const char *event);
/* Waits until it has happened so often. */
void row_await_event(const char *event, int64_t count);
void row_post_event(const char *event);

#endif
