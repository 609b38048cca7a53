#include "secure/keyring.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "secure/keyring_internal.h"

struct waldo__keyring {
    waldo__key **keys;
    size_t count;
    size_t capacity;
};

int waldo__keyring_new(waldo__keyring **ret_ring, waldo_error *reterr)
{
    waldo__keyring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a key ring");
    *ret_ring = ring;
    return 0;
}

static bool make_room(waldo__keyring *ring)
{
    if (ring->count < ring->capacity)
        return true;
    size_t capacity = ring->capacity ? 2 * ring->capacity : 1;
    waldo__key **keys = realloc(ring->keys, capacity * sizeof(waldo__key *));
    if (!keys)
        return false;
    ring->keys = keys;
    ring->capacity = capacity;
    return true;
}

int waldo__keyring_add(waldo__keyring *ring, waldo__key *key, waldo_error *reterr)
{
    if (!make_room(ring)) {
        waldo__key_unref(key);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a key ring");
    }
    ring->keys[ring->count++] = key;
    return 0;
}

void waldo__keyring_free(waldo__keyring *ring)
{
    if (!ring)
        return;
    for (size_t i = 0; i < ring->count; i++)
        waldo__key_unref(ring->keys[i]);
    free(ring->keys);
    free(ring);
}

/* ---- from an authkey ---- */

static int add_authkey(waldo__keyring *ring, const void *authkey, size_t size, waldo_error *reterr)
{
    static const uint8_t purpose[] = "Waldo 1: a key from an authkey";
    uint8_t secret[WALDO__KEY_SIZE];
    if (size == sizeof secret)
        memcpy(secret, authkey, sizeof secret);
    else
        crypto_generichash(secret, sizeof secret, authkey, size, purpose, sizeof purpose - 1);
    waldo__key *key;
    int status = waldo__key_new("authkey", secret, &waldo__key_all_rights, &key, reterr);
    sodium_memzero(secret, sizeof secret);
    return status < 0 ? status : waldo__keyring_add(ring, key, reterr);
}

int waldo__keyring_from_authkey(const void *authkey, size_t size, waldo__keyring **ret_ring,
                                waldo_error *reterr)
{
    waldo__keyring *ring = NULL;
    int status = waldo__keyring_new(&ring, reterr);
    if (status < 0)
        return status;
    status = add_authkey(ring, authkey, size, reterr);
    if (status < 0) {
        waldo__keyring_free(ring);
        return status;
    }
    *ret_ring = ring;
    return 0;
}

/* ---- reading ---- */

size_t waldo__keyring_count(const waldo__keyring *ring)
{
    return ring->count;
}

waldo__key *waldo__keyring_at(const waldo__keyring *ring, size_t position)
{
    return ring->keys[position];
}

waldo__key *waldo__keyring_find(const waldo__keyring *ring, const uint8_t id[WALDO__KEY_ID_SIZE])
{
    for (size_t i = 0; i < ring->count; i++)
        if (memcmp(waldo__key_id(ring->keys[i]), id, WALDO__KEY_ID_SIZE) == 0)
            return ring->keys[i];
    return NULL;
}

waldo__key_fate waldo__keyring_fate(const waldo__keyring *ring, const waldo__key *key,
                                    waldo__key **ret_successor)
{
    waldo__key *successor = waldo__keyring_find(ring, waldo__key_id(key));
    if (!successor || !waldo__key_same_secret(successor, key))
        return WALDO__KEY_GONE;
    if (ret_successor)
        *ret_successor = successor;
    return waldo__key_same_rights(successor, key) ? WALDO__KEY_KEPT : WALDO__KEY_CHANGED;
}
