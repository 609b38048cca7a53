/* A value on its way to another process of this host: bytes, and descriptors for the handles in it.
 * An ordinary waldo_value_pack refuses handles. */
#ifndef WALDO_RUNTIME_PROCESS_PARCEL_H
#define WALDO_RUNTIME_PROCESS_PARCEL_H

#include <waldo/value.h>

/* As many as one message of a socket can carry. */
#define WALDO__PARCEL_DESCRIPTORS 253

typedef struct waldo__descriptors {
    int items[WALDO__PARCEL_DESCRIPTORS];
    size_t count;
    size_t taken; /* by handles that were rebuilt */
} waldo__descriptors;

/* The descriptors belong to handles in value and are good as long as it is. free() *ret_data.
 * As waldo_value_pack; WALDO_ELIMIT: more descriptors than fit. */
int waldo__parcel_pack(const waldo_value *value, uint8_t **ret_data, size_t *ret_size,
                       waldo__descriptors *descriptors, waldo_error *reterr);
/* TAKES the descriptors, those that nothing asked for as well. As waldo_value_unpack. */
int waldo__parcel_unpack(const uint8_t *data, size_t size, waldo__descriptors *descriptors,
                         waldo_value **ret_value, waldo_error *reterr);

#endif
