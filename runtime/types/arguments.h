/* Messages for the calls of the builtin types: values as their fields, and values out of results.
 */
#ifndef WALDO_RUNTIME_TYPES_ARGUMENTS_H
#define WALDO_RUNTIME_TYPES_ARGUMENTS_H

#include <waldo/value_message.h>

#include "wire/arena.h"

/* The memory of one call's arguments, and the first thing that went wrong with them. */
typedef struct waldo__arguments {
    waldo__arena arena;
    waldo_value *lent; /* whose many bytes are in a message as they are; or NULL */
    waldo_error *reterr;
    int status;
} waldo__arguments;

void waldo__arguments_begin(waldo__arguments *arguments, waldo_error *reterr);
/* The value as a message. TAKES value. NULL after a failure, which is arguments->status. */
Waldo__Value *waldo__arguments_add(waldo__arguments *arguments, waldo_value *value);
void waldo__arguments_end(waldo__arguments *arguments);

/* A call's result as a value: TAKES message, if status says that there is one. ret_value may be
 * NULL. */
int waldo__take_value(int status, Waldo__Value *message, waldo_value **ret_value,
                      waldo_error *reterr);

#endif
