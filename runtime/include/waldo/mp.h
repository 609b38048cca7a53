/* Processes on one host and what they share: Python's multiprocessing. No server is needed.
 * <waldo/mp/buffer.h>, which needs DLPack's header, is not in it. */
#ifndef WALDO_MP_H
#define WALDO_MP_H

#include <waldo/mp/connection.h>
#include <waldo/mp/handle.h>
#include <waldo/mp/listener.h>
#include <waldo/mp/process.h>
#include <waldo/mp/queue.h>
#include <waldo/mp/shared_memory.h>
#include <waldo/mp/sharedctypes.h>
#include <waldo/mp/sync.h>

#endif
