/* Numbers and truths out of the results of the builtin types' calls. */
#ifndef WALDO_RUNTIME_TYPES_RESULTS_H
#define WALDO_RUNTIME_TYPES_RESULTS_H

#include <google/protobuf/wrappers.pb-c.h>
#include <stddef.h>

/* All TAKE message, if status says that there is one, and return a negative status as it is. */

/* 1 or 0. */
int waldo__take_truth(int status, Google__Protobuf__BoolValue *message);
int waldo__take_size(int status, Google__Protobuf__UInt64Value *message, size_t *ret_size);

#endif
