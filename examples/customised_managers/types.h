/* class MyManager(BaseManager): the types of demo.proto, registered. */
#ifndef EXAMPLES_CUSTOMISED_MANAGERS_TYPES_H
#define EXAMPLES_CUSTOMISED_MANAGERS_TYPES_H

#include <waldo/server.h>

/* NULL: *reterr says why. waldo_registry_unref it. */
waldo_registry *my_manager_types(waldo_error *reterr);

#endif
