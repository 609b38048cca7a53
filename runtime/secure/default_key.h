/* Which keys and how much secrecy, where a program says nothing. */
#ifndef WALDO_RUNTIME_SECURE_DEFAULT_KEY_H
#define WALDO_RUNTIME_SECURE_DEFAULT_KEY_H

#include <waldo/error.h>

#include "engine/url.h"
#include "secure/channel.h"
#include "secure/keyring.h"

/* The user's own key file: what the variable WALDO_AUTHKEY_FILE names, else waldo/authkey in
 * $XDG_CONFIG_HOME or in ~/.config. One with a random key is made if there is none, so that the
 * programs of one user on one host find each other; for other hosts it is copied. */
int waldo__keyring_from_default(waldo__keyring **ret_ring, waldo_error *reterr);

/* A descriptor with the text of a ring of this key, to be inherited across exec; the caller closes
 * it. */
int waldo__key_share(const waldo__key *key, int *ret_descriptor, waldo_error *reterr);

/* Sealed wherever others could listen. */
waldo__secure_mode waldo__secure_mode_for(const waldo__url *url);

#endif
