#include "memory/item.h"

#include <stdlib.h>
#include <string.h>

#include "process/handle.h"

static int pack_parcel(const waldo_value *value, waldo__item *item, waldo_error *reterr)
{
    item->form = WALDO__ITEM_PARCEL;
    item->descriptors = malloc(sizeof *item->descriptors);
    if (!item->descriptors)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = waldo__parcel_pack(value, &item->packed, &item->size, item->descriptors, reterr);
    item->data = item->packed;
    if (status < 0 || item->descriptors->count == 0) {
        free(item->descriptors);
        item->descriptors = NULL;
    }
    return status;
}

static int pack_number(waldo__item *item, waldo__item_form form, const void *number)
{
    item->form = form;
    memcpy(item->small, number, sizeof item->small);
    item->data = item->small;
    item->size = sizeof item->small;
    return 0;
}

int waldo__item_pack(const waldo_value *value, waldo__item *ret_item, waldo_error *reterr)
{
    int64_t integer;
    double real;
    waldo__item *item = ret_item;
    item->packed = NULL;
    item->descriptors = NULL;
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_BYTES:
        item->form = WALDO__ITEM_BYTES;
        return waldo_value_get_bytes(value, &item->data, &item->size, reterr);
    case WALDO_KIND_STR:
        item->form = WALDO__ITEM_STR;
        return waldo_value_get_str(value, (const char **)&item->data, &item->size, reterr);
    case WALDO_KIND_INT:
        if (waldo_value_get_int64(value, &integer, NULL) < 0)
            return pack_parcel(value, item, reterr);
        return pack_number(item, WALDO__ITEM_INT, &integer);
    case WALDO_KIND_FLOAT:
        if (waldo_value_get_double(value, &real, NULL) < 0)
            return pack_parcel(value, item, reterr);
        return pack_number(item, WALDO__ITEM_FLOAT, &real);
    default:
        return pack_parcel(value, item, reterr);
    }
}

void waldo__item_clear(waldo__item *item)
{
    free(item->packed);
    free(item->descriptors);
}

static int give(waldo_value *value, waldo_value **ret_value, waldo_error *reterr)
{
    if (!value)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    *ret_value = value;
    return 0;
}

static int unpack_scalar(unsigned form, const uint8_t *data, size_t size, waldo_value **ret_value,
                         waldo_error *reterr)
{
    int64_t integer;
    double real;
    switch (form) {
    case WALDO__ITEM_BYTES:
        return give(waldo_v_bytes(data, size), ret_value, reterr);
    case WALDO__ITEM_STR:
        return waldo_value_parse_str((const char *)data, size, ret_value, reterr);
    case WALDO__ITEM_INT:
        if (size != sizeof integer)
            break;
        memcpy(&integer, data, sizeof integer);
        return give(waldo_v_int64(integer), ret_value, reterr);
    case WALDO__ITEM_FLOAT:
        if (size != sizeof real)
            break;
        memcpy(&real, data, sizeof real);
        return give(waldo_v_float(real), ret_value, reterr);
    default:
        break;
    }
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "an item of a queue is malformed");
}

int waldo__item_unpack(unsigned form, const uint8_t *data, size_t size,
                       waldo__descriptors *descriptors, waldo_value **ret_value,
                       waldo_error *reterr)
{
    waldo__descriptors none = {.count = 0, .taken = 0};
    if (form == WALDO__ITEM_PARCEL)
        return waldo__parcel_unpack(data, size, descriptors ? descriptors : &none, ret_value,
                                    reterr);
    if (descriptors)
        waldo__close_descriptors(descriptors->items, descriptors->count);
    return unpack_scalar(form, data, size, ret_value, reterr);
}
