/* The builtin types' handlers, one file each. */
#ifndef WALDO_SERVER_TYPES_BUILTINS_H
#define WALDO_SERVER_TYPES_BUILTINS_H

#include "waldo/builtins.service.h"

/* The type of generators that a method started: `Iterator`. */
extern const waldo_service waldo__iterator_service;

extern const struct waldo_builtin_value_ops waldo__value_ops;
extern const struct waldo_builtin_array_ops waldo__array_ops;
extern const struct waldo_builtin_list_ops waldo__list_ops;
extern const struct waldo_builtin_set_ops waldo__set_ops;
extern const struct waldo_builtin_lock_ops waldo__lock_ops;
extern const struct waldo_builtin_r_lock_ops waldo__rlock_ops;
extern const struct waldo_builtin_semaphore_ops waldo__semaphore_ops;
extern const struct waldo_builtin_bounded_semaphore_ops waldo__bounded_semaphore_ops;
extern const struct waldo_builtin_condition_ops waldo__condition_ops;
extern const struct waldo_builtin_event_ops waldo__event_ops;
extern const struct waldo_builtin_barrier_ops waldo__barrier_ops;
extern const struct waldo_builtin_queue_ops waldo__queue_ops;
extern const struct waldo_builtin_dict_ops waldo__dict_ops;
extern const struct waldo_builtin_namespace_ops waldo__namespace_ops;

#endif
