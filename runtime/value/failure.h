/* Errors as values, with the trace that the public constructor has no room for. */
#ifndef WALDO_RUNTIME_VALUE_FAILURE_H
#define WALDO_RUNTIME_VALUE_FAILURE_H

#include <waldo/value.h>

#include "error_internal.h"

/* type_name NULL or empty: the code's. NULL: out of memory. */
waldo_value *waldo__v_error(int code, const char *type_name, const char *message,
                            const char *trace);

#endif
