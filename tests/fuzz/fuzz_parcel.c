/* Any bytes as a parcel from a hostile process, with descriptors of all kinds: what is taken must
 * survive being looked at and packed again. The first byte says how many descriptors there are, and
 * each of the next bytes of which kind one is. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/parcel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 4 };

/* Memory of another process: it holds what the input says, and may be sealed. */
static int make_memory(const uint8_t *data, size_t size, bool sealed)
{
    int made = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0 || ftruncate(made, 1 << 16) < 0 || pwrite(made, data, size, 0) < 0)
        abort();
    if (sealed && fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        abort();
    return made;
}

static int make_socket(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    close(ends[1]);
    return ends[0];
}

static int make_descriptor(uint8_t kind, const uint8_t *data, size_t size)
{
    switch (kind % 4) {
    case 0:
        return make_memory(data, size, false);
    case 1:
        return make_memory(data, size, true);
    case 2:
        return make_socket();
    default:
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    waldo__descriptors descriptors = {.count = size > 0 ? data[0] % (MOST + 1) : 0};
    if (size < 1 + descriptors.count)
        return 0;
    const uint8_t *packed = data + 1 + descriptors.count;
    size_t packed_size = size - 1 - descriptors.count;
    for (size_t i = 0; i < descriptors.count; i++)
        descriptors.items[i] = make_descriptor(data[1 + i], packed, packed_size);
    waldo_value *value;
    if (waldo__parcel_unpack(packed, packed_size, &descriptors, &value, NULL) < 0)
        return 0;
    free(waldo_value_repr(value));
    uint8_t *again;
    size_t again_size;
    if (waldo__parcel_pack(value, &again, &again_size, &descriptors, NULL) >= 0)
        free(again);
    waldo_value_unref(value);
    return 0;
}
