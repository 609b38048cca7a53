/* An item of a queue as bytes, and the descriptors of its handles. What programs send most has a
 * form of its own; the rest are parcels. */
#ifndef WALDO_RUNTIME_MEMORY_ITEM_H
#define WALDO_RUNTIME_MEMORY_ITEM_H

#include "process/parcel.h"

/* In the queue's memory: stays as it is. */
typedef enum waldo__item_form {
    WALDO__ITEM_PARCEL,
    WALDO__ITEM_BYTES,
    WALDO__ITEM_STR,
    WALDO__ITEM_INT,
    WALDO__ITEM_FLOAT
} waldo__item_form;

typedef struct waldo__item {
    waldo__item_form form;
    const uint8_t *data;
    size_t size;
    uint8_t *packed;                 /* to be freed */
    uint8_t small[8];                /* where data points to for numbers */
    waldo__descriptors *descriptors; /* to be freed; NULL: none */
} waldo__item;

/* Good as long as the value is and the item is not moved. Errors as waldo__parcel_pack. */
int waldo__item_pack(const waldo_value *value, waldo__item *ret_item, waldo_error *reterr);
void waldo__item_clear(waldo__item *item);
/* For bytes from anywhere. TAKES the descriptors (NULL: none). As waldo__parcel_unpack. */
int waldo__item_unpack(unsigned form, const uint8_t *data, size_t size,
                       waldo__descriptors *descriptors, waldo_value **ret_value,
                       waldo_error *reterr);

#endif
