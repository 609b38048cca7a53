/* Objects that a call names in its arguments. */
#ifndef WALDO_SERVER_TYPES_OTHER_H
#define WALDO_SERVER_TYPES_OTHER_H

#include "call.h"

/* Finds an object on which the caller may call the method; *ret_object is pinned. service NULL: of
 * any; method NULL: anything. < 0: it was raised: no proxy, a stale one, of another type, or out of
 * the caller's rights.
 */
int waldo__other_find(waldo_call *call, const Waldo__Ref *ref, const waldo_service *service,
                      const char *method, waldo__object **ret_object);
/* NULL is a no-op. */
void waldo__other_release(waldo__object *object);

#endif
