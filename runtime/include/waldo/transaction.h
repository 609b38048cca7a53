/* Transactions: calls on several objects of one server that are done as one, or not at all.
 *
 *     WALDO_AUTO(waldo_transaction) transfer = NULL;
 *     waldo_transaction_new(manager, &transfer, &err);
 *     waldo_transaction_add(transfer, waldo_dict_proxy(from), "add",
 *                           waldo_v_tuple(waldo_v("ada"), waldo_v(-10)), &err);
 *     waldo_transaction_add(transfer, waldo_dict_proxy(to), "add",
 *                           waldo_v_tuple(waldo_v("bob"), waldo_v(10)), &err);
 *     waldo_transaction_commit(transfer, NULL, &err);
 *
 * The whole is one message. The server holds all objects that it names, calls one method after the
 * other, and nobody sees anything in between. If a step fails, the steps before it are undone, and
 * no object has changed; its error is the transaction's. A transaction that was sent is done or
 * not, whatever becomes of its sender; as with every call, it is never done twice.
 *
 * A step is a call of a dict, list, set, Namespace, Value or Array, of any exposed method that
 * gives one result; or of a Queue: put, put_nowait, put_many, get, get_nowait, get_many, qsize,
 * empty, full, task_done, acknowledge, counts. No step waits: what would, fails (Empty, Full). An
 * item that a step got is gone from the queue, even if the reply does not arrive: who must not lose
 * it takes it before (waldo_queue_take), and acknowledges it in the transaction that has the
 * result.
 *
 * The server copies each container that a step may change, as deep as the container itself, to undo
 * it: keep what changes together in containers of a moderate size. One thread may use a transaction
 * at a time. */
#ifndef WALDO_TRANSACTION_H
#define WALDO_TRANSACTION_H

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_transaction waldo_transaction;

/** Without steps; nothing is sent yet. */
WALDO_CHECK int waldo_transaction_new(waldo_manager *manager, waldo_transaction **ret_transaction,
                                      waldo_error *reterr);
/** NULL is a no-op. Returns NULL. */
waldo_transaction *waldo_transaction_unref(waldo_transaction *transaction);
/* For WALDO_AUTO(waldo_transaction). */
static inline void waldo_transaction_cleanup(waldo_transaction **transaction)
{
    *transaction = waldo_transaction_unref(*transaction);
}

/** The next step: a call as of waldo_proxy_call. TAKES arguments. WALDO_EVALUE: the proxy is of
 *  another manager. */
WALDO_CHECK int waldo_transaction_add(waldo_transaction *transaction, waldo_proxy *proxy,
                                      const char *method, waldo_value *arguments,
                                      waldo_error *reterr);
/** The same, and the step fails where its result is not equal to `expected` (WALDO_EASSERTION). For
 *  what must not have changed since it was looked at. TAKES arguments and expected. */
WALDO_CHECK int waldo_transaction_expect(waldo_transaction *transaction, waldo_proxy *proxy,
                                         const char *method, waldo_value *arguments,
                                         waldo_value *expected, waldo_error *reterr);
/** Does it. *ret_results (may be NULL): a list of the steps' results. The steps stay, so that it
 * can be done again. Errors: those of every call (waldo/proxy.h), and those of the steps;
 * WALDO_ETYPE: no step of a transaction. */
WALDO_CHECK int waldo_transaction_commit(waldo_transaction *transaction, waldo_value **ret_results,
                                         waldo_error *reterr);
/** Which step, counted from 0 (traces count from 1), made the last commit fail; -1: none of them.
 */
int waldo_transaction_failed_step(const waldo_transaction *transaction);

WALDO_END_DECLS

#endif
