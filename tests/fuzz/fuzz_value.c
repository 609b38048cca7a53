/* Any bytes as a packed waldo.Value. What is taken must survive being packed again, and everything
 * that can be asked of it; and what is taken in two parts is what the whole is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/value.h>

#include "waldo/value.pb-c.h"
#include "wire/scan.h"
#include "wire/tail.h"

enum { TAIL_MOST = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const waldo_value *value)
{
    uint64_t hash;
    int order;
    (void)!waldo_value_hash(value, &hash, NULL);
    (void)!waldo_value_compare(value, value, &order, NULL);
    free(waldo_value_repr(value));
}

static void assert_same(const ProtobufCMessage *one, const ProtobufCMessage *other)
{
    size_t size = protobuf_c_message_get_packed_size(one);
    if (protobuf_c_message_get_packed_size(other) != size)
        abort();
    uint8_t *bytes = malloc(2 * size + 1);
    protobuf_c_message_pack(one, bytes);
    protobuf_c_message_pack(other, bytes + size);
    if (memcmp(bytes, bytes + size, size) != 0)
        abort();
    free(bytes);
}

static void take_in_parts(const uint8_t *data, size_t size, size_t lead)
{
    const ProtobufCMessageDescriptor *type = &waldo__value__descriptor;
    size_t led = size - lead;
    waldo__buffer shortened = {0}, rest = {0};
    ProtobufCMessage *message, *whole;
    if (!waldo__buffer_append(&rest, data + lead, led))
        abort();
    if (waldo__tail_leave_out(data, lead, led, &shortened) &&
        waldo__tail_unpack_led(type, shortened.data, shortened.size, led, &rest, &message, NULL) >
            0) {
        if (waldo__unpack(type, NULL, data, size, &whole, NULL) < 0)
            abort();
        assert_same(message, whole);
        protobuf_c_message_free_unpacked(message, NULL);
        protobuf_c_message_free_unpacked(whole, NULL);
    }
    waldo__buffer_free(&shortened);
    waldo__buffer_free(&rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t led = 1; led <= size && led <= TAIL_MOST; led++)
        take_in_parts(data, size, size - led);
    waldo_value *value;
    waldo_value *again;
    uint8_t *packed;
    size_t packed_size;
    if (waldo_value_unpack(data, size, &value, NULL) < 0)
        return 0;
    ask(value);
    if (waldo_value_pack(value, &packed, &packed_size, NULL) < 0 ||
        waldo_value_unpack(packed, packed_size, &again, NULL) < 0)
        abort();
    free(packed);
    char *repr = waldo_value_repr(value);
    char *other = waldo_value_repr(again);
    for (size_t i = 0; repr[i] || other[i]; i++)
        if (repr[i] != other[i])
            abort();
    free(repr);
    free(other);
    waldo_value_unref(value);
    waldo_value_unref(again);
    return 0;
}
