#include "secure/key.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

struct waldo__key {
    atomic_uint references;
    char *name;
    char *create; /* as in waldo__key_rights */
    char *call;
    bool shutdown;
    bool list;
    uint8_t id[WALDO__KEY_ID_SIZE];
    uint8_t *secret; /* sodium_malloc's */
};

const waldo__key_rights waldo__key_all_rights = {"*", "*", true, true};

/* ---- making and freeing ---- */

/* A hash under a constant key: of no use as a hash of the secret for anything else. Its shortest
 * form in libsodium has more bytes than an id. */
static void make_id(const uint8_t secret[WALDO__KEY_SIZE], uint8_t ret_id[WALDO__KEY_ID_SIZE])
{
    static const uint8_t purpose[] = "Waldo 1: the id of a key";
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, secret, WALDO__KEY_SIZE, purpose, sizeof purpose - 1);
    memcpy(ret_id, hash, WALDO__KEY_ID_SIZE);
    sodium_memzero(hash, sizeof hash);
}

static char *copy_text(const char *text, bool *failed)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        *failed = true;
    return copy;
}

static void free_key(waldo__key *key)
{
    sodium_free(key->secret);
    free(key->name);
    free(key->create);
    free(key->call);
    free(key);
}

int waldo__key_new(const char *name, const uint8_t secret[WALDO__KEY_SIZE],
                   const waldo__key_rights *rights, waldo__key **ret_key, waldo_error *reterr)
{
    /* Whatever else needs libsodium here needs a key before it. */
    if (sodium_init() < 0)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "libsodium finds no source of random bytes");
    waldo__key *key = calloc(1, sizeof *key);
    if (!key)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a key");
    bool failed = false;
    atomic_init(&key->references, 1);
    key->name = copy_text(name, &failed);
    key->create = copy_text(rights->create, &failed);
    key->call = copy_text(rights->call, &failed);
    key->shutdown = rights->shutdown;
    key->list = rights->list;
    key->secret = sodium_malloc(WALDO__KEY_SIZE);
    if (failed || !key->secret) {
        free_key(key);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a key");
    }
    memcpy(key->secret, secret, WALDO__KEY_SIZE);
    make_id(secret, key->id);
    (void)sodium_mprotect_readonly(key->secret);
    *ret_key = key;
    return 0;
}

waldo__key *waldo__key_ref(waldo__key *key)
{
    atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
    return key;
}

waldo__key *waldo__key_unref(waldo__key *key)
{
    if (key && atomic_fetch_sub_explicit(&key->references, 1, memory_order_acq_rel) == 1)
        free_key(key);
    return NULL;
}

/* ---- reading ---- */

const char *waldo__key_name(const waldo__key *key)
{
    return key->name;
}

const uint8_t *waldo__key_id(const waldo__key *key)
{
    return key->id;
}

const uint8_t *waldo__key_secret(const waldo__key *key)
{
    return key->secret;
}

bool waldo__key_same_secret(const waldo__key *one, const waldo__key *other)
{
    return sodium_memcmp(one->secret, other->secret, WALDO__KEY_SIZE) == 0;
}

static bool same_text(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

bool waldo__key_same_rights(const waldo__key *one, const waldo__key *other)
{
    return same_text(one->name, other->name) && same_text(one->create, other->create) &&
           same_text(one->call, other->call) && one->shutdown == other->shutdown &&
           one->list == other->list;
}

/* ---- rights ---- */

static bool allows(const char *types, const char *type_id)
{
    if (!types)
        return false;
    if (strcmp(types, "*") == 0)
        return true;
    size_t size = strlen(type_id);
    for (const char *type = types; type; type = strchr(type, ',')) {
        type += *type == ',';
        if (strcspn(type, ",") == size && memcmp(type, type_id, size) == 0)
            return true;
    }
    return false;
}

bool waldo__key_may_create(const waldo__key *key, const char *type_id)
{
    return allows(key->create, type_id);
}

bool waldo__key_may_call(const waldo__key *key, const char *type_id)
{
    return allows(key->call, type_id);
}

bool waldo__key_may_shutdown(const waldo__key *key)
{
    return key->shutdown;
}

bool waldo__key_may_list(const waldo__key *key)
{
    return key->list;
}

/* ---- what may be written in a ring ---- */

/* Not the locale's idea of a letter. */
static bool is_letter_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool waldo__key_name_is_valid(const char *name, size_t size)
{
    if (size == 0 || size > WALDO__KEY_NAME_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_letter_or_digit(name[i]) && name[i] != '.' && name[i] != '-')
            return false;
    return true;
}

bool waldo__key_types_are_valid(const char *types, size_t size)
{
    if (size == 1 && types[0] == '*')
        return true;
    bool first = true; /* in its typeid, which is an identifier */
    for (size_t i = 0; i < size; i++) {
        bool digit = types[i] >= '0' && types[i] <= '9';
        if (types[i] == ',' ? first : (!is_letter_or_digit(types[i]) || (first && digit)))
            return false;
        first = types[i] == ',';
    }
    return !first;
}
