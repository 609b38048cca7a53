/* Queues in a server: Python's queue.Queue (rows G1-G11), and more in one trip.
 *
 *     WALDO_AUTO(waldo_queue) queue = NULL;
 *     waldo_queue_new(manager, 0, &queue, &err);
 *     waldo_queue_put(queue, waldo_v("a"), WALDO_FOREVER, &err);
 *     waldo_queue_get(queue, 2.5, &item, &err);          // WALDO_EEMPTY after 2.5 seconds
 *
 * First in, first out, for items and for those who wait for them or for room. timeout: seconds to
 * wait in the server; 0: do not wait; WALDO_FOREVER; a negative one is WALDO_EVALUE. A call that
 * waits costs the server memory, and no thread.
 *
 * An item is in the queue, or with a caller who has got it: when a client dies, or gives up, before
 * the item has reached it, the item goes back to its place in the queue, where it may be one more
 * than maxsize. To keep an item safe until its work is done, take it (waldo_queue_take).
 *
 * Any thread may use a queue. Errors: those of every call (waldo/proxy.h), WALDO_ESHUTDOWN of what
 * puts or gets after waldo_queue_shutdown, and what is said below. Values in ret_ parameters are
 * the caller's. JoinableQueue is another name for the same type. */
#ifndef WALDO_QUEUE_H
#define WALDO_QUEUE_H

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_queue waldo_queue;

/** A new one. maxsize: how many items it holds; 0 or less: no bound. */
WALDO_CHECK int waldo_queue_new(waldo_manager *manager, int64_t maxsize, waldo_queue **ret_queue,
                                waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no queue. The caller owns *ret_queue. */
WALDO_CHECK int waldo_queue_from_proxy(waldo_proxy *proxy, waldo_queue **ret_queue,
                                       waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_queue_from_value(waldo_manager *manager, const waldo_value *value,
                                       waldo_queue **ret_queue, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_queue_from_name(waldo_manager *manager, const char *name,
                                      waldo_queue **ret_queue, waldo_error *reterr);
/** The same proxy, for the functions of <waldo/proxy.h>. */
waldo_proxy *waldo_queue_proxy(waldo_queue *queue);
waldo_queue *waldo_queue_ref(waldo_queue *queue);
/** NULL is a no-op. Returns NULL. */
waldo_queue *waldo_queue_unref(waldo_queue *queue);
/* For WALDO_AUTO(waldo_queue). */
static inline void waldo_queue_cleanup(waldo_queue **queue)
{
    *queue = waldo_queue_unref(*queue);
}

/* ---- As in Python ---- */

/** TAKES item. WALDO_EFULL: no room within the timeout (rows G1, G2). */
WALDO_CHECK int waldo_queue_put(waldo_queue *queue, waldo_value *item, double timeout,
                                waldo_error *reterr);
/** WALDO_EEMPTY: no item within the timeout (rows G1, G3). */
WALDO_CHECK int waldo_queue_get(waldo_queue *queue, double timeout, waldo_value **ret_item,
                                waldo_error *reterr);
/** How many items are in it: not those that were got or taken (row G5). */
WALDO_CHECK int waldo_queue_qsize(waldo_queue *queue, int64_t *ret_size, waldo_error *reterr);
/** 1: it is empty, 0: it is not (row G5). */
WALDO_CHECK int waldo_queue_empty(waldo_queue *queue, waldo_error *reterr);
/** 1: it is full, 0: it is not (row G5). */
WALDO_CHECK int waldo_queue_full(waldo_queue *queue, waldo_error *reterr);
/** One of the items that were got is done. WALDO_EVALUE: "task_done() called too many times"
 *  (row G7). */
WALDO_CHECK int waldo_queue_task_done(waldo_queue *queue, waldo_error *reterr);
/** Waits until all that was put is done (row G7): for ever, unless waldo_proxy_set_timeout says how
 *  long (WALDO_ETIMEOUT). */
WALDO_CHECK int waldo_queue_join(waldo_queue *queue, waldo_error *reterr);
/** Whoever puts, and whoever finds it empty, gets WALDO_ESHUTDOWN from now on, also those who wait
 *  (row G8), and also where an item that somebody took may still come back: join first. immediate:
 *  its items are dropped and count as done (row G9). There is no way back. */
WALDO_CHECK int waldo_queue_shutdown(waldo_queue *queue, bool immediate, waldo_error *reterr);

/* ---- Many in one trip ---- */

/** Puts all items of a list or a tuple next to each other, or none: waits until there is room for
 *  all. TAKES items. WALDO_EFULL; WALDO_EVALUE: more than maxsize; WALDO_ETYPE: neither. */
WALDO_CHECK int waldo_queue_put_many(waldo_queue *queue, waldo_value *items, double timeout,
                                     waldo_error *reterr);
/** Waits for the first item, then gives what is there: a list of 1 to max items. WALDO_EEMPTY. */
WALDO_CHECK int waldo_queue_get_many(waldo_queue *queue, size_t max, double timeout,
                                     waldo_value **ret_items, waldo_error *reterr);
/** The first item that any of these queues has, and which it was. They are of one server; those
 *  further to the front come first. WALDO_EEMPTY; WALDO_ESHUTDOWN: all were shut down;
 *  WALDO_EVALUE: no queues. */
WALDO_CHECK int waldo_queue_get_any(waldo_queue *const *queues, size_t count, double timeout,
                                    size_t *ret_index, waldo_value **ret_item, waldo_error *reterr);
/** Moves at most max items from the front of one queue to the end of another of the same server, as
 *  one step, without waiting: what is there, and has room. Returns success; *ret_moved (may be
 *  NULL) is how many. What was unfinished in the one is unfinished in the other instead. */
WALDO_CHECK int waldo_queue_move(waldo_queue *from, waldo_queue *to, size_t max, int64_t *ret_moved,
                                 waldo_error *reterr);

/* ---- Items that stay in the queue's care until they are acknowledged ---- */

typedef struct waldo_queue_taken {
    int64_t ticket;    /* grows with each taking from this queue: a fencing token */
    int64_t returned;  /* how often the item went back before: 0 the first time */
    waldo_value *item; /* the caller's */
} waldo_queue_taken;

/** As get, but the item goes back to its place in the queue when lease seconds are over, when the
 *  taker's session ends (its process died, say), or when it is given back; unless it was
 *  acknowledged before. lease WALDO_FOREVER: as long as the session. WALDO_EEMPTY; WALDO_EVALUE:
 *  lease is not positive. */
WALDO_CHECK int waldo_queue_take(waldo_queue *queue, double lease, double timeout,
                                 waldo_queue_taken *ret_taken, waldo_error *reterr);
/** The work on it is done, as with task_done. Any client may say so. WALDO_EKEY: the ticket is
 *  nobody's any more: the item went back, and somebody else will do, or has done, the work. */
WALDO_CHECK int waldo_queue_acknowledge(waldo_queue *queue, int64_t ticket, waldo_error *reterr);
/** It goes back at once. WALDO_EKEY. */
WALDO_CHECK int waldo_queue_give_back(waldo_queue *queue, int64_t ticket, waldo_error *reterr);
/** The lease is so many seconds from now on. WALDO_EKEY; WALDO_EVALUE. */
WALDO_CHECK int waldo_queue_renew(waldo_queue *queue, int64_t ticket, double lease,
                                  waldo_error *reterr);

/* ---- For people and tests ---- */

typedef struct waldo_queue_counts {
    int64_t items;      /* in the queue */
    int64_t unfinished; /* put, and not yet done */
    int64_t taken;      /* and neither acknowledged nor back */
    int64_t returned;   /* how often an item went back */
    int64_t getters;    /* calls that wait for an item */
    int64_t putters;    /* calls that wait for room */
    bool is_shutdown;
} waldo_queue_counts;

WALDO_CHECK int waldo_queue_get_counts(waldo_queue *queue, waldo_queue_counts *ret_counts,
                                       waldo_error *reterr);

WALDO_END_DECLS

#endif
