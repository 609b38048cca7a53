/* Packing and unpacking, through messages: to_message.c, from_message.c, pack.c. */
#include "unit/value/support.h"

#include <waldo/value_message.h>

#include "value/failure.h"
#include "value/reference.h"

/* Out and back: equal, and with the same repr. */
static void round_trip(waldo_value *value)
{
    uint8_t *data;
    size_t size;
    waldo_value *back;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_not_null(value);
    cr_assert(waldo_value_pack(value, &data, &size, &err) >= 0, "%s", err.message);
    cr_assert(waldo_value_unpack(data, size, &back, &err) >= 0, "%s", err.message);
    free(data);
    char *expected = waldo_value_repr(value);
    expect_repr(back, expected);
    free(expected);
    waldo_value_unref(value);
}

Test(pack, every_kind_comes_back)
{
    uint16_t shorts[] = {1, 0x1234, 65535};
    waldo__reference reference = {7, 17, "Counter", "tcp://h:1", NULL, NULL, 0};
    round_trip(waldo_v_none());
    round_trip(waldo_v_bool(false));
    round_trip(waldo_v(-1));
    round_trip(waldo_v(INT64_MIN));
    round_trip(waldo_v(UINT64_MAX));
    round_trip(waldo_v_int_text("-123456789012345678901234567890", 10));
    round_trip(waldo_v(-0.0));
    round_trip(waldo_v(1e300));
    round_trip(waldo_v_str_sized("a\0\xc3\xa9", 4));
    round_trip(waldo_v(""));
    round_trip(waldo_v_bytes("\0\xff", 2));
    round_trip(waldo_v_list(waldo_v(1), waldo_v_list(), waldo_v_tuple(waldo_v("x"))));
    round_trip(waldo_v_dict(waldo_v(2), waldo_v_none(), waldo_v(1), waldo_v_dict()));
    round_trip(waldo_v_set(waldo_v("b"), waldo_v("a"), waldo_v_tuple()));
    round_trip(waldo_v_array('H', shorts, 3));
    round_trip(waldo_v_array('d', NULL, 0));
    round_trip(waldo__v_reference(&reference));
    round_trip(waldo__v_error(WALDO_EKEY, "MyError", "m", "t"));
    round_trip(waldo_v_extension("pickle", "\x80\x04", 2));
}

Test(pack, a_large_value)
{
    waldo_value *list = waldo_v_list();
    for (int i = 0; i < 100000; i++)
        cr_assert(waldo_value_list_append(list, waldo_v_fields("n", waldo_v(i)), NULL) >= 0);
    round_trip(list);
}

Test(pack, depth_is_64)
{
    uint8_t *data;
    size_t size;
    round_trip(nested(64));
    waldo_value *deep = nested(65);
    EXPECT_ERROR(waldo_value_pack(deep, &data, &size, reterr), WALDO_ERECURSION,
                 "value is nested more than 64 deep");
    waldo_value_unref(deep);
}

Test(pack, cycles_are_refused)
{
    waldo_value *list = waldo_v_list();
    uint8_t *data;
    size_t size;
    cr_assert(waldo_value_list_append(list, waldo_v_fields("x", waldo_value_ref(list)), NULL) >= 0);
    EXPECT_ERROR(waldo_value_pack(list, &data, &size, reterr), WALDO_EVALUE, "circular reference");
    cr_assert(waldo_value_clear(list, NULL) >= 0);
    waldo_value_unref(list);
}

Test(pack, one_large_item_many_times_is_refused)
{
    char *text = calloc(1, 1 << 20);
    waldo_value *once = waldo_v_list(waldo_v_bytes(text, 1 << 20));
    waldo_value *often;
    waldo_value *times = waldo_v(100000);
    uint8_t *data;
    size_t size;
    free(text);
    cr_assert(waldo_value_mul(once, times, &often, NULL) >= 0);
    EXPECT_ERROR(waldo_value_pack(often, &data, &size, reterr), WALDO_ETOOBIG,
                 "the value would take more than 1073741824 bytes as a message");
    waldo_value_unref(once);
    waldo_value_unref(often);
    waldo_value_unref(times);
}

/* ---- Hostile bytes and messages ---- */

static void refuse(const char *bytes, size_t size, int code, const char *message)
{
    waldo_value *value = NULL;
    EXPECT_ERROR(waldo_value_unpack((const uint8_t *)bytes, size, &value, reterr), code, message);
    cr_assert_null(value);
}

Test(pack, malformed_values_are_refused)
{
    refuse("", 0, WALDO_EPROTOCOL, "malformed value: it has no kind");
    refuse("\xfa\x01\x00", 3, WALDO_EPROTOCOL, "malformed value: it has no kind");
    refuse("\x32\x01\xff", 3, WALDO_EPROTOCOL, "malformed value: a str that is not UTF-8");
    refuse("\x52\x04\x0a\x02\x08\x01", 6, WALDO_EPROTOCOL,
           "malformed value: a dict with more keys than values, or fewer");
    refuse("\x52\x08\x0a\x02\x42\x00\x12\x02\x08\x01", 10, WALDO_EPROTOCOL,
           "malformed value: unhashable type: 'list'");
    refuse("\x5a\x04\x0a\x02\x52\x00", 6, WALDO_EPROTOCOL,
           "malformed value: unhashable type: 'dict'");
    refuse("\x62\x02\x08\x7a", 4, WALDO_EPROTOCOL, "malformed value: an array with a bad typecode");
    refuse("\x62\x05\x08\x69\x12\x01\x00", 7, WALDO_EPROTOCOL,
           "malformed value: an array that ends within an item");
    refuse("\x42\x02\x0a\x00", 4, WALDO_EPROTOCOL, "malformed value: it has no kind");
    refuse("\x42\x7f", 2, WALDO_EPROTOCOL,
           "malformed waldo.Value: a field does not end within the message");
    refuse("\x74\x06", 2, WALDO_EPROTOCOL,
           "malformed waldo.Value: a field does not end within the message");
}

Test(pack, a_big_integer_need_not_be_minimal)
{
    waldo_value *value;
    cr_assert(waldo_value_unpack((const uint8_t *)"\x22\x03\0\0\5", 5, &value, NULL) >= 0);
    expect_repr(value, "5");
    cr_assert(waldo_value_unpack((const uint8_t *)"\x22\x00", 2, &value, NULL) >= 0);
    expect_repr(value, "0");
}

Test(pack, no_object_is_none)
{
    waldo_value *value;
    cr_assert(waldo_value_unpack((const uint8_t *)"\x6a\x00", 2, &value, NULL) >= 0);
    expect_repr(value, "None");
}

/* length of field 8 (list), then of field 1 (items), of what is inside: from the inside out. */
static uint8_t *deep_bytes(int depth, size_t *ret_size)
{
    size_t room = (size_t)depth * 10 + 16;
    uint8_t *bytes = malloc(room);
    uint8_t *start = bytes + room;
    size_t size = 0;
    for (int i = 0; i < 2 * depth; i++) {
        size_t length = size;
        uint8_t varint[5];
        size_t count = 0;
        do {
            varint[count++] = (uint8_t)((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
        } while ((length >>= 7) > 0);
        start -= count;
        memcpy(start, varint, count);
        *--start = i % 2 == 0 ? 0x42 : 0x0a;
        size += count + 1;
    }
    memmove(bytes, start, size);
    *ret_size = size;
    return bytes;
}

Test(pack, deep_bytes_are_refused_before_anything_is_unpacked)
{
    static const struct {
        int depth;
        int code;
    } cases[] = {
        {64, 0}, {65, WALDO_ERECURSION}, {100, WALDO_ERECURSION}, {100000, WALDO_ERECURSION}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *bytes = deep_bytes(cases[i].depth, &size);
        /* The outermost field is `items` of a Sequence; a Value starts one further in. */
        size_t skip = 1;
        while (bytes[skip++] & 0x80)
            continue;
        waldo_value *value;
        int status = waldo_value_unpack(bytes + skip, size - skip, &value, NULL);
        cr_assert_eq(status, cases[i].code, "%d: %d", cases[i].depth, status);
        if (status >= 0)
            waldo_value_unref(value);
        free(bytes);
    }
}

Test(pack, every_cut_and_every_flipped_bit_is_survived)
{
    waldo_value *value = waldo_v_dict(
        waldo_v("key"), waldo_v_list(waldo_v(1), waldo_v(UINT64_MAX), waldo_v_bytes("x", 1)),
        waldo_v_tuple(waldo_v(0.5)), waldo_v_set(waldo_v("a")), waldo_v_none(),
        waldo_v_array('i', NULL, 2), waldo_v(3), waldo_v_error(-3, "KeyError", "m"), waldo_v(4),
        waldo_v_extension("n", "d", 1));
    uint8_t *data;
    size_t size;
    waldo_value *back;
    cr_assert(waldo_value_pack(value, &data, &size, NULL) >= 0);
    waldo_value_unref(value);
    for (size_t cut = 0; cut < size; cut++)
        if (waldo_value_unpack(data, cut, &back, NULL) >= 0)
            waldo_value_unref(back);
    for (size_t bit = 0; bit < size * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (waldo_value_unpack(data, size, &back, NULL) >= 0)
            waldo_value_unref(back);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(data);
}

Test(pack, a_callers_message_may_lack_its_parts)
{
    Waldo__Value message = WALDO__VALUE__INIT;
    static const Waldo__Value__KindCase kinds[] = {
        WALDO__VALUE__KIND_LIST,  WALDO__VALUE__KIND_DICT,  WALDO__VALUE__KIND_SET,
        WALDO__VALUE__KIND_ARRAY, WALDO__VALUE__KIND_ERROR, WALDO__VALUE__KIND_EXTENSION};
    waldo_value *value;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        message.kind_case = kinds[i];
        cr_assert_eq(waldo_value_from_message(&message, &value, NULL), WALDO_EPROTOCOL);
    }
    Waldo__Value *items[] = {NULL};
    Waldo__Sequence sequence = WALDO__SEQUENCE__INIT;
    sequence.n_items = 1;
    sequence.items = items;
    message.kind_case = WALDO__VALUE__KIND_TUPLE;
    message.tuple = &sequence;
    EXPECT_ERROR(waldo_value_from_message(&message, &value, reterr), WALDO_EPROTOCOL,
                 "malformed value: an item that is not there");
    cr_assert(waldo_value_from_message(NULL, &value, NULL) >= 0);
    expect_repr(value, "None");
}

/* ---- Out of memory: the n-th allocation fails, for every n ---- */

typedef struct failing {
    int left;
    int live;
} failing;

static void *failing_alloc(void *data, size_t size)
{
    failing *f = data;
    if (f->left-- <= 0)
        return NULL;
    f->live++;
    return malloc(size);
}

static void failing_free(void *data, void *memory)
{
    ((failing *)data)->live -= memory != NULL;
    free(memory);
}

Test(pack, running_out_of_memory_leaks_nothing)
{
    waldo__reference reference = {7, 17, "Counter", "tcp://h:1", NULL, NULL, 0};
    waldo_value *value = waldo_v_list(
        waldo_v_fields("a", waldo_v("b")), waldo_v_set(waldo_v(UINT64_MAX)),
        waldo_v_array('i', NULL, 2), waldo_v_error(-3, "KeyError", "m"),
        waldo_v_extension("n", "d", 1), waldo__v_reference(&reference), waldo_v_none());
    int status = WALDO_ENOMEM;
    for (int allowed = 0; status < 0; allowed++) {
        failing f = {allowed, 0};
        ProtobufCAllocator allocator = {failing_alloc, failing_free, &f};
        Waldo__Value *message = NULL;
        status = waldo_value_to_message(value, &allocator, &message, NULL);
        cr_assert(status == 0 || status == WALDO_ENOMEM);
        cr_assert_eq(message != NULL, status == 0);
        if (message)
            waldo__value__free_unpacked(message, &allocator);
        cr_assert_eq(f.live, 0);
    }
    waldo_value_unref(value);
}
