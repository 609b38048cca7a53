/* Ints of any size: a number of 64 bits, or GMP's limbs in the value itself. */
#ifndef WALDO_RUNTIME_VALUE_INTEGER_H
#define WALDO_RUNTIME_VALUE_INTEGER_H

#include <gmp.h>

#include "value/layout.h"

/* The largest int. It also bounds what GMP allocates, which cannot fail gracefully. */
#define WALDO__INT_BITS ((size_t)1 << 23)

typedef struct waldo__big {
    waldo_value head;
    int32_t size; /* limbs; negative for a negative number, as in an mpz_t */
    mp_limb_t limbs[];
} waldo__big;

/* An int or bool as GMP sees it: read only, valid as long as the value and the view, and not to be
 * cleared. */
typedef struct waldo__int_view {
    mpz_t number;
    mp_limb_t limb;
} waldo__int_view;

mpz_srcptr waldo__int_look(const waldo_value *value, waldo__int_view *view);
bool waldo__is_int(const waldo_value *value); /* or bool */
/* An int or bool that fits. */
bool waldo__int_fits(const waldo_value *value, int64_t *ret_number);
/* WALDO_EOVERFLOW beyond WALDO__INT_BITS. */
int waldo__int_from_mpz(mpz_srcptr number, waldo_value **ret_value, waldo_error *reterr);
/* Rounded to nearest, ties to even. WALDO_EOVERFLOW. */
int waldo__int_to_double(const waldo_value *value, double *ret_number, waldo_error *reterr);

/* Two's complement, big-endian. Room for waldo__int_wire_size bytes is the caller's. */
size_t waldo__int_wire_size(const waldo_value *value);
void waldo__int_to_wire(const waldo_value *value, uint8_t *data);
int waldo__int_from_wire(const uint8_t *data, size_t size, waldo_value **ret_value,
                         waldo_error *reterr);

#endif
