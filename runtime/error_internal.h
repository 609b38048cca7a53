/* What error.c offers to the libraries. */
#ifndef WALDO_RUNTIME_ERROR_INTERNAL_H
#define WALDO_RUNTIME_ERROR_INTERNAL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <waldo/error.h>

/* Like waldo_error_set, with an error class of the caller's. */
int waldo__error_vset(waldo_error *err, int code, const char *type_name, const char *format,
                      va_list arguments);
/* Is it one of WALDO_ERROR_MAP? */
bool waldo__error_is_known(int code);
/* Copies text into a field of a waldo_error, cut at a character if it is too long, as UTF-8
 * whatever it was. */
void waldo__error_copy_text(char *target, size_t size, const char *text);

#endif
