#include "value/unicode.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t waldo__utf8_next(const char *data, size_t size, uint32_t *ret_code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 0)
        return 0;
    unsigned char first = (unsigned char)data[0];
    if (first < 0x80) {
        *ret_code_point = first;
        return 1;
    }
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size < length)
        return 0;
    uint32_t code_point = first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation((unsigned char)data[i]))
            return 0;
        code_point = code_point << 6 | ((unsigned char)data[i] & 0x3f);
    }
    if (code_point < smallest[length] || code_point > 0x10ffff ||
        (code_point >= 0xd800 && code_point <= 0xdfff))
        return 0;
    *ret_code_point = code_point;
    return length;
}

bool waldo__utf8_valid(const char *data, size_t size)
{
    uint32_t code_point;
    for (size_t length; size > 0; data += length, size -= length) {
        length = waldo__utf8_next(data, size, &code_point);
        if (length == 0)
            return false;
    }
    return true;
}
