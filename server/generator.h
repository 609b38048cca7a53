/* Generators: what `__next__` steps, in both forms. Steps of one run one at a time, on the strand
 * of the object whose method started it. */
#ifndef WALDO_SERVER_GENERATOR_H
#define WALDO_SERVER_GENERATOR_H

#include <waldo/service.h>

#include "object.h"

/* Starts the generator of an object that iterates itself, for its first step. 0 or an error that
 * was raised at the call. */
int waldo__generator_begin(waldo_call *call, waldo__object *object);
/* Answers the call with the next item, WALDO_ESTOP, or what the generator raised. Returns what a
 * step returns. */
int waldo__generator_next(waldo_generator *generator, waldo_call *call);
/* The same; a plain function finds the value by waldo_generator_received. */
int waldo__generator_send(waldo_generator *generator, waldo_call *call, const waldo_value *value);
/* The same, but the yield in which a plain function stands fails with the error. */
int waldo__generator_throw(waldo_generator *generator, waldo_call *call, const waldo_error *error);
/* Ends it, wherever it is: a plain function sees its yield fail; close() runs. Once. */
void waldo__generator_close(waldo_generator *generator);
/* Closes it and frees it. NULL is a no-op. */
void waldo__generator_free(waldo_generator *generator);

#endif
