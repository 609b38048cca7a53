/* The builtin types' handlers, one file each. */
#ifndef WALDO_SERVER_TYPES_BUILTINS_H
#define WALDO_SERVER_TYPES_BUILTINS_H

#include "waldo/builtins.service.h"

extern const struct waldo_builtin_value_ops waldo__value_ops;
extern const struct waldo_builtin_array_ops waldo__array_ops;
extern const struct waldo_builtin_list_ops waldo__list_ops;
extern const struct waldo_builtin_set_ops waldo__set_ops;

#endif
