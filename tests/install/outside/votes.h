/* A client's work, wherever the server is. */
#ifndef VOTES_H
#define VOTES_H

#include <waldo/waldo.h>

/** Holds an election at the manager's server and prints its result. */
int votes_cast(waldo_manager *manager, waldo_error *reterr);

#endif
