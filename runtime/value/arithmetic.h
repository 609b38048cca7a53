/* What number arithmetic and sequence arithmetic share. */
#ifndef WALDO_RUNTIME_VALUE_ARITHMETIC_H
#define WALDO_RUNTIME_VALUE_ARITHMETIC_H

#include "value/integer.h"

/* left + right for str, bytes, list, tuple and array; WALDO_ETYPE with Python's sentence for
 * anything else. */
int waldo__concatenate(const waldo_value *left, const waldo_value *right, waldo_value **ret_value,
                       waldo_error *reterr);
bool waldo__is_sequence(const waldo_value *value);
/* sequence * times. */
int waldo__repeat(const waldo_value *sequence, const waldo_value *times, waldo_value **ret_value,
                  waldo_error *reterr);
/* "unsupported operand type(s) for +: 'int' and 'str'" */
int waldo__unsupported(const char *symbol, const waldo_value *left, const waldo_value *right,
                       waldo_error *reterr);

#endif
