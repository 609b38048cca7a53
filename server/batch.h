/* A batch: calls that came in one message, and are made one after the other (server/batch.c). */
#ifndef WALDO_SERVER_BATCH_H
#define WALDO_SERVER_BATCH_H

#include <stddef.h>

#include <waldo/service.h>

typedef struct waldo__batch waldo__batch;

/* How large the reply of the step that is under way may be, in bytes. */
size_t waldo__batch_room(const waldo__batch *batch);
/* The step has its reply: the next one begins, or the batch is over. Takes over a reference to the
 * step. Any thread. */
void waldo__batch_go_on(waldo__batch *batch, waldo_call *step);

#endif
