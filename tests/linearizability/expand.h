/* From what clients wrote down to the histories of single objects. */
#ifndef WALDO_TESTS_LINEARIZABILITY_EXPAND_H
#define WALDO_TESTS_LINEARIZABILITY_EXPAND_H

#include "history.h"

/* The calls of one object, those that take effect in several steps as these, and the ends of
 * sessions, which are every object's. At most `room`; how many. calls: with mark_received(). */
size_t expand(const operation *calls, size_t count, uint8_t object, operation *ret_operations,
              size_t room);

#endif
