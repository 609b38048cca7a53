/* What is wrong with the .proto files: collected, then printed in the order of the source. */
#ifndef PROXYGEN_ERRORS_H
#define PROXYGEN_ERRORS_H

#include <stdbool.h>
#include <stdio.h>

#include "arena.h"

/* A place in a .proto, counted from 1; 0 where it is not known. */
struct position {
    const char *file;
    int line;
    int column;
};

/* All zero is empty. */
struct errors {
    struct arena *arena;
    struct error *first;
    size_t count;
};

/** Notes one error: a sentence without a full stop. */
void errors_add(struct errors *errors, struct position position, const char *format, ...)
    PROXYGEN_PRINTF(3, 4);
/** Is there an error at this place already? */
bool errors_has(const struct errors *errors, struct position position);
/** Writes `file:line:column: error: sentence` for each, by place; files in order of appearance. */
void errors_print(const struct errors *errors, FILE *stream);

#endif
