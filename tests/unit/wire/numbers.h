/* Numbers that are the same in each run, of all sizes. */
#ifndef WALDO_TESTS_UNIT_WIRE_NUMBERS_H
#define WALDO_TESTS_UNIT_WIRE_NUMBERS_H

#include <stdint.h>

static uint64_t state = 88172645463325252u;

static inline uint64_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Often none. */
static inline uint64_t some_number(void)
{
    uint64_t number = random_number();
    return number % 3 == 0 ? 0 : number >> random_number() % 64;
}

#endif
