/* Event: a flag that clients wait for (row F15). Any thread may use one; each function is one call,
 * with the errors of every call (<waldo/proxy.h>). */
#ifndef WALDO_EVENT_H
#define WALDO_EVENT_H

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_event waldo_event;

/** One that is not set. */
WALDO_CHECK int waldo_event_new(waldo_manager *manager, waldo_event **ret_event,
                                waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no event. The caller owns *ret_event. */
WALDO_CHECK int waldo_event_from_proxy(waldo_proxy *proxy, waldo_event **ret_event,
                                       waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_event_from_value(waldo_manager *manager, const waldo_value *value,
                                       waldo_event **ret_event, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_event_from_name(waldo_manager *manager, const char *name,
                                      waldo_event **ret_event, waldo_error *reterr);
waldo_event *waldo_event_ref(waldo_event *event);
/** NULL is a no-op. Returns NULL. */
waldo_event *waldo_event_unref(waldo_event *event);
/* For WALDO_AUTO(waldo_event). */
static inline void waldo_event_cleanup(waldo_event **event)
{
    waldo_event_unref(*event);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_event_proxy(waldo_event *event);

/** 1 or 0. */
WALDO_CHECK int waldo_event_is_set(waldo_event *event, waldo_error *reterr);
/** Wakes all who wait. */
WALDO_CHECK int waldo_event_set(waldo_event *event, waldo_error *reterr);
WALDO_CHECK int waldo_event_clear(waldo_event *event, waldo_error *reterr);
/** 1: it is set, 0: not within so many seconds; WALDO_FOREVER, and 0 to look only. WALDO_EVALUE for
 * a negative number. */
WALDO_CHECK int waldo_event_wait(waldo_event *event, double timeout, waldo_error *reterr);

WALDO_END_DECLS

#endif
