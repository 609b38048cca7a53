/* Ints as GMP's numbers. Link with -lgmp. */
#ifndef WALDO_VALUE_GMP_H
#define WALDO_VALUE_GMP_H

#include <gmp.h>

#include <waldo/value.h>

WALDO_BEGIN_DECLS

/** A copy. NULL: out of memory, or more than 2^23 bits. */
waldo_value *waldo_v_mpz(mpz_srcptr number);
/** Sets number, which the caller has initialised, to an int or a bool. WALDO_ETYPE. */
WALDO_CHECK int waldo_value_get_mpz(const waldo_value *value, mpz_ptr number, waldo_error *reterr);

WALDO_END_DECLS

#endif
