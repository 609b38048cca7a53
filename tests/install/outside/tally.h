/* The type that this project hosts. */
#ifndef TALLY_H
#define TALLY_H

#include <waldo/server.h>

int tally_initialize(waldo_registry *registry, waldo_error *reterr);

#endif
