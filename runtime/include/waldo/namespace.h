/* Namespace: an object in a server whose attributes all who hold a proxy of it share (row H8).
 *
 * Any name will do. One that begins with '_' is the proxy's own: it stays in this process, and is
 * never sent or shown. It prints as Python's: "Namespace(a=1, b=2)", sorted.
 *
 * waldo_value arguments are TAKEN, as <waldo/value.h> says it; results are new references. Any
 * thread may use a Namespace. Errors are those of every call (<waldo/proxy.h>), and
 * WALDO_EATTRIBUTE: "'Namespace' object has no attribute 'x'". */
#ifndef WALDO_NAMESPACE_H
#define WALDO_NAMESPACE_H

#include <stdint.h>

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_namespace waldo_namespace;

/** Without attributes. The caller owns *ret_namespace. */
WALDO_CHECK int waldo_namespace_new(waldo_manager *manager, waldo_namespace **ret_namespace,
                                    waldo_error *reterr);
/** With some: waldo_v_fields("a", waldo_v(1), ...), or any dict whose keys are str (WALDO_ETYPE).
 */
WALDO_CHECK int waldo_namespace_new_from(waldo_manager *manager, waldo_value *attributes,
                                         waldo_namespace **ret_namespace, waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no Namespace. The caller owns *ret_namespace.
 */
WALDO_CHECK int waldo_namespace_from_proxy(waldo_proxy *proxy, waldo_namespace **ret_namespace,
                                           waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_namespace_from_value(waldo_manager *manager, const waldo_value *value,
                                           waldo_namespace **ret_namespace, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_namespace_from_name(waldo_manager *manager, const char *name,
                                          waldo_namespace **ret_namespace, waldo_error *reterr);
waldo_namespace *waldo_namespace_ref(waldo_namespace *self);
/** NULL is a no-op. Returns NULL. */
waldo_namespace *waldo_namespace_unref(waldo_namespace *self);
/* For WALDO_AUTO(waldo_namespace). */
static inline void waldo_namespace_cleanup(waldo_namespace **self)
{
    waldo_namespace_unref(*self);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_namespace_proxy(waldo_namespace *self);

/** self.name = value */
WALDO_CHECK int waldo_namespace_set(waldo_namespace *self, const char *name, waldo_value *value,
                                    waldo_error *reterr);
/** self.name */
WALDO_CHECK int waldo_namespace_get(waldo_namespace *self, const char *name,
                                    waldo_value **ret_value, waldo_error *reterr);
/** del self.name */
WALDO_CHECK int waldo_namespace_delete(waldo_namespace *self, const char *name,
                                       waldo_error *reterr);
/** All attributes but the proxy's own, as a dict. */
WALDO_CHECK int waldo_namespace_copy(waldo_namespace *self, waldo_value **ret_attributes,
                                     waldo_error *reterr);

/** A number that grows with every change. */
WALDO_CHECK int waldo_namespace_version(waldo_namespace *self, uint64_t *ret_version,
                                        waldo_error *reterr);
/** As waldo_dict_wait_changed: 1 and *ret_version, or 0: not within the timeout. */
WALDO_CHECK int waldo_namespace_wait_changed(waldo_namespace *self, uint64_t since, double timeout,
                                             uint64_t *ret_version, waldo_error *reterr);

WALDO_END_DECLS

#endif
