/* The builtin types' handlers, one file each. */
#ifndef WALDO_SERVER_TYPES_BUILTINS_H
#define WALDO_SERVER_TYPES_BUILTINS_H

#include "waldo/builtins.service.h"

extern const struct waldo_builtin_value_ops waldo__value_ops;

#endif
