/* Queues between the processes of a host (rows P1-P6, G1-G7): Python's Queue, JoinableQueue and
 * SimpleQueue in one, in shared memory, without a server and without a feeder thread.
 *
 *     waldo_mp_queue *jobs;
 *     waldo_mp_queue_new(NULL, &jobs, &err);            // then fork, or send it in a value
 *     waldo_mp_queue_put(jobs, waldo_v_tuple(waldo_v(1), waldo_v("a")), WALDO_FOREVER, &err);
 *     ...
 *     waldo_value *job;
 *     switch (waldo_mp_queue_get(jobs, 5.0, &job, &err)) { case WALDO_EEMPTY: ... }
 *
 * Any number of processes and threads may put and get; what one of them puts stays in order. An
 * item is in the queue when put returns, not later, and whole or not at all: a process killed in
 * the middle of a put has not put it, one killed in the middle of a get leaves it to the others,
 * and no lock stays taken. What a process has got is lost with it.
 *
 * Items may hold handles (waldo/mp/handle.h): locks, queues, connections, descriptors.
 *
 * Queues are counted, and gone with the last process that has them. Timeouts as in waldo/mp/sync.h.
 * A queue whose memory a hostile process has spoiled gives WALDO_EPROTOCOL. */
#ifndef WALDO_MP_QUEUE_H
#define WALDO_MP_QUEUE_H

#include <stdbool.h>

#include <waldo/value.h>

WALDO_BEGIN_DECLS

typedef struct waldo_mp_queue waldo_mp_queue;

typedef struct waldo_mp_queue_options {
    int64_t maxsize; /* items; 0 or less: no limit */
    size_t capacity; /* bytes of all items together, rounded up to a power of two, at most 8 GiB; 0
                      * is 256 MiB. Memory is taken only for what is in the queue */
} waldo_mp_queue_options;

/** options NULL: all 0. WALDO_EVALUE, WALDO_ENOMEM: sizes that cannot be. */
WALDO_CHECK int waldo_mp_queue_new(const waldo_mp_queue_options *options,
                                   waldo_mp_queue **ret_queue, waldo_error *reterr);
waldo_mp_queue *waldo_mp_queue_ref(waldo_mp_queue *queue);
/** NULL is a no-op. Returns NULL. */
waldo_mp_queue *waldo_mp_queue_unref(waldo_mp_queue *queue);
/* For WALDO_AUTO(waldo_mp_queue). */
static inline void waldo_mp_queue_cleanup(waldo_mp_queue **queue)
{
    waldo_mp_queue_unref(*queue);
}

/** TAKES item. WALDO_EFULL: maxsize items, or capacity, for as long as the timeout; WALDO_ETYPE: an
 *  item that cannot be sent; WALDO_ETOOBIG: it alone is beyond capacity; WALDO_EVALUE: "Queue is
 *  closed". */
WALDO_CHECK int waldo_mp_queue_put(waldo_mp_queue *queue, waldo_value *item, double timeout,
                                   waldo_error *reterr);
/** WALDO_EEMPTY: nothing came; WALDO_EVALUE: "Queue is closed". */
WALDO_CHECK int waldo_mp_queue_get(waldo_mp_queue *queue, double timeout, waldo_value **ret_item,
                                   waldo_error *reterr);

/** 1 or 0, as of now. WALDO_ESYSTEM: "handle is closed". */
WALDO_CHECK int waldo_mp_queue_empty(waldo_mp_queue *queue, waldo_error *reterr);
bool waldo_mp_queue_full(const waldo_mp_queue *queue);
size_t waldo_mp_queue_qsize(const waldo_mp_queue *queue);

/** An item that was got is done with (JoinableQueue). WALDO_EVALUE: "task_done() called too many
 *  times". */
WALDO_CHECK int waldo_mp_queue_task_done(waldo_mp_queue *queue, waldo_error *reterr);
/** Waits until task_done was called for every item. 1: so it is; 0: the timeout passed. An item
 * that died with its process is never done. */
WALDO_CHECK int waldo_mp_queue_join(waldo_mp_queue *queue, double timeout, waldo_error *reterr);

/** This process will not use it again (all that hold this reference); others may. Again: a no-op.
 */
void waldo_mp_queue_close(waldo_mp_queue *queue);

/** waldo/mp/handle.h. */
waldo_value *waldo_mp_queue_value(waldo_mp_queue *queue);
WALDO_CHECK int waldo_mp_queue_from_value(const waldo_value *value, waldo_mp_queue **ret_queue,
                                          waldo_error *reterr);

WALDO_END_DECLS

#endif
