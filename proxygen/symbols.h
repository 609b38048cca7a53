/* Every C name that the generated files of a .proto declare, and what each stands for.
 *
 * Names of macros, functions, types and tags count as one kind: C++ and the preprocessor see them
 * so. Members of a struct have a scope of their own. */
#ifndef PROXYGEN_SYMBOLS_H
#define PROXYGEN_SYMBOLS_H

#include <stdbool.h>

#include "errors.h"

struct symbols {
    struct arena *arena;
    struct errors *errors;
    struct map map;
};

/** Adds a name; scope is "" or the struct whose member it is. meaning is "method add" or the like.
 *  If the name is taken: an error at position where `own` says that the file is to be generated. */
void symbols_add(struct symbols *symbols, const char *scope, const char *name,
                 struct position position, bool own, const char *meaning);

#endif
