/* How a ring grows while it is made. */
#ifndef WALDO_RUNTIME_SECURE_KEYRING_INTERNAL_H
#define WALDO_RUNTIME_SECURE_KEYRING_INTERNAL_H

#include "secure/keyring.h"

int waldo__keyring_new(waldo__keyring **ret_ring, waldo_error *reterr);
/* Takes the caller's reference, also on failure: WALDO_ENOMEM. */
int waldo__keyring_add(waldo__keyring *ring, waldo__key *key, waldo_error *reterr);

#endif
