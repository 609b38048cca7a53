/* Random values of a small domain, so that the same ones meet, and lists of arguments of them. */
#ifndef WALDO_TESTS_INTEROP_RANDOM_ARGUMENTS_H
#define WALDO_TESTS_INTEROP_RANDOM_ARGUMENTS_H

#include <waldo/value.h>

void random_seed(uint64_t seed);
unsigned random_below(unsigned limit);

/* A tuple with a value for each letter; after a `?` it may end. Now and then one is of another kind
 * than wanted.
 *
 *     v any value    d a small int    i an index    s a slice    x one of the two    n a count
 *     I an iterable  L a list         S a set       k a list of ints                 t a typecode
 *     a what an array is made of      A an array    * up to three iterables
 *
 *     p what dict() takes     D a dict    m an attribute's name    q a queue's size
 *     f False                 T a timeout that is not looked at
 *
 * "w" alone is a dict of attributes, as keywords; "o" alone is a dict: the keywords of sort; "O"
 * those without a key. */
waldo_value *random_arguments(const char *wanted);

#endif
