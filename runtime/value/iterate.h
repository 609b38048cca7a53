/* What is behind the functions that take an iterable. */
#ifndef WALDO_RUNTIME_VALUE_ITERATE_H
#define WALDO_RUNTIME_VALUE_ITERATE_H

#include <waldo/value.h>

/* A list with the iterable's items, for looking at: the iterable itself where it is a list or a
 * tuple (waldo__items reads both), else a new list. WALDO_ETYPE: not iterable. */
int waldo__as_items(const waldo_value *iterable, waldo_value **ret_items, waldo_error *reterr);

#endif
