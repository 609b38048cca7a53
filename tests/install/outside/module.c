/* What makes the type loadable: waldod --load. */
#include "tally.h"

WALDO_MODULE(tally_initialize);
