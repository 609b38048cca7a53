/* What a server tells about itself. Each answers the call, or returns an error's code. */
#ifndef WALDO_SERVER_INTROSPECT_H
#define WALDO_SERVER_INTROSPECT_H

#include "call.h"

int waldo__describe_type(waldo_call *call, const waldo__type *type);
int waldo__list_types(waldo_call *call);

#endif
