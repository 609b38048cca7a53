/* Values that name an object of a server. The proxy layer hangs its own state on them. */
#ifndef WALDO_RUNTIME_VALUE_REFERENCE_H
#define WALDO_RUNTIME_VALUE_REFERENCE_H

#include <stdint.h>

#include <waldo/value.h>

typedef struct waldo__reference {
    uint64_t incarnation;
    uint64_t object;
    const char *type_id; /* NULL counts as "" */
    const char *address;
    /* The proxy layer's own, or NULL; release(live) runs when the value is freed. */
    void *live;
    void (*release)(void *live);
    uint64_t ticket; /* keeps the object on the value's way; 0: none */
} waldo__reference;

/* A proxy value; the texts are copied. NULL: out of memory; then live is still the caller's. */
waldo_value *waldo__v_reference(const waldo__reference *reference);
/* What a proxy value names, as long as it lives; NULL for another kind. */
const waldo__reference *waldo__value_reference(const waldo_value *value);

#endif
