/* What all containers have: waiting for a change. And numbers out of results. */
#ifndef WALDO_RUNTIME_TYPES_CHANGE_H
#define WALDO_RUNTIME_TYPES_CHANGE_H

#include <google/protobuf/wrappers.pb-c.h>
#include <waldo/proxy.h>

/* TAKES message, if status says that there is one. Returns status. */
int waldo__take_uint64(int status, Google__Protobuf__UInt64Value *message, uint64_t *ret_number);
/* wait_changed of a container of the generated type: 1 and the new version, 0: not within the
 * timeout. */
int waldo__wait_changed(waldo_proxy *proxy, const waldo_proxy_type *type, uint64_t since,
                        double timeout, uint64_t *ret_version, waldo_error *reterr);

#endif
