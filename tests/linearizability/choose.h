/* What a client does next, by chance. */
#ifndef WALDO_TESTS_LINEARIZABILITY_CHOOSE_H
#define WALDO_TESTS_LINEARIZABILITY_CHOOSE_H

#include "perform.h"

typedef struct chance {
    uint64_t state; /* the seed */
} chance;

/* 0 .. below - 1 */
unsigned pick(chance *one, unsigned below);

/* Numbers for items: each is used once. */
typedef struct numbers {
    int64_t next_item;
    int64_t ticket[2]; /* the last of each queue that this thread got, or 0 */
} numbers;

/* kind, arguments, count and patience; the thread is set before. */
void choose(chance *by, const subject *one, numbers *own, operation *what);
/* After the call. */
void learn(const operation *what, numbers *own);

#endif
