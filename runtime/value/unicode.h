/* UTF-8, and what is printable. */
#ifndef WALDO_RUNTIME_VALUE_UNICODE_H
#define WALDO_RUNTIME_VALUE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the first character, 1 to 4, and its code point; 0 where data is not UTF-8: cut
 * short, overlong, a surrogate, beyond U+10FFFF, or empty. */
size_t waldo__utf8_next(const char *data, size_t size, uint32_t *ret_code_point);
/* Is it UTF-8 from the first byte to the last? */
bool waldo__utf8_valid(const char *data, size_t size);
/* Python's str.isprintable() of one character, by Unicode 14. */
bool waldo__is_printable(uint32_t code_point);

#endif
