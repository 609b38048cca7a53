/* A key: 32 secret bytes, a name for people to read, and what its holder may do.
 *
 * A key does not change after it was made, so that any thread may read one. It is counted: those
 * who hold it keep it while the ring that it came from is replaced. The secret lies in locked
 * memory between guard pages, stays out of core dumps, and is wiped with the last reference. */
#ifndef WALDO_RUNTIME_SECURE_KEY_H
#define WALDO_RUNTIME_SECURE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/error.h>

enum {
    WALDO__KEY_SIZE = 32,
    /* Says which key is meant without telling it, nor its name. */
    WALDO__KEY_ID_SIZE = 8,
    WALDO__KEY_NAME_MAX = 63
};

typedef struct waldo__key waldo__key;

/* Of which types: NULL: of none; "*": of all; else typeids with commas between them. */
typedef struct waldo__key_rights {
    const char *create;
    const char *call;
    bool shutdown;
    bool list;
} waldo__key_rights;

extern const waldo__key_rights waldo__key_all_rights;

/* Copies everything; wiping what was copied is the caller's part. WALDO_ENOMEM; WALDO_ESYSTEM where
 * libsodium cannot work. */
int waldo__key_new(const char *name, const uint8_t secret[WALDO__KEY_SIZE],
                   const waldo__key_rights *rights, waldo__key **ret_key, waldo_error *reterr);
waldo__key *waldo__key_ref(waldo__key *key);
/* NULL is a no-op. Returns NULL. */
waldo__key *waldo__key_unref(waldo__key *key);

const char *waldo__key_name(const waldo__key *key);
/* WALDO__KEY_ID_SIZE and WALDO__KEY_SIZE bytes, valid as long as the key. */
const uint8_t *waldo__key_id(const waldo__key *key);
const uint8_t *waldo__key_secret(const waldo__key *key);
/* In constant time. */
bool waldo__key_same_secret(const waldo__key *one, const waldo__key *other);
/* The same name and rights? */
bool waldo__key_same_rights(const waldo__key *one, const waldo__key *other);

bool waldo__key_may_create(const waldo__key *key, const char *type_id);
bool waldo__key_may_call(const waldo__key *key, const char *type_id);
bool waldo__key_may_shutdown(const waldo__key *key);
bool waldo__key_may_list(const waldo__key *key);

/* 1 to 63 of A-Z a-z 0-9 . _ - */
bool waldo__key_name_is_valid(const char *name, size_t size);
/* "*", or typeids with commas between them, none of them empty. */
bool waldo__key_types_are_valid(const char *types, size_t size);

#endif
