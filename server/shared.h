/* Objects that all who create them share (waldo_registry_share). A server makes each of them when
 * it is first asked for, and keeps it to its end. */
#ifndef WALDO_SERVER_SHARED_H
#define WALDO_SERVER_SHARED_H

#include <waldo/service.h>

#include "object.h"

/* The strand for a request to create one of the type. Those for a shared object run one at a time:
 * while the first one makes it the others wait, and no thread with them. *ret_strand is NULL for
 * other types. < 0: no memory, it was raised. */
int waldo__create_strand(waldo_call *call, const waldo__type *type, waldo__strand **ret_strand);
/* The object of a shared type, which is made if it is not there. *ret_object with a pin. */
int waldo__call_share(waldo_call *call, const waldo__type *type, waldo__object **ret_object);
/* At the end, when the objects are gone. */
void waldo__shared_free(waldo_server *server);

#endif
