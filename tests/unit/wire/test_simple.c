/* Simple messages against protobuf-c's own reading and writing of the same ones. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "unit/wire/kinds.pb-c.h"
#include "unit/wire/numbers.h"
#include "unit/wire/old_kinds.pb-c.h"
#include "waldo/builtins.pb-c.h"
#include "wire/scan.h"
#include "wire/simple.h"

enum { ROUNDS = 3000, DEPTH = 3, MOST = 2048 };

static const ProtobufCMessageDescriptor *const descriptors[] = {
    &kinds__all__descriptor, &kinds__labels__descriptor, &waldo__builtin__dict_key__descriptor,
    &waldo__builtin__value_item__descriptor, &waldo__value__descriptor};
enum { DESCRIPTORS = sizeof descriptors / sizeof *descriptors };

/* ---- messages ---- */

static ProtobufCMessage *some_message(const ProtobufCMessageDescriptor *descriptor, int depth);

static void fill_number(void *target, ProtobufCType type)
{
    static const double reals[] = {0, -0.0, 1.5, -1e300};
    switch (type) {
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)target = reals[random_number() % 4];
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        *(uint64_t *)target = random_number() % 4 ? some_number() : -some_number();
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)target = (protobuf_c_boolean)(random_number() % 2);
        break;
    default:
        *(uint32_t *)target = (uint32_t)(random_number() % 4 ? some_number() : -some_number());
    }
}

static void fill(void *target, const ProtobufCFieldDescriptor *field, int depth)
{
    static const char *const texts[] = {"", "t", "ein l\xc3\xa4ngerer Text", "0123456789012345678"};
    size_t size = random_number() % 4 * 9;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(char **)target = strdup(texts[random_number() % 4]);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)target =
            (ProtobufCBinaryData){size, size > 0 ? calloc(1, size) : NULL};
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)target = some_message(field->descriptor, depth - 1);
        break;
    default:
        fill_number(target, field->type);
    }
}

static ProtobufCMessage *some_message(const ProtobufCMessageDescriptor *descriptor, int depth)
{
    ProtobufCMessage *message = malloc(descriptor->sizeof_message);
    cr_assert_not_null(message);
    descriptor->message_init(message);
    unsigned often = 1 + (unsigned)random_number() % 8;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        uint32_t *quantifier = (uint32_t *)(void *)((char *)message + field->quantifier_offset);
        bool chosen = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
        if (random_number() % often != 0 || field->label == PROTOBUF_C_LABEL_REPEATED ||
            (chosen && *quantifier != 0) || (field->type == PROTOBUF_C_TYPE_MESSAGE && depth == 0))
            continue;
        if (chosen)
            *quantifier = field->id;
        else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset > 0)
            *quantifier = 1;
        fill((char *)message + field->offset, field, depth);
    }
    return message;
}

static size_t pack(const ProtobufCMessage *message, uint8_t *target)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    cr_assert_leq(size, (size_t)MOST);
    return protobuf_c_message_pack(message, target);
}

/* ---- the tests ---- */

static void check_written(const ProtobufCMessage *message, const uint8_t *wanted, size_t size)
{
    uint8_t *target = malloc(WALDO__SIMPLE_ROOM);
    size_t written;
    bool fits = waldo__simple_pack(message, target, &written);
    cr_assert_eq(fits, size <= WALDO__SIMPLE_SHORT, "%zu bytes of %s", size,
                 message->descriptor->name);
    if (fits) {
        cr_assert_eq(written, size);
        cr_assert_arr_eq(target, wanted, size);
    }
    free(target);
}

static void check_read(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                       size_t size)
{
    uint8_t again[MOST];
    ProtobufCMessage *read;
    cr_assert(waldo__simple_unpack(descriptor, NULL, bytes, size, &read), "%s", descriptor->name);
    cr_assert_eq(pack(read, again), size);
    cr_assert_arr_eq(again, bytes, size);
    protobuf_c_message_free_unpacked(read, NULL);
}

Test(simple, are_protobufs)
{
    uint8_t bytes[MOST];
    int shorts = 0;
    for (int i = 0; i < ROUNDS * DESCRIPTORS; i++) {
        ProtobufCMessage *message = some_message(descriptors[i % DESCRIPTORS], DEPTH);
        size_t size = pack(message, bytes);
        check_written(message, bytes, size);
        /* What is empty in it may be left out by protobuf-c, so that it is another one's bytes. */
        check_read(message->descriptor, bytes, size);
        protobuf_c_message_free_unpacked(message, NULL);
        shorts += size > 0 && size <= WALDO__SIMPLE_SHORT;
    }
    cr_assert_gt(shorts, ROUNDS);
}

/* Bytes that were cut, spoiled, or are two messages. What is taken is what protobuf-c takes. */
static size_t spoil(const uint8_t *bytes, size_t size, uint8_t *ret_spoiled)
{
    if (random_number() % 4 == 0) {
        memcpy(ret_spoiled, bytes, size);
        memcpy(ret_spoiled + size, bytes, size);
        return 2 * size;
    }
    size_t left = random_number() % 4 ? size : size - random_number() % size;
    memcpy(ret_spoiled, bytes, left);
    for (uint64_t j = random_number() % 3; j > 0; j--)
        ret_spoiled[random_number() % left] = (uint8_t)random_number();
    return left;
}

static bool check_spoiled(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                          size_t size)
{
    uint8_t quick[2 * MOST], plain[2 * MOST];
    ProtobufCMessage *read, *other;
    if (!waldo__simple_unpack(descriptor, NULL, bytes, size, &read))
        return false;
    cr_assert_geq(waldo__scan(descriptor, bytes, size, NULL, NULL), 0);
    other = protobuf_c_message_unpack(descriptor, NULL, size, bytes);
    cr_assert_not_null(other);
    size_t quick_size = protobuf_c_message_pack(read, quick);
    cr_assert_eq(protobuf_c_message_pack(other, plain), quick_size);
    cr_assert_arr_eq(quick, plain, quick_size);
    protobuf_c_message_free_unpacked(read, NULL);
    protobuf_c_message_free_unpacked(other, NULL);
    return true;
}

Test(simple, spoiled_bytes_are_read_as_protobuf_reads_them_or_left_to_it)
{
    uint8_t bytes[MOST], spoiled[2 * MOST];
    int taken = 0;
    for (int i = 0; i < 4 * ROUNDS * DESCRIPTORS; i++) {
        ProtobufCMessage *message = some_message(descriptors[i % DESCRIPTORS], DEPTH);
        size_t size = pack(message, bytes);
        if (size > 0)
            taken += check_spoiled(message->descriptor, spoiled, spoil(bytes, size, spoiled));
        protobuf_c_message_free_unpacked(message, NULL);
    }
    cr_assert_gt(taken, ROUNDS);
}

static bool is_short(const ProtobufCMessage *message)
{
    uint8_t target[WALDO__SIMPLE_ROOM];
    size_t size;
    return waldo__simple_pack(message, target, &size);
}

Test(simple, others_are_left_to_protobuf)
{
    Kinds__Others others = KINDS__OTHERS__INIT;
    char *text = "text";
    cr_assert(is_short(&others.base));
    others.strings = &text;
    others.n_strings = 1;
    cr_assert_not(is_short(&others.base));
    others.n_strings = 0;
    others.float_ = 1;
    cr_assert_not(is_short(&others.base));

    Kinds__Needs needs = KINDS__NEEDS__INIT;
    uint8_t bytes[] = {0x08, 0x02}, unknown[] = {0xf8, 0x01, 0x01}, deep[32];
    ProtobufCMessage *read;
    cr_assert_not(is_short(&needs.base));
    cr_assert_not(waldo__simple_unpack(needs.base.descriptor, NULL, bytes, sizeof bytes, &read));
    cr_assert_not(waldo__simple_unpack(needs.base.descriptor, NULL, bytes, 0, &read));
    cr_assert_not(waldo__simple_unpack(others.base.descriptor, NULL, unknown, 3, &read));
    cr_assert_eq(waldo__unpack(others.base.descriptor, NULL, unknown, 3, &read, NULL), 0);
    cr_assert_not(is_short(read));
    protobuf_c_message_free_unpacked(read, NULL);

    /* Messages within messages. */
    for (size_t i = 0; i < sizeof deep; i += 2) {
        deep[i] = 14 << 3 | 2;
        deep[i + 1] = (uint8_t)(sizeof deep - i - 2);
    }
    const ProtobufCMessageDescriptor *all = &kinds__all__descriptor;
    cr_assert(waldo__simple_unpack(all, NULL, deep + 16, 16, &read));
    protobuf_c_message_free_unpacked(read, NULL);
    cr_assert_not(waldo__simple_unpack(all, NULL, deep, sizeof deep, &read));
}

/* Long and deep at the same time: no place in it is written to beyond the room. */
Test(simple, no_chain_of_messages_leaves_the_room)
{
    enum { LINKS = 40, ALL_IN_ONE = KINDS__ALL__CHOICE_ALL };
    static uint8_t bytes[WALDO__SIMPLE_SHORT + 1];
    size_t fitting = 0;
    for (size_t length = 0; length <= WALDO__SIMPLE_SHORT; length++) {
        Kinds__All links[LINKS];
        for (size_t i = 0; i < LINKS; i++) {
            kinds__all__init(&links[i]);
            links[i].choice_case = i + 1 < LINKS ? ALL_IN_ONE : 0;
            links[i].all = i + 1 < LINKS ? &links[i + 1] : NULL;
        }
        links[0].bytes = (ProtobufCBinaryData){length, bytes};
        for (size_t i = 0; i < LINKS; i++) {
            size_t size, wanted = protobuf_c_message_get_packed_size(&links[i].base);
            uint8_t *target = malloc(WALDO__SIMPLE_ROOM);
            cr_assert_not_null(target);
            bool fits = waldo__simple_pack(&links[i].base, target, &size);
            cr_assert_eq(fits, wanted <= WALDO__SIMPLE_SHORT, "%zu bytes, link %zu", length, i);
            cr_assert(!fits || size == wanted);
            fitting += fits;
            free(target);
        }
    }
    cr_assert_gt(fitting, (size_t)LINKS);
}
