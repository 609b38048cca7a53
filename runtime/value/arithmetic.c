/* Arithmetic of numbers, as Python's operators. */
#include "value/arithmetic.h"

#include <math.h>

typedef enum operation { ADD, SUB, MUL, FLOORDIV, MOD, POW } operation;

static const char *const symbols[] = {"+", "-", "*", "//", "%", "** or pow()"};

int waldo__unsupported(const char *symbol, const waldo_value *left, const waldo_value *right,
                       waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETYPE, "unsupported operand type(s) for %s: '%s' and '%s'",
                           symbol, waldo_value_type_name(left), waldo_value_type_name(right));
}

static int zero_division(const char *text, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EZERODIVISION, "%s", text);
}

/* ---- Floats ---- */

/* The remainder has the divisor's sign, and quotient * divisor + remainder is the dividend. */
static void divide_reals(double left, double right, double *ret_quotient, double *ret_remainder)
{
    double remainder = fmod(left, right);
    double quotient = (left - remainder) / right;
    if (remainder == 0) {
        remainder = copysign(0.0, right);
    } else if ((right < 0) != (remainder < 0)) {
        remainder += right;
        quotient -= 1.0;
    }
    if (quotient == 0) {
        quotient = copysign(0.0, left / right);
    } else {
        double whole = floor(quotient);
        quotient = quotient - whole > 0.5 ? whole + 1.0 : whole;
    }
    *ret_quotient = quotient;
    *ret_remainder = remainder;
}

static int pow_reals(double left, double right, double *ret_result, waldo_error *reterr)
{
    if (left == 0 && right < 0)
        return zero_division("zero to a negative power", reterr);
    if (left < 0 && isfinite(left) && isfinite(right) && right != floor(right))
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "negative number cannot be raised to a fractional power");
    double result = pow(left, right);
    if (isinf(result) && isfinite(left) && isfinite(right))
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "(34, 'Numerical result out of range')");
    *ret_result = result;
    return 0;
}

static int of_reals(operation which, double left, double right, double *ret_result,
                    waldo_error *reterr)
{
    double other;
    if ((which == FLOORDIV || which == MOD) && right == 0)
        return zero_division("division by zero", reterr);
    switch (which) {
    case ADD:
        *ret_result = left + right;
        return 0;
    case SUB:
        *ret_result = left - right;
        return 0;
    case MUL:
        *ret_result = left * right;
        return 0;
    case FLOORDIV:
        divide_reals(left, right, ret_result, &other);
        return 0;
    case MOD:
        divide_reals(left, right, &other, ret_result);
        return 0;
    default:
        return pow_reals(left, right, ret_result, reterr);
    }
}

static int real_operation(operation which, const waldo_value *left, const waldo_value *right,
                          waldo_value **ret_value, waldo_error *reterr)
{
    double a = 0;
    double b = 0;
    double result = 0;
    int status = waldo_value_get_double(left, &a, reterr);
    if (status >= 0)
        status = waldo_value_get_double(right, &b, reterr);
    if (status >= 0)
        status = of_reals(which, a, b, &result, reterr);
    return status < 0 ? status : waldo__give(waldo_v_float(result), ret_value, reterr);
}

/* ---- Ints ---- */

/* true: done with 64 bits. */
static bool of_small(operation which, int64_t left, int64_t right, int64_t *ret_result)
{
    switch (which) {
    case ADD:
        return !__builtin_add_overflow(left, right, ret_result);
    case SUB:
        return !__builtin_sub_overflow(left, right, ret_result);
    case MUL:
        return !__builtin_mul_overflow(left, right, ret_result);
    default:
        break;
    }
    if (which == POW || right == 0 || (left == INT64_MIN && right == -1))
        return false;
    int64_t remainder = left % right;
    bool adjust = remainder != 0 && (remainder < 0) != (right < 0);
    *ret_result = which == MOD ? remainder + (adjust ? right : 0) : left / right - adjust;
    return true;
}

static int too_many_bits(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EOVERFLOW, "int has more than %zu bits", WALDO__INT_BITS);
}

/* The exponent is not negative. */
static int pow_big(mpz_ptr result, mpz_srcptr base, mpz_srcptr exponent, waldo_error *reterr)
{
    if (mpz_cmpabs_ui(base, 1) <= 0) {
        bool negative = mpz_sgn(base) < 0 && mpz_odd_p(exponent);
        bool zero = mpz_sgn(base) == 0 && mpz_sgn(exponent) > 0;
        mpz_set_si(result, zero ? 0 : negative ? -1 : 1);
        return 0;
    }
    size_t least_bits = mpz_sizeinbase(base, 2) - 1;
    if (mpz_cmp_ui(exponent, WALDO__INT_BITS / least_bits) > 0)
        return too_many_bits(reterr);
    mpz_pow_ui(result, base, mpz_get_ui(exponent));
    return 0;
}

static int of_big(operation which, mpz_ptr result, mpz_srcptr left, mpz_srcptr right,
                  waldo_error *reterr)
{
    switch (which) {
    case ADD:
        mpz_add(result, left, right);
        return 0;
    case SUB:
        mpz_sub(result, left, right);
        return 0;
    case MUL:
        mpz_mul(result, left, right);
        return 0;
    case POW:
        return pow_big(result, left, right, reterr);
    default:
        break;
    }
    if (mpz_sgn(right) == 0)
        return zero_division("division by zero", reterr);
    if (which == FLOORDIV)
        mpz_fdiv_q(result, left, right);
    else
        mpz_fdiv_r(result, left, right);
    return 0;
}

static int int_operation(operation which, const waldo_value *left, const waldo_value *right,
                         waldo_value **ret_value, waldo_error *reterr)
{
    int64_t a;
    int64_t b;
    int64_t small;
    if (waldo__int_fits(left, &a) && waldo__int_fits(right, &b) && of_small(which, a, b, &small))
        return waldo__give(waldo_v_int64(small), ret_value, reterr);
    waldo__int_view left_view;
    waldo__int_view right_view;
    mpz_srcptr big_left = waldo__int_look(left, &left_view);
    mpz_srcptr big_right = waldo__int_look(right, &right_view);
    if (which == POW && mpz_sgn(big_right) < 0)
        return real_operation(which, left, right, ret_value, reterr);
    mpz_t result;
    mpz_init(result);
    int status = of_big(which, result, big_left, big_right, reterr);
    if (status >= 0)
        status = waldo__int_from_mpz(result, ret_value, reterr);
    mpz_clear(result);
    return status;
}

static int number_operation(operation which, const waldo_value *left, const waldo_value *right,
                            waldo_value **ret_value, waldo_error *reterr)
{
    if (!waldo__is_number(left) || !waldo__is_number(right))
        return waldo__unsupported(symbols[which], left, right, reterr);
    if (waldo__is_int(left) && waldo__is_int(right))
        return int_operation(which, left, right, ret_value, reterr);
    return real_operation(which, left, right, ret_value, reterr);
}

/* ---- The operators ---- */

int waldo_value_add(const waldo_value *left, const waldo_value *right, waldo_value **ret_value,
                    waldo_error *reterr)
{
    if (waldo__is_sequence(left))
        return waldo__concatenate(left, right, ret_value, reterr);
    return number_operation(ADD, left, right, ret_value, reterr);
}

int waldo_value_sub(const waldo_value *left, const waldo_value *right, waldo_value **ret_value,
                    waldo_error *reterr)
{
    return number_operation(SUB, left, right, ret_value, reterr);
}

int waldo_value_mul(const waldo_value *left, const waldo_value *right, waldo_value **ret_value,
                    waldo_error *reterr)
{
    if (waldo__is_sequence(left))
        return waldo__repeat(left, right, ret_value, reterr);
    if (waldo__is_sequence(right))
        return waldo__repeat(right, left, ret_value, reterr);
    return number_operation(MUL, left, right, ret_value, reterr);
}

int waldo_value_floordiv(const waldo_value *left, const waldo_value *right, waldo_value **ret_value,
                         waldo_error *reterr)
{
    return number_operation(FLOORDIV, left, right, ret_value, reterr);
}

int waldo_value_mod(const waldo_value *left, const waldo_value *right, waldo_value **ret_value,
                    waldo_error *reterr)
{
    return number_operation(MOD, left, right, ret_value, reterr);
}

int waldo_value_pow(const waldo_value *left, const waldo_value *right, waldo_value **ret_value,
                    waldo_error *reterr)
{
    return number_operation(POW, left, right, ret_value, reterr);
}

int waldo_value_neg(const waldo_value *value, waldo_value **ret_value, waldo_error *reterr)
{
    if (value->kind == WALDO_KIND_FLOAT)
        return waldo__give(waldo_v_float(-((const waldo__real *)value)->number), ret_value, reterr);
    if (!waldo__is_int(value))
        return waldo_error_set(reterr, WALDO_ETYPE, "bad operand type for unary -: '%s'",
                               waldo_value_type_name(value));
    mpz_t negated;
    waldo__int_view view;
    mpz_init(negated);
    mpz_neg(negated, waldo__int_look(value, &view));
    int status = waldo__int_from_mpz(negated, ret_value, reterr);
    mpz_clear(negated);
    return status;
}
