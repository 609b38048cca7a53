/* Handles in values, and values with handles as parcels. */
#include "process/parcel.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <waldo/mp/handle.h>

#include "unit/value/support.h"

static int open_null(void)
{
    int descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
    cr_assert_geq(descriptor, 0);
    return descriptor;
}

static waldo_value *null_value(void)
{
    int descriptor = open_null();
    waldo_value *value = waldo_mp_descriptor_value(descriptor);
    cr_assert_not_null(value);
    close(descriptor);
    return value;
}

/* What a kernel does on the way: the receiver gets duplicates. */
static void duplicate(waldo__descriptors *descriptors)
{
    for (size_t i = 0; i < descriptors->count; i++)
        descriptors->items[i] = fcntl(descriptors->items[i], F_DUPFD_CLOEXEC, 0);
}

static bool is_open(int descriptor)
{
    return fcntl(descriptor, F_GETFD) >= 0;
}

Test(handle, is_a_value_of_its_own_kind)
{
    waldo_value *value = null_value();
    cr_assert_eq(waldo_value_kind(value), WALDO_KIND_HANDLE);
    cr_assert_str_eq(waldo_value_type_name(value), "descriptor");
    cr_assert(waldo_value_is_true(value));
    expect_repr(waldo_value_ref(value), "<descriptor>");
    cr_assert_eq(equal(waldo_value_ref(value), waldo_value_ref(value)), 1);
    cr_assert_eq(equal(waldo_value_ref(value), null_value()), 0);
    cr_assert_eq(hash_of(waldo_value_ref(value)), hash_of(waldo_value_ref(value)));
    waldo_value_unref(value);
}

Test(handle, travels_in_a_parcel)
{
    waldo_value *sent = waldo_v_list(waldo_v(1), null_value(), waldo_v_tuple(null_value()));
    waldo__descriptors descriptors;
    uint8_t *data;
    size_t size;
    waldo_error err;
    cr_assert_geq(waldo__parcel_pack(sent, &data, &size, &descriptors, &err), 0, "%s", err.message);
    cr_assert_eq(descriptors.count, 2);
    duplicate(&descriptors);
    waldo_value_unref(sent);

    waldo_value *received;
    cr_assert_geq(waldo__parcel_unpack(data, size, &descriptors, &received, &err), 0, "%s",
                  err.message);
    free(data);
    waldo_value *item;
    int descriptor;
    cr_assert_geq(waldo_value_item(received, 1, &item, NULL), 0);
    cr_assert_geq(waldo_mp_descriptor_from_value(item, &descriptor, &err), 0);
    waldo_value_unref(item);
    expect_repr(received, "[1, <descriptor>, (<descriptor>,)]");
    struct stat found;
    cr_assert_eq(fstat(descriptor, &found), 0);
    cr_assert(S_ISCHR(found.st_mode));
    cr_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    close(descriptor);
    cr_assert(!is_open(descriptors.items[0]) && !is_open(descriptors.items[1]));
}

Test(handle, is_refused_by_servers)
{
    waldo_value *value = waldo_v_list(null_value());
    uint8_t *data;
    size_t size;
    EXPECT_ERROR(waldo_value_pack(value, &data, &size, reterr), WALDO_ETYPE,
                 "a descriptor can only be sent to a process of this host");
    waldo_value_unref(value);
}

Test(handle, is_not_another_thing)
{
    waldo_value *number = waldo_v(5);
    int descriptor;
    EXPECT_ERROR(waldo_mp_descriptor_from_value(number, &descriptor, reterr), WALDO_ETYPE,
                 "expected a descriptor, got 'int'");
    waldo_value_unref(number);
    cr_assert_null(waldo_mp_descriptor_value(-1));
}

Test(handle, without_its_descriptors_is_malformed)
{
    waldo_value *value = waldo_v_tuple(null_value(), null_value());
    waldo__descriptors descriptors;
    uint8_t *data;
    size_t size;
    cr_assert_geq(waldo__parcel_pack(value, &data, &size, &descriptors, NULL), 0);
    waldo_value *received = NULL;
    descriptors.count = 1;
    duplicate(&descriptors);
    EXPECT_ERROR(waldo__parcel_unpack(data, size, &descriptors, &received, reterr), WALDO_EPROTOCOL,
                 "malformed value: a handle without its descriptors");
    cr_assert_not(is_open(descriptors.items[0]));
    EXPECT_ERROR(waldo_value_unpack(data, size, &received, reterr), WALDO_EPROTOCOL,
                 "malformed value: a handle that cannot have come with it");
    cr_assert_null(received);
    free(data);
    waldo_value_unref(value);
}

Test(handle, descriptors_that_nothing_asked_for_are_closed)
{
    waldo_value *value = waldo_v(7);
    waldo__descriptors descriptors;
    uint8_t *data;
    size_t size;
    cr_assert_geq(waldo__parcel_pack(value, &data, &size, &descriptors, NULL), 0);
    descriptors.items[descriptors.count++] = open_null();
    waldo_value *received;
    cr_assert_geq(waldo__parcel_unpack(data, size, &descriptors, &received, NULL), 0);
    cr_assert_not(is_open(descriptors.items[0]));
    waldo_value_unref(received);
    waldo_value_unref(value);
    free(data);
}

Test(handle, more_descriptors_than_fit_are_refused)
{
    waldo_value *handle = null_value();
    waldo_value *list = waldo_v_list();
    for (int i = 0; i <= WALDO__PARCEL_DESCRIPTORS; i++)
        cr_assert_geq(waldo_value_list_append(list, waldo_value_ref(handle), NULL), 0);
    waldo_value_unref(handle);
    waldo__descriptors descriptors;
    uint8_t *data;
    size_t size;
    EXPECT_ERROR(waldo__parcel_pack(list, &data, &size, &descriptors, reterr), WALDO_ELIMIT,
                 "a message carries at most 253 descriptors");
    waldo_value_unref(list);
}
