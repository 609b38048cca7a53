/* Hashing. Every hash goes through SipHash with a key that nobody outside knows, ints as well, so
 * that keys from the wire cannot be chosen to collide. */
#include "value/hash.h"

#include <math.h>
#include <pthread.h>
#include <sodium/crypto_shorthash.h>
#include <string.h>
#include <sys/random.h>

#include "value/integer.h"

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void make_key(void)
{
    /* Only a kernel without getrandom fails here; its key is the addresses of this process. */
    if (getrandom(hash_key, sizeof(hash_key), 0) != (ssize_t)sizeof(hash_key)) {
        uintptr_t here = (uintptr_t)&here ^ (uintptr_t)hash_key;
        memcpy(hash_key, &here, sizeof(here));
    }
}

uint64_t waldo__hash_bytes(const void *data, size_t size)
{
    pthread_once(&key_once, make_key);
    uint64_t hash;
    unsigned char out[crypto_shorthash_BYTES];
    crypto_shorthash(out, data, size, hash_key);
    memcpy(&hash, out, sizeof(hash));
    return hash;
}

static uint64_t mixed(uint64_t first, uint64_t second, uint64_t third)
{
    uint64_t words[] = {first, second, third};
    return waldo__hash_bytes(words, sizeof(words));
}

static uint64_t hash_small(int64_t number)
{
    return waldo__hash_bytes(&number, sizeof(number));
}

/* The magnitude's limbs, and the sign. */
static uint64_t hash_mpz(mpz_srcptr number)
{
    uint64_t hash = waldo__hash_bytes(mpz_limbs_read(number), mpz_size(number) * sizeof(mp_limb_t));
    return mixed(hash, (uint64_t)mpz_sgn(number), 1);
}

/* A float that is a whole number hashes as that int does. */
static uint64_t hash_float(const waldo_value *value)
{
    double number = ((const waldo__real *)value)->number;
    if (isnan(number))
        return mixed((uintptr_t)value, 0, 2);
    if (isinf(number) || number != floor(number)) {
        uint64_t bits;
        memcpy(&bits, &number, sizeof(bits));
        return mixed(bits, 0, 3);
    }
    if (number >= -0x1p63 && number < 0x1p63)
        return hash_small((int64_t)number);
    mpz_t whole;
    mpz_init_set_d(whole, number);
    uint64_t hash = hash_mpz(whole);
    mpz_clear(whole);
    return hash;
}

static uint64_t hash_int(const waldo_value *value)
{
    int64_t small;
    if (waldo__int_fits(value, &small))
        return hash_small(small);
    waldo__int_view view;
    return hash_mpz(waldo__int_look(value, &view));
}

static int hash(const waldo_value *value, int depth, uint64_t *ret_hash, waldo_error *reterr);

static int hash_tuple(const waldo_value *value, int depth, uint64_t *ret_hash, waldo_error *reterr)
{
    size_t count;
    waldo_value *const *items = waldo__items(value, &count);
    uint64_t sum = mixed(count, 0, 4);
    if (depth >= WALDO__MAX_DEPTH)
        return waldo__too_deep("hash()", reterr);
    for (size_t i = 0; i < count; i++) {
        uint64_t item = 0;
        int status = hash(items[i], depth + 1, &item, reterr);
        if (status < 0)
            return status;
        sum = mixed(sum, item, 4);
    }
    *ret_hash = sum;
    return 0;
}

static uint64_t hash_extension(const waldo__extension *extension)
{
    return mixed(waldo__hash_bytes(extension->name, strlen(extension->name)),
                 waldo__hash_bytes(extension->data, extension->size), 5);
}

static int hash(const waldo_value *value, int depth, uint64_t *ret_hash, waldo_error *reterr)
{
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_BOOL:
    case WALDO_KIND_INT:
        *ret_hash = hash_int(value);
        return 0;
    case WALDO_KIND_FLOAT:
        *ret_hash = hash_float(value);
        return 0;
    case WALDO_KIND_STR:
    case WALDO_KIND_BYTES:
        *ret_hash = waldo__hash_bytes(((const waldo__text *)value)->data,
                                      ((const waldo__text *)value)->size);
        return 0;
    case WALDO_KIND_TUPLE:
        return hash_tuple(value, depth, ret_hash, reterr);
    case WALDO_KIND_PROXY:
        *ret_hash = mixed(waldo__value_reference(value)->incarnation,
                          waldo__value_reference(value)->object, 6);
        return 0;
    case WALDO_KIND_EXTENSION:
        *ret_hash = hash_extension((const waldo__extension *)value);
        return 0;
    case WALDO_KIND_HANDLE:
        *ret_hash = mixed((uintptr_t)((const waldo__handle *)value)->object, 0, 8);
        return 0;
    case WALDO_KIND_NONE:
    case WALDO_KIND_ERROR:
        *ret_hash = mixed((uintptr_t)value, 0, 7);
        return 0;
    default:
        return waldo_error_set(reterr, WALDO_ETYPE, "unhashable type: '%s'",
                               waldo_value_type_name(value));
    }
}

int waldo_value_hash(const waldo_value *value, uint64_t *ret_hash, waldo_error *reterr)
{
    return hash(value, 0, ret_hash, reterr);
}
