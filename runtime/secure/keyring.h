/* A ring of keys: those that a server lets in, or the one that a client uses. It is made as a whole
 * and never changes; a new one takes its place. Any thread may read it.
 *
 * A ring is written as text, a key a line:
 *
 *     # comment
 *     key NAME BASE64 [create=*|TYPEID,...] [call=*|TYPEID,...] [shutdown] [list]
 *
 * What is not written is not allowed. Errors name the origin and the line, and quote nothing: what
 * stands there may be a key in the wrong place. */
#ifndef WALDO_RUNTIME_SECURE_KEYRING_H
#define WALDO_RUNTIME_SECURE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include <waldo/error.h>

#include "secure/key.h"

enum {
    WALDO__KEYRING_MAX_SIZE = 1 << 20, /* bytes of text */
    WALDO__KEYRING_MAX_KEYS = 1024
};

typedef struct waldo__keyring waldo__keyring;

/* ---- making one ---- */

/* `origin` stands for the text in errors. WALDO_EVALUE: not as above, or a name or a key that
 * stands there already, or no key at all; WALDO_ELIMIT; WALDO_ENOMEM. */
int waldo__keyring_parse(const char *text, size_t size, const char *origin,
                         waldo__keyring **ret_ring, waldo_error *reterr);
/* A regular file, or a link to one, that this user owns and that nobody else has any right to:
 * else WALDO_EPERMISSION. WALDO_ENOTFOUND, WALDO_ESYSTEM; and as waldo__keyring_parse. */
int waldo__keyring_from_file(const char *path, waldo__keyring **ret_ring, waldo_error *reterr);
/* Reads to the end of what the process was given, a pipe or a file; it stays open. Whoever can give
 * a descriptor answers for what is in it: owner and mode are not looked at. Waits for the writer.
 */
int waldo__keyring_from_descriptor(int descriptor, waldo__keyring **ret_ring, waldo_error *reterr);
/* One key, "authkey", with all rights. 32 bytes are the key itself, of any other number, also none,
 * the key is a hash: as secret as they are hard to guess, no more. */
int waldo__keyring_from_authkey(const void *authkey, size_t size, waldo__keyring **ret_ring,
                                waldo_error *reterr);
/* Drops the ring's references to its keys. NULL is a no-op. */
void waldo__keyring_free(waldo__keyring *ring);

/* The text of such a file, with the same errors, for those who rewrite a ring: it lies in locked
 * memory and goes to sodium_free(). */
int waldo__keyring_read_file(const char *path, char **ret_text, size_t *ret_size,
                             waldo_error *reterr);

/* ---- reading; the keys are the ring's ---- */

/* At least one; in the order of the lines. */
size_t waldo__keyring_count(const waldo__keyring *ring);
waldo__key *waldo__keyring_at(const waldo__keyring *ring, size_t position);
/* NULL: none of this id. */
waldo__key *waldo__keyring_find(const waldo__keyring *ring, const uint8_t id[WALDO__KEY_ID_SIZE]);

typedef enum waldo__key_fate {
    WALDO__KEY_KEPT,
    WALDO__KEY_CHANGED, /* the same secret, with another name or other rights */
    WALDO__KEY_GONE
} waldo__key_fate;

/* What became of a key in a ring that takes the place of its own. Unless it is gone,
 * *ret_successor, which may be NULL, is the new ring's key with the same secret. */
waldo__key_fate waldo__keyring_fate(const waldo__keyring *ring, const waldo__key *key,
                                    waldo__key **ret_successor);

#endif
