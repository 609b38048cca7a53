/* All that a client needs. A server includes <waldo/server.h> as well. */
#ifndef WALDO_WALDO_H
#define WALDO_WALDO_H

#include <waldo/abi.h>
#include <waldo/error.h>
#include <waldo/manager.h>
#include <waldo/proxy.h>
#include <waldo/value.h>

#endif
