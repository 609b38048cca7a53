#include "secure/bundle.h"

enum { ID_SIZE = 4, SIZE_SIZE = 8 };

static void put(uint8_t *bytes, int count, uint64_t number)
{
    for (int i = 0; i < count; i++)
        bytes[i] = (uint8_t)(number >> (8 * (count - 1 - i)));
}

static uint64_t get(const uint8_t *bytes, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return number;
}

void waldo__bundle_put_head(uint8_t head[WALDO__BUNDLE_HEAD], uint32_t id, size_t size)
{
    put(head, ID_SIZE, id);
    put(head + ID_SIZE, SIZE_SIZE, size);
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
    uint64_t length = get(*data + ID_SIZE, SIZE_SIZE);
    if (length > *size - WALDO__BUNDLE_HEAD)
        return false;
    *ret_message = (waldo__bundled){.id = (uint32_t)get(*data, ID_SIZE),
                                    .data = *data + WALDO__BUNDLE_HEAD,
                                    .size = (size_t)length};
    *data += WALDO__BUNDLE_HEAD + length;
    *size -= WALDO__BUNDLE_HEAD + length;
    return true;
}

bool waldo__bundle_is_sound(const uint8_t *data, size_t size)
{
    size_t whole = size, count = 0;
    waldo__bundled message;
    while (waldo__bundle_next(&data, &size, &message))
        count++;
    return size == 0 && (count == 1 || (count > 1 && whole <= WALDO__BUNDLE_MOST));
}
