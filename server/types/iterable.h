/* Arguments that may be containers or proxies of some. */
#ifndef WALDO_SERVER_TYPES_ITERABLE_H
#define WALDO_SERVER_TYPES_ITERABLE_H

#include <waldo/service.h>

/* The value itself or, if it is a proxy of a container of this server, what is in that container
 * now. TAKES value. No cell may be entered. Raised at the call. */
int waldo__iterable_from(waldo_call *call, waldo_value *value, waldo_value **ret_value);
/* The same for an argument; an absent one is WALDO_ETYPE. */
int waldo__iterable_argument(waldo_call *call, const Waldo__Value *message, const char *name,
                             waldo_value **ret_value);
/* A cell with what the conversion makes of an argument, as a constructor's result; an absent one is
 * an empty iterable. */
int waldo__cell_from_iterable(waldo_call *call, const Waldo__Value *message,
                              int (*convert)(const waldo_value *iterable, waldo_value **ret_value,
                                             waldo_error *reterr),
                              void **ret_self);
/* One of **kwargs: sets dict[name]. */
int waldo__keyword_argument(waldo_call *call, const char *name, const Waldo__Value *message,
                            waldo_value *dict);

#endif
