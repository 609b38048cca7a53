#include "nesting.h"

#include "model.h"

/* A request, a file, and messages down to the one that model_build refuses. */
#define LEVELS (2 + MODEL_DEPTH + 2)

struct bytes {
    const uint8_t *at;
    size_t left;
};

static bool read_number(struct bytes *bytes, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && bytes->left > 0; shift += 7) {
        uint8_t byte = *bytes->at++;
        bytes->left--;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* Reads one field. *ret_inner is what a length-delimited one holds, else empty. */
static bool read_field(struct bytes *bytes, uint64_t *ret_field, struct bytes *ret_inner)
{
    uint64_t tag;
    uint64_t length = 0;
    if (!read_number(bytes, &tag))
        return false;
    *ret_field = tag >> 3;
    *ret_inner = (struct bytes){bytes->at, 0};
    switch (tag & 7) {
    case 0:
        return read_number(bytes, &length);
    case 1:
        length = 8;
        break;
    case 2:
        if (!read_number(bytes, &length))
            return false;
        *ret_inner = (struct bytes){bytes->at, (size_t)length};
        break;
    case 5:
        length = 4;
        break;
    default:
        return false;
    }
    if (length > bytes->left)
        return false;
    bytes->at += length;
    bytes->left -= (size_t)length;
    return true;
}

/* The field that leads one level down: CodeGeneratorRequest.proto_file,
 * FileDescriptorProto.message_type, then DescriptorProto.nested_type for ever. */
static uint64_t descending_field(unsigned level)
{
    return level == 0 ? 15 : level == 1 ? 4 : 3;
}

static bool is_bounded(struct bytes bytes, unsigned level)
{
    uint64_t field;
    struct bytes inner;
    if (level == LEVELS)
        return false;
    while (bytes.left > 0 && read_field(&bytes, &field, &inner))
        if (field == descending_field(level) && !is_bounded(inner, level + 1))
            return false;
    return true;
}

bool nesting_is_bounded(const uint8_t *request, size_t length)
{
    return is_bounded((struct bytes){request, length}, 0);
}
