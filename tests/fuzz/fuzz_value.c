/* Any bytes as a packed waldo.Value. What is taken must survive being packed again, and everything
 * that can be asked of it. */
#include <stdint.h>
#include <stdlib.h>

#include <waldo/value.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const waldo_value *value)
{
    uint64_t hash;
    int order;
    (void)!waldo_value_hash(value, &hash, NULL);
    (void)!waldo_value_compare(value, value, &order, NULL);
    free(waldo_value_repr(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
