#include "secure/bundle.h"

#include <endian.h>
#include <string.h>

void waldo__bundle_put_head(uint8_t head[WALDO__BUNDLE_HEAD], uint32_t id, size_t size)
{
    uint32_t first = htobe32(id);
    uint64_t second = htobe64(size);
    memcpy(head, &first, sizeof first);
    memcpy(head + sizeof first, &second, sizeof second);
}

bool waldo__bundle_append(waldo__buffer *bundle, uint32_t id, const uint8_t *data, size_t size)
{
    uint8_t head[WALDO__BUNDLE_HEAD];
    size_t before = bundle->size;
    waldo__bundle_put_head(head, id, size);
    if (waldo__buffer_append(bundle, head, sizeof head) && waldo__buffer_append(bundle, data, size))
        return true;
    bundle->size = before;
    return false;
}

bool waldo__bundle_next(const uint8_t **data, size_t *size, waldo__bundled *ret_message)
{
    if (*size < WALDO__BUNDLE_HEAD)
        return false;
    uint32_t id;
    uint64_t length;
    memcpy(&id, *data, sizeof id);
    memcpy(&length, *data + sizeof id, sizeof length);
    length = be64toh(length);
    if (length > *size - WALDO__BUNDLE_HEAD)
        return false;
    *ret_message = (waldo__bundled){
        .id = be32toh(id), .data = *data + WALDO__BUNDLE_HEAD, .size = (size_t)length};
    *data += WALDO__BUNDLE_HEAD + length;
    *size -= WALDO__BUNDLE_HEAD + length;
    return true;
}

bool waldo__bundle_is_sound(const uint8_t *data, size_t size)
{
    waldo__bundled message;
    if (size > WALDO__BUNDLE_MOST)
        return false;
    while (waldo__bundle_next(&data, &size, &message))
        ;
    return size == 0;
}
