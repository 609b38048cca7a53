/* Batches: many calls in one message, of which later ones may use what earlier ones gave.
 *
 *     WALDO_AUTO(waldo_batch) batch = NULL;
 *     waldo_batch_new(manager, &batch, &err);
 *     int made = waldo_batch_create(batch, "list", waldo_v_none(), &err);
 *     int price = waldo_batch_call(batch, waldo_dict_proxy(prices), "__getitem__",
 *                                  waldo_v_tuple(waldo_v("tea")), &err);
 *     waldo_batch_call_on(batch, made, "append",
 *                         waldo_v_tuple(waldo_batch_use(batch, price)), &err);
 *     waldo_batch_run(batch, 0, &err);
 *     waldo_batch_proxy(batch, made, &list, &err);
 *
 * The calls are made one after the other, in the order in which they were added, each when the one
 * before is over. Calls of others may go in between: what must be done as one is a transaction
 * (waldo/transaction.h).
 *
 * Each call has a result or an error of its own. One that fails ends nothing: those behind it are
 * made, but for those that use its result, which fail with its code. A call that waits (`get` of an
 * empty Queue, `acquire` of a Lock that somebody has) makes the batch wait, and nobody else.
 *
 * The whole is one request: it is executed once at most. Where it ends without results (its
 * deadline, WALDO_EGONE), no further call begins; what was done stays done, but what the calls gave
 * goes back: references, a Lock that was acquired, an item that was got from a Queue, which is in
 * two places if a later call has put it somewhere else. A program that dies in a batch is like
 * one that dies in the call that the batch is at.
 *
 * The server bounds the calls of one batch (WALDO_LIMIT_BATCH) and their results together: the
 * largest message. A call whose result does not fit any more has been made, and fails with
 * WALDO_ETOOBIG.
 *
 * One thread may use a batch at a time. */
#ifndef WALDO_BATCH_H
#define WALDO_BATCH_H

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_batch waldo_batch;

/** Without calls; nothing is sent before waldo_batch_run. */
WALDO_CHECK int waldo_batch_new(waldo_manager *manager, waldo_batch **ret_batch,
                                waldo_error *reterr);
/** With all results. NULL is a no-op. Returns NULL. */
waldo_batch *waldo_batch_unref(waldo_batch *batch);
/* For WALDO_AUTO(waldo_batch). */
static inline void waldo_batch_cleanup(waldo_batch **batch)
{
    *batch = waldo_batch_unref(*batch);
}

/* ---- Adding calls. Each returns the number of the call, counted from 0, or an error. The batch
 * remembers the first error, and is not run then; so it is enough to look at waldo_batch_run's ----
 */

/** A call as of waldo_proxy_call. TAKES arguments, which hold no buffers (WALDO_ETYPE). The batch
 *  keeps the proxy. WALDO_EVALUE: the proxy is of another manager; or the arguments use the result
 *  of a call of another batch, or of one that does not come before. */
int waldo_batch_call(waldo_batch *batch, waldo_proxy *proxy, const char *method,
                     waldo_value *arguments, waldo_error *reterr);
/** The same on the object that call `earlier` gives: it makes one, or its result is a proxy. If it
 *  is not, the call fails with WALDO_ETYPE. */
int waldo_batch_call_on(waldo_batch *batch, int earlier, const char *method, waldo_value *arguments,
                        waldo_error *reterr);
/** waldo_proxy_create. TAKES arguments. */
int waldo_batch_create(waldo_batch *batch, const char *type_id, waldo_value *arguments,
                       waldo_error *reterr);
/** What stands for the result of call `earlier` in the arguments of a later one: an argument
 *  itself, or anywhere in lists, tuples, dicts and sets. Only this batch takes it. A call without a
 *  result gives None; one with a message of its own a dict of its fields, as waldo_proxy_call does.
 *  In place of the arguments as a whole that dict names the later call's fields. NULL: out of
 *  memory. */
waldo_value *waldo_batch_use(const waldo_batch *batch, int earlier);

/* ---- Running ---- */

/** Makes the calls. Returns how many of them failed. seconds: for all of them, also those that
 *  wait; 0: the manager's call_timeout; less: WALDO_EVALUE. Errors: those of every call
 *  (waldo/proxy.h); then there are no results. WALDO_ELIMIT: more calls than the server takes.
 *  Again: makes all of them again, in place of the results of before. */
WALDO_CHECK int waldo_batch_run(waldo_batch *batch, double seconds, waldo_error *reterr);
/** The result of a call, as of waldo_proxy_call, each time the same value with a reference more; or
 *  its error. WALDO_EVALUE: there is no such call, or the batch was not run. Where it ended without
 *  results: the error of waldo_batch_run, whether or not this call was made. */
WALDO_CHECK int waldo_batch_result(waldo_batch *batch, int call, waldo_value **ret_result,
                                   waldo_error *reterr);
/** The proxy that a call gave, made an object or named one, with a reference more; or its error.
 *  WALDO_ETYPE: its result is no proxy. */
WALDO_CHECK int waldo_batch_proxy(waldo_batch *batch, int call, waldo_proxy **ret_proxy,
                                  waldo_error *reterr);

WALDO_END_DECLS

#endif
