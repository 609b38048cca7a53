/* The tail of a message: what is packed without it and with it behind is what protobuf packs; what
 * is unpacked with it in place is what waldo__unpack makes. */
#include "wire/tail.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "waldo/value.pb-c.h"
#include "wire/arena.h"
#include "wire/scan.h"

enum { LEAST = WALDO__TAIL_LEAST };

static uint8_t *bytes_of(size_t size)
{
    uint8_t *bytes = malloc(size + 1);

    cr_assert_not_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    return bytes;
}

static void fill(Waldo__Value *value, uint8_t *bytes, size_t size)
{
    waldo__value__init(value);
    value->kind_case = WALDO__VALUE__KIND_BYTES;
    value->bytes = (ProtobufCBinaryData){size, bytes};
}

static uint8_t *packed_by_protobuf(const ProtobufCMessage *message, size_t *ret_size)
{
    uint8_t *plain = malloc(protobuf_c_message_get_packed_size(message) + 1);

    *ret_size = protobuf_c_message_pack(message, plain);
    return plain;
}

/* Packs it both ways. Returns the size of the tail. */
static size_t assert_packs(const ProtobufCMessage *message)
{
    size_t size;
    uint8_t *plain = packed_by_protobuf(message, &size);
    ProtobufCBinaryData tail = waldo__tail_find(message);
    const uint8_t *found = tail.data;
    waldo__buffer packed = {0};

    cr_assert(waldo__tail_pack(&packed, message, &tail));
    if (tail.len > 0)
        cr_assert_eq(tail.data, found);
    cr_assert_eq(packed.size + tail.len, size);
    cr_assert_eq(memcmp(packed.data, plain, packed.size), 0);
    if (tail.len > 0)
        cr_assert_eq(memcmp(tail.data, plain + packed.size, tail.len), 0);
    waldo__buffer_free(&packed);
    free(plain);
    return tail.len;
}

Test(tail, is_left_out_from_a_size_on)
{
    const size_t sizes[] = {0, 1, LEAST - 1, LEAST, LEAST + 1, 3 * LEAST, 2097200};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *bytes = bytes_of(sizes[i]);
        Waldo__Value value;
        fill(&value, bytes, sizes[i]);
        cr_assert_eq(assert_packs(&value.base), sizes[i] < LEAST ? 0 : sizes[i]);
        free(bytes);
    }
}

/* A list of lists, the innermost with that item last, and others before it or not. */
typedef struct nest {
    Waldo__Value values[4];
    Waldo__Sequence lists[3];
    Waldo__Value *items[3][2];
    Waldo__Value number;
} nest;

static Waldo__Value *fill_nest(nest *n, uint8_t *bytes, size_t size)
{
    waldo__value__init(&n->number);
    n->number.kind_case = WALDO__VALUE__KIND_INTEGER;
    n->number.integer = 300;
    fill(&n->values[3], bytes, size);
    for (int i = 2; i >= 0; i--) {
        waldo__sequence__init(&n->lists[i]);
        n->items[i][0] = &n->number;
        n->items[i][1] = &n->values[i + 1];
        n->lists[i].n_items = 2;
        n->lists[i].items = n->items[i];
        waldo__value__init(&n->values[i]);
        n->values[i].kind_case = WALDO__VALUE__KIND_LIST;
        n->values[i].list = &n->lists[i];
    }
    return &n->values[0];
}

Test(tail, is_found_in_messages_within_messages)
{
    uint8_t *bytes = bytes_of(2 * LEAST);
    nest n;

    cr_assert_eq(assert_packs(&fill_nest(&n, bytes, 2 * LEAST)->base), 2 * LEAST);
    /* With something behind it, it is no tail. */
    n.items[1][0] = &n.values[2];
    n.items[1][1] = &n.number;
    cr_assert_eq(assert_packs(&n.values[0].base), 0);
    /* The same bytes twice. */
    n.items[1][1] = &n.values[2];
    cr_assert_eq(assert_packs(&n.values[0].base), 0);
    free(bytes);
}

Test(tail, that_is_no_part_of_the_message_is_none)
{
    uint8_t *bytes = bytes_of(LEAST);
    uint8_t *others = bytes_of(LEAST);
    ProtobufCBinaryData tail = {LEAST, others};
    waldo__buffer packed = {0};
    Waldo__Value value;

    fill(&value, bytes, LEAST);
    cr_assert(waldo__tail_pack(&packed, &value.base, &tail));
    cr_assert_eq(tail.len, 0);
    cr_assert_eq(packed.size, protobuf_c_message_get_packed_size(&value.base));
    waldo__buffer_free(&packed);
    free(bytes);
    free(others);
}

/* ---- unpacking ---- */

static void assert_packs_to(const ProtobufCMessage *message, const uint8_t *wanted, size_t size)
{
    size_t got_size;
    uint8_t *got = packed_by_protobuf(message, &got_size);
    cr_assert_eq(got_size, size);
    cr_assert_eq(memcmp(got, wanted, size), 0);
    free(got);
}

/* Into malloc's memory, where the data is all that a buffer has but a few bytes before it.
 * *ret_given: the buffer's memory is the message's now. */
static int unpack_from_holder(const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                              bool *ret_given)
{
    waldo__buffer holder = {0};
    cr_assert(waldo__buffer_reserve(&holder, 7 + size));
    cr_assert(waldo__buffer_append(&holder, "envelop", 7));
    cr_assert(waldo__buffer_append(&holder, data, size));
    int status = waldo__tail_unpack_copy(&waldo__value__descriptor, holder.data + 7, size, &holder,
                                         ret_message, NULL);
    *ret_given = holder.data == NULL;
    waldo__buffer_free(&holder);
    return status;
}

/* As if the first bytes had come alone. true: what follows them is a tail. It takes its holder's
 * memory along, unless that is too much for it. */
static bool unpacks_in_parts(const uint8_t *data, size_t size, size_t lead,
                             const ProtobufCMessage *wanted)
{
    waldo__buffer shortened = {0}, holder = {0};
    ProtobufCMessage *message;
    uint8_t *lead_alone = malloc(lead + !lead);
    memcpy(lead_alone, data, lead);
    cr_assert(waldo__buffer_reserve(&holder, size));
    cr_assert(waldo__buffer_append(&holder, data + lead, size - lead));
    int status = 0;
    if (waldo__tail_leave_out(lead_alone, lead, size - lead, &shortened))
        status = waldo__tail_unpack_led(&waldo__value__descriptor, shortened.data, shortened.size,
                                        size - lead, &holder, &message, NULL);
    if (status > 0) {
        size_t wanted_size;
        cr_assert_not_null(wanted, "what is no message has no parts");
        uint8_t *packed = packed_by_protobuf(wanted, &wanted_size);
        assert_packs_to(message, packed, wanted_size);
        free(packed);
        protobuf_c_message_free_unpacked(message, NULL);
        cr_assert(holder.data == NULL || size - lead < holder.capacity - holder.capacity / 4);
    }
    waldo__buffer_free(&shortened);
    waldo__buffer_free(&holder);
    free(lead_alone);
    return status > 0;
}

/* Comes apart around where its last bytes are, which are a tail or not. */
static void assert_unpacks_in_parts(const uint8_t *data, size_t size,
                                    const ProtobufCMessage *wanted, bool is_tail)
{
    size_t lead = size - (is_tail ? waldo__tail_find(wanted).len : LEAST);
    if (size < LEAST)
        return;
    for (size_t at = lead > 2 ? lead - 2 : 0; at <= lead + 2 && at <= size; at++) {
        bool in_parts = unpacks_in_parts(data, size, at, wanted);
        if (is_tail)
            cr_assert_eq(in_parts, at == lead, "with %zu of %zu bytes first", at, size);
    }
}

/* Unpacks a copy of just these bytes in all ways. 1: its tail stayed in it; 0: there is none, or it
 * was copied; -1: it cannot be unpacked. */
static long assert_unpacks(const uint8_t *data, size_t size)
{
    waldo__arena arena, other;
    ProtobufCMessage *message = NULL, *plain = NULL, *held = NULL, *wanted = NULL;
    bool given;
    uint8_t *copy = malloc(size + !size);
    memcpy(copy, data, size);
    waldo__arena_init(&arena);
    waldo__arena_init(&other);
    int status =
        waldo__unpack(&waldo__value__descriptor, &other.allocator, data, size, &wanted, NULL);

    cr_assert_eq(waldo__tail_unpack(&waldo__value__descriptor, &arena, copy, size, &message, NULL),
                 status);
    cr_assert_eq(waldo__tail_unpack_copy(&waldo__value__descriptor, data, size, NULL, &plain, NULL),
                 status);
    cr_assert_eq(unpack_from_holder(data, size, &held, &given), status);
    long inside = -1;
    if (status >= 0) {
        size_t wanted_size;
        uint8_t *packed = packed_by_protobuf(wanted, &wanted_size);
        assert_packs_to(message, packed, wanted_size);
        assert_packs_to(plain, packed, wanted_size);
        assert_packs_to(held, packed, wanted_size);
        ProtobufCBinaryData tail = waldo__tail_find(message);
        inside = tail.len > 0 && tail.data >= copy && tail.data < copy + size;
        cr_assert_eq(given, inside == 1, "what is most of it stays in it, and takes it along");
        protobuf_c_message_free_unpacked(plain, NULL);
        protobuf_c_message_free_unpacked(held, NULL);
        free(packed);
    }
    assert_unpacks_in_parts(data, size, wanted, inside == 1);
    waldo__arena_free(&arena);
    waldo__arena_free(&other);
    free(copy);
    return inside;
}

Test(tail, stays_where_it_came)
{
    uint8_t *bytes = bytes_of(2 * LEAST);
    nest n;
    size_t size;
    uint8_t *packed = packed_by_protobuf(&fill_nest(&n, bytes, 2 * LEAST)->base, &size);

    cr_assert_eq(assert_unpacks(packed, size), 1);
    free(packed);
    packed = packed_by_protobuf(&n.values[3].base, &size);
    cr_assert_eq(assert_unpacks(packed, size), 1);
    free(packed);
    free(bytes);
}

Test(tail, that_is_not_most_of_the_message_is_copied)
{
    uint8_t *bytes = bytes_of(2 * LEAST);
    nest n;
    size_t size;
    Waldo__Value *outer = fill_nest(&n, bytes, LEAST);
    Waldo__Value before;
    fill(&before, bytes, 2 * LEAST);
    n.items[0][0] = &before;
    uint8_t *packed = packed_by_protobuf(&outer->base, &size);

    cr_assert_eq(assert_unpacks(packed, size), 0);
    free(packed);
    free(bytes);
}

Test(tail, of_a_message_that_is_cut_or_changed)
{
    uint8_t *bytes = bytes_of(LEAST);
    nest n;
    size_t size;
    uint8_t *packed = packed_by_protobuf(&fill_nest(&n, bytes, LEAST)->base, &size);
    size_t head = size - LEAST;

    for (size_t cut = 0; cut <= head + 1; cut++) {
        (void)assert_unpacks(packed, cut);
        (void)assert_unpacks(packed, size - cut);
    }
    for (size_t at = 0; at < head; at++)
        for (int bit = 0; bit < 8; bit++) {
            packed[at] ^= (uint8_t)(1 << bit);
            (void)assert_unpacks(packed, size);
            packed[at] ^= (uint8_t)(1 << bit);
        }
    free(packed);
    free(bytes);
}

/* protobuf takes what is said last, and puts messages together. */
Test(tail, of_a_message_that_says_things_twice)
{
    uint8_t *bytes = bytes_of(LEAST);
    Waldo__Value shorter, longer;
    waldo__buffer both = {0};
    size_t size;
    fill(&shorter, bytes, 3);
    fill(&longer, bytes, LEAST);
    uint8_t *first = packed_by_protobuf(&shorter.base, &size);
    cr_assert(waldo__buffer_append(&both, first, size));
    free(first);
    uint8_t *second = packed_by_protobuf(&longer.base, &size);
    cr_assert(waldo__buffer_append(&both, second, size));
    cr_assert_eq(assert_unpacks(both.data, both.size), 1);
    cr_assert(waldo__buffer_append(&both, second, 5)); /* ends within a field */
    cr_assert_eq(assert_unpacks(both.data, both.size), -1);
    both.size -= 5;
    cr_assert(waldo__buffer_append(&both, (const uint8_t[]){2 << 3, 5}, 2));
    cr_assert_geq(assert_unpacks(both.data, both.size), -1);
    free(second);
    free(bytes);
    waldo__buffer_free(&both);
}
