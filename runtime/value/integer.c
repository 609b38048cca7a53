#include "value/integer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/value_gmp.h>

#define SMALL_FIRST (-5)
#define SMALL_LAST 256

/* Filled by the preprocessor, so that nothing has to run before main. */
#define SMALL(number)                                                                              \
    {                                                                                              \
        {.references = WALDO__IMMORTAL, .kind = WALDO_KIND_INT}, (number)                          \
    }
#define SMALL4(n) SMALL(n), SMALL((n) + 1), SMALL((n) + 2), SMALL((n) + 3)
#define SMALL16(n) SMALL4(n), SMALL4((n) + 4), SMALL4((n) + 8), SMALL4((n) + 12)
#define SMALL64(n) SMALL16(n), SMALL16((n) + 16), SMALL16((n) + 32), SMALL16((n) + 48)

static waldo__number small_ints[] = {
    SMALL(-5), SMALL4(-4), SMALL64(0), SMALL64(64), SMALL64(128), SMALL64(192), SMALL(256),
};

waldo_value *waldo_v_int64(int64_t number)
{
    if (number >= SMALL_FIRST && number <= SMALL_LAST)
        return &small_ints[number - SMALL_FIRST].head;
    waldo__number *value = waldo__new_value(WALDO_KIND_INT, sizeof(*value));
    if (!value)
        return NULL;
    value->number = number;
    return &value->head;
}

waldo_value *waldo_v_uint64(uint64_t number)
{
    if (number <= INT64_MAX)
        return waldo_v_int64((int64_t)number);
    waldo__big *big = waldo__new_value(WALDO_KIND_INT, sizeof(*big) + sizeof(mp_limb_t));
    if (!big)
        return NULL;
    big->head.big = true;
    big->size = 1;
    big->limbs[0] = number;
    return &big->head;
}

bool waldo__is_int(const waldo_value *value)
{
    return value->kind == WALDO_KIND_INT || value->kind == WALDO_KIND_BOOL;
}

bool waldo__int_fits(const waldo_value *value, int64_t *ret_number)
{
    if (!waldo__is_int(value) || value->big)
        return false;
    *ret_number = ((const waldo__number *)value)->number;
    return true;
}

mpz_srcptr waldo__int_look(const waldo_value *value, waldo__int_view *view)
{
    if (value->big) {
        const waldo__big *big = (const waldo__big *)value;
        return mpz_roinit_n(view->number, big->limbs, big->size);
    }
    int64_t number = ((const waldo__number *)value)->number;
    view->limb = number < 0 ? -(uint64_t)number : (uint64_t)number;
    return mpz_roinit_n(view->number, &view->limb, number < 0 ? -1 : number > 0);
}

int waldo__int_from_mpz(mpz_srcptr number, waldo_value **ret_value, waldo_error *reterr)
{
    if (mpz_fits_slong_p(number))
        return waldo__give(waldo_v_int64(mpz_get_si(number)), ret_value, reterr);
    if (mpz_sizeinbase(number, 2) > WALDO__INT_BITS)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "int has more than %zu bits",
                               WALDO__INT_BITS);
    size_t limbs = mpz_size(number);
    waldo__big *big = waldo__new_value(WALDO_KIND_INT, sizeof(*big) + limbs * sizeof(mp_limb_t));
    if (!big)
        return waldo__no_memory(reterr);
    big->head.big = true;
    big->size = mpz_sgn(number) < 0 ? -(int32_t)limbs : (int32_t)limbs;
    memcpy(big->limbs, mpz_limbs_read(number), limbs * sizeof(mp_limb_t));
    *ret_value = &big->head;
    return 0;
}

int waldo__int_to_double(const waldo_value *value, double *ret_number, waldo_error *reterr)
{
    int64_t small;
    if (waldo__int_fits(value, &small)) {
        *ret_number = (double)small;
        return 0;
    }
    waldo__int_view view;
    mpz_srcptr number = waldo__int_look(value, &view);
    size_t bits = mpz_sizeinbase(number, 2);
    if (bits > 1024)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "int too large to convert to float");
    /* The top 64 bits, the last of them set if any bit below is: one rounding, as it should be. */
    size_t shift = bits > 64 ? bits - 64 : 0;
    mpz_t top;
    mpz_init(top);
    mpz_tdiv_q_2exp(top, number, shift);
    uint64_t mantissa = mpz_get_ui(top);
    mpz_clear(top);
    if (shift && mpz_scan1(number, 0) < shift)
        mantissa |= 1;
    double magnitude = ldexp((double)mantissa, (int)shift);
    if (isinf(magnitude))
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "int too large to convert to float");
    *ret_number = mpz_sgn(number) < 0 ? -magnitude : magnitude;
    return 0;
}

/* ---- The caller's numbers ---- */

static int not_an_integer(const waldo_value *value, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETYPE, "'%s' object cannot be interpreted as an integer",
                           waldo_value_type_name(value));
}

int waldo_value_get_int64(const waldo_value *value, int64_t *ret_number, waldo_error *reterr)
{
    if (!waldo__is_int(value))
        return not_an_integer(value, reterr);
    if (!waldo__int_fits(value, ret_number))
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "int does not fit into 64 bits");
    return 0;
}

int waldo_value_get_uint64(const waldo_value *value, uint64_t *ret_number, waldo_error *reterr)
{
    if (!waldo__is_int(value))
        return not_an_integer(value, reterr);
    waldo__int_view view;
    mpz_srcptr number = waldo__int_look(value, &view);
    if (mpz_sgn(number) < 0)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "can't convert negative int to unsigned");
    if (mpz_size(number) > 1)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "int does not fit into 64 bits");
    *ret_number = mpz_get_ui(number);
    return 0;
}

int waldo_value_get_double(const waldo_value *value, double *ret_number, waldo_error *reterr)
{
    if (value->kind == WALDO_KIND_FLOAT) {
        *ret_number = ((const waldo__real *)value)->number;
        return 0;
    }
    if (!waldo__is_int(value))
        return waldo_error_set(reterr, WALDO_ETYPE, "must be real number, not %s",
                               waldo_value_type_name(value));
    return waldo__int_to_double(value, ret_number, reterr);
}

waldo_value *waldo_v_mpz(mpz_srcptr number)
{
    waldo_value *value = NULL;
    return waldo__int_from_mpz(number, &value, NULL) < 0 ? NULL : value;
}

int waldo_value_get_mpz(const waldo_value *value, mpz_ptr number, waldo_error *reterr)
{
    if (!waldo__is_int(value))
        return not_an_integer(value, reterr);
    waldo__int_view view;
    mpz_set(number, waldo__int_look(value, &view));
    return 0;
}

/* ---- As bytes ---- */

/* One bit more than the magnitude, for the sign; -(2^n) needs none more. */
size_t waldo__int_wire_size(const waldo_value *value)
{
    waldo__int_view view;
    mpz_srcptr number = waldo__int_look(value, &view);
    size_t bits = mpz_sizeinbase(number, 2);
    if (mpz_sgn(number) < 0 && mpz_scan1(number, 0) == bits - 1)
        bits--;
    return bits / 8 + 1;
}

void waldo__int_to_wire(const waldo_value *value, uint8_t *data)
{
    waldo__int_view view;
    mpz_srcptr number = waldo__int_look(value, &view);
    size_t size = waldo__int_wire_size(value);
    mpz_t sum;
    mpz_init(sum);
    if (mpz_sgn(number) < 0)
        mpz_setbit(sum, size * 8);
    mpz_add(sum, sum, number);
    size_t used = (mpz_sizeinbase(sum, 2) + 7) / 8;
    memset(data, 0, size);
    mpz_export(data + (size - used), NULL, 1, 1, 1, 0, sum);
    mpz_clear(sum);
}

int waldo__int_from_wire(const uint8_t *data, size_t size, waldo_value **ret_value,
                         waldo_error *reterr)
{
    if (size > WALDO__INT_BITS / 8 + 1)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "int has more than %zu bits",
                               WALDO__INT_BITS);
    mpz_t number;
    mpz_init(number);
    mpz_import(number, size, 1, 1, 1, 0, data);
    if (size > 0 && data[0] & 0x80) {
        mpz_t modulus;
        mpz_init(modulus);
        mpz_setbit(modulus, size * 8);
        mpz_sub(number, number, modulus);
        mpz_clear(modulus);
    }
    int status = waldo__int_from_mpz(number, ret_value, reterr);
    mpz_clear(number);
    return status;
}
