/* All that a client needs. A server includes <waldo/server.h> as well.
 *
 * Comments in these headers name rows, such as "row B9": behaviours of Python's multiprocessing,
 * listed in docs/conformance.md with what Waldo does and the test that shows it. */
#ifndef WALDO_WALDO_H
#define WALDO_WALDO_H

#include <waldo/abi.h>
#include <waldo/barrier.h>
#include <waldo/batch.h>
#include <waldo/condition.h>
#include <waldo/dict.h>
#include <waldo/error.h>
#include <waldo/event.h>
#include <waldo/future.h>
#include <waldo/list.h>
#include <waldo/lock.h>
#include <waldo/manager.h>
#include <waldo/namespace.h>
#include <waldo/proxy.h>
#include <waldo/queue.h>
#include <waldo/semaphore.h>
#include <waldo/set.h>
#include <waldo/shared_array.h>
#include <waldo/shared_value.h>
#include <waldo/transaction.h>
#include <waldo/value.h>
#include <waldo/value_methods.h>

#endif
