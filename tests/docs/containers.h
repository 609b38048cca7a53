/* What docs/containers.md shows. */
#ifndef TESTS_DOCS_CONTAINERS_H
#define TESTS_DOCS_CONTAINERS_H

#include <stdlib.h>

#include <waldo/waldo.h>

WALDO_CHECK int count_visits(waldo_manager *manager, waldo_error *reterr);
WALDO_CHECK int sum_values(waldo_dict *dict, int64_t *ret_sum, waldo_error *reterr);
WALDO_CHECK int share_inner(waldo_dict *outer, waldo_dict *inner, waldo_error *reterr);
WALDO_CHECK int take_if_free(waldo_dict *seats, int64_t seat, const char *name,
                             waldo_error *reterr);
WALDO_CHECK int follow(waldo_dict *dict, uint64_t *seen, waldo_value **ret_copy,
                       waldo_error *reterr);
WALDO_CHECK int name_things(waldo_manager *manager, waldo_namespace **ret_names,
                            waldo_error *reterr);

#endif
