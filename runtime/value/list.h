/* What the files about lists share. */
#ifndef WALDO_RUNTIME_VALUE_LIST_H
#define WALDO_RUNTIME_VALUE_LIST_H

#include "value/layout.h"

/* Puts references to count items in the place of `removed` ones from `start` on; start + removed <=
 * the list's count. The items may be the list's own. */
int waldo__list_splice(waldo__list *list, size_t start, size_t removed, waldo_value *const *items,
                       size_t count, waldo_error *reterr);

#endif
