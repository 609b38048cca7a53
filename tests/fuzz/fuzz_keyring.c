/* Key rings from foreign bytes. One that is taken can be used. */
#include <stdlib.h>
#include <string.h>

#include "secure/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const waldo__keyring *ring)
{
    for (size_t i = 0; i < waldo__keyring_count(ring); i++) {
        waldo__key *key = waldo__keyring_at(ring, i);
        const char *name = waldo__key_name(key);
        waldo__key *successor;
        if (waldo__keyring_find(ring, waldo__key_id(key)) != key ||
            waldo__keyring_fate(ring, key, &successor) != WALDO__KEY_KEPT || successor != key ||
            !waldo__key_name_is_valid(name, strlen(name)))
            abort();
        (void)waldo__key_may_create(key, "dict");
        (void)waldo__key_may_call(key, "dict");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    waldo__keyring *ring;
    if (waldo__keyring_parse((const char *)data, size, "fuzz", &ring, NULL) >= 0) {
        use(ring);
        waldo__keyring_free(ring);
    }
    return 0;
}
